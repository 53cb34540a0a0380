/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * learning.c: ports whose address nobody configured, the engine's side
 *
 * A port learns if IP is the one variable without value. What CTRL_IP_LEARNING and its companions say becomes its
 * terms; the learner gets them when the port is published, so it never works for a port that was refused. Until
 * an address is known the port has interim rules. When the addresses change the learner reports the port, the port is
 * marked, and the applier restores it like any other: the plan is made anew from what the learner knows then. Reports
 * carry no addresses, so a late one does no harm.
 *
 * Addresses may change between the making of a plan and its publication, before the learner reports changes of the
 * port. So their version is compared once after that.
 */
#include <glib/gi18n-lib.h>

#include "driver/engine/internal.h"

/* ---- what a binding asks for ---- */

/* The first value of a variable; NULL if it has none. */
static const char *
first_value(const NwfBinding *binding, const char *name)
{
    const GPtrArray *list = nwf_params_get(binding->params, name);
    return list ? g_ptr_array_index(list, 0) : NULL;
}

static gboolean
read_mode(const NwfBinding *binding, NwfLearnMode *mode, GError **error)
{
    const char *word = first_value(binding, "CTRL_IP_LEARNING");

    for (*mode = 0; *mode < NWF_LEARN_MODES; (*mode)++)
        if (g_ascii_strcasecmp(word ? word : nwf_learn_mode_words[NWF_LEARN_ANY], nwf_learn_mode_words[*mode]) == 0)
            return TRUE;
    if (g_ascii_strcasecmp(word, "none") == 0)
        return nwf_set_error(error, NWF_ERROR_INTERNAL,
                             _("filter '%s': the variable IP has no value, and CTRL_IP_LEARNING is 'none'"),
                             binding->filter);
    return nwf_set_error(error, NWF_ERROR_PARSE,
                         _("filter '%s': CTRL_IP_LEARNING is '%s'; expected one of any, dhcp, none"), binding->filter,
                         word);
}

/* Only listed servers are believed, so a name that cannot be read must not make the list empty. */
static gboolean
read_servers(const NwfBinding *binding, GArray *servers, GError **error)
{
    const GPtrArray *list = nwf_params_get(binding->params, "DHCPSERVER");

    for (guint i = 0; list && i < list->len; i++) {
        const char *text = g_ptr_array_index(list, i);
        NwfAddress address;
        if (!nwf_address_parse(&address, text))
            return nwf_set_error(error, NWF_ERROR_INTERNAL,
                                 _("filter '%s': DHCPSERVER is '%s'; expected an IPv4 address"), binding->filter, text);
        g_array_append_val(servers, address);
    }
    return TRUE;
}

static gboolean
read_max(const NwfBinding *binding, guint *max, GError **error)
{
    const char *text = first_value(binding, "CTRL_IP_MAX");
    guint64 number;

    if (!text)
        return TRUE;
    if (!g_ascii_string_to_unsigned(text, 10, 1, NWF_LEARN_MAX, &number, NULL))
        return nwf_set_error(error, NWF_ERROR_PARSE,
                             _("filter '%s': CTRL_IP_MAX is '%s'; expected a number from 1 to %d"), binding->filter,
                             text, (int)NWF_LEARN_MAX);
    *max = (guint)number;
    return TRUE;
}

static gboolean
read_allowed(const NwfBinding *binding, NwfAllowed **allowed, GError **error)
{
    const GPtrArray *list = nwf_params_get(binding->params, "CTRL_IP_ALLOWED");
    g_autofree char *place = NULL;

    if (!list)
        return TRUE;
    *allowed = nwf_allowed_parse(list, error);
    if (*allowed)
        return TRUE;
    place = g_strdup_printf(_("filter '%s'"), binding->filter);
    g_prefix_error(error, "%s: ", place);
    return FALSE;
}

/* (transfer full): how the address of @binding is to be learned; NULL: it is not, or what controls it cannot be read.
 */
NwfLearnTerms *
nwf_learning_request(const NwfBinding *binding, GError **error)
{
    NwfLearnMode mode;

    if (!read_mode(binding, &mode, error))
        return NULL;
    g_autoptr(NwfLearnTerms) request =
        nwf_learn_terms_new(mode, binding->portdev, binding->linkdev, binding->owner_uuid, binding->mac);
    if (mode == NWF_LEARN_DHCP && !read_servers(binding, request->servers, error))
        return NULL;
    if (!read_max(binding, &request->max, error) || !read_allowed(binding, &request->allowed, error))
        return NULL;
    return g_steal_pointer(&request);
}

/* ---- plans ---- */

/* Adds the addresses that the port knows to @params. FALSE: it knows none. */
gboolean
nwf_learning_add(NwfEngine *engine, NwfPort *port, NwfParams *params)
{
    char text[NWF_ADDRESS_TEXT];

    g_autoptr(GArray) addresses = nwf_learner_addresses(engine->learner, port->request, &port->addresses_version);
    for (guint i = 0; i < addresses->len; i++)
        nwf_params_add(params, "IP", nwf_address_format(text, &g_array_index(addresses, NwfAddress, i)));
    port->has_addresses = addresses->len > 0;
    return port->has_addresses;
}

/* (transfer full): the rules of a port that learns until it knows an address. */
NwfPlan *
nwf_learning_interim(NwfEngine *engine, const NwfPort *port, GError **error)
{
    g_autoptr(NwfParams) params = nwf_build_params(port->binding);
    NwfInterim interim = port->request->mode == NWF_LEARN_DHCP ? NWF_INTERIM_DHCP
                         : engine->config.open_until_known     ? NWF_INTERIM_OPEN
                                                               : NWF_INTERIM_ANY;
    return nwf_plan_new_interim(interim, params, error);
}

/* ---- the learner ---- */

static void
changed(const char *portdev, gpointer data)
{
    NwfEngine *engine = data;

    g_mutex_lock(&engine->lock);
    g_hash_table_add(engine->changed, g_strdup(portdev));
    g_cond_signal(&engine->wake);
    g_mutex_unlock(&engine->lock);
}

static void
log_learner(NwfLearnLevel level, const char *message, gpointer data)
{
    nwf_engine_log(data, (NwfLogLevel)level, "learn", "%s", message);
}

NwfLearner *
nwf_learning_start(NwfEngine *engine, GError **error)
{
    const NwfLearnerConfig config = {.state_dir = engine->config.learn_dir,
                                     .lease_file = engine->config.lease_file,
                                     .changed = changed,
                                     .log = log_learner,
                                     .data = engine};
    return nwf_learner_new(&config, error);
}

/* What the user gave as IP: no other port may learn these. NULL: nothing. */
static GArray *
configured(const NwfPort *port)
{
    const GPtrArray *list = port ? nwf_params_get(port->binding->params, "IP") : NULL;
    GArray *addresses = list ? g_array_new(FALSE, FALSE, sizeof(NwfAddress)) : NULL;

    for (guint i = 0; list && i < list->len; i++) {
        NwfAddress address;
        if (nwf_address_parse(&address, g_ptr_array_index(list, i)))
            g_array_append_val(addresses, address);
    }
    return addresses;
}

/*
 * The swap is in force: the learner gets the terms of its port. One that waits for the tools is visited again in any
 * case, with growing delays, however its addresses change.
 */
void
nwf_learning_follow(NwfEngine *engine, const NwfSwap *swap)
{
    g_autoptr(GArray) reserved = configured(swap->new);
    NwfPort *port = swap->new;

    nwf_learner_reserve(engine->learner, swap->name, reserved);
    if (!port || !port->request) {
        nwf_learner_unwatch(engine->learner, swap->name);
        return;
    }
    nwf_learner_watch(engine->learner, port->request);
    if (port->addresses_version != 0 && !port->unplaced && !port->postponed &&
        nwf_learner_version(engine->learner, port->request) != port->addresses_version)
        changed(swap->name, engine);
}
