/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * port_terms.c: what a binding says about the learning of its address
 *
 * A port learns if IP is the one variable without value. CTRL_IP_LEARNING says how; DHCPSERVER, CTRL_IP_MAX and
 * CTRL_IP_ALLOWED say what is believed. What cannot be read is an error and never a wider permission.
 */
#include "driver/engine/port_terms.h"

#include <glib/gi18n-lib.h>

/* The first value of a variable; NULL if it has none. */
static const char *
first_value(const NwfBinding *binding, const char *name)
{
    const GPtrArray *list = nwf_params_get(binding->params, name);
    return list ? g_ptr_array_index(list, 0) : NULL;
}

static gboolean
read_mode(const NwfBinding *binding, const char *missing, NwfLearnMode *mode, GError **error)
{
    const char *word = first_value(binding, nwf_binding_controls[NWF_CONTROL_LEARNING]);

    for (*mode = 0; *mode < NWF_LEARN_MODES; (*mode)++)
        if (g_ascii_strcasecmp(word ? word : nwf_learn_mode_words[NWF_LEARN_ANY], nwf_learn_mode_words[*mode]) == 0)
            return TRUE;
    if (g_ascii_strcasecmp(word, "none") == 0)
        return nwf_set_error(error, NWF_ERROR_INTERNAL,
                             _("filter '%s': these variables have no value: %s; CTRL_IP_LEARNING is 'none'"),
                             binding->filter, missing);
    return nwf_set_error(error, NWF_ERROR_PARSE,
                         _("filter '%s': CTRL_IP_LEARNING is '%s'; expected one of any, dhcp, none"), binding->filter,
                         word);
}

/* Only listed servers are believed, so a name that cannot be read must not make the list empty. */
static gboolean
read_servers(const NwfBinding *binding, GArray *servers, GError **error)
{
    const GPtrArray *list = nwf_params_get(binding->params, nwf_binding_controls[NWF_CONTROL_SERVER]);

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
    const char *text = first_value(binding, nwf_binding_controls[NWF_CONTROL_MAX]);
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
    const GPtrArray *list = nwf_params_get(binding->params, nwf_binding_controls[NWF_CONTROL_ALLOWED]);
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

NwfLearnTerms *
nwf_port_terms(const NwfBinding *binding, const char *missing, GError **error)
{
    NwfLearnMode mode;

    if (!read_mode(binding, missing, &mode, error))
        return NULL;
    g_autoptr(NwfLearnTerms) terms = nwf_learn_terms_new(mode, binding->portdev, binding->owner_uuid, binding->mac);
    if (mode == NWF_LEARN_DHCP && !read_servers(binding, terms->servers, error))
        return NULL;
    if (!read_max(binding, &terms->max, error) || !read_allowed(binding, &terms->allowed, error))
        return NULL;
    return g_steal_pointer(&terms);
}

GArray *
nwf_port_configured(const NwfBinding *binding)
{
    const GPtrArray *list = nwf_params_get(binding->params, "IP");
    GArray *addresses = list ? g_array_new(FALSE, FALSE, sizeof(NwfAddress)) : NULL;

    for (guint i = 0; list && i < list->len; i++) {
        NwfAddress address;
        if (nwf_address_parse(&address, g_ptr_array_index(list, i)))
            g_array_append_val(addresses, address);
    }
    return addresses;
}
