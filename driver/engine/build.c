/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * build.c: from a binding to the plan of its port
 *
 * The expensive half, tree and template, is the same for all ports that use the same root filter and supply variables
 * of the same names: it is kept as a shape. Shapes are the applier's alone and are forgotten when a filter in their
 * tree changes, or when there are SHAPES_MAX of them, which only bindings with ever new names of parameters bring
 * about.
 *
 * MAC is a variable of every port. What the driver adds to the parameters of a binding (MAC now, addresses that were
 * learned later) is added here for the one plan, and never becomes part of the binding.
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
    NwfFilter *instead;
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
shape_get(NwfEngine *engine, const char *root, const NwfParams *params, NwfFilter *instead, GError **error)
{
    g_autofree char *key = shape_key(root, params);
    NwfShape *shape = g_hash_table_lookup(engine->templates, key);
    if (shape)
        return shape;
    Lookup lookup = {engine, instead};
    NwfTree *tree = nwf_tree_new(root, lookup_filter, &lookup, error);
    if (!tree)
        return NULL;
    if (g_hash_table_size(engine->templates) >= SHAPES_MAX)
        g_hash_table_remove_all(engine->templates);
    shape = g_new0(NwfShape, 1);
    shape->tree = tree;
    g_hash_table_insert(engine->templates, g_steal_pointer(&key), shape);
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

/*
 * How an address would be learned, by the word in CTRL_IP_LEARNING. The error of each row is what a binding gets that
 * leaves the address open; a word without row is NWF_ERROR_PARSE.
 */
static const struct {
    const char *word;
    NwfErrorCode code;
    const char *message;
} learning_modes[] = {
    {"any", NWF_ERROR_INTERNAL, N_("the variable IP has no value, and addresses are not learned by this version")},
    {"dhcp", NWF_ERROR_UNSUPPORTED,
     N_("the variable IP has no value, and addresses are not learned from DHCP by this version")},
    {"none", NWF_ERROR_INTERNAL, N_("the variable IP has no value, and CTRL_IP_LEARNING is 'none'")},
};

static gboolean
address_is_open(const NwfBinding *binding, GError **error)
{
    const GPtrArray *control = nwf_params_get(binding->params, "CTRL_IP_LEARNING");
    const char *word = control ? g_ptr_array_index(control, 0) : "any";

    for (gsize i = 0; i < G_N_ELEMENTS(learning_modes); i++)
        if (g_ascii_strcasecmp(word, learning_modes[i].word) == 0)
            return nwf_set_error(error, learning_modes[i].code, _("filter '%s': %s"), binding->filter,
                                 _(learning_modes[i].message));
    return nwf_set_error(error, NWF_ERROR_PARSE,
                         _("filter '%s': CTRL_IP_LEARNING is '%s'; expected one of any, dhcp, none"), binding->filter,
                         word);
}

static gboolean
check_missing(const NwfTree *tree, const NwfBinding *binding, const NwfParams *params, GError **error)
{
    g_autoptr(GPtrArray) missing = nwf_tree_missing(tree, params);
    g_autoptr(GString) list = g_string_new(NULL);

    if (missing->len == 0)
        return TRUE;
    if (missing->len == 1 && strcmp(g_ptr_array_index(missing, 0), "IP") == 0)
        return address_is_open(binding, error);
    for (guint i = 0; i < missing->len; i++) {
        const char *spelling = g_ptr_array_index(missing, i);
        if (strcmp(spelling, "IP") != 0)
            g_string_append_printf(list, "%s%s", list->len ? ", " : "", spelling);
    }
    return nwf_set_error(error, NWF_ERROR_INTERNAL, _("filter '%s': these variables have no value: %s"),
                         binding->filter, list->str);
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

/*
 * Gives @port the plan that its binding asks for, with the definitions in force, or with @instead in place of the one
 * of its name. A port that no device can have gets none. On error its plan is as it was; its tree is the right one in
 * any case.
 */
gboolean
nwf_build_port(NwfEngine *engine, NwfPort *port, NwfFilter *instead, NwfNotes *notes, GError **error)
{
    static const NwfHost host = {nwf_service_port, NULL};
    g_autoptr(NwfParams) params = nwf_build_params(port->binding);

    g_clear_pointer(&port->tree, nwf_tree_unref);
    if (!nwf_port_name_is_possible(port->binding->portdev)) {
        nwf_note(notes, _("port '%s': no device can have this name, so no rules are made"), port->binding->portdev);
        set_plan(port, NULL, FALSE);
        return TRUE;
    }
    NwfShape *shape = shape_get(engine, port->binding->filter, params, instead, error);
    if (!shape)
        return FALSE;
    port->tree = nwf_tree_ref(shape->tree);
    if (!check_missing(shape->tree, port->binding, params, error))
        return FALSE;
    if (!shape->t)
        shape->t = nwf_template_new(shape->tree, params, error);
    if (!shape->t)
        return FALSE;
    g_autoptr(NwfValues) values = nwf_values_new(shape->t, params, &host, notes, error);
    if (!values)
        return FALSE;
    NwfPlan *plan = nwf_plan_new(shape->t, values, error);
    if (!plan)
        return FALSE;
    set_plan(port, plan, FALSE);
    return TRUE;
}

/*
 * The same for a change that somebody asked for: a port whose device is there must fit; one without a device stands in
 * nobody's way, it is closed if it cannot be built, so that the device is not open when it appears.
 */
gboolean
nwf_build_or_close(NwfEngine *engine, NwfPort *port, NwfFilter *instead, NwfNotes *notes, GError **error)
{
    const char *name = port->binding->portdev;
    unsigned ifindex = if_nametoindex(name);
    g_autoptr(GError) local = NULL;

    nwf_port_saw_device(port, ifindex);
    if (nwf_build_port(engine, port, instead, notes, &local))
        return TRUE;
    if (ifindex != 0) {
        g_propagate_error(error, g_steal_pointer(&local));
        return FALSE;
    }
    nwf_note(notes, _("port '%s' has no device and is closed: %s"), name, local->message);
    nwf_build_closed(port);
    return TRUE;
}

/* Gives @port the plan that lets nothing pass. */
void
nwf_build_closed(NwfPort *port)
{
    g_autoptr(NwfParams) none = nwf_params_new();
    g_autoptr(NwfTemplate) t = nwf_template_closed();
    g_autoptr(NwfValues) values = nwf_values_new(t, none, NULL, NULL, NULL);

    set_plan(port, nwf_plan_new(t, values, NULL), TRUE);
}
