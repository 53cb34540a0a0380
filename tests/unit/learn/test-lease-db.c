/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test-lease-db.c: whose addresses are whose, for how long, and what is remembered of them
 */
#include "driver/learn/lease_db.h"

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

static NwfRefusal
lease(NwfLeaseDb *db, NwfLeasePort *port, const char *text, guint32 seconds, gint64 now)
{
    NwfLeaseEvent event = {.kind = NWF_LEASE_GRANTED, .address = address(text), .seconds = seconds};

    event.infinite = seconds == NWF_DHCP_INFINITE;
    return nwf_lease_db_apply(db, port, &event, now);
}

static NwfRefusal
end(NwfLeaseDb *db, NwfLeasePort *port, const char *text)
{
    NwfLeaseEvent event = {.kind = NWF_LEASE_ENDED, .address = address(text)};

    return nwf_lease_db_apply(db, port, &event, 0);
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
assert_has(const NwfLeasePort *port, const char *expected)
{
    g_autofree char *text = text_of(nwf_lease_db_leases(port));

    g_assert_cmpstr(text, ==, expected);
}

/* A lease belongs to the key: a second port of it has it at once, and the first one's end does not end it. */
static void
test_ports_of_one_key_share(void)
{
    g_autoptr(NwfLeaseDb) db = nwf_lease_db_new();
    NwfLeasePort *first = nwf_lease_db_open(db, "vnet0", 5, KEY_A, NWF_LEARN_DHCP, 16);
    NwfLeasePort *other = nwf_lease_db_open(db, "vnet1", 6, KEY_B, NWF_LEARN_DHCP, 16);
    NwfLeasePort *second;
    guint64 version;

    g_assert_cmpint(lease(db, first, "10.0.0.5", 60, 0), ==, NWF_REFUSAL_NONE);
    second = nwf_lease_db_open(db, "vnet2", 7, KEY_A, NWF_LEARN_DHCP, 16);
    assert_has(second, "10.0.0.5");
    assert_has(other, "");
    version = first->set->version;
    g_assert_cmpint(lease(db, second, "10.0.0.6", 60, 0), ==, NWF_REFUSAL_NONE);
    g_assert_cmpuint(first->set->version, !=, version);
    assert_has(first, "10.0.0.5 10.0.0.6");
    nwf_lease_db_close(db, first);
    assert_has(second, "10.0.0.5 10.0.0.6");
    g_assert_cmpint(end(db, second, "10.0.0.5"), ==, NWF_REFUSAL_NONE);
    assert_has(second, "10.0.0.6");
}

/* The binding goes and comes again: its leases are there until they end. */
static void
test_leases_outlive_ports(void)
{
    g_autoptr(NwfLeaseDb) db = nwf_lease_db_new();
    NwfLeasePort *port = nwf_lease_db_open(db, "vnet0", 5, KEY_A, NWF_LEARN_DHCP, 16);

    lease(db, port, "10.0.0.5", 60, 0);
    lease(db, port, "10.0.0.6", NWF_DHCP_INFINITE, 0);
    nwf_lease_db_close(db, port);
    g_assert_cmpint(nwf_lease_db_next_expiry(db), ==, 60 * SECOND);
    port = nwf_lease_db_open(db, "vnet9", 99, KEY_A, NWF_LEARN_DHCP, 16);
    assert_has(port, "10.0.0.5 10.0.0.6");
    nwf_lease_db_close(db, port);
    g_assert_true(nwf_lease_db_expire(db, 60 * SECOND));
    port = nwf_lease_db_open(db, "vnet9", 99, KEY_A, NWF_LEARN_DHCP, 16);
    assert_has(port, "10.0.0.6");
    g_assert_cmpint(nwf_lease_db_next_expiry(db), ==, NWF_NEVER);
}

static void
test_versions_and_renewals(void)
{
    g_autoptr(NwfLeaseDb) db = nwf_lease_db_new();
    NwfLeasePort *port = nwf_lease_db_open(db, "vnet0", 5, KEY_A, NWF_LEARN_DHCP, 16);
    guint64 version, renewals, changes;

    lease(db, port, "10.0.0.5", 60, 0);
    version = port->set->version;
    renewals = port->set->renewals;
    changes = nwf_lease_db_changes(db);
    lease(db, port, "10.0.0.5", 60, 10 * SECOND);
    g_assert_cmpuint(port->set->version, ==, version);
    g_assert_cmpuint(port->set->renewals, !=, renewals);
    g_assert_cmpuint(nwf_lease_db_changes(db), !=, changes);
    g_assert_cmpint(nwf_lease_db_next_expiry(db), ==, 70 * SECOND);
    g_assert_false(nwf_lease_db_expire(db, 70 * SECOND - 1));
    g_assert_true(nwf_lease_db_expire(db, 70 * SECOND));
    g_assert_cmpuint(port->set->version, !=, version);
    changes = nwf_lease_db_changes(db);
    g_assert_cmpint(end(db, port, "10.0.0.5"), ==, NWF_REFUSAL_NO_LEASE);
    g_assert_cmpuint(nwf_lease_db_changes(db), ==, changes);
}

/* A lease that is over makes room before anybody looks at the clock. */
static void
test_the_cap_counts_live_leases(void)
{
    g_autoptr(NwfLeaseDb) db = nwf_lease_db_new();
    NwfLeasePort *port = nwf_lease_db_open(db, "vnet0", 5, KEY_A, NWF_LEARN_DHCP, 1);

    lease(db, port, "10.0.0.5", 60, 0);
    g_assert_cmpint(lease(db, port, "10.0.0.6", 60, 59 * SECOND), ==, NWF_REFUSAL_FULL);
    g_assert_cmpint(lease(db, port, "10.0.0.6", 60, 60 * SECOND), ==, NWF_REFUSAL_NONE);
    assert_has(port, "10.0.0.6");
}

static void
test_caps_are_clamped(void)
{
    g_autoptr(NwfLeaseDb) db = nwf_lease_db_new();
    NwfLeasePort *none = nwf_lease_db_open(db, "vnet0", 5, KEY_A, NWF_LEARN_DHCP, 0);
    NwfLeasePort *many = nwf_lease_db_open(db, "vnet1", 6, KEY_B, NWF_LEARN_DHCP, 1000);

    for (guint i = 1; i <= 100; i++) {
        g_autofree char *text = g_strdup_printf("10.0.0.%u", i);
        lease(db, none, text, 60, 0);
        g_assert_cmpint(lease(db, many, text, 60, 0), ==, i <= NWF_LEARN_MAX ? NWF_REFUSAL_NONE : NWF_REFUSAL_FULL);
    }
    assert_has(none, "10.0.0.1");
}

/* A port with a smaller cap than its key's list sees the beginning of it. */
static void
test_each_port_has_its_cap(void)
{
    g_autoptr(NwfLeaseDb) db = nwf_lease_db_new();
    NwfLeasePort *wide = nwf_lease_db_open(db, "vnet0", 5, KEY_A, NWF_LEARN_DHCP, 3);
    NwfLeasePort *narrow = nwf_lease_db_open(db, "vnet1", 6, KEY_A, NWF_LEARN_DHCP, 1);
    NwfAddress second = address("10.0.0.6");

    lease(db, wide, "10.0.0.5", 60, 0);
    lease(db, wide, "10.0.0.6", 60, 0);
    assert_has(narrow, "10.0.0.5");
    g_assert_true(nwf_lease_db_owner(db, &second, KEY_B, NULL, NULL) == wide);
    nwf_lease_db_close(db, wide);
    g_assert_null(nwf_lease_db_owner(db, &second, KEY_B, NULL, NULL));
}

/* What any learned belongs to the port and its device. */
static void
test_any_belongs_to_the_device(void)
{
    g_autoptr(NwfLeaseDb) db = nwf_lease_db_new();
    NwfLeasePort *port = nwf_lease_db_open(db, "vnet0", 5, KEY_A, NWF_LEARN_ANY, 16);
    NwfLeasePort *twin = nwf_lease_db_open(db, "vnet1", 6, KEY_A, NWF_LEARN_ANY, 16);
    NwfAddress at = address("10.0.0.5");

    g_assert_cmpint(nwf_lease_db_learn(db, port, &at, NWF_SOURCE_IP, 0), ==, NWF_REFUSAL_NONE);
    assert_has(twin, "");
    nwf_lease_db_device(db, port, 0);
    assert_has(port, "10.0.0.5");
    nwf_lease_db_device(db, port, 5);
    assert_has(port, "10.0.0.5");
    nwf_lease_db_device(db, port, 0);
    nwf_lease_db_device(db, port, 8);
    assert_has(port, "");
    nwf_lease_db_learn(db, port, &at, NWF_SOURCE_IP, 0);
    nwf_lease_db_close(db, port);
    port = nwf_lease_db_open(db, "vnet0", 8, KEY_A, NWF_LEARN_ANY, 16);
    assert_has(port, "");
}

static void
test_dhcp_belongs_to_the_key_not_the_device(void)
{
    g_autoptr(NwfLeaseDb) db = nwf_lease_db_new();
    NwfLeasePort *port = nwf_lease_db_open(db, "vnet0", 5, KEY_A, NWF_LEARN_DHCP, 16);
    NwfAddress at = address("10.0.0.6");

    lease(db, port, "10.0.0.5", 60, 0);
    nwf_lease_db_device(db, port, 8);
    assert_has(port, "10.0.0.5");
    g_assert_cmpint(nwf_lease_db_learn(db, port, &at, NWF_SOURCE_ARP, 0), ==, NWF_REFUSAL_ONLY_DHCP);
    nwf_lease_db_forget(db, port);
    assert_has(port, "");
}

static gboolean
is_on_bridge(const NwfLeasePort *port, gpointer data)
{
    return strcmp(port->name, data) == 0;
}

static void
test_who_has_an_address(void)
{
    g_autoptr(NwfLeaseDb) db = nwf_lease_db_new();
    NwfLeasePort *port = nwf_lease_db_open(db, "vnet0", 5, KEY_A, NWF_LEARN_DHCP, 16);
    NwfAddress at = address("10.0.0.5"), other = address("10.0.0.6");

    lease(db, port, "10.0.0.5", 60, 0);
    g_assert_true(nwf_lease_db_owner(db, &at, KEY_B, NULL, NULL) == port);
    g_assert_null(nwf_lease_db_owner(db, &at, KEY_A, NULL, NULL));
    g_assert_null(nwf_lease_db_owner(db, &other, KEY_B, NULL, NULL));
    g_assert_null(nwf_lease_db_owner(db, &at, KEY_B, is_on_bridge, (gpointer) "vnet1"));
    g_assert_true(nwf_lease_db_owner(db, &at, KEY_B, is_on_bridge, (gpointer) "vnet0") == port);
    nwf_lease_db_close(db, port); /* a lease without a port is in nobody's way */
    g_assert_null(nwf_lease_db_owner(db, &at, KEY_B, NULL, NULL));
}

/*
 * A file as long as one may be, of nothing but different keys: a daemon starts all the same, and soon. All are kept
 * until the ports are there; then those granted longest ago go, and no port loses its own.
 */
static void
test_very_many_keys_take_no_time(void)
{
    g_autoptr(GArray) records = g_array_new(FALSE, TRUE, sizeof(NwfRecord));
    g_autoptr(NwfLeaseDb) db = nwf_lease_db_new();
    g_autoptr(GArray) kept = NULL;
    gint64 begin;

    for (guint i = 0; i < 50000; i++) {
        NwfRecord record = {.mode = NWF_LEARN_DHCP, .lease = {.source = NWF_SOURCE_ACK, .infinite = TRUE}};
        g_snprintf(record.key, sizeof(record.key), "d54df46f-1ab5-4a22-8618-%012x-52:54:00:00:00:01", i);
        record.lease.address = nwf_address_ipv4(0x0a000001 + i);
        record.lease.granted = 100000 - i; /* the first keys were granted last */
        g_array_append_val(records, record);
    }
    begin = g_get_monotonic_time();
    nwf_lease_db_restore(db, records);
    NwfLeasePort *late =
        nwf_lease_db_open(db, "vnet0", 5, g_array_index(records, NwfRecord, 49999).key, NWF_LEARN_DHCP, 16);
    NwfLeasePort *gone = nwf_lease_db_open(db, "vnet1", 6, KEY_B, NWF_LEARN_DHCP, 16);
    nwf_lease_db_close(db, gone); /* forgets nobody's either */
    assert_has(late, "10.0.195.80");
    nwf_lease_db_settle(db);
    g_test_message("%" G_GINT64_FORMAT " ms", (g_get_monotonic_time() - begin) / 1000);
    g_assert_cmpint(g_get_monotonic_time() - begin, <, 2 * G_USEC_PER_SEC);
    kept = nwf_lease_db_records(db);
    g_assert_cmpuint(kept->len, ==, NWF_ABANDONED_MAX + 1);
    for (guint i = 0; i < NWF_ABANDONED_MAX; i++)
        g_assert_cmpuint(nwf_address_number(&g_array_index(kept, NwfRecord, i).lease.address), ==, 0x0a000001 + i);
    assert_has(late, "10.0.195.80");
}

/* Keys that nobody has any more are bounded; those left longest ago go first, and no port loses its own. */
static void
test_orphans_are_bounded(void)
{
    g_autoptr(NwfLeaseDb) db = nwf_lease_db_new();
    NwfLeasePort *kept = nwf_lease_db_open(db, "vnet0", 5, KEY_B, NWF_LEARN_DHCP, 16);
    char key[NWF_KEY_LENGTH + 1] = KEY_A;

    lease(db, kept, "10.0.0.9", NWF_DHCP_INFINITE, 0);
    for (guint i = 0; i < NWF_ABANDONED_MAX + 10; i++) {
        g_autofree char *digits = g_strdup_printf("%04x", i);
        memcpy(key, digits, 4);
        NwfLeasePort *port = nwf_lease_db_open(db, "vnet1", 6, key, NWF_LEARN_DHCP, 16);
        lease(db, port, "10.0.0.5", NWF_DHCP_INFINITE, 0);
        nwf_lease_db_close(db, port);
    }
    g_autoptr(GArray) records = nwf_lease_db_records(db);
    g_assert_cmpuint(records->len, ==, NWF_ABANDONED_MAX + 1);
    g_assert_true(g_str_has_prefix(g_array_index(records, NwfRecord, 0).key, "000a"));
    assert_has(kept, "10.0.0.9");
}

/* ---- remembering ---- */

/* A database with one port of each mode, written down and read into a new one. */
static NwfLeaseDb *
db_after_restart(gint64 now)
{
    g_autoptr(NwfLeaseDb) before = nwf_lease_db_new();
    NwfLeaseDb *after = nwf_lease_db_new();
    NwfLeasePort *any = nwf_lease_db_open(before, "vnet0", 5, KEY_A, NWF_LEARN_ANY, 1);
    NwfLeasePort *dhcp = nwf_lease_db_open(before, "vnet1", 6, KEY_B, NWF_LEARN_DHCP, 16);
    NwfAddress at = address("10.0.0.5");
    g_autoptr(GArray) records = NULL;

    nwf_lease_db_learn(before, any, &at, NWF_SOURCE_ARP, now);
    lease(before, dhcp, "10.0.0.7", 60, now);
    lease(before, dhcp, "10.0.0.6", 600, now);
    records = nwf_lease_db_records(before);
    nwf_lease_db_restore(after, records);
    return after;
}

static void
test_restored(void)
{
    g_autoptr(NwfLeaseDb) db = db_after_restart(0);
    guint64 version;
    g_autofree char *peeked = text_of(nwf_lease_db_peek(db, "vnet0", 5, KEY_A, NWF_LEARN_ANY, &version));
    g_autofree char *leased = text_of(nwf_lease_db_peek(db, "vnet7", 7, KEY_B, NWF_LEARN_DHCP, &version));
    NwfLeasePort *any = nwf_lease_db_open(db, "vnet0", 5, KEY_A, NWF_LEARN_ANY, 1);
    NwfLeasePort *dhcp = nwf_lease_db_open(db, "vnet7", 7, KEY_B, NWF_LEARN_DHCP, 16);

    g_assert_cmpstr(peeked, ==, "10.0.0.5");
    g_assert_cmpstr(leased, ==, "10.0.0.7 10.0.0.6");
    assert_has(any, "10.0.0.5");
    assert_has(dhcp, "10.0.0.7 10.0.0.6");
    g_assert_cmpint(nwf_lease_db_next_expiry(db), ==, 60 * SECOND);
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
        g_autoptr(NwfLeaseDb) db = db_after_restart(0);
        NwfLeasePort *port = nwf_lease_db_open(db, rows[i].name, rows[i].ifindex, rows[i].key, NWF_LEARN_ANY, 1);
        assert_has(port, rows[i].has);
        nwf_lease_db_device(db, port, 6); /* another one comes */
        assert_has(port, "");
    }
}

/* What no port asked for is kept, also in files, until a port of its name comes. */
static void
test_remembered_until_opened(void)
{
    g_autoptr(NwfLeaseDb) db = db_after_restart(0);
    g_autoptr(GArray) before = nwf_lease_db_records(db);
    g_autoptr(GArray) after = NULL;

    assert_has(nwf_lease_db_open(db, "vnet0", 5, KEY_B, NWF_LEARN_ANY, 1), "");
    after = nwf_lease_db_records(db);
    g_assert_cmpuint(before->len, ==, 3);
    g_assert_cmpuint(after->len, ==, 2); /* leases of keys stay */
}

/* What is seen before a port is opened has the version that it has then, so that nobody takes it for a change. */
static void
test_versions_before_and_after_opening(void)
{
    static const struct {
        NwfLearnMode mode;
        const char *key;
    } rows[] = {{NWF_LEARN_ANY, KEY_A}, {NWF_LEARN_ANY, KEY_B}, {NWF_LEARN_DHCP, KEY_A}, {NWF_LEARN_DHCP, KEY_B}};

    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(NwfLeaseDb) db = db_after_restart(0);
        guint64 version;
        g_array_unref(nwf_lease_db_peek(db, "vnet0", 5, rows[i].key, rows[i].mode, &version));
        NwfLeasePort *port = nwf_lease_db_open(db, "vnet0", 5, rows[i].key, rows[i].mode, 1);
        g_assert_cmpuint(version, !=, 0);
        g_assert_cmpuint(port->set->version, ==, version);
        nwf_lease_db_forget(db, port);
        lease(db, port, "10.0.0.99", 60, 0);
        g_assert_cmpuint(port->set->version, >, version);
    }
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

    nwf_lease_key_format(key, uuid, mac);
    g_assert_cmpstr(key, ==, KEY_A);
    g_assert_true(nwf_lease_key_parse(lower, "D54DF46F-1AB5-4A22-8618-4560EF5F0001-52:54:00:00:00:01"));
    g_assert_cmpstr(lower, ==, KEY_A);
    for (gsize i = 0; i < G_N_ELEMENTS(none); i++)
        g_assert_false(nwf_lease_key_parse(lower, none[i]));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/learn/lease-db/ports-of-one-key-share", test_ports_of_one_key_share);
    g_test_add_func("/learn/lease-db/leases-outlive-ports", test_leases_outlive_ports);
    g_test_add_func("/learn/lease-db/versions-and-renewals", test_versions_and_renewals);
    g_test_add_func("/learn/lease-db/the-cap-counts-live-leases", test_the_cap_counts_live_leases);
    g_test_add_func("/learn/lease-db/caps-are-clamped", test_caps_are_clamped);
    g_test_add_func("/learn/lease-db/each-port-has-its-cap", test_each_port_has_its_cap);
    g_test_add_func("/learn/lease-db/any-belongs-to-the-device", test_any_belongs_to_the_device);
    g_test_add_func("/learn/lease-db/dhcp-belongs-to-the-key", test_dhcp_belongs_to_the_key_not_the_device);
    g_test_add_func("/learn/lease-db/who-has-an-address", test_who_has_an_address);
    g_test_add_func("/learn/lease-db/very-many-keys", test_very_many_keys_take_no_time);
    g_test_add_func("/learn/lease-db/orphans-are-bounded", test_orphans_are_bounded);
    g_test_add_func("/learn/lease-db/restored", test_restored);
    g_test_add_func("/learn/lease-db/restored-for-the-same-device-alone", test_restored_for_the_same_device_alone);
    g_test_add_func("/learn/lease-db/remembered-until-opened", test_remembered_until_opened);
    g_test_add_func("/learn/lease-db/versions-before-and-after-opening", test_versions_before_and_after_opening);
    g_test_add_func("/learn/lease-db/keys", test_keys);
    return g_test_run();
}
