/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test-verdict-odd.c: frames that filters get wrong
 *
 * Tags, fragments, extension headers, wrong lengths: the verdict says what the kernel does, not what one would like. The
 * oracle lane has seen each of these.
 */
#include "verdict-story.h"

#include <string.h>

#define RULE(action, direction, element)                                                                               \
    "<rule action='" action "' direction='" direction "' statematch='false'>" element "</rule>"
#define UDP4 "udp 10.0.0.1:1000 10.0.0.2:53"
#define UDP6 "udp [fd00::1]:1000 [fd00::2]:53"
#define SOUND "dropped: no sound IP packet"

typedef struct Oddity {
    const char *name, *rules;
    Step steps[6];
} Oddity;

static const Oddity oddities[] = {
    {"tags-hide-packets", RULE("drop", "out", "<udp/>") RULE("drop", "out", "<ip/>") RULE("drop", "out", "<vlan vlanid='7'/>"),
     {{"out", UDP4, "dropped I 1"}, {"out", UDP4 " vlan=5", "passes I end"}, {"out", UDP4 " vlan=7", "dropped I 2"}}},
    {"tags-hide-packets-from-ip-layers", RULE("drop", "inout", "<all/>"),
     {{"out", UDP4, "dropped FI 1"}, {"out", UDP4 " vlan=5", "passes"}, {"in", UDP4 " vlan=0", "passes"},
      {"host", UDP4 " vlan=5", "passes"}}},
    {"a-tag-cut-off", RULE("drop", "out", "<vlan/>"),
     {{"out", UDP4 " vlan=5 cut=19", "dropped: too short"}, {"out", UDP4 " vlan=5 cut=20", "dropped I 1"}}},
    {"sources-that-are-no-station", "",
     {{"out", UDP4 " src=01:00:5e:00:00:01", "dropped: the source address"},
      {"in", UDP4 " src=00:00:00:00:00:00", "dropped: the source address"}, {"out", "ether 88b5 cut=13", "dropped: too short"}}},
    {"unsound-ipv4", "",
     {{"out", UDP4 " badsum", SOUND}, {"out", UDP4 " cut=40", SOUND}, {"out", UDP4 " poke=14:65", SOUND},
      {"out", UDP4 " poke=14:44", SOUND}, {"in", UDP4 " pad=9", "passes"}}},
    {"unsound-ipv6", "",
     {{"out", UDP6 " cut=60", SOUND}, {"out", UDP6 " poke=14:45", SOUND}, {"out", UDP6 " ext=0 poke=57:20", SOUND},
      {"out", UDP6 " ext=0", "passes"}, {"out", UDP6 " pad=3", "passes"}}},
    {"unsound-packets-of-the-host-are-its-own", "", {{"hosts", UDP4 " badsum", "passes"}}},
    {"the-ethernet-layer-sees-unsound-packets", RULE("drop", "out", "<ip dstipaddr='10.0.0.2'/>"),
     {{"out", UDP4 " badsum", "dropped I 1"}, {"out", UDP4 " cut=33", SOUND}}},
    {"what-is-missing-matches-no-sign", RULE("drop", "out", "<ip match='no' dstipaddr='10.0.0.9'/>"),
     {{"out", UDP4, "dropped I 1"}, {"out", UDP4 " cut=33", SOUND}}},
    {"missing-ports-match-no-sign",
     RULE("drop", "out", "<ip protocol='udp'/><ip match='no' dstportstart='9'/>") RULE("drop", "out", "<mac/>"),
     {{"out", UDP4, "dropped I 1"}, {"out", UDP4 " frag=0 size=2", "dropped I 2"}}},
    {"a-missing-dscp-is-another-one", RULE("drop", "out", "<ip match='no' dscp='9'/>"),
     {{"out", UDP4 " cut=20", "dropped I 1"}, {"out", UDP4 " tos=24", "passes"}}},
    {"but-not-for-return", RULE("return", "out", "<ip match='no' dscp='9'/>") RULE("drop", "out", "<mac/>"),
     {{"out", UDP4 " cut=20", "dropped I 2"}, {"out", UDP4, "passes I 1"}}},
    {"arp-of-other-sizes", RULE("drop", "in", "<arp arpsrcipaddr='10.0.0.1'/>"),
     {{"in", "arp 1 10.0.0.1 10.0.0.2", "dropped O 1"}, {"in", "arp 1 10.0.0.1 10.0.0.2 plen=5", "passes"},
      {"in", "arp 1 10.0.0.1 10.0.0.2 hlen=5", "passes"}, {"in", "arp 1 10.0.0.1 10.0.0.2 ptype=86dd", "passes"},
      {"in", "arp 1 10.0.0.1 10.0.0.2 htype=6", "dropped O 1"}}},
    {"arp-addresses-move-with-the-lengths", RULE("drop", "in", "<arp arpdstipaddr='0.0.10.0'/>"),
     {{"in", "arp 1 10.0.0.1 10.0.0.2 hlen=5", "dropped O 1"}, {"in", "arp 1 10.0.0.1 10.0.0.2", "passes"}}},
    {"arp-macs-need-ethernet", RULE("drop", "in", "<arp arpsrcmacaddr='52:54:00:00:00:01'/>"),
     {{"in", "arp 1 10.0.0.1 10.0.0.2", "dropped O 1"}, {"in", "arp 1 10.0.0.1 10.0.0.2 htype=6", "passes"},
      {"in", "arp 1 10.0.0.1 10.0.0.2 hlen=7", "passes"}, {"in", "arp 1 10.0.0.1 10.0.0.2 ptype=86dd", "dropped O 1"}}},
    {"short-arp", RULE("drop", "in", "<arp match='no' opcode='2'/>"),
     {{"in", "arp 1 10.0.0.1 10.0.0.2", "dropped O 1"}, {"in", "arp 1 10.0.0.1 10.0.0.2 cut=21", "dropped: ARP"},
      {"in", "arp 1 10.0.0.1 10.0.0.2 cut=22", "dropped O 1"}, {"host", "arp 1 10.0.0.1 10.0.0.2 cut=21", "passes"}}},
    {"bpdus-of-other-versions", RULE("drop", "out", "<stp/>") ,
     {{"out", "stp 0", "dropped I 1"}, {"out", "stp 2", "dropped I 1"}}},
    {"bpdu-fields-only-where-the-kernel-takes-it-for-one", RULE("drop", "out", "<stp match='no' flags='9'/>"),
     {{"out", "stp 0", "dropped I 1"}, {"out", "stp 2", "passes"}, {"out", "stp 0 cut=50", "passes"},
      {"out", "stp 0 poke=14:41", "passes"}}},
    {"bpdu-types-other-than-0-match-nothing", RULE("drop", "out", "<stp type='128'/>"),
     {{"out", "stp 128", "passes"}, {"out", "stp 0", "passes"}}},
    {"fragments-at-the-ethernet-layer", RULE("drop", "out", "<ip protocol='udp' dstportstart='53'/>"),
     {{"out", UDP4 " frag=0 size=16 more", "dropped I 1"}, {"out", UDP4 " frag=16", "passes"},
      {"out", UDP4 " frag=8 poke=37:35", "passes"}}},
    {"ip-fragments-look-forged-at-the-ip-layer", RULE("drop", "out", "<udp dstportstart='53'/>"),
     {{"out", UDP4 " frag=0 size=16 more", "dropped FI 1"}, {"out", UDP4 " frag=8", "passes"},
      {"out", UDP4 " frag=8 poke=37:35", "dropped FI 1"}}},
    {"all-ports-ask-for-the-header", RULE("drop", "out", "<udp dstportstart='0' dstportend='65535'/>"),
     {{"out", UDP4, "dropped FI 1"}, {"out", UDP4 " frag=8", "passes"}, {"out", UDP4 " frag=0 size=4 more", "dropped FI 1"}}},
    {"all-ports-beside-others-say-nothing", RULE("drop", "out", "<udp srcportstart='0' srcportend='65535' dstportstart='53'/>"),
     {{"out", UDP4, "dropped FI 1"}, {"out", UDP4 " frag=8 poke=37:35", "dropped FI 1"}}},
    {"forged-by-flow-label", RULE("drop", "out", "<udp-ipv6 dstportstart='53'/>"),
     {{"out", UDP6 " ext=44 frag=8", "passes"}, {"out", UDP6 " ext=44 frag=8 flow=53", "dropped FI 1"},
      {"out", UDP6 " ext=44 more", "dropped FI 1"}}},
    {"tcp-options-are-not-sought-in-fragments", RULE("drop", "out", "<tcp option='5'/>") RULE("accept", "out", "<all/>"),
     {{"out", "tcp S 10.0.0.1:1 10.0.0.2:80 opt=5", "dropped FI 1"},
      {"out", "tcp S 10.0.0.1:1 10.0.0.2:80 opt=5 frag=16", "passes FI 2"},
      {"out", "tcp S 10.0.0.1:1 10.0.0.2:80 opt=5 frag=8", "dropped FI 1"},
      {"out", "tcp S 10.0.0.1:1 10.0.0.2:80 opt=5 size=16", "dropped FI 1"}}},
    {"short-messages-are-dropped", RULE("accept", "out", "<icmp type='8'/>"),
     {{"out", "icmp 8/0 10.0.0.1 10.0.0.2 size=7", "dropped FI 1"}, {"out", "icmp 8/0 10.0.0.1 10.0.0.2 size=8", "passes FI 1"},
      {"out", "icmp 9/0 10.0.0.1 10.0.0.2 frag=8", "passes FI end"}}},
    {"extension-headers-hide-nothing", RULE("drop", "out", "<icmpv6 type='134'/>"),
     {{"out", "icmp 134/0 fd00::1 fd00::2 ext=0", "dropped FI 1"}, {"out", "icmp 134/0 fd00::1 fd00::2 ext=60,43", "dropped FI 1"},
      {"out", "icmp 134/0 fd00::1 fd00::2 ext=44", "dropped FI 1"}, {"out", "icmp 134/0 fd00::1 fd00::2 ext=59", "passes"}}},
    {"nor-at-the-ethernet-layer", RULE("drop", "out", "<ipv6 protocol='icmpv6' type='134'/>"),
     {{"out", "icmp 134/0 fd00::1 fd00::2 ext=0,60", "dropped I 1"}, {"out", "icmp 134/0 fd00::1 fd00::2 ext=44", "dropped I 1"},
      {"out", "icmp 134/0 fd00::1 fd00::2 ext=59", "passes"}, {"out", "icmp 133/0 fd00::1 fd00::2 ext=0", "passes"}}},
    {"a-later-fragment-has-the-protocol-of-its-header", RULE("drop", "out", "<ipv6 protocol='44'/>"),
     {{"out", UDP6 " ext=44 frag=8", "dropped I 1"}, {"out", UDP6 " ext=44 more", "passes"}, {"out", UDP6, "passes"}}},
};

static void
test_oddity(gconstpointer row)
{
    const Oddity *oddity = row;

    assert_story(oddity->rules, oddity->steps);
}

/* A port with a rule for each kind of header. */
static NwfSimulator *
curious_simulator(NwfPlan **plan)
{
    g_autoptr(World) world = world_new();
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) plans = g_ptr_array_new_with_free_func((GDestroyNotify)nwf_plan_unref);
    const NwfSimulatorOptions options = {.verify_checksums = TRUE};

    world_add(world, "<filter name='root'>" RULE("drop", "inout", "<arp arpdstipaddr='1.1.1.1' arpdstmacaddr='1:1:1:1:1:1'/>")
                  RULE("drop", "inout", "<arp gratuitous='true'/>") RULE("drop", "inout", "<vlan encap-protocol='arp'/>")
                  RULE("drop", "inout", "<ip protocol='udp' dstportstart='1'/>") RULE("drop", "inout", "<ip dscp='1'/>")
                  RULE("drop", "inout", "<ipv6 protocol='icmpv6' type='1'/>") RULE("drop", "inout", "<stp root-cost='1'/>")
                  RULE("drop", "inout", "<tcp option='5'/>") RULE("drop", "inout", "<icmp type='1'/>")
                  "<rule action='drop' direction='inout'><all state='RELATED'/></rule>"
                  "<rule action='drop' direction='inout'><all-ipv6 state='RELATED'/></rule>"
                  "<rule action='drop' direction='in'><all connlimit-above='3'/></rule>"
                  "</filter>");
    *plan = plan_of(world, NULL, &error);
    g_assert_no_error(error);
    g_ptr_array_add(plans, *plan);
    return nwf_simulator_new(plans, &options);
}

static guint8 *
copy_of(const guint8 *bytes, guint length)
{
    guint8 *copy = g_malloc(length);

    return length > 0 ? memcpy(copy, bytes, length) : copy;
}

static NwfFate
curious_fate(NwfSimulator *simulator, const NwfPlan *plan, const guint8 *frame, guint length, gint64 now)
{
    g_autofree guint8 *exact = copy_of(frame, length); /* so that a read behind the end is seen */
    const NwfEnd ends[] = {{plan, FALSE}, {NULL, TRUE}};
    NwfDecision decisions[2];

    nwf_simulator_frame(simulator, exact, length, now, &ends[0], ends, 2, decisions);
    return decisions[0].fate;
}

/* Frames of ones and zeros, of every length: nothing but a verdict comes of them. */
static void
test_ones_and_zeros(void)
{
    static const guint16 types[] = {0x0000, 0x0800, 0x86dd, 0x0806, 0x8035, 0x8100, 0x88a8, 0xffff};
    static const guint8 starts[] = {0x00, 0x45, 0x4f, 0x60, 0xff};
    NwfPlan *plan;
    g_autoptr(NwfSimulator) simulator = curious_simulator(&plan);

    for (guint i = 0; i < G_N_ELEMENTS(types) * G_N_ELEMENTS(starts) * 2 * 100; i++) {
        guint16 type = types[i / 200 % G_N_ELEMENTS(types)];
        guint8 frame[100];

        memset(frame, i / 100 % 2 == 0 ? 0 : 0xff, sizeof(frame));
        frame[0] = frame[6] = 0x52;
        frame[12] = (guint8)(type >> 8);
        frame[13] = (guint8)type;
        frame[14] = starts[i / 200 / G_N_ELEMENTS(types)];
        NwfFate fate = curious_fate(simulator, plan, frame, i % 100, i);
        g_assert_cmpint(fate, <=, NWF_FATE_UNKNOWN);
        g_assert_true(i % 100 >= 14 || fate == NWF_FATE_DROPPED);
    }
}

/* Honest frames with some bytes changed and some cut off; checksums are mended now and then so that the rest is read. */
static void
test_changed_bytes(void)
{
    static const char *const frames[] = {
        "tcp S 10.0.0.1:1 10.0.0.2:80 opt=5", "tcp SA 10.0.0.2:80 10.0.0.1:1", "icmp 8/0 10.0.0.1 10.0.0.2", "ip 132 10.0.0.1 10.0.0.2",
        "udp 10.0.0.1:1 10.0.0.2:2 frag=8 more", "udp 10.0.0.1:1 10.0.0.2:2 size=16 more", "arp 1 10.0.0.1 10.0.0.2", "stp 0",
        "udp [fd00::1]:1 [fd00::2]:2 ext=0,60,43,44 frag=8", "icmp 1/0 fd00::1 fd00::2", "tcp A [fd00::1]:1 [fd00::2]:2 ext=44 more",
        "error 10.0.0.9 of udp 10.0.0.1:1 10.0.0.2:2", "ip 51 fd00::1 fd00::2 ext=60", "udp 10.0.0.1:1 10.0.0.2:2 vlan=5",
    };
    NwfPlan *plan;
    g_autoptr(NwfSimulator) simulator = curious_simulator(&plan);
    g_autoptr(GRand) random = g_rand_new_with_seed(20250301);

    for (guint i = 0; i < 40000; i++) {
        g_autoptr(GByteArray) frame = frame_of(frames[i % G_N_ELEMENTS(frames)]);

        for (gint32 n = g_rand_int_range(random, 0, 4); n > 0; n--)
            frame->data[g_rand_int_range(random, 12, (gint32)frame->len)] = (guint8)g_rand_int(random);
        if (frame->data[12] == 8 && frame->data[13] == 0) { /* the header's checksum, for 20 bytes of it */
            guint sum = 0;

            frame->data[24] = frame->data[25] = 0;
            for (guint j = 14; j < 34; j += 2)
                sum += (guint)frame->data[j] << 8 | frame->data[j + 1];
            sum = (sum & 0xffff) + (sum >> 16);
            frame->data[24] = (guint8)~(sum >> 8);
            frame->data[25] = (guint8)~sum;
        }
        guint length = g_rand_int_range(random, 0, 3) > 0 ? frame->len : (guint)g_rand_int_range(random, 14, (gint32)frame->len);
        g_assert_cmpint(curious_fate(simulator, plan, frame->data, length, i * 1000), <=, NWF_FATE_UNKNOWN);
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (guint i = 0; i < G_N_ELEMENTS(oddities); i++) {
        g_autofree char *path = g_strconcat("/verdict/odd/", oddities[i].name, NULL);

        g_test_add_data_func(path, &oddities[i], test_oddity);
    }
    g_test_add_func("/verdict/odd/ones-and-zeros", test_ones_and_zeros);
    g_test_add_func("/verdict/odd/changed-bytes", test_changed_bytes);
    return g_test_run();
}
