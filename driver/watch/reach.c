/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * reach.c: whether any rule can see the frames of a device
 *
 * Rules of ebtables stand in the bridge's hooks. Rules of iptables and ip6tables ask by which port of a bridge a packet
 * came or goes (physdev), which only a packet that went through a bridge has. So for a device that is no port of a
 * Linux bridge there is no rule at all, neither for what the host routes from and to it nor for what goes to the host;
 * tried with veth pairs on Linux 6.18. The same holds for devices behind a master that is no bridge: the bridge, if
 * there is one behind the master, sees the master's name.
 */
#include "driver/watch/reach.h"

#include <glib/gi18n-lib.h>
#include <string.h>

const char *const nwf_reach_words[NWF_REACHES] = {
    [NWF_REACH_SEEN] = "seen",           [NWF_REACH_NO_DEVICE] = "no-device",
    [NWF_REACH_NO_BRIDGE] = "no-bridge", [NWF_REACH_OTHER_MASTER] = "other-master",
    [NWF_REACH_MACVTAP] = "macvtap",     [NWF_REACH_RENAMED] = "renamed",
};

static gboolean
sits_on_another(const char *kind)
{
    static const char *const kinds[] = {"macvtap", "macvlan", "ipvtap", "ipvlan", NULL};

    return g_strv_contains(kinds, kind);
}

NwfReach
nwf_reach_of(const NwfLink *link, const NwfLink *master)
{
    if (!link)
        return NWF_REACH_NO_DEVICE;
    if (link->master != 0)
        return !master || strcmp(master->kind, "bridge") == 0 ? NWF_REACH_SEEN : NWF_REACH_OTHER_MASTER;
    return sits_on_another(link->kind) ? NWF_REACH_MACVTAP : NWF_REACH_NO_BRIDGE;
}

char *
nwf_reach_text(NwfReach reach, const NwfLink *link, const NwfLink *master)
{
    g_autofree char *name = link ? nwf_clip(link->name) : NULL;
    g_autofree char *upper = master ? nwf_clip(master->name) : NULL;

    switch (reach) {
    case NWF_REACH_SEEN:
    case NWF_REACH_NO_DEVICE:
    case NWF_REACHES:
        return NULL;
    case NWF_REACH_NO_BRIDGE:
        return g_strdup(_("its device is in no bridge"));
    case NWF_REACH_OTHER_MASTER:
        return g_strdup_printf(_("its device belongs to '%s' (%s), which is no Linux bridge"), upper,
                               *master->kind ? master->kind : "?");
    case NWF_REACH_MACVTAP:
        return g_strdup_printf(_("its device is a %s and passes by all bridges"), link->kind);
    case NWF_REACH_RENAMED:
        return g_strdup_printf(_("its device was renamed to '%s', and rules go by the name"), name);
    }
    return NULL;
}
