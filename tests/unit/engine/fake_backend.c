/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * fake_backend.c: a backend whose kernel is a table in memory, and that follows a script
 */
#include "tests/unit/engine/fake_backend.h"

#include "conf/error.h"

struct FakeBackend {
    NwfBackend base;
    GMutex lock;        /* over all below */
    GHashTable *kernel; /* port -> NwfPlan */
    GHashTable *doubt;  /* set of ports whose last change was lost */
    GQueue script;      /* of FakeStep */
    guint calls;
};

static FakeBackend *
fake_of(NwfBackend *base)
{
    return (FakeBackend *)base;
}

static gboolean
probe(NwfBackend *base G_GNUC_UNUSED, NwfNotes *notes G_GNUC_UNUSED, GError **error G_GNUC_UNUSED)
{
    return TRUE;
}

static gboolean
read_ports(NwfBackend *base, GPtrArray **ports, NwfNotes *notes G_GNUC_UNUSED, GError **error G_GNUC_UNUSED)
{
    FakeBackend *fake = fake_of(base);
    GHashTableIter iter;
    gpointer name;

    *ports = g_ptr_array_new_with_free_func(g_free);
    g_mutex_lock(&fake->lock);
    g_hash_table_iter_init(&iter, fake->kernel);
    while (g_hash_table_iter_next(&iter, &name, NULL))
        g_ptr_array_add(*ports, g_strdup(name));
    g_mutex_unlock(&fake->lock);
    return TRUE;
}

static void
set_locked(FakeBackend *fake, const NwfPortChange *change)
{
    if (change->new_plan)
        g_hash_table_replace(fake->kernel, g_strdup(change->port), nwf_plan_ref(change->new_plan));
    else
        g_hash_table_remove(fake->kernel, change->port);
}

static gboolean
apply(NwfBackend *base, GPtrArray *changes, NwfNotes *notes G_GNUC_UNUSED, GError **error)
{
    FakeBackend *fake = fake_of(base);

    if (changes->len == 0)
        return TRUE;
    g_mutex_lock(&fake->lock);
    fake->calls++;
    g_autofree FakeStep *step = g_queue_pop_head(&fake->script);
    g_mutex_unlock(&fake->lock);
    if (step && step->meanwhile)
        step->meanwhile(fake, step->data);

    FakeOutcome outcome = step ? step->outcome : FAKE_TAKES;
    g_mutex_lock(&fake->lock);
    for (guint i = 0; i < changes->len; i++) {
        const NwfPortChange *change = g_ptr_array_index(changes, i);
        if (outcome == FAKE_TAKES || (outcome == FAKE_LOSES && i % 2 == 0))
            set_locked(fake, change);
        if (outcome == FAKE_TAKES)
            g_hash_table_remove(fake->doubt, change->port);
        else if (outcome == FAKE_LOSES)
            g_hash_table_add(fake->doubt, g_strdup(change->port));
    }
    g_mutex_unlock(&fake->lock);
    return outcome == FAKE_TAKES || nwf_set_error(error, NWF_ERROR_FIREWALL, "the script says no");
}

static gboolean
is_certain(NwfBackend *base, const char *port)
{
    FakeBackend *fake = fake_of(base);

    g_mutex_lock(&fake->lock);
    gboolean certain = !g_hash_table_contains(fake->doubt, port);
    g_mutex_unlock(&fake->lock);
    return certain;
}

static gboolean
look(NwfBackend *base, GPtrArray *touched G_GNUC_UNUSED, GPtrArray **ports, GError **error)
{
    return read_ports(base, ports, NULL, error);
}

static gboolean
retire_stock(NwfBackend *base G_GNUC_UNUSED, GError **error G_GNUC_UNUSED)
{
    return TRUE;
}

static gboolean
never(NwfBackend *base G_GNUC_UNUSED)
{
    return FALSE;
}

static GArray *
take_runs(NwfBackend *base G_GNUC_UNUSED)
{
    return g_array_new(FALSE, FALSE, sizeof(NwfRun));
}

static void
fake_free(NwfBackend *base)
{
    FakeBackend *fake = fake_of(base);

    g_hash_table_unref(fake->kernel);
    g_hash_table_unref(fake->doubt);
    g_queue_clear_full(&fake->script, g_free);
    g_mutex_clear(&fake->lock);
    g_free(fake);
}

FakeBackend *
fake_backend_new(void)
{
    static const NwfTable none[] = {{0, NULL}};
    FakeBackend *fake = g_new0(FakeBackend, 1);

    fake->base = (NwfBackend){
        .name = "fake",
        .tables = none,
        .probe = probe,
        .read = read_ports,
        .apply = apply,
        .is_certain = is_certain,
        .look = look,
        .retire_stock = retire_stock,
        .is_mute = never,
        .is_stirred = never,
        .take_runs = take_runs,
        .free = fake_free,
    };
    g_mutex_init(&fake->lock);
    g_queue_init(&fake->script);
    fake->kernel = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)nwf_plan_unref);
    fake->doubt = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    return fake;
}

NwfBackend *
fake_backend_base(FakeBackend *fake)
{
    return &fake->base;
}

void
fake_backend_then(FakeBackend *fake, FakeStep step)
{
    FakeStep *copy = g_new(FakeStep, 1);

    *copy = step;
    g_mutex_lock(&fake->lock);
    g_queue_push_tail(&fake->script, copy);
    g_mutex_unlock(&fake->lock);
}

NwfPlan *
fake_backend_holds(FakeBackend *fake, const char *port)
{
    g_mutex_lock(&fake->lock);
    NwfPlan *plan = g_hash_table_lookup(fake->kernel, port);
    if (plan)
        nwf_plan_ref(plan);
    g_mutex_unlock(&fake->lock);
    return plan;
}

guint
fake_backend_calls(FakeBackend *fake)
{
    g_mutex_lock(&fake->lock);
    guint calls = fake->calls;
    g_mutex_unlock(&fake->lock);
    return calls;
}
