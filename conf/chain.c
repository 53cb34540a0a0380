/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * chain.c: which chains there are
 *
 * A chain's name begins with the name of its kind and may go on with anything: "arp", "arp-ip", "macvlan". Only "root"
 * is a whole name. The length is bounded because a direction, an interface name and the chain form one name in the
 * kernel. The default priority of stp is 0 in all released drivers, though their document says -810.
 */
#include "conf/protocol.h"

#include <glib/gi18n-lib.h>
#include <string.h>

/* The first kind that fits counts. */
static const NwfChainKind kinds[] = {
    {"root", 0, 0, FALSE},         {"mac", -800, 0, FALSE},       {"vlan", -750, 0x8100, FALSE},
    {"stp", 0, 0, TRUE},           {"arp", -500, 0x0806, FALSE},  {"rarp", -400, 0x8035, FALSE},
    {"ipv4", -700, 0x0800, FALSE}, {"ipv6", -600, 0x86dd, FALSE},
};

gboolean
nwf_chain_is_root(const char *name)
{
    return strcmp(name, kinds[0].prefix) == 0;
}

static const NwfChainKind *
find_kind(const char *name)
{
    for (guint i = 0; i < G_N_ELEMENTS(kinds); i++)
        if (g_str_has_prefix(name, kinds[i].prefix))
            return &kinds[i];
    return NULL;
}

const NwfChainKind *
nwf_chain_kind(const char *name, GError **error)
{
    static const char characters[] = G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "_.:-";
    g_autofree char *quoted = nwf_clip(name);
    const NwfChainKind *kind = NULL;

    if (strlen(name) > NWF_CHAIN_NAME_MAX) {
        nwf_set_error(error, NWF_ERROR_ARGUMENT, _("the name of chain '%s' is too long (limit: %d)"), quoted,
                      (int)NWF_CHAIN_NAME_MAX);
        return NULL;
    }
    if (name[strspn(name, characters)]) {
        nwf_set_error(error, NWF_ERROR_ARGUMENT, _("the name of chain '%s' may only have letters, digits and _.:-"),
                      quoted);
        return NULL;
    }
    kind = find_kind(name);
    if (kind == &kinds[0] && !nwf_chain_is_root(name)) {
        nwf_set_error(error, NWF_ERROR_ARGUMENT, _("the name of chain '%s' is wrong: nothing may follow 'root'"),
                      quoted);
        return NULL;
    }
    if (!kind)
        nwf_set_error(
            error, NWF_ERROR_ARGUMENT,
            _("the name of chain '%s' is neither 'root' nor begins with mac, vlan, stp, arp, rarp, ipv4 or ipv6"),
            quoted);
    return kind;
}
