/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * pace.c: how often the learned addresses of one port may change its rules
 *
 * A guest decides how often its addresses change, and the filter what each change costs. So a port owes for each change
 * a rest of REST times as long as the change took: one guest gets about a twentieth of the applier's time. What is owed
 * passes with time. A port waits only if it owes more than ALLOWANCE: a guest whose changes cost milliseconds may have
 * several of them at once, as honest guests do. What a port waits is bounded by REST_MAX, for the guest has no network
 * with its new address meanwhile.
 *
 * Among those that are due the one that was served longest ago is first: a port that has not learned anything yet
 * passes all those that come again and again.
 *
 * Invariants: what a port owes is remembered until it is paid, also while nothing is wanted of it.
 *
 * Limits: many ports that change all the time may together take all the time that calls of users leave.
 */
#include "driver/engine/pace.h"

enum {
    REST = 20, /* times what a change cost */
    ALLOWANCE = 2 * G_TIME_SPAN_SECOND,
    REST_MAX = 60 * G_TIME_SPAN_SECOND,
};

typedef struct Record {
    const char *port; /* the key's */
    gboolean wanted;
    gint64 paid;   /* when it owes nothing any more */
    gint64 served; /* end of the last change; 0: none is remembered */
} Record;

struct NwfPace {
    GHashTable *records; /* name of a port -> Record */
};

NwfPace *
nwf_pace_new(void)
{
    NwfPace *pace = g_new0(NwfPace, 1);

    pace->records = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    return pace;
}

void
nwf_pace_free(NwfPace *pace)
{
    if (!pace)
        return;
    g_hash_table_unref(pace->records);
    g_free(pace);
}

/* When @record may change again. */
static gint64
due_of(const Record *record)
{
    return MAX(record->paid - ALLOWANCE, 1);
}

static Record *
record_of(NwfPace *pace, const char *port)
{
    Record *record = g_hash_table_lookup(pace->records, port);

    if (record)
        return record;
    char *key = g_strdup(port);
    record = g_new0(Record, 1);
    record->port = key;
    g_hash_table_insert(pace->records, key, record);
    return record;
}

void
nwf_pace_want(NwfPace *pace, const char *port)
{
    record_of(pace, port)->wanted = TRUE;
}

void
nwf_pace_drop(NwfPace *pace, const char *port)
{
    Record *record = g_hash_table_lookup(pace->records, port);

    if (record)
        record->wanted = FALSE;
}

static int
compare_served(gconstpointer a, gconstpointer b)
{
    const Record *one = *(const Record *const *)a, *other = *(const Record *const *)b;

    return one->served < other->served ? -1 : one->served > other->served;
}

GPtrArray *
nwf_pace_wanted(NwfPace *pace, gint64 now)
{
    g_autoptr(GPtrArray) records = g_ptr_array_new();
    GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
    GHashTableIter iter;
    gpointer value;

    g_hash_table_iter_init(&iter, pace->records);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        const Record *record = value;
        if (record->wanted)
            g_ptr_array_add(records, value);
        else if (record->paid < now) /* it is like one that never came */
            g_hash_table_iter_remove(&iter);
    }
    g_ptr_array_sort(records, compare_served);
    for (guint i = 0; i < records->len; i++)
        g_ptr_array_add(names, g_strdup(((const Record *)g_ptr_array_index(records, i))->port));
    return names;
}

gboolean
nwf_pace_is_due(const NwfPace *pace, const char *port, gint64 now)
{
    const Record *record = g_hash_table_lookup(pace->records, port);

    return !record || due_of(record) <= now;
}

gint64
nwf_pace_next(const NwfPace *pace)
{
    gint64 next = 0;
    GHashTableIter iter;
    gpointer value;

    g_hash_table_iter_init(&iter, pace->records);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        const Record *record = value;
        if (record->wanted && (!next || due_of(record) < next))
            next = due_of(record);
    }
    return next;
}

void
nwf_pace_charge(NwfPace *pace, const char *port, gint64 begin, gint64 cost, gboolean served)
{
    Record *record = record_of(pace, port);
    gint64 end = begin + cost;

    record->paid = MIN(MAX(record->paid, begin) + (1 + REST) * cost, end + ALLOWANCE + REST_MAX);
    if (served) {
        record->wanted = FALSE;
        record->served = end;
    }
}
