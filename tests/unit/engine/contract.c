/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * contract.c: what every backend must do, as driver/tech/backend.h says
 *
 * What is compared is always the kernel's own listing, and only functions of the contract are called.
 */
#include "tests/unit/engine/contract.h"

#include "tests/unit/engine/calls.h"

#define FIRST  ETHER("1001") TCP("80")
#define SECOND ETHER("1002") TCP("81")

/* A backend on a fresh kernel. */
typedef struct Bench {
    const ContractSubject *subject;
    NwfBackend *backend;
    NwfRules *first, *second, *bad;
    NwfApplyResult result; /* of the last call */
} Bench;

static NwfFilter *
lookup(const char *name G_GNUC_UNUSED, gpointer filter)
{
    return filter;
}

static NwfRules *
rules_of(const char *body)
{
    g_autoptr(NwfFilter) filter = engine_filter("contract", body);
    g_autoptr(NwfParams) params = nwf_params_new();
    g_autoptr(GError) error = NULL;
    g_autoptr(NwfTree) tree = nwf_tree_new("contract", lookup, filter, &error);
    g_assert_no_error(error);
    NwfRules *rules = nwf_rules_of_tree(tree, params, NULL, NULL, &error);
    g_assert_no_error(error);
    return rules;
}

static GPtrArray *
read_ports(NwfBackend *backend)
{
    g_autoptr(GError) error = NULL;
    GPtrArray *ports = NULL;

    g_assert_true(backend->read(backend, &ports, NULL, &error));
    g_assert_no_error(error);
    return ports;
}

static void
assert_ports(NwfBackend *backend, guint n)
{
    g_autoptr(GPtrArray) ports = read_ports(backend);

    g_assert_cmpuint(ports->len, ==, n);
}

static NwfBackend *
open_backend(const ContractSubject *subject)
{
    NwfBackend *backend = subject->open();
    g_autoptr(GError) error = NULL;

    g_assert_true(backend->probe(backend, NULL, &error));
    g_ptr_array_unref(read_ports(backend));
    return backend;
}

static Bench *
bench_new(const ContractSubject *subject)
{
    Bench *bench = g_new0(Bench, 1);

    subject->fresh();
    bench->subject = subject;
    bench->first = rules_of(FIRST);
    bench->second = rules_of(SECOND);
    bench->bad = rules_of(subject->bad);
    bench->backend = open_backend(subject);
    return bench;
}

static void
bench_free(Bench *bench)
{
    bench->backend->free(bench->backend);
    nwf_rules_unref(bench->first);
    nwf_rules_unref(bench->second);
    nwf_rules_unref(bench->bad);
    g_free(bench);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Bench, bench_free)

static void
bench_restart(Bench *bench)
{
    bench->backend->free(bench->backend);
    bench->backend = open_backend(bench->subject);
}

static gboolean
apply(Bench *bench, const NwfPortChange *changes, guint n)
{
    g_autoptr(GError) error = NULL;
    gboolean all = bench->backend->apply(bench->backend, changes, n, NULL, &bench->result, &error);

    g_assert_cmpint(all, ==, bench->result.applied == NWF_APPLIED_ALL);
    g_assert_cmpint(all, ==, error == NULL);
    g_assert_true(all || error->domain == NWF_ERROR);
    return all;
}

/* The change is made. */
static void
change(Bench *bench, const char *port, NwfRules *old, NwfRules *new)
{
    const NwfPortChange one = {port, old, new};

    g_assert_true(apply(bench, &one, 1));
}

/* ---- writing ---- */

static void
test_rules_come_and_go(gconstpointer subject)
{
    g_autoptr(Bench) bench = bench_new(subject);
    g_autofree char *empty = bench->subject->listing();

    change(bench, "va", NULL, bench->first);
    g_assert_true(bench->result.wrote);
    assert_ports(bench->backend, 1);
    g_autofree char *first = bench->subject->listing();
    g_assert_cmpstr(first, !=, empty);
    change(bench, "va", bench->first, bench->second);
    g_autofree char *second = bench->subject->listing();
    g_assert_cmpstr(second, !=, first);
    change(bench, "va", bench->second, bench->first);
    g_autofree char *back = bench->subject->listing();
    g_assert_cmpstr(back, ==, first);
    change(bench, "va", bench->first, NULL);
    assert_ports(bench->backend, 0);
}

static void
test_what_is_there_is_not_written(gconstpointer subject)
{
    g_autoptr(Bench) bench = bench_new(subject);

    change(bench, "va", NULL, bench->first);
    change(bench, "va", bench->first, bench->first);
    g_assert_false(bench->result.wrote);
    bench_restart(bench);
    assert_ports(bench->backend, 1);
    g_autofree char *before = bench->subject->listing();
    change(bench, "va", NULL, bench->first);
    g_assert_false(bench->result.wrote);
    change(bench, "va", bench->first, bench->second);
    g_assert_true(bench->result.wrote);
    change(bench, "va", bench->second, bench->first);
    g_autofree char *after = bench->subject->listing();
    g_assert_cmpstr(before, ==, after);
}

static void
test_closed(gconstpointer subject)
{
    g_autoptr(Bench) bench = bench_new(subject);
    g_autoptr(NwfRules) closed = nwf_rules_new_closed();

    change(bench, "vb", NULL, closed);
    g_autofree char *alone = bench->subject->listing();
    change(bench, "vb", closed, bench->first);
    change(bench, "vb", bench->first, closed);
    change(bench, "vb", closed, NULL);
    bench->backend->free(bench->backend); /* before its kernel is exchanged */
    bench->subject->fresh();
    bench->backend = open_backend(bench->subject);
    change(bench, "vb", NULL, closed);
    g_autofree char *again = bench->subject->listing();
    g_assert_cmpstr(alone, ==, again);
}

/* All or none, and the culprit, if it is named, is the right one. */
static void
test_a_refusal_changes_nothing(gconstpointer subject)
{
    g_autoptr(Bench) bench = bench_new(subject);
    g_autoptr(GError) error = NULL;

    change(bench, "va", NULL, bench->first);
    g_assert_true(bench->backend->check(bench->backend, "vb", bench->bad, &error));
    g_autofree char *before = bench->subject->listing();
    const NwfPortChange changes[] = {
        {"va", bench->first, bench->second}, {"vb", NULL, bench->bad}, {"vc", NULL, bench->first}};
    g_assert_false(apply(bench, changes, G_N_ELEMENTS(changes)));
    g_assert_cmpint(bench->result.applied, ==, NWF_APPLIED_NONE);
    g_assert_true(bench->result.culprit == NWF_NO_CULPRIT || bench->result.culprit == 1);
    g_autofree char *after = bench->subject->listing();
    g_assert_cmpstr(before, ==, after);
    change(bench, "va", bench->first, bench->second);
}

/* ---- unknown, then again ---- */

/* Both ports of @bench are given @rules, whatever the kernel holds by now. The backend acknowledged @old last. */
static gboolean
apply_both(Bench *bench, NwfRules *old, NwfRules *rules)
{
    const NwfPortChange changes[] = {{"va", old, rules}, {"vb", old, rules}};

    return apply(bench, changes, G_N_ELEMENTS(changes));
}

/* The change from the first rules to the second is lost, @times times; then @wanted comes to be. */
static void
lose_and_try_again(const ContractSubject *subject, guint way, guint times, NwfRules *(*wanted)(const Bench *bench))
{
    g_autoptr(Bench) bench = bench_new(subject);
    NwfRules *end = wanted(bench);

    g_assert_true(apply_both(bench, NULL, bench->first));
    g_assert_true(apply_both(bench, bench->first, end));
    g_autofree char *expected = subject->listing();
    g_assert_true(apply_both(bench, end, bench->first));
    subject->doubt(way);
    for (guint i = 0; i < times; i++) {
        g_assert_false(apply_both(bench, bench->first, bench->second));
        g_assert_cmpint(bench->result.applied, ==, NWF_APPLIED_UNKNOWN);
        g_assert_true(bench->result.wrote);
    }
    subject->settle();
    g_assert_true(apply_both(bench, bench->first, end));
    g_assert_true(bench->result.wrote);
    g_autofree char *now = subject->listing();
    g_assert_cmpstr(now, ==, expected);
    /* and from here on it is known */
    g_assert_true(apply_both(bench, end, end));
    g_assert_false(bench->result.wrote);
}

static NwfRules *
the_old(const Bench *bench)
{
    return bench->first;
}

static NwfRules *
the_new(const Bench *bench)
{
    return bench->second;
}

static NwfRules *
none(const Bench *bench G_GNUC_UNUSED)
{
    return NULL;
}

/*
 * Whatever half of a change stands, the next call brings the kernel from there to what is wanted: to the old rules, the
 * new ones, or none. Nothing of the other half is left.
 */
static void
test_unknown_then_again(gconstpointer data)
{
    static NwfRules *(*const wanted[])(const Bench *bench) = {the_old, the_new, none};
    const ContractSubject *subject = data;

    for (guint way = 0; way < subject->doubts; way++)
        for (guint i = 0; i < G_N_ELEMENTS(wanted); i++)
            lose_and_try_again(subject, way, 1 + i % 2, wanted[i]);
}

static void
test_many_ports(gconstpointer subject)
{
    g_autoptr(Bench) bench = bench_new(subject);
    guint n = bench->backend->ports_max ? bench->backend->ports_max : 200;
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
    g_autofree NwfPortChange *changes = g_new0(NwfPortChange, n);

    for (guint i = 0; i < n; i++) {
        g_ptr_array_add(names, g_strdup_printf("v%u", i));
        changes[i] = (NwfPortChange){g_ptr_array_index(names, i), NULL, bench->first};
    }
    g_assert_true(apply(bench, changes, n));
    assert_ports(bench->backend, n);
}

/* ---- somebody else ---- */

static gboolean
has_port(GPtrArray *ports, const char *port)
{
    return ports && g_ptr_array_find_with_equal_func(ports, port, g_str_equal, NULL);
}

/* @touched: whether it is said what was changed, or nobody knows. */
static void
put_right(const ContractSubject *subject, gboolean touched)
{
    g_autoptr(Bench) bench = bench_new(subject);
    NwfTouched what = {bench->backend->tables, subject->touched("va")};
    g_autoptr(GPtrArray) list = g_ptr_array_new();
    g_autoptr(GError) error = NULL;
    NwfReread found;

    change(bench, "va", NULL, bench->first);
    change(bench, "vb", NULL, bench->second);
    g_autofree char *before = subject->listing();
    subject->harm("va");
    g_autofree char *harmed = subject->listing();
    g_assert_cmpstr(before, !=, harmed);
    g_ptr_array_add(list, &what);
    g_assert_true(bench->backend->reread(bench->backend, touched ? list : NULL, &found, &error));
    g_autoptr(GPtrArray) ports = found.ports;
    g_assert_cmpint(found.first, ==, touched ? 0 : -1);
    g_assert_true(has_port(ports, "va"));
    change(bench, "va", bench->first, bench->first);
    g_assert_true(bench->result.wrote);
    g_autofree char *after = subject->listing();
    g_assert_cmpstr(before, ==, after);
}

static void
test_a_change_is_put_right(gconstpointer subject)
{
    put_right(subject, TRUE);
    put_right(subject, FALSE);
}

static int
compare_names(gconstpointer a, gconstpointer b)
{
    return g_strcmp0(*(const char *const *)a, *(const char *const *)b);
}

/* What reread() is told: a chain of nobody's, then one of each of @ports; (transfer full) (element-type NwfTouched). */
static GPtrArray *
touched_in(const Bench *bench, const char *const ports[])
{
    GPtrArray *touched = g_ptr_array_new_with_free_func(g_free);
    guint n = g_strv_length((char **)ports);

    for (guint i = 0; i <= n; i++) {
        NwfTouched *what = g_new(NwfTouched, 1);
        const char *chain = bench->subject->touched(i == 0 ? "nobody" : ports[i - 1]);
        *what = (NwfTouched){bench->backend->tables, g_intern_string(chain)};
        g_ptr_array_add(touched, what);
    }
    return touched;
}

/* Somebody has changed rules of @ports, and others that are not ours; @expected: whom reread() names, NULL: nobody. */
static void
assert_named(Bench *bench, const char *const ports[], const char *expected)
{
    g_autoptr(GPtrArray) touched = touched_in(bench, ports);
    g_autoptr(GError) error = NULL;
    NwfReread found;

    g_assert_true(bench->backend->reread(bench->backend, touched, &found, &error));
    g_autoptr(GPtrArray) names = found.ports;
    g_assert_cmpint(found.first, ==, expected ? 1 : -1);
    if (!names) {
        g_assert_null(expected);
        return;
    }
    g_ptr_array_sort(names, compare_names);
    g_autoptr(GString) text = g_string_new(NULL);
    for (guint i = 0; i < names->len; i++)
        g_string_append_printf(text, "%s%s", i > 0 ? " " : "", (const char *)g_ptr_array_index(names, i));
    g_assert_cmpstr(text->str, ==, expected);
}

/* Those whose rules were touched are named, nobody else, and what they should have is there again after apply. */
static void
test_the_touched_are_named(gconstpointer data)
{
    static const char *const nobody[] = {NULL}, *const one[] = {"vb", NULL}, *const two[] = {"vc", "va", NULL};
    const ContractSubject *subject = data;
    g_autoptr(Bench) bench = bench_new(subject);
    NwfBackend *backend = bench->backend;
    NwfRules *const rules[] = {bench->first, bench->second, bench->first};
    const char *const ports[] = {"va", "vb", "vc"};
    const struct {
        const char *const *harmed;
        const char *named;
    } rows[] = {{nobody, NULL}, {one, "vb"}, {two, "va vc"}, {one, "vb"}};

    for (guint i = 0; i < G_N_ELEMENTS(ports); i++)
        change(bench, ports[i], NULL, rules[i]);
    g_autofree char *before = subject->listing();
    for (guint row = 0; row < G_N_ELEMENTS(rows); row++) {
        const char *const *harmed = rows[row].harmed;
        for (guint i = 0; harmed[i]; i++)
            subject->harm(harmed[i]);
        if (backend->poll)
            g_assert_cmpint(backend->poll(backend), ==, *harmed && backend->needs_poll(backend));
        assert_named(bench, harmed, rows[row].named);
        for (guint i = 0; i < G_N_ELEMENTS(ports); i++) {
            change(bench, ports[i], rules[i], rules[i]);
            g_assert_cmpint(bench->result.wrote, ==, g_strv_contains(harmed, ports[i]));
        }
        g_assert_true(apply(bench, NULL, 0));
        g_autofree char *after = subject->listing();
        g_assert_cmpstr(after, ==, before);
        if (backend->poll)
            g_assert_false(backend->poll(backend));
    }
}

static void
test_others_are_told_apart(gconstpointer subject)
{
    g_autoptr(Bench) bench = bench_new(subject);

    change(bench, "va", NULL, bench->first);
    guint32 own = bench->subject->generation();
    g_assert_true(bench->backend->is_own(bench->backend, own, own, 0));
    bench->subject->harm("va");
    g_assert_cmpuint(bench->subject->generation(), !=, own);
    guint32 foreign = bench->subject->generation();
    g_assert_false(bench->backend->is_own(bench->backend, foreign, foreign, 0));
    g_assert_true(bench->backend->is_own(bench->backend, own, own, 0));
}

/* Of several, all must be own ones. */
static void
test_a_foreign_one_does_not_hide(gconstpointer subject)
{
    g_autoptr(Bench) bench = bench_new(subject);

    change(bench, "va", NULL, bench->first);
    guint32 first = bench->subject->generation();
    change(bench, "vb", NULL, bench->first);
    change(bench, "va", bench->first, bench->second);
    guint32 last = bench->subject->generation();
    g_assert_cmpuint(last - first, >=, 2);
    g_assert_true(bench->backend->is_own(bench->backend, first, last, 0));
    g_assert_true(bench->backend->is_own(bench->backend, first + 1, last, 0));
    g_assert_false(bench->backend->is_own(bench->backend, first, last + 1, 0));
    bench->subject->harm("va");
    change(bench, "vb", bench->first, bench->second);
    guint32 end = bench->subject->generation();
    g_assert_false(bench->backend->is_own(bench->backend, first, end, 0));
    g_assert_false(bench->backend->is_own(bench->backend, last + 1, end, 0));
    g_assert_true(bench->backend->is_own(bench->backend, last + 2, end, 0));
}

static void
test_reassert(gconstpointer subject)
{
    g_autoptr(Bench) bench = bench_new(subject);
    g_autoptr(GPtrArray) ports = g_ptr_array_new();
    g_autoptr(GError) error = NULL;
    gboolean wrote = FALSE;

    g_assert_nonnull(bench->backend->reassert);
    change(bench, "va", NULL, bench->first);
    g_autofree char *before = bench->subject->listing();
    bench->subject->harm("va");
    g_ptr_array_add(ports, "va");
    g_assert_true(bench->backend->reassert(bench->backend, ports, &wrote, &error));
    g_assert_true(wrote);
    g_autofree char *after = bench->subject->listing();
    g_assert_cmpstr(before, ==, after);
}

static void
test_nothing_to_poll_for(gconstpointer subject)
{
    g_autoptr(Bench) bench = bench_new(subject);

    change(bench, "va", NULL, bench->first);
    if (bench->backend->poll)
        g_assert_false(bench->backend->poll(bench->backend));
}

/* ---- the end ---- */

static void
test_remove_all(gconstpointer subject)
{
    g_autoptr(Bench) bench = bench_new(subject);
    g_autofree char *empty = bench->subject->listing();
    g_autoptr(GError) error = NULL;

    change(bench, "va", NULL, bench->first);
    change(bench, "vb", NULL, bench->second);
    g_autofree char *full = bench->subject->listing();
    for (guint i = 0; i < 2; i++) {
        g_assert_true(bench->backend->remove_all(bench->backend, &error));
        g_autofree char *removed = bench->subject->listing();
        g_assert_cmpstr(removed, ==, empty);
    }
    change(bench, "va", NULL, bench->first);
    change(bench, "vb", NULL, bench->second);
    g_autofree char *again = bench->subject->listing();
    g_assert_cmpstr(again, ==, full);
}

void
contract_add(const ContractSubject *subject)
{
    static const struct {
        const char *name;
        GTestDataFunc run;
    } tests[] = {
        {"come-and-go", test_rules_come_and_go},
        {"unchanged", test_what_is_there_is_not_written},
        {"closed", test_closed},
        {"refusal", test_a_refusal_changes_nothing},
        {"unknown", test_unknown_then_again},
        {"many", test_many_ports},
        {"put-right", test_a_change_is_put_right},
        {"named", test_the_touched_are_named},
        {"own", test_others_are_told_apart},
        {"own-hidden", test_a_foreign_one_does_not_hide},
        {"poll", test_nothing_to_poll_for},
        {"remove-all", test_remove_all},
    };

    for (guint i = 0; i < G_N_ELEMENTS(tests); i++) {
        g_autofree char *path = g_strdup_printf("/contract/%s/%s", subject->name, tests[i].name);
        g_test_add_data_func(path, subject, tests[i].run);
    }
    if (subject->reasserts) {
        g_autofree char *path = g_strdup_printf("/contract/%s/reassert", subject->name);
        g_test_add_data_func(path, subject, test_reassert);
    }
}
