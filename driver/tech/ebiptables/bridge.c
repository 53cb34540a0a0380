/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * bridge.c: whether the kernel shows bridged packets to the IP layers
 *
 * iptables and ip6tables see what a bridge forwards only through br_netfilter and only if its setting for the IP
 * version is on. With the setting off, or the module not there, the rules are taken and see nothing. Asked anew each
 * time: it is a short read, and an administrator changes it while we run.
 *
 * Limits: the setting of the network namespace is looked at; that of a single bridge can only widen it and is not.
 */
#include "driver/tech/ebiptables/bridge.h"

#define SETTINGS "/proc/sys/"

static const char *const settings[NWF_LAYERS] = {
    [NWF_LAYER_IPV4] = "net/bridge/bridge-nf-call-iptables",
    [NWF_LAYER_IPV6] = "net/bridge/bridge-nf-call-ip6tables",
};

static const char *const shown[NWF_LAYERS] = {
    [NWF_LAYER_IPV4] = "net.bridge.bridge-nf-call-iptables",
    [NWF_LAYER_IPV6] = "net.bridge.bridge-nf-call-ip6tables",
};

const char *
nwf_bridge_netfilter(NwfLayer layer)
{
    if (!settings[layer])
        return NULL;
    g_autofree char *path = g_strconcat(SETTINGS, settings[layer], NULL);
    g_autofree char *text = NULL;
    gboolean on = g_file_get_contents(path, &text, NULL, NULL) && g_ascii_strtoll(text, NULL, 10) != 0;

    return on ? NULL : shown[layer];
}
