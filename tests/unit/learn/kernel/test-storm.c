/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test-storm.c: much at once: floods, many ports, calls that race with frames, too few descriptors
 */
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "tests/unit/learn/kernel/scene.h"

enum { PORTS = 40, OWN_DESCRIPTORS = 4 };

static void
make_ports(guint n)
{
    for (guint i = 0; i < n; i++) {
        g_autofree char *name = g_strdup_printf("vnet%u", i);
        net_port(name);
    }
}

static void
lease(const char *port, guint vm, guint32 xid, guint last)
{
    g_autofree char *ask = g_strdup_printf("from request xid=%u want=10.0.0.%u sid=10.0.0.1", xid, last);
    g_autofree char *answer = g_strdup_printf("to ack xid=%u yi=10.0.0.%u time=3600 sid=10.0.0.1", xid, last);

    net_send(port, vm, ask);
    g_usleep(1000); /* a frame through a veth pair takes a moment */
    net_send(port, vm, answer);
}

/* Waits until this many descriptors are open. */
static void
expect_descriptors(guint n)
{
    for (guint i = 0; i < 1000 && net_descriptors() != n; i++)
        g_usleep(5000);
    g_assert_cmpuint(net_descriptors(), ==, n);
}

static void
test_one_thread_and_two_descriptors_a_port(void)
{
    guint before_descriptors, before_threads;
    Scene *scene;

    scene_end(
        scene_begin()); /* what is begun once, with the first thread, is not counted: sanitizers have threads, too */
    before_descriptors = net_descriptors();
    before_threads = net_threads();
    scene = scene_begin();
    make_ports(PORTS);
    for (guint i = 0; i < PORTS; i++) {
        g_autofree char *name = g_strdup_printf("vnet%u", i);
        scene_watch(scene, name, i + 1, i % 2 ? "any" : "dhcp");
    }
    expect_descriptors(before_descriptors + OWN_DESCRIPTORS + 2 * PORTS);
    g_assert_cmpuint(net_threads(), ==, before_threads + 1);
    for (guint i = 0; i < PORTS; i++) {
        g_autofree char *name = g_strdup_printf("vnet%u", i);
        lease(name, i + 1, 100 + i, 100 + i);
    }
    for (guint i = 0; i < PORTS; i++) {
        g_autofree char *name = g_strdup_printf("vnet%u", i);
        g_autofree char *address = g_strdup_printf("10.0.0.%u", 100 + i);
        scene_expect(scene, name, address);
    }
    expect_descriptors(before_descriptors + OWN_DESCRIPTORS + PORTS); /* the halves with "any" know what they need */
    g_assert_cmpuint(net_threads(), ==, before_threads + 1);
    for (guint i = 0; i < PORTS; i++) {
        g_autofree char *name = g_strdup_printf("vnet%u", i);
        scene_unwatch(scene, name);
    }
    expect_descriptors(before_descriptors + OWN_DESCRIPTORS);
    scene_end(scene);
    g_assert_cmpuint(net_descriptors(), ==, before_descriptors);
    g_assert_cmpuint(net_threads(), ==, before_threads);
}

static void
test_it_ends_soon(void)
{
    Scene *scene = scene_begin();
    gint64 begin;

    make_ports(PORTS);
    for (guint i = 0; i < PORTS; i++) {
        g_autofree char *name = g_strdup_printf("vnet%u", i);
        scene_watch(scene, name, i + 1, "dhcp");
    }
    g_usleep(200000);
    begin = g_get_monotonic_time();
    scene_stop(scene);
    g_assert_cmpint(g_get_monotonic_time() - begin, <, G_USEC_PER_SEC);
    scene_start(scene);
    scene_end(scene);
}

/* ---- floods ---- */

typedef struct Flood {
    const char *port, *line;
    guint vm;
    gint stop;
    guint64 sent;
} Flood;

static gpointer
flood(gpointer data)
{
    Flood *job = data;

    for (job->sent = 0; !g_atomic_int_get(&job->stop); job->sent += 200)
        net_try_times(job->port, job->vm, job->line, 200);
    return NULL;
}

static double
cpu_seconds(void)
{
    struct rusage usage;

    getrusage(RUSAGE_SELF, &usage);
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
           (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

/* One VM floods, and another is flooded with answers to itself: the others have their leases, and calls their answers.
 */
static void
test_floods_harm_their_own_port_alone(void)
{
    Flood from = {.port = "vnet0", .vm = 1, .line = "from discover xid=1"};
    Flood to = {.port = "vnet1", .vm = 2, .line = "to ack xid=7 yi=10.0.0.66 time=3600 sid=10.0.0.1"};
    Scene *scene = scene_begin();
    GThread *threads[2];
    gint64 begin;

    make_ports(6);
    for (guint i = 0; i < 6; i++) {
        g_autofree char *name = g_strdup_printf("vnet%u", i);
        scene_watch(scene, name, i + 1, "dhcp");
    }
    g_usleep(100000);
    threads[0] = g_thread_new("flood", flood, &from);
    threads[1] = g_thread_new("flood", flood, &to);
    g_usleep(500000);
    for (guint i = 2; i < 6; i++) {
        g_autofree char *name = g_strdup_printf("vnet%u", i);
        g_autofree char *address = g_strdup_printf("10.0.0.%u", 100 + i);
        begin = g_get_monotonic_time();
        lease(name, i + 1, 100 + i, 100 + i);
        scene_expect(scene, name, address);
        g_assert_cmpint(g_get_monotonic_time() - begin, <, 2 * G_USEC_PER_SEC);
    }
    begin = g_get_monotonic_time();
    scene_unwatch(scene, "vnet0");
    g_assert_cmpint(g_get_monotonic_time() - begin, <, G_USEC_PER_SEC);
    scene_watch(scene, "vnet0", 1, "dhcp");
    g_usleep(500000);
    g_atomic_int_set(&from.stop, 1);
    g_atomic_int_set(&to.stop, 1);
    g_thread_join(threads[0]);
    g_thread_join(threads[1]);
    g_assert_cmpuint(from.sent + to.sent, >, 2000);
    scene_expect(scene, "vnet1", "");
    g_assert_cmpuint(scene_count_logged(scene, "vnet1': the VM is sent too many"), ==, 1);
    g_assert_cmpuint(scene_count_logged(scene, "vnet0': the VM sends too much"), <=, 2); /* watched twice */
    g_assert_cmpuint(scene_count_logged(scene, "vnet0': the VM sends too much"), >=, 1);
    lease("vnet2", 3, 200, 200); /* when it is over all is well */
    scene_expect(scene, "vnet2", "10.0.0.102 10.0.0.200");
    scene_end(scene);
}

/* What is not for the port costs it nothing: it is not even counted. */
static void
test_a_flood_for_others_is_not_seen(void)
{
    Scene *scene = scene_begin();
    g_autofree char *path = g_build_filename(scene->dir, "learn", "counters", NULL);
    g_autoptr(GKeyFile) file = g_key_file_new();
    double before;

    make_ports(1);
    scene_watch(scene, "vnet0", 1, "dhcp");
    g_usleep(100000);
    before = cpu_seconds();
    net_send_times("vnet0", 1, "to ack xid=7 yi=10.0.0.66 chaddr=other", 20000);
    net_send_times("vnet0", 1, "from ip 10.0.0.5 10.0.0.1", 20000);
    g_test_message("%.3f s of 40000 frames", cpu_seconds() - before);
    lease("vnet0", 1, 7, 5);
    scene_expect(scene, "vnet0", "10.0.0.5");
    g_usleep(2500000);
    g_assert_true(g_key_file_load_from_file(file, path, G_KEY_FILE_NONE, NULL));
    g_assert_cmpuint(g_key_file_get_uint64(file, "port-1", "seen", NULL), ==, 2);
    g_assert_cmpuint(g_key_file_get_uint64(file, "port-1", "accepted", NULL), ==, 1);
    g_assert_cmpuint(g_key_file_get_uint64(file, "port-1", "lost", NULL), ==, 0);
    scene_end(scene);
}

static void
test_counters_say_what_was_refused(void)
{
    Scene *scene = scene_begin();
    g_autofree char *path = g_build_filename(scene->dir, "learn", "counters", NULL);
    g_autofree char *server = NULL;
    g_autofree char *name = NULL;
    g_autofree char *last = NULL;
    g_autoptr(GKeyFile) file = g_key_file_new();

    make_ports(1);
    scene_watch(scene, "vnet0", 1, "dhcp");
    g_usleep(100000);
    net_send("vnet0", 1, "to ack xid=4711 yi=10.0.0.66 time=3600 sid=10.0.0.1");
    net_send("vnet0", 1, "to ack xid=4711 yi=10.0.0.66 time=3600 sid=10.0.0.1");
    lease("vnet0", 1, 7, 5);
    scene_expect(scene, "vnet0", "10.0.0.5");
    net_send("vnet0", 1, "from request xid=8 want=10.0.0.66 sid=10.0.0.1 hlen=5");
    lease("vnet0", 1, 8, 6); /* once it is believed, what the VM sent before it was read */
    scene_expect(scene, "vnet0", "10.0.0.5 10.0.0.6");
    scene_stop(scene); /* writes it */
    g_assert_true(g_key_file_load_from_file(file, path, G_KEY_FILE_NONE, NULL));
    name = g_key_file_get_string(file, "port-1", "name", NULL);
    last = g_key_file_get_string(file, "port-1", "last-refusal", NULL);
    server = g_key_file_get_string(file, "port-1", "last-server", NULL);
    g_assert_cmpstr(name, ==, "vnet0");
    g_assert_cmpuint(g_key_file_get_uint64(file, "port-1", "refused-not-asked", NULL), ==, 2);
    g_assert_cmpstr(server, ==, "10.0.0.1");
    g_assert_cmpstr(last, ==, "hardware");
    scene_start(scene);
    scene_end(scene);
}

/* ---- reports ---- */

static gboolean
holds(Scene *scene, const char *port, const char *address)
{
    g_autofree char *now = scene_addresses(scene, port);
    g_auto(GStrv) all = g_strsplit(now, " ", -1);

    return g_strv_contains((const char *const *)all, address);
}

static void
test_changes_in_a_row_are_few_reports(void)
{
    Scene *scene = scene_begin();
    gint64 begin, most;

    make_ports(1);
    scene_watch(scene, "vnet0", 1, "dhcp");
    g_usleep(100000);
    begin = g_get_monotonic_time();
    for (guint i = 0; i < 16; i++)
        lease("vnet0", 1, 100 + i, 100 + i);
    for (guint i = 0; i < 500; i++) {
        g_autofree char *now = scene_addresses(scene, "vnet0");
        if (g_str_has_suffix(now, "10.0.0.115"))
            break;
        g_usleep(2000);
    }
    most = 2 + (g_get_monotonic_time() - begin) / 20000; /* one at first, then one in 20 ms */
    g_usleep(100000);
    g_assert_cmpuint(scene_reports(scene, "vnet0"), >=, 1);
    g_assert_cmpint(scene_reports(scene, "vnet0"), <=, MIN(most, 16));
    for (guint i = 0; i < 16; i++) { /* a busy machine may deliver an answer before its question: then once more */
        g_autofree char *address = g_strdup_printf("10.0.0.%u", 100 + i);
        for (guint n = 0; n < 20 && !holds(scene, "vnet0", address); n++) {
            lease("vnet0", 1, 300 + i, 100 + i);
            g_usleep(100000);
        }
    }
    lease("vnet0", 1, 200, 200); /* a seventeenth */
    scene_logged(scene, "vnet0': 10.0.0.200 is not learned: the port has as many");
    scene_end(scene);
}

/* A VM and a server that give and take all the time cost the engine two plans a second, not fifty. */
static void
test_a_vm_that_goes_on_changing_is_reported_less_often(void)
{
    Scene *scene = scene_begin();
    guint reports;

    make_ports(1);
    scene_watch(scene, "vnet0", 1, "dhcp");
    g_usleep(100000);
    for (guint i = 0; i < 28; i++) { /* as many as the budget lets through */
        lease("vnet0", 1, 100 + i, 5);
        g_usleep(35000);
        net_send("vnet0", 1, "from release xid=9 ci=10.0.0.5 src=10.0.0.5");
        g_usleep(35000);
    }
    scene_expect(scene, "vnet0", "");
    g_usleep(600000);
    reports = scene_reports(scene, "vnet0");
    g_test_message("%u reports", reports);
    g_assert_cmpuint(reports, >=, 4);
    g_assert_cmpuint(reports, <=, 14);
    g_usleep(600000);
    lease("vnet0", 1, 900, 6); /* quiet since */
    scene_expect(scene, "vnet0", "10.0.0.6");
    scene_end(scene);
}

/* ---- races ---- */

static gpointer
ask_all_the_time(gpointer data)
{
    Scene *scene = ((gpointer *)data)[0];
    gint *stop = ((gpointer *)data)[1];

    while (!g_atomic_int_get(stop)) {
        g_free(scene_addresses(scene, "vnet0"));
        scene_reserve(scene, "vnet1", "10.0.0.8 10.0.0.9");
        scene_reserve(scene, "vnet1", NULL);
    }
    return NULL;
}

static void
test_watched_and_unwatched_a_hundred_times(void)
{
    guint before = net_descriptors();
    Flood acks = {.port = "vnet0", .vm = 1, .line = "to ack xid=7 yi=10.0.0.5 time=3600 sid=10.0.0.1"};
    Flood asks = {.port = "vnet0", .vm = 1, .line = "from request xid=7 want=10.0.0.5 sid=10.0.0.1"};
    Scene *scene = scene_begin();
    gint stop = 0;
    gpointer both[2] = {scene, &stop};
    GThread *threads[3];

    make_ports(2);
    scene_watch(scene, "vnet0", 1, "dhcp");
    threads[0] = g_thread_new("acks", flood, &acks);
    threads[1] = g_thread_new("asks", flood, &asks);
    threads[2] = g_thread_new("engine", ask_all_the_time, both);
    for (guint i = 0; i < 100; i++) {
        NwfLearnTerms *terms = nwf_learn_terms_ref(g_hash_table_lookup(scene->requests, "vnet0"));
        nwf_learner_unwatch(scene->learner, "vnet0");
        if (i % 10 == 0)
            g_usleep(20000);
        nwf_learner_watch(scene->learner, terms);
        nwf_learn_terms_unref(terms);
        if (i % 25 == 0)
            net_run("ip link set vnet0 down; ip link set vnet0 up");
    }
    g_atomic_int_set(&acks.stop, 1);
    g_atomic_int_set(&asks.stop, 1);
    g_atomic_int_set(&stop, 1);
    for (guint i = 0; i < 3; i++)
        g_thread_join(threads[i]);
    scene_unwatch(scene, "vnet0");
    expect_descriptors(before + OWN_DESCRIPTORS); /* none was left over, nor the third one of a flooded port */
    scene_watch(scene, "vnet0", 1, "dhcp");
    expect_descriptors(before + OWN_DESCRIPTORS + 2);
    g_usleep(100000);
    lease("vnet0", 1, 99, 6);
    for (guint i = 0; i < 500; i++) {
        g_autofree char *now = scene_addresses(scene, "vnet0");
        if (g_str_has_suffix(now, "10.0.0.6"))
            break;
        g_usleep(2000);
    }
    g_autofree char *now = scene_addresses(scene, "vnet0");
    g_assert_true(g_str_has_suffix(now, "10.0.0.6"));
    scene_end(scene);
    g_assert_cmpuint(net_descriptors(), ==, before);
}

/* After unwatch() nothing that still arrives counts, and nothing of mode any is left for the next one. */
static void
test_nothing_is_learned_for_a_port_that_is_not_watched(void)
{
    Scene *scene = scene_begin();

    make_ports(1);
    for (guint i = 0; i < 20; i++) {
        scene_watch(scene, "vnet0", 1, "any");
        g_usleep(3000);
        net_send("vnet0", 1, "from arp 10.0.0.66 10.0.0.1");
        scene_unwatch(scene, "vnet0");
        g_autofree char *now = scene_addresses(scene, "vnet0");
        g_assert_cmpstr(now, ==, "");
    }
    g_usleep(50000);
    g_autofree char *now = scene_addresses(scene, "vnet0");
    g_assert_cmpstr(now, ==, "");
    scene_end(scene);
}

/* ---- limits ---- */

static void
test_too_few_descriptors_are_told_and_tried_again(void)
{
    Scene *scene = scene_begin();
    struct rlimit before, tight;
    int free_number;

    make_ports(3);
    g_assert_cmpint(getrlimit(RLIMIT_NOFILE, &before), ==, 0);
    free_number = dup(0);
    close(free_number);
    tight =
        (struct rlimit){.rlim_cur = (rlim_t)free_number + 3, .rlim_max = before.rlim_max}; /* one and a half ports */
    g_assert_cmpint(setrlimit(RLIMIT_NOFILE, &tight), ==, 0);
    scene_watch(scene, "vnet0", 1, "dhcp");
    g_usleep(100000);
    scene_watch(scene, "vnet1", 2, "dhcp");
    scene_watch(scene, "vnet2", 3, "dhcp");
    scene_logged(scene, "4 port 'vnet1': no addresses can be learned now");
    scene_logged(scene, "4 port 'vnet2': no addresses can be learned now");
    g_assert_cmpint(setrlimit(RLIMIT_NOFILE, &before), ==, 0);
    lease("vnet0", 1, 7, 5);
    scene_expect(scene, "vnet0", "10.0.0.5");
    g_usleep(2500000);
    lease("vnet1", 2, 8, 6);
    lease("vnet2", 3, 9, 7);
    scene_expect(scene, "vnet1", "10.0.0.6");
    scene_expect(scene, "vnet2", "10.0.0.7");
    g_assert_cmpuint(scene_count_logged(scene, "no addresses can be learned now"), ==, 2);
    scene_end(scene);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    if (!net_enter()) {
        g_print("1..0 # SKIP needs root and network namespaces\n");
        return 77;
    }
    g_test_add_func("/learn/storm/means", test_one_thread_and_two_descriptors_a_port);
    g_test_add_func("/learn/storm/end", test_it_ends_soon);
    g_test_add_func("/learn/storm/flood", test_floods_harm_their_own_port_alone);
    g_test_add_func("/learn/storm/foreign-flood", test_a_flood_for_others_is_not_seen);
    g_test_add_func("/learn/storm/counters", test_counters_say_what_was_refused);
    g_test_add_func("/learn/storm/reports", test_changes_in_a_row_are_few_reports);
    g_test_add_func("/learn/storm/pace", test_a_vm_that_goes_on_changing_is_reported_less_often);
    g_test_add_func("/learn/storm/race", test_watched_and_unwatched_a_hundred_times);
    g_test_add_func("/learn/storm/unwatched", test_nothing_is_learned_for_a_port_that_is_not_watched);
    g_test_add_func("/learn/storm/descriptors", test_too_few_descriptors_are_told_and_tried_again);
    return g_test_run();
}
