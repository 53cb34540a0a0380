/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * build.c: from a binding to the plan of its port
 *
 * The expensive half, tree and template, is the same for all ports that use the same root filter and supply variables
 * of the same names: it is kept as a shape. Shapes are the applier's alone and are forgotten when a filter in their
 * tree changes, or when there are SHAPES_MAX of them, which only bindings with ever new names of parameters bring
 * about.
 *
 * Shapes that all ports share are made of filters in force alone. A filter that is being defined makes shapes in the group
 * that defines it, and they end with the group: if the definition is refused, no other port can meet them.
 *
 * MAC is a variable of every port. What the driver adds to the parameters of a binding (MAC, learned addresses) is added
 * here for the one plan, and never becomes part of the binding.
 */
#include <glib/gi18n-lib.h>
#include <net/if.h>
#include <string.h>

#include "driver/engine/internal.h"
#include "driver/tech/services.h"

enum { SHAPES_MAX = 1000 };

/* ---- ports ---- */

NwfPort *
nwf_port_new(NwfBinding *binding)
{
    NwfPort *port = g_new0(NwfPort, 1);
    g_atomic_ref_count_init(&port->refs);
    port->binding = nwf_binding_ref(binding);
    return port;
}

NwfPort *
nwf_port_copy(const NwfPort *from)
{
    NwfPort *port = nwf_port_new(from->binding);
    port->tree = from->tree ? nwf_tree_ref(from->tree) : NULL;
    port->plan = from->plan ? nwf_plan_ref(from->plan) : NULL;
    port->closed = from->closed;
    port->instantiated = from->instantiated;
    port->unplaced = from->unplaced;
    port->ifindex = from->ifindex;
    port->request = from->request ? nwf_learn_terms_ref(from->request) : NULL;
    port->addresses_version = from->addresses_version;
    port->has_addresses = from->has_addresses;
    port->postponed = from->postponed;
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
    g_clear_pointer(&port->tree, nwf_tree_unref);
    g_clear_pointer(&port->plan, nwf_plan_unref);
    g_clear_pointer(&port->request, nwf_learn_terms_unref);
    g_free(port);
}

/* @ifindex: of the port's device, 0 if there is none. The first one seen is remembered. */
void
nwf_port_saw_device(NwfPort *port, unsigned ifindex)
{
    port->instantiated |= ifindex != 0;
    if (port->ifindex == 0)
        port->ifindex = ifindex;
}

/* ---- shapes ---- */

typedef struct NwfShape {
    NwfTree *tree;
    NwfTemplate *t; /* NULL until a port needs it */
} NwfShape;

static void
shape_free(gpointer data)
{
    NwfShape *shape = data;
    nwf_tree_unref(shape->tree);
    g_clear_pointer(&shape->t, nwf_template_unref);
    g_free(shape);
}

gpointer
nwf_shape_table_new(void)
{
    return g_hash_table_new_full(g_str_hash, g_str_equal, g_free, shape_free);
}

static gboolean
shape_uses(gpointer key G_GNUC_UNUSED, gpointer value, gpointer filter)
{
    return nwf_tree_uses(((NwfShape *)value)->tree, filter);
}

void
nwf_build_forget(NwfEngine *engine, const char *filter)
{
    g_hash_table_foreach_remove(engine->templates, shape_uses, (gpointer)filter);
}

/* Filters as they would be with one of them replaced. */
typedef struct Lookup {
    NwfEngine *engine;
    NwfFilter *instead; /* may be NULL */
} Lookup;

static NwfFilter *
lookup_filter(const char *name, gpointer data)
{
    Lookup *lookup = data;
    if (lookup->instead && strcmp(lookup->instead->name, name) == 0)
        return lookup->instead;
    return nwf_engine_lookup_filter(name, lookup->engine);
}

/* Names of parameters, then a character that none of them has, then the filter's name, which may have any. */
static char *
shape_key(const char *root, const NwfParams *params)
{
    g_autoptr(GPtrArray) names = nwf_params_names(params);
    g_autoptr(GString) key = g_string_new(NULL);

    for (guint i = 0; i < names->len; i++)
        g_string_append_printf(key, "%s,", (const char *)g_ptr_array_index(names, i));
    g_string_append_printf(key, "/%s", root);
    return g_string_free(g_steal_pointer(&key), FALSE);
}

static NwfShape *
shape_get(NwfEngine *engine, const char *root, const NwfParams *params, const NwfGroup *group, GError **error)
{
    GHashTable *shapes = group->new_shapes ? group->new_shapes : engine->templates;
    g_autofree char *key = shape_key(root, params);
    NwfShape *shape = g_hash_table_lookup(shapes, key);
    if (shape)
        return shape;
    Lookup lookup = {engine, group->new_shapes ? group->filter : NULL};
    NwfTree *tree = nwf_tree_new(root, lookup_filter, &lookup, error);
    if (!tree)
        return NULL;
    if (g_hash_table_size(shapes) >= SHAPES_MAX)
        g_hash_table_remove_all(shapes);
    shape = g_new0(NwfShape, 1);
    shape->tree = tree;
    g_hash_table_insert(shapes, g_steal_pointer(&key), shape);
    return shape;
}

/* ---- variables ---- */

NwfParams *
nwf_build_params(const NwfBinding *binding)
{
    NwfParams *params = nwf_params_copy(binding->params);
    char mac[18];

    if (!nwf_params_get(params, "MAC")) {
        nwf_mac_format(mac, binding->mac);
        nwf_params_add(params, "MAC", mac);
    }
    return params;
}

/* Whether all variables have values. If IP alone has none it may be learned: then the port has a request. */
static gboolean
check_missing(NwfPort *port, const NwfParams *params, GError **error)
{
    g_autoptr(GPtrArray) missing = nwf_tree_missing(port->tree, params);
    g_autoptr(GString) list = g_string_new(NULL);

    if (missing->len == 0)
        return TRUE;
    if (missing->len == 1 && strcmp(g_ptr_array_index(missing, 0), "IP") == 0) {
        port->request = nwf_learning_request(port->binding, error);
        return port->request != NULL;
    }
    for (guint i = 0; i < missing->len; i++) {
        const char *spelling = g_ptr_array_index(missing, i);
        if (strcmp(spelling, "IP") != 0)
            g_string_append_printf(list, "%s%s", list->len ? ", " : "", spelling);
    }
    return nwf_set_error(error, NWF_ERROR_INTERNAL, _("filter '%s': these variables have no value: %s"),
                         port->binding->filter, list->str);
}

/* ---- plans ---- */

static void
set_plan(NwfPort *port, NwfPlan *plan, gboolean closed)
{
    g_clear_pointer(&port->plan, nwf_plan_unref);
    port->plan = plan;
    port->closed = closed;
    port->unplaced = FALSE;
}

/* The plan of the port's own filter, with all values in @params. */
static NwfPlan *
build_plan(NwfEngine *engine, const NwfPort *port, const NwfParams *params, NwfGroup *group, GError **error)
{
    static const NwfHost host = {nwf_service_port, NULL};
    NwfShape *shape = shape_get(engine, port->binding->filter, params, group, error);

    if (!shape)
        return NULL;
    if (!shape->t)
        shape->t = nwf_template_new(shape->tree, params, error);
    g_autoptr(NwfValues) values = shape->t ? nwf_values_new(shape->t, params, &host, group->notes, error) : NULL;
    return values ? nwf_plan_new(shape->t, values, error) : NULL;
}

static gboolean
give_plan(NwfPort *port, NwfPlan *plan)
{
    if (plan)
        set_plan(port, plan, FALSE);
    return plan != NULL;
}

/*
 * Gives @port the plan that its binding asks for, with the definitions in force, or, if @group defines a filter, with that
 * one in place of the one of its name: the interim one while its address is not known. A port that no device can have gets none. On error its
 * plan is as it was; its tree and request are the right ones in any case.
 */
gboolean
nwf_build_port(NwfEngine *engine, NwfPort *port, NwfGroup *group, GError **error)
{
    g_autoptr(NwfParams) params = nwf_build_params(port->binding);

    g_clear_pointer(&port->tree, nwf_tree_unref);
    g_clear_pointer(&port->request, nwf_learn_terms_unref);
    port->addresses_version = 0;
    port->has_addresses = FALSE;
    port->postponed = FALSE;
    if (!nwf_port_name_is_possible(port->binding->portdev)) {
        nwf_note(group->notes, _("port '%s': no device can have this name, so no rules are made"), port->binding->portdev);
        set_plan(port, NULL, FALSE);
        return TRUE;
    }
    NwfShape *shape = shape_get(engine, port->binding->filter, params, group, error);
    if (!shape)
        return FALSE;
    port->tree = nwf_tree_ref(shape->tree);
    if (!check_missing(port, params, error))
        return FALSE;
    if (port->request && !nwf_learning_add(engine, port, params))
        return nwf_build_interim(engine, port, error);
    return give_plan(port, build_plan(engine, port, params, group, error));
}

/* Gives @port, whose address is learned, the plan for the time until then. */
gboolean
nwf_build_interim(NwfEngine *engine, NwfPort *port, GError **error)
{
    return give_plan(port, nwf_learning_interim(engine, port, error));
}

/*
 * The same for a change that somebody asked for: a port whose device is there must fit; one without a device stands in
 * nobody's way, it is closed if it cannot be built, so that the device is not open when it appears.
 */
gboolean
nwf_build_or_close(NwfEngine *engine, NwfPort *port, NwfGroup *group, GError **error)
{
    const char *name = port->binding->portdev;
    unsigned ifindex = if_nametoindex(name);
    g_autoptr(GError) local = NULL;

    nwf_port_saw_device(port, ifindex);
    if (nwf_build_port(engine, port, group, &local))
        return TRUE;
    if (ifindex != 0) {
        g_propagate_error(error, g_steal_pointer(&local));
        return FALSE;
    }
    nwf_note(group->notes, _("port '%s' has no device and is closed: %s"), name, local->message);
    nwf_build_closed(port);
    return TRUE;
}

/* Gives @port the plan that lets nothing pass. */
void
nwf_build_closed(NwfPort *port)
{
    set_plan(port, nwf_plan_new_closed(), TRUE);
}
