/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * verdict_print.c: fates of frames for people and for programs
 *
 * People get a line for each way of a frame. Programs get one JSON object: frames, each with its ways, each way with
 * its fate, the rule that decided it, and all chains that had a say; and how many ways had which fate. Words in JSON
 * are not translated.
 */
#include "tools/verdict_print.h"

#include "driver/tech/backends.h"
#include "tools/json.h"

#include <glib/gi18n-lib.h>

struct NwfReport {
    JsonBuilder *builder; /* NULL: text */
    guint counts[NWF_FATE_UNKNOWN + 1];
    guint not_judged;
};

static const char *const fates[] = {
    [NWF_FATE_PASSES] = N_("passes"), [NWF_FATE_DROPPED] = N_("dropped"), [NWF_FATE_REJECTED] = N_("rejected"),
    [NWF_FATE_HELD] = N_("held"),     [NWF_FATE_UNKNOWN] = N_("unknown"),
};

static const char *const actions[] = {
    [NWF_VERDICT_ACCEPT] = "accept", [NWF_VERDICT_DROP] = "drop",         [NWF_VERDICT_REJECT] = "reject",
    [NWF_VERDICT_RETURN] = "return", [NWF_VERDICT_CONTINUE] = "continue", [NWF_VERDICT_JUMP] = "jump",
};

void
nwf_sight_clear(NwfSight *sight)
{
    g_array_unref(sight->to);
    g_free(sight->decisions);
}

NwfReport *
nwf_report_new(gboolean json)
{
    NwfReport *report = g_new0(NwfReport, 1);

    if (json) {
        report->builder = json_builder_new();
        json_builder_begin_object(report->builder);
        json_builder_set_member_name(report->builder, "frames");
        json_builder_begin_array(report->builder);
    }
    return report;
}

void
nwf_report_free(NwfReport *report)
{
    if (!report)
        return;
    g_clear_object(&report->builder);
    g_free(report);
}

/* The port that a stage belongs to: the one end or the other. */
static const char *
port_of(const NwfStage *stage, const NwfSight *sight, const NwfWayEnd *to)
{
    NwfHook hook = stage->chain->hook;

    return hook == NWF_HOOK_TO_VM || hook == NWF_HOOK_FORWARD_OUT ? to->name : sight->from.name;
}

static const char *
why_not_judged(const NwfSight *sight)
{
    return sight->cut ? N_("the capture holds only a part of the frame")
                      : N_("the frame has nothing to do with the ports");
}

/* --- JSON --- */

static void
put_stage(JsonBuilder *out, const NwfStage *stage, const NwfSight *sight, const NwfWayEnd *to)
{
    const char *port = port_of(stage, sight, to);
    g_autofree char *chain = nwf_backend_kinds->chain_name(stage->chain, port);

    json_builder_begin_object(out);
    nwf_json_text(out, "port", port);
    nwf_json_text(out, "chain", chain);
    if (stage->rule) {
        nwf_json_text(out, "filter", stage->rule->filter);
        nwf_json_number(out, "line", stage->rule->line);
        nwf_json_number(out, "index", stage->index + 1);
        nwf_json_text(out, "action", actions[stage->rule->verdict]);
    }
    json_builder_set_member_name(out, "certain");
    json_builder_add_boolean_value(out, stage->certain);
    json_builder_end_object(out);
}

static void
put_way(JsonBuilder *out, const NwfSight *sight, guint index)
{
    const NwfWayEnd *to = &g_array_index(sight->to, NwfWayEnd, index);
    const NwfDecision *decision = &sight->decisions[index];

    json_builder_begin_object(out);
    nwf_json_text(out, "to", to->name);
    nwf_json_text(out, "fate", fates[decision->fate]);
    if (decision->reason)
        nwf_json_text(out, "reason", decision->reason);
    if (decision->deciding) {
        json_builder_set_member_name(out, "decided_by");
        put_stage(out, decision->deciding, sight, to);
    }
    json_builder_set_member_name(out, "chains");
    json_builder_begin_array(out);
    for (guint i = 0; i < decision->n_stages; i++)
        put_stage(out, &decision->stages[i], sight, to);
    json_builder_end_array(out);
    json_builder_end_object(out);
}

static void
put_sight(JsonBuilder *out, const NwfSight *sight)
{
    json_builder_begin_object(out);
    nwf_json_number(out, "frame", sight->number);
    nwf_json_number(out, "time", sight->time);
    nwf_json_number(out, "length", (gint64)sight->length);
    if (!sight->decisions) {
        nwf_json_text(out, "not_judged", why_not_judged(sight));
    } else {
        nwf_json_text(out, "from", sight->from.name);
        json_builder_set_member_name(out, "ways");
        json_builder_begin_array(out);
        for (guint i = 0; i < sight->to->len; i++)
            put_way(out, sight, i);
        json_builder_end_array(out);
    }
    json_builder_end_object(out);
}

static void
print_document(NwfReport *report)
{
    JsonBuilder *out = report->builder;

    json_builder_end_array(out);
    json_builder_set_member_name(out, "sums");
    json_builder_begin_object(out);
    for (guint i = 0; i < G_N_ELEMENTS(fates); i++)
        nwf_json_number(out, fates[i], report->counts[i]);
    nwf_json_number(out, "not_judged", report->not_judged);
    json_builder_end_object(out);
    json_builder_end_object(out);
    nwf_json_print(out);
}

/* --- text --- */

static char *
stage_text(const NwfStage *stage, const NwfSight *sight, const NwfWayEnd *to)
{
    g_autofree char *chain = nwf_backend_kinds->chain_name(stage->chain, port_of(stage, sight, to));

    if (!stage->rule)
        return g_strdup_printf(_("end of chain %s"), chain);
    if (!stage->rule->filter)
        return g_strdup_printf(_("rule %u of chain %s"), stage->index + 1, chain);
    return g_strdup_printf(_("filter '%s' line %u (%s; rule %u of chain %s)"), stage->rule->filter, stage->rule->line,
                           actions[stage->rule->verdict], stage->index + 1, chain);
}

static void
append_stage(GString *out, const NwfStage *stage, const NwfSight *sight, const NwfWayEnd *to)
{
    g_autofree char *text = stage_text(stage, sight, to);

    if (stage->certain)
        g_string_append(out, text);
    else
        g_string_append_printf(out, _("%s, which may match or not"), text);
}

static void
print_way(const NwfSight *sight, guint index)
{
    const NwfWayEnd *to = &g_array_index(sight->to, NwfWayEnd, index);
    const NwfDecision *decision = &sight->decisions[index];
    g_autoptr(GString) line = g_string_new(NULL);

    g_string_append_printf(line, "%6u  %s > %s  %s: ", sight->number, sight->from.name ? sight->from.name : "-",
                           to->name ? to->name : "-", _(fates[decision->fate]));
    if (decision->reason)
        g_string_append(line, _(decision->reason));
    else if (decision->deciding)
        append_stage(line, decision->deciding, sight, to);
    else
        g_string_append(line, _("no chain of the ports sees the frame"));
    g_print("%s\n", line->str);
}

/* --- both --- */

void
nwf_report_add(NwfReport *report, const NwfSight *sight)
{
    if (!sight->decisions)
        report->not_judged++;
    for (guint i = 0; sight->decisions && i < sight->to->len; i++)
        report->counts[sight->decisions[i].fate]++;
    if (report->builder)
        put_sight(report->builder, sight);
    else if (!sight->decisions)
        g_print("%6u  %s\n", sight->number, _(why_not_judged(sight)));
    for (guint i = 0; !report->builder && sight->decisions && i < sight->to->len; i++)
        print_way(sight, i);
}

void
nwf_report_print(NwfReport *report)
{
    if (report->builder) {
        print_document(report);
        return;
    }
    for (guint i = 0; i < G_N_ELEMENTS(fates); i++)
        if (report->counts[i] > 0)
            g_print("%s: %u\n", _(fates[i]), report->counts[i]);
    if (report->not_judged > 0)
        g_print(_("not judged: %u\n"), report->not_judged);
}
