/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * port_rules.c: from a binding to the rules of its port
 *
 * MAC is a variable of every port. What the driver adds to the parameters of a binding (MAC, learned addresses) is
 * added for the rules and never becomes part of the binding. Rules are made with the learner's addresses of that
 * moment, so a late report does no harm.
 *
 * A redefinition meets many ports. Those whose filter is in force and needs the same values as before keep their
 * values, and only the template is another one: without what the backend's check() costs
 * that is well below a microsecond a port, where making the rules anew takes tens.
 */
#include "driver/engine/port_rules.h"

#include "driver/engine/port_terms.h"
#include "plan/interim.h"
#include "plan/review.h"

#include <glib/gi18n-lib.h>
#include <net/if.h>
#include <string.h>

/* Takes over @rules (NULL: they could not be made), if the kernel can hold them. */
static gboolean
give_rules(const NwfApplier *applier, NwfPort *port, NwfRules *rules, NwfWhich which, NwfKnown known, GError **error)
{
    g_autoptr(NwfRules) made = rules;

    if (!made || !applier->backend->check(applier->backend, port->binding->portdev, made, error))
        return FALSE;
    nwf_port_set(port, g_steal_pointer(&made), which, known);
    return TRUE;
}

static gboolean
build_interim(const NwfApplier *applier, NwfPort *port, gboolean open, NwfKnown known, GError **error)
{
    g_autoptr(NwfParams) params = nwf_port_params(port->binding);
    NwfInterim interim = port->terms->mode == NWF_LEARN_DHCP ? NWF_INTERIM_DHCP
                         : open                              ? NWF_INTERIM_OPEN
                                                             : NWF_INTERIM_ANY;

    return give_rules(applier, port, nwf_rules_new_interim(interim, params, error), NWF_WHICH_INTERIM, known, error);
}

gboolean
nwf_port_build_interim(const NwfApplier *applier, NwfPort *port, NwfKnown known, GError **error)
{
    return build_interim(applier, port, applier->config->open_until_known, known, error);
}

gboolean
nwf_port_build_resting(const NwfApplier *applier, NwfPort *port, GError **error)
{
    return build_interim(applier, port, FALSE, NWF_KNOWN_ACKNOWLEDGED, error);
}

/* Where remarks on a port go: who asks for this port is answered each time, a definition meets ports that are known. */
static NwfNotes *
remarks_of(NwfRequest *request)
{
    return request->portdev ? request->remarks : request->port_remarks;
}

/* Takes over @found, remarks on @port. */
static void
add_remarks(NwfRequest *request, const NwfPort *port, const NwfNotes *found)
{
    for (guint i = 0; i < found->len; i++)
        nwf_note(remarks_of(request), _("port '%s': %s"), port->binding->portdev,
                 (const char *)g_ptr_array_index(found, i));
}

/* Remarks on the parameters of the binding; a definition that changes meets many bindings, and they are not new. */
static void
review_params(NwfRequest *request, const NwfPort *port)
{
    g_autofree char *place = NULL;

    if (!request->portdev)
        return;
    place = g_strdup_printf(_("port '%s'"), request->portdev);
    nwf_review_params(place, nwf_rules_entry_tree(port->filters), port->binding->params, request->remarks);
}

/* The port learns its address; whoever gave one that was dropped expects something else. */
static void
remark_learning(NwfRequest *request, const NwfPort *port)
{
    const char *dropped = nwf_tree_dropped(nwf_rules_entry_tree(port->filters), port->binding->params, "IP");

    if (dropped)
        nwf_note(
            remarks_of(request),
            _("port '%s': IP was given as '%s', which cannot be used: the address of the guest is learned instead"),
            port->binding->portdev, dropped);
}

/* Whether all variables have values. If IP alone has none it may be learned: then the port gets terms. */
static gboolean
check_missing(NwfRequest *request, NwfPort *port, const NwfParams *params, GError **error)
{
    const NwfTree *tree = nwf_rules_entry_tree(port->filters);
    g_autoptr(GPtrArray) missing = nwf_tree_missing(tree, params);
    g_autofree char *list = NULL;

    if (missing->len == 0)
        return TRUE;
    if (missing->len == 1 && strcmp(g_ptr_array_index(missing, 0), "IP") == 0) {
        list = nwf_tree_explain_missing(tree, params, missing, NULL);
        port->terms = nwf_port_terms(port->binding, list, error);
        if (port->terms)
            remark_learning(request, port);
        return port->terms != NULL;
    }
    list = nwf_tree_explain_missing(tree, params, missing, "IP");
    return nwf_set_error(error, NWF_ERROR_INTERNAL, _("filter '%s': these variables have no value: %s"),
                         port->binding->filter, list);
}

/* Adds the addresses that the port knows to @params, and returns them; NULL: it knows none. (transfer full) */
static GArray *
add_addresses(const NwfApplier *applier, NwfPort *port, NwfParams *params)
{
    g_autoptr(GArray) addresses = nwf_learner_addresses(applier->learner, port->terms, &port->addresses_version);
    char text[NWF_ADDRESS_TEXT];

    for (guint i = 0; i < addresses->len; i++)
        nwf_params_add(params, "IP", nwf_address_format(text, &g_array_index(addresses, NwfAddress, i)));
    return addresses->len > 0 ? g_steal_pointer(&addresses) : NULL;
}

static gboolean
build(const NwfApplier *applier, NwfRequest *request, NwfPort *port, NwfParams *params, GError **error)
{
    NwfRulesCache *cache = request->new_cache ? request->new_cache : applier->cache;
    NwfRulesEntry *entry = nwf_rules_cache_get(cache, port->binding->filter, params, error);
    g_autoptr(GArray) addresses = NULL;
    g_autoptr(NwfNotes) found = nwf_notes_new();

    g_clear_pointer(&port->filters, nwf_rules_entry_unref);
    g_clear_pointer(&port->terms, nwf_learn_terms_unref);
    port->addresses_version = 0;
    if (!entry)
        return FALSE;
    port->filters = nwf_rules_entry_ref(entry);
    review_params(request, port);
    if (!check_missing(request, port, params, error))
        return FALSE;
    if (port->terms && !(addresses = add_addresses(applier, port, params)))
        return nwf_port_build_interim(applier, port, NWF_KNOWN_ACKNOWLEDGED, error);
    NwfRules *rules = nwf_rules_entry_build(entry, params, found, error);
    add_remarks(request, port, found);
    if (!give_rules(applier, port, rules, NWF_WHICH_FILTER, NWF_KNOWN_ACKNOWLEDGED, error))
        return FALSE;
    port->addresses = g_steal_pointer(&addresses);
    return TRUE;
}

/* Whether the port has the rules of its filter, and no value that may be another one now. */
static gboolean
keeps_values(const NwfPort *port)
{
    return port->filters && port->rules && !port->terms && port->state.which == NWF_WHICH_FILTER &&
           port->state.known == NWF_KNOWN_ACKNOWLEDGED;
}

gboolean
nwf_port_build(const NwfApplier *applier, NwfRequest *request, NwfPort *port, GError **error)
{
    NwfRules *rules;

    if (request->new_cache && keeps_values(port)) {
        g_autoptr(NwfNotes) found = nwf_notes_new();
        NwfRulesEntry *entry = nwf_rules_cache_renew(request->new_cache, port->filters, error);
        if (!entry)
            return FALSE;
        if (nwf_rules_entry_rebuild(entry, port->filters, port->rules, &rules, found, error)) {
            add_remarks(request, port, found);
            nwf_rules_entry_unref(port->filters);
            port->filters = nwf_rules_entry_ref(entry);
            return give_rules(applier, port, rules, NWF_WHICH_FILTER, NWF_KNOWN_ACKNOWLEDGED, error);
        }
    }
    if (!nwf_port_name_is_possible(port->binding->portdev)) {
        nwf_note(request->notes, _("port '%s': no device can have this name, so no rules are made"),
                 port->binding->portdev);
        nwf_port_set(port, NULL, NWF_WHICH_FILTER, NWF_KNOWN_ACKNOWLEDGED);
        return TRUE;
    }
    g_autoptr(NwfParams) params = nwf_port_params(port->binding);
    return build(applier, request, port, params, error);
}

static void
close_absent(NwfRequest *request, NwfPort *port, const GError *why)
{
    nwf_note(request->notes, _("port '%s' has no device and is closed: %s"), port->binding->portdev, why->message);
    nwf_port_close_for(port, why);
}

/* The index of the device @name, 0 if there is none. Many ports ask: then all devices are listed once. */
static unsigned
device_index(NwfRequest *request, const char *name)
{
    if (!request->kind->exclusive)
        return if_nametoindex(name);
    if (!request->devices) {
        struct if_nameindex *all = if_nameindex();
        request->devices = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
        for (guint i = 0; all && all[i].if_name; i++)
            g_hash_table_insert(request->devices, g_strdup(all[i].if_name), GUINT_TO_POINTER(all[i].if_index));
        if (all) /* else there is no memory or descriptor left, and no device is known */
            if_freenameindex(all);
    }
    return GPOINTER_TO_UINT(g_hash_table_lookup(request->devices, name));
}

/* Whether what would be a line in the log is an error; ports that are bound already are never strictly looked at. */
static gboolean
is_strict_about(const NwfApplier *applier, const NwfRequest *request)
{
    return applier->config->strict && request->kind == &nwf_bind_kind;
}

gboolean
nwf_port_build_or_close(const NwfApplier *applier, NwfRequest *request, NwfPort *port, GError **error)
{
    g_autoptr(GError) why = NULL;

    if (!port->ifindex)
        nwf_port_saw_device(port, device_index(request, port->binding->portdev));
    if (nwf_port_build(applier, request, port, &why))
        return TRUE;
    if (if_nametoindex(port->binding->portdev) == 0 && !is_strict_about(applier, request)) {
        close_absent(request, port, why);
        return TRUE;
    }
    g_propagate_error(error, g_steal_pointer(&why));
    return FALSE;
}

gboolean
nwf_port_close_absent(NwfRequest *request, NwfPort *port, const GError *why)
{
    if (port->state.which == NWF_WHICH_CLOSED || !port->rules || if_nametoindex(port->binding->portdev) != 0)
        return FALSE;
    close_absent(request, port, why);
    return TRUE;
}
