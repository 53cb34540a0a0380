/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test-capture.c: what the kernel lets a capture see, and how it arrives
 */
#include <net/if.h>
#include <poll.h>
#include <string.h>
#include <sys/resource.h>

#include "driver/learn/capture.h"
#include "tests/unit/learn/kernel/net.h"

typedef struct Seen {
    guint n;
    gsize length, wire;
    guint8 bytes[64];
} Seen;

static void
on_frame(NwfBytes frame, gsize wire_length, gpointer data)
{
    Seen *seen = data;

    seen->n++;
    seen->length = frame.length;
    seen->wire = wire_length;
    memcpy(seen->bytes, frame.data, MIN(frame.length, sizeof(seen->bytes)));
}

static NwfCaptureKind
kind_of(const char *device, NwfLearnDirection direction, gboolean sources)
{
    NwfCaptureKind kind = {.ifindex = if_nametoindex(device), .direction = direction, .sources = sources};

    memcpy(kind.mac, vm_mac, 6);
    return kind;
}

static NwfCapture *
open_capture(const char *device, NwfLearnDirection direction, gboolean sources)
{
    NwfCaptureKind kind = kind_of(device, direction, sources);
    g_autoptr(GError) error = NULL;
    NwfCapture *capture = nwf_capture_open(&kind, &error);

    g_assert_no_error(error);
    g_assert_nonnull(capture);
    return capture;
}

/* Whether it wakes a poll loop. A frame through a veth pair is there when send() returns, or very soon; on a busy
 * machine what is expected may take longer. */
static gboolean
wakes(NwfCapture *capture, gboolean expected)
{
    struct pollfd waiting = {.fd = capture->fd, .events = POLLIN};

    return poll(&waiting, 1, expected ? 10000 : 30) > 0;
}

/* ---- the kernel's filter ---- */

enum { DHCP = 1, SOURCES = 2, SERVER = 4 };

typedef struct FilterCase {
    const char *name, *frame;
    guint seen_by; /* captures that it wakes */
} FilterCase;

static const FilterCase filter_cases[] = {
    {"arp", "from arp 10.0.0.5 10.0.0.1", SOURCES},
    {"ip", "from ip 10.0.0.5 10.0.0.1", SOURCES},
    {"request", "from request xid=7 want=10.0.0.5", DHCP | SOURCES},
    {"request-ip-options", "from request xid=7 want=10.0.0.5 ipopts", DHCP | SOURCES},
    {"request-fragment", "from request xid=7 want=10.0.0.5 frag=0x2000", SOURCES},
    {"request-later-fragment", "from request xid=7 want=10.0.0.5 frag=0x0010", SOURCES},
    {"request-tcp", "from request xid=7 want=10.0.0.5 proto=6", SOURCES},
    {"request-other-ports", "from request xid=7 want=10.0.0.5 dport=68", SOURCES},
    {"request-foreign-mac", "from request xid=7 want=10.0.0.5 esrc=other", 0},
    {"request-tagged", "from request xid=7 want=10.0.0.5 tagged", DHCP | SOURCES},
    {"ipv6", "from type=86dd", 0},
    {"guest-plays-server", "from ack xid=7 yi=10.0.0.5 sport=67 dport=68", SOURCES},
    {"ack", "to ack xid=7 yi=10.0.0.5", SERVER},
    {"ack-unicast", "to ack xid=7 yi=10.0.0.5 edst=vm", SERVER},
    {"ack-ip-options", "to ack xid=7 yi=10.0.0.5 ipopts", SERVER},
    {"ack-foreign-chaddr", "to ack xid=7 yi=10.0.0.5 chaddr=other", 0},
    {"ack-fragment", "to ack xid=7 yi=10.0.0.5 frag=0x2000", 0},
    {"ack-tcp", "to ack xid=7 yi=10.0.0.5 proto=6", 0},
    {"ack-sctp", "to ack xid=7 yi=10.0.0.5 proto=132", 0},
    {"request-to-the-vm", "to request xid=7 want=10.0.0.5 esrc=vm sport=68 dport=67", 0},
    {"arp-to-the-vm", "to arp 10.0.0.5 10.0.0.1 esrc=vm", 0},
    {"ip-to-the-vm", "to ip 10.0.0.5 10.0.0.1 esrc=vm", 0},
};

static void
test_filter(gconstpointer data)
{
    const FilterCase *row = data;
    guint seen_by = 0;

    net_fresh();
    net_port("vnet0");
    g_autoptr(NwfCapture) dhcp = open_capture("vnet0", NWF_FROM_VM, FALSE);
    g_autoptr(NwfCapture) sources = open_capture("vnet0", NWF_FROM_VM, TRUE);
    g_autoptr(NwfCapture) server = open_capture("vnet0", NWF_TO_VM, FALSE);
    net_send("vnet0", 1, row->frame);
    seen_by |= wakes(dhcp, row->seen_by & DHCP) ? DHCP : 0;
    seen_by |= wakes(sources, row->seen_by & SOURCES) ? SOURCES : 0;
    seen_by |= wakes(server, row->seen_by & SERVER) ? SERVER : 0;
    g_assert_cmpuint(seen_by, ==, row->seen_by);
}

/* A macvtap's frames are seen the other way round. */
static void
test_a_macvtap_sees_it_the_other_way_round(void)
{
    NwfCaptureKind kind;

    net_fresh();
    net_port("eth0"); /* what is sent out of it is "to"; here that is what leaves the host, from the VM */
    kind = kind_of("eth0", NWF_FROM_VM, TRUE);
    kind.macvlan = TRUE;
    g_autoptr(NwfCapture) from = nwf_capture_open(&kind, NULL);
    kind = kind_of("eth0", NWF_TO_VM, FALSE);
    kind.macvlan = TRUE;
    g_autoptr(NwfCapture) to = nwf_capture_open(&kind, NULL);
    net_send("eth0", 1, "from arp 10.0.0.5 10.0.0.1"); /* comes in, with the VM's MAC: somebody else's */
    g_assert_false(wakes(from, FALSE));
    net_send("eth0", 1, "to arp 10.0.0.5 10.0.0.1 esrc=vm");
    g_assert_true(wakes(from, TRUE));
    net_send("eth0", 1, "to ack xid=7 yi=10.0.0.5");
    g_assert_false(wakes(to, FALSE));
    net_send("eth0", 1, "from ack xid=7 yi=10.0.0.5 sport=67 dport=68 op=2 esrc=other");
    g_assert_true(wakes(to, TRUE));
}

/* What others say costs no wake-up where the servers are known; up to as many as there is room for. */
static void
test_servers_that_count(void)
{
    NwfCaptureKind kind;

    net_fresh();
    net_port("vnet0");
    kind = kind_of("vnet0", NWF_TO_VM, FALSE);
    for (kind.n_servers = 0; kind.n_servers < NWF_CAPTURE_SERVERS; kind.n_servers++)
        kind.servers[kind.n_servers] = 0x0a000001 + kind.n_servers; /* 10.0.0.1 and more */
    g_autoptr(NwfCapture) capture = nwf_capture_open(&kind, NULL);
    g_assert_nonnull(capture);
    net_send("vnet0", 1, "to ack src=10.0.0.66 xid=7 yi=10.0.0.5");
    net_send("vnet0", 1, "to ack src=10.0.0.16 xid=7 yi=10.0.0.5 chaddr=other");
    g_assert_false(wakes(capture, FALSE));
    net_send("vnet0", 1, "to ack src=10.0.0.16 xid=7 yi=10.0.0.5");
    g_assert_true(wakes(capture, TRUE));
    g_assert_cmpuint(nwf_capture_read(capture, 16, on_frame, &(Seen){0}), ==, 1);
    kind.servers[0] = 0x0a000042; /* 10.0.0.66 */
    g_assert_true(nwf_capture_change(capture, &kind, NULL));
    net_send("vnet0", 1, "to ack src=10.0.0.1 xid=7 yi=10.0.0.5");
    g_assert_false(wakes(capture, FALSE));
    net_send("vnet0", 1, "to ack src=10.0.0.66 xid=7 yi=10.0.0.5");
    g_assert_true(wakes(capture, TRUE));
}

/* Answers to open questions alone; what came under an older filter is still read. */
static void
test_transaction_numbers_that_count(void)
{
    NwfCaptureKind kind;

    net_fresh();
    net_port("vnet0");
    kind = kind_of("vnet0", NWF_TO_VM, FALSE);
    kind.narrow = TRUE;
    g_autoptr(NwfCapture) capture = nwf_capture_open(&kind, NULL);
    g_assert_nonnull(capture);
    net_send("vnet0", 1, "to ack xid=0 yi=10.0.0.5"); /* no question is open */
    g_assert_false(wakes(capture, FALSE));
    for (kind.n_xids = 0; kind.n_xids < NWF_CAPTURE_XIDS; kind.n_xids++)
        kind.xids[kind.n_xids] = 0xfffffff8 + kind.n_xids;
    g_assert_true(nwf_capture_change(capture, &kind, NULL));
    net_send("vnet0", 1, "to ack xid=7 yi=10.0.0.5");
    g_assert_false(wakes(capture, FALSE));
    net_send("vnet0", 1, "to ack xid=4294967295 yi=10.0.0.5");
    net_send("vnet0", 1, "to ack xid=4294967288 yi=10.0.0.5 ipopts");
    kind.n_xids = 1;
    kind.xids[0] = 7;
    kind.n_servers = 1;
    kind.servers[0] = 0x0a000001;
    g_assert_true(nwf_capture_change(capture, &kind, NULL));
    net_send("vnet0", 1, "to ack xid=4294967295 yi=10.0.0.5");
    net_send("vnet0", 1, "to ack xid=7 yi=10.0.0.5 src=10.0.0.66");
    net_send("vnet0", 1, "to ack xid=7 yi=10.0.0.5");
    g_assert_true(wakes(capture, TRUE));
    g_usleep(20000);
    g_assert_cmpuint(nwf_capture_read(capture, 16, on_frame, &(Seen){0}), ==, 3);
}

static void
test_only_what_was_asked_for_from_the_first_frame_on(void)
{
    NwfCaptureKind more = {.sources = TRUE}, fewer = {.sources = FALSE};
    Seen seen = {0};

    net_fresh();
    net_port("vnet0");
    g_autoptr(NwfCapture) capture = open_capture("vnet0", NWF_FROM_VM, FALSE);
    net_send("vnet0", 1, "from arp 10.0.0.5 10.0.0.1");
    g_assert_true(nwf_capture_change(capture, &more, NULL));
    net_send("vnet0", 1, "from arp 10.0.0.6 10.0.0.1");
    g_assert_true(wakes(capture, TRUE));
    g_assert_true(nwf_capture_change(capture, &fewer, NULL));
    net_send("vnet0", 1, "from arp 10.0.0.7 10.0.0.1");
    g_assert_cmpuint(nwf_capture_read(capture, 16, on_frame, &seen), ==, 1);
    g_assert_cmpuint(seen.bytes[31], ==, 6);
}

/* ---- the bytes ---- */

static void
test_a_tag_is_put_back(void)
{
    static const guint8 expected[] = {0x81, 0x00};
    Seen plain = {0}, tagged = {0};

    net_fresh();
    net_port("vnet0");
    g_autoptr(NwfCapture) capture = open_capture("vnet0", NWF_FROM_VM, TRUE);
    net_send("vnet0", 1, "from arp 10.0.0.5 10.0.0.1");
    g_assert_true(wakes(capture, TRUE));
    g_assert_cmpuint(nwf_capture_read(capture, 16, on_frame, &plain), ==, 1);
    net_send("vnet0", 1, "from arp 10.0.0.5 10.0.0.1 tagged");
    g_assert_true(wakes(capture, TRUE));
    g_assert_cmpuint(nwf_capture_read(capture, 16, on_frame, &tagged), ==, 1);
    g_assert_cmpuint(tagged.length, ==, plain.length); /* both were padded to the shortest frame */
    g_assert_cmpuint(tagged.wire, ==, tagged.length);
    g_assert_cmpmem(tagged.bytes, 12, plain.bytes, 12);
    g_assert_cmpmem(tagged.bytes + 12, 2, expected, 2);
    g_assert_cmpmem(tagged.bytes + 16, 26, plain.bytes + 12, 26);
}

static void
test_a_long_frame_is_cut_and_its_length_known(void)
{
    GString *line = g_string_new("from request xid=7");
    Seen seen = {0};

    net_fresh();
    net_port("vnet0");
    net_run("ip link set vnet0 mtu 9000; ip link set g-vnet0 mtu 9000");
    for (guint i = 0; i < 7; i++) {
        g_string_append(line, " opt=43:");
        for (guint n = 0; n < 255; n++)
            g_string_append(line, "00");
    }
    g_autoptr(NwfCapture) capture = open_capture("vnet0", NWF_FROM_VM, FALSE);
    net_send("vnet0", 1, line->str);
    g_assert_true(wakes(capture, TRUE));
    g_assert_cmpuint(nwf_capture_read(capture, 16, on_frame, &seen), ==, 1);
    g_assert_cmpuint(seen.length, ==, NWF_CAPTURE_SNAP);
    g_assert_cmpuint(seen.wire, >, NWF_CAPTURE_SNAP);
    g_string_free(line, TRUE);
}

static void
test_a_turn_is_bounded_and_the_buffer_too(void)
{
    Seen seen = {0};
    guint n, all = 0;

    net_fresh();
    net_port("vnet0");
    g_autoptr(NwfCapture) capture = open_capture("vnet0", NWF_FROM_VM, TRUE);
    net_send_times("vnet0", 1, "from arp 10.0.0.5 10.0.0.1", 2000);
    g_assert_true(wakes(capture, TRUE));
    g_usleep(50000);
    while ((n = nwf_capture_read(capture, 16, on_frame, &seen)) > 0) {
        g_assert_cmpuint(n, <=, 16);
        all += n;
    }
    g_assert_cmpuint(all, >, 16);
    g_assert_cmpuint(all, <, 1000);
    g_assert_cmpuint(nwf_capture_lost(capture), ==, 2000 - all);
}

/* ---- the device ---- */

static void
test_it_lives_through_down_and_up_but_not_longer_than_its_device(void)
{
    Seen seen = {0};

    net_fresh();
    net_port("vnet0");
    g_autoptr(NwfCapture) capture = open_capture("vnet0", NWF_FROM_VM, TRUE);
    net_run("ip link set vnet0 down");
    g_assert_true(wakes(capture, TRUE));
    g_assert_cmpuint(nwf_capture_read(capture, 16, on_frame, &seen), ==, 0);
    g_assert_false(wakes(capture, FALSE)); /* down is told once */
    net_run("ip link set vnet0 up");
    net_wait("vnet0");
    net_send("vnet0", 1, "from arp 10.0.0.5 10.0.0.1");
    g_assert_true(wakes(capture, TRUE));
    g_assert_cmpuint(nwf_capture_read(capture, 16, on_frame, &seen), ==, 1);
    net_run("ip link del vnet0");
    net_port("vnet0");
    net_send("vnet0", 1, "from arp 10.0.0.5 10.0.0.1");
    g_assert_cmpuint(nwf_capture_read(capture, 16, on_frame, &seen), ==, 0);
    g_assert_false(wakes(capture, FALSE));
}

static void
test_errors_say_what_is_wrong(void)
{
    NwfCaptureKind kind;
    struct rlimit before, tight;
    g_autoptr(GError) gone = NULL;
    g_autoptr(GError) limit = NULL;

    net_fresh();
    net_port("vnet0");
    kind = kind_of("vnet0", NWF_FROM_VM, TRUE);
    g_assert_cmpint(getrlimit(RLIMIT_NOFILE, &before), ==, 0);
    tight = (struct rlimit){.rlim_cur = 3, .rlim_max = before.rlim_max};
    g_assert_cmpint(setrlimit(RLIMIT_NOFILE, &tight), ==, 0);
    g_assert_null(nwf_capture_open(&kind, &limit));
    g_assert_cmpint(setrlimit(RLIMIT_NOFILE, &before), ==, 0);
    g_assert_error(limit, NWF_CAPTURE_ERROR, NWF_CAPTURE_LIMIT);
    g_assert_nonnull(strstr(limit->message, "may open 3 files"));
    kind.ifindex = 4711;
    g_assert_null(nwf_capture_open(&kind, &gone));
    g_assert_error(gone, NWF_CAPTURE_ERROR, NWF_CAPTURE_GONE);
}

/* Whatever the MAC address is, no number in an expression is taken for something else. */
static void
test_every_mac_address_has_a_filter(void)
{
    static const guint8 macs[][6] = {
        {0}, {0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, {0x80, 0, 0, 0, 0, 0}, {0xde, 0xad, 0xbe, 0xef, 0xca, 0xfe}};
    NwfCaptureKind kind = {.ifindex = 1};

    for (guint i = 0; i < G_N_ELEMENTS(macs); i++)
        for (guint variant = 0; variant < 8; variant++) {
            g_autoptr(GError) error = NULL;
            g_autoptr(GArray) program = NULL;
            memcpy(kind.mac, macs[i], 6);
            kind.direction = variant & 1 ? NWF_TO_VM : NWF_FROM_VM;
            kind.sources = (variant & 2) != 0;
            kind.macvlan = (variant & 4) != 0;
            program = nwf_capture_filter(&kind, &error);
            g_assert_no_error(error);
            g_assert_cmpuint(program->len, >, 3);
            g_assert_cmpuint(program->len, <, 40);
        }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    if (!net_enter()) {
        g_print("1..0 # SKIP needs root and network namespaces\n");
        return 77;
    }
    for (gsize i = 0; i < G_N_ELEMENTS(filter_cases); i++) {
        g_autofree char *path = g_strdup_printf("/learn/capture/filter/%s", filter_cases[i].name);
        g_test_add_data_func(path, &filter_cases[i], test_filter);
    }
    g_test_add_func("/learn/capture/filter/macvtap", test_a_macvtap_sees_it_the_other_way_round);
    g_test_add_func("/learn/capture/servers", test_servers_that_count);
    g_test_add_func("/learn/capture/numbers", test_transaction_numbers_that_count);
    g_test_add_func("/learn/capture/filter/from-the-first", test_only_what_was_asked_for_from_the_first_frame_on);
    g_test_add_func("/learn/capture/filter/every-mac", test_every_mac_address_has_a_filter);
    g_test_add_func("/learn/capture/bytes/tag", test_a_tag_is_put_back);
    g_test_add_func("/learn/capture/bytes/long", test_a_long_frame_is_cut_and_its_length_known);
    g_test_add_func("/learn/capture/bytes/bounds", test_a_turn_is_bounded_and_the_buffer_too);
    g_test_add_func("/learn/capture/device/life", test_it_lives_through_down_and_up_but_not_longer_than_its_device);
    g_test_add_func("/learn/capture/device/errors", test_errors_say_what_is_wrong);
    return g_test_run();
}
