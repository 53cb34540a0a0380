/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * binding.c: life and canonical document of bindings
 */
#include "conf/binding.h"

#include "conf/filter_internal.h"

NwfBinding *
nwf_binding_ref(NwfBinding *binding)
{
    g_atomic_ref_count_inc(&binding->refs);
    return binding;
}

void
nwf_binding_unref(NwfBinding *binding)
{
    if (!binding || !g_atomic_ref_count_dec(&binding->refs))
        return;
    g_free(binding->owner_name);
    g_free(binding->portdev);
    g_free(binding->linkdev);
    g_free(binding->filter);
    g_free(binding->backend);
    nwf_params_free(binding->params);
    g_free(binding);
}

static void
write_named(GString *out, guint indent, const char *element, const char *attribute, const char *value, const char *end)
{
    g_string_append_printf(out, "%*s<%s %s='", (int)indent, "", element, attribute);
    nwf_xml_escape(out, value, FALSE);
    g_string_append_printf(out, "'%s>\n", end);
}

static void
write_owner(GString *out, const NwfBinding *binding, guint indent)
{
    char uuid[37];
    nwf_uuid_format(uuid, binding->owner_uuid);
    g_string_append_printf(out, "%*s<owner>\n%*s<name>", (int)indent, "", (int)indent + 2, "");
    nwf_xml_escape(out, binding->owner_name, TRUE);
    g_string_append_printf(out, "</name>\n%*s<uuid>%s</uuid>\n%*s</owner>\n", (int)indent + 2, "", uuid, (int)indent,
                           "");
}

static void
write_filter(GString *out, const NwfBinding *binding, const NwfParams *params, guint indent)
{
    g_autoptr(GPtrArray) names = nwf_params_names(params);
    write_named(out, indent, "filterref", "filter", binding->filter, names->len ? "" : "/");
    if (names->len == 0)
        return;
    nwf_params_format(out, params, indent + 2);
    g_string_append_printf(out, "%*s</filterref>\n", (int)indent, "");
}

static void
write_binding(GString *out, const NwfBinding *binding, const NwfParams *params, NwfDialect dialect, guint indent)
{
    char mac[18];
    nwf_mac_format(mac, binding->mac);
    g_string_append_printf(out, "%*s<filterbinding>\n", (int)indent, "");
    write_owner(out, binding, indent + 2);
    write_named(out, indent + 2, "portdev", "name", binding->portdev, "/");
    if (binding->linkdev)
        write_named(out, indent + 2, "linkdev", "name", binding->linkdev, "/");
    write_named(out, indent + 2, "mac", "address", mac, "/");
    write_filter(out, binding, params ? params : binding->params, indent + 2);
    if (dialect >= NWF_DIALECT_12)
        write_named(out, indent + 2, "backend", "name", "iptables", "/");
    g_string_append_printf(out, "%*s</filterbinding>\n", (int)indent, "");
}

char *
nwf_binding_format(const NwfBinding *binding, const NwfParams *params, NwfDialect dialect)
{
    GString *out = g_string_new(NULL);
    write_binding(out, binding, params, dialect, 0);
    return g_string_free(out, FALSE);
}

char *
nwf_binding_status_format(const NwfBinding *binding, const NwfParams *params, NwfDialect dialect)
{
    GString *out = g_string_new("<filterbindingstatus>\n");
    write_binding(out, binding, params, dialect, 2);
    g_string_append(out, "</filterbindingstatus>\n");
    return g_string_free(out, FALSE);
}
