/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * names.c: names of chains, and the rules that lead to them
 *
 *                      root, from VM    root, to VM     sub-chain             IP layers
 *     final            libvirt-I-IF     libvirt-O-IF    I-IF-SFX  O-IF-SFX    FI-IF FO-IF HI-IF
 *     temporary        libvirt-J-IF     libvirt-P-IF    J-IF-SFX  P-IF-SFX    FJ-IF FP-IF HJ-IF
 *
 * The temporary names are the stock driver's; we replace in place and need none. Names of root chains and of the IP
 * layers can be read in one way only. Those of sub-chains cannot, since both parts may hold a '-': I-a-mac-ipv4 is SFX
 * ipv4 of the port a-mac, or SFX mac-ipv4 of the port a. So a sub-chain's owner is never read from its name: it is the
 * port whose root chain leads there (model.c).
 *
 * Limits: port names of 1 to 15 bytes give names of at most 30 bytes, which all tools take.
 */
#include "driver/tech/ebiptables/names.h"

#include <glib/gi18n-lib.h>
#include <linux/netfilter.h>
#include <string.h>

enum { PORT_NAME_MAX = 15 };

#define HELPER_SUFFIX "dscp"

/* clang-format off */
const NwfDispatch nwf_dispatches[NWF_DISPATCHES] = {
    /* ip   base               device           bridged verb  prefix        ours   hook */
    {FALSE, "PREROUTING",      "-i",            FALSE, "-j", "libvirt-I-", TRUE,  NWF_HOOK_FROM_VM},
    {FALSE, "PREROUTING",      "-i",            FALSE, "-j", "libvirt-J-", FALSE, NWF_HOOK_FROM_VM},
    {FALSE, "POSTROUTING",     "-o",            FALSE, "-j", "libvirt-O-", TRUE,  NWF_HOOK_TO_VM},
    {FALSE, "POSTROUTING",     "-o",            FALSE, "-j", "libvirt-P-", FALSE, NWF_HOOK_TO_VM},
    {TRUE,  "libvirt-in",      "--physdev-in",  FALSE, "-g", "FI-",        TRUE,  NWF_HOOK_FORWARD_IN},
    {TRUE,  "libvirt-in",      "--physdev-in",  FALSE, "-g", "FJ-",        FALSE, NWF_HOOK_FORWARD_IN},
    {TRUE,  "libvirt-out",     "--physdev-out", TRUE,  "-g", "FO-",        TRUE,  NWF_HOOK_FORWARD_OUT},
    {TRUE,  "libvirt-out",     "--physdev-out", TRUE,  "-g", "FP-",        FALSE, NWF_HOOK_FORWARD_OUT},
    {TRUE,  "libvirt-out",     "--physdev-out", FALSE, "-g", "FO-",        FALSE, NWF_HOOK_FORWARD_OUT},
    {TRUE,  "libvirt-out",     "--physdev-out", FALSE, "-g", "FP-",        FALSE, NWF_HOOK_FORWARD_OUT},
    {TRUE,  "libvirt-in-post", "--physdev-in",  FALSE, "-j", NULL,         TRUE,  NWF_HOOK_FORWARD_IN},
    {TRUE,  "libvirt-host-in", "--physdev-in",  FALSE, "-g", "HI-",        TRUE,  NWF_HOOK_HOST_IN},
    {TRUE,  "libvirt-host-in", "--physdev-in",  FALSE, "-g", "HJ-",        FALSE, NWF_HOOK_HOST_IN},
};
/* clang-format on */

const NwfBaseJump nwf_base_jumps[NWF_BASE_JUMPS] = {
    {"FORWARD", "libvirt-in"},
    {"FORWARD", "libvirt-out"},
    {"FORWARD", "libvirt-in-post"},
    {"INPUT", "libvirt-host-in"},
};

static const char *const letters[NWF_HOOKS] = {
    [NWF_HOOK_FROM_VM] = "I",      [NWF_HOOK_TO_VM] = "O",    [NWF_HOOK_FORWARD_IN] = "FI",
    [NWF_HOOK_FORWARD_OUT] = "FO", [NWF_HOOK_HOST_IN] = "HI",
};

const NwfTable nwf_ebiptables_tables[NWF_LAYERS + 1] = {
    [NWF_LAYER_ETHERNET] = {NFPROTO_BRIDGE, "nat"},
    [NWF_LAYER_IPV4] = {NFPROTO_IPV4, "filter"},
    [NWF_LAYER_IPV6] = {NFPROTO_IPV6, "filter"},
};

const char *
nwf_layer_table(NwfLayer layer)
{
    return nwf_ebiptables_tables[layer].name;
}

gboolean
nwf_layer_is_ip(NwfLayer layer)
{
    return layer != NWF_LAYER_ETHERNET;
}

char *
nwf_dispatch_target(const NwfDispatch *dispatch, const char *port)
{
    return dispatch->prefix ? g_strconcat(dispatch->prefix, port, NULL) : NULL;
}

void
nwf_dispatch_spec(GString *out, const NwfDispatch *dispatch, const char *port)
{
    g_autofree char *target = nwf_dispatch_target(dispatch, port);

    g_string_append_printf(out, "%s %s%s%s %s %s %s", dispatch->base, dispatch->ip ? "-m physdev " : "",
                           dispatch->bridged ? "--physdev-is-bridged " : "", dispatch->device, port, dispatch->verb,
                           target ? target : "ACCEPT");
}

char *
nwf_chain_name(const NwfChain *chain, const char *port)
{
    if (chain->suffix)
        return g_strdup_printf("%s-%s-%s", letters[chain->hook], port, chain->suffix);
    return g_strdup_printf("%s%s-%s", nwf_layer_is_ip(chain->layer) ? "" : "libvirt-", letters[chain->hook], port);
}

char *
nwf_helper_name(NwfHook hook, const char *port, guint n)
{
    return g_strdup_printf("%s-%s-" HELPER_SUFFIX "%u", letters[hook], port, n);
}

gboolean
nwf_chain_leads_to_all(NwfLayer layer, const char *chain)
{
    gboolean ip = nwf_layer_is_ip(layer), is = FALSE;

    for (guint i = 0; i < NWF_DISPATCHES; i++)
        is = is || (nwf_dispatches[i].ip == ip && g_str_equal(nwf_dispatches[i].base, chain));
    for (guint i = 0; ip && i < NWF_BASE_JUMPS; i++)
        is = is || g_str_equal(nwf_base_jumps[i].builtin, chain);
    return is;
}

/* Can @suffix follow the port in the name of a sub-chain: a filter's chain or a helper? */
static gboolean
suffix_is_possible(const char *suffix)
{
    if (g_str_has_prefix(suffix, HELPER_SUFFIX)) {
        const char *number = suffix + strlen(HELPER_SUFFIX);
        return *number && strspn(number, "0123456789") == strlen(number);
    }
    return !nwf_chain_is_root(suffix) && nwf_chain_kind(suffix, NULL);
}

gboolean
nwf_chain_name_is_sub(const char *name, const char *root, const char *port)
{
    gsize length = strlen(port);

    if (!g_str_has_prefix(root, "libvirt-"))
        return FALSE;
    root += strlen("libvirt-");
    return name[0] && name[0] == root[0] && name[1] == '-' && strncmp(name + 2, port, length) == 0 &&
           name[2 + length] == '-' && suffix_is_possible(name + 2 + length + 1);
}

gboolean
nwf_port_name_check(const char *port, GError **error)
{
    gsize length = strlen(port);
    gboolean fits = length >= 1 && length <= PORT_NAME_MAX && !strchr("!#", port[0]) && port[length - 1] != '+';

    for (gsize i = 0; fits && i < length; i++)
        fits = (guchar)port[i] > ' ' && port[i] != 0x7f && !strchr("\"'\\/", port[i]);
    if (fits)
        return TRUE;
    g_autofree char *shown = g_strescape(port, NULL);
    return nwf_set_error(
        error, NWF_ERROR_INTERNAL,
        _("the port name '%s' cannot be used in firewall rules: it may have no blanks, control characters, quotes, '/' "
          "or '\\', not begin with '!' or '#', not end with '+', and not be longer than the limit (in bytes: %d)"),
        shown, PORT_NAME_MAX);
}
