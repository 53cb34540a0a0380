/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * closed_at_ip.c: how a port is closed while the Ethernet layer has no tool
 *
 * A port is closed at the Ethernet layer, which sees every frame. Without its tool the IP layers close it as far as
 * they can. They see IPv4 and IPv6 packets that a bridge forwards, and those from the VM to the host or through it, and
 * only while the settings of bridge netfilter are on. They do not see ARP and other protocols, tagged frames (unless
 * the host is set to look into these), and packets to the VM that the host sends or routes; answers to these are
 * dropped.
 *
 * For the engine such a port is closed. The backend remembers which rules stand for that, and notes what they let pass.
 *
 * Limits: a port that was closed here is closed at the Ethernet layer when it is applied after the tool is back, at a
 * reload at the latest.
 */
#include "driver/tech/ebiptables/ebiptables_private.h"

#include <glib/gi18n-lib.h>

/* (transfer full): what closes a port with the tools that there are; NULL: there are none. */
static NwfRules *
rules_that_close(NwfEbiptables *self)
{
    gboolean layers[NWF_LAYERS] = {FALSE};

    for (NwfLayer layer = NWF_LAYER_IPV4; layer < NWF_LAYERS; layer++)
        layers[layer] = nwf_tool_find(&self->tools[layer], NULL);
    return layers[NWF_LAYER_IPV4] || layers[NWF_LAYER_IPV6] ? nwf_rules_new_closed_at(layers) : NULL;
}

NwfRules *
nwf_closed_new(NwfEbiptables *self, const NwfPortChange *change, NwfRules **substitute)
{
    if (!change->new_rules || !nwf_rules_are_closed(change->new_rules) ||
        nwf_tool_find(&self->tools[NWF_LAYER_ETHERNET], NULL))
        return change->new_rules;
    if (!*substitute)
        *substitute = rules_that_close(self);
    return *substitute ? *substitute : change->new_rules; /* which no tool takes */
}

NwfRules *
nwf_closed_old(NwfEbiptables *self, const NwfPortChange *change)
{
    NwfRules *instead = g_hash_table_lookup(self->closed_at_ip, change->port);

    return instead && change->old_rules && nwf_rules_are_closed(change->old_rules) ? instead : change->old_rules;
}

static const char *
versions_of(const NwfPlan *closed)
{
    if (closed->uses[NWF_LAYER_IPV4] && closed->uses[NWF_LAYER_IPV6])
        return "IPv4, IPv6";
    return closed->uses[NWF_LAYER_IPV4] ? "IPv4" : "IPv6";
}

void
nwf_closed_remember(NwfEbiptables *self, const GPtrArray *changes, NwfRules *substitute, NwfNotes *notes)
{
    const NwfPlan *closed = substitute ? nwf_rules_plan(substitute, NULL) : NULL;

    for (guint i = 0; i < changes->len; i++) {
        const NwfPlanChange *change = g_ptr_array_index(changes, i);
        if (!closed || change->new_plan != closed)
            g_hash_table_remove(self->closed_at_ip, change->port);
        else if (g_hash_table_replace(self->closed_at_ip, g_strdup(change->port), nwf_rules_ref(substitute)))
            nwf_note(notes,
                     _("port '%s': ebtables is not installed, so the port is closed for packets of these protocols "
                       "alone: %s; ARP, other protocols, tagged frames, and packets to the port that the host sends or "
                       "routes pass"),
                     change->port, versions_of(closed));
    }
}
