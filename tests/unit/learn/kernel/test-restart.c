/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test-restart.c: what a learner that starts again knows
 */
#include <string.h>

#include "records.h"
#include "tests/unit/learn/kernel/talk.h"

static void
test_a_restart_forgets_nothing(void)
{
    Scene *scene = scene_begin();

    net_port("vnet0");
    net_port("vnet1");
    net_port("vnet2");
    scene_watch(scene, "vnet0", 1, "any");
    scene_watch(scene, "vnet1", 2, "dhcp");
    scene_watch(scene, "vnet2", 3, "any");
    g_usleep(50000);
    net_send("vnet0", 1, "from arp 10.0.0.66 10.0.0.1");
    talk_lease("vnet1", 2, 5);
    net_send("vnet2", 3, "from arp 10.0.0.67 10.0.0.1");
    scene_expect(scene, "vnet0", "10.0.0.66");
    scene_expect(scene, "vnet1", "10.0.0.5");
    scene_expect(scene, "vnet2", "10.0.0.67");
    scene_stop(scene);
    net_run("ip link del vnet2; sleep 0.1");
    net_port("vnet2");
    scene_start(scene);
    scene_expect(scene, "vnet0", "10.0.0.66"); /* asked before it is watched */
    scene_expect(scene, "vnet1", "10.0.0.5");
    scene_expect(scene, "vnet2", ""); /* a new device has not learned it */
    scene_watch(scene, "vnet0", 1, "any");
    scene_watch(scene, "vnet1", 2, "dhcp");
    g_usleep(50000);
    net_send("vnet0", 1, "from arp 10.0.0.77 10.0.0.1");
    g_usleep(50000);
    scene_expect(scene, "vnet0", "10.0.0.66"); /* no second choice */
    scene_expect(scene, "vnet1", "10.0.0.5");
    scene_unwatch(scene, "vnet0");
    scene_restart(scene);
    scene_expect(scene, "vnet0", ""); /* the binding was deleted */
    scene_end(scene);
}

/* When a daemon starts its ports come one after the other. Who comes first does not get what is another's. */
static void
test_the_first_port_takes_nothing_from_the_others(void)
{
    Scene *scene = scene_begin();

    net_bridge(4);
    scene_watch(scene, "vnet1", 2, "any");
    scene_watch(scene, "vnet2", 3, "dhcp");
    g_usleep(50000);
    net_send("vnet1", 2, "from arp 10.0.0.66 10.0.0.1");
    talk_lease("vnet2", 3, 5);
    scene_expect(scene, "vnet1", "10.0.0.66");
    scene_expect(scene, "vnet2", "10.0.0.5");
    scene_stop(scene);
    scene_wake(scene);
    scene_watch(scene, "vnet0", 1, "any");
    g_usleep(50000);
    for (guint i = 0; i < 3; i++) {
        net_send("vnet0", 1, "from arp 10.0.0.66 10.0.0.1");
        net_send("vnet0", 1, "from arp 10.0.0.5 10.0.0.1");
        net_send("vnet0", 1, "from arp 10.0.0.8 10.0.0.1");
        g_usleep(50000);
    }
    scene_watch(scene, "vnet1", 2, "any");
    scene_watch(scene, "vnet2", 3, "dhcp");
    scene_reserve(scene, "vnet3", "10.0.0.8");
    scene_expect(scene, "vnet0", "");
    nwf_learner_begin(scene->learner);
    net_send("vnet0", 1, "from arp 10.0.0.66 10.0.0.1");
    net_send("vnet0", 1, "from arp 10.0.0.5 10.0.0.1");
    net_send("vnet0", 1, "from arp 10.0.0.8 10.0.0.1");
    net_send("vnet0", 1, TALK_LAST); /* without a pause: it listens when begin() returns */
    scene_expect(scene, "vnet0", TALK_LAST_ADDRESS);
    scene_expect(scene, "vnet1", "10.0.0.66");
    scene_expect(scene, "vnet2", "10.0.0.5");
    scene_end(scene);
}

/* What is on disk when the engine is told is what a killed daemon leaves, if it is killed at once. */
static void
test_what_was_reported_is_on_disk(void)
{
    Scene *scene = scene_of_one("any");
    g_autofree char *path = g_build_filename(scene->dir, "learn", "state", NULL);

    net_send("vnet0", 1, "from arp 10.0.0.66 10.0.0.1");
    scene_expect(scene, "vnet0", "10.0.0.66");
    scene_stop(scene);
    g_assert_nonnull(scene->state);
    g_assert_true(g_file_set_contents(path, scene->state, -1, NULL));
    scene_start(scene);
    scene_expect(scene, "vnet0", "10.0.0.66");
    scene_end(scene);
}

/* Files that cannot be written are told of, and stop nothing. */
static void
test_a_directory_that_cannot_be_written(void)
{
    Scene *scene = scene_begin();

    net_run("mkdir -p '%s'; rm -rf '%s/learn'; echo > '%s/learn'", scene->dir, scene->dir, scene->dir);
    net_port("vnet0");
    scene_watch(scene, "vnet0", 1, "any");
    g_usleep(50000);
    net_send("vnet0", 1, "from arp 10.0.0.66 10.0.0.1");
    scene_expect(scene, "vnet0", "10.0.0.66");
    scene_logged(scene, "3 learned addresses may be lost");
    scene_end(scene);
}

/* Leases of other guests, so many that it takes a while to write them. */
static void
lay_many(Scene *scene)
{
    enum { MANY = 4000 }; /* a database keeps 4,096 of guests that no port has */
    g_autofree char *path = g_build_filename(scene->dir, "learn", "state", NULL), *boot = NULL;
    g_autoptr(GArray) records = records_new();

    g_assert_true(g_file_get_contents("/proc/sys/kernel/random/boot_id", &boot, NULL, NULL));
    for (guint i = 0; i < MANY; i++) {
        g_autofree char *key =
            g_strdup_printf("d54df46f-1ab5-4a22-8618-%012x-52:54:00:01:%02x:%02x", i, i >> 8, i & 255);
        g_autofree char *address = g_strdup_printf("10.1.%u.%u", i >> 7, 1 + (i & 127));
        records_add(records, NWF_LEARN_DHCP, key, address, -1, 0);
    }
    g_assert_true(nwf_state_file_write(path, records, g_strstrip(boot), NULL));
}

static gboolean
is_on_disk(Scene *scene, const char *address)
{
    g_autofree char *path = g_build_filename(scene->dir, "learn", "state", NULL), *text = NULL;
    g_autofree char *word = g_strdup_printf(" %s ", address);

    g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
    return strstr(text, word) != NULL;
}

/* The files rest after they were written: what changes meanwhile comes when the rest is over, and at an orderly end at
 * once. */
static void
test_what_waits_is_written_in_the_end(void)
{
    Scene *scene = scene_begin();

    scene_stop(scene);
    lay_many(scene);
    scene_start(scene);
    net_port("vnet0");
    scene_watch(scene, "vnet0", 1, "dhcp");
    g_usleep(50000);
    talk_lease("vnet0", 1, 5);
    talk_lease("vnet0", 1, 6);
    scene_expect(scene, "vnet0", "10.0.0.5 10.0.0.6");
    g_test_message("the second lease waits: %s", is_on_disk(scene, "10.0.0.6") ? "no" : "yes");
    for (guint i = 0; i < 200 && !is_on_disk(scene, "10.0.0.6"); i++)
        g_usleep(50000);
    g_assert_true(is_on_disk(scene, "10.0.0.6"));
    talk_lease("vnet0", 1, 7);
    scene_expect(scene, "vnet0", "10.0.0.5 10.0.0.6 10.0.0.7");
    g_test_message("the third lease waits: %s", is_on_disk(scene, "10.0.0.7") ? "no" : "yes");
    scene_stop(scene);
    g_assert_true(is_on_disk(scene, "10.0.0.7"));
    g_assert_true(is_on_disk(scene, "10.1.31.32")); /* the last of the others */
    scene_start(scene);
    scene_expect(scene, "vnet0", "10.0.0.5 10.0.0.6 10.0.0.7");
    scene_end(scene);
}

/* More leases are in the files than are kept of those who are gone: whose port comes again is not among those. */
static void
test_many_leases_push_nobody_out(void)
{
    Scene *scene = scene_begin();
    g_autoptr(GString) text = g_string_new(NULL);
    g_autofree char *kept = NULL;
    g_autofree char *path = g_build_filename(scene->dir, "network", "nwfilter.leases", NULL);

    net_port("vnet0");
    scene_watch(scene, "vnet0", 1, "dhcp");
    g_usleep(50000);
    talk_lease("vnet0", 1, 5);
    scene_expect(scene, "vnet0", "10.0.0.5");
    scene_stop(scene);
    for (guint i = 0; i < NWF_ABANDONED_MAX + 904; i++)
        g_string_append_printf(text,
                               "18446744073709551615 e54df46f-1ab5-4a22-8618-%012x-52:54:00:00:00:02 10.1.%u.%u -\n", i,
                               i >> 8, i & 255);
    g_usleep(20000);
    g_assert_true(g_file_set_contents(path, text->str, (gssize)text->len, NULL));
    scene_wake(scene);
    scene_expect(scene, "vnet0", "10.0.0.5");
    scene_watch(scene, "vnet0", 1, "dhcp");
    nwf_learner_begin(scene->learner);
    scene_expect(scene, "vnet0", "10.0.0.5");
    scene_stop(scene);
    g_assert_true(g_file_get_contents(path, &kept, NULL, NULL));
    g_auto(GStrv) lines = g_strsplit(kept, "\n", -1);
    g_assert_cmpuint(g_strv_length(lines), ==, NWF_ABANDONED_MAX + 1 + 1); /* the last one is empty */
    g_assert_nonnull(strstr(kept, " 10.0.0.5 "));
    scene_end(scene);
}

static const TalkTest tests[] = {
    {"/learn/restart/kept", test_a_restart_forgets_nothing},
    {"/learn/restart/first", test_the_first_port_takes_nothing_from_the_others},
    {"/learn/restart/on-disk", test_what_was_reported_is_on_disk},
    {"/learn/restart/waiting", test_what_waits_is_written_in_the_end},
    {"/learn/restart/many", test_many_leases_push_nobody_out},
    {"/learn/restart/unwritable", test_a_directory_that_cannot_be_written},
};

int
main(int argc, char **argv)
{
    return talk_main(argc, argv, tests, G_N_ELEMENTS(tests), NULL);
}
