/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * heal.c: what others did to our rules is put right
 *
 * The applier takes the news that the guard has for it, leaves out its own transactions, and asks the technology which
 * ports they concern. These are restored like ports at the start of the daemon: what the kernel holds of them is compared
 * with what it should hold, and only what differs is written. So a change that did no harm costs some reading.
 *
 * Against somebody who does it again and again: after a few times each next look waits longer, up to LAST_DELAY, until
 * there was peace for CALM, which begins when the next look might be. And reading takes a small part of the time only,
 * however often others change what is not ours in chains that lead to ours.
 *
 * What cannot be read, or belongs to no port and cannot be written, is looked at again after the same delays.
 *
 * Limits: while a look waits, ports may be without rules. In the log a culprit is named once until there was peace.
 */
#include <glib/gi18n-lib.h>

#include "driver/engine/internal.h"

enum {
    PROMPT = 5, /* times that are put right at once */
    FIRST_DELAY = 1 * G_TIME_SPAN_SECOND,
    LAST_DELAY = 60 * G_TIME_SPAN_SECOND,
    CALM = 60 * G_TIME_SPAN_SECOND,
    REST = 10, /* times the time that a look took is rested after it… */
    REST_MAX = 10 * G_TIME_SPAN_SECOND, /* …but not longer, since ports may be open meanwhile */
    POLL = 1 * G_TIME_SPAN_SECOND,
};

/* ---- when ---- */

/* When the applier is to wake up for this; 0: there is nothing. */
gint64
nwf_heal_due_locked(NwfEngine *engine)
{
    if (!g_queue_is_empty(&engine->news))
        return MAX(engine->heal.not_before, 1);
    return engine->heal.poll_at;
}

/* Tables that tell nothing are asked, from now on or no longer; so is one that missed a look, if nobody tells. */
void
nwf_heal_plan(NwfEngine *engine)
{
    NwfBackend *backend = engine->config.backend;
    gint64 now = g_get_monotonic_time();

    if (!backend->is_mute(backend) && !backend->is_stirred(backend))
        engine->heal.poll_at = 0;
    else if (engine->heal.poll_at <= now)
        engine->heal.poll_at = MAX(now + POLL, engine->heal.not_before);
}

static gint64
delay_of(guint times)
{
    if (times <= PROMPT)
        return 0;
    return MIN((gint64)FIRST_DELAY << MIN(times - PROMPT - 1, 10), LAST_DELAY);
}

/* ---- who ---- */

/* "'nft' (process 123)", or what there is to say. (transfer full) */
static char *
culprit(const NwfNews *news)
{
    g_autofree char *program = g_strescape(news->program ? news->program : "", NULL);

    if (*program && news->process)
        return g_strdup_printf(_("'%s' (process %u)"), program, news->process);
    return *program ? g_strdup_printf("'%s'", program) : g_strdup(_("an unknown program"));
}

static gboolean
is_concerned(const NwfNews *news)
{
    gboolean concerned = news->everything;

    for (guint i = 0; i < news->touched->len && !concerned; i++)
        concerned = ((const NwfTouched *)g_ptr_array_index(news->touched, i))->concerned;
    return concerned;
}

/* NULL: none of them is. */
static const NwfNews *
first_concerned(GPtrArray *news)
{
    for (guint i = 0; i < news->len; i++)
        if (is_concerned(g_ptr_array_index(news, i)))
            return g_ptr_array_index(news, i);
    return NULL;
}

static void
log_healed(NwfEngine *engine, GPtrArray *news)
{
    const NwfNews *first = first_concerned(news);
    g_autofree char *who = first ? culprit(first) : g_strdup(_("an unknown program"));
    if (engine->heal.times == 1)
        nwf_engine_log(engine, NWF_LOG_WARNING, "engine",
                       _("the firewall was changed from outside by %s; the rules of this driver are put right"), who);
    else if (engine->heal.times == PROMPT + 1)
        nwf_engine_log(engine, NWF_LOG_WARNING, "engine",
                       _("the firewall is changed from outside again and again, the last time by %s; from now on the "
                         "rules of this driver are put right after growing delays of up to %d s"),
                       who, (int)(LAST_DELAY / G_TIME_SPAN_SECOND));
    else
        nwf_engine_log(engine, NWF_LOG_DEBUG, "engine",
                       _("the firewall was changed from outside by %s; the rules of this driver are put right"), who);
}

/* ---- what ---- */

/* All that was touched, in one list; NULL: who knows what. */
static GPtrArray *
merge(GPtrArray *news)
{
    g_autoptr(GPtrArray) touched = g_ptr_array_new();

    for (guint i = 0; i < news->len; i++) {
        const NwfNews *one = g_ptr_array_index(news, i);
        if (one->everything)
            return NULL;
        for (guint j = 0; j < one->touched->len; j++)
            g_ptr_array_add(touched, g_ptr_array_index(one->touched, j));
    }
    return g_steal_pointer(&touched);
}

static gboolean
put_right(NwfEngine *engine, GPtrArray *ports, GError **error)
{
    g_autoptr(GPtrArray) groups = g_ptr_array_new_with_free_func((GDestroyNotify)nwf_group_free);
    g_autoptr(GPtrArray) nothing = g_ptr_array_new();
    g_autoptr(NwfNotes) notes = nwf_notes_new();

    for (guint i = 0; i < ports->len; i++) {
        NwfGroup *group = nwf_restore_group(engine, g_ptr_array_index(ports, i));
        group->unasked = TRUE;
        g_ptr_array_add(groups, group);
    }
    nwf_execute(engine, groups);
    nwf_restore_log_failures(engine, groups);
    return nwf_guard_apply(engine, nothing, notes, error);
}

/* FALSE: the tables cannot be read, or not all of them be put right, so all is to be looked at later. */
static gboolean
look(NwfEngine *engine, GPtrArray *news, GError **error)
{
    NwfBackend *backend = engine->config.backend;
    g_autoptr(GPtrArray) touched = merge(news), ports = NULL;
    guint64 writes = engine->writes;

    if (!backend->look(backend, touched, &ports, error))
        return FALSE;
    gboolean whole = !ports || put_right(engine, ports, error);
    if (whole && engine->writes != writes) {
        if (g_get_monotonic_time() - engine->heal.peace_at > CALM)
            engine->heal.times = 0;
        engine->heal.times++;
        log_healed(engine, news);
    }
    return whole;
}

/* Everything is looked at again; who is to blame is not forgotten. */
static void
look_later(NwfEngine *engine, GPtrArray *news, const GError *why)
{
    const NwfNews *first = first_concerned(news);
    NwfNews *again = nwf_news_new_everything();

    nwf_engine_log(engine, engine->heal.failures ? NWF_LOG_DEBUG : NWF_LOG_ERROR, "tech", "%s", why->message);
    engine->heal.failures++;
    again->process = first ? first->process : 0;
    again->program = first ? g_strdup(first->program) : NULL;
    nwf_guard_tell(engine, again);
}

/* Takes over @news (element-type NwfNews), and asks the tables that tell nothing. */
void
nwf_heal(NwfEngine *engine, GPtrArray *news)
{
    NwfBackend *backend = engine->config.backend;
    gint64 begin = g_get_monotonic_time();
    guint64 writes = engine->writes;
    g_autoptr(GError) error = NULL;

    for (guint i = 0; i < news->len;)
        if (nwf_guard_is_own(engine, g_ptr_array_index(news, i)))
            g_ptr_array_remove_index(news, i);
        else
            i++;
    if (engine->heal.poll_at && begin >= engine->heal.poll_at && backend->is_stirred(backend))
        g_ptr_array_add(news, nwf_news_new_everything());
    if (news->len == 0)
        return;
    if (look(engine, news, &error))
        engine->heal.failures = 0;
    else
        look_later(engine, news, error);

    gint64 now = g_get_monotonic_time();
    if (engine->heal.failures > 0)
        engine->heal.not_before = now + delay_of(PROMPT + engine->heal.failures);
    else if (engine->writes != writes)
        engine->heal.not_before = engine->heal.peace_at = now + delay_of(engine->heal.times);
    else
        engine->heal.not_before = now + MIN(REST * (now - begin), REST_MAX);
}
