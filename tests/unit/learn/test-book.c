/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test-book.c: whose addresses are whose, for how long, and what is remembered of them
 */
#include "driver/learn/book.h"

#include <string.h>

#define SECOND ((gint64)G_USEC_PER_SEC)
#define KEY_A  "d54df46f-1ab5-4a22-8618-4560ef5f0001-52:54:00:00:00:01"
#define KEY_B  "d54df46f-1ab5-4a22-8618-4560ef5f0002-52:54:00:00:00:02"

static NwfAddress
address(const char *text)
{
    NwfAddress parsed = {0};

    g_assert_true(nwf_address_parse(&parsed, text));
    return parsed;
}

static NwfReason
lease(NwfBook *book, NwfBookPort *port, const char *text, guint32 seconds, gint64 now)
{
    NwfLesson lesson = {.kind = NWF_LESSON_LEASE, .address = address(text), .seconds = seconds};

    lesson.infinite = seconds == NWF_DHCP_INFINITE;
    return nwf_book_apply(book, port, &lesson, now);
}

static NwfReason
end(NwfBook *book, NwfBookPort *port, const char *text)
{
    NwfLesson lesson = {.kind = NWF_LESSON_END, .address = address(text)};

    return nwf_book_apply(book, port, &lesson, 0);
}

static char *
text_of(GArray *leases)
{
    GString *text = g_string_new(NULL);
    char one[NWF_ADDRESS_TEXT];

    for (guint i = 0; i < leases->len; i++)
        g_string_append_printf(text, "%s%s", i > 0 ? " " : "",
                               nwf_address_format(one, &g_array_index(leases, NwfLease, i).address));
    g_array_unref(leases);
    return g_string_free(text, FALSE);
}

static void
assert_has(const NwfBookPort *port, const char *expected)
{
    g_autofree char *text = text_of(nwf_book_leases(port));

    g_assert_cmpstr(text, ==, expected);
}

/* A lease belongs to the key: a second port of it has it at once, and the first one's end does not end it. */
static void
test_ports_of_one_key_share(void)
{
    g_autoptr(NwfBook) book = nwf_book_new();
    NwfBookPort *first = nwf_book_open(book, "vnet0", 5, KEY_A, NWF_LEARN_DHCP, 16);
    NwfBookPort *other = nwf_book_open(book, "vnet1", 6, KEY_B, NWF_LEARN_DHCP, 16);
    NwfBookPort *second;
    guint64 version;

    g_assert_cmpint(lease(book, first, "10.0.0.5", 60, 0), ==, NWF_REASON_NONE);
    second = nwf_book_open(book, "vnet2", 7, KEY_A, NWF_LEARN_DHCP, 16);
    assert_has(second, "10.0.0.5");
    assert_has(other, "");
    version = nwf_book_version(first);
    g_assert_cmpint(lease(book, second, "10.0.0.6", 60, 0), ==, NWF_REASON_NONE);
    g_assert_cmpuint(nwf_book_version(first), !=, version);
    assert_has(first, "10.0.0.5 10.0.0.6");
    nwf_book_close(book, first);
    assert_has(second, "10.0.0.5 10.0.0.6");
    g_assert_cmpint(end(book, second, "10.0.0.5"), ==, NWF_REASON_NONE);
    assert_has(second, "10.0.0.6");
}

/* The binding goes and comes again: its leases are there until they end. */
static void
test_leases_outlive_ports(void)
{
    g_autoptr(NwfBook) book = nwf_book_new();
    NwfBookPort *port = nwf_book_open(book, "vnet0", 5, KEY_A, NWF_LEARN_DHCP, 16);

    lease(book, port, "10.0.0.5", 60, 0);
    lease(book, port, "10.0.0.6", NWF_DHCP_INFINITE, 0);
    nwf_book_close(book, port);
    g_assert_cmpint(nwf_book_next_expiry(book), ==, 60 * SECOND);
    port = nwf_book_open(book, "vnet9", 99, KEY_A, NWF_LEARN_DHCP, 16);
    assert_has(port, "10.0.0.5 10.0.0.6");
    nwf_book_close(book, port);
    g_assert_true(nwf_book_expire(book, 60 * SECOND));
    port = nwf_book_open(book, "vnet9", 99, KEY_A, NWF_LEARN_DHCP, 16);
    assert_has(port, "10.0.0.6");
    g_assert_cmpint(nwf_book_next_expiry(book), ==, NWF_NEVER);
}

static void
test_versions_and_renewals(void)
{
    g_autoptr(NwfBook) book = nwf_book_new();
    NwfBookPort *port = nwf_book_open(book, "vnet0", 5, KEY_A, NWF_LEARN_DHCP, 16);
    guint64 version, renewals, changes;

    lease(book, port, "10.0.0.5", 60, 0);
    version = nwf_book_version(port);
    renewals = nwf_book_renewals(port);
    changes = nwf_book_changes(book);
    lease(book, port, "10.0.0.5", 60, 10 * SECOND);
    g_assert_cmpuint(nwf_book_version(port), ==, version);
    g_assert_cmpuint(nwf_book_renewals(port), !=, renewals);
    g_assert_cmpuint(nwf_book_changes(book), !=, changes);
    g_assert_cmpint(nwf_book_next_expiry(book), ==, 70 * SECOND);
    g_assert_false(nwf_book_expire(book, 70 * SECOND - 1));
    g_assert_true(nwf_book_expire(book, 70 * SECOND));
    g_assert_cmpuint(nwf_book_version(port), !=, version);
    changes = nwf_book_changes(book);
    g_assert_cmpint(end(book, port, "10.0.0.5"), ==, NWF_REASON_NO_LEASE);
    g_assert_cmpuint(nwf_book_changes(book), ==, changes);
}

/* A lease that is over makes room before anybody looks at the clock. */
static void
test_the_cap_counts_live_leases(void)
{
    g_autoptr(NwfBook) book = nwf_book_new();
    NwfBookPort *port = nwf_book_open(book, "vnet0", 5, KEY_A, NWF_LEARN_DHCP, 1);

    lease(book, port, "10.0.0.5", 60, 0);
    g_assert_cmpint(lease(book, port, "10.0.0.6", 60, 59 * SECOND), ==, NWF_REASON_FULL);
    g_assert_cmpint(lease(book, port, "10.0.0.6", 60, 60 * SECOND), ==, NWF_REASON_NONE);
    assert_has(port, "10.0.0.6");
}

static void
test_caps_are_clamped(void)
{
    g_autoptr(NwfBook) book = nwf_book_new();
    NwfBookPort *none = nwf_book_open(book, "vnet0", 5, KEY_A, NWF_LEARN_DHCP, 0);
    NwfBookPort *many = nwf_book_open(book, "vnet1", 6, KEY_B, NWF_LEARN_DHCP, 1000);

    for (guint i = 1; i <= 100; i++) {
        g_autofree char *text = g_strdup_printf("10.0.0.%u", i);
        lease(book, none, text, 60, 0);
        g_assert_cmpint(lease(book, many, text, 60, 0), ==, i <= NWF_LEASES_MAX ? NWF_REASON_NONE : NWF_REASON_FULL);
    }
    assert_has(none, "10.0.0.1");
}

/* A port with a smaller cap than its key's list sees the beginning of it. */
static void
test_each_port_has_its_cap(void)
{
    g_autoptr(NwfBook) book = nwf_book_new();
    NwfBookPort *wide = nwf_book_open(book, "vnet0", 5, KEY_A, NWF_LEARN_DHCP, 3);
    NwfBookPort *narrow = nwf_book_open(book, "vnet1", 6, KEY_A, NWF_LEARN_DHCP, 1);
    NwfAddress second = address("10.0.0.6");

    lease(book, wide, "10.0.0.5", 60, 0);
    lease(book, wide, "10.0.0.6", 60, 0);
    assert_has(narrow, "10.0.0.5");
    g_assert_false(nwf_book_has(narrow, &second));
    g_assert_true(nwf_book_has(wide, &second));
}

/* What any learned belongs to the port and its device. */
static void
test_any_belongs_to_the_device(void)
{
    g_autoptr(NwfBook) book = nwf_book_new();
    NwfBookPort *port = nwf_book_open(book, "vnet0", 5, KEY_A, NWF_LEARN_ANY, 16);
    NwfBookPort *twin = nwf_book_open(book, "vnet1", 6, KEY_A, NWF_LEARN_ANY, 16);
    NwfAddress at = address("10.0.0.5");

    g_assert_cmpint(nwf_book_learn(book, port, &at, NWF_HOW_IP, 0), ==, NWF_REASON_NONE);
    assert_has(twin, "");
    nwf_book_device(book, port, 0);
    assert_has(port, "10.0.0.5");
    nwf_book_device(book, port, 5);
    assert_has(port, "10.0.0.5");
    nwf_book_device(book, port, 0);
    nwf_book_device(book, port, 8);
    assert_has(port, "");
    nwf_book_learn(book, port, &at, NWF_HOW_IP, 0);
    nwf_book_close(book, port);
    port = nwf_book_open(book, "vnet0", 8, KEY_A, NWF_LEARN_ANY, 16);
    assert_has(port, "");
}

static void
test_dhcp_belongs_to_the_key_not_the_device(void)
{
    g_autoptr(NwfBook) book = nwf_book_new();
    NwfBookPort *port = nwf_book_open(book, "vnet0", 5, KEY_A, NWF_LEARN_DHCP, 16);
    NwfAddress at = address("10.0.0.6");

    lease(book, port, "10.0.0.5", 60, 0);
    nwf_book_device(book, port, 8);
    assert_has(port, "10.0.0.5");
    g_assert_cmpint(nwf_book_learn(book, port, &at, NWF_HOW_ARP, 0), ==, NWF_REASON_ONLY_DHCP);
    nwf_book_forget(book, port);
    assert_has(port, "");
}

static gboolean
is_on_bridge(const NwfBookPort *port, gpointer data)
{
    return strcmp(nwf_book_port_name(port), data) == 0;
}

static void
test_who_has_an_address(void)
{
    g_autoptr(NwfBook) book = nwf_book_new();
    NwfBookPort *port = nwf_book_open(book, "vnet0", 5, KEY_A, NWF_LEARN_DHCP, 16);
    NwfAddress at = address("10.0.0.5"), other = address("10.0.0.6");

    lease(book, port, "10.0.0.5", 60, 0);
    g_assert_true(nwf_book_holder(book, &at, KEY_B, NULL, NULL) == port);
    g_assert_null(nwf_book_holder(book, &at, KEY_A, NULL, NULL));
    g_assert_null(nwf_book_holder(book, &other, KEY_B, NULL, NULL));
    g_assert_null(nwf_book_holder(book, &at, KEY_B, is_on_bridge, (gpointer) "vnet1"));
    g_assert_true(nwf_book_holder(book, &at, KEY_B, is_on_bridge, (gpointer) "vnet0") == port);
    nwf_book_close(book, port); /* a lease without a port is in nobody's way */
    g_assert_null(nwf_book_holder(book, &at, KEY_B, NULL, NULL));
}

/* Keys that nobody has any more are bounded; those left longest ago go first, and no port loses its own. */
/* A file as long as one may be, of nothing but different keys: a daemon starts all the same, and soon. */
static void
test_very_many_keys_take_no_time(void)
{
    g_autoptr(GArray) records = g_array_new(FALSE, TRUE, sizeof(NwfRecord));
    g_autoptr(NwfBook) book = nwf_book_new();
    g_autoptr(GArray) kept = NULL;
    gint64 begin;

    for (guint i = 0; i < 50000; i++) {
        NwfRecord record = {.mode = NWF_LEARN_DHCP, .lease = {.how = NWF_HOW_ACK, .infinite = TRUE}};
        g_snprintf(record.key, sizeof(record.key), "d54df46f-1ab5-4a22-8618-%012x-52:54:00:00:00:01", i);
        record.lease.address = nwf_address_ipv4(0x0a000001 + i);
        g_array_append_val(records, record);
    }
    begin = g_get_monotonic_time();
    nwf_book_restore(book, records);
    g_test_message("%" G_GINT64_FORMAT " ms", (g_get_monotonic_time() - begin) / 1000);
    g_assert_cmpint(g_get_monotonic_time() - begin, <, 2 * G_USEC_PER_SEC);
    kept = nwf_book_records(book);
    g_assert_cmpuint(kept->len, ==, NWF_BOOK_ORPHANS_MAX);
    g_assert_cmpuint(nwf_address_number(&g_array_index(kept, NwfRecord, kept->len - 1).lease.address), ==,
                     0x0a000001 + 49999); /* those left last are kept */
}

static void
test_orphans_are_bounded(void)
{
    g_autoptr(NwfBook) book = nwf_book_new();
    NwfBookPort *kept = nwf_book_open(book, "vnet0", 5, KEY_B, NWF_LEARN_DHCP, 16);
    char key[NWF_KEY_LENGTH + 1] = KEY_A;

    lease(book, kept, "10.0.0.9", NWF_DHCP_INFINITE, 0);
    for (guint i = 0; i < NWF_BOOK_ORPHANS_MAX + 10; i++) {
        g_autofree char *digits = g_strdup_printf("%04x", i);
        memcpy(key, digits, 4);
        NwfBookPort *port = nwf_book_open(book, "vnet1", 6, key, NWF_LEARN_DHCP, 16);
        lease(book, port, "10.0.0.5", NWF_DHCP_INFINITE, 0);
        nwf_book_close(book, port);
    }
    g_autoptr(GArray) records = nwf_book_records(book);
    g_assert_cmpuint(records->len, ==, NWF_BOOK_ORPHANS_MAX + 1);
    g_assert_true(g_str_has_prefix(g_array_index(records, NwfRecord, 0).key, "000a"));
    assert_has(kept, "10.0.0.9");
}

/* ---- remembering ---- */

/* A book with one port of each mode, written down and read into a new one. */
static NwfBook *
book_after_restart(gint64 now)
{
    g_autoptr(NwfBook) before = nwf_book_new();
    NwfBook *after = nwf_book_new();
    NwfBookPort *any = nwf_book_open(before, "vnet0", 5, KEY_A, NWF_LEARN_ANY, 1);
    NwfBookPort *dhcp = nwf_book_open(before, "vnet1", 6, KEY_B, NWF_LEARN_DHCP, 16);
    NwfAddress at = address("10.0.0.5");
    g_autoptr(GArray) records = NULL;

    nwf_book_learn(before, any, &at, NWF_HOW_ARP, now);
    lease(before, dhcp, "10.0.0.7", 60, now);
    lease(before, dhcp, "10.0.0.6", 600, now);
    records = nwf_book_records(before);
    nwf_book_restore(after, records);
    return after;
}

static void
test_restored(void)
{
    g_autoptr(NwfBook) book = book_after_restart(0);
    g_autofree char *peeked = text_of(nwf_book_peek(book, "vnet0", 5, KEY_A, NWF_LEARN_ANY, 1));
    g_autofree char *leased = text_of(nwf_book_peek(book, "vnet7", 7, KEY_B, NWF_LEARN_DHCP, 1));
    NwfBookPort *any = nwf_book_open(book, "vnet0", 5, KEY_A, NWF_LEARN_ANY, 1);
    NwfBookPort *dhcp = nwf_book_open(book, "vnet7", 7, KEY_B, NWF_LEARN_DHCP, 16);

    g_assert_cmpstr(peeked, ==, "10.0.0.5");
    g_assert_cmpstr(leased, ==, "10.0.0.7");
    assert_has(any, "10.0.0.5");
    assert_has(dhcp, "10.0.0.7 10.0.0.6");
    g_assert_cmpint(nwf_book_next_expiry(book), ==, 60 * SECOND);
}

static void
test_restored_for_the_same_device_alone(void)
{
    static const struct {
        const char *name;
        guint ifindex;
        const char *key, *has;
    } rows[] = {{"vnet0", 5, KEY_A, "10.0.0.5"},
                {"vnet0", 0, KEY_A, "10.0.0.5"},
                {"vnet0", 6, KEY_A, ""},
                {"vnet0", 5, KEY_B, ""},
                {"vnet1", 5, KEY_A, ""}};

    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(NwfBook) book = book_after_restart(0);
        NwfBookPort *port = nwf_book_open(book, rows[i].name, rows[i].ifindex, rows[i].key, NWF_LEARN_ANY, 1);
        assert_has(port, rows[i].has);
        nwf_book_device(book, port, 6); /* another one comes */
        assert_has(port, "");
    }
}

/* What no port asked for is kept, also in files, until all ports are there. */
static void
test_remembered_until_settled(void)
{
    g_autoptr(NwfBook) book = book_after_restart(0);
    g_autoptr(GArray) before = nwf_book_records(book);
    g_autoptr(GArray) after = NULL;

    nwf_book_settle(book);
    after = nwf_book_records(book);
    g_assert_cmpuint(before->len, ==, 3);
    g_assert_cmpuint(after->len, ==, 2); /* leases of keys stay */
    assert_has(nwf_book_open(book, "vnet0", 5, KEY_A, NWF_LEARN_ANY, 1), "");
}

static void
test_keys(void)
{
    static const guint8 uuid[16] = {0xd5, 0x4d, 0xf4, 0x6f, 0x1a, 0xb5, 0x4a, 0x22,
                                    0x86, 0x18, 0x45, 0x60, 0xef, 0x5f, 0x00, 0x01};
    static const guint8 mac[6] = {0x52, 0x54, 0, 0, 0, 1};
    static const char *const none[] = {"", "d54df46f-1ab5-4a22-8618-4560ef5f0001", KEY_A "0",
                                       "d54df46f-1ab5-4a22-8618-4560ef5f000g-52:54:00:00:00:01",
                                       "d54df46f 1ab5-4a22-8618-4560ef5f0001-52:54:00:00:00:01"};
    char key[NWF_KEY_LENGTH + 1], lower[NWF_KEY_LENGTH + 1];

    nwf_book_key_format(key, uuid, mac);
    g_assert_cmpstr(key, ==, KEY_A);
    g_assert_true(nwf_book_key_parse(lower, "D54DF46F-1AB5-4A22-8618-4560EF5F0001-52:54:00:00:00:01"));
    g_assert_cmpstr(lower, ==, KEY_A);
    for (gsize i = 0; i < G_N_ELEMENTS(none); i++)
        g_assert_false(nwf_book_key_parse(lower, none[i]));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/learn/book/ports-of-one-key-share", test_ports_of_one_key_share);
    g_test_add_func("/learn/book/leases-outlive-ports", test_leases_outlive_ports);
    g_test_add_func("/learn/book/versions-and-renewals", test_versions_and_renewals);
    g_test_add_func("/learn/book/the-cap-counts-live-leases", test_the_cap_counts_live_leases);
    g_test_add_func("/learn/book/caps-are-clamped", test_caps_are_clamped);
    g_test_add_func("/learn/book/each-port-has-its-cap", test_each_port_has_its_cap);
    g_test_add_func("/learn/book/any-belongs-to-the-device", test_any_belongs_to_the_device);
    g_test_add_func("/learn/book/dhcp-belongs-to-the-key", test_dhcp_belongs_to_the_key_not_the_device);
    g_test_add_func("/learn/book/who-has-an-address", test_who_has_an_address);
    g_test_add_func("/learn/book/very-many-keys", test_very_many_keys_take_no_time);
    g_test_add_func("/learn/book/orphans-are-bounded", test_orphans_are_bounded);
    g_test_add_func("/learn/book/restored", test_restored);
    g_test_add_func("/learn/book/restored-for-the-same-device-alone", test_restored_for_the_same_device_alone);
    g_test_add_func("/learn/book/remembered-until-settled", test_remembered_until_settled);
    g_test_add_func("/learn/book/keys", test_keys);
    return g_test_run();
}
