/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test-changes.c: one change at a time, and what goes wrong in the middle of it
 */
#include "tests/unit/engine/world.h"

#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>

/* A world whose folders are file systems of their own; the filter "web" is bound to the port "va". */
static World *
world_on_mounts(void)
{
    World *world = world_new();
    g_autoptr(GError) error = NULL;
    g_autofree char *script = g_strdup_printf("mount -t tmpfs -o size=64k none %s; mount -t tmpfs -o size=64k none %s",
                                              world->filters, world->bindings);

    g_free(sandbox_run(script));
    expect_done(engine_define(world->engine, "web", ETHER("1001") TCP("22"), &error));
    expect_done(engine_bind(world->engine, "va", "web", NULL, &error));
    g_free(sandbox_record());
    return world;
}

static void
remount(World *world, const char *how)
{
    g_autofree char *script =
        g_strdup_printf("mount -o remount,%s %s; mount -o remount,%s %s", how, world->filters, how, world->bindings);

    g_free(sandbox_run(script));
}

/* While the tool runs the folder becomes read-only, so that the file cannot be put in place. */
static void
break_folders_meanwhile(World *world)
{
    g_autofree char *script =
        g_strdup_printf("mount -o remount,ro %s; mount -o remount,ro %s", world->filters, world->bindings);

    sandbox_spoil("ebtables-restore", script);
}

static void
mend_folders(World *world)
{
    g_autofree char *script = g_strdup_printf("rm -f %s/*.new %s/*.new", world->filters, world->bindings);

    sandbox_spoil("ebtables-restore", NULL);
    remount(world, "rw");
    g_free(sandbox_run(script)); /* what could not be removed then */
}

/* Whatever is asked: if the file cannot be put in place the kernel is as before, and so is what readers see. */
static void
test_a_file_that_cannot_be_put_in_place_takes_the_kernel_back(void)
{
    g_autoptr(World) world = world_on_mounts();
    g_autoptr(GError) error = NULL;

    for (guint i = 0; i < 3; i++) {
        g_autofree char *before = world_kernel();
        break_folders_meanwhile(world);
        expect_refused(i == 0   ? engine_bind(world->engine, "vb", "web", NULL, &error)
                      : i == 1 ? engine_define(world->engine, "web", ETHER("1002"), &error)
                               : engine_unbind(world->engine, "va", &error),
                      NWF_ERROR_SYSTEM);
        g_autofree char *after = world_kernel();
        g_assert_cmpstr(after, ==, before);
        mend_folders(world);
    }
    g_autoptr(GPtrArray) bindings = nwf_engine_bindings(world->engine);
    g_assert_cmpuint(bindings->len, ==, 1);
    expect_done(engine_define(world->engine, "web", ETHER("1003") TCP("22"), &error));
    expect_done(engine_bind(world->engine, "vb", "web", NULL, &error));
    world_agrees(world);
}

/* If the kernel cannot be taken back either, it is by and by: the old definition holds in the end. */
static void
test_a_way_back_that_fails_is_tried_again(void)
{
    g_autoptr(World) world = world_on_mounts();
    g_autoptr(GError) error = NULL;
    g_autofree char *before = world_kernel();
    g_autofree char *script = g_strdup_printf("mount -o remount,ro %s; "
                                              "if [ -e /run/second ]; then exit 4; fi; touch /run/second",
                                              world->filters);

    sandbox_spoil("ebtables-restore", script);
    expect_refused(engine_define(world->engine, "web", ETHER("1002") TCP("22"), &error), NWF_ERROR_SYSTEM);
    g_assert_true(world_holds("va", "0x1002", 0));
    mend_folders(world);
    g_assert_true(world_holds("va", "0x1001", 60));
    g_free(sandbox_run("rm /run/second"));
    g_autofree char *after = world_kernel();
    g_assert_cmpstr(after, ==, before);
    expect_done(engine_define(world->engine, "web", ETHER("1002") TCP("22"), &error));
    g_assert_true(world_holds("va", "0x1002", 0));
    world_agrees(world);
}

/* The tool dies after the kernel has heard it, so that nobody knows: what a failed create may have left goes by itself,
   once the tool works again. */
static void
test_a_failed_create_leaves_nothing_in_the_end(void)
{
    g_autoptr(World) world = world_new();
    g_autoptr(GError) error = NULL;

    world_device("va");
    expect_done(engine_define(world->engine, "web", ETHER("1001"), &error));
    sandbox_spoil("ebtables-restore", "if [ -e /run/second ]; then exit 4; fi; touch /run/second; "
                                      "$REAL \"$@\"; kill -KILL $$");
    expect_refused(engine_bind(world->engine, "va", "web", NULL, &error), NWF_ERROR_FIREWALL);
    g_assert_true(world_holds("va", "0x1001", 0));
    sandbox_spoil("ebtables-restore", NULL);
    g_free(sandbox_run("rm /run/second"));
    for (guint i = 0; i < 600 && world_holds("va", "0x1001", 0); i++)
        g_usleep(100 * 1000);
    g_assert_false(world_holds("va", "libvirt-I-va", 0));
    expect_done(engine_bind(world->engine, "va", "web", NULL, &error));
    world_agrees(world);
}

/* A port that was closed for a change, which failed, and could not be opened again, does not stay closed for ever. */
static void
test_a_port_is_not_cut_off_for_ever(void)
{
    g_autoptr(World) world = world_new();
    g_autoptr(GError) error = NULL;

    world_device("va");
    expect_done(engine_define(world->engine, "web", ETHER("1001") TCP("22"), &error));
    expect_done(engine_bind(world->engine, "va", "web", NULL, &error));
    g_autofree char *before = world_kernel();
    sandbox_spoil("iptables-restore", "touch /run/refused; exit 4");
    sandbox_spoil("ebtables-restore", "if [ -e /run/refused ]; then exit 4; fi");
    expect_refused(engine_define(world->engine, "web", ETHER("1002") TCP("23"), &error), NWF_ERROR_FIREWALL);
    g_assert_true(world_holds("va", "-A libvirt-I-va -j DROP", 0));
    g_free(sandbox_run("rm /run/refused"));
    sandbox_spoil("iptables-restore", NULL);
    sandbox_spoil("ebtables-restore", NULL);
    g_assert_true(world_holds("va", "0x1001", 60));
    g_autofree char *after = world_kernel();
    g_assert_cmpstr(after, ==, before);
    world_agrees(world);
}

/* A full or read-only disk is known before the kernel is touched. */
static void
test_a_full_disk_costs_no_tool(void)
{
    g_autoptr(World) world = world_on_mounts();
    g_autoptr(GError) error = NULL;
    g_autofree char *fill = g_strdup_printf(
        "cat /dev/zero > %s/fill 2>/dev/null || cat /dev/zero > %s/fill 2>/dev/null || :", world->filters,
        world->bindings);
    g_autofree char *empty = g_strdup_printf("rm %s/fill %s/fill", world->filters, world->bindings);

    g_free(sandbox_run(fill));
    expect_refused(engine_define(world->engine, "web", ETHER("1002"), &error), NWF_ERROR_SYSTEM);
    expect_refused(engine_bind(world->engine, "vb", "web", NULL, &error), NWF_ERROR_SYSTEM);
    g_free(sandbox_run(empty));
    remount(world, "ro");
    expect_refused(engine_define(world->engine, "web", ETHER("1002"), &error), NWF_ERROR_SYSTEM);
    expect_refused(engine_bind(world->engine, "vb", "web", NULL, &error), NWF_ERROR_SYSTEM);
    g_assert_cmpuint(world_runs(), ==, 0);
    remount(world, "rw");
    world_agrees(world);
}

/* A folder that was replaced under the running engine is written where it is read. */
static void
test_a_replaced_folder_is_used(void)
{
    g_autoptr(World) world = world_new();
    g_autoptr(GError) error = NULL;
    g_autofree char *script = g_strdup_printf("mv %s %s.bak; cp -a %s.bak %s; rm -r %s", world->filters, world->filters,
                                              world->filters, world->filters, world->bindings);

    expect_done(engine_define(world->engine, "old", ETHER("1001"), &error));
    g_free(sandbox_run(script));
    expect_done(engine_define(world->engine, "web", ETHER("1001"), &error));
    expect_done(engine_bind(world->engine, "va", "web", NULL, &error));
    world_agrees(world);
}

/* A port without a device stands in nobody's way: it is closed while the kernel does not take its rules. */
static void
test_ports_without_a_device(void)
{
    g_autoptr(World) world = world_new();
    g_autoptr(GError) error = NULL;

    expect_done(engine_define(world->engine, "bad", BAD, &error));
    expect_done(engine_define(world->engine, "web", ETHER("1001"), &error));
    expect_done(engine_bind(world->engine, "va", "bad", NULL, &error));
    expect_done(engine_bind(world->engine, "vb", "web", NULL, &error));
    expect_done(engine_bind(world->engine, "vc", "nobody", NULL, &error));
    g_assert_true(world_holds("va", "-A libvirt-I-va -j DROP", 0));
    g_assert_true(world_holds("vc", "-A libvirt-I-vc -j DROP", 0));
    expect_done(engine_define(world->engine, "web", ETHER("1002") BAD, &error));
    g_assert_true(world_holds("vb", "-A libvirt-O-vb -j DROP", 0));
    expect_done(engine_define(world->engine, "web", ETHER("1003"), &error));
    expect_done(engine_define(world->engine, "nobody", ETHER("1004"), &error));
    g_assert_true(world_holds("vb", "0x1003", 0));
    g_assert_true(world_holds("vc", "0x1004", 0));

    world_device("vd");
    expect_refused(engine_bind(world->engine, "vd", "bad", NULL, &error), NWF_ERROR_FIREWALL);
    g_autofree char *rules = world_rules("vd");
    g_assert_cmpstr(rules, ==, "");
    expect_done(engine_undefine(world->engine, "bad", &error));
    world_agrees(world);
}

/* A tool that takes its time to refuse everything holds a start up for a bounded time, whatever the number of ports. */
static void
test_a_slow_tool_costs_bounded_time(void)
{
    g_autoptr(World) world = world_new();
    g_autoptr(GError) error = NULL;

    expect_done(engine_define(world->engine, "web", ETHER("1001"), &error));
    world_stop(world);
    for (guint i = 0; i < 300; i++) {
        g_autofree char *port = g_strdup_printf("v%u", i);
        engine_lay_binding(world->bindings, port, port, "web");
    }
    sandbox_spoil("ebtables-restore", "sleep 0.5; exit 4");
    gint64 begin = g_get_monotonic_time();
    world_start(world);
    g_assert_cmpint(g_get_monotonic_time() - begin, <, 25 * G_TIME_SPAN_SECOND);
    sandbox_spoil("ebtables-restore", NULL);
    g_assert_true(world_holds("v0", "0x1001", 25));
    g_assert_true(world_holds("v299", "0x1001", 5));
}

/* Bindings survive a restart, whatever their ports are called; names that would mean other ports are refused. */
static void
test_odd_port_names(void)
{
    static const char *const names[] = {"a--b", "a-", "vnet1", "vnet10", "a.b", "a@b", "x,y", "a name too long for it",
                                        "a b"};
    static const char *const refused[] = {"-a",   "!a",  "#a",       "a+",  "a'b", "a\"b",
                                          "a\\b", "a`b", "\303\244", "a/b", ".."};
    g_autoptr(World) world = world_new();
    g_autoptr(GError) error = NULL;

    expect_done(engine_define(world->engine, "web", ETHER("1001") TCP("22"), &error));
    for (guint i = 0; i < G_N_ELEMENTS(refused); i++)
        expect_refused(engine_bind(world->engine, refused[i], "web", NULL, &error), NWF_ERROR_INTERNAL);
    g_assert_cmpuint(world_runs(), ==, 0);
    for (guint i = 0; i < G_N_ELEMENTS(names); i++)
        expect_done(engine_bind(world->engine, names[i], "web", NULL, &error));
    world_agrees(world);
    g_assert_true(world_holds("a--b", "0x1001", 0));
    world_stop(world);
    world_start(world);
    g_assert_cmpuint(engine_logged(NWF_LOG_ERROR, ""), ==, 0);
    for (guint i = 0; i < G_N_ELEMENTS(names); i++)
        expect_done(engine_unbind(world->engine, names[i], &error));
    g_assert_false(world_holds("a--b", "a--b", 0));
}

/* ---- two at once ---- */

typedef struct Race {
    World *world;
    gboolean good;
    gint64 end;
} Race;

static gpointer
define_web(gpointer data)
{
    Race *race = data;
    g_autoptr(GError) error = NULL;

    for (guint i = 0; g_get_monotonic_time() < race->end; i++) {
        if (race->good)
            expect_done(engine_define(race->world->engine, "web", i % 2 ? ETHER("1001") : ETHER("1002"), &error));
        else
            expect_refused(engine_define(race->world->engine, "web", BAD, &error), NWF_ERROR_FIREWALL);
    }
    return NULL;
}

/* A definition that is refused takes nothing away from the next one of the same name. */
static void
test_a_refused_definition_harms_no_other(void)
{
    g_autoptr(World) world = world_new();
    g_autoptr(GError) error = NULL;
    gint64 end = g_get_monotonic_time() + 3 * G_TIME_SPAN_SECOND;
    Race good = {world, TRUE, end}, bad = {world, FALSE, end};
    GThread *threads[6];

    world_device("va");
    expect_done(engine_define(world->engine, "web", ETHER("1001"), &error));
    expect_done(engine_bind(world->engine, "va", "web", NULL, &error));
    for (guint i = 0; i < G_N_ELEMENTS(threads); i++)
        threads[i] = g_thread_new("define", define_web, i % 2 ? &good : &bad);
    for (guint i = 0; i < G_N_ELEMENTS(threads); i++)
        g_thread_join(threads[i]);
    world_agrees(world);
}

static gpointer
reload_all_the_time(gpointer data)
{
    Race *race = data;
    g_autoptr(GError) error = NULL;

    while (g_get_monotonic_time() < race->end)
        expect_done(nwf_engine_reload(race->world->engine, &error));
    return NULL;
}

/* A reload never brings an older definition back over a newer one. */
static void
test_a_reload_does_not_undo_a_definition(void)
{
    g_autoptr(World) world = world_new();
    g_autoptr(GError) error = NULL;
    Race race = {world, TRUE, g_get_monotonic_time() + 3 * G_TIME_SPAN_SECOND};

    expect_done(engine_define(world->engine, "web", ETHER("1000"), &error));
    GThread *reloader = g_thread_new("reload", reload_all_the_time, &race);
    for (guint i = 0; g_get_monotonic_time() < race.end; i++) {
        g_autofree char *body = g_strdup_printf(ETHER("%04x"), 0x1001 + i % 0x1000);
        g_autofree char *type = g_strdup_printf("0x%04x", 0x1001 + i % 0x1000);
        expect_done(engine_define(world->engine, "web", body, &error));
        g_usleep(200);
        g_autoptr(NwfFilter) filter = nwf_engine_filter_by_name(world->engine, "web", &error);
        g_autofree char *text = nwf_filter_format(filter, NWF_DIALECT_9);
        g_assert_nonnull(strstr(text, type));
    }
    g_thread_join(reloader);
    world_agrees(world);
}

/* A file that lost its uuid keeps that of the filter in force, and is written by the applier like any other. */
static void
test_reload_gives_the_uuid_back(void)
{
    g_autoptr(World) world = world_new();
    g_autoptr(GError) error = NULL;
    g_autofree char *script = g_strdup_printf("sed -i /uuid/d %s/web.xml", world->filters);

    expect_done(engine_define(world->engine, "web", ETHER("1001"), &error));
    expect_done(engine_bind(world->engine, "va", "web", NULL, &error));
    g_free(sandbox_run(script));
    expect_done(nwf_engine_reload(world->engine, &error));
    expect_done(engine_define(world->engine, "web", ETHER("1002"), &error));
    world_agrees(world);
}

/* The number in the line of the thread @name in this process that begins with @field; 0: there is no such thread. */
static guint64
thread_status(const char *name, const char *field)
{
    g_autoptr(GDir) tasks = g_dir_open("/proc/self/task", 0, NULL);
    const char *task;

    while ((task = g_dir_read_name(tasks))) {
        g_autofree char *path = g_build_filename("/proc/self/task", task, "status", NULL);
        g_autofree char *status = NULL;
        g_autofree char *head = g_strdup_printf("Name:\t%s\n", name);
        if (g_file_get_contents(path, &status, NULL, NULL) && g_str_has_prefix(status, head))
            return g_ascii_strtoull(strstr(status, field) + strlen(field), NULL, 16);
    }
    return 0;
}

/* Signals of the daemon are for the daemon's own threads. */
static void
test_our_threads_take_no_signals(void)
{
    static const char *const names[] = {"nwf-applier", "nwf-monitor", "nwf-learner"};
    g_autoptr(World) world G_GNUC_UNUSED = world_new();

    for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
        guint64 blocked = 0;
        for (guint wait = 0; blocked == 0 && wait < 200; wait++, g_usleep(20 * 1000))
            blocked = thread_status(names[i], "SigBlk:\t");
        for (guint signal = SIGHUP; signal < SIGSYS; signal++)
            if (signal != SIGKILL && signal != SIGSTOP && !(blocked >> (signal - 1) & 1))
                g_error("%s takes the signal %u", names[i], signal);
    }
}

static void
add(void)
{
    g_test_add_func("/engine/changes/rename", test_a_file_that_cannot_be_put_in_place_takes_the_kernel_back);
    g_test_add_func("/engine/changes/way-back", test_a_way_back_that_fails_is_tried_again);
    g_test_add_func("/engine/changes/cut-off", test_a_port_is_not_cut_off_for_ever);
    g_test_add_func("/engine/changes/full", test_a_full_disk_costs_no_tool);
    g_test_add_func("/engine/changes/replaced", test_a_replaced_folder_is_used);
    g_test_add_func("/engine/changes/no-device", test_ports_without_a_device);
    g_test_add_func("/engine/changes/slow", test_a_slow_tool_costs_bounded_time);
    g_test_add_func("/engine/changes/leftovers", test_a_failed_create_leaves_nothing_in_the_end);
    g_test_add_func("/engine/changes/names", test_odd_port_names);
    g_test_add_func("/engine/changes/refused", test_a_refused_definition_harms_no_other);
    g_test_add_func("/engine/changes/reload", test_a_reload_does_not_undo_a_definition);
    g_test_add_func("/engine/changes/signals", test_our_threads_take_no_signals);
    g_test_add_func("/engine/changes/uuid", test_reload_gives_the_uuid_back);
}

int
main(int argc, char **argv)
{
    return world_main(argc, argv, add);
}
