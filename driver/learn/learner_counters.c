/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * learner_counters.c: what was seen at each port, as a file for people and programs
 *
 * A key file (GKeyFile): a group for each watched port, numbered because names of devices may have any character. Times
 * and figures are from the start of the daemon, or of watching, if that was later. The file says nothing that the
 * learner itself reads.
 *
 *     [port-1]
 *     name=vnet0
 *     mode=any
 *     key=b2d0…-52:54:00:00:00:01     (uuid of the guest and MAC)
 *     capture=yes                    (no: nothing more to learn, or no device; see the log)
 *     addresses=192.0.2.5;
 *     seen=12
 *     accepted=1
 *     lost=0                         (dropped by the kernel: too many to be read)
 *     refused-arp-probe=3            (a line for each reason that occurred, by its word)
 *     last-refusal=arp-probe
 *     last-server=192.0.2.1
 */
#include "driver/learn/learner_inside.h"

static void
set_refusals(GKeyFile *file, const char *group, const NwfCounters *counters)
{
    for (guint refusal = NWF_REFUSAL_NONE + 1; refusal < NWF_REFUSALS; refusal++) {
        g_autofree char *name = g_strdup_printf("refused-%s", nwf_refusal_word(refusal));
        if (counters->refused[refusal] > 0)
            g_key_file_set_uint64(file, group, name, counters->refused[refusal]);
    }
    if (counters->last != NWF_REFUSAL_NONE)
        g_key_file_set_string(file, group, "last-refusal", nwf_refusal_word(counters->last));
}

static void
set_addresses(GKeyFile *file, const char *group, const GArray *list)
{
    g_autoptr(GPtrArray) texts = g_ptr_array_new_with_free_func(g_free);
    char text[NWF_ADDRESS_TEXT];

    for (guint i = 0; i < list->len; i++)
        g_ptr_array_add(texts, g_strdup(nwf_address_format(text, &g_array_index(list, NwfAddress, i))));
    g_key_file_set_string_list(file, group, "addresses", (const char *const *)texts->pdata, texts->len);
}

static guint64
count_lost(NwfSession *port, gboolean *open)
{
    guint64 lost = 0;

    *open = FALSE;
    for (guint direction = 0; direction < NWF_LEARN_DIRECTIONS; direction++) {
        NwfSlot *slot = &port->slots[direction];
        lost += slot->lost;
        if (slot->capture == NULL)
            continue;
        lost += nwf_capture_lost(slot->capture);
        *open = TRUE;
    }
    return lost;
}

static void
set_port(GKeyFile *file, const char *group, NwfSession *port)
{
    const NwfCounters *counters = nwf_inspector_counters(port->core);
    gboolean open = FALSE;
    guint64 lost = count_lost(port, &open);
    char server[NWF_ADDRESS_TEXT];

    g_key_file_set_string(file, group, "name", port->terms->portdev);
    g_key_file_set_string(file, group, "mode", nwf_learn_mode_words[port->terms->mode]);
    g_key_file_set_string(file, group, "key", port->key);
    g_key_file_set_string(file, group, "capture", open ? "yes" : "no");
    set_addresses(file, group, port->told);
    g_key_file_set_uint64(file, group, "seen", counters->seen);
    g_key_file_set_uint64(file, group, "accepted", counters->accepted);
    g_key_file_set_uint64(file, group, "lost", lost);
    set_refusals(file, group, counters);
    if (nwf_address_is_set(&counters->last_server))
        g_key_file_set_string(file, group, "last-server", nwf_address_format(server, &counters->last_server));
}

static int
compare_names(gconstpointer a, gconstpointer b)
{
    return g_strcmp0(a, b);
}

char *
nwf_learner_counters_locked(NwfLearner *learner)
{
    g_autoptr(GKeyFile) file = g_key_file_new();
    g_autoptr(GList) names = g_list_sort(g_hash_table_get_keys(learner->ports), compare_names);
    guint number = 0;

    for (GList *name = names; name != NULL; name = name->next) {
        g_autofree char *group = g_strdup_printf("port-%u", ++number);
        set_port(file, group, g_hash_table_lookup(learner->ports, name->data));
    }
    return g_key_file_to_data(file, NULL, NULL);
}
