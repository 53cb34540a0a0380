/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * fuzz-leases.c: of the stock lease file only leases that can be are read; what is written of them is one line a key
 * and reads the same
 */
#include "driver/learn/lease_files.h"

#include <string.h>

#include "fuzz.h"

static const NwfClock now = {.boot = 100 * (gint64)G_USEC_PER_SEC, .wall = 1795425029 * (gint64)G_USEC_PER_SEC};

static void
check(const NwfRecord *record)
{
    const NwfLease *lease = &record->lease;
    char key[NWF_KEY_LENGTH + 1];

    g_assert_cmpint(record->mode, ==, NWF_LEARN_DHCP);
    g_assert_true(nwf_lease_key_parse(key, record->key));
    g_assert_cmpstr(key, ==, record->key);
    g_assert_cmpint(nwf_address_policy(NULL, &lease->address, NULL, FALSE), ==, NWF_REFUSAL_NONE);
    if (!lease->infinite)
        g_assert_true(lease->expiry > now.boot &&
                      lease->expiry <= now.boot + (gint64)NWF_LEASE_SECONDS_MAX * (gint64)G_USEC_PER_SEC);
}

/* Through a database, as a daemon would: nothing may appear that was not read, and no more than one line a key. */
static void
check_written(const GArray *live)
{
    g_autoptr(NwfLeaseDb) db = nwf_lease_db_new();
    g_autoptr(NwfLeaseFile) again = nwf_lease_file_new();
    g_autoptr(GArray) records = NULL;
    g_autoptr(GHashTable) keys = g_hash_table_new(g_str_hash, g_str_equal);
    g_autofree char *text = NULL, *second = NULL;

    nwf_lease_db_restore(db, live);
    records = nwf_lease_db_records(db);
    g_assert_cmpuint(records->len, <=, live->len);
    text = nwf_lease_file_format(records, &now);
    nwf_lease_file_parse(again, (NwfBytes){(const guint8 *)text, strlen(text)}, &now);
    g_assert_cmpuint(again->bad, ==, 0);
    for (guint i = 0; i < again->records->len; i++)
        g_assert_true(g_hash_table_add(keys, g_array_index(again->records, NwfRecord, i).key));
    second = nwf_lease_file_format(again->records, &now);
    g_assert_cmpstr(text, ==, second);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(NwfLeaseFile) file = nwf_lease_file_new();
    g_autoptr(GArray) merged = g_array_new(FALSE, FALSE, sizeof(NwfRecord));
    guint live;

    nwf_lease_file_parse(file, (NwfBytes){data, size}, &now);
    nwf_lease_file_merge(merged, file); /* those in force */
    for (guint i = 0; i < merged->len; i++)
        check(&g_array_index(merged, NwfRecord, i));
    check_written(merged);
    live = merged->len;
    nwf_lease_file_merge(merged, file);
    g_assert_cmpuint(merged->len, ==, live);
    return 0;
}
