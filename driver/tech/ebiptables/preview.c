/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * preview.c: what the tools would be given for ports, on a host that holds nothing yet
 *
 * Checks and renders as for the kernel and executes nothing. Several ports make one batch per tool.
 */
#include "driver/tech/ebiptables/ebiptables.h"
#include "driver/tech/ebiptables/render.h"

static const char *const tools[NWF_LAYERS] = {
    [NWF_LAYER_ETHERNET] = "ebtables-restore",
    [NWF_LAYER_IPV4] = "iptables-restore",
    [NWF_LAYER_IPV6] = "ip6tables-restore",
};

gboolean
nwf_ebiptables_check(const char *port, NwfRules *rules, GError **error)
{
    const NwfPlan *plan = nwf_rules_plan(rules, error);

    return plan && nwf_render_check(port, plan, error);
}

static void
append_batch(GString *out, const NwfBatch *batch, gboolean annotate)
{
    g_auto(GStrv) lines = g_strsplit(batch->text->str, "\n", -1);

    g_string_append_printf(out, "# %s --noflush\n", tools[batch->layer]);
    for (guint i = 0; i < batch->n_lines; i++) {
        const NwfOrigin *origin = &g_array_index(batch->origins, NwfOrigin, i);
        if (annotate && origin->filter)
            g_string_append_printf(out, "# filter '%s' line %u\n", origin->filter, origin->line);
        g_string_append_printf(out, "%s\n", lines[i]);
    }
}

char *
nwf_ebiptables_preview(const NwfPortChange *changes, guint n, gboolean annotate, GError **error)
{
    g_autoptr(GPtrArray) plans = g_ptr_array_new_with_free_func((GDestroyNotify)nwf_plan_change_free);
    g_autoptr(GString) out = g_string_new(NULL);

    for (guint i = 0; i < n; i++) {
        NwfRules *rules = changes[i].new_rules;
        if (rules && !nwf_ebiptables_check(changes[i].port, rules, error))
            return NULL;
        g_ptr_array_add(plans, nwf_plan_change_new(changes[i].port, NULL, rules ? nwf_rules_plan(rules, NULL) : NULL));
    }
    for (NwfLayer layer = 0; layer < NWF_LAYERS; layer++) {
        g_autoptr(NwfModel) model = nwf_model_new(layer);
        g_autoptr(NwfBatch) batch = nwf_render(model, layer, plans, error);
        if (!batch)
            return NULL;
        if (batch->n_lines > 0)
            append_batch(out, batch, annotate);
    }
    return g_string_free(g_steal_pointer(&out), FALSE);
}
