/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * lease_set.c: one list of addresses; see leases.h
 */
#include "driver/learn/lease_set.h"

NwfLeaseSet *
nwf_lease_set_new(void)
{
    NwfLeaseSet *leases = g_new0(NwfLeaseSet, 1);

    leases->entries = g_array_new(FALSE, FALSE, sizeof(NwfLease));
    return leases;
}

void
nwf_lease_set_free(NwfLeaseSet *leases)
{
    if (leases == NULL)
        return;
    g_array_unref(leases->entries);
    g_free(leases);
}

static NwfLease *
entry(const NwfLeaseSet *leases, guint i)
{
    return &g_array_index(leases->entries, NwfLease, i);
}

NwfLease *
nwf_lease_set_find(const NwfLeaseSet *leases, const NwfAddress *address)
{
    for (guint i = 0; i < leases->entries->len; i++)
        if (nwf_address_equal(&entry(leases, i)->address, address))
            return entry(leases, i);
    return NULL;
}

/* The same address, seen again: only what it was learned from can become better. */
static void
confirm(NwfLeaseSet *leases, NwfLease *held, const NwfLease *seen)
{
    gint64 learned = held->learned;

    if (seen->source <= held->source)
        return;
    *held = *seen;
    held->learned = learned;
    leases->renewals++;
}

static gboolean
may_replace(const NwfLease *held, const NwfLease *seen, gint64 now)
{
    if (now - held->learned > NWF_GRACE)
        return FALSE;
    if (nwf_address_is_link_local(&held->address) && !nwf_address_is_link_local(&seen->address))
        return TRUE;
    return seen->source == NWF_SOURCE_ACK && held->source != NWF_SOURCE_ACK;
}

NwfRefusal
nwf_lease_set_show(NwfLeaseSet *leases, const NwfLease *seen, gint64 now)
{
    NwfLease *held = leases->entries->len > 0 ? entry(leases, 0) : NULL;

    if (held == NULL) {
        g_array_append_val(leases->entries, *seen);
        leases->version++;
    } else if (nwf_address_equal(&held->address, &seen->address)) {
        confirm(leases, held, seen);
    } else if (may_replace(held, seen, now)) {
        gint64 learned = held->learned;
        *held = *seen;
        held->learned = learned;
        leases->version++;
    } else {
        return NWF_REFUSAL_LOCKED;
    }
    return NWF_REFUSAL_NONE;
}

NwfRefusal
nwf_lease_set_grant(NwfLeaseSet *leases, const NwfLease *lease, guint max)
{
    NwfLease *held = nwf_lease_set_find(leases, &lease->address);

    if (held != NULL) {
        gint64 learned = held->learned;
        *held = *lease;
        held->learned = learned;
        leases->renewals++;
        return NWF_REFUSAL_NONE;
    }
    if (leases->entries->len >= max)
        return NWF_REFUSAL_FULL;
    g_array_append_val(leases->entries, *lease);
    leases->version++;
    return NWF_REFUSAL_NONE;
}

NwfRefusal
nwf_lease_set_end(NwfLeaseSet *leases, const NwfAddress *address)
{
    for (guint i = 0; i < leases->entries->len; i++)
        if (nwf_address_equal(&entry(leases, i)->address, address)) {
            g_array_remove_index(leases->entries, i);
            leases->version++;
            return NWF_REFUSAL_NONE;
        }
    return NWF_REFUSAL_NO_LEASE;
}

void
nwf_lease_set_clear(NwfLeaseSet *leases)
{
    if (leases->entries->len == 0)
        return;
    g_array_set_size(leases->entries, 0);
    leases->version++;
}

gboolean
nwf_lease_set_expire(NwfLeaseSet *leases, gint64 now)
{
    guint before = leases->entries->len;

    for (guint i = before; i > 0; i--) {
        const NwfLease *lease = entry(leases, i - 1);
        if (!lease->infinite && lease->expiry <= now)
            g_array_remove_index(leases->entries, i - 1);
    }
    if (leases->entries->len == before)
        return FALSE;
    leases->version++;
    return TRUE;
}

gint64
nwf_lease_set_next_expiry(const NwfLeaseSet *leases)
{
    gint64 next = NWF_NEVER;

    for (guint i = 0; i < leases->entries->len; i++)
        if (!entry(leases, i)->infinite)
            next = MIN(next, entry(leases, i)->expiry);
    return next;
}
