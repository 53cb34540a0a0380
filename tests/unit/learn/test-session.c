/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test-session.c: what the engine is told of the addresses of a port, and when
 *
 * The learner's thread and whoever asks it may come in any order. Here they come in the order that a test wants: the
 * thread's turn is a call of compare, and time is what the test says. There is no device and no capture.
 */
#include "driver/learn/session.h"

#define SECOND ((gint64)G_USEC_PER_SEC)
#define LATER  (3600 * SECOND) /* any report that is planned is due by then */

typedef struct Fixture {
    NwfLearnContext context;
    NwfLearnTerms *terms;
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
    static const guint8 owner[16] = {1}, mac[6] = {0x52, 0x54, 0, 0, 0, 1};
    g_autoptr(GError) error = NULL;

    fixture->context = (NwfLearnContext){
        .db = nwf_lease_db_new(),
        .links = nwf_links_new(&error),
        .reserved = g_hash_table_new(g_str_hash, g_str_equal),
        .lines = g_array_new(FALSE, FALSE, sizeof(NwfLogLine)),
        .due = NWF_NEVER,
    };
    g_assert_no_error(error);
    g_array_set_clear_func(fixture->context.lines, clear_line);
    fixture->terms = nwf_learn_terms_new(NWF_LEARN_DHCP, "no-such-port", owner, mac);
    fixture->session = nwf_session_new_locked(&fixture->context, fixture->terms);
    fixture->now = nwf_learn_now();
}

static void
teardown(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
    nwf_session_free(fixture->session);
    nwf_learn_terms_unref(fixture->terms);
    g_array_unref(fixture->context.lines);
    g_hash_table_unref(fixture->context.reserved);
    nwf_links_free(fixture->context.links);
    nwf_lease_db_free(fixture->context.db);
}

/* The server gives the guest 10.0.0.5 for so long. */
static void
grant(Fixture *fixture, guint32 seconds)
{
    NwfLeaseEvent event = {.kind = NWF_LEASE_GRANTED, .seconds = seconds};

    g_assert_true(nwf_address_parse(&event.address, "10.0.0.5"));
    g_assert_cmpint(nwf_lease_db_apply(fixture->context.db, fixture->session->inspector->port, &event, fixture->now),
                    ==, NWF_REFUSAL_NONE);
}

/* The engine asks. Returns: how many addresses it gets */
static guint
ask(const Fixture *fixture, guint64 *version)
{
    g_autoptr(GArray) addresses =
        nwf_session_addresses_locked(&fixture->context, fixture->session, fixture->terms, fixture->now, version);

    return addresses->len;
}

/* The thread has its turn. Returns: whether it reports the port, now or when the pace of reports lets it */
static gboolean
turn(Fixture *fixture)
{
    nwf_session_compare_locked(fixture->session, fixture->now);
    return nwf_session_take_report_locked(fixture->session, fixture->now + LATER);
}

/*
 * The lease is over, and the engine, which asks before the thread's turn, makes rules without the address. The next one
 * comes before that turn, too, so that to the thread the list is as it was. The engine hears of it all the same, and
 * does not take its rules for current.
 */
static void
test_an_address_that_was_gone_for_a_moment_is_reported(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
    guint64 with, without, again;

    grant(fixture, 60);
    g_assert_true(turn(fixture));
    g_assert_cmpuint(ask(fixture, &with), ==, 1);
    fixture->now += 60 * SECOND;
    g_assert_cmpuint(ask(fixture, &without), ==, 0);
    fixture->now += SECOND;
    grant(fixture, 60);
    gboolean reported = turn(fixture);
    g_assert_cmpuint(ask(fixture, &again), ==, 1);
    g_assert_cmpuint(again, !=, without);
    g_assert_true(reported);
}

static void
test_a_renewal_is_not_reported(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
    guint64 before, after;

    grant(fixture, 60);
    g_assert_true(turn(fixture));
    ask(fixture, &before);
    fixture->now += 30 * SECOND;
    grant(fixture, 60);
    g_assert_false(turn(fixture));
    g_assert_cmpuint(ask(fixture, &after), ==, 1);
    g_assert_cmpuint(after, ==, before);
    fixture->now += 60 * SECOND;
    g_assert_true(nwf_lease_db_expire(fixture->context.db, fixture->now));
    g_assert_true(turn(fixture));
    g_assert_cmpuint(ask(fixture, &after), ==, 0);
    g_assert_cmpuint(after, !=, before);
}

int
main(int argc, char **argv)
{
    static const struct {
        const char *path;
        void (*run)(Fixture *fixture, gconstpointer data);
    } tests[] = {
        {"/learn/session/gone-for-a-moment", test_an_address_that_was_gone_for_a_moment_is_reported},
        {"/learn/session/renewal", test_a_renewal_is_not_reported},
    };

    g_test_init(&argc, &argv, NULL);
    for (guint i = 0; i < G_N_ELEMENTS(tests); i++)
        g_test_add(tests[i].path, Fixture, NULL, setup, tests[i].run, teardown);
    return g_test_run();
}
