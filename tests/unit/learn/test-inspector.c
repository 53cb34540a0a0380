/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test-inspector.c: what a port wants to see, how much of it it looks at, and what it counts
 */
#include "driver/learn/inspector.h"

#include <string.h>

#include "frames.h"

#define SECOND ((gint64)G_USEC_PER_SEC)
#define BOTH   (NWF_WANT_DHCP | NWF_WANT_SOURCES)

typedef struct Place {
    NwfLeaseDb *db;
    NwfInspector *inspector;
} Place;

static NwfLearnTerms *
terms_of(NwfLearnMode mode, guint max)
{
    static const guint8 owner[16] = {0xd5, 0x4d, 0xf4, 0x6f};
    NwfLearnTerms *terms = nwf_learn_terms_new(mode, "vnet0", owner, vm_mac);

    terms->max = max;
    return terms;
}

static void
place_init(Place *place, NwfLearnMode mode)
{
    g_autoptr(NwfLearnTerms) terms = terms_of(mode, 2);

    place->db = nwf_lease_db_new();
    place->inspector = nwf_inspector_new(place->db, terms, 5, NULL, NULL, NULL);
}

static void
place_clear(Place *place)
{
    nwf_inspector_free(place->inspector);
    nwf_lease_db_free(place->db);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Place, place_clear)

static NwfOutcome
see(Place *place, const char *line, gint64 now)
{
    g_autoptr(GByteArray) bytes = NULL;
    FrameSpec spec;
    gsize wire;

    frame_parse(&spec, line);
    bytes = frame_build(&spec, &wire);
    return nwf_inspector_frame(place->inspector, (NwfBytes){bytes->data, bytes->len}, wire, spec.direction, now);
}

static void
assert_wants(const Place *place, gint64 now, guint wants, gint64 until)
{
    gint64 got;

    g_assert_cmpuint(nwf_inspector_wants(place->inspector, now, &got), ==, wants);
    g_assert_cmpint(got, ==, until);
}

/* A known address is looked for no more; one that may still change only for what may change it. */
static void
test_what_any_wants(void)
{
    g_auto(Place) place = {0};

    place_init(&place, NWF_LEARN_ANY);
    assert_wants(&place, 0, BOTH, NWF_NEVER);
    see(&place, "from ip 169.254.1.1 10.0.0.1", SECOND);
    assert_wants(&place, SECOND, BOTH, SECOND + NWF_GRACE + 1);
    assert_wants(&place, SECOND + NWF_GRACE + 1, 0, NWF_NEVER);
    see(&place, "from ip 10.0.0.5 10.0.0.1", 2 * SECOND);
    assert_wants(&place, 2 * SECOND, NWF_WANT_DHCP, SECOND + NWF_GRACE + 1);
    assert_wants(&place, SECOND + NWF_GRACE + 1, 0, NWF_NEVER);
    see(&place, "from request xid=7", 3 * SECOND);
    see(&place, "to ack xid=7 yi=10.0.0.6 time=60", 3 * SECOND);
    assert_wants(&place, 3 * SECOND, 0, NWF_NEVER);
}

static void
test_what_dhcp_wants(void)
{
    g_auto(Place) place = {0};

    place_init(&place, NWF_LEARN_DHCP);
    assert_wants(&place, 0, NWF_WANT_DHCP, NWF_NEVER);
    see(&place, "from request xid=7", 3 * SECOND);
    see(&place, "to ack xid=7 yi=10.0.0.6 time=60", 3 * SECOND);
    assert_wants(&place, 1000 * SECOND, NWF_WANT_DHCP, NWF_NEVER);
}

/* A flood one way costs nothing of the budget of the other. */
static void
test_each_way_has_its_budget(void)
{
    g_auto(Place) place = {0};
    guint dropped = 0;

    place_init(&place, NWF_LEARN_DHCP);
    for (guint i = 0; i < 500; i++)
        dropped += see(&place, "to ack xid=9 yi=10.0.0.9 time=60", SECOND).refusal == NWF_REFUSAL_RATE;
    g_assert_cmpuint(dropped, ==, 500 - NWF_RATELIMIT_BURST);
    g_assert_cmpuint(nwf_ratelimit_overflow(&place.inspector->limits[NWF_BUDGET_STRAY], SECOND), ==, dropped);
    g_assert_cmpuint(nwf_ratelimit_overflow(&place.inspector->limits[NWF_BUDGET_FROM_VM], SECOND), ==, 0);
    g_assert_cmpint(see(&place, "from request xid=7", SECOND).refusal, ==, NWF_REFUSAL_NONE);
    g_assert_cmpint(see(&place, "to ack xid=7 yi=10.0.0.5 time=60", 2 * SECOND).refusal, ==, NWF_REFUSAL_NONE);
}

/* Nor does a flood of answers that nobody asked for, or that others than the listed servers send, cost real ones any.
 */
static void
test_forged_answers_have_a_budget_of_their_own(void)
{
    g_auto(Place) place = {0};
    NwfAddress server = nwf_address_ipv4(0x0a000001);
    g_autoptr(NwfLearnTerms) terms = terms_of(NWF_LEARN_DHCP, 4);

    place_init(&place, NWF_LEARN_DHCP);
    for (guint i = 0; i < 500; i++)
        see(&place, "to ack xid=9 yi=10.0.0.9 time=60", SECOND);
    see(&place, "from request xid=7 want=10.0.0.5", SECOND);
    g_assert_cmpint(see(&place, "to ack xid=7 yi=10.0.0.5 time=60", SECOND).refusal, ==, NWF_REFUSAL_NONE);
    g_array_append_val(terms->servers, server);
    nwf_inspector_change(place.inspector, terms);
    see(&place, "from request xid=7 want=10.0.0.6", SECOND);
    for (guint i = 0; i < 500; i++)
        g_assert_cmpint(see(&place, "to nak src=10.0.0.66 xid=7", SECOND).budget, ==, NWF_BUDGET_STRAY);
    g_assert_cmpint(see(&place, "to ack xid=7 yi=10.0.0.6 time=60", SECOND).refusal, ==, NWF_REFUSAL_NONE);
    /* answered, and too late */
    g_assert_cmpint(see(&place, "to ack xid=7 yi=10.0.0.6 time=60", SECOND).budget, ==, NWF_BUDGET_STRAY);
    see(&place, "from request xid=8 want=10.0.0.6", 2 * SECOND);
    g_assert_cmpint(see(&place, "to nak src=10.0.0.9 xid=8", 122 * SECOND).budget, ==, NWF_BUDGET_STRAY);
    g_assert_cmpint(see(&place, "to ack xid=8 yi=10.0.0.6 time=60", 122 * SECOND).budget, ==, NWF_BUDGET_ANSWERS);
    see(&place, "from request xid=8 want=10.0.0.6", 200 * SECOND);
    g_assert_cmpint(see(&place, "to ack xid=8 yi=10.0.0.6 time=60", 321 * SECOND).budget, ==, NWF_BUDGET_STRAY);
}

/* What the kernel's filter is given. */
static void
test_numbers_of_open_questions(void)
{
    g_auto(Place) place = {0};
    guint32 xids[NWF_TRANSACTIONS_MAX];
    gint64 until;

    place_init(&place, NWF_LEARN_DHCP);
    const NwfTransactions *transactions = &place.inspector->transactions;
    g_assert_cmpuint(nwf_transactions_open(transactions, SECOND, xids, &until), ==, 0);
    g_assert_cmpint(until, ==, G_MAXINT64);
    see(&place, "from request xid=4294967295 want=10.0.0.5", SECOND);
    see(&place, "from discover xid=6 rapid", 2 * SECOND);
    see(&place, "from discover xid=5", 2 * SECOND);
    g_assert_cmpuint(nwf_transactions_open(transactions, 2 * SECOND, xids, &until), ==, 2);
    g_assert_cmpuint(xids[0], ==, G_MAXUINT32);
    g_assert_cmpuint(xids[1], ==, 6);
    g_assert_cmpint(until, ==, SECOND + NWF_TRANSACTION_LIFE + 1);
    g_assert_cmpuint(nwf_transactions_open(transactions, until, xids, &until), ==, 1);
    see(&place, "to nak xid=6", 3 * SECOND);
    g_assert_cmpuint(nwf_transactions_open(transactions, 3 * SECOND, xids, &until), ==, 1);
    for (guint i = 0; i < 20; i++) {
        g_autofree char *line = g_strdup_printf("from request xid=%u", 100 + i);
        see(&place, line, 4 * SECOND);
    }
    g_assert_cmpuint(nwf_transactions_open(transactions, 4 * SECOND, xids, &until), ==, NWF_TRANSACTIONS_MAX);
}

static void
test_counters(void)
{
    g_auto(Place) place = {0};
    const NwfCounters *counters;
    char server[NWF_ADDRESS_TEXT];
    NwfOutcome outcome;

    place_init(&place, NWF_LEARN_DHCP);
    counters = &place.inspector->counters;
    outcome = see(&place, "from request xid=7", SECOND);
    g_assert_false(outcome.accepted || outcome.report);
    outcome = see(&place, "to ack xid=7 yi=224.0.0.1 time=60 sid=10.0.0.9", SECOND);
    g_assert_true(outcome.refusal == NWF_REFUSAL_SPECIAL && outcome.report && !outcome.accepted);
    outcome = see(&place, "to ack xid=7 yi=224.0.0.1 time=60 sid=10.0.0.9", SECOND);
    g_assert_true(outcome.refusal == NWF_REFUSAL_SPECIAL && !outcome.report);
    outcome = see(&place, "to ack xid=7 yi=10.0.0.5 time=60 sid=10.0.0.1", SECOND);
    g_assert_true(outcome.refusal == NWF_REFUSAL_NONE && outcome.accepted);
    g_assert_cmpuint(nwf_address_number(&outcome.address), ==, 0x0a000005);
    g_assert_cmpuint(counters->seen, ==, 4);
    g_assert_cmpuint(counters->accepted, ==, 1);
    g_assert_cmpuint(counters->refused[NWF_REFUSAL_SPECIAL], ==, 2);
    g_assert_cmpint(counters->last, ==, NWF_REFUSAL_SPECIAL);
    g_assert_cmpstr(nwf_address_format(server, &counters->last_server), ==, "10.0.0.1");
}

/* Other servers and another cap count from the next message on, and an open question stays open. */
static void
test_terms_change(void)
{
    g_auto(Place) place = {0};
    NwfAddress server = nwf_address_ipv4(0x0a000002);
    g_autoptr(NwfLearnTerms) terms = terms_of(NWF_LEARN_DHCP, 1);

    place_init(&place, NWF_LEARN_DHCP);
    see(&place, "from request xid=7", SECOND);
    g_array_append_val(terms->servers, server);
    nwf_inspector_change(place.inspector, terms);
    g_assert_cmpint(see(&place, "to ack xid=7 yi=10.0.0.5 time=60", SECOND).refusal, ==, NWF_REFUSAL_SERVER);
    g_assert_cmpint(see(&place, "to ack src=10.0.0.2 xid=7 yi=10.0.0.5 time=60", SECOND).refusal, ==, NWF_REFUSAL_NONE);
    see(&place, "from request xid=8", SECOND);
    g_assert_cmpint(see(&place, "to ack src=10.0.0.2 xid=8 yi=10.0.0.6 time=60", SECOND).refusal, ==, NWF_REFUSAL_FULL);
}

static void
test_refusals_have_words_and_texts(void)
{
    g_autoptr(GHashTable) words = g_hash_table_new(g_str_hash, g_str_equal);

    for (guint refusal = 0; refusal < NWF_REFUSALS; refusal++) {
        g_assert_cmpstr(nwf_refusal_text(refusal), !=, NULL);
        g_assert_true(g_hash_table_add(words, (gpointer)nwf_refusal_word(refusal)));
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/learn/inspector/what-any-wants", test_what_any_wants);
    g_test_add_func("/learn/inspector/what-dhcp-wants", test_what_dhcp_wants);
    g_test_add_func("/learn/inspector/each-way-has-its-budget", test_each_way_has_its_budget);
    g_test_add_func("/learn/inspector/forged-answers", test_forged_answers_have_a_budget_of_their_own);
    g_test_add_func("/learn/inspector/open-questions", test_numbers_of_open_questions);
    g_test_add_func("/learn/inspector/counters", test_counters);
    g_test_add_func("/learn/inspector/terms-change", test_terms_change);
    g_test_add_func("/learn/inspector/refusals-have-words-and-texts", test_refusals_have_words_and_texts);
    return g_test_run();
}
