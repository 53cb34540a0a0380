/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * relearn.c: ports whose learned addresses changed get their rules
 *
 * They get them in slices, one in each turn of the applier, behind the calls of users: a slice is one port, or several
 * that have at most SLICE_RULES rules together. Ports whose rules allow an address that they have lost join it as long
 * as it has at most LOST_RULES. When a port is due, and which of them is first, says its pace (pace.h).
 *
 * A port that has to wait, for its pace or because the slice is full, keeps its rules only if it still has all
 * addresses that these allow. Else it gets in this very turn, before the slice, the rules of a port without address.
 * That happens once until its next slice, is small, and is charged to the port. So no port is allowed an address for
 * longer than a turn lasts because others, or itself, change theirs too often.
 *
 * A call waits for one turn at most: a slice, and the rules without address of those that did not fit.
 *
 * Limits: of a port in a state that is tried again anyway (port.h) nobody knows which rules it has, or they were
 * refused: the applier's retries see to it. How many ports get rules
 * without address in one turn is not bounded, since it is what keeps them from a lost address: a few rules for each.
 */
#include "driver/engine/applier.h"

enum { SLICE_RULES = 1000, LOST_RULES = 5000 };

static gboolean
has_address(const GArray *addresses, const NwfAddress *address)
{
    for (guint i = 0; i < addresses->len; i++)
        if (nwf_address_equal(&g_array_index(addresses, NwfAddress, i), address))
            return TRUE;
    return FALSE;
}

/* Whether the rules of @port allow an address that it does not have any more. */
static gboolean
allows_too_much(const NwfApplier *applier, const NwfPort *port)
{
    guint64 version;
    g_autoptr(GArray) has = nwf_learner_addresses(applier->learner, port->terms, &version);
    gboolean all = TRUE;

    if (!port->addresses || nwf_state_meaning(port->state)->retried)
        return FALSE;
    for (guint i = 0; all && i < port->addresses->len; i++)
        all = has_address(has, &g_array_index(port->addresses, NwfAddress, i));
    return !all;
}

/* About as many rules as a change of @port writes. */
static guint
size_of(const NwfPort *port)
{
    guint rules = port->filters ? nwf_tree_size(nwf_rules_entry_tree(port->filters)) : 0;

    return rules * (port->addresses ? MAX(port->addresses->len, 1) : 1);
}

static gboolean
is_current(const NwfApplier *applier, const NwfPort *port)
{
    return nwf_learner_version(applier->learner, port->terms) == port->addresses_version;
}

static void
add(GPtrArray *requests, const char *name, NwfRestored restored)
{
    NwfRequest *request = nwf_requests_add(requests, &nwf_restore_kind, name);

    request->unasked = TRUE;
    request->restored = restored;
}

static void
carry_out(NwfApplier *applier, GPtrArray *requests, gboolean served)
{
    gint64 begin = applier->now();

    if (requests->len == 0)
        return;
    nwf_commit(applier, requests);
    gint64 each = (applier->now() - begin) / requests->len;
    for (guint i = 0; i < requests->len; i++)
        nwf_pace_charge(applier->pace, ((const NwfRequest *)g_ptr_array_index(requests, i))->portdev, begin, each,
                        served);
}

void
nwf_relearn(NwfApplier *applier)
{
    gint64 now = applier->now();
    g_autoptr(GPtrArray) names = nwf_pace_wanted(applier->pace, now);
    g_autoptr(GPtrArray) slice = nwf_requests_new(), resting = nwf_requests_new();
    guint rules = 0;

    for (guint i = 0; i < names->len; i++) {
        const char *name = g_ptr_array_index(names, i);
        g_autoptr(NwfPort) port = nwf_catalog_port(applier->catalog, name);
        if (!port || !port->terms || is_current(applier, port)) {
            nwf_pace_drop(applier->pace, name);
            continue;
        }
        gboolean due = nwf_pace_is_due(applier->pace, name, now), lost = allows_too_much(applier, port);
        if (due && (slice->len == 0 || rules + size_of(port) <= (lost ? LOST_RULES : SLICE_RULES))) {
            add(slice, name, NWF_RESTORED_NEW);
            rules += size_of(port);
        } else if (lost) {
            add(resting, name, due ? NWF_RESTORED_WAITING : NWF_RESTORED_RESTING);
        }
    }
    carry_out(applier, resting, FALSE);
    carry_out(applier, slice, TRUE);
}
