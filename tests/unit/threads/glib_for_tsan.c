/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * glib_for_tsan.c: tells ThreadSanitizer what GLib does
 *
 * GLib's locks are futexes and its reference counts are atomics inside of a library that was not instrumented, so
 * ThreadSanitizer sees neither, and would call everything a race that they guard. Here are functions of the same names
 * that our code finds first: each tells what happens and calls the real one. Nothing is replaced, so GLib itself, which
 * calls its own functions directly, and our code agree about every lock.
 *
 * Two ways to use it, both in builds with -Db_sanitize=thread alone: linked into a test program, or as a library for
 * LD_PRELOAD, beside the runtime of ThreadSanitizer, for a daemon that loads an instrumented module.
 *
 * What GLib and GIO do inside, with locks of their own that nobody sees, is left out of sight altogether: what they
 * allocate, copy, compare and free. So that what our code frees stays in sight, g_free() is one of the functions here.
 *
 * What is told: who reads and who changes a table, an array or a queue; locks, with their order, so that ones that
 * could block each other are reported, too; that whoever drops the last reference comes after all who dropped theirs;
 * that who takes from a queue comes after who put there. Limits: what is not in the lists below is not seen. A new kind
 * of GLib's locks in driver/ needs a row.
 */
#include <dlfcn.h>
#include <glib.h>
#include <stdlib.h>
#include <sanitizer/tsan_interface.h>

/* The runtime looks for it. */
__attribute__((visibility("default"))) const char *__tsan_default_suppressions(void);

const char *
__tsan_default_suppressions(void)
{
    return "called_from_lib:libglib-2.0.so\n"
           "called_from_lib:libgobject-2.0.so\n"
           "called_from_lib:libgio-2.0.so\n";
}

#ifdef FOR_PRELOAD
#pragma GCC visibility push(default)
#else
void
g_free(gpointer memory)
{
    free(memory);
}
#endif

#define REAL(name) ((__typeof__(&(name)))real_of(&real_##name, #name))
#define KEEP(name) static gpointer real_##name

static gpointer
real_of(gpointer *kept, const char *name)
{
    gpointer found = __atomic_load_n(kept, __ATOMIC_ACQUIRE);

    if (found == NULL) {
        found = dlsym(RTLD_NEXT, name);
        __atomic_store_n(kept, found, __ATOMIC_RELEASE);
    }
    return found;
}

/* ---- locks ---- */

KEEP(g_mutex_lock);
KEEP(g_mutex_trylock);
KEEP(g_mutex_unlock);
KEEP(g_mutex_clear);
KEEP(g_cond_wait);
KEEP(g_cond_wait_until);
KEEP(g_once_impl);

void
g_mutex_lock(GMutex *mutex)
{
    __tsan_mutex_pre_lock(mutex, 0);
    REAL(g_mutex_lock)(mutex);
    __tsan_mutex_post_lock(mutex, 0, 0);
}

gboolean
g_mutex_trylock(GMutex *mutex)
{
    gboolean taken;

    __tsan_mutex_pre_lock(mutex, __tsan_mutex_try_lock);
    taken = REAL(g_mutex_trylock)(mutex);
    __tsan_mutex_post_lock(mutex, taken ? __tsan_mutex_try_lock : __tsan_mutex_try_lock | __tsan_mutex_try_lock_failed,
                           0);
    return taken;
}

void
g_mutex_unlock(GMutex *mutex)
{
    __tsan_mutex_pre_unlock(mutex, 0);
    REAL(g_mutex_unlock)(mutex);
    __tsan_mutex_post_unlock(mutex, 0);
}

void
g_mutex_clear(GMutex *mutex)
{
    REAL(g_mutex_clear)(mutex);
    __tsan_mutex_destroy(mutex, 0);
}

static void
let_go(GMutex *mutex)
{
    __tsan_mutex_pre_unlock(mutex, 0);
    __tsan_mutex_post_unlock(mutex, 0);
}

static void
have_again(GMutex *mutex)
{
    __tsan_mutex_pre_lock(mutex, 0);
    __tsan_mutex_post_lock(mutex, 0, 0);
}

void
g_cond_wait(GCond *cond, GMutex *mutex)
{
    let_go(mutex);
    REAL(g_cond_wait)(cond, mutex);
    have_again(mutex);
}

gboolean
g_cond_wait_until(GCond *cond, GMutex *mutex, gint64 end_time)
{
    gboolean signalled;

    let_go(mutex);
    signalled = REAL(g_cond_wait_until)(cond, mutex, end_time);
    have_again(mutex);
    return signalled;
}

typedef struct Once {
    GOnce *once;
    GThreadFunc func;
    gpointer arg;
} Once;

static gpointer
do_once(gpointer data)
{
    Once *job = data;
    gpointer result = job->func(job->arg);

    __tsan_release(job->once);
    return result;
}

gpointer
g_once_impl(GOnce *once, GThreadFunc func, gpointer arg)
{
    Once job = {once, func, arg};
    gpointer result = REAL(g_once_impl)(once, do_once, &job);

    __tsan_acquire(once);
    return result;
}

/* ---- references ---- */

KEEP(g_atomic_ref_count_dec);

gboolean(g_atomic_ref_count_dec)(gatomicrefcount *count)
{
    __tsan_release(count);
    __tsan_acquire(count);
    return REAL(g_atomic_ref_count_dec)(count);
}

#define UNREF(name, Type)                                                                                              \
    KEEP(name);                                                                                                        \
    void name(Type *object)                                                                                            \
    {                                                                                                                  \
        __tsan_release(object);                                                                                        \
        __tsan_acquire(object);                                                                                        \
        REAL(name)(object);                                                                                            \
    }

UNREF(g_array_unref, GArray)
UNREF(g_async_queue_unref, GAsyncQueue)
UNREF(g_byte_array_unref, GByteArray)
UNREF(g_bytes_unref, GBytes)
UNREF(g_hash_table_unref, GHashTable)
UNREF(g_ptr_array_unref, GPtrArray)
UNREF(g_ref_string_release, char)
UNREF(g_tree_unref, GTree)

/* ---- queues ---- */

/* With the queue's own lock: what it allocates for a place is freed by who takes from it. */
void
g_async_queue_push(GAsyncQueue *queue, gpointer data)
{
    g_async_queue_lock(queue);
    g_async_queue_push_unlocked(queue, data);
    __tsan_release(queue);
    g_async_queue_unlock(queue);
}

gpointer
g_async_queue_try_pop(GAsyncQueue *queue)
{
    gpointer data;

    g_async_queue_lock(queue);
    __tsan_acquire(queue);
    data = g_async_queue_try_pop_unlocked(queue);
    g_async_queue_unlock(queue);
    return data;
}

/* ---- who reads and who changes what ---- */

/* What the compiler has accesses call. */
void __tsan_read_range(void *place, long size);
void __tsan_write_range(void *place, long size);

#define SEEN(access, size, Result, name, parameters, object, arguments)                                                \
    KEEP(name);                                                                                                        \
    Result name parameters                                                                                             \
    {                                                                                                                  \
        __tsan_##access##_range(object, size);                                                                         \
        return REAL(name) arguments;                                                                                   \
    }
/* Of what is opaque, one word stands for all. */
#define READS(Result, name, parameters, object, arguments)                                                             \
    SEEN(read, sizeof(gpointer), Result, name, parameters, object, arguments)
#define WRITES(Result, name, parameters, object, arguments)                                                            \
    SEEN(write, sizeof(gpointer), Result, name, parameters, object, arguments)
#define WRITES_ALL(Result, name, parameters, object, arguments)                                                        \
    SEEN(write, sizeof(*(object)), Result, name, parameters, object, arguments)

READS(gpointer, g_hash_table_lookup, (GHashTable * table, gconstpointer key), table, (table, key))
READS(gboolean, g_hash_table_contains, (GHashTable * table, gconstpointer key), table, (table, key))
READS(guint, g_hash_table_size, (GHashTable * table), table, (table))
READS(void, g_hash_table_iter_init, (GHashTableIter * iter, GHashTable *table), table, (iter, table))
WRITES(gboolean, g_hash_table_insert, (GHashTable * table, gpointer key, gpointer value), table, (table, key, value))
WRITES(gboolean, g_hash_table_replace, (GHashTable * table, gpointer key, gpointer value), table, (table, key, value))
WRITES(gboolean, g_hash_table_add, (GHashTable * table, gpointer key), table, (table, key))
WRITES(gboolean, g_hash_table_remove, (GHashTable * table, gconstpointer key), table, (table, key))
WRITES(gboolean, g_hash_table_steal, (GHashTable * table, gconstpointer key), table, (table, key))
WRITES(void, g_hash_table_remove_all, (GHashTable * table), table, (table))

READS(gpointer, g_tree_lookup, (GTree * tree, gconstpointer key), tree, (tree, key))
READS(void, g_tree_foreach, (GTree * tree, GTraverseFunc func, gpointer data), tree, (tree, func, data))
WRITES(void, g_tree_insert, (GTree * tree, gpointer key, gpointer value), tree, (tree, key, value))
WRITES(void, g_tree_replace, (GTree * tree, gpointer key, gpointer value), tree, (tree, key, value))
WRITES(gboolean, g_tree_remove, (GTree * tree, gconstpointer key), tree, (tree, key))

WRITES_ALL(void, g_ptr_array_add, (GPtrArray * array, gpointer data), array, (array, data))
WRITES_ALL(gpointer, g_ptr_array_remove_index, (GPtrArray * array, guint index), array, (array, index))
WRITES_ALL(gboolean, g_ptr_array_remove, (GPtrArray * array, gpointer data), array, (array, data))
WRITES_ALL(void, g_ptr_array_set_size, (GPtrArray * array, gint length), array, (array, length))
WRITES_ALL(GArray *, g_array_append_vals, (GArray * array, gconstpointer data, guint length), array,
           (array, data, length))
WRITES_ALL(GArray *, g_array_remove_index, (GArray * array, guint index), array, (array, index))
WRITES_ALL(GArray *, g_array_set_size, (GArray * array, guint length), array, (array, length))

READS(gboolean, g_queue_is_empty, (GQueue * queue), queue, (queue))
READS(guint, g_queue_get_length, (GQueue * queue), queue, (queue))
WRITES_ALL(void, g_queue_push_tail, (GQueue * queue, gpointer data), queue, (queue, data))
WRITES_ALL(gpointer, g_queue_pop_head, (GQueue * queue), queue, (queue))
