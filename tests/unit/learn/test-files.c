/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test-files.c: the stock lease file and our own, whole and damaged, and clocks that step
 */
#include "records.h"

#include <string.h>

#define DAY (86400 * SECOND)

static NwfBytes
bytes_of(const char *text)
{
    return (NwfBytes){(const guint8 *)text, strlen(text)};
}

/* ---- the stock lease file ---- */

static const struct {
    const char *name, *text, *live, *ended;
    guint bad;
} lease_files[] = {
    {"one", "2060 " KEY_A " 10.0.0.5 10.0.0.1\n", "A:10.0.0.5:60", "", 0},
    {"empty", "", "", "", 0},
    {"no-newline", "2060 " KEY_A " 10.0.0.5 10.0.0.1", "A:10.0.0.5:60", "", 0},
    {"two-of-one-key", "2060 " KEY_A " 10.0.0.5 0.0.0.0\n2090 " KEY_A " 10.0.0.6 0.0.0.0\n",
     "A:10.0.0.5:60 A:10.0.0.6:90", "", 0},
    {"the-last-line-counts", "2060 " KEY_A " 10.0.0.5 0.0.0.0\n2090 " KEY_A " 10.0.0.5 0.0.0.0\n", "A:10.0.0.5:90", "",
     0},
    {"ended", "2060 " KEY_A " 10.0.0.5 0.0.0.0\n0 " KEY_A " 10.0.0.5 0.0.0.0\n", "", "A:10.0.0.5:-100", 0},
    {"ended-and-granted", "0 " KEY_A " 10.0.0.5 0.0.0.0\n2060 " KEY_A " 10.0.0.5 0.0.0.0\n", "A:10.0.0.5:60", "", 0},
    {"over", "2000 " KEY_A " 10.0.0.5 0.0.0.0\n2001 " KEY_B " 10.0.0.6 0.0.0.0\n", "B:10.0.0.6:1", "A:10.0.0.5:-100",
     0},
    {"without-end", "18446744073709551615 " KEY_A " 10.0.0.5 10.0.0.1\n", "A:10.0.0.5:never", "", 0},
    {"far-away", "18446744073709551614 " KEY_A " 10.0.0.5 10.0.0.1\n", "A:10.0.0.5:4294967294", "", 0},
    {"capital-letters", "2060 D54DF46F-1ab5-4a22-8618-4560ef5f0001-52:54:00:00:00:01 10.0.0.5 10.0.0.1\n",
     "A:10.0.0.5:60", "", 0},
    {"more-fields", "2060 " KEY_A " 10.0.0.5 10.0.0.1 and more\n", "A:10.0.0.5:60", "", 0},
    {"bad-server", "2060 " KEY_A " 10.0.0.5 nobody\n", "A:10.0.0.5:60", "", 0},
    /* each of these is one bad line before a good one */
    {"few-fields", "2060 " KEY_A " 10.0.0.5\n2090 " KEY_B " 10.0.0.6 0.0.0.0\n", "B:10.0.0.6:90", "", 1},
    {"empty-line", "\n2090 " KEY_B " 10.0.0.6 0.0.0.0\n", "B:10.0.0.6:90", "", 1},
    {"blank-line", "   \n2090 " KEY_B " 10.0.0.6 0.0.0.0\n", "B:10.0.0.6:90", "", 1},
    {"bad-key", "2060 " KEY_A "0 10.0.0.5 10.0.0.1\n2090 " KEY_B " 10.0.0.6 0.0.0.0\n", "B:10.0.0.6:90", "", 1},
    {"short-key", "2060 52:54:00:00:00:01 10.0.0.5 10.0.0.1\n2090 " KEY_B " 10.0.0.6 0.0.0.0\n", "B:10.0.0.6:90", "",
     1},
    {"bad-address", "2060 " KEY_A " 10.0.0 10.0.0.1\n2090 " KEY_B " 10.0.0.6 0.0.0.0\n", "B:10.0.0.6:90", "", 1},
    {"no-address", "2060 " KEY_A " 0.0.0.0 10.0.0.1\n2090 " KEY_B " 10.0.0.6 0.0.0.0\n", "B:10.0.0.6:90", "", 1},
    {"special-address", "2060 " KEY_A " 224.0.0.5 10.0.0.1\n2090 " KEY_B " 10.0.0.6 0.0.0.0\n", "B:10.0.0.6:90", "", 1},
    {"bad-expiry", "soon " KEY_A " 10.0.0.5 10.0.0.1\n2090 " KEY_B " 10.0.0.6 0.0.0.0\n", "B:10.0.0.6:90", "", 1},
    {"negative-expiry", "-1 " KEY_A " 10.0.0.5 10.0.0.1\n2090 " KEY_B " 10.0.0.6 0.0.0.0\n", "B:10.0.0.6:90", "", 1},
    {"huge-expiry", "18446744073709551616 " KEY_A " 10.0.0.5 10.0.0.1\n2090 " KEY_B " 10.0.0.6 0.0.0.0\n",
     "B:10.0.0.6:90", "", 1},
};

/* (transfer full): the summary of those that ended, or of those in force. */
static char *
summary_of(const NwfLeaseFile *file, gboolean ended)
{
    g_autoptr(GArray) records = records_new();

    for (guint i = 0; i < file->records->len; i++) {
        const NwfRecord *record = &g_array_index(file->records, NwfRecord, i);
        if (ended == (!record->lease.infinite && record->lease.expiry == 0))
            g_array_append_val(records, *record);
    }
    return records_summary(records);
}

static void
test_lease_file(gconstpointer data)
{
    gsize i = GPOINTER_TO_SIZE(data);
    g_autoptr(NwfLeaseFile) file = nwf_lease_file_new();
    g_autofree char *live = NULL, *ended = NULL;

    nwf_lease_file_parse(file, bytes_of(lease_files[i].text), &records_now);
    live = summary_of(file, FALSE);
    ended = summary_of(file, TRUE);
    g_assert_cmpstr(live, ==, lease_files[i].live);
    g_assert_cmpstr(ended, ==, lease_files[i].ended);
    g_assert_cmpuint(file->bad, ==, lease_files[i].bad);
}

static void
test_lines_that_are_too_long_or_binary(void)
{
    g_autoptr(NwfLeaseFile) file = nwf_lease_file_new();
    g_autoptr(GString) text = g_string_new(NULL);
    g_autofree char *live = NULL;

    g_string_append(text, "2060 " KEY_A " 10.0.0.4 ");
    for (guint i = 0; i < 300; i++)
        g_string_append_c(text, 'x');
    g_string_append(text, "\n2060 " KEY_A " 10.0.0.5 10.0.0.1\n2060 " KEY_A " 10.0.0.6");
    g_string_append_c(text, '\0');
    g_string_append(text, " 10.0.0.1\n");
    for (guint i = 0; i < 1 << 20; i++)
        g_string_append_c(text, (char)(i * 131 + (i >> 8)));
    g_string_append(text, "\n2070 " KEY_B " 10.0.0.7 10.0.0.1\n");
    nwf_lease_file_parse(file, (NwfBytes){(const guint8 *)text->str, text->len}, &records_now);
    live = summary_of(file, FALSE);
    g_assert_cmpstr(live, ==, "A:10.0.0.5:60 B:10.0.0.7:70");
    g_assert_cmpuint(file->bad, >, 2);
}

/* A file that ends anywhere gives what was whole of it, and never another address or a longer time. */
static void
test_truncated_lease_file(void)
{
    const char *text = "2060 " KEY_A " 10.0.0.102 10.0.0.1\n2090 " KEY_B " 10.0.0.103 10.0.0.1\n";

    for (gsize length = 0; length <= strlen(text); length++) {
        g_autofree char *cut = g_strndup(text, length);
        g_autoptr(NwfLeaseFile) file = nwf_lease_file_new();
        g_autofree char *live = NULL;
        nwf_lease_file_parse(file, bytes_of(cut), &records_now);
        live = summary_of(file, FALSE);
        g_assert_true(g_str_has_prefix("A:10.0.0.102:60 B:10.0.0.103:90", live));
        g_assert_cmpuint(file->records->len + file->bad, ==,
                         length == 0                                 ? 0
                         : strchr(cut, '\n') && strchr(cut, '\n')[1] ? 2
                                                                     : 1);
    }
}

/* One line a key, the lease granted last: what the stock driver uses. */
static void
test_written_lease_file(void)
{
    g_autoptr(GArray) records = records_new();
    g_autofree char *text = NULL;

    records_add(records, NWF_LEARN_DHCP, KEY_A, "10.0.0.5", 60, 10);
    records_add(records, NWF_LEARN_DHCP, KEY_A, "10.0.0.6", 30, 5);
    records_add(records, NWF_LEARN_DHCP, KEY_A, "10.0.0.7", 90, 20);
    records_add(records, NWF_LEARN_DHCP, KEY_A, "10.0.0.8", 0, 0);
    records_add(records, NWF_LEARN_DHCP, KEY_B, "10.0.0.9", -1, 0);
    records_add(records, NWF_LEARN_ANY, KEY_B, "10.0.0.10", -1, 0);
    text = nwf_lease_file_format(records, &records_now);
    g_assert_cmpstr(text, ==,
                    "2030 " KEY_A " 10.0.0.6 10.0.0.1\n"
                    "18446744073709551615 " KEY_B " 10.0.0.9 10.0.0.1\n");
}

/* ---- our own file ---- */

static void
check_state(const char *text, const char *boot, const NwfClock *clock, const char *expected, guint bad, guint foreign)
{
    g_autoptr(NwfLeaseFile) file = nwf_lease_file_new();
    g_autofree char *got = NULL;

    nwf_state_file_parse(file, bytes_of(text), boot, clock);
    got = records_summary(file->records);
    g_assert_cmpstr(got, ==, expected);
    g_assert_cmpuint(file->bad, ==, bad);
    g_assert_cmpuint(file->foreign, ==, foreign);
}

/* Saved and read at the same moment nothing has changed, to the microsecond and the byte. */
static void
test_state_round_trip(void)
{
    g_autoptr(GArray) records = records_some();
    g_autofree char *text = nwf_state_file_format(records, BOOT);
    g_autoptr(NwfLeaseFile) file = nwf_lease_file_new();

    nwf_state_file_parse(file, bytes_of(text), BOOT, &records_now);
    g_assert_cmpmem(file->records->data, file->records->len * sizeof(NwfRecord), records->data,
                    records->len * sizeof(NwfRecord));
    check_state(text, BOOT, &records_now, RECORDS_ALL, 0, 0);
    check_state(text, "another-boot", &records_now, "", 0, 3);
    check_state("nwfilter-learn 2\n", BOOT, &records_now, "", 1, 0);
    check_state("", BOOT, &records_now, "", 0, 0);
}

/* Who gave a lease, if that is known, is a line that another version passes over; only the lease's own line gives it.
 */
static void
test_listed_state(void)
{
    g_autoptr(GArray) records = records_some();
    g_autoptr(NwfLeaseFile) file = nwf_lease_file_new();

    g_array_index(records, NwfRecord, 0).lease.listed = nwf_address_ipv4(0x0a000002);
    g_array_index(records, NwfRecord, 2).lease.listed = nwf_address_ipv4(0x0a000003);
    g_autofree char *text = nwf_state_file_format(records, BOOT);
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    nwf_state_file_parse(file, bytes_of(text), BOOT, &records_now);
    g_assert_cmpmem(file->records->data, file->records->len * sizeof(NwfRecord), records->data,
                    records->len * sizeof(NwfRecord));
    check_state(text, "another-boot", &records_now, "", 0, 5);
    g_autofree char *apart = g_strjoin("\n", lines[0], lines[2], lines[1], lines[3], lines[2], NULL);
    g_autoptr(NwfLeaseFile) odd = nwf_lease_file_new();
    nwf_state_file_parse(odd, bytes_of(apart), BOOT, &records_now);
    g_assert_cmpuint(odd->bad, ==, 0);
    g_assert_cmpuint(odd->records->len, ==, 2);
    for (guint i = 0; i < odd->records->len; i++)
        g_assert_false(nwf_address_is_set(&g_array_index(odd->records, NwfRecord, i).lease.listed));
}

/* Any byte changed, in any way that makes a difference, and that line alone is refused. */
static void
test_damaged_state(void)
{
    g_autoptr(GArray) records = records_some();
    g_autofree char *text = nwf_state_file_format(records, BOOT);
    gsize begin = strlen("nwfilter-learn 1\n");

    for (gsize i = begin; text[i] != '\0'; i++) {
        char was = text[i];
        g_autoptr(NwfLeaseFile) file = nwf_lease_file_new();
        if (was == '\n')
            continue;
        text[i] = was == '1' ? '2' : '1';
        nwf_state_file_parse(file, bytes_of(text), BOOT, &records_now);
        g_assert_cmpuint(file->bad, ==, 1);
        g_assert_cmpuint(file->records->len, ==, 2);
        text[i] = was;
    }
}

static void
test_truncated_state(void)
{
    g_autoptr(GArray) records = records_some();
    g_autofree char *text = nwf_state_file_format(records, BOOT);

    for (gsize length = 0; length <= strlen(text); length++) {
        g_autofree char *cut = g_strndup(text, length);
        g_autoptr(NwfLeaseFile) file = nwf_lease_file_new();
        g_autofree char *got = NULL;
        nwf_state_file_parse(file, bytes_of(cut), BOOT, &records_now);
        got = records_summary(file->records);
        g_assert_true(g_str_has_prefix(RECORDS_ALL, got));
    }
}

/* Lines whose checksum is right but that say what cannot be. */
static void
test_state_that_cannot_be(void)
{
    static const char *const lines[] = {
        BOOT " dhcp - 0 " KEY_A " 224.0.0.1 - 1990000000 1990000000 ack - - -",
        BOOT " dhcp - 0 " KEY_A " - - 1990000000 1990000000 ack - - -",
        BOOT " any - 5 " KEY_A " 10.0.0.5 - 1990000000 1990000000 ack - - -",
        BOOT " any vnet0 5 " KEY_A " 10.0.0.5 2060000000 1990000000 1990000000 ack - - -",
        BOOT " dhcp vnet0 5 " KEY_A " 10.0.0.5 - 1990000000 1990000000 ack - - -",
        BOOT " dhcp - 0 " KEY_A " 10.0.0.5 - 1990000000 1990000000 arp - - -",
        BOOT " none - 0 " KEY_A " 10.0.0.5 - 1990000000 1990000000 ack - - -",
        BOOT " dhcp - 0 " KEY_A "0 10.0.0.5 - 1990000000 1990000000 ack - - -",
        BOOT " dhcp - 0 " KEY_A " 10.0.0.5 - x 1990000000 ack - - -",
        BOOT " dhcp - 0 " KEY_A " 10.0.0.5 99999999999999999 1990000000 1990000000 ack - - -",
        BOOT " dhcp - 0 " KEY_A " 10.0.0.5 - 1990000000 1990000000 ack - - 0",
        BOOT " dhcp - 0 " KEY_A " 10.0.0.5 - 1990000000 1990000000 ack - - xx",
        BOOT " dhcp - 0 " KEY_A " 10.0.0.5 - 1990000000 1990000000 ack 10.0.0 - -",
        BOOT " dhcp - 0 " KEY_A " 10.0.0.5 - 1990000000 1990000000 ack - - - more",
        BOOT " any a-name-that-is-much-longer-than-any-name-of-an-interface-can-ever-be 5 " KEY_A
             " 10.0.0.5 - 1990000000 1990000000 ack - - -",
    };

    for (gsize i = 0; i < G_N_ELEMENTS(lines); i++) {
        g_autofree char *sum = g_compute_checksum_for_string(G_CHECKSUM_SHA256, lines[i], -1);
        g_autofree char *text = g_strdup_printf("nwfilter-learn 1\n%.16s %s\n", sum, lines[i]);
        check_state(text, BOOT, &records_now, "", 1, 0);
    }
}

/* The wall clock steps while the daemon runs: leases keep their length. It steps while it is away: ours do too. */
static void
test_clock_steps(void)
{
    g_autoptr(GArray) records = records_some();
    static const gint64 steps[] = {-DAY, DAY, -1500 * SECOND, 0};

    for (gsize i = 0; i < G_N_ELEMENTS(steps); i++) {
        NwfClock stepped = {.boot = records_now.boot, .wall = records_now.wall + DAY + steps[i]};
        g_autofree char *text = nwf_state_file_format(records, BOOT);
        g_autofree char *stock = nwf_lease_file_format(records, &stepped);
        g_autoptr(NwfLeaseFile) file = nwf_lease_file_new();
        NwfClock later = {.boot = stepped.boot + 20 * SECOND, .wall = stepped.wall + 20 * SECOND};
        g_autoptr(NwfLeaseFile) state = nwf_lease_file_new();
        nwf_state_file_parse(state, bytes_of(text), BOOT, &later);
        g_assert_cmpuint(state->records->len, ==, 3);
        g_assert_cmpint(g_array_index(state->records, NwfRecord, 0).lease.expiry, ==, records_now.boot + 60 * SECOND);
        nwf_lease_file_parse(file, bytes_of(stock), &later);
        g_assert_cmpuint(file->records->len, ==, 1);
    }
}

static void
test_clock_steps_while_away(void)
{
    g_autoptr(GArray) records = records_some();
    g_autofree char *text = nwf_state_file_format(records, BOOT);
    g_autofree char *stock = nwf_lease_file_format(records, &records_now);
    static const gint64 steps[] = {-1999 * SECOND, DAY};

    for (gsize i = 0; i < G_N_ELEMENTS(steps); i++) {
        NwfClock stepped = {.boot = records_now.boot, .wall = records_now.wall + steps[i]};
        g_autoptr(NwfLeaseFile) file = nwf_lease_file_new();
        check_state(text, BOOT, &stepped, RECORDS_ALL, 0, 0);
        nwf_lease_file_parse(file, bytes_of(stock), &stepped);
        for (guint n = 0; n < file->records->len; n++) {
            const NwfLease *lease = &g_array_index(file->records, NwfRecord, n).lease;
            g_assert_true(lease->infinite || lease->expiry <= stepped.boot + NWF_LEASE_SECONDS_MAX * SECOND);
        }
    }
}

/* A file that says what is to come of what has been gives no new time of grace. */
static void
test_state_from_the_future(void)
{
    g_autoptr(GArray) records = records_some();
    g_autofree char *text = nwf_state_file_format(records, BOOT);
    NwfClock early = {.boot = 10 * SECOND, .wall = records_now.wall};
    g_autoptr(NwfLeaseFile) file = nwf_lease_file_new();

    nwf_state_file_parse(file, bytes_of(text), BOOT, &early);
    g_assert_cmpuint(file->records->len, ==, 3);
    for (guint i = 0; i < 3; i++)
        g_assert_cmpint(early.boot - g_array_index(file->records, NwfRecord, i).lease.learned, >, NWF_GRACE);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (gsize i = 0; i < G_N_ELEMENTS(lease_files); i++) {
        g_autofree char *path = g_strdup_printf("/learn/leases/%s", lease_files[i].name);
        g_test_add_data_func(path, GSIZE_TO_POINTER(i), test_lease_file);
    }
    g_test_add_func("/learn/leases/lines-that-are-too-long-or-binary", test_lines_that_are_too_long_or_binary);
    g_test_add_func("/learn/leases/truncated", test_truncated_lease_file);
    g_test_add_func("/learn/leases/written", test_written_lease_file);
    g_test_add_func("/learn/state/round-trip", test_state_round_trip);
    g_test_add_func("/learn/state/listed", test_listed_state);
    g_test_add_func("/learn/state/damaged", test_damaged_state);
    g_test_add_func("/learn/state/truncated", test_truncated_state);
    g_test_add_func("/learn/state/that-cannot-be", test_state_that_cannot_be);
    g_test_add_func("/learn/state/clock-steps", test_clock_steps);
    g_test_add_func("/learn/state/clock-steps-while-away", test_clock_steps_while_away);
    g_test_add_func("/learn/state/from-the-future", test_state_from_the_future);
    return g_test_run();
}
