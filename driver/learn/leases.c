/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * leases.c: one list of addresses; see leases.h
 */
#include "driver/learn/leases.h"

NwfLeases *
nwf_leases_new(void)
{
    NwfLeases *leases = g_new0(NwfLeases, 1);

    leases->entries = g_array_new(FALSE, FALSE, sizeof(NwfLease));
    return leases;
}

void
nwf_leases_free(NwfLeases *leases)
{
    if (leases == NULL)
        return;
    g_array_unref(leases->entries);
    g_free(leases);
}

static NwfLease *
entry(const NwfLeases *leases, guint i)
{
    return &g_array_index(leases->entries, NwfLease, i);
}

NwfLease *
nwf_leases_find(const NwfLeases *leases, const NwfAddress *address)
{
    for (guint i = 0; i < leases->entries->len; i++)
        if (nwf_address_equal(&entry(leases, i)->address, address))
            return entry(leases, i);
    return NULL;
}

/* The same address, seen again: only what it was learned from can become better. */
static void
confirm(NwfLeases *leases, NwfLease *held, const NwfLease *seen)
{
    gint64 learned = held->learned;

    if (seen->how <= held->how)
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
    return seen->how == NWF_HOW_ACK && held->how != NWF_HOW_ACK;
}

NwfReason
nwf_leases_lock(NwfLeases *leases, const NwfLease *seen, gint64 now)
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
        return NWF_REASON_LOCKED;
    }
    return NWF_REASON_NONE;
}

NwfReason
nwf_leases_grant(NwfLeases *leases, const NwfLease *lease, guint max)
{
    NwfLease *held = nwf_leases_find(leases, &lease->address);

    if (held != NULL) {
        gint64 learned = held->learned;
        *held = *lease;
        held->learned = learned;
        leases->renewals++;
        return NWF_REASON_NONE;
    }
    if (leases->entries->len >= max)
        return NWF_REASON_FULL;
    g_array_append_val(leases->entries, *lease);
    leases->version++;
    return NWF_REASON_NONE;
}

NwfReason
nwf_leases_end(NwfLeases *leases, const NwfAddress *address)
{
    for (guint i = 0; i < leases->entries->len; i++)
        if (nwf_address_equal(&entry(leases, i)->address, address)) {
            g_array_remove_index(leases->entries, i);
            leases->version++;
            return NWF_REASON_NONE;
        }
    return NWF_REASON_NO_LEASE;
}

void
nwf_leases_clear(NwfLeases *leases)
{
    if (leases->entries->len == 0)
        return;
    g_array_set_size(leases->entries, 0);
    leases->version++;
}

gboolean
nwf_leases_expire(NwfLeases *leases, gint64 now)
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
nwf_leases_next_expiry(const NwfLeases *leases)
{
    gint64 next = NWF_NEVER;

    for (guint i = 0; i < leases->entries->len; i++)
        if (!entry(leases, i)->infinite)
            next = MIN(next, entry(leases, i)->expiry);
    return next;
}
