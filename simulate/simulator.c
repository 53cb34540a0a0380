/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * simulator.c: what the rules of ports do to a frame; see simulator.h
 *
 * Walking a chain yields a set of possible exits, because the walk both takes and passes over a rule whose conditions
 * may or may not hold. A frame's fate is certain if all possible ways end alike. The walk goes through each chain once,
 * however many rules are uncertain.
 *
 * Ends of chains. A sub-chain of the Ethernet layer accepts at its end, RETURN leads back to the root chain. In a root
 * chain of that layer, and in the chains of the IP layers, the end, RETURN and ACCEPT all mean that the frame goes on
 * to the next chain of its way.
 */
#include "simulate/match_private.h"

#include <glib/gi18n-lib.h>
#include <string.h>

/* How a chain may be left; a set. */
enum { EXIT_END = 1, EXIT_ACCEPT = 2, EXIT_DROP = 4, EXIT_REJECT = 8 };
enum { EXIT_GOES_ON = EXIT_END | EXIT_ACCEPT, EXIT_STOPS = EXIT_DROP | EXIT_REJECT };

struct NwfSimulator {
    GPtrArray *plans;
    gboolean tracked[NWF_LAYERS];
    NwfConntrack *conntrack;
    NwfFragments *fragments;
};

/* A walk through the chains of one hook. */
typedef struct Walk {
    const NwfView *view;
    const NwfPlan *plan;
    gboolean certain; /* the frame certainly comes here */
    guint exits;
    gboolean decided; /* the first stage that decided something is in stage */
    NwfStage stage;
} Walk;

/* A frame on its way to one end. */
typedef struct Way {
    const NwfView *view;
    NwfDecision *decision;
    guint possible; /* NWF_FATE_* as bits, of those ways that are over */
    gboolean open;  /* some possible way goes on */
} Way;

static const guint exits_of[] = {
    [NWF_VERDICT_ACCEPT] = EXIT_ACCEPT, [NWF_VERDICT_DROP] = EXIT_DROP, [NWF_VERDICT_REJECT] = EXIT_REJECT,
    [NWF_VERDICT_RETURN] = EXIT_END,    [NWF_VERDICT_CONTINUE] = 0,     [NWF_VERDICT_JUMP] = 0,
};

/* ---- walking ---- */

static void
note(Walk *walk, const NwfChain *chain, const NwfPlanRule *rule, guint index, gboolean certain)
{
    if (walk->decided)
        return;
    walk->decided = TRUE;
    walk->stage = (NwfStage){walk->plan, chain, rule, index, certain};
}

/*
 * Goes through @chain. *@certain becomes FALSE if the frame may not get as far as its end. Returns: whether the frame
 * may reach the end or RETURN, so that the caller goes on.
 */
static gboolean
walk_chain(Walk *walk, const NwfChain *chain, gboolean *certain)
{
    const NwfView *view = walk->view;

    for (guint i = 0; i < chain->rules->len; i++) {
        const NwfPlanRule *rule = g_ptr_array_index(chain->rules, i);
        gboolean returned = TRUE;
        NwfAnswer answer;

        if (rule->verdict == NWF_VERDICT_JUMP) {
            if (nwf_match_guard(rule->target->kind, &view->frame))
                returned = walk_chain(walk, rule->target, certain);
            if (!returned)
                return FALSE;
            continue;
        }
        answer = chain->layer == NWF_LAYER_ETHERNET ? nwf_match_ethernet(rule, &view->frame)
                                                    : nwf_match_ip(rule, view, *certain && walk->certain);
        if (answer == NWF_ANSWER_NO)
            continue;
        if (rule->verdict == NWF_VERDICT_CONTINUE && answer < NWF_ANSWER_ANY)
            continue;
        if (answer >= NWF_ANSWER_ANY)
            walk->exits |= EXIT_DROP;
        if (rule->verdict == NWF_VERDICT_RETURN && chain->suffix)
            return TRUE; /* of the Ethernet layer, where everything is certain */
        note(walk, chain, rule, i, answer == NWF_ANSWER_YES || answer == NWF_ANSWER_STOP);
        if (answer == NWF_ANSWER_STOP)
            return FALSE;
        walk->exits |= exits_of[rule->verdict];
        if (answer == NWF_ANSWER_YES)
            return FALSE;
        *certain = FALSE;
    }
    if (!chain->suffix)
        return TRUE;
    note(walk, chain, NULL, chain->rules->len, TRUE);
    walk->exits |= EXIT_ACCEPT;
    return FALSE;
}

static const NwfChain *
root_chain(const NwfPlan *plan, NwfLayer layer, NwfHook hook)
{
    for (guint i = 0; plan && i < plan->chains->len; i++) {
        const NwfChain *chain = g_ptr_array_index(plan->chains, i);

        if (chain->layer == layer && chain->hook == hook && !chain->suffix)
            return chain;
    }
    return NULL;
}

static void
take(Way *way, NwfFate fate, const char *reason)
{
    way->possible |= 1u << fate;
    way->open = FALSE;
    way->decision->reason = reason;
}

/* Sends the frame through the chains of one hook. */
static void
pass_through(Way *way, const NwfPlan *plan, NwfLayer layer, NwfHook hook)
{
    const NwfChain *chain = root_chain(plan, layer, hook);
    Walk walk = {.view = way->view, .plan = plan, .certain = way->possible == 0};
    gboolean certain = TRUE;

    if (!way->open || !chain)
        return;
    if (walk_chain(&walk, chain, &certain)) {
        note(&walk, chain, NULL, chain->rules->len, TRUE);
        walk.exits |= EXIT_END;
    }
    way->decision->stages[way->decision->n_stages++] = walk.stage;
    if ((walk.exits & EXIT_DROP) != 0)
        way->possible |= 1u << NWF_FATE_DROPPED;
    if ((walk.exits & EXIT_REJECT) != 0)
        way->possible |= 1u << NWF_FATE_REJECTED;
    way->open = (walk.exits & EXIT_GOES_ON) != 0;
}

/* The stage that tells most: what stopped the frame, what made it doubtful, or the last rule that let it pass. */
static const NwfStage *
deciding_stage(const NwfDecision *decision)
{
    const NwfStage *last_rule = NULL;

    for (guint i = 0; i < decision->n_stages; i++) {
        const NwfStage *stage = &decision->stages[i];

        if (decision->fate == NWF_FATE_UNKNOWN && !stage->certain)
            return stage;
        if (stage->rule || !last_rule)
            last_rule = stage;
    }
    if (decision->n_stages == 0)
        return NULL;
    return decision->fate == NWF_FATE_PASSES ? last_rule : &decision->stages[decision->n_stages - 1];
}

static void
arrive(Way *way)
{
    NwfDecision *decision = way->decision;

    if (way->open)
        way->possible |= 1u << NWF_FATE_PASSES;
    decision->fate = NWF_FATE_UNKNOWN;
    for (guint fate = 0; fate < NWF_FATE_UNKNOWN; fate++)
        if (way->possible == 1u << fate)
            decision->fate = fate;
    if (!decision->reason)
        decision->deciding = deciding_stage(decision);
}

/* ---- the simulator ---- */

static gboolean
needs_tracking(const NwfPlan *plan, NwfLayer layer)
{
    for (guint i = 0; i < plan->chains->len; i++) {
        const NwfChain *chain = g_ptr_array_index(plan->chains, i);

        for (guint j = 0; chain->layer == layer && j < chain->rules->len; j++) {
            const NwfPlanRule *rule = g_ptr_array_index(chain->rules, j);

            for (guint k = 0; k < rule->conditions->len; k++) {
                NwfMatch match = g_array_index(rule->conditions, NwfCondition, k).match;

                if (match == NWF_MATCH_STATE || match == NWF_MATCH_CT_DIRECTION || match == NWF_MATCH_CONNLIMIT)
                    return TRUE;
            }
        }
    }
    return FALSE;
}

NwfSimulator *
nwf_simulator_new(GPtrArray *plans, const NwfSimulatorOptions *options)
{
    NwfSimulator *simulator = g_new0(NwfSimulator, 1);

    simulator->plans = g_ptr_array_ref(plans);
    for (guint layer = 0; layer < NWF_LAYERS; layer++) {
        simulator->tracked[layer] = options && options->tracked[layer];
        for (guint i = 0; i < plans->len; i++)
            simulator->tracked[layer] = simulator->tracked[layer] || needs_tracking(g_ptr_array_index(plans, i), layer);
    }
    simulator->conntrack = nwf_conntrack_new(options && options->verify_checksums);
    simulator->fragments = nwf_fragments_new();
    return simulator;
}

void
nwf_simulator_free(NwfSimulator *simulator)
{
    if (!simulator)
        return;
    g_ptr_array_unref(simulator->plans);
    nwf_conntrack_free(simulator->conntrack);
    nwf_fragments_free(simulator->fragments);
    g_free(simulator);
}

/* ---- one frame ---- */

/* What bridge netfilter and connection tracking make of the frame before the IP layers see it. */
typedef struct Passage {
    NwfIp ip;
    GByteArray *whole;  /* put together from fragments; NULL if not */
    const char *reason; /* why it stops here, with @fate; NULL if it goes on */
    NwfFate fate;
    const char *not_forwarded; /* why it comes to the host alone; NULL if not so */
} Passage;

static void
stop_at(Passage *passage, NwfFate fate, const char *reason)
{
    passage->fate = fate;
    passage->reason = reason;
}

static gboolean
may_be_fragment(const NwfIp *ip)
{
    NwfIp6Walk walk;

    return ip->fragment || (ip->version == 6 && nwf_ip6_skip(&walk, ip->packet, TRUE) && walk.fragmented);
}

static void
gather(NwfSimulator *simulator, Passage *passage, gint64 now)
{
    switch (nwf_fragments_add(simulator->fragments, &passage->ip, now, &passage->whole)) {
    case NWF_GATHERING_HELD:
        stop_at(passage, NWF_FATE_HELD, N_("a fragment, kept until the others have come"));
        break;
    case NWF_GATHERING_DROPPED:
        stop_at(passage, NWF_FATE_DROPPED, N_("a fragment that does not fit to the others"));
        break;
    case NWF_GATHERING_WHOLE:
        if (!nwf_ip_read(&passage->ip, (NwfBytes){passage->whole->data, passage->whole->len}, passage->ip.version))
            stop_at(passage, NWF_FATE_DROPPED, N_("fragments that make no sound packet"));
        break;
    case NWF_GATHERING_ALONE:
        break;
    }
}

static NwfLayer
layer_of(guint version)
{
    return version == 4 ? NWF_LAYER_IPV4 : NWF_LAYER_IPV6;
}

/* What the host sends has been looked at, and its fragments made, before it comes to the bridge. */
static void
enter_from_host(NwfSimulator *simulator, NwfView *view, Passage *passage, gint64 now)
{
    guint version = nwf_frame_ip_version(&view->frame);

    if (version == 0 || !nwf_ip_read(&passage->ip, view->frame.payload, version) || may_be_fragment(&passage->ip) ||
        !simulator->tracked[layer_of(version)])
        return;
    view->ip = &passage->ip;
    nwf_conntrack_see(simulator->conntrack, &passage->ip, now, &view->tracked);
}

static void
enter_ip(NwfSimulator *simulator, NwfView *view, Passage *passage, gint64 now)
{
    guint version = nwf_frame_ip_version(&view->frame);
    gboolean tracked = version != 0 && simulator->tracked[layer_of(version)];

    if (view->frame.ethertype == NWF_ETHERTYPE_ARP && !nwf_bytes_have(view->frame.payload, 0, NWF_ARP_HEADER))
        passage->not_forwarded = N_("ARP that is too short; bridge netfilter does not forward it");
    if (version == 0)
        return;
    if (!nwf_ip_read(&passage->ip, view->frame.payload, version)) {
        stop_at(passage, NWF_FATE_DROPPED, N_("no sound IP packet; bridge netfilter drops it"));
        return;
    }
    if (tracked && may_be_fragment(&passage->ip))
        gather(simulator, passage, now);
    if (passage->reason)
        return;
    view->ip = &passage->ip;
    view->frame.payload = passage->ip.packet;
    if (tracked)
        nwf_conntrack_see(simulator->conntrack, &passage->ip, now, &view->tracked);
}

/* The rest of the way, which is another one for each end. */
static void
finish(Way *way, const Passage *passage, const NwfEnd *from, const NwfEnd *to)
{
    const NwfView *view = way->view;
    NwfLayer layer = view->ip ? layer_of(view->ip->version) : NWF_LAYER_ETHERNET;

    if (way->open && passage->reason)
        take(way, passage->fate, passage->reason);
    if (way->open && passage->not_forwarded && !to->host)
        take(way, NWF_FATE_DROPPED, passage->not_forwarded);
    if (layer != NWF_LAYER_ETHERNET && to->host) {
        pass_through(way, from->plan, layer, NWF_HOOK_HOST_IN);
    } else if (layer != NWF_LAYER_ETHERNET && !from->host) {
        pass_through(way, from->plan, layer, NWF_HOOK_FORWARD_IN);
        pass_through(way, to->plan, layer, NWF_HOOK_FORWARD_OUT);
    }
    pass_through(way, to->plan, NWF_LAYER_ETHERNET, NWF_HOOK_TO_VM);
    arrive(way);
}

/*
 * A connection begins if the frame comes to any of its ends. A frame with a group address goes up to the host too, and
 * there most kernels let the connection begin before they come to the host's rules.
 */
static NwfOutcome
outcome_of(const Way *first, const NwfEnd *from, const NwfDecision *decisions, guint n)
{
    gboolean doubtful = first->possible != 0 || (first->view->frame.dst[0] & 1) != 0;
    gboolean passed = FALSE;

    for (guint i = 0; i < n; i++) {
        passed = passed || decisions[i].fate == NWF_FATE_PASSES;
        doubtful = doubtful || decisions[i].fate == NWF_FATE_UNKNOWN;
    }
    if (from->host || passed)
        return NWF_OUTCOME_PASSED;
    return doubtful ? NWF_OUTCOME_DOUBTFUL : NWF_OUTCOME_DROPPED;
}

void
nwf_simulator_frame(NwfSimulator *simulator, const guint8 *data, gsize length, gint64 now, const NwfEnd *from,
                    const NwfEnd *to, guint n_to, NwfDecision *decisions)
{
    static const guint8 none[6] = {0};
    NwfView view = {.conntrack = simulator->conntrack};
    NwfDecision begun = {.reason = NULL};
    Way first = {.view = &view, .decision = &begun, .open = TRUE};
    Passage passage = {.reason = NULL};

    if (!nwf_frame_read(&view.frame, (NwfBytes){data, length}))
        take(&first, NWF_FATE_DROPPED, N_("too short for a frame"));
    else if (!from->host && ((view.frame.src[0] & 1) != 0 || memcmp(view.frame.src, none, sizeof(none)) == 0))
        take(&first, NWF_FATE_DROPPED, N_("the source address is that of no station; the bridge drops it"));
    pass_through(&first, from->plan, NWF_LAYER_ETHERNET, NWF_HOOK_FROM_VM);
    if (first.open && from->host)
        enter_from_host(simulator, &view, &passage, now);
    else if (first.open)
        enter_ip(simulator, &view, &passage, now);
    for (guint i = 0, ports = 0; i < n_to; i++) {
        ports += !to[i].host;
        view.copied = ports > 1;
    }
    for (guint i = 0; i < n_to; i++) {
        Way way = first;

        decisions[i] = begun;
        way.decision = &decisions[i];
        finish(&way, &passage, from, &to[i]);
    }
    if (view.ip)
        nwf_conntrack_finish(simulator->conntrack, &view.tracked, outcome_of(&first, from, decisions, n_to));
    g_clear_pointer(&passage.whole, g_byte_array_unref);
}
