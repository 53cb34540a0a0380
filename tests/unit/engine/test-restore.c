/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test-restore.c: what an engine makes of files and rules that are there already
 */
#include "tests/unit/engine/world.h"

#include <glib/gstdio.h>
#include <string.h>

enum { MANY = 450 };

/* Three slices of at most 200 ports: a listing of each table once, one batch for each slice and tool, nothing else. */
static void
test_many_ports_come_up_in_few_runs(void)
{
    g_autoptr(World) world = world_new();
    g_autoptr(GError) error = NULL;

    expect_done(engine_define(world->engine, "web", ETHER("1001") TCP("22"), &error));
    world_stop(world);
    for (guint i = 0; i < MANY; i++) {
        g_autofree char *port = g_strdup_printf("v%u", i);
        engine_lay_binding(world->bindings, port, port, "web");
    }
    world_start(world);
    g_assert_cmpuint(world_runs(), ==, 3 + 3 * 2);

    expect_done(engine_define(world->engine, "web", ETHER("1002") TCP("22"), &error));
    g_assert_cmpuint(world_runs(), ==, 3);
    g_autofree char *last = world_rules("v449");
    g_assert_nonnull(strstr(last, "0x1002"));

    g_autofree char *before = world_kernel();
    world_device("v77"); /* the others stand in nobody's way */
    expect_refused(engine_define(world->engine, "web", ETHER("1003") BAD, &error), NWF_ERROR_FIREWALL);
    g_autofree char *after = world_kernel();
    g_assert_cmpstr(after, ==, before);
    world_agrees(world);
}

/* One stored binding of fifty is refused by the kernel: its port is closed, the others are filtered. */
static void
test_one_bad_binding_of_fifty(void)
{
    g_autoptr(World) world = world_new();
    g_autoptr(GError) error = NULL;

    expect_done(engine_define(world->engine, "web", ETHER("1001"), &error));
    expect_done(engine_define(world->engine, "bad", BAD, &error));
    world_stop(world);
    for (guint i = 0; i < 50; i++) {
        g_autofree char *port = g_strdup_printf("v%u", i);
        engine_lay_binding(world->bindings, port, port, i == 33 ? "bad" : "web");
    }
    g_free(sandbox_record());
    world_start(world);
    guint runs = world_runs();
    g_test_message("%u tool runs", runs);
    g_assert_cmpuint(runs, <=, 3 + 30);
    for (guint i = 0; i < 50; i++) {
        g_autofree char *port = g_strdup_printf("v%u", i);
        g_assert_true(world_holds(port, i == 33 ? "-A libvirt-I-v33 -j DROP" : "0x1001", 0));
    }
    g_assert_cmpuint(engine_logged(NWF_LOG_ERROR, ""), ==, 1);
    g_assert_cmpuint(engine_logged(NWF_LOG_ERROR, "'v33' is closed"), ==, 1);
}

/* A port stays closed while its set is missing; each visit is quiet and promises nothing; a reload opens it when the
 * set is there. */
static void
test_a_closed_port_is_visited_quietly(void)
{
    g_autoptr(World) world = world_new();
    g_autoptr(GError) error = NULL;

    expect_done(engine_define(world->engine, "bad", BAD, &error));
    world_stop(world);
    engine_lay_binding(world->bindings, "va", "va", "bad");
    world_start(world);
    engine_forget_log();
    expect_done(engine_define(world->engine, "other", ETHER("1001"), &error));
    g_assert_cmpuint(engine_logged(NWF_LOG_INFO, "'va'"), ==, 0);

    g_free(sandbox_record());
    expect_done(engine_define(world->engine, "other", ETHER("1001"), &error));
    expect_done(engine_undefine(world->engine, "other", &error));
    g_assert_cmpuint(world_runs(), ==, 0);

    g_free(sandbox_run("ipset create no-such-set hash:ip"));
    expect_done(nwf_engine_reload(world->engine, &error));
    g_assert_true(world_holds("va", "no-such-set", 0));
    g_assert_cmpuint(engine_logged(NWF_LOG_INFO, "'va' is filtered again"), ==, 1);
    expect_done(engine_unbind(world->engine, "va", &error));
}

/* Whose filter is there but does not fit is in use all the same. */
static void
test_the_filter_of_a_closed_port_is_in_use(void)
{
    g_autoptr(World) world = world_new();
    g_autoptr(GError) error = NULL;

    world_device("va");
    world_device("vb");
    expect_done(engine_define(world->engine, "inner", BAD, &error));
    expect_done(engine_define(world->engine, "outer", "<filterref filter='inner'/>", &error));
    expect_done(engine_define(world->engine, "needs", NEEDS_NET, &error));
    world_stop(world);
    engine_lay_binding(world->bindings, "va", "va", "outer");
    engine_lay_binding(world->bindings, "vb", "vb", "needs");
    world_start(world);
    g_assert_true(world_holds("va", "-A libvirt-I-va -j DROP", 0));
    expect_refused(engine_undefine(world->engine, "outer", &error), NWF_ERROR_OPERATION_INVALID);
    expect_refused(engine_undefine(world->engine, "inner", &error), NWF_ERROR_OPERATION_INVALID);
    expect_refused(engine_undefine(world->engine, "needs", &error), NWF_ERROR_OPERATION_INVALID);

    expect_done(engine_define(world->engine, "inner", BAD ETHER("1002"), &error)); /* a broken port stands in nobody's way */
    g_assert_true(world_holds("va", "-A libvirt-I-va -j DROP", 0));
    expect_done(engine_define(world->engine, "inner", ETHER("1001"), &error));
    g_assert_true(world_holds("va", "0x1001", 0));
}

/* No tool at start: nothing can be placed, the engine lives, tells it once, and tries until the tool is back. */
static void
test_ports_wait_for_the_tool(void)
{
    g_autoptr(World) world = world_new();
    g_autoptr(GError) error = NULL;

    expect_done(engine_define(world->engine, "web", ETHER("1001"), &error));
    world_stop(world);
    engine_lay_binding(world->bindings, "va", "va", "web");
    engine_lay_binding(world->bindings, "vb", "vb", "web");
    sandbox_spoil("ebtables-restore", "exit 4");
    engine_forget_log();
    world_start(world);
    g_assert_false(world_holds("va", "0x1001", 4));
    g_assert_cmpuint(engine_logged(NWF_LOG_ERROR, "'va'"), <=, 2);
    g_assert_cmpuint(engine_logged(NWF_LOG_ERROR, "'vb'"), <=, 2);
    sandbox_spoil("ebtables-restore", NULL);
    g_assert_true(world_holds("va", "0x1001", 10));
    g_assert_true(world_holds("vb", "0x1001", 1));
    world_agrees(world);
}

/* The tables of the stock driver's other technology, as libvirt 12.8 leaves them, and one that is somebody else's. */
static const char stock_tables[] = "nft add table bridge libvirt_nwfilter_ethernet;"
                                   "nft add chain bridge libvirt_nwfilter_ethernet prerouting"
                                   " '{ type filter hook prerouting priority 0; }';"
                                   "nft add rule bridge libvirt_nwfilter_ethernet prerouting counter drop;"
                                   "nft add table bridge libvirt_nwfilter_inet; nft add table bridge libvirt_other";

static void
lay_binding_of_stock_nft(World *world, const char *port)
{
    g_autofree char *path = g_strdup_printf("%s/%s.xml", world->bindings, port);
    g_autofree char *text = NULL;

    engine_lay_binding(world->bindings, port, port, "web");
    g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
    g_auto(GStrv) parts = g_strsplit(text, "</filterbinding>", 2);
    g_free(text);
    text = g_strconcat(parts[0], "<backend name='nftables'/></filterbinding>", parts[1], NULL);
    g_assert_true(g_file_set_contents(path, text, -1, NULL));
}

static gboolean
stock_tables_are_there(void)
{
    g_autofree char *list = sandbox_run("nft list tables bridge");

    g_assert_nonnull(strstr(list, "libvirt_other"));
    return strstr(list, "libvirt_nwfilter_ethernet") && strstr(list, "libvirt_nwfilter_inet");
}

/* They filter until ours do, and then no longer. */
static void
test_tables_of_stock_nft(void)
{
    g_autoptr(World) world = world_new();
    g_autoptr(GError) error = NULL;

    expect_done(engine_define(world->engine, "web", ETHER("1001"), &error));
    world_stop(world);
    g_free(sandbox_run(stock_tables));
    engine_lay_binding(world->bindings, "va", "va", "web");
    world_start(world);
    g_assert_true(stock_tables_are_there()); /* no binding says that they are in use */
    world_stop(world);
    lay_binding_of_stock_nft(world, "va");
    sandbox_spoil("ebtables-restore", "exit 4");
    g_free(sandbox_run("ebtables -t nat -F; ebtables -t nat -X"));
    world_start(world);
    g_assert_true(stock_tables_are_there());
    sandbox_spoil("ebtables-restore", NULL);
    g_assert_true(world_holds("va", "0x1001", 10));
    for (guint i = 0; i < 100 && stock_tables_are_there(); i++)
        g_usleep(50 * 1000);
    g_autofree char *list = sandbox_run("nft list tables bridge");
    g_assert_null(strstr(list, "libvirt_nwfilter"));
}

static gpointer
define_all_the_time(gpointer data)
{
    static gint number;
    World *world = data;
    gint64 end = g_get_monotonic_time() + 8 * G_TIME_SPAN_SECOND;
    g_autofree char *name = g_strdup_printf("p%d", g_atomic_int_add(&number, 1));
    g_autoptr(GError) error = NULL;

    expect_done(engine_define(world->engine, name, TCP("1"), &error));
    expect_done(engine_bind(world->engine, name, name, NULL, &error));
    for (guint i = 0; g_get_monotonic_time() < end; i++)
        expect_done(engine_define(world->engine, name, i % 2 ? TCP("1") : TCP("2"), &error));
    return NULL;
}

/* A storm of calls does not keep waiting ports from being tried again. */
static void
test_a_storm_does_not_delay_waiting_ports(void)
{
    g_autoptr(World) world = world_new();
    g_autoptr(GError) error = NULL;
    GThread *threads[8];

    expect_done(engine_define(world->engine, "web", ETHER("1001"), &error));
    world_stop(world);
    engine_lay_binding(world->bindings, "va", "va", "web");
    sandbox_spoil("ebtables-restore", "exit 4");
    world_start(world);
    for (guint i = 0; i < G_N_ELEMENTS(threads); i++)
        threads[i] = g_thread_new("storm", define_all_the_time, world);
    sandbox_spoil("ebtables-restore", NULL);
    gboolean placed = world_holds("va", "0x1001", 5);
    for (guint i = 0; i < G_N_ELEMENTS(threads); i++)
        g_thread_join(threads[i]);
    g_assert_true(placed);
}

/* What a port waits for is written even if it is what the port had: somebody may have flushed it meanwhile. */
static void
test_a_waiting_port_is_written_again(void)
{
    g_autoptr(World) world = world_new();
    g_autoptr(GError) error = NULL;

    expect_done(engine_define(world->engine, "web", ETHER("1001"), &error));
    expect_done(engine_bind(world->engine, "va", "web", NULL, &error));
    sandbox_spoil("ebtables-save", "exit 4");
    sandbox_spoil("ebtables-restore", "exit 4");
    g_free(sandbox_run("/usr/sbin/ebtables-nft -t nat -F; /usr/sbin/ebtables-nft -t nat -X"));
    expect_done(nwf_engine_reload(world->engine, &error));
    sandbox_spoil("ebtables-save", NULL);
    sandbox_spoil("ebtables-restore", NULL);
    g_assert_true(world_holds("va", "0x1001", 10));
}

/* A binding whose file is broken is not known, but its rules are: they stay, since a guest may be behind them. */
static void
test_rules_of_a_broken_binding_stay(void)
{
    g_autoptr(World) world = world_new();
    g_autoptr(GError) error = NULL;

    expect_done(engine_define(world->engine, "web", ETHER("1001") TCP("22"), &error));
    expect_done(engine_bind(world->engine, "va", "web", NULL, &error));
    expect_done(engine_bind(world->engine, "vb", "web", NULL, &error));
    expect_done(engine_bind(world->engine, "vc", "web", NULL, &error));
    g_autofree char *before = world_rules("va");
    world_stop(world);
    g_autofree char *broken = g_build_filename(world->bindings, "va.xml", NULL);
    g_autofree char *gone = g_build_filename(world->bindings, "vb.xml", NULL);
    g_assert_true(g_file_set_contents(broken, "<filterbindingstatus><fil", -1, NULL));
    g_assert_cmpint(g_unlink(gone), ==, 0);
    world_start(world);
    g_autofree char *after = world_rules("va");
    g_autofree char *released = world_rules("vb");
    g_assert_cmpstr(after, ==, before);
    g_assert_cmpstr(released, ==, "");
    expect_done(nwf_engine_reload(world->engine, &error));
    g_autofree char *reloaded = world_rules("va");
    g_assert_cmpstr(reloaded, ==, before);

    expect_done(engine_bind(world->engine, "va", "web", NULL, &error)); /* the hypervisor driver brings it back */
    expect_done(engine_unbind(world->engine, "va", &error));
    g_autofree char *unbound = world_rules("va");
    g_assert_cmpstr(unbound, ==, "");
}

/* A copy that somebody left beside a binding's file is passed over, whichever comes first. */
static void
test_a_copy_does_not_replace_the_file(void)
{
    g_autoptr(World) world = world_new();
    g_autoptr(GError) error = NULL;

    expect_done(engine_define(world->engine, "web", ETHER("1001"), &error));
    expect_done(engine_define(world->engine, "old", ETHER("1002"), &error));
    world_stop(world);
    engine_lay_binding(world->bindings, "0-copy", "va", "old");
    engine_lay_binding(world->bindings, "va", "va", "web");
    engine_lay_binding(world->bindings, "zz-copy", "va", "old");
    engine_lay_binding(world->bindings, "other", "vb", "web");
    world_start(world);
    g_assert_true(world_holds("va", "0x1001", 0));
    g_assert_true(world_holds("vb", "0x1001", 0));
    g_autofree char *own = g_build_filename(world->bindings, "va.xml", NULL);
    g_autofree char *text = harness_text(own);
    g_assert_nonnull(strstr(text, "'web'"));
    g_assert_cmpuint(engine_logged(NWF_LOG_ERROR, "0-copy.xml"), ==, 1);
    g_assert_cmpuint(engine_logged(NWF_LOG_ERROR, "zz-copy.xml"), ==, 1);
    expect_done(engine_unbind(world->engine, "va", &error));
    expect_done(engine_unbind(world->engine, "vb", &error));
    world_stop(world);
    world_start(world);
    g_autoptr(NwfBinding) none = nwf_engine_binding(world->engine, "vb", &error);
    expect_refused(none != NULL, NWF_ERROR_NO_BINDING);
}

/* Stored names: too long for a device is listed without rules; what no tool can be given is passed over; none is tried
 * again. */
static void
test_stored_names_that_cannot_be(void)
{
    static const char *const names[] = {"a-name-of-twenty-one", "x:y"};
    static const char *const refused[] = {"v+", "-v", "!v", "#v", "a/b"};
    g_autoptr(World) world = world_new();
    g_autoptr(GError) error = NULL;

    expect_done(engine_define(world->engine, "web", ETHER("1001"), &error));
    world_stop(world);
    for (guint i = 0; i < G_N_ELEMENTS(names); i++)
        engine_lay_binding(world->bindings, names[i], names[i], "web");
    for (guint i = 0; i < G_N_ELEMENTS(refused); i++)
        engine_lay_binding(world->bindings, i == 4 ? "slash" : refused[i], refused[i], "web");
    engine_lay_binding(world->bindings, "va", "va", "web");
    g_free(sandbox_record());
    world_start(world);
    g_assert_cmpuint(world_runs(), ==, 3 + 1);
    g_autoptr(GPtrArray) bindings = nwf_engine_bindings(world->engine);
    g_assert_cmpuint(bindings->len, ==, 1 + G_N_ELEMENTS(names));
    g_assert_cmpuint(engine_logged(NWF_LOG_ERROR, ""), ==, G_N_ELEMENTS(refused));
    g_usleep(2500 * 1000);
    g_assert_cmpuint(world_runs(), ==, 0);
    g_assert_cmpuint(engine_logged(NWF_LOG_ERROR, ""), ==, G_N_ELEMENTS(refused));
    expect_done(engine_define(world->engine, "web", ETHER("1002"), &error));
    for (guint i = 0; i < G_N_ELEMENTS(names); i++)
        expect_done(engine_unbind(world->engine, names[i], &error));
    g_assert_true(world_holds("va", "0x1002", 0));
}

/* Also after a restart a binding whose device is gone gives way to a new one. */
static void
test_stale_bindings_after_a_restart(void)
{
    g_autoptr(World) world = world_new();
    g_autoptr(GError) error = NULL;

    world_device("va");
    expect_done(engine_define(world->engine, "web", ETHER("1001"), &error));
    expect_done(engine_define(world->engine, "other", ETHER("1002"), &error));
    expect_done(engine_bind(world->engine, "va", "web", "first", &error));
    world_stop(world);
    world_start(world);
    expect_refused(engine_bind(world->engine, "va", "other", "second", &error), NWF_ERROR_OPERATION_FAILED);
    g_free(sandbox_run("ip link del va"));
    world_device("va");
    expect_done(engine_bind(world->engine, "va", "other", "second", &error));
    g_assert_true(world_holds("va", "0x1002", 0));
    world_agrees(world);
}

/* The parameters of two filters cannot be taken for each other's, whatever the filters are called. */
static void
test_odd_filter_names_are_not_mixed_up(void)
{
    g_autoptr(World) world = world_new();
    g_autoptr(GError) error = NULL;

    expect_done(engine_define(world->engine, "a", ETHER("1001"), &error));
    expect_done(engine_define(world->engine, "a\nIP", ETHER("1002"), &error));
    world_stop(world);
    engine_lay_binding(world->bindings, "va", "va", "a\nIP");
    engine_lay_binding(world->bindings, "vb", "vb", "a");
    g_free(sandbox_run("sed -i \"s,</filterref>,<parameter name='IP' value='10.0.0.1'/></filterref>,\" "
                       "$(ls -d /run/world/*/nwfilter-binding | sort -V | tail -1)/vb.xml"));
    world_start(world);
    g_assert_true(world_holds("va", "0x1002", 0));
    g_assert_true(world_holds("vb", "0x1001", 0));
}

static void
add(void)
{
    g_test_add_func("/engine/restore/many", test_many_ports_come_up_in_few_runs);
    g_test_add_func("/engine/restore/one-bad", test_one_bad_binding_of_fifty);
    g_test_add_func("/engine/restore/closed", test_a_closed_port_is_visited_quietly);
    g_test_add_func("/engine/restore/in-use", test_the_filter_of_a_closed_port_is_in_use);
    g_test_add_func("/engine/restore/waiting", test_ports_wait_for_the_tool);
    g_test_add_func("/engine/restore/stock-nft", test_tables_of_stock_nft);
    g_test_add_func("/engine/restore/storm", test_a_storm_does_not_delay_waiting_ports);
    g_test_add_func("/engine/restore/written-again", test_a_waiting_port_is_written_again);
    g_test_add_func("/engine/restore/broken-file", test_rules_of_a_broken_binding_stay);
    g_test_add_func("/engine/restore/copy", test_a_copy_does_not_replace_the_file);
    g_test_add_func("/engine/restore/names", test_stored_names_that_cannot_be);
    g_test_add_func("/engine/restore/stale", test_stale_bindings_after_a_restart);
    g_test_add_func("/engine/restore/mixed-up", test_odd_filter_names_are_not_mixed_up);
}

int
main(int argc, char **argv)
{
    return world_main(argc, argv, add);
}
