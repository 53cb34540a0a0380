/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test-verdict-state.c: what the model of connection tracking knows, and where it says that it does not
 */
#include "verdict-story.h"

#define RULE(action, direction, element) "<rule action='" action "' direction='" direction "'>" element "</rule>"
#define DROP_ALL                                                                                                       \
    "<rule action='drop' direction='inout' priority='1000'><all/></rule>"                                              \
    "<rule action='drop' direction='inout' priority='1000'><all-ipv6/></rule>"
#define A "10.0.0.1:1000"
#define B "10.0.0.2:80"
#define B_TO_A "10.0.0.2:80 10.0.0.1:1000"
#define LARGE  "udp [fd00::1]:1 [fd00::2]:80 long=65464 "
#define A_TO_B "10.0.0.1:1000 10.0.0.2:80"

typedef struct Story {
    const char *name, *rules;
    Step steps[10];
} Story;

typedef struct TimedStory {
    const char *name;
    struct {
        guint second;
        Step step;
    } steps[6];
} TimedStory;

static const Story stories[] = {
    {"answers-come-after-questions", RULE("accept", "out", "<udp dstportstart='80'/>") DROP_ALL,
     {{"in", "udp " B_TO_A, "dropped FO 2"}, {"out", "udp " A_TO_B, "passes FI 1"}, {"in", "udp " B_TO_A, "passes FO 1"},
      {"in", "udp 10.0.0.3:80 10.0.0.1:1000", "dropped FO 2"}, {"out", "udp " A_TO_B, "passes FI 1"}}},
    {"a-question-that-was-dropped-is-forgotten", RULE("accept", "in", "<udp state='ESTABLISHED'/>") DROP_ALL,
     {{"out", "udp " A_TO_B, "dropped FI 1"}, {"in", "udp " B_TO_A, "dropped FO 2"}}},
    {"but-not-if-it-was-for-everybody", RULE("accept", "in", "<udp state='ESTABLISHED'/>") DROP_ALL,
     {{"out", "udp " A_TO_B " dst=ff:ff:ff:ff:ff:ff", "dropped FI 1"}, {"in", "udp " B_TO_A, "unknown FO 1"}}},
    {"a-question-that-the-last-chain-drops-too",
     RULE("accept", "in", "<udp state='NEW,ESTABLISHED'/>") RULE("drop", "in", "<ip protocol='udp' dstportstart='1000'/>")
         RULE("accept", "out", "<udp state='ESTABLISHED'/>") DROP_ALL,
     {{"in", "udp " B_TO_A, "dropped O 1"}, {"out", "udp " A_TO_B, "dropped FI 2"}}},
    {"a-conversation", RULE("accept", "out", "<tcp dstportstart='80'/>") DROP_ALL,
     {{"out", "tcp S " A_TO_B " seq=100", "passes"}, {"in", "tcp SA " B_TO_A " seq=500 ack=101", "passes"},
      {"out", "tcp A " A_TO_B " seq=101 ack=501", "passes"}, {"in", "tcp A " B_TO_A " seq=501 ack=101", "passes"},
      {"out", "tcp FA " A_TO_B " seq=101 ack=501", "passes"}, {"in", "tcp FA " B_TO_A " seq=501 ack=102", "passes"},
      {"out", "tcp A " A_TO_B " seq=102 ack=502", "passes"}}},
    {"nobody-answers-what-was-not-asked", RULE("accept", "in", "<tcp srcportstart='80' state='INVALID'/>") DROP_ALL,
     {{"in", "tcp SA " B_TO_A, "passes FO 1"}, {"in", "tcp R 10.0.0.2:80 10.0.0.1:1001", "passes FO 1"},
      {"in", "tcp SF 10.0.0.2:80 10.0.0.1:1002", "passes FO 1"}, {"in", "tcp S 10.0.0.2:80 10.0.0.1:1003", "dropped FO 2"}}},
    {"an-acknowledgement-may-be-the-first-that-is-seen", RULE("accept", "out", "<tcp dstportstart='80'/>") DROP_ALL,
     {{"out", "tcp A " A_TO_B " seq=5 ack=7", "passes FI 1"}, {"in", "tcp A " B_TO_A " seq=7 ack=5", "passes FO 1"}}},
    {"a-refusal-ends-the-connection", RULE("accept", "out", "<tcp dstportstart='80'/>") DROP_ALL,
     {{"out", "tcp S " A_TO_B " seq=100", "passes"}, {"in", "tcp RA " B_TO_A " ack=101", "passes FO 1"},
      {"in", "tcp RA " B_TO_A " ack=101", "dropped FO 2"}}},
    {"out-of-order-is-unknown", RULE("accept", "out", "<tcp dstportstart='80'/>") DROP_ALL,
     {{"out", "tcp S " A_TO_B " seq=100", "passes"}, {"in", "tcp SA " B_TO_A " seq=500 ack=9999", "unknown FO 1"},
      {"in", "tcp A 10.0.0.3:80 10.0.0.1:1000", "dropped FO 2"}}},
    {"unless-all-ways-end-alike", RULE("drop", "in", "<tcp srcportstart='80' state='ESTABLISHED'/>") DROP_ALL,
     {{"in", "tcp S " B_TO_A " seq=1", "dropped FO 2"}, {"in", "tcp SA " B_TO_A " seq=500 ack=9999", "dropped FO 2"}}},
    {"wrong-checksums-belong-to-nothing", RULE("accept", "out", "<udp/>") DROP_ALL,
     {{"out", "udp " A_TO_B, "passes FI 1"}, {"out", "udp " A_TO_B " poke=50:11", "dropped FI 2"}}},
    {"ping", RULE("accept", "out", "<icmp/>") DROP_ALL,
     {{"in", "icmp 0/0 10.0.0.2 10.0.0.1 id=3", "dropped FO 2"}, {"out", "icmp 8/0 10.0.0.1 10.0.0.2 id=3", "passes FI 1"},
      {"in", "icmp 0/0 10.0.0.2 10.0.0.1 id=3", "passes FO 1"}, {"in", "icmp 0/0 10.0.0.2 10.0.0.1 id=4", "dropped FO 2"},
      {"out", "icmp 18/0 10.0.0.1 10.0.0.2 id=3", "dropped FI 2"}}},
    {"ping6", RULE("accept", "out", "<icmpv6/>") DROP_ALL,
     {{"out", "icmp 128/0 fd00::1 fd00::2", "passes FI 1"}, {"in", "icmp 129/0 fd00::2 fd00::1", "passes FO 1"},
      {"out", "icmp 135/0 fd00::1 fd00::2", "dropped FI 2"}, {"out", "icmp 137/0 fd00::1 fd00::2", "dropped FI 2"}}},
    {"neighbours-are-not-tracked", RULE("accept", "out", "<icmpv6 type='135'/>") RULE("drop", "out", "<all-ipv6 state='INVALID'/>"),
     {{"out", "icmp 135/0 fd00::1 fd00::2", "passes FI 1"}, {"out", "icmp 136/0 fd00::1 fd00::2", "passes FI end"},
      {"out", "icmp 129/0 fd00::1 fd00::2", "dropped FI 2"}}},
    {"errors-are-related", RULE("accept", "out", "<udp/>") RULE("accept", "in", "<all state='RELATED'/>") DROP_ALL,
     {{"in", "error 10.0.0.9 of udp " A_TO_B, "dropped FO 3"}, {"out", "udp " A_TO_B, "passes FI 1"},
      {"in", "error 10.0.0.9 of udp " A_TO_B, "passes FO 2"}, {"in", "error 10.0.0.9 of udp 10.0.0.1:7 10.0.0.2:80", "dropped FO 3"}}},
    {"limits", RULE("drop", "in", "<tcp connlimit-above='2'/>") RULE("accept", "in", "<tcp/>") DROP_ALL,
     {{"in", "tcp S 10.0.0.2:1 10.0.0.1:22", "passes FO 2"}, {"in", "tcp S 10.0.0.2:2 10.0.0.1:22", "passes FO 2"},
      {"in", "tcp S 10.0.0.2:3 10.0.0.1:22", "dropped FO 1"}, {"in", "tcp S 10.0.0.3:1 10.0.0.1:22", "passes FO 2"},
      {"in", "tcp S 10.0.0.2:4 10.0.0.1:22", "dropped FO 1"}}},
    {"limits-count-what-lives", RULE("drop", "in", "<tcp connlimit-above='1'/>") RULE("accept", "in", "<tcp/>") DROP_ALL,
     {{"in", "tcp S 10.0.0.2:1 10.0.0.1:22 seq=1", "passes FO 2"}, {"in", "tcp S 10.0.0.2:2 10.0.0.1:22", "dropped FO 1"},
      {"out", "tcp RA 10.0.0.1:22 10.0.0.2:1 ack=2", "passes"}, {"in", "tcp S 10.0.0.2:3 10.0.0.1:22", "passes FO 2"}}},
    {"sets-are-unknown", RULE("accept", "out", "<udp ipset='s' ipsetflags='src'/>") DROP_ALL,
     {{"out", "udp " A_TO_B, "unknown FI 1"}, {"out", "ip 50 10.0.0.1 10.0.0.2", "dropped FI 2"}}},
    {"doubt-is-passed-on", RULE("accept", "out", "<udp ipset='s' ipsetflags='src'/>") RULE("accept", "in", "<udp state='ESTABLISHED'/>") DROP_ALL,
     {{"out", "udp " A_TO_B, "unknown FI 1"}, {"in", "udp " B_TO_A, "unknown FO"}, {"in", "udp 10.0.0.2:81 10.0.0.1:1000", "dropped FO 3"}}},
    {"sets-that-do-not-matter", RULE("drop", "out", "<udp ipset='s' ipsetflags='src'/>") DROP_ALL,
     {{"out", "udp " A_TO_B, "dropped FI 1"}}},
    {"fragments-wait", RULE("accept", "out", "<udp dstportstart='80'/>") DROP_ALL,
     {{"out", "udp " A_TO_B " id=7 frag=0 size=16 more", "held: a fragment"}, {"out", "udp " A_TO_B " id=7 frag=16", "passes FI 1"},
      {"out", "udp " A_TO_B " id=8 frag=16", "held: a fragment"}, {"out", "udp " A_TO_B " id=8 frag=0 size=8 more", "held: a fragment"},
      {"out", "udp " A_TO_B " id=8 frag=8 size=8 more", "passes FI 1"}}},
    {"fragments-that-overlap", RULE("accept", "out", "<udp dstportstart='80'/>") DROP_ALL,
     {{"out", "udp " A_TO_B " id=7 frag=0 size=16 more", "held: a fragment"}, {"out", "udp " A_TO_B " id=7 frag=0 size=16 more", "held: a fragment"},
      {"out", "udp " A_TO_B " id=7 frag=8 size=16 more", "dropped: a fragment"}, {"out", "udp " A_TO_B " id=7 frag=16", "held: a fragment"}}},
    {"fragments-of-ipv6", RULE("accept", "out", "<udp-ipv6 dstportstart='80'/>") DROP_ALL,
     {{"out", "udp [fd00::1]:1 [fd00::2]:80 ext=60,44 size=16 more", "held: a fragment"},
      {"out", "udp [fd00::1]:1 [fd00::2]:80 ext=60,44 frag=16", "passes FI 1"},
      {"out", "udp [fd00::1]:2 [fd00::2]:80 ext=44 id=9", "passes FI 1"}}},
    {"fragments-of-too-large-a-packet", RULE("accept", "out", "<udp-ipv6 dstportstart='80'/>") DROP_ALL,
     {{"out", LARGE "ext=60,60,60,60,60,60,44 size=16 more", "held: a fragment"},
      {"out", LARGE "ext=44 frag=16 size=65464 more", "held: a fragment"},
      {"out", LARGE "ext=44 frag=65480", "dropped: a fragment"},
      {"out", LARGE "ext=60,60,60,60,60,44 id=2 size=16 more", "held: a fragment"},
      {"out", LARGE "ext=44 id=2 frag=16 size=65464 more", "held: a fragment"},
      {"out", LARGE "ext=44 id=2 frag=65480", "passes FI 1"}}},
    {"one-layer-tracks-for-itself", RULE("accept", "out", "<udp/>") "<rule action='drop' direction='out' statematch='false'><tcp-ipv6/></rule>",
     {{"out", "udp " A_TO_B " frag=0 size=16 more", "held: a fragment"},
      {"out", "udp [fd00::1]:1 [fd00::2]:80 ext=44 size=16 more", "passes FI end"}}},
};

static void
test_story(gconstpointer row)
{
    const Story *story = row;

    assert_story(story->rules, story->steps);
}

/* Connections end by themselves when nobody speaks. */
static const TimedStory timed_stories[] = {
    {"time",
     {{0, {"out", "udp " A_TO_B, "passes FI 1"}},
      {29, {"in", "udp " B_TO_A, "passes FO 1"}},
      {58, {"in", "udp " B_TO_A, "passes FO 1"}},
      {89, {"in", "udp " B_TO_A, "dropped FO 2"}}}},
    {"time-of-a-connection-that-is-its-own-answer",
     {{0, {"out", "udp " A " " A, "passes FI 1"}},
      {31, {"out", "udp " A " " A, "passes FI 1"}},
      {61, {"in", "udp " A " " A, "passes FO 1"}},
      {92, {"in", "udp " A " " A, "dropped FO 2"}}}},
    {"a-refusal-of-a-connection-that-is-its-own-answer",
     {{0, {"out", "tcp S " A " " A " seq=100", "passes"}},
      {1, {"in", "tcp RA " A " " A " ack=101", "passes FO 1"}},
      {2, {"in", "tcp RA " A " " A " ack=101", "dropped FO 2"}}}},
};

static void
test_timed_story(gconstpointer row)
{
    const TimedStory *story = row;
    g_autoptr(World) world = world_of_rules(RULE("accept", "out", "<all/>") DROP_ALL);
    g_autoptr(NwfPlan) plan = plan_of(world, NULL, NULL);
    g_autoptr(GPtrArray) plans = g_ptr_array_new();

    g_ptr_array_add(plans, plan);
    g_autoptr(NwfSimulator) simulator = nwf_simulator_new(plans, NULL);
    for (guint i = 0; story->steps[i].step.way != NULL; i++) {
        const Step *step = &story->steps[i].step;
        g_autofree char *fate = fate_of(simulator, plan, step->way, step->frame, story->steps[i].second * G_USEC_PER_SEC);

        if (!g_str_has_prefix(fate, step->fate))
            g_error("step %u: %s, expected %s", i + 1, fate, step->fate);
    }
}

/* Captures hold checksums that the card would have filled in: without the option they do not matter. */
static void
test_checksums_in_captures(void)
{
    g_autoptr(World) world = world_of_rules(RULE("accept", "out", "<udp/>") DROP_ALL);
    g_autoptr(NwfPlan) plan = plan_of(world, NULL, NULL);
    g_autoptr(GPtrArray) plans = g_ptr_array_new();

    g_ptr_array_add(plans, plan);
    g_autoptr(NwfSimulator) simulator = nwf_simulator_new(plans, NULL);
    g_autofree char *fate = fate_of(simulator, plan, "out", "udp " A_TO_B " poke=50:11", 0);

    g_assert_cmpstr(fate, ==, "passes FI 1");
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (guint i = 0; i < G_N_ELEMENTS(stories); i++) {
        g_autofree char *path = g_strconcat("/verdict/state/", stories[i].name, NULL);

        g_test_add_data_func(path, &stories[i], test_story);
    }
    for (guint i = 0; i < G_N_ELEMENTS(timed_stories); i++) {
        g_autofree char *path = g_strconcat("/verdict/state/", timed_stories[i].name, NULL);

        g_test_add_data_func(path, &timed_stories[i], test_timed_story);
    }
    g_test_add_func("/verdict/state/checksums-in-captures", test_checksums_in_captures);
    return g_test_run();
}
