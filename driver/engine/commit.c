/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * commit.c: carries requests out: kernel, then files, then catalog
 *
 * Each request is prepared against the catalog; those that can be prepared are applied in runs of at most as many ports
 * as the backend takes at once. It takes all ports of a run or none. When it refuses a run and names the culprit, that
 * request is put aside; when it does not know, the run is halved until the request that the kernel does not take is
 * alone. So one bad request costs its neighbours some calls and nothing else. A refused request may fall back (a stored
 * binding becomes a closed port) or be deferred (it is tried again later); else its caller gets the backend's words.
 *
 * The search is bounded: by the time that refused runs may take together (a tool that hangs costs its time limit at
 * each try), and by the first port that cannot even be closed, because then the backend does not work. The requests
 * that are left are given up with the last refusal.
 *
 * After the kernel, the request's files: a rename that fails takes the kernel back. After the files, the catalog. If
 * the kernel cannot be taken back, by us or by the backend, nobody knows what it holds: the ports keep their old
 * objects in the state "unknown", so that the old rules are written again later.
 */
#include "driver/engine/applier.h"

#include "driver/engine/port_terms.h"

#include <glib/gi18n-lib.h>

enum { WARNED_MAX = 4096 };
enum { PATIENCE = 15 * G_TIME_SPAN_SECOND }; /* for refused runs of one batch */

/* What is known of the backend while one batch is carried out. */
typedef struct Attempt {
    gint64 wasted;   /* in refused runs */
    gboolean broken; /* a port could not even be closed */
    GError *last;    /* refusal */
} Attempt;

static NwfPortUpdate *
update_at(const GArray *updates, guint index)
{
    return &g_array_index(updates, NwfPortUpdate, index);
}

static NwfRequest *
request_at(GPtrArray *requests, guint index)
{
    return g_ptr_array_index(requests, index);
}

/* ---- the kernel ---- */

/* What the port had before, or should have had: a bound port whose rules were never placed is closed. (transfer full)
 */
static NwfPort *
port_before(const NwfPortUpdate *update)
{
    if (!update->old)
        return NULL;
    return nwf_port_is_new(update->old) ? nwf_port_copy_unknown(update->old) : nwf_port_ref(update->old);
}

static void
change_clear(gpointer data)
{
    NwfPortChange *change = data;

    g_clear_pointer(&change->old_rules, nwf_rules_unref);
    g_clear_pointer(&change->new_rules, nwf_rules_unref);
}

/* @back: from the new rules to the old ones. */
static void
add_change(GArray *changes, const NwfPortUpdate *update, gboolean unsure, gboolean back)
{
    gboolean known = !unsure && !(update->old && update->old->state.known == NWF_KNOWN_UNKNOWN);
    g_autoptr(NwfPort) before = back || known ? port_before(update) : NULL;
    NwfRules *old = before ? before->rules : NULL, *new = update->new ? update->new->rules : NULL;
    NwfPortChange change = {nwf_port_update_name(update), back ? new : old, back ? old : new};

    if (change.old_rules)
        nwf_rules_ref(change.old_rules);
    if (change.new_rules)
        nwf_rules_ref(change.new_rules);
    g_array_append_val(changes, change);
}

/* One port of a run: the request that it belongs to, and its place there. */
typedef struct Part {
    guint request;
    NwfRequest *of;
    NwfPortUpdate *update;
} Part;

static GArray *
parts_of(GPtrArray *requests, guint from, guint to)
{
    GArray *parts = g_array_new(FALSE, FALSE, sizeof(Part));

    for (guint i = from; i < to; i++) {
        NwfRequest *request = request_at(requests, i);
        for (guint j = 0; j < request->updates->len; j++) {
            Part part = {i, request, update_at(request->updates, j)};
            gboolean deferred = part.update->new &&part.update->new->state.known == NWF_KNOWN_UNKNOWN;
            if (!deferred)
                g_array_append_val(parts, part);
        }
    }
    return parts;
}

/* The parts [from, to) in one call of the backend. @culprit: (out) (optional): the part that was refused, if it is
 * known. */
static gboolean
apply_parts(NwfApplier *applier, const GArray *parts, guint from, guint to, gboolean back, NwfNotes *notes,
            int *culprit, GError **error)
{
    g_autoptr(GArray) changes = g_array_sized_new(FALSE, FALSE, sizeof(NwfPortChange), to - from);
    NwfApplyResult result;

    g_array_set_clear_func(changes, change_clear);
    for (guint i = from; i < to; i++) {
        const Part *part = &g_array_index(parts, Part, i);
        add_change(changes, part->update, part->of->unsure, back);
    }
    if (changes->len == 0)
        return TRUE;
    gboolean all = nwf_applier_apply(applier, changes, notes, &result, error);
    for (guint i = from; i < to && result.applied != NWF_APPLIED_NONE; i++)
        g_array_index(parts, Part, i).update->unknown = result.applied == NWF_APPLIED_UNKNOWN;
    if (culprit)
        *culprit = !all && result.culprit != NWF_NO_CULPRIT ? (int)from + result.culprit : NWF_NO_CULPRIT;
    return all;
}

/* How many ports one call may have. */
static guint
slice_of(const NwfApplier *applier)
{
    return applier->backend->ports_max ? applier->backend->ports_max : G_MAXUINT / 2;
}

/* Nobody knows what the kernel holds of the port: later its old rules are written again, or all are removed. */
static void
publish_unknown(NwfApplier *applier, const NwfPortUpdate *update)
{
    g_autoptr(GArray) updates = g_array_new(FALSE, FALSE, sizeof(NwfPortUpdate));

    if (!update->old) {
        g_hash_table_add(applier->leftovers, g_strdup(nwf_port_update_name(update)));
        return;
    }
    g_autoptr(NwfPort) port = nwf_port_copy_unknown(update->old);
    NwfPortUpdate unknown = {.old = update->old, .new = port};
    g_array_append_val(updates, unknown);
    nwf_catalog_publish(applier->catalog, NULL, NULL, updates);
}

/* Takes the parts [0, to) back. */
static void
take_back(NwfApplier *applier, const GArray *parts, guint to)
{
    for (guint from = 0; from < to; from += slice_of(applier)) {
        guint end = MIN(from + slice_of(applier), to);
        g_autoptr(GError) error = NULL;
        if (apply_parts(applier, parts, from, end, TRUE, NULL, NULL, &error))
            continue;
        nwf_engine_log(applier->config, NWF_LOG_ERROR, "engine",
                       _("the old rules cannot be put back; this is tried again later: %s"), error->message);
        for (guint i = from; i < end; i++)
            g_array_index(parts, Part, i).update->unknown = TRUE;
    }
}

/* All parts or none, in as many calls as it takes. */
static gboolean
apply_all_parts(NwfApplier *applier, const GArray *parts, NwfNotes *notes, int *culprit, GError **error)
{
    for (guint from = 0; from < parts->len; from += slice_of(applier)) {
        guint end = MIN(from + slice_of(applier), parts->len);
        if (!apply_parts(applier, parts, from, end, FALSE, notes, culprit, error)) {
            take_back(applier, parts, from);
            return FALSE;
        }
    }
    return TRUE;
}

/* ---- requests ---- */

/* With @unasked what was logged before is left out: a VM must not be able to fill the log with its filter's oddities.
 */
static void
log_notes(NwfApplier *applier, const char *source, const char *subject, NwfNotes *notes, gboolean unasked)
{
    if (g_hash_table_size(applier->warned) > WARNED_MAX)
        g_hash_table_remove_all(applier->warned);
    for (guint i = 0; i < notes->len;) {
        char *line = g_strconcat(subject ? subject : "", ": ", g_ptr_array_index(notes, i), NULL);
        if (!g_hash_table_add(applier->warned, line) && unasked)
            g_ptr_array_remove_index(notes, i);
        else
            i++;
    }
    nwf_engine_log_notes(applier->config, source, subject, notes);
}

void
nwf_applier_log_remarks(NwfApplier *applier, NwfNotes *remarks, gboolean once)
{
    log_notes(applier, "conf", NULL, remarks, once);
}

/* The requests [from, to) as one run. @culprit: (out): the request that was refused, if it is known. */
static gboolean
apply_run(NwfApplier *applier, GPtrArray *requests, guint from, guint to, Attempt *attempt, int *culprit)
{
    g_autoptr(GArray) parts = parts_of(requests, from, to);
    g_autoptr(NwfNotes) notes = nwf_notes_new();
    gint64 begin = g_get_monotonic_time();
    gboolean unasked = TRUE;
    GError *error = NULL;

    *culprit = NWF_NO_CULPRIT;
    for (guint i = from; i < to; i++)
        unasked = unasked && request_at(requests, i)->unasked;
    if (apply_all_parts(applier, parts, notes, culprit, &error)) {
        log_notes(applier, "tech", NULL, notes, unasked);
        return TRUE;
    }
    attempt->wasted += g_get_monotonic_time() - begin;
    g_clear_error(&attempt->last);
    attempt->last = error;
    if (to - from == 1)
        *culprit = (int)from;
    else if (*culprit != NWF_NO_CULPRIT)
        *culprit = (int)g_array_index(parts, Part, *culprit).request;
    return FALSE;
}

static void
give_up(NwfApplier *applier, GPtrArray *requests, guint from, guint to, Attempt *attempt)
{
    for (guint i = from; i < to; i++) {
        NwfRequest *request = request_at(requests, i);
        if (request->updates->len == 0)
            continue; /* asks nothing of the kernel */
        if (request->kind->defer && request->kind->defer(applier, request, attempt->last))
            attempt->broken = TRUE;
        else
            request->error = g_error_copy(attempt->last);
    }
}

/* The requests [from, to) as one run, and without the one that is refused while it is. */
static void
apply_requests(NwfApplier *applier, GPtrArray *requests, guint from, guint to, Attempt *attempt)
{
    int culprit;

    if (from < to && (attempt->broken || attempt->wasted > PATIENCE)) {
        give_up(applier, requests, from, to, attempt);
        return;
    }
    if (apply_run(applier, requests, from, to, attempt, &culprit))
        return;
    if (culprit == NWF_NO_CULPRIT) {
        guint middle = from + (to - from) / 2;
        apply_requests(applier, requests, from, middle, attempt);
        apply_requests(applier, requests, middle, to, attempt);
        return;
    }
    NwfRequest *refused = request_at(requests, (guint)culprit);
    if (refused->kind->fall_back && refused->kind->fall_back(applier, refused, attempt->last)) {
        apply_requests(applier, requests, from, to, attempt);
        return;
    }
    give_up(applier, requests, (guint)culprit, (guint)culprit + 1, attempt);
    apply_requests(applier, requests, from, (guint)culprit, attempt);
    apply_requests(applier, requests, (guint)culprit + 1, to, attempt);
}

/* Cuts the requests into runs of as many ports as the backend takes; a request is never cut here. */
static void
apply_batch(NwfApplier *applier, GPtrArray *requests)
{
    Attempt attempt = {0};
    guint ports = 0, first = 0;

    for (guint i = 0; i < requests->len; i++) {
        guint more = request_at(requests, i)->updates->len;
        if (ports > 0 && ports + more > slice_of(applier)) {
            apply_requests(applier, requests, first, i, &attempt);
            first = i;
            ports = 0;
        }
        ports += more;
    }
    if (first < requests->len)
        apply_requests(applier, requests, first, requests->len, &attempt);
    g_clear_error(&attempt.last);
}

/* ---- files, catalog ---- */

static gboolean
secure_files(NwfRequest *request, GError **error)
{
    if (request->pending)
        return nwf_store_commit(g_steal_pointer(&request->pending), request->notes, error);
    if (request->remove_from)
        return nwf_store_remove(request->remove_from, request->remove_name, request->notes, error);
    return TRUE;
}

static gboolean
is_in_trouble(const NwfPort *port)
{
    return port && !nwf_port_is_new(port) && nwf_state_meaning(port->state)->trouble;
}

/* The update is in force: the learner gets the terms of its port. */
static void
follow_learning(NwfApplier *applier, const NwfPortUpdate *update)
{
    const NwfPort *old = update->old, *new = update->new;
    const char *name = nwf_port_update_name(update);

    if (old && new && old->binding == new->binding && !nwf_port_is_new(old) && !old->terms && !new->terms)
        return;
    g_autoptr(GArray) configured = new ? nwf_port_configured(new->binding) : NULL;
    nwf_learner_reserve(applier->learner, name, configured);
    if (!new || !new->terms) {
        nwf_learner_unwatch(applier->learner, name);
        return;
    }
    nwf_learner_watch(applier->learner, new->terms);

    /* They may have changed since the rules were made, before the learner knew that somebody listens. A port that is
     * tried again in any case is not in a hurry. */
    if (new->addresses_version && !nwf_state_meaning(new->state)->retried &&
        nwf_learner_version(applier->learner, new->terms) != new->addresses_version)
        nwf_inbox_post_relearned(applier->inbox, name);
}

/* The request has failed: what is left of it goes. Ports of which nobody knows what the kernel holds, and rules of
 * nobody that could not be removed, are seen to later. */
static void
drop_request(NwfApplier *applier, NwfRequest *request)
{
    for (guint i = 0; i < request->updates->len; i++) {
        const NwfPortUpdate *update = update_at(request->updates, i);
        if (update->unknown || (!update->old && !update->new))
            publish_unknown(applier, update);
    }
    g_clear_pointer(&request->pending, nwf_store_abandon); /* here: the next request may be about the same file */
}

static void
publish(NwfApplier *applier, NwfRequest *request)
{
    if (request->new_cache || request->remove_from == applier->filter_store)
        nwf_rules_cache_forget(applier->cache, request->filter->name);
    if (request->new_cache)
        nwf_rules_cache_adopt(applier->cache, request->new_cache);
    nwf_catalog_publish(applier->catalog, request->old_filter, request->new_filter, request->updates);
}

/* After the kernel: the request's files, its objects. */
static void
finish_request(NwfApplier *applier, GPtrArray *requests, guint index)
{
    NwfRequest *request = request_at(requests, index);

    if (!request->error && !secure_files(request, &request->error)) {
        g_autoptr(GArray) parts = parts_of(requests, index, index + 1);
        take_back(applier, parts, parts->len);
    }
    if (request->error) {
        drop_request(applier, request);
        return;
    }
    log_notes(applier, "engine", request->portdev, request->notes, request->unasked);
    nwf_applier_log_remarks(applier, request->remarks, request->unasked || request->kind == &nwf_restore_kind);
    nwf_applier_log_remarks(applier, request->port_remarks, TRUE);
    publish(applier, request);
    for (guint i = 0; i < request->updates->len; i++) {
        const NwfPortUpdate *update = update_at(request->updates, i);
        if (is_in_trouble(update->old) && update->new && !is_in_trouble(update->new))
            nwf_engine_log(applier->config, NWF_LOG_INFO, "engine", _("port '%s' is filtered again"),
                           nwf_port_update_name(update));
        follow_learning(applier, update);
    }
}

static void
update_inhibit(NwfApplier *applier)
{
    gboolean wanted = nwf_catalog_has_ports(applier->catalog);

    if (!applier->config->inhibit || wanted == applier->inhibited)
        return;
    applier->config->inhibit(wanted, applier->config->inhibit_data);
    applier->inhibited = wanted;
}

void
nwf_commit(NwfApplier *applier, GPtrArray *requests)
{
    g_autoptr(GPtrArray) prepared = g_ptr_array_new();

    for (guint i = 0; i < requests->len; i++) {
        NwfRequest *request = request_at(requests, i);
        if (request->kind->act)
            request->kind->act(applier, request, &request->error);
        else if (request->kind->prepare(applier, request, &request->error))
            g_ptr_array_add(prepared, request);
    }
    apply_batch(applier, prepared);
    for (guint i = 0; i < prepared->len; i++)
        finish_request(applier, prepared, i);
    update_inhibit(applier);
}
