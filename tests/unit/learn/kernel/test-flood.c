/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test-flood.c: the guards of a port that is flooded: when they come and go, what they cost, and what is said without
 *
 * A session with real captures and without the learner's thread: each of its turns is a call, and time is what the test
 * says.
 */
#include <sys/epoll.h>
#include <sys/resource.h>
#include <unistd.h>

#include "driver/learn/session.h"
#include "driver/learn/slot.h"
#include "tests/unit/learn/kernel/net.h"

#define SECOND ((gint64)G_USEC_PER_SEC)
#define STRAY  "to ack xid=99 yi=10.0.0.66 time=3600 sid=10.0.0.1"
enum { SHARE = 16 }; /* frames of a socket in a turn */

typedef struct Fixture {
    NwfLearnContext context;
    NwfSession *session;
    gint64 now;
} Fixture;

static void
clear_line(gpointer line)
{
    g_free(((NwfLogLine *)line)->text);
}

static void
setup(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
    static const guint8 owner[16] = {1};
    g_autoptr(GError) error = NULL;

    net_fresh();
    net_port("vnet0");
    fixture->context = (NwfLearnContext){
        .db = nwf_lease_db_new(),
        .links = nwf_links_new(&error),
        .reserved = g_hash_table_new(g_str_hash, g_str_equal),
        .poll = epoll_create1(EPOLL_CLOEXEC),
        .closing = g_ptr_array_new_with_free_func((GDestroyNotify)nwf_capture_free),
        .lines = g_array_new(FALSE, FALSE, sizeof(NwfLogLine)),
        .begun = TRUE,
        .due = NWF_NEVER,
        .save_counters = NWF_NEVER,
    };
    g_assert_no_error(error);
    g_array_set_clear_func(fixture->context.lines, clear_line);
    g_autoptr(NwfLearnTerms) terms = nwf_learn_terms_new(NWF_LEARN_DHCP, "vnet0", owner, vm_mac);
    fixture->session = nwf_session_new_locked(&fixture->context, terms);
    fixture->now = nwf_learn_now();
    nwf_session_update_locked(fixture->session, fixture->now);
    g_assert_nonnull(fixture->session->slots[NWF_SLOT_TO_VM].capture);
}

static void
teardown(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
    nwf_session_shut_locked(fixture->session);
    nwf_session_free(fixture->session);
    g_ptr_array_unref(fixture->context.closing);
    g_array_unref(fixture->context.lines);
    g_hash_table_unref(fixture->context.reserved);
    nwf_links_free(fixture->context.links);
    nwf_lease_db_free(fixture->context.db);
    close(fixture->context.poll);
}

/* What the thread does when stray answers were over the limit. */
static void
flood(Fixture *fixture)
{
    nwf_slot_guard_locked(fixture->session, fixture->now);
    if (fixture->session->stale)
        nwf_session_update_locked(fixture->session, fixture->now);
}

static gboolean
is_guarded(Fixture *fixture)
{
    nwf_session_due_locked(fixture->session, fixture->now);
    g_assert_nonnull(fixture->session->slots[NWF_SLOT_TO_VM].capture);
    g_assert_true(fixture->session->flooded == (fixture->session->slots[NWF_SLOT_ANSWERS].capture != NULL));
    return fixture->session->flooded;
}

/* The thread is woken for it, a flood that goes on puts it off, and another one has guards again. */
static void
test_guards_end_after_a_while(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
    flood(fixture);
    g_assert_true(is_guarded(fixture));
    g_assert_cmpint(fixture->context.due, <=, fixture->now + NWF_CALM);
    fixture->now += NWF_CALM - 1;
    g_assert_true(is_guarded(fixture));
    flood(fixture);
    fixture->now += NWF_CALM - 1;
    g_assert_true(is_guarded(fixture));
    g_assert_cmpint(nwf_session_due_locked(fixture->session, fixture->now), ==, fixture->now + 1);
    fixture->now += 1;
    g_assert_false(is_guarded(fixture));
    g_assert_cmpint(nwf_session_due_locked(fixture->session, fixture->now), ==, NWF_NEVER);
    flood(fixture);
    g_assert_true(is_guarded(fixture));
}

/* Without a descriptor for them: a warning, once a minute at most; and they come when there is one. */
static void
test_guards_that_cannot_be_are_warned_of(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
    static const struct {
        gint64 after;
        guint lines;
    } tries[] = {{0, 1}, {59 * SECOND, 1}, {1 * SECOND, 2}, {10 * SECOND, 2}};
    const GArray *lines = fixture->context.lines;
    struct rlimit before, tight;

    g_assert_cmpint(getrlimit(RLIMIT_NOFILE, &before), ==, 0);
    tight = (struct rlimit){.rlim_cur = 3, .rlim_max = before.rlim_max};
    for (guint i = 0; i < G_N_ELEMENTS(tries); i++) {
        fixture->now += tries[i].after;
        g_assert_cmpint(setrlimit(RLIMIT_NOFILE, &tight), ==, 0);
        flood(fixture);
        nwf_session_update_locked(fixture->session, fixture->now); /* as after each question */
        g_assert_cmpint(setrlimit(RLIMIT_NOFILE, &before), ==, 0);
        g_assert_null(fixture->session->slots[NWF_SLOT_ANSWERS].capture);
        g_assert_cmpuint(lines->len, ==, tries[i].lines);
    }
    const NwfLogLine *line = &g_array_index(lines, NwfLogLine, 0);
    g_assert_cmpint(line->level, ==, NWF_LEARN_WARNING);
    g_assert_true(g_str_has_prefix(line->text, "port 'vnet0': "));
    g_assert_nonnull(strstr(line->text, "may open 3 files"));
    nwf_session_update_locked(fixture->session, fixture->now);
    g_assert_nonnull(fixture->session->slots[NWF_SLOT_ANSWERS].capture);
}

/* Reads all that the turn lets it. Returns: how many frames that were */
static guint
read_all(Fixture *fixture, guint catch_up)
{
    guint64 *seen = &fixture->session->inspector->counters.seen, before = *seen;

    fixture->context.catch_up = catch_up;
    nwf_slot_read_locked(&fixture->session->slots[NWF_SLOT_TO_VM], fixture->now);
    return (guint)(*seen - before);
}

/* A flooded port has its share of a turn like any other, and more only of what all flooded ones may have. */
static void
test_flooded_ports_share_a_turn(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
    net_send_times("vnet0", 1, STRAY, 100);
    g_usleep(20000);
    g_assert_cmpuint(read_all(fixture, NWF_TURN_CATCH_UP), ==, SHARE);
    flood(fixture);
    g_assert_cmpuint(read_all(fixture, 0), ==, SHARE);
    g_assert_cmpuint(read_all(fixture, 4), ==, SHARE + 4);
    g_assert_cmpuint(fixture->context.catch_up, ==, 0);
    g_assert_cmpuint(read_all(fixture, NWF_TURN_CATCH_UP), ==, 100 - 3 * SHARE - 4);
    g_assert_cmpuint(fixture->context.catch_up, ==, NWF_TURN_CATCH_UP - (100 - 4 * SHARE - 4));
}

int
main(int argc, char **argv)
{
    static const struct {
        const char *path;
        void (*run)(Fixture *fixture, gconstpointer data);
    } tests[] = {
        {"/learn/flood/end", test_guards_end_after_a_while},
        {"/learn/flood/warned", test_guards_that_cannot_be_are_warned_of},
        {"/learn/flood/share", test_flooded_ports_share_a_turn},
    };

    g_test_init(&argc, &argv, NULL);
    if (!net_enter()) {
        g_print("1..0 # SKIP needs root and network namespaces\n");
        return 77;
    }
    for (guint i = 0; i < G_N_ELEMENTS(tests); i++)
        g_test_add(tests[i].path, Fixture, NULL, setup, tests[i].run, teardown);
    return g_test_run();
}
