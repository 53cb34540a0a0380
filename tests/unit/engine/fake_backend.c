/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * fake_backend.c: a backend whose kernel is a table in memory, and that follows a script
 *
 * Its kernel has one table with one chain a port, so what somebody touched there is named by the port.
 */
#include "tests/unit/engine/fake_backend.h"

#include "conf/error.h"

#include <time.h>

struct FakeBackend {
    NwfBackend base;
    GHashTable *kernel;       /* port -> NwfRules */
    GHashTable *acknowledged; /* port -> NwfRules, as of the last call that succeeded */
    GQueue script;            /* of FakeStep */
    guint bad_line;
    gboolean by_check, broken;
    guint calls;
    guint32 generation; /* of the last transaction, whosever it was */
    GArray *own;        /* (element-type guint32): ours */
    gint64 spent;
    gint64 *clock; /* NULL: no call takes time */
    gint64 cost;
};

static const NwfTable tables[] = {{7, "fake"}, {0, NULL}};

static FakeBackend *
fake_of(NwfBackend *base)
{
    return (FakeBackend *)base;
}

static GHashTable *
table_new(void)
{
    return g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)nwf_rules_unref);
}

static void
set(GHashTable *table, const char *port, NwfRules *rules)
{
    if (rules)
        g_hash_table_replace(table, g_strdup(port), nwf_rules_ref(rules));
    else
        g_hash_table_remove(table, port);
}

/* ---- the contract ---- */

static gboolean
fake_probe(NwfBackend *base G_GNUC_UNUSED, NwfNotes *notes G_GNUC_UNUSED, GError **error G_GNUC_UNUSED)
{
    return TRUE;
}

static gboolean
has_line(NwfRules *rules, guint line)
{
    const NwfPlan *plan = line ? nwf_rules_plan(rules, NULL) : NULL;

    for (guint i = 0; plan && i < plan->chains->len; i++) {
        const NwfChain *chain = g_ptr_array_index(plan->chains, i);
        for (guint j = 0; j < chain->rules->len; j++)
            if (((const NwfPlanRule *)g_ptr_array_index(chain->rules, j))->line == line)
                return TRUE;
    }
    return FALSE;
}

static gboolean
fake_check(NwfBackend *base, const char *port, NwfRules *rules, GError **error)
{
    const FakeBackend *fake = fake_of(base);

    return !fake->by_check || !has_line(rules, fake->bad_line) ||
           nwf_set_error(error, NWF_ERROR_FIREWALL, "port '%s': the check says no", port);
}

static GPtrArray *
names_of(FakeBackend *fake)
{
    GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
    GHashTableIter iter;
    gpointer name;

    g_hash_table_iter_init(&iter, fake->kernel);
    while (g_hash_table_iter_next(&iter, &name, NULL))
        g_ptr_array_add(names, g_strdup(name));
    return names;
}

static int
compare_names(gconstpointer a, gconstpointer b)
{
    return g_strcmp0(*(const char *const *)a, *(const char *const *)b);
}

static gboolean
fake_read(NwfBackend *base, GPtrArray **ports, NwfNotes *notes G_GNUC_UNUSED, GError **error G_GNUC_UNUSED)
{
    *ports = names_of(fake_of(base));
    return TRUE;
}

/* Whether the kernel holds anything else than it should. */
static gboolean
differs(const FakeBackend *fake, const NwfPortChange *changes, guint n)
{
    gboolean same = TRUE;

    for (guint i = 0; same && i < n; i++)
        same = g_hash_table_lookup(fake->kernel, changes[i].port) == changes[i].new_rules;
    return !same;
}

static int
find_culprit(const FakeBackend *fake, const NwfPortChange *changes, guint n)
{
    for (guint i = 0; i < n && fake->bad_line; i++)
        if (changes[i].new_rules && has_line(changes[i].new_rules, fake->bad_line))
            return (int)i;
    return NWF_NO_CULPRIT;
}

static void
count_own(FakeBackend *fake)
{
    fake->generation++;
    g_array_append_val(fake->own, fake->generation);
}

static void
make(FakeBackend *fake, const NwfPortChange *changes, guint n, guint stride)
{
    for (guint i = 0; i < n; i += stride)
        set(fake->kernel, changes[i].port, changes[i].new_rules);
    count_own(fake);
}

static void
acknowledge(FakeBackend *fake, const NwfPortChange *changes, guint n)
{
    for (guint i = 0; i < n; i++)
        set(fake->acknowledged, changes[i].port, changes[i].new_rules);
}

static gboolean
apply(FakeBackend *fake, const NwfPortChange *changes, guint n, NwfApplyResult *result, GError **error)
{
    g_autofree FakeStep *step = n && differs(fake, changes, n) ? g_queue_pop_head(&fake->script) : NULL;
    FakeOutcome outcome = step ? step->outcome : FAKE_TAKES;
    int culprit;

    *result = (NwfApplyResult){NWF_APPLIED_ALL, NWF_NO_CULPRIT, FALSE};
    if (!differs(fake, changes, n)) {
        acknowledge(fake, changes, n);
        return TRUE;
    }
    fake->calls++;
    if (fake->clock)
        *fake->clock += fake->cost;
    if (step && step->meanwhile)
        step->meanwhile(fake, step->data);
    culprit = find_culprit(fake, changes, n);
    if (outcome == FAKE_LOSES) {
        make(fake, changes, n, 2);
        *result = (NwfApplyResult){NWF_APPLIED_UNKNOWN, NWF_NO_CULPRIT, TRUE};
        return nwf_set_error(error, NWF_ERROR_FIREWALL, "nobody knows what happened");
    }
    if (outcome == FAKE_REFUSES || culprit != NWF_NO_CULPRIT || fake->broken) {
        *result = (NwfApplyResult){NWF_APPLIED_NONE, step && step->silent ? NWF_NO_CULPRIT : culprit, FALSE};
        return nwf_set_error(error, NWF_ERROR_FIREWALL, "the kernel says no");
    }
    make(fake, changes, n, 1);
    acknowledge(fake, changes, n);
    result->wrote = TRUE;
    return TRUE;
}

static gint64
thread_time(void)
{
    struct timespec now;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return now.tv_sec * G_GINT64_CONSTANT(1000000000) + now.tv_nsec;
}

static gboolean
fake_apply(NwfBackend *base, const NwfPortChange *changes, guint n, NwfNotes *notes G_GNUC_UNUSED,
           NwfApplyResult *result, GError **error)
{
    FakeBackend *fake = fake_of(base);
    gint64 begin = thread_time();
    gboolean all = apply(fake, changes, n, result, error);

    fake->spent += thread_time() - begin;
    return all;
}

static gboolean
fake_is_own(NwfBackend *base, guint32 first, guint32 last, guint32 process G_GNUC_UNUSED)
{
    const GArray *own = fake_of(base)->own;
    guint32 found = 0;

    for (guint i = 0; i < own->len; i++)
        found += g_array_index(own, guint32, i) - first <= last - first;
    return found == last - first + 1;
}

static gboolean
is_ours(const FakeBackend *fake, const char *chain)
{
    return g_hash_table_contains(fake->kernel, chain) || g_hash_table_contains(fake->acknowledged, chain);
}

static gboolean
fake_reread(NwfBackend *base, GPtrArray *touched, NwfReread *found, GError **error G_GNUC_UNUSED)
{
    FakeBackend *fake = fake_of(base);

    *found = (NwfReread){NULL, -1};
    if (!touched) {
        g_autoptr(GHashTable) all = g_hash_table_new(g_str_hash, g_str_equal);
        GHashTable *const both[] = {fake->kernel, fake->acknowledged};
        GHashTableIter iter;
        gpointer name;
        found->ports = g_ptr_array_new_with_free_func(g_free);
        for (guint i = 0; i < G_N_ELEMENTS(both); i++) {
            g_hash_table_iter_init(&iter, both[i]);
            while (g_hash_table_iter_next(&iter, &name, NULL))
                if (g_hash_table_add(all, name))
                    g_ptr_array_add(found->ports, g_strdup(name));
        }
        return TRUE;
    }
    for (guint i = 0; i < touched->len; i++) {
        const NwfTouched *what = g_ptr_array_index(touched, i);
        if (!what->chain || !is_ours(fake, what->chain))
            continue;
        if (found->first < 0) {
            found->first = (int)i;
            found->ports = g_ptr_array_new_with_free_func(g_free);
        }
        if (!g_ptr_array_find_with_equal_func(found->ports, what->chain, g_str_equal, NULL))
            g_ptr_array_add(found->ports, g_strdup(what->chain));
    }
    return TRUE;
}

static gboolean
fake_reassert(NwfBackend *base, GPtrArray *ports, gboolean *wrote, GError **error)
{
    FakeBackend *fake = fake_of(base);

    if (fake->broken)
        return nwf_set_error(error, NWF_ERROR_FIREWALL, "the kernel says no");
    for (guint i = 0; i < ports->len; i++) {
        const char *port = g_ptr_array_index(ports, i);
        NwfRules *had = g_hash_table_lookup(fake->acknowledged, port);
        if (g_hash_table_lookup(fake->kernel, port) == had)
            continue;
        set(fake->kernel, port, had);
        count_own(fake);
        *wrote = TRUE;
    }
    return TRUE;
}

static gboolean
fake_remove_all(NwfBackend *base, GError **error G_GNUC_UNUSED)
{
    FakeBackend *fake = fake_of(base);

    g_hash_table_remove_all(fake->kernel);
    g_hash_table_remove_all(fake->acknowledged);
    count_own(fake);
    return TRUE;
}

static void
fake_free(NwfBackend *base)
{
    FakeBackend *fake = fake_of(base);

    g_hash_table_unref(fake->kernel);
    g_hash_table_unref(fake->acknowledged);
    g_queue_clear_full(&fake->script, g_free);
    g_array_unref(fake->own);
    g_free(fake);
}

FakeBackend *
fake_backend_new(void)
{
    FakeBackend *fake = g_new0(FakeBackend, 1);

    fake->base = (NwfBackend){
        .name = "fake",
        .tables = tables,
        .probe = fake_probe,
        .check = fake_check,
        .read = fake_read,
        .apply = fake_apply,
        .is_own = fake_is_own,
        .reread = fake_reread,
        .reassert = fake_reassert,
        .remove_all = fake_remove_all,
        .free = fake_free,
    };
    g_queue_init(&fake->script);
    fake->kernel = table_new();
    fake->acknowledged = table_new();
    fake->own = g_array_new(FALSE, FALSE, sizeof(guint32));
    return fake;
}

NwfBackend *
fake_backend_base(FakeBackend *fake)
{
    return &fake->base;
}

/* ---- the script ---- */

void
fake_backend_then(FakeBackend *fake, FakeStep step)
{
    FakeStep *copy = g_new(FakeStep, 1);

    *copy = step;
    g_queue_push_tail(&fake->script, copy);
}

void
fake_backend_forget(FakeBackend *fake)
{
    g_queue_clear_full(&fake->script, g_free);
}

void
fake_backend_refuse_line(FakeBackend *fake, guint line, gboolean by_check)
{
    fake->bad_line = line;
    fake->by_check = by_check;
}

void
fake_backend_break(FakeBackend *fake, gboolean broken)
{
    fake->broken = broken;
}

void
fake_backend_limit(FakeBackend *fake, guint ports_max)
{
    fake->base.ports_max = ports_max;
}

void
fake_backend_slow(FakeBackend *fake, gint64 *clock, gint64 cost)
{
    fake->clock = clock;
    fake->cost = cost;
}

void
fake_backend_forbid_reassert(FakeBackend *fake)
{
    fake->base.reassert = NULL;
}

/* ---- somebody else ---- */

void
fake_backend_set(FakeBackend *fake, const char *port, NwfRules *rules)
{
    fake->generation++;
    set(fake->kernel, port, rules);
}

void
fake_backend_flush(FakeBackend *fake)
{
    fake->generation++;
    g_hash_table_remove_all(fake->kernel);
}

NwfRules *
fake_backend_holds(FakeBackend *fake, const char *port)
{
    return g_hash_table_lookup(fake->kernel, port);
}

char *
fake_backend_listing(FakeBackend *fake)
{
    g_autoptr(GPtrArray) names = names_of(fake);
    g_autoptr(GString) text = g_string_new(NULL);

    g_ptr_array_sort(names, compare_names);
    for (guint i = 0; i < names->len; i++) {
        const char *name = g_ptr_array_index(names, i);
        g_string_append_printf(text, "%s %p\n", name, g_hash_table_lookup(fake->kernel, name));
    }
    return g_string_free(g_steal_pointer(&text), FALSE);
}

guint32
fake_backend_generation(FakeBackend *fake)
{
    return fake->generation;
}

guint
fake_backend_size(FakeBackend *fake)
{
    return g_hash_table_size(fake->kernel);
}

guint
fake_backend_calls(FakeBackend *fake)
{
    return fake->calls;
}

gint64
fake_backend_spent(FakeBackend *fake)
{
    return fake->spent;
}
