/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * port.c: a bound port as it stands in the kernel, and the states that it can be in
 *
 * The state is a pair: which rules the port has, and what is known of the kernel. The first table says which pairs
 * there are and what each means; the second which may follow which. The engine never leaves a port without rules: if it
 * does not know what the kernel holds, it writes the closed or the older rules again.
 *
 * Names. One that no device can have (too long, with a colon) is listed and has no rules, as with the stock driver. One
 * that a device could have but the tools would take for something else (a pattern, an option, a comment) is refused,
 * because the rules would not mean this port.
 */
#include "driver/engine/port.h"

#include "driver/store/store.h"

#include <glib/gi18n-lib.h>
#include <net/if.h>
#include <string.h>

/* ---- states ---- */

enum { WHICHES = NWF_WHICH_CLOSED + 1, KNOWNS = NWF_KNOWN_UNKNOWN + 1 };

/* clang-format off */
static const NwfStateMeaning meanings[WHICHES][KNOWNS] = {
    [NWF_WHICH_FILTER] = {
        /*                           legal retried revisited trouble */
        [NWF_KNOWN_ACKNOWLEDGED] = { TRUE,  FALSE, FALSE,    FALSE }, /* the filter is in force */
        [NWF_KNOWN_REFUSED]      = { FALSE, FALSE, FALSE,    FALSE }, /* then the port has other rules */
        [NWF_KNOWN_UNKNOWN]      = { TRUE,  TRUE,  FALSE,    TRUE  }, /* a change could not be undone; or the port is new */
    },
    [NWF_WHICH_INTERIM] = {
        [NWF_KNOWN_ACKNOWLEDGED] = { TRUE,  FALSE, FALSE,    FALSE }, /* its address is not known yet */
        [NWF_KNOWN_REFUSED]      = { TRUE,  TRUE,  FALSE,    TRUE  }, /* the filter with addresses was refused */
        [NWF_KNOWN_UNKNOWN]      = { TRUE,  TRUE,  FALSE,    TRUE  },
    },
    [NWF_WHICH_CLOSED] = {
        [NWF_KNOWN_ACKNOWLEDGED] = { TRUE,  FALSE, TRUE,     TRUE  }, /* the right rules cannot be made, or never fitted */
        [NWF_KNOWN_REFUSED]      = { TRUE,  TRUE,  TRUE,     TRUE  }, /* the kernel once had the right ones, or a tool is missing */
        [NWF_KNOWN_UNKNOWN]      = { TRUE,  TRUE,  TRUE,     TRUE  }, /* it could not even be closed */
    },
};
/* clang-format on */

const NwfStateMeaning *
nwf_state_meaning(NwfPortState state)
{
    return &meanings[state.which][state.known];
}

#define BIT(which, known) (1u << (NWF_WHICH_##which * KNOWNS + NWF_KNOWN_##known))
#define ALWAYS                                                                                                         \
    (BIT(FILTER, ACKNOWLEDGED) | BIT(INTERIM, ACKNOWLEDGED) | BIT(CLOSED, ACKNOWLEDGED) | BIT(INTERIM, REFUSED))

/* What may follow each state. Only a change that failed leads to "unknown", and the rules stay those that the port had.
 */
/* clang-format off */
static const guint followers[WHICHES][KNOWNS] = {
    [NWF_WHICH_FILTER] = {
        [NWF_KNOWN_ACKNOWLEDGED] = ALWAYS | BIT(CLOSED, REFUSED) | BIT(FILTER, UNKNOWN),
        [NWF_KNOWN_UNKNOWN]      = ALWAYS | BIT(CLOSED, REFUSED) | BIT(FILTER, UNKNOWN) | BIT(CLOSED, UNKNOWN),
    },
    [NWF_WHICH_INTERIM] = {
        [NWF_KNOWN_ACKNOWLEDGED] = ALWAYS | BIT(CLOSED, REFUSED) | BIT(INTERIM, UNKNOWN),
        [NWF_KNOWN_REFUSED]      = ALWAYS | BIT(CLOSED, REFUSED) | BIT(INTERIM, UNKNOWN),
        [NWF_KNOWN_UNKNOWN]      = ALWAYS | BIT(CLOSED, REFUSED) | BIT(INTERIM, UNKNOWN),
    },
    [NWF_WHICH_CLOSED] = {
        [NWF_KNOWN_ACKNOWLEDGED] = ALWAYS | BIT(CLOSED, REFUSED) | BIT(CLOSED, UNKNOWN),
        [NWF_KNOWN_REFUSED]      = ALWAYS | BIT(CLOSED, REFUSED) | BIT(CLOSED, UNKNOWN),
        [NWF_KNOWN_UNKNOWN]      = ALWAYS | BIT(CLOSED, REFUSED) | BIT(CLOSED, UNKNOWN),
    },
};
/* clang-format on */

gboolean
nwf_state_may_follow(NwfPortState from, NwfPortState to)
{
    return (followers[from.which][from.known] & (1u << (to.which * KNOWNS + to.known))) != 0;
}

/* ---- ports ---- */

NwfPort *
nwf_port_new(NwfBinding *binding)
{
    NwfPort *port = g_new0(NwfPort, 1);

    g_atomic_ref_count_init(&port->refs);
    port->binding = nwf_binding_ref(binding);
    port->state = (NwfPortState){NWF_WHICH_FILTER, NWF_KNOWN_UNKNOWN};
    return port;
}

NwfPort *
nwf_port_copy(const NwfPort *from)
{
    NwfPort *port = g_new(NwfPort, 1);

    *port = *from;
    g_atomic_ref_count_init(&port->refs);
    nwf_binding_ref(port->binding);
    if (port->rules)
        nwf_rules_ref(port->rules);
    if (port->filters)
        nwf_rules_entry_ref(port->filters);
    if (port->terms)
        nwf_learn_terms_ref(port->terms);
    if (port->addresses)
        g_array_ref(port->addresses);
    return port;
}

void
nwf_port_set(NwfPort *port, NwfRules *rules, NwfWhich which, NwfKnown known)
{
    g_clear_pointer(&port->rules, nwf_rules_unref);
    g_clear_pointer(&port->addresses, g_array_unref);
    port->rules = rules;
    port->state = (NwfPortState){which, known};
}

static gpointer
make_closed(gpointer data G_GNUC_UNUSED)
{
    NwfRules *closed = nwf_rules_new_closed();

    nwf_rules_plan(closed, NULL); /* now: later asking for it is for one thread at a time */
    return closed;
}

void
nwf_port_close(NwfPort *port, NwfKnown known)
{
    static GOnce closed = G_ONCE_INIT;

    nwf_port_set(port, nwf_rules_ref(g_once(&closed, make_closed, NULL)), NWF_WHICH_CLOSED, known);
}

void
nwf_port_close_for(NwfPort *port, const GError *why)
{
    gboolean lacks_tool = g_error_matches(why, NWF_ERROR, NWF_ERROR_NO_TOOL);

    nwf_port_close(port, lacks_tool ? NWF_KNOWN_REFUSED : NWF_KNOWN_ACKNOWLEDGED);
}

gboolean
nwf_port_is_new(const NwfPort *port)
{
    return port->state.known == NWF_KNOWN_UNKNOWN && !port->rules;
}

NwfPort *
nwf_port_copy_unknown(const NwfPort *from)
{
    NwfPort *port = nwf_port_copy(from);

    if (nwf_port_is_new(port))
        nwf_port_close(port, NWF_KNOWN_UNKNOWN);
    port->state.known = NWF_KNOWN_UNKNOWN;
    return port;
}

NwfPort *
nwf_port_ref(NwfPort *port)
{
    g_atomic_ref_count_inc(&port->refs);
    return port;
}

void
nwf_port_unref(NwfPort *port)
{
    if (!port || !g_atomic_ref_count_dec(&port->refs))
        return;
    nwf_binding_unref(port->binding);
    g_clear_pointer(&port->rules, nwf_rules_unref);
    g_clear_pointer(&port->filters, nwf_rules_entry_unref);
    g_clear_pointer(&port->terms, nwf_learn_terms_unref);
    g_clear_pointer(&port->addresses, g_array_unref);
    g_free(port);
}

void
nwf_port_saw_device(NwfPort *port, unsigned ifindex)
{
    if (port->ifindex == 0)
        port->ifindex = ifindex;
}

gboolean
nwf_port_uses(const NwfPort *port, const char *filter)
{
    if (port->filters)
        return nwf_rules_entry_uses(port->filters, filter);
    return strcmp(port->binding->filter, filter) == 0;
}

NwfParams *
nwf_port_params(const NwfBinding *binding)
{
    NwfParams *params = nwf_params_copy(binding->params);
    char mac[18];

    if (!nwf_params_get(params, "MAC")) {
        nwf_mac_format(mac, binding->mac);
        nwf_params_add(params, "MAC", mac);
    }
    return params;
}

NwfParams *
nwf_port_shown_params(const NwfPort *port)
{
    return port->ifindex ? nwf_port_params(port->binding) : nwf_params_copy(port->binding->params);
}

/* ---- names ---- */

/* The kernel's own rule. */
gboolean
nwf_port_name_is_possible(const char *name)
{
    return *name && strlen(name) < IFNAMSIZ && strcmp(name, ".") != 0 && strcmp(name, "..") != 0 &&
           !strpbrk(name, "/: \t\n\v\f\r");
}

gboolean
nwf_port_name_is_usable(const char *name, GError **error)
{
    if (!nwf_store_check_name(name, NWF_ERROR_INTERNAL, error))
        return FALSE;
    if (!nwf_port_name_is_possible(name))
        return TRUE;
    gboolean plain = !strchr("-!#", name[0]) && !g_str_has_suffix(name, "+");
    for (const char *c = name; plain && *c; c++)
        plain = g_ascii_isgraph(*c) && !strchr("\"'\\`", *c);
    if (plain)
        return TRUE;
    return nwf_set_error(
        error, NWF_ERROR_INTERNAL,
        _("the port name '%s' cannot be used in firewall rules: it may not begin with '-', '!' or '#', end with "
          "'+', or contain quotes, a backslash or characters outside of ASCII"),
        name);
}
