/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * learner_tell.c: what goes out of the learner: reports to the engine, lines of the log, files
 *
 * A port is reported when its list is another than what the engine was given or told of last. The first change is
 * reported with the turn of the loop that saw it, all of that turn together; what follows within NWF_COALESCE is one
 * report. A VM that goes on changing its addresses is reported ever less often, down to twice a second.
 *
 * The files are written before the engine is told, so that no address that it acts on is lost, however the daemon
 * ends. If they cannot be written the engine is told all the same, the administrator too, and it is tried again. What
 * the engine is not told of, renewals, may be on disk a second later.
 */
#include <glib/gi18n-lib.h>
#include <string.h>

#include "driver/learn/learner_inside.h"
#include "driver/learn/state_file.h"
#include "driver/store/file.h"

/* ---- what changed ---- */

static gboolean
has(const GArray *list, const NwfAddress *address)
{
    for (guint i = 0; i < list->len; i++)
        if (nwf_address_equal(&g_array_index(list, NwfAddress, i), address))
            return TRUE;
    return FALSE;
}

static gboolean
lists_equal(const GArray *a, const GArray *b)
{
    if (a->len != b->len)
        return FALSE;
    return a->len == 0 || memcmp(a->data, b->data, a->len * sizeof(NwfAddress)) == 0;
}

static void
log_missing(NwfLearner *learner, const char *name, const GArray *from, const GArray *in, gboolean learned)
{
    char text[NWF_ADDRESS_TEXT];

    for (guint i = 0; i < from->len; i++) {
        const NwfAddress *address = &g_array_index(from, NwfAddress, i);
        if (has(in, address))
            continue;
        nwf_address_format(text, address);
        if (learned)
            nwf_learner_log_locked(learner, NWF_LEARN_INFO, _("port '%s': has the address %s"), name, text);
        else
            nwf_learner_log_locked(learner, NWF_LEARN_INFO, _("port '%s': has the address %s no more"), name, text);
    }
}

static void
compare_port(NwfLearner *learner, NwfSession *port, gint64 now)
{
    guint64 version = nwf_lease_db_version(nwf_inspector_book(port->core));
    g_autoptr(GArray) list = NULL;

    if (version == port->version && !port->compare)
        return;
    port->version = version;
    port->compare = FALSE;
    list = nwf_learner_list_locked(learner, port->terms);
    if (lists_equal(list, port->told))
        return;
    log_missing(learner, port->terms->portdev, list, port->told, TRUE);
    log_missing(learner, port->terms->portdev, port->told, list, FALSE);
    g_array_unref(port->told);
    port->told = g_steal_pointer(&list);
    if (port->report == NWF_NEVER)
        port->report = MAX(now, port->reported + port->pace);
    nwf_learner_schedule_locked(learner, port->report);
}

void
nwf_learner_compare_locked(NwfLearner *learner, gint64 now)
{
    GHashTableIter iter;
    gpointer port;

    learner->compare = FALSE;
    learner->changes = nwf_lease_db_changes(learner->db);
    g_hash_table_iter_init(&iter, learner->ports);
    while (g_hash_table_iter_next(&iter, NULL, &port))
        compare_port(learner, port, now);
    nwf_learner_schedule_locked(learner, nwf_lease_db_next_expiry(learner->db));
    if (learner->save == NWF_NEVER && learner->changes != learner->saved)
        learner->save = now + NWF_RENEWALS;
    nwf_learner_schedule_locked(learner, learner->save);
}

/* ---- what goes out ---- */

static GPtrArray *
take_due_names(NwfLearner *learner, gint64 now)
{
    GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
    GHashTableIter iter;
    gpointer value;
    gboolean quiet;

    g_hash_table_iter_init(&iter, learner->ports);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        NwfSession *port = value;
        if (port->report > now)
            continue;
        quiet = now - port->reported >= NWF_COALESCE_QUIET;
        port->pace = quiet ? NWF_COALESCE : MIN(port->pace * 2, NWF_COALESCE_MAX);
        port->report = NWF_NEVER;
        port->reported = now;
        g_ptr_array_add(names, g_strdup(port->terms->portdev));
    }
    return names;
}

void
nwf_learner_collect_locked(NwfLearner *learner, NwfOutgoing *out, gint64 now)
{
    memset(out, 0, sizeof(*out));
    out->names = take_due_names(learner, now);
    out->changes = nwf_lease_db_changes(learner->db);
    out->clock = (NwfClock){.boot = nwf_learner_now(), .wall = g_get_real_time()};
    if (out->names->len > 0 || learner->save <= now || learner->stopping) {
        if (out->changes != learner->saved)
            out->records = nwf_lease_db_records(learner->db);
        learner->save = NWF_NEVER;
    }
    if (learner->counters <= now || (learner->stopping && learner->counters != NWF_NEVER)) {
        out->counters = nwf_learner_counters_locked(learner);
        learner->counters = NWF_NEVER;
    }
    out->lines = learner->lines;
    learner->lines = g_array_new(FALSE, FALSE, sizeof(NwfLine));
}

static void
warn(NwfLearner *learner, gint64 *told, gint64 now, const GError *error)
{
    g_autofree char *text = NULL;

    if (now - *told < NWF_TELL_AGAIN)
        return;
    *told = now;
    text = g_strdup_printf(_("learned addresses may be lost when the daemon ends now: %s"), error->message);
    learner->config.log(NWF_LEARN_WARNING, text, learner->config.data);
}

static void
save(NwfLearner *learner, const NwfOutgoing *out, gint64 now)
{
    g_autoptr(GError) error = NULL;

    if (nwf_state_write(out->records, learner->state_path, learner->lease_path, learner->boot_id, &out->clock,
                        &error)) {
        learner->saved = out->changes;
        return;
    }
    warn(learner, &learner->save_told, now, error);
    g_mutex_lock(&learner->lock);
    learner->save = now + NWF_SAVE_AGAIN;
    nwf_learner_schedule_locked(learner, learner->save);
    g_mutex_unlock(&learner->lock);
}

/* Figures for people: a file that cannot be written is told of and written again with the next figures. */
static void
save_counters(NwfLearner *learner, const char *text, gint64 now)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *line = NULL;

    if (nwf_file_replace(learner->counters_path, text, &error) || now - learner->counters_told < NWF_TELL_AGAIN)
        return;
    learner->counters_told = now;
    line = g_strdup_printf(_("what was seen while learning cannot be shown: %s"), error->message);
    learner->config.log(NWF_LEARN_WARNING, line, learner->config.data);
}

void
nwf_learner_send(NwfLearner *learner, NwfOutgoing *out, gint64 now)
{
    if (out->records != NULL)
        save(learner, out, now);
    for (guint i = 0; i < out->lines->len; i++) {
        NwfLine *line = &g_array_index(out->lines, NwfLine, i);
        learner->config.log(line->level, line->text, learner->config.data);
        g_free(line->text);
    }
    for (guint i = 0; i < out->names->len; i++)
        learner->config.changed(g_ptr_array_index(out->names, i), learner->config.data);
    if (out->counters != NULL)
        save_counters(learner, out->counters, now);
    g_ptr_array_unref(out->names);
    g_array_unref(out->lines);
    g_clear_pointer(&out->records, g_array_unref);
    g_free(out->counters);
}
