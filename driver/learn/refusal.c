/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * refusal.c: why something that was seen taught nothing, and how often
 */
#include "driver/learn/refusal.h"

#include <glib/gi18n-lib.h>

static const struct {
    const char *word, *text;
} refusals[] = {
#define NWF_REFUSAL_ROW(name, word, text) [NWF_REFUSAL_##name] = {word, text},
    NWF_REFUSAL_LIST(NWF_REFUSAL_ROW)
#undef NWF_REFUSAL_ROW
};

const char *
nwf_refusal_word(NwfRefusal refusal)
{
    g_return_val_if_fail(refusal < G_N_ELEMENTS(refusals), "");
    return refusals[refusal].word;
}

const char *
nwf_refusal_text(NwfRefusal refusal)
{
    g_return_val_if_fail(refusal < G_N_ELEMENTS(refusals), "");
    return _(refusals[refusal].text);
}

void
nwf_counters_refuse(NwfCounters *counters, NwfRefusal refusal)
{
    counters->refused[refusal]++;
    if (refusal != NWF_REFUSAL_NONE)
        counters->last = refusal;
}

gboolean
nwf_counters_report(NwfCounters *counters, const NwfAddress *address, gint64 now)
{
    guint next = counters->next_reported;

    for (guint i = 0; i < NWF_REPORTED_MAX; i++)
        if (nwf_address_equal(&counters->reported[i].address, address))
            return FALSE;
    if (nwf_address_is_set(&counters->reported[next].address) && now - counters->reported[next].at < NWF_REPORT_AGAIN)
        return FALSE;
    counters->reported[next].address = *address;
    counters->reported[next].at = now;
    counters->next_reported = (next + 1) % NWF_REPORTED_MAX;
    return TRUE;
}

void
nwf_counters_write(const NwfCounters *counters, GKeyFile *file, const char *group)
{
    char server[NWF_ADDRESS_TEXT];

    for (guint refusal = NWF_REFUSAL_NONE + 1; refusal < NWF_REFUSALS; refusal++) {
        g_autofree char *name = g_strdup_printf("refused-%s", nwf_refusal_word(refusal));
        if (counters->refused[refusal] > 0)
            g_key_file_set_uint64(file, group, name, counters->refused[refusal]);
    }
    if (counters->last != NWF_REFUSAL_NONE)
        g_key_file_set_string(file, group, "last-refusal", nwf_refusal_word(counters->last));
    if (nwf_address_is_set(&counters->last_server))
        g_key_file_set_string(file, group, "last-server", nwf_address_format(server, &counters->last_server));
}
