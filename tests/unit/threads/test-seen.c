/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test-seen.c: ThreadSanitizer sees races, and what GLib guards is none
 *
 * Without this a lane that finds nothing would say nothing: it might as well be blind.
 */
#include <glib.h>

enum { TURNS = 1000 };

static GMutex lock, other;
static GCond told;
static guint shared; /* of each case's two threads */

typedef struct Thing {
    gatomicrefcount count;
    guint number;
} Thing;

static Thing *thing;
static GPtrArray *array;
static GAsyncQueue *queue;
static GHashTable *table;

/* ---- what is a race ---- */

static gpointer
without_a_lock(G_GNUC_UNUSED gpointer data)
{
    for (guint i = 0; i < TURNS; i++)
        shared++;
    return NULL;
}

/* Both are locked, but not by the same. */
static gpointer
with_different_locks(gpointer first)
{
    for (guint i = 0; i < TURNS; i++) {
        g_mutex_lock(first ? &lock : &other);
        shared++;
        g_mutex_unlock(first ? &lock : &other);
    }
    return NULL;
}

/* Never at the same time here, but some day. */
static gpointer
with_locks_in_any_order(gpointer first)
{
    if (!first)
        g_usleep(100000);
    g_mutex_lock(first ? &lock : &other);
    g_mutex_lock(first ? &other : &lock);
    shared++;
    g_mutex_unlock(first ? &other : &lock);
    g_mutex_unlock(first ? &lock : &other);
    return NULL;
}

/* A table is changed inside of GLib. */
static gpointer
with_a_table(gpointer first)
{
    for (guint i = 0; first && i < TURNS; i++)
        g_hash_table_add(table, GUINT_TO_POINTER(i));
    g_usleep(first ? 0 : 100000);
    g_assert_true(first || g_hash_table_contains(table, GUINT_TO_POINTER(1)));
    return NULL;
}

/* ---- what is none ---- */

static gpointer
with_a_lock(G_GNUC_UNUSED gpointer data)
{
    for (guint i = 0; i < TURNS; i++) {
        g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&lock);
        shared++;
    }
    return NULL;
}

static gpointer
with_a_condition(gpointer first)
{
    g_mutex_lock(&lock);
    for (guint i = 0; i < TURNS; i++) {
        while (shared % 2 != (first ? 0 : 1))
            g_cond_wait(&told, &lock);
        shared++;
        g_cond_signal(&told);
    }
    g_mutex_unlock(&lock);
    return NULL;
}

static gpointer
with_references(G_GNUC_UNUSED gpointer data)
{
    g_assert_cmpuint(thing->number, ==, 0);
    if (g_atomic_ref_count_dec(&thing->count)) {
        thing->number = 1;
        g_free(thing);
    }
    if (g_ptr_array_index(array, 0) != NULL)
        g_ptr_array_unref(array);
    return NULL;
}

static gpointer
with_a_queue(gpointer first)
{
    for (guint i = 1; i <= TURNS; i++) {
        guint *number;
        if (first) {
            number = g_new(guint, 1);
            *number = i;
            g_async_queue_push(queue, number);
            continue;
        }
        while ((number = g_async_queue_try_pop(queue)) == NULL)
            g_usleep(10);
        g_assert_cmpuint(*number, ==, i);
        *number = 0;
        g_free(number);
    }
    return NULL;
}

typedef struct Case {
    const char *name;
    GThreadFunc work;
    const char *seen; /* NULL: nothing */
} Case;

static const Case cases[] = {
    {"race", without_a_lock, "*WARNING: ThreadSanitizer: data race*"},
    {"different-locks", with_different_locks, "*WARNING: ThreadSanitizer: data race*"},
    {"table", with_a_table, "*WARNING: ThreadSanitizer: data race*"},
    {"order-of-locks", with_locks_in_any_order, "*WARNING: ThreadSanitizer: lock-order-inversion*"},
    {"lock", with_a_lock, NULL},
    {"condition", with_a_condition, NULL},
    {"references", with_references, NULL},
    {"queue", with_a_queue, NULL},
};

static void
do_it(const Case *row)
{
    GThread *threads[2];

    thing = g_new0(Thing, 1);
    g_atomic_ref_count_init(&thing->count);
    g_atomic_ref_count_inc(&thing->count);
    array = g_ptr_array_new();
    g_ptr_array_add(array, thing);
    g_ptr_array_ref(array);
    queue = g_async_queue_new();
    table = g_hash_table_new(NULL, NULL);
    threads[0] = g_thread_new("first", row->work, &shared);
    threads[1] = g_thread_new("second", row->work, NULL);
    for (guint i = 0; i < G_N_ELEMENTS(threads); i++)
        g_thread_join(threads[i]);
}

static void
test_seen(gconstpointer data)
{
    const Case *row = data;

    if (g_test_subprocess()) {
        do_it(row);
        return;
    }
    g_test_trap_subprocess(NULL, 0, 0);
    if (row->seen != NULL) {
        g_test_trap_assert_failed();
        g_test_trap_assert_stderr(row->seen);
    } else {
        g_test_trap_assert_passed();
        g_test_trap_assert_stderr_unmatched("*ThreadSanitizer*");
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *path = g_strdup_printf("/threads/seen/%s", cases[i].name);
        g_test_add_data_func(path, &cases[i], test_seen);
    }
    return g_test_run();
}
