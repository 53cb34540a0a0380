/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * address_owner.c: who has an address already
 *
 * The host: any of its interfaces. Other ports: those of the same bridge, by learning or by configuration. Ports that
 * are in no bridge, macvtaps among them, count as being in one together: better to refuse an address that may be free
 * than to let a VM take its neighbour's. VLANs of one bridge are not told apart. A port whose device is away has
 * nothing.
 *
 * So an address may become another's while its guest is away, and the guest's lease goes on. When it comes back the
 * lease gives way to what the host has, to a configured address and to another lease, but not to what a VM merely
 * shows: else any guest in mode any could take the addresses of those who are away.
 */
#include <glib/gi18n-lib.h>
#include <string.h>

#include "driver/learn/learner_inside.h"

static gboolean
is_neighbour(const NwfLearner *learner, const NwfSession *port, const char *name)
{
    const NwfLink *own = nwf_links_find(learner->links, port->terms->portdev);
    const NwfLink *other = nwf_links_find(learner->links, name);

    return own != NULL && other != NULL && own->index != other->index && own->master == other->master;
}

static gboolean
book_port_is_neighbour(const NwfLeasePort *other, gpointer data)
{
    const NwfSession *port = data;

    return is_neighbour(port->learner, port, nwf_lease_port_name(other));
}

static gboolean
has(const GArray *addresses, const NwfAddress *address)
{
    for (guint i = 0; i < addresses->len; i++)
        if (nwf_address_equal(&g_array_index(addresses, NwfAddress, i), address))
            return TRUE;
    return FALSE;
}

static gboolean
is_configured_for_another(const NwfSession *port, const NwfAddress *address)
{
    GHashTableIter iter;
    gpointer name, addresses;

    g_hash_table_iter_init(&iter, port->learner->held);
    while (g_hash_table_iter_next(&iter, &name, &addresses))
        if (has(addresses, address) && is_neighbour(port->learner, port, name))
            return TRUE;
    return FALSE;
}

static gboolean
book_port_has_a_lease(const NwfLeasePort *other, gpointer data)
{
    return book_port_is_neighbour(other, data) &&
           (nwf_lease_port_mode(other) == NWF_LEARN_DHCP || nwf_lease_db_first(other)->source == NWF_SOURCE_ACK);
}

/* Another port of the same guest and MAC address has the leases, too, and had them first. */
static gboolean
shares_its_leases(const NwfSession *port)
{
    GHashTableIter iter;
    gpointer value;

    g_hash_table_iter_init(&iter, port->learner->ports);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        const NwfSession *other = value;
        if (other != port && other->terms->mode == NWF_LEARN_DHCP && strcmp(other->key, port->key) == 0)
            return TRUE;
    }
    return FALSE;
}

void
nwf_learner_drop_conflicts_locked(NwfSession *port, gint64 now)
{
    NwfLearner *learner = port->learner;
    NwfLeasePort *entry = nwf_inspector_book(port->core);
    g_autoptr(GArray) leases = NULL;
    char text[NWF_ADDRESS_TEXT];

    if (port->terms->mode != NWF_LEARN_DHCP || shares_its_leases(port))
        return;
    leases = nwf_lease_db_leases(entry);
    for (guint i = 0; i < leases->len; i++) {
        const NwfAddress *address = &g_array_index(leases, NwfLease, i).address;
        const NwfLeaseEvent end = {.kind = NWF_LEASE_ENDED, .address = *address};
        if (!nwf_links_has_address(learner->links, address->family, address->bytes) &&
            !is_configured_for_another(port, address) &&
            nwf_lease_db_owner(learner->db, address, port->key, book_port_has_a_lease, port) == NULL)
            continue;
        nwf_lease_db_apply(learner->db, entry, &end, now);
        nwf_learner_log_locked(learner, NWF_LEARN_WARNING,
                               _("port '%s': %s, which its guest had by a lease, is another's by now"),
                               port->terms->portdev, nwf_address_format(text, address));
    }
}

NwfRefusal
nwf_learner_address_owner_locked(const NwfAddress *address, gpointer watched)
{
    NwfSession *port = watched;
    NwfLearner *learner = port->learner;

    if (nwf_links_has_address(learner->links, address->family, address->bytes))
        return NWF_REFUSAL_HELD_BY_HOST;
    if (is_configured_for_another(port, address) ||
        nwf_lease_db_owner(learner->db, address, port->key, book_port_is_neighbour, port) != NULL)
        return NWF_REFUSAL_HELD_BY_PORT;
    return NWF_REFUSAL_NONE;
}
