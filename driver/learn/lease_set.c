/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * lease_set.c: one list of addresses; see lease_set.h
 */
#include "driver/learn/lease_set.h"

const char *const nwf_lease_source_words[NWF_SOURCES] = {
    [NWF_SOURCE_IP] = "ip", [NWF_SOURCE_ARP] = "arp", [NWF_SOURCE_ACK] = "ack"};

NwfLeaseSet *
nwf_lease_set_new(guint64 *last_version)
{
    NwfLeaseSet *set = g_new0(NwfLeaseSet, 1);

    set->entries = g_array_new(FALSE, FALSE, sizeof(NwfLease));
    set->version = NWF_VERSION_NOTHING;
    set->last_version = last_version;
    return set;
}

void
nwf_lease_set_free(NwfLeaseSet *set)
{
    g_array_unref(set->entries);
    g_free(set);
}

static void
addresses_changed(NwfLeaseSet *set)
{
    set->version = ++*set->last_version;
}

static NwfLease *
entry(const NwfLeaseSet *set, guint i)
{
    return &g_array_index(set->entries, NwfLease, i);
}

/* The place of @address, or the number of entries. */
static guint
find(const NwfLeaseSet *set, const NwfAddress *address)
{
    guint i = 0;

    while (i < set->entries->len && !nwf_address_equal(&entry(set, i)->address, address))
        i++;
    return i;
}

/* All of @lease but the time when the address came. */
static void
replace(NwfLease *current, const NwfLease *lease)
{
    gint64 learned = current->learned;

    *current = *lease;
    current->learned = learned;
}

static gboolean
may_replace(const NwfLease *current, const NwfLease *shown, gint64 now)
{
    if (now - current->learned > NWF_GRACE)
        return FALSE;
    if (nwf_address_is_link_local(&current->address) && !nwf_address_is_link_local(&shown->address))
        return TRUE;
    return shown->source == NWF_SOURCE_ACK && current->source != NWF_SOURCE_ACK;
}

NwfRefusal
nwf_lease_set_show(NwfLeaseSet *set, const NwfLease *shown, gint64 now)
{
    NwfLease *current = set->entries->len > 0 ? entry(set, 0) : NULL;

    if (!current) {
        g_array_append_val(set->entries, *shown);
        addresses_changed(set);
    } else if (nwf_address_equal(&current->address, &shown->address)) {
        if (shown->source > current->source) {
            replace(current, shown);
            set->renewals++;
        }
    } else if (may_replace(current, shown, now)) {
        replace(current, shown);
        addresses_changed(set);
    } else {
        return NWF_REFUSAL_LOCKED;
    }
    return NWF_REFUSAL_NONE;
}

NwfRefusal
nwf_lease_set_grant(NwfLeaseSet *set, const NwfLease *lease, guint max)
{
    guint place = find(set, &lease->address);

    if (place < set->entries->len) {
        replace(entry(set, place), lease);
        set->renewals++;
        return NWF_REFUSAL_NONE;
    }
    if (set->entries->len >= max)
        return NWF_REFUSAL_FULL;
    g_array_append_val(set->entries, *lease);
    addresses_changed(set);
    return NWF_REFUSAL_NONE;
}

NwfRefusal
nwf_lease_set_end(NwfLeaseSet *set, const NwfAddress *address)
{
    guint place = find(set, address);

    if (place == set->entries->len)
        return NWF_REFUSAL_NO_LEASE;
    g_array_remove_index(set->entries, place);
    addresses_changed(set);
    return NWF_REFUSAL_NONE;
}

void
nwf_lease_set_clear(NwfLeaseSet *set)
{
    if (set->entries->len == 0)
        return;
    g_array_set_size(set->entries, 0);
    addresses_changed(set);
}

gboolean
nwf_lease_set_expire(NwfLeaseSet *set, gint64 now)
{
    guint before = set->entries->len;

    for (guint i = before; i-- > 0;)
        if (!entry(set, i)->infinite && entry(set, i)->expiry <= now)
            g_array_remove_index(set->entries, i);
    if (set->entries->len == before)
        return FALSE;
    addresses_changed(set);
    return TRUE;
}

gint64
nwf_lease_set_next_expiry(const NwfLeaseSet *set)
{
    gint64 next = NWF_NEVER;

    for (guint i = 0; i < set->entries->len; i++)
        if (!entry(set, i)->infinite)
            next = MIN(next, entry(set, i)->expiry);
    return next;
}
