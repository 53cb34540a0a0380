/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test-storm.c: sixteen threads want different things for a few seconds, and guests show addresses all the while
 *
 * Each call may succeed or be refused for a reason that the storm gives (bound already, not there, in use, a set that
 * is missing); any other end is a fault. When the storm is over, API, files and kernel must say the same.
 *
 * The environment variable NWF_STORM_SECONDS has it last longer. In a build with -Db_sanitize=thread this is the test
 * of the engine's locks (suite `threads`).
 */
#include "tests/unit/engine/world.h"
#include "tests/unit/learn/kernel/net.h"

#include <stdlib.h>
#include <string.h>

enum { THREADS = 16, READERS = 4, SECONDS = 5, PORTS = 24, DEVICES = 12, FILTERS = 6, FLEETING = 3 };

#define SHOWN  "10.0." /* how addresses of guests begin */
#define LEARNS "<rule action='drop' direction='out'><ip match='no' srcipaddr='$IP'/></rule>"

static const char *const bodies[] = {
    ETHER("1001") TCP("22"),
    ETHER("1002") TCP("22"),
    ETHER("1001") TCP6("80"),
    "<filterref filter='base'/>" ETHER("1003"),
    "<rule action='accept' direction='in'><arp/></rule>",
    LEARNS,
    LEARNS ETHER("1004"),
    BAD,
    "",
};

static const NwfErrorCode reasons[] = {NWF_ERROR_OPERATION_FAILED, NWF_ERROR_OPERATION_INVALID, NWF_ERROR_NO_BINDING,
                                       NWF_ERROR_NO_FILTER,        NWF_ERROR_INTERNAL,          NWF_ERROR_FIREWALL};

typedef struct Storm {
    World *world;
    gint64 end;
    gint done, refused;
    guint shown; /* frames */
} Storm;

/* Ends of calls that the storm explains. */
static void
judge(Storm *storm, gboolean done, GError **error)
{
    gboolean explained = done;

    g_atomic_int_inc(done ? &storm->done : &storm->refused);
    g_assert_true(done == !*error);
    for (guint i = 0; !done && i < G_N_ELEMENTS(reasons); i++)
        explained = explained || g_error_matches(*error, NWF_ERROR, (gint)reasons[i]);
    if (!explained)
        g_error("%s", (*error)->message);
    g_clear_error(error);
}

/* Ports with a device may be bound to filters that come and go. */
static void
bind_or_unbind(Storm *storm, GRand *rand)
{
    g_autoptr(GError) error = NULL;
    guint number = (guint)g_rand_int_range(rand, 0, PORTS);
    g_autofree char *port = g_strdup_printf("v%u", number);
    g_autofree char *filter = NULL;

    if (number < DEVICES && g_rand_boolean(rand))
        filter = g_strdup_printf("fleeting%d", g_rand_int_range(rand, 0, FLEETING));
    else if (number < DEVICES && g_rand_boolean(rand))
        filter = g_strdup("learns");
    else
        filter = g_strdup_printf("f%d", g_rand_int_range(rand, 0, FILTERS));
    if (g_rand_boolean(rand))
        judge(storm, engine_bind(storm->world->engine, port, filter, NULL, &error), &error);
    else
        judge(storm, engine_unbind(storm->world->engine, port, &error), &error);
}

static void
define_or_undefine(Storm *storm, GRand *rand)
{
    g_autoptr(GError) error = NULL;
    const char *body = bodies[g_rand_int_range(rand, 0, G_N_ELEMENTS(bodies))];
    g_autofree char *lasting = g_strdup_printf("f%d", g_rand_int_range(rand, 0, FILTERS));
    g_autofree char *fleeting = g_strdup_printf("fleeting%d", g_rand_int_range(rand, 0, FLEETING));

    switch (g_rand_int_range(rand, 0, 4)) {
    case 0:
        judge(storm, engine_define(storm->world->engine, fleeting, body, &error), &error);
        break;
    case 1:
        judge(storm, engine_undefine(storm->world->engine, fleeting, &error), &error);
        break;
    default:
        judge(storm, engine_define(storm->world->engine, lasting, body, &error), &error);
    }
}

/* By name and by uuid; what is found is what was asked for. */
static void
look_up(Storm *storm, GRand *rand)
{
    g_autofree char *name = g_strdup_printf("fleeting%d", g_rand_int_range(rand, 0, FLEETING));
    g_autofree char *port = g_strdup_printf("v%d", g_rand_int_range(rand, 0, PORTS));
    g_autoptr(GError) error = NULL;
    g_autoptr(NwfFilter) filter = nwf_engine_filter_by_name(storm->world->engine, name, &error);

    judge(storm, filter != NULL, &error);
    if (filter != NULL) {
        g_autoptr(NwfFilter) same = nwf_engine_filter_by_uuid(storm->world->engine, filter->uuid, &error);
        g_assert_cmpstr(filter->name, ==, name);
        judge(storm, same != NULL, &error);
        g_assert_true(same == NULL || g_str_equal(same->name, name));
    }
    g_autoptr(NwfBinding) binding = nwf_engine_binding(storm->world->engine, port, &error);
    judge(storm, binding != NULL, &error);
    g_assert_true(binding == NULL || g_str_equal(binding->portdev, port));
}

static void
look(Storm *storm, GRand *rand)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) filters = nwf_engine_filters(storm->world->engine);
    g_autoptr(GPtrArray) bindings = nwf_engine_bindings(storm->world->engine);

    g_assert_cmpuint(filters->len, >=, FILTERS + 1);
    for (guint i = 0; i < filters->len; i++)
        g_free(nwf_filter_format(g_ptr_array_index(filters, i), NWF_DIALECT_9));
    if (bindings->len == 0)
        return;
    const NwfBinding *binding = g_ptr_array_index(bindings, g_rand_int_range(rand, 0, (gint32)bindings->len));
    g_autofree char *text = nwf_engine_binding_xml(storm->world->engine, binding, &error);
    judge(storm, text != NULL, &error);
    g_assert_true(!text || strstr(text, binding->portdev));
}

static gpointer
rage(gpointer data)
{
    Storm *storm = data;
    g_autoptr(GRand) rand = g_rand_new_with_seed(g_test_rand_int() ^ (guint32)GPOINTER_TO_UINT(g_thread_self()));
    g_autoptr(GError) error = NULL;

    while (g_get_monotonic_time() < storm->end) {
        gint32 what = g_rand_int_range(rand, 0, 100);
        if (what < 50)
            bind_or_unbind(storm, rand);
        else if (what < 70)
            define_or_undefine(storm, rand);
        else if (what < 85)
            look(storm, rand);
        else if (what < 99)
            look_up(storm, rand);
        else
            judge(storm, nwf_engine_reload(storm->world->engine, &error), &error);
    }
    return NULL;
}

/* Those who only ask never wait for a tool, so they meet every change at each of its steps. */
static gpointer
ask(gpointer data)
{
    Storm *storm = data;
    g_autoptr(GRand) rand = g_rand_new_with_seed(g_test_rand_int() ^ (guint32)GPOINTER_TO_UINT(g_thread_self()));

    while (g_get_monotonic_time() < storm->end) {
        look(storm, rand);
        look_up(storm, rand);
        g_usleep(500);
    }
    return NULL;
}

/* Guests of the ports that have devices show themselves, in whatever order. */
static gpointer
show(gpointer data)
{
    Storm *storm = data;

    for (guint i = 0; g_get_monotonic_time() < storm->end; i++) {
        g_autofree char *port = g_strdup_printf("v%u", i % DEVICES);
        g_autofree char *line = g_strdup_printf("from arp " SHOWN "%u.%u " SHOWN "0.1", i % DEVICES, 1 + i % 7);
        storm->shown += net_try_times(port, 1, line, 1);
        g_usleep(5000);
    }
    return NULL;
}

static gint64
storm_seconds(void)
{
    const char *text = g_getenv("NWF_STORM_SECONDS");

    return text != NULL ? CLAMP(atoi(text), 1, 86400) : SECONDS;
}

/* What was learned last is in the kernel a moment later. */
static void
settle(void)
{
    g_autofree char *before = NULL;

    for (guint still = 0, i = 0; still < 5 && i < 200; i++) {
        g_autofree char *now = world_kernel();
        still = g_strcmp0(before, now) == 0 ? still + 1 : 0;
        g_free(before);
        before = g_steal_pointer(&now);
        g_usleep(100 * 1000);
    }
}

/* What they learned belongs to their devices, which are not there when the files are tried on an empty kernel. */
static void
unbind_those_that_learned(World *world)
{
    g_autoptr(GError) error = NULL;

    for (guint i = 0; i < DEVICES; i++) {
        g_autofree char *port = g_strdup_printf("v%u", i);
        g_autofree char *rules = world_rules(port);
        if (strstr(rules, SHOWN))
            expect_done(engine_unbind(world->engine, port, &error));
    }
}

static void
test_all_agree_after_a_storm(void)
{
    g_autoptr(World) world = world_new();
    g_autoptr(GError) error = NULL;
    Storm storm = {.world = world};
    GThread *threads[THREADS], *guests;

    net_here();
    for (guint i = 0; i < DEVICES; i++) {
        g_autofree char *name = g_strdup_printf("v%u", i);
        net_port(name);
    }
    expect_done(engine_define(world->engine, "base", TCP("1") TCP6("1"), &error));
    expect_done(engine_define(world->engine, "learns", LEARNS, &error));
    expect_done(engine_bind(world->engine, "always", "base", NULL, &error)); /* so that the base chains are there */
    for (guint i = 0; i < FILTERS; i++) {
        g_autofree char *name = g_strdup_printf("f%u", i);
        expect_done(engine_define(world->engine, name, bodies[0], &error));
    }
    g_free(sandbox_record());
    storm.end = g_get_monotonic_time() + storm_seconds() * G_TIME_SPAN_SECOND;
    guests = g_thread_new("guests", show, &storm);
    for (guint i = 0; i < THREADS; i++)
        threads[i] = g_thread_new("storm", i < READERS ? ask : rage, &storm);
    for (guint i = 0; i < THREADS; i++)
        g_thread_join(threads[i]);
    g_thread_join(guests);
    guint learned = engine_logged(NWF_LOG_INFO, SHOWN);
    g_test_message("%d calls done, %d refused, %u tool runs, %u frames, %u lines about addresses", storm.done,
                   storm.refused, world_runs(), storm.shown, learned);
    g_assert_cmpint(storm.done, >, 100);
    g_assert_cmpuint(learned, >, 0);
    settle();
    g_autofree char *before = world_kernel();
    world_stop(world);
    world_start(world);
    g_autofree char *after = world_kernel();
    g_assert_cmpstr(before, ==, after);
    unbind_those_that_learned(world);
    world_agrees(world);
}

/* Binds that come together ride together; the one with a missing set is refused alone. */
static gpointer
bind_one(gpointer data)
{
    static gint number;
    Storm *storm = data;
    gint mine = g_atomic_int_add(&number, 1);
    g_autofree char *port = g_strdup_printf("v%d", mine);
    g_autoptr(GError) error = NULL;

    if (mine == 7)
        expect_refused(engine_bind(storm->world->engine, port, "bad", NULL, &error), NWF_ERROR_FIREWALL);
    else
        expect_done(engine_bind(storm->world->engine, port, "web", NULL, &error));
    return NULL;
}

static void
test_one_bad_bind_of_fifty(void)
{
    g_autoptr(World) world = world_new();
    g_autoptr(GError) error = NULL;
    Storm storm = {.world = world};
    GThread *threads[50];

    world_device("v7");
    expect_done(engine_define(world->engine, "web", ETHER("1001"), &error));
    expect_done(engine_define(world->engine, "slow", ETHER("1002"), &error));
    expect_done(engine_define(world->engine, "bad", BAD, &error));
    g_free(sandbox_record());
    sandbox_spoil("ebtables-restore", "sleep 0.3"); /* while the first one rides, the others gather */
    for (guint i = 0; i < G_N_ELEMENTS(threads); i++)
        threads[i] = g_thread_new("bind", bind_one, &storm);
    for (guint i = 0; i < G_N_ELEMENTS(threads); i++)
        g_thread_join(threads[i]);
    guint runs = world_runs();
    g_test_message("%u tool runs", runs);
    g_assert_cmpuint(runs, <=, 40);
    sandbox_spoil("ebtables-restore", NULL);
    world_agrees(world);
}

static void
add(void)
{
    g_test_add_func("/engine/storm/all", test_all_agree_after_a_storm);
    g_test_add_func("/engine/storm/one-bad", test_one_bad_bind_of_fifty);
}

int
main(int argc, char **argv)
{
    return world_main(argc, argv, add);
}
