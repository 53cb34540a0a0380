/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * records.c: leases as files know them
 */
#include "records.h"

#include <string.h>

const NwfClock records_now = {.boot = 100 * SECOND, .wall = 2000 * SECOND};

/* "KEY's letter, address, seconds left" of each, with blanks between. */
char *
records_summary(const GArray *records)
{
    GString *text = g_string_new(NULL);
    char address[NWF_ADDRESS_TEXT];

    for (guint i = 0; i < records->len; i++) {
        const NwfRecord *record = &g_array_index(records, NwfRecord, i);
        g_string_append_printf(text, "%s%s:%s", i > 0 ? " " : "", strcmp(record->key, KEY_A) == 0 ? "A" : "B",
                               nwf_address_format(address, &record->lease.address));
        if (record->lease.infinite)
            g_string_append(text, ":never");
        else
            g_string_append_printf(text, ":%" G_GINT64_FORMAT, (record->lease.expiry - records_now.boot) / SECOND);
    }
    return g_string_free(text, FALSE);
}

GArray *
records_new(void)
{
    return g_array_new(FALSE, FALSE, sizeof(NwfRecord));
}

void
records_add(GArray *records, NwfLearnMode mode, const char *key, const char *text, gint64 left, gint64 granted)
{
    NwfRecord record = {.mode = mode};

    g_assert_true(nwf_address_parse(&record.lease.address, text));
    g_strlcpy(record.key, key, sizeof(record.key));
    record.lease.source = NWF_SOURCE_ACK;
    record.lease.infinite = left < 0;
    record.lease.expiry = left < 0 ? 0 : records_now.boot + left * SECOND;
    record.lease.learned = record.lease.granted = records_now.boot - granted * SECOND;
    record.lease.next_server = nwf_address_ipv4(0x0a000001);
    if (mode == NWF_LEARN_ANY) {
        g_strlcpy(record.name, "vnet0", sizeof(record.name));
        record.ifindex = 5;
    }
    g_array_append_val(records, record);
}

GArray *
records_some(void)
{
    GArray *records = records_new();

    records_add(records, NWF_LEARN_DHCP, KEY_A, "10.0.0.5", 60, 10);
    records_add(records, NWF_LEARN_DHCP, KEY_A, "10.0.0.6", -1, 5);
    records_add(records, NWF_LEARN_ANY, KEY_B, "10.0.0.7", -1, 5);
    for (guint i = 0; i < 255; i++)
        g_array_index(records, NwfRecord, 1).lease.client.bytes[i] = (guint8)i;
    g_array_index(records, NwfRecord, 1).lease.client.length = 255;
    g_array_index(records, NwfRecord, 2).lease.source = NWF_SOURCE_ARP;
    return records;
}
