/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * fuzz-verdict.c: any frames at any plan have a fate, and the same one each time
 *
 * The first byte chooses the plan of a port. Then come frames, each with three bytes in front: its way and whether its
 * checksums are made right first; the time that passes before it; its length. Frames from and to a closed port never
 * pass.
 */
#include "simulate/simulator.h"

#include <string.h>

#include "choices.h"
#include "fuzz.h"
#include "repair.h"
#include "simulate.h"

enum { FRAMES_MAX = 8, ENDS = 3, REPAIR = 128 };

static const gint64 waits[] = {0, 1, 1000, 29, 31, 121, 601, 432001};

static void
check(const NwfDecision *decision, const NwfPlan *plan, gboolean closed)
{
    const NwfStage *deciding = decision->deciding;

    g_assert_cmpint(decision->fate, <=, NWF_FATE_UNKNOWN);
    g_assert_cmpuint(decision->n_stages, <=, NWF_STAGES_MAX);
    g_assert_true(!closed || decision->fate == NWF_FATE_DROPPED);
    g_assert_true(decision->reason == NULL || deciding == NULL);
    if (deciding == NULL)
        return;
    g_assert_true(deciding >= decision->stages && deciding < decision->stages + decision->n_stages);
    g_assert_true(deciding->plan == plan);
    g_assert_cmpuint(deciding->index, <=, deciding->chain->rules->len);
    if (deciding->rule != NULL)
        g_assert_true(g_ptr_array_index(deciding->chain->rules, deciding->index) == deciding->rule);
}

/* Plays the next frame to both; the second must say what the first one does. */
static void
play_frame(Choices *choices, NwfSimulator *const simulators[2], const NwfPlan *plan, gint64 *now)
{
    const NwfEnd all[ENDS] = {{plan, FALSE}, {NULL, FALSE}, {NULL, TRUE}};
    guint way = choose(choices, 256);
    const NwfEnd *from = &all[way % ENDS], *to = &all[way / ENDS % ENDS];
    guint n_to = way / ENDS / ENDS % 2 == 0 || to == &all[2] ? 1 : 2;
    NwfDecision decisions[2][2];
    gboolean closed = plan == fuzz_plan(FUZZ_PLAN_CLOSED);

    *now += waits[choose(choices, G_N_ELEMENTS(waits))] * G_USEC_PER_SEC;
    gsize length = choose(choices, 256);
    length = MIN(length, (gsize)(choices->end - choices->at));
    g_autofree guint8 *frame = g_malloc(MAX(length, 1));
    memcpy(frame, choices->at, length);
    choices->at += length;
    if ((way & REPAIR) != 0)
        repair_frame(frame, length);
    for (guint i = 0; i < 2; i++)
        nwf_simulator_frame(simulators[i], frame, length, *now, from, to, n_to, decisions[i]);
    for (guint i = 0; i < n_to; i++) {
        check(&decisions[0][i], plan, closed && (from->plan != NULL || to[i].plan != NULL));
        g_assert_cmpint(decisions[0][i].fate, ==, decisions[1][i].fate);
        g_assert_true(decisions[0][i].reason == decisions[1][i].reason);
        g_assert_cmpuint(decisions[0][i].n_stages, ==, decisions[1][i].n_stages);
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    Choices choices = {data, data + size};
    NwfPlan *plan = fuzz_plan(choose(&choices, FUZZ_PLANS));
    g_autoptr(GPtrArray) plans = g_ptr_array_new();
    gint64 now = 0;

    g_ptr_array_add(plans, plan);
    g_autoptr(NwfSimulator) once = nwf_simulator_new(plans, NULL);
    g_autoptr(NwfSimulator) again = nwf_simulator_new(plans, NULL);
    NwfSimulator *const simulators[] = {once, again};
    for (guint i = 0; i < FRAMES_MAX && choices.at < choices.end; i++)
        play_frame(&choices, simulators, plan, &now);
    return 0;
}
