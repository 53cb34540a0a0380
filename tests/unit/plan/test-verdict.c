/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test-verdict.c: what becomes of frames, chain by chain and protocol by protocol
 *
 * What is claimed of the kernel here, the oracle lane has seen the kernel do.
 */
#include "verdict-story.h"

#define RULE(action, direction, element) "<rule action='" action "' direction='" direction "'>" element "</rule>"
#define LAST(action, direction, element)                                                                               \
    "<rule action='" action "' direction='" direction "' priority='1000'>" element "</rule>"
#define STATELESS(action, direction, element)                                                                          \
    "<rule action='" action "' direction='" direction "' statematch='false'>" element "</rule>"
#define DROP_ALL LAST("drop", "inout", "<all/>") LAST("drop", "inout", "<all-ipv6/>")

/* ---- chains ---- */

static void
test_no_rules_let_everything_pass(void)
{
    assert_story("", (const Step[]){{"out", "udp 10.0.0.1:1 10.0.0.2:2", "passes"},
                                    {"in", "ether 88b5", "passes"},
                                    {"host", "arp 1 10.0.0.1 10.0.0.2", "passes"},
                                    {NULL}});
}

/* Each layer has its say on the way; the rule that tells most is named. */
static void
test_the_way_of_a_frame(void)
{
    const char *rules = RULE("drop", "out", "<ip dscp='1'/>") RULE("accept", "in", "<ip dscp='2'/>")
        RULE("drop", "in", "<ip dscp='3'/>") STATELESS("drop", "out", "<udp dscp='4'/>")
            STATELESS("reject", "in", "<udp dscp='5'/>");

    assert_story(rules, (const Step[]){{"out", "udp 10.0.0.1:1 10.0.0.2:2 tos=4", "dropped I 1"},
                                       {"out", "udp 10.0.0.1:1 10.0.0.2:2 tos=8", "passes I end"},
                                       {"in", "udp 10.0.0.1:1 10.0.0.2:2 tos=8", "passes O 1"},
                                       {"in", "udp 10.0.0.1:1 10.0.0.2:2 tos=c", "dropped O 2"},
                                       {"out", "udp 10.0.0.1:1 10.0.0.2:2 tos=10", "dropped FI 1"},
                                       {"in", "udp 10.0.0.1:1 10.0.0.2:2 tos=14", "rejected FO 2"},
                                       {"host", "udp 10.0.0.1:1 10.0.0.2:2 tos=10", "dropped HI 1"},
                                       {"host", "udp 10.0.0.1:1 10.0.0.2:2 tos=c", "passes I end"},
                                       {NULL}});
}

/* Frames of the host itself pass the Ethernet rules of the receiver alone. */
static void
test_frames_of_the_host(void)
{
    assert_story(RULE("drop", "in", "<ip dscp='1'/>") STATELESS("drop", "in", "<all/>"),
                 (const Step[]){{"hosts", "udp 10.0.0.9:1 10.0.0.2:2 tos=4", "dropped O 1"},
                                {"hosts", "udp 10.0.0.9:1 10.0.0.2:2", "passes O end"},
                                {"in", "udp 10.0.0.9:1 10.0.0.2:2", "dropped FO 1"},
                                {NULL}});
}

/* The end of a sub-chain accepts for good; only RETURN leads back. */
static void
test_ends_of_chains(void)
{
    g_autoptr(World) world = world_new();

    world_add(world, "<filter name='root'><filterref filter='ip'/>" LAST("drop", "inout", "") "</filter>"
                     "<filter name='ip' chain='ipv4'>" RULE("return", "inout", "<ip protocol='udp'/>")
                         RULE("drop", "inout", "<ip protocol='tcp'/>") "</filter>");
    assert_world_story(world, NULL, (const Step[]){{"out", "ip 50 10.0.0.1 10.0.0.2", "passes I/ipv4 end"},
                                                   {"out", "tcp S 10.0.0.1:1 10.0.0.2:2", "dropped I/ipv4 2"},
                                                   {"out", "udp 10.0.0.1:1 10.0.0.2:2", "dropped I 2"},
                                                   {"out", "ether 88b5", "dropped I 2"},
                                                   {"in", "ip 50 10.0.0.1 10.0.0.2", "passes O/ipv4 end"},
                                                   {NULL}});
}

static void
test_return_and_continue(void)
{
    const char *rules = RULE("continue", "out", "<mac protocolid='0x88b5'/>") RULE("return", "out", "<mac protocolid='0x88b6'/>")
        LAST("drop", "out", "");

    assert_story(rules, (const Step[]){{"out", "ether 88b5", "dropped I 3"}, {"out", "ether 88b6", "passes I 2"}, {NULL}});
}

/* Two ports with filters: a frame must please both, and both directions of the rules meet. */
static void
test_both_ends_are_filtered(void)
{
    g_autoptr(World) world = world_of_rules(STATELESS("drop", "out", "<udp dstportstart='1'/>")
                                                STATELESS("drop", "in", "<udp dstportstart='2'/>"));
    g_autoptr(GError) error = NULL;
    g_autoptr(NwfPlan) a = plan_of(world, NULL, &error), b = plan_of(world, NULL, &error);
    g_autoptr(GPtrArray) plans = g_ptr_array_new();
    const struct {
        const char *frame;
        NwfFate fate;
        const NwfPlan *by;
    } cases[] = {
        {"udp 10.0.0.1:9 10.0.0.2:1", NWF_FATE_DROPPED, a},
        {"udp 10.0.0.1:9 10.0.0.2:2", NWF_FATE_DROPPED, b},
        {"udp 10.0.0.1:9 10.0.0.2:3", NWF_FATE_PASSES, NULL},
    };

    g_ptr_array_add(plans, a);
    g_ptr_array_add(plans, b);
    g_autoptr(NwfSimulator) simulator = nwf_simulator_new(plans, NULL);
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GByteArray) frame = frame_of(cases[i].frame);
        const NwfEnd from = {a, FALSE}, to = {b, FALSE};
        NwfDecision decision;

        nwf_simulator_frame(simulator, frame->data, frame->len, 0, &from, &to, 1, &decision);
        g_assert_cmpint(decision.fate, ==, cases[i].fate);
        if (cases[i].by != NULL)
            g_assert_true(decision.deciding->plan == cases[i].by);
    }
}

/* A group address has many ends, each with its own fate. */
static void
test_many_ends(void)
{
    g_autoptr(World) world = world_of_rules(RULE("drop", "in", "<mac dstmacaddr='ff:ff:ff:ff:ff:ff'/>"));
    g_autoptr(NwfPlan) plan = plan_of(world, NULL, NULL);
    g_autoptr(GPtrArray) plans = g_ptr_array_new();
    g_autoptr(NwfSimulator) simulator = nwf_simulator_new(plans, NULL);
    g_autoptr(GByteArray) frame = frame_of("ether 88b5 dst=ff:ff:ff:ff:ff:ff");
    const NwfEnd from = {NULL, FALSE}, to[] = {{plan, FALSE}, {NULL, FALSE}, {NULL, TRUE}};
    NwfDecision decisions[3];

    nwf_simulator_frame(simulator, frame->data, frame->len, 0, &from, to, 3, decisions);
    g_assert_cmpint(decisions[0].fate, ==, NWF_FATE_DROPPED);
    g_assert_cmpint(decisions[1].fate, ==, NWF_FATE_PASSES);
    g_assert_cmpint(decisions[2].fate, ==, NWF_FATE_PASSES);
}

/* ---- protocols: a rule that drops; a frame that it hits, and one that it misses ---- */

static const struct {
    const char *element, *hit, *miss;
} protocols[] = {
    {"<mac srcmacaddr='52:54:00:00:00:01'/>", "ether 88b5", "ether 88b5 src=52:54:00:00:00:03"},
    {"<mac dstmacaddr='01:00:00:00:00:00' dstmacmask='80:00:00:00:00:00'/>", "ether 88b5", "ether 88b5 dst=80:54:00:00:00:01"},
    {"<mac match='no' protocolid='arp'/>", "ether 88b5", "arp 1 10.0.0.1 10.0.0.2"},
    {"<vlan vlanid='5'/>", "ether 88b5 vlan=5", "ether 88b5 vlan=6"},
    {"<vlan encap-protocol='ipv4'/>", "udp 10.0.0.1:1 10.0.0.2:2 vlan=5", "ether 88b5 vlan=5"},
    {"<vlan/>", "ether 88b5 vlan=0", "ether 88b5"},
    {"<arp opcode='Request'/>", "arp 1 10.0.0.1 10.0.0.2", "arp 2 10.0.0.1 10.0.0.2"},
    {"<arp arpsrcipaddr='10.0.0.0' arpsrcipmask='31'/>", "arp 1 10.0.0.1 10.0.0.2", "arp 1 10.0.0.2 10.0.0.2"},
    {"<arp gratuitous='true'/>", "arp 1 10.0.0.1 10.0.0.1", "arp 1 10.0.0.1 10.0.0.2"},
    {"<arp arpsrcmacaddr='52:54:00:00:00:01'/>", "arp 1 10.0.0.1 10.0.0.2", "arp 1 10.0.0.1 10.0.0.2 poke=27:09"},
    {"<arp hwtype='6'/>", "arp 1 10.0.0.1 10.0.0.2 htype=6", "arp 1 10.0.0.1 10.0.0.2"},
    {"<stp root-priority='0x8000'/>", "stp 0 pri=8000", "stp 0 pri=8001"},
    {"<stp flags='1'/>", "stp 0 flags=1", "stp 0"},
    {"<ip srcipaddr='10.0.0.0' srcipmask='8'/>", "udp 10.0.0.1:1 10.0.0.2:2", "udp 11.0.0.1:1 10.0.0.2:2"},
    {"<ip match='no' dstipaddr='10.0.0.2'/>", "udp 10.0.0.1:1 10.0.0.3:2", "udp 10.0.0.1:1 10.0.0.2:2"},
    {"<ip protocol='udp' dstportstart='5' dstportend='9'/>", "udp 10.0.0.1:1 10.0.0.2:9", "udp 10.0.0.1:1 10.0.0.2:10"},
    {"<ip dscp='46'/>", "udp 10.0.0.1:1 10.0.0.2:9 tos=ba", "udp 10.0.0.1:1 10.0.0.2:9 tos=bc"},
    {"<ipv6 srcipaddr='fd00::' srcipmask='127'/>", "udp [fd00::1]:1 [fd00::2]:2", "udp [fd00::2]:1 [fd00::2]:2"},
    {"<ipv6 protocol='icmpv6' type='134'/>", "icmp 134/0 fd00::1 fd00::2", "icmp 133/0 fd00::1 fd00::2"},
    {"<ipv6 protocol='tcp' srcportstart='1'/>", "tcp S [fd00::1]:1 [fd00::2]:2", "tcp S [fd00::1]:2 [fd00::2]:2"},
    {"<tcp dstportstart='80'/>", "tcp S 10.0.0.1:1 10.0.0.2:80", "tcp S 10.0.0.1:1 10.0.0.2:81"},
    {"<tcp flags='SYN,ACK/SYN'/>", "tcp S 10.0.0.1:1 10.0.0.2:80", "tcp SA 10.0.0.1:1 10.0.0.2:80"},
    {"<tcp option='5'/>", "tcp S 10.0.0.1:1 10.0.0.2:80 opt=5", "tcp S 10.0.0.1:1 10.0.0.2:80 opt=8"},
    {"<udp match='no' srcportstart='1'/>", "udp 10.0.0.1:2 10.0.0.2:80", "udp 10.0.0.1:1 10.0.0.2:80"},
    {"<udp srcipfrom='10.0.0.1' srcipto='10.0.0.3'/>", "udp 10.0.0.3:2 10.0.0.2:80", "udp 10.0.0.4:2 10.0.0.2:80"},
    {"<all dscp='46'/>", "ip 50 10.0.0.1 10.0.0.2 tos=b8", "ip 50 10.0.0.1 10.0.0.2 tos=b4"},
    {"<all srcmacaddr='52:54:00:00:00:01'/>", "ip 50 10.0.0.1 10.0.0.2", "ip 50 10.0.0.1 10.0.0.2 src=52:54:00:00:00:03"},
    {"<esp/>", "ip 50 10.0.0.1 10.0.0.2", "ip 51 10.0.0.1 10.0.0.2"},
    {"<ah/>", "ip 51 10.0.0.1 10.0.0.2", "ip 50 10.0.0.1 10.0.0.2"},
    {"<igmp/>", "ip 2 10.0.0.1 10.0.0.2", "ip 50 10.0.0.1 10.0.0.2"},
    {"<udplite/>", "ip 136 10.0.0.1 10.0.0.2", "udp 10.0.0.1:2 10.0.0.2:80"},
    {"<sctp dstportstart='0'/>", "ip 132 10.0.0.1 10.0.0.2", "ip 132 10.0.0.1 10.0.0.2 poke=37:01"},
    {"<icmp type='8' code='0'/>", "icmp 8/0 10.0.0.1 10.0.0.2", "icmp 8/1 10.0.0.1 10.0.0.2"},
    {"<icmp type='255'/>", "icmp 13/0 10.0.0.1 10.0.0.2", "udp 10.0.0.1:2 10.0.0.2:80"},
    {"<icmpv6 type='128'/>", "icmp 128/0 fd00::1 fd00::2", "icmp 129/0 fd00::1 fd00::2"},
    {"<udp-ipv6 dstipaddr='fd00::2'/>", "udp [fd00::1]:1 [fd00::2]:2", "udp [fd00::1]:1 [fd00::3]:2"},
    {"<tcp-ipv6 flags='SYN/SYN'/>", "tcp S [fd00::1]:1 [fd00::2]:2", "tcp A [fd00::1]:1 [fd00::3]:2"},
    {"<all-ipv6/>", "ip 50 fd00::1 fd00::2", "ip 50 10.0.0.1 10.0.0.2"},
};

static void
test_protocol(gconstpointer row)
{
    guint i = GPOINTER_TO_UINT(row);
    g_autofree char *out = g_strdup_printf(STATELESS("drop", "out", "%s"), protocols[i].element);
    g_autofree char *in = g_strdup_printf(STATELESS("drop", "in", "%s"), protocols[i].element);

    assert_story(out, (const Step[]){{"out", protocols[i].hit, "dropped"}, {"out", protocols[i].miss, "passes"}, {NULL}});
    assert_story(in, (const Step[]){{"in", protocols[i].hit, "dropped"}, {"in", protocols[i].miss, "passes"}, {NULL}});
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/verdict/no-rules", test_no_rules_let_everything_pass);
    g_test_add_func("/verdict/the-way-of-a-frame", test_the_way_of_a_frame);
    g_test_add_func("/verdict/frames-of-the-host", test_frames_of_the_host);
    g_test_add_func("/verdict/ends-of-chains", test_ends_of_chains);
    g_test_add_func("/verdict/return-and-continue", test_return_and_continue);
    g_test_add_func("/verdict/both-ends", test_both_ends_are_filtered);
    g_test_add_func("/verdict/many-ends", test_many_ends);
    for (guint i = 0; i < G_N_ELEMENTS(protocols); i++) {
        g_autofree char *path = g_strdup_printf("/verdict/protocol/%02u", i);

        g_test_add_data_func(path, GUINT_TO_POINTER(i), test_protocol);
    }
    return g_test_run();
}
