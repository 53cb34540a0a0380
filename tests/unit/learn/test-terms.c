/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test-terms.c: addresses that may be learned, networks that are allowed, rate limits and counters
 */
#include "driver/learn/inspector.h"

#include <string.h>

static NwfAddress
address(const char *text)
{
    NwfAddress parsed = {0};

    g_assert_true(nwf_address_parse(&parsed, text));
    return parsed;
}

static void
test_special_ranges(void)
{
    static const struct {
        const char *text;
        NwfRefusal refusal;
    } rows[] = {
        {"0.0.0.0", NWF_REFUSAL_SPECIAL},
        {"0.255.255.255", NWF_REFUSAL_SPECIAL},
        {"1.0.0.0", NWF_REFUSAL_NONE},
        {"126.255.255.255", NWF_REFUSAL_NONE},
        {"127.0.0.0", NWF_REFUSAL_SPECIAL},
        {"127.255.255.255", NWF_REFUSAL_SPECIAL},
        {"128.0.0.0", NWF_REFUSAL_NONE},
        {"169.254.1.1", NWF_REFUSAL_NONE},
        {"223.255.255.255", NWF_REFUSAL_NONE},
        {"224.0.0.0", NWF_REFUSAL_SPECIAL},
        {"239.255.255.255", NWF_REFUSAL_SPECIAL},
        {"240.0.0.0", NWF_REFUSAL_SPECIAL},
        {"255.255.255.255", NWF_REFUSAL_SPECIAL},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        NwfAddress at = address(rows[i].text);
        g_assert_cmpint(nwf_address_policy(NULL, &at, NULL, FALSE), ==, rows[i].refusal);
    }
}

static void
test_edges_of_networks(void)
{
    static const struct {
        const char *text, *mask;
        NwfRefusal refusal;
    } rows[] = {
        {"10.0.0.0", "255.255.255.0", NWF_REFUSAL_NETWORK},   {"10.0.0.255", "255.255.255.0", NWF_REFUSAL_NETWORK},
        {"10.0.0.1", "255.255.255.0", NWF_REFUSAL_NONE},      {"10.0.0.255", "0.0.0.0", NWF_REFUSAL_NONE},
        {"10.0.0.0", "255.255.255.254", NWF_REFUSAL_NONE},    {"10.0.0.1", "255.255.255.254", NWF_REFUSAL_NONE},
        {"10.0.0.7", "255.255.255.255", NWF_REFUSAL_NONE},    {"10.0.0.4", "255.255.255.252", NWF_REFUSAL_NETWORK},
        {"10.0.0.7", "255.255.255.252", NWF_REFUSAL_NETWORK}, {"10.0.0.255", "255.0.255.0", NWF_REFUSAL_NONE},
        {"10.0.0.255", "128.0.0.0", NWF_REFUSAL_NONE},        {"128.0.0.0", "128.0.0.0", NWF_REFUSAL_NETWORK},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        NwfAddress at = address(rows[i].text), mask = address(rows[i].mask);
        g_assert_cmpint(nwf_address_policy(NULL, &at, &mask, FALSE), ==, rows[i].refusal);
    }
}

static NwfAllowed *
allowed_of(const char *text, GError **error)
{
    g_auto(GStrv) words = g_strsplit(text, ",", -1);
    g_autoptr(GPtrArray) texts = g_ptr_array_new();

    for (guint i = 0; words[i] != NULL; i++)
        g_ptr_array_add(texts, words[i]);
    return nwf_allowed_parse(texts, error);
}

static void
test_allowed_networks(void)
{
    static const struct {
        const char *list, *text;
        gboolean has;
    } rows[] = {
        {"10.0.0.1", "10.0.0.1", TRUE},          {"10.0.0.1", "10.0.0.2", FALSE},
        {"10.0.0.0_8", "10.255.0.1", TRUE},      {"10.0.0.0/8", "11.0.0.0", FALSE},
        {"10.1.2.3_8", "10.9.9.9", TRUE},        {"0.0.0.0_0", "203.0.113.9", TRUE},
        {"10.0.0.8_30", "10.0.0.11", TRUE},      {"10.0.0.8_30", "10.0.0.12", FALSE},
        {"10.0.0.1,10.0.0.3", "10.0.0.3", TRUE}, {"10.0.0.1,10.0.0.3", "10.0.0.2", FALSE},
        {"10.0.0.1_32", "10.0.0.1", TRUE},       {"10.0.0.1_32", "10.0.0.0", FALSE},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(NwfAllowed) allowed = allowed_of(rows[i].list, &error);
        NwfAddress at = address(rows[i].text);
        g_assert_no_error(error);
        g_assert_cmpint(nwf_allowed_has(allowed, &at), ==, rows[i].has);
    }
}

static void
test_allowed_networks_that_are_none(void)
{
    static const char *const texts[] = {"10.0.0",  "10.0.0.0_33", "10.0.0.0_",   "10.0.0.0/-1", "10.0.0.0_8_9",
                                        "fd00::1", "10.0.0.0_+8", "10.0.0.0_8 ", "010.0.0.1",   "10.0.0.1,x"};

    for (gsize i = 0; i < G_N_ELEMENTS(texts); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(NwfAllowed) allowed = allowed_of(texts[i], &error);
        g_assert_error(error, NWF_ERROR, NWF_ERROR_PARSE);
        g_assert_nonnull(strstr(error->message, "CTRL_IP_ALLOWED"));
        g_assert_null(allowed);
    }
}

/* A list without entries allows nothing: what is asked for and not said is not "all". */
static void
test_an_empty_list_allows_nothing(void)
{
    g_autoptr(NwfAllowed) allowed = allowed_of("", NULL);
    NwfAddress at = address("10.0.0.1");
    NwfLearnTerms terms = {.allowed = allowed};
    NwfAddressPolicy policy = {.terms = &terms};

    g_assert_cmpint(nwf_address_policy(&policy, &at, NULL, FALSE), ==, NWF_REFUSAL_NOT_ALLOWED);
}

/* ---- budgets ---- */

static guint
take_many(NwfRateLimit *limit, guint n, gint64 now)
{
    guint taken = 0;

    for (guint i = 0; i < n; i++)
        taken += nwf_ratelimit_take(limit, now) ? 1 : 0;
    return taken;
}

static void
test_budget(void)
{
    NwfRateLimit limit = {0};
    gint64 now = 12345;

    g_assert_cmpuint(take_many(&limit, 1000, now), ==, NWF_RATELIMIT_BURST);
    g_assert_cmpuint(limit.dropped, ==, 1000 - NWF_RATELIMIT_BURST);
    g_assert_cmpuint(take_many(&limit, 1000, now + G_USEC_PER_SEC), ==, NWF_RATELIMIT_RATE);
    g_assert_cmpuint(take_many(&limit, 1000, now + 3 * G_USEC_PER_SEC), ==, 2 * NWF_RATELIMIT_RATE);
    g_assert_cmpuint(take_many(&limit, 1000, now + 1000 * G_USEC_PER_SEC), ==, NWF_RATELIMIT_BURST);
    g_assert_cmpuint(take_many(&limit, 1000, now), ==, 0); /* a clock that goes back gives nothing */
}

/* A flood of an hour gets the burst and the rate, whatever its spacing. */
static void
test_budget_over_time(void)
{
    static const gint64 spacings[] = {1, 7, 333, 10007, 49999, 50000};

    for (gsize i = 0; i < G_N_ELEMENTS(spacings); i++) {
        NwfRateLimit limit = {0};
        guint taken = 0;
        gint64 span = 20 * G_USEC_PER_SEC;
        if (spacings[i] == 1)
            span = G_USEC_PER_SEC;
        for (gint64 at = 0; at < span; at += spacings[i])
            taken += nwf_ratelimit_take(&limit, at) ? 1 : 0;
        g_assert_cmpuint(taken, <=, NWF_RATELIMIT_BURST + NWF_RATELIMIT_RATE * span / G_USEC_PER_SEC);
        g_assert_cmpuint(taken, >=, MIN(span / spacings[i], NWF_RATELIMIT_RATE * span / G_USEC_PER_SEC));
    }
}

static void
test_budget_is_told_once_a_minute(void)
{
    NwfRateLimit limit = {0};

    g_assert_cmpuint(nwf_ratelimit_overflow(&limit, 0), ==, 0);
    take_many(&limit, 100, 0);
    g_assert_cmpuint(nwf_ratelimit_overflow(&limit, 0), ==, 40);
    g_assert_cmpuint(nwf_ratelimit_overflow(&limit, 1), ==, 0);
    take_many(&limit, 10, 1);
    g_assert_cmpuint(nwf_ratelimit_overflow(&limit, NWF_REPORT_AGAIN - 1), ==, 0);
    g_assert_cmpuint(nwf_ratelimit_overflow(&limit, NWF_REPORT_AGAIN), ==, 10);
    g_assert_cmpuint(nwf_ratelimit_overflow(&limit, 10 * NWF_REPORT_AGAIN), ==, 0);
}

/* Each address once; and a VM that tries them all does not fill the log. */
static void
test_refusals_are_told_once(void)
{
    NwfCounters counters = {0};
    NwfAddress first = nwf_address_ipv4(0x0a000001);
    guint told = 0;

    g_assert_true(nwf_counters_report(&counters, &first, 0));
    g_assert_false(nwf_counters_report(&counters, &first, NWF_REPORT_AGAIN * 5));
    for (guint i = 2; i < 10000; i++) {
        NwfAddress at = nwf_address_ipv4(0x0a000000 + i);
        told += nwf_counters_report(&counters, &at, i * 1000) ? 1 : 0;
    }
    g_assert_cmpuint(told, ==, NWF_REPORTED_MAX - 1);
}

static void
test_counters(void)
{
    NwfCounters counters = {0};

    nwf_counters_refuse(&counters, NWF_REFUSAL_SERVER);
    nwf_counters_refuse(&counters, NWF_REFUSAL_NONE);
    g_assert_cmpuint(counters.refused[NWF_REFUSAL_SERVER], ==, 1);
    g_assert_cmpint(counters.last, ==, NWF_REFUSAL_SERVER);
}

static void
test_addresses(void)
{
    static const char *const none[] = {"",          "10.0.0",     "10.0.0.256", "10.0.0.1 ",
                                       " 10.0.0.1", "0x0a000001", "10.0.0.1.2", "::1"};
    NwfAddress at = nwf_address_ipv4(0xc0000201), same;
    char text[NWF_ADDRESS_TEXT];

    g_assert_cmpstr(nwf_address_format(text, &at), ==, "192.0.2.1");
    g_assert_true(nwf_address_parse(&same, text));
    g_assert_true(nwf_address_equal(&at, &same));
    g_assert_cmpuint(nwf_address_number(&same), ==, 0xc0000201);
    same = nwf_address_ipv4(0);
    g_assert_false(nwf_address_is_set(&same));
    g_assert_cmpstr(nwf_address_format(text, &same), ==, "0.0.0.0");
    for (gsize i = 0; i < G_N_ELEMENTS(none); i++)
        g_assert_false(nwf_address_parse(&same, none[i]));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/learn/terms/addresses", test_addresses);
    g_test_add_func("/learn/terms/special-ranges", test_special_ranges);
    g_test_add_func("/learn/terms/edges-of-networks", test_edges_of_networks);
    g_test_add_func("/learn/terms/allowed-networks", test_allowed_networks);
    g_test_add_func("/learn/terms/allowed-networks-that-are-none", test_allowed_networks_that_are_none);
    g_test_add_func("/learn/terms/an-empty-list-allows-nothing", test_an_empty_list_allows_nothing);
    g_test_add_func("/learn/ratelimit/burst-and-rate", test_budget);
    g_test_add_func("/learn/ratelimit/over-time", test_budget_over_time);
    g_test_add_func("/learn/ratelimit/is-told-once-a-minute", test_budget_is_told_once_a_minute);
    g_test_add_func("/learn/counters/refusals-are-told-once", test_refusals_are_told_once);
    g_test_add_func("/learn/counters/last-reason", test_counters);
    return g_test_run();
}
