/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * fuzz-state.c: of our own state file only what can be is read, and it is written and read again the same
 *
 * If the first byte is a plus, checksums are made right first: else no line would come as far as its fields.
 */
#include "driver/learn/lease_files.h"

#include <string.h>

#include "fuzz.h"

#define BOOT "0f2b9e3a-1c1d-4e55-9b5e-8a1f6b6f0a01"

static const NwfClock now = {.boot = 100 * (gint64)G_USEC_PER_SEC, .wall = 1795425029 * (gint64)G_USEC_PER_SEC};

/* Each line but the first gets a new first field. */
static char *
with_sums(const char *text)
{
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    GString *out = g_string_new(lines[0]);

    for (guint i = 1; lines[0] != NULL && lines[i] != NULL; i++) {
        const char *rest = strchr(lines[i], ' ');
        g_autofree char *sum = rest ? g_compute_checksum_for_string(G_CHECKSUM_SHA256, rest + 1, -1) : NULL;
        g_string_append_printf(out, "\n%.16s%s", sum ? sum : "", rest ? rest : "");
    }
    return g_string_free(out, FALSE);
}

static void
check(const NwfRecord *record)
{
    const NwfLease *lease = &record->lease;

    g_assert_cmpint(nwf_address_policy(NULL, &lease->address, NULL, FALSE), ==, NWF_REFUSAL_NONE);
    g_assert_true((record->mode == NWF_LEARN_ANY) == (*record->name != '\0'));
    g_assert_cmpint(lease->learned, <=, now.boot);
    g_assert_cmpint(lease->granted, <=, now.boot);
    if (!lease->infinite)
        g_assert_true(lease->expiry > now.boot &&
                      lease->expiry <= now.boot + (gint64)NWF_LEASE_SECONDS_MAX * (gint64)G_USEC_PER_SEC);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autofree char *raw = size > 0 && *data == '+' ? g_strndup((const char *)data + 1, size - 1) : NULL;
    g_autofree char *repaired = raw ? with_sums(raw) : NULL;
    NwfBytes text = repaired ? (NwfBytes){(const guint8 *)repaired, strlen(repaired)} : (NwfBytes){data, size};
    g_autoptr(NwfLeaseFile) once = nwf_lease_file_new();
    g_autoptr(NwfLeaseFile) again = nwf_lease_file_new();
    g_autofree char *written = NULL, *second = NULL;

    nwf_state_file_parse(once, text, BOOT, &now);
    for (guint i = 0; i < once->records->len; i++)
        check(&g_array_index(once->records, NwfRecord, i));
    written = nwf_state_file_format(once->records, BOOT);
    nwf_state_file_parse(again, (NwfBytes){(const guint8 *)written, strlen(written)}, BOOT, &now);
    g_assert_cmpuint(again->bad + again->foreign, ==, 0);
    g_assert_cmpuint(again->records->len, ==, once->records->len);
    second = nwf_state_file_format(again->records, BOOT);
    g_assert_cmpstr(written, ==, second);
    return 0;
}
