/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * verdict-story.c: judging the frames of a story; see verdict-story.h
 */
#include "verdict-story.h"

static const char *const fates[] = {
    [NWF_FATE_PASSES] = "passes", [NWF_FATE_DROPPED] = "dropped", [NWF_FATE_REJECTED] = "rejected",
    [NWF_FATE_HELD] = "held",     [NWF_FATE_UNKNOWN] = "unknown",
};

static const char *const hooks[] = {
    [NWF_HOOK_FROM_VM] = "I",      [NWF_HOOK_TO_VM] = "O",    [NWF_HOOK_FORWARD_IN] = "FI",
    [NWF_HOOK_FORWARD_OUT] = "FO", [NWF_HOOK_HOST_IN] = "HI",
};

static char *
decision_text(const NwfDecision *decision)
{
    GString *text = g_string_new(fates[decision->fate]);
    const NwfStage *stage = decision->deciding;

    if (decision->reason != NULL)
        g_string_append_printf(text, ": %s", decision->reason);
    if (stage == NULL)
        return g_string_free(text, FALSE);
    g_string_append_printf(text, " %s", hooks[stage->chain->hook]);
    if (stage->chain->suffix != NULL)
        g_string_append_printf(text, "/%s", stage->chain->suffix);
    if (stage->rule != NULL)
        g_string_append_printf(text, " %u", stage->index + 1);
    else
        g_string_append(text, " end");
    return g_string_free(text, FALSE);
}

char *
fate_of(NwfSimulator *simulator, const NwfPlan *plan, const char *way, const char *frame, gint64 now)
{
    g_autoptr(GByteArray) bytes = frame_of(frame);
    NwfEnd port = {plan, FALSE}, other = {NULL, FALSE}, host = {NULL, TRUE};
    NwfEnd from = g_str_equal(way, "in") ? other : g_str_equal(way, "hosts") ? host : port;
    NwfEnd to = g_str_equal(way, "out") ? other : g_str_equal(way, "host") ? host : port;
    NwfDecision decision;

    nwf_simulator_frame(simulator, bytes->data, bytes->len, now, &from, &to, 1, &decision);
    return decision_text(&decision);
}

void
assert_plan_story(NwfPlan *plan, const Step *steps)
{
    g_autoptr(GPtrArray) plans = g_ptr_array_new();
    const NwfSimulatorOptions options = {.verify_checksums = TRUE};

    g_ptr_array_add(plans, plan);
    g_autoptr(NwfSimulator) simulator = nwf_simulator_new(plans, &options);
    for (guint i = 0; steps[i].way != NULL; i++) {
        g_autofree char *fate = fate_of(simulator, plan, steps[i].way, steps[i].frame, i * 1000);
        gsize length = strlen(steps[i].fate);

        /* the words of a step may stop before the deciding rule or the end of a reason */
        if (strncmp(fate, steps[i].fate, length) != 0 || (fate[length] != '\0' && strchr(":,; ", fate[length]) == NULL))
            g_error("step %u, %s %s: %s, expected %s", i + 1, steps[i].way, steps[i].frame, fate, steps[i].fate);
    }
}

void
assert_world_story(World *world, const char *params, const Step *steps)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(NwfPlan) plan = plan_of(world, params, &error);

    g_assert_no_error(error);
    assert_plan_story(plan, steps);
}

void
assert_story(const char *rules, const Step *steps)
{
    g_autoptr(World) world = world_of_rules(rules);

    assert_world_story(world, NULL, steps);
}
