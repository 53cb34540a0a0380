/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test-dhcp.c: mode dhcp: real conversations through real devices, and how leases end
 */
#include "driver/learn/capture.h"
#include "tests/unit/learn/kernel/talk.h"

static void
test_dhcp_whole_exchange(void)
{
    Scene *scene = scene_of_one("dhcp");

    net_send("vnet0", 1, "from arp 10.0.0.5 10.0.0.1");
    net_send("vnet0", 1, "from ip 10.0.0.5 10.0.0.1");
    net_send("vnet0", 1, "from discover xid=6");
    net_send("vnet0", 1, "to offer xid=6 yi=10.0.0.5 sid=10.0.0.1");
    net_send("vnet0", 1, "to ack xid=7 yi=10.0.0.66 time=3600 sid=10.0.0.1"); /* unasked */
    talk_lease("vnet0", 1, 5);
    scene_expect(scene, "vnet0", "10.0.0.5");
    talk_lease("vnet0", 1, 6);
    scene_expect(scene, "vnet0", "10.0.0.5 10.0.0.6");
    net_send("vnet0", 1, "to decline xid=9 want=10.0.0.6"); /* nobody else can */
    net_send("vnet0", 1, "from release xid=9 ci=10.0.0.5 src=10.0.0.5");
    scene_expect(scene, "vnet0", "10.0.0.6");
    scene_end(scene);
}

/* Much else keeps the learner busy; what is to be read first is a frame to the VM, before question and answer. */
static void
test_a_busy_learner_sees_the_question_before_its_answer(void)
{
    Scene *scene = scene_of_one("dhcp");

    scene_stall(scene, "vnet0", 1);
    net_send("vnet0", 1, "to ack xid=4712 yi=10.0.0.250 time=3600 sid=10.0.0.1");
    net_send("vnet0", 1, TALK_REQUEST);
    g_usleep(20000);
    net_send("vnet0", 1, TALK_ACK);
    g_usleep(20000);
    scene_go_on(scene);
    scene_expect(scene, "vnet0", "10.0.0.5");
    scene_end(scene);
}

/* ---- a neighbour who forges answers, and does not know the number of a question ---- */

#define GUESS "to ack xid=99 yi=10.0.0.66 time=3600 sid=10.0.0.1"

/* Enough for the learner to see that the port is flooded; it has read them all when it has read what the VM says. */
static void
flood(Scene *scene)
{
    net_send_times("vnet0", 1, GUESS, 200);
    scene_logged(scene, "answer nothing it asked");
}

/* An answer of a server that is faster than the learner is among what was captured before the question was read. */
static void
test_an_answer_before_its_question_was_read(void)
{
    Scene *scene = scene_of_one("dhcp");

    flood(scene);
    scene_stall(scene, "vnet0", 1);
    g_usleep(20000);
    net_send_times("vnet0", 1, GUESS, 100);
    net_send("vnet0", 1, TALK_REQUEST);
    g_usleep(20000);
    net_send("vnet0", 1, TALK_ACK);
    g_usleep(20000);
    scene_go_on(scene);
    scene_expect(scene, "vnet0", "10.0.0.5");
    scene_end(scene);
}

/* When the question was read forged answers that fill the buffer keep none away: the kernel tells them apart. */
static void
test_an_answer_behind_more_than_the_buffer_holds(void)
{
    Scene *scene = scene_of_one("dhcp");

    flood(scene);
    talk_ask("vnet0", 1, TALK_REQUEST);
    talk_ask("vnet0", 1, "from request xid=8 want=10.0.0.6 sid=10.0.0.1");
    g_usleep(50000);
    scene_stall(scene, "vnet0", 1);
    net_send_times("vnet0", 1, GUESS, 5000);
    net_send("vnet0", 1, TALK_ACK);
    net_send_times("vnet0", 1, TALK_ACK, 20); /* once answered they are as stray as others */
    net_send("vnet0", 1, "to ack xid=8 yi=10.0.0.6 time=3600 sid=10.0.0.1");
    g_usleep(20000);
    scene_go_on(scene);
    scene_expect(scene, "vnet0", "10.0.0.5 10.0.0.6");
    scene_end(scene);
}

/* With more servers than the kernel's filter has room for, what others say is no answer either. */
static void
test_a_long_list_of_servers(void)
{
    g_autoptr(GString) mode = g_string_new("dhcp servers=10.0.0.1");
    Scene *scene;

    for (guint i = 1; i <= NWF_CAPTURE_SERVERS; i++)
        g_string_append_printf(mode, ",10.0.1.%u", i);
    scene = scene_of_one(mode->str);
    talk_ask("vnet0", 1, TALK_REQUEST);
    net_send_times("vnet0", 1, "to nak src=10.0.0.66 xid=7 sid=10.0.0.1", 1000);
    g_usleep(50000);
    net_send("vnet0", 1, TALK_ACK);
    scene_expect(scene, "vnet0", "10.0.0.5");
    scene_end(scene);
}

static void
test_a_lease_ends_in_time(void)
{
    Scene *scene = scene_of_one("dhcp");
    gint64 begin, end;

    talk_ask("vnet0", 1, TALK_REQUEST);
    begin = g_get_monotonic_time();
    net_send("vnet0", 1, "to ack xid=7 yi=10.0.0.5 time=2 sid=10.0.0.1");
    scene_expect(scene, "vnet0", "10.0.0.5");
    g_assert_cmpuint(scene_reports(scene, "vnet0"), ==, 1);
    while (scene_reports(scene, "vnet0") < 2 && g_get_monotonic_time() < begin + 4 * G_USEC_PER_SEC)
        g_usleep(5000);
    end = g_get_monotonic_time();
    scene_expect(scene, "vnet0", "");
    g_assert_cmpint(end - begin, >=, 1900000);
    g_assert_cmpint(end - begin, <=, 3000000);
    scene_end(scene);
}

/* Between the asking of the engine and its watching: by the version it sees that the address is not the VM's any more.
 */
static void
test_what_ended_before_it_was_watched_has_another_version(void)
{
    Scene *scene = scene_begin();
    NwfLearnTerms *terms;
    guint64 asked;

    net_port("vnet0");
    scene_watch(scene, "vnet0", 1, "dhcp");
    g_usleep(50000);
    talk_ask("vnet0", 1, TALK_REQUEST);
    net_send("vnet0", 1, "to ack xid=7 yi=10.0.0.5 time=1 sid=10.0.0.1");
    scene_expect(scene, "vnet0", "10.0.0.5");
    scene_unwatch(scene, "vnet0");
    terms = g_hash_table_lookup(scene->requests, "vnet0");
    g_array_unref(nwf_learner_addresses(scene->learner, terms, &asked));
    g_assert_cmpuint(nwf_learner_version(scene->learner, terms), ==, asked);
    g_usleep(1200000);
    nwf_learner_watch(scene->learner, terms);
    g_assert_cmpuint(nwf_learner_version(scene->learner, terms), !=, asked);
    scene_expect(scene, "vnet0", "");
    scene_end(scene);
}

static void
test_trusted_servers_may_change(void)
{
    Scene *scene = scene_of_one("dhcp servers=10.0.0.3");

    talk_lease("vnet0", 1, 5);
    g_usleep(50000);
    scene_expect(scene, "vnet0", "");
    scene_watch(scene, "vnet0", 1, "dhcp servers=10.0.0.3,10.0.0.1");
    g_usleep(50000);
    net_send("vnet0", 1, TALK_ACK); /* the question is still open */
    scene_expect(scene, "vnet0", "10.0.0.5");
    scene_watch(scene, "vnet0", 1, "dhcp servers=10.0.0.3");
    scene_expect(scene, "vnet0", "10.0.0.5");
    scene_end(scene);
}

/* A neighbour who knows the VM's MAC address, and can send from any address but those of the servers. */
static void
test_others_answers_do_not_drown_those_of_listed_servers(void)
{
    Scene *scene = scene_of_one("dhcp servers=10.0.0.3,10.0.0.1");

    talk_ask("vnet0", 1, TALK_REQUEST);
    net_send_times("vnet0", 1, "to ack src=10.0.0.66 xid=7 yi=10.0.0.5 time=3600 sid=10.0.0.1", 5000);
    net_send("vnet0", 1, TALK_ACK);
    scene_expect(scene, "vnet0", "10.0.0.5");
    scene_end(scene);
}

/* Leases belong to owner and MAC: both ports have them, and they outlive both. */
static void
test_two_ports_of_one_key(void)
{
    Scene *scene = scene_begin();

    net_port("vnet0");
    net_port("vnet1");
    scene_watch(scene, "vnet0", 1, "dhcp");
    scene_watch(scene, "vnet1", 1, "dhcp");
    g_usleep(50000);
    talk_lease("vnet0", 1, 5);
    scene_expect(scene, "vnet0", "10.0.0.5");
    scene_expect(scene, "vnet1", "10.0.0.5");
    scene_unwatch(scene, "vnet0");
    scene_unwatch(scene, "vnet1");
    scene_expect(scene, "vnet0", "10.0.0.5");
    scene_watch(scene, "vnet1", 1, "dhcp");
    scene_expect(scene, "vnet1", "10.0.0.5");
    scene_end(scene);
}

/* What a guest had leased before it was away has become another's. A guess is no reason to give it up, a lease is. */
static void
test_a_lease_of_one_who_was_away_gives_way(void)
{
    Scene *scene = scene_begin();

    net_bridge(3);
    scene_watch(scene, "vnet0", 1, "dhcp");
    g_usleep(50000);
    talk_lease("vnet0", 1, 5);
    scene_expect(scene, "vnet0", "10.0.0.5");
    talk_lease("vnet0", 1, 6);
    scene_expect(scene, "vnet0", "10.0.0.5 10.0.0.6");
    scene_unwatch(scene, "vnet0");
    scene_watch(scene, "vnet1", 2, "dhcp");
    scene_watch(scene, "vnet2", 3, "any");
    g_usleep(50000);
    talk_lease("vnet1", 2, 5);
    scene_expect(scene, "vnet1", "10.0.0.5");
    net_send("vnet2", 3, "from arp 10.0.0.6 10.0.0.1");
    scene_expect(scene, "vnet2", "10.0.0.6");
    scene_watch(scene, "vnet0", 1, "dhcp");
    scene_expect(scene, "vnet0", "10.0.0.6");
    scene_expect(scene, "vnet1", "10.0.0.5");
    scene_logged(scene, "3 port 'vnet0': 10.0.0.5");
    scene_end(scene);
}

/* What others showed, or have by a lease that anybody can have given, they have no more; and learn anew. */
static void
test_a_lease_of_a_listed_server_wins(void)
{
    Scene *scene = scene_begin();

    net_bridge(4);
    scene_watch(scene, "vnet0", 1, "dhcp servers=10.0.0.1");
    scene_watch(scene, "vnet1", 2, "any");
    scene_watch(scene, "vnet2", 3, "dhcp");
    scene_watch(scene, "vnet3", 4, "dhcp servers=10.0.0.1");
    scene_reserve(scene, "vnet1", "10.0.0.9");
    g_usleep(50000);
    net_send("vnet1", 2, "from arp 10.0.0.5 10.0.0.1");
    scene_expect(scene, "vnet1", "10.0.0.5");
    talk_lease("vnet2", 3, 6);
    scene_expect(scene, "vnet2", "10.0.0.6");
    talk_lease("vnet3", 4, 7);
    scene_expect(scene, "vnet3", "10.0.0.7");
    talk_lease("vnet2", 3, 5); /* nobody listed gives it */
    scene_logged(scene, "vnet2': 10.0.0.5 is not learned");
    talk_lease("vnet0", 1, 5);
    scene_expect(scene, "vnet0", "10.0.0.5");
    scene_expect(scene, "vnet1", "");
    scene_logged(scene, "3 port 'vnet1': 10.0.0.5 is forgotten");
    g_assert_cmpuint(scene_reports(scene, "vnet1"), >=, 2);
    talk_lease("vnet0", 1, 6);
    scene_expect(scene, "vnet0", "10.0.0.5 10.0.0.6");
    scene_expect(scene, "vnet2", "");
    talk_lease("vnet0", 1, 7);
    talk_lease("vnet0", 1, 9);
    talk_lease("vnet0", 1, 8);
    scene_expect(scene, "vnet0", "10.0.0.5 10.0.0.6 10.0.0.8");
    scene_expect(scene, "vnet3", "10.0.0.7");
    net_send("vnet1", 2, "from arp 10.0.0.5 10.0.0.1");
    net_send("vnet1", 2, TALK_LAST);
    scene_expect(scene, "vnet1", TALK_LAST_ADDRESS);
    scene_end(scene);
}

/* While the guest was away another showed its address. */
static void
test_a_listed_lease_of_one_who_was_away_wins(void)
{
    Scene *scene = scene_begin();

    net_bridge(3);
    scene_watch(scene, "vnet0", 1, "dhcp servers=10.0.0.1");
    g_usleep(50000);
    talk_lease("vnet0", 1, 5);
    scene_expect(scene, "vnet0", "10.0.0.5");
    talk_lease("vnet0", 1, 6);
    scene_expect(scene, "vnet0", "10.0.0.5 10.0.0.6");
    scene_unwatch(scene, "vnet0");
    scene_watch(scene, "vnet1", 2, "any");
    scene_watch(scene, "vnet2", 3, "dhcp servers=10.0.0.1");
    g_usleep(50000);
    net_send("vnet1", 2, "from arp 10.0.0.5 10.0.0.1");
    scene_expect(scene, "vnet1", "10.0.0.5");
    talk_lease("vnet2", 3, 6);
    scene_expect(scene, "vnet2", "10.0.0.6");
    scene_watch(scene, "vnet0", 1, "dhcp servers=10.0.0.1");
    scene_expect(scene, "vnet0", "10.0.0.5");
    scene_expect(scene, "vnet1", "");
    scene_expect(scene, "vnet2", "10.0.0.6");
    scene_end(scene);
}

/* A lease that anybody can have given is none of a listed server because servers are listed afterwards. */
static void
test_a_lease_from_before_the_list_takes_nothing(void)
{
    Scene *scene = scene_begin();

    net_bridge(3);
    scene_watch(scene, "vnet0", 1, "dhcp");
    g_usleep(50000);
    talk_lease("vnet0", 1, 5);
    scene_expect(scene, "vnet0", "10.0.0.5");
    talk_lease("vnet0", 1, 6);
    scene_expect(scene, "vnet0", "10.0.0.5 10.0.0.6");
    scene_unwatch(scene, "vnet0");
    scene_watch(scene, "vnet1", 2, "any");
    scene_watch(scene, "vnet2", 3, "dhcp servers=10.0.0.1");
    g_usleep(50000);
    net_send("vnet1", 2, "from arp 10.0.0.5 10.0.0.1");
    scene_expect(scene, "vnet1", "10.0.0.5");
    scene_watch(scene, "vnet0", 1, "dhcp servers=10.0.0.1");
    g_usleep(50000);
    scene_expect(scene, "vnet1", "10.0.0.5");
    g_assert_cmpuint(scene_count_logged(scene, "gave it"), ==, 0);
    talk_lease("vnet2", 3, 6);
    scene_expect(scene, "vnet2", "10.0.0.6");
    scene_expect(scene, "vnet0", "10.0.0.5");
    talk_lease("vnet0", 1, 5); /* the listed server gives it: from now on it wins */
    scene_expect(scene, "vnet1", "");
    scene_expect(scene, "vnet0", "10.0.0.5");
    scene_end(scene);
}

/* Two ports of a guest share its leases; the list of one says nothing about what the other believed. */
static void
test_a_lease_of_a_port_without_list_gives_way(void)
{
    Scene *scene = scene_begin();

    net_bridge(3);
    scene_watch(scene, "vnet0", 1, "dhcp");
    scene_watch(scene, "vnet1", 1, "dhcp servers=10.0.0.1");
    scene_watch(scene, "vnet2", 3, "dhcp servers=10.0.0.1");
    g_usleep(50000);
    talk_lease("vnet0", 1, 5);
    scene_expect(scene, "vnet1", "10.0.0.5");
    talk_lease("vnet2", 3, 5);
    scene_expect(scene, "vnet2", "10.0.0.5");
    scene_expect(scene, "vnet0", "");
    scene_end(scene);
}

/* Who gave a lease is in the file; and of a server that is not listed any more it is none of a listed one. */
static void
test_who_gave_a_lease_outlives_the_daemon(void)
{
    Scene *scene = scene_begin();

    net_bridge(2);
    scene_watch(scene, "vnet0", 1, "dhcp servers=10.0.0.1");
    scene_watch(scene, "vnet1", 2, "dhcp servers=10.0.0.1");
    g_usleep(50000);
    talk_lease("vnet0", 1, 5);
    scene_expect(scene, "vnet0", "10.0.0.5");
    scene_restart(scene);
    scene_watch(scene, "vnet0", 1, "dhcp servers=10.0.0.1");
    scene_watch(scene, "vnet1", 2, "dhcp servers=10.0.0.1");
    g_usleep(50000);
    talk_lease("vnet1", 2, 5);
    scene_logged(scene, "vnet1': 10.0.0.5 is not learned");
    scene_expect(scene, "vnet0", "10.0.0.5");
    scene_watch(scene, "vnet0", 1, "dhcp servers=10.0.0.2");
    talk_lease("vnet1", 2, 5);
    scene_expect(scene, "vnet1", "10.0.0.5");
    scene_expect(scene, "vnet0", "");
    scene_end(scene);
}

/* The engine asks on its new terms before they are in force; nothing is reported when they come into force. */
static void
test_a_raised_cap_is_answered_before_it_is_in_force(void)
{
    Scene *scene = scene_of_one("dhcp max=2");
    guint64 asked;

    net_port("vnet1");
    talk_lease("vnet0", 1, 5);
    talk_lease("vnet0", 1, 6);
    scene_expect(scene, "vnet0", "10.0.0.5 10.0.0.6");
    scene_watch(scene, "vnet1", 1, "dhcp max=1");
    const NwfLearnTerms *low = g_hash_table_lookup(scene->requests, "vnet1");
    g_autoptr(NwfLearnTerms) high = nwf_learn_terms_new(NWF_LEARN_DHCP, "vnet1", low->owner, low->mac);
    g_autoptr(GArray) one = nwf_learner_addresses(scene->learner, low, &asked);
    g_assert_cmpuint(one->len, ==, 1);
    g_autoptr(GArray) both = nwf_learner_addresses(scene->learner, high, &asked);
    g_assert_cmpuint(both->len, ==, 2);
    nwf_learner_watch(scene->learner, high);
    g_assert_cmpuint(nwf_learner_version(scene->learner, high), ==, asked);
    scene_end(scene);
}

static const TalkTest tests[] = {
    {"/learn/dhcp/exchange", test_dhcp_whole_exchange},
    {"/learn/dhcp/busy", test_a_busy_learner_sees_the_question_before_its_answer},
    {"/learn/dhcp/end", test_a_lease_ends_in_time},
    {"/learn/dhcp/ended-before", test_what_ended_before_it_was_watched_has_another_version},
    {"/learn/dhcp/servers", test_trusted_servers_may_change},
    {"/learn/dhcp/drowned", test_others_answers_do_not_drown_those_of_listed_servers},
    {"/learn/dhcp/guesses-before", test_an_answer_before_its_question_was_read},
    {"/learn/dhcp/guesses-more", test_an_answer_behind_more_than_the_buffer_holds},
    {"/learn/dhcp/many-servers", test_a_long_list_of_servers},
    {"/learn/dhcp/two-ports", test_two_ports_of_one_key},
    {"/learn/dhcp/raised-cap", test_a_raised_cap_is_answered_before_it_is_in_force},
    {"/learn/dhcp/away", test_a_lease_of_one_who_was_away_gives_way},
    {"/learn/dhcp/listed", test_a_lease_of_a_listed_server_wins},
    {"/learn/dhcp/listed-away", test_a_listed_lease_of_one_who_was_away_wins},
    {"/learn/dhcp/before-the-list", test_a_lease_from_before_the_list_takes_nothing},
    {"/learn/dhcp/one-port-listed", test_a_lease_of_a_port_without_list_gives_way},
    {"/learn/dhcp/listed-restart", test_who_gave_a_lease_outlives_the_daemon},
};

int
main(int argc, char **argv)
{
    return talk_main(argc, argv, tests, G_N_ELEMENTS(tests), NULL);
}
