/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * world.c: an engine of its own with real tools, files and kernel
 *
 * Network and tools are those of tests/unit/tech/kernel: a network namespace without any rule, and wrappers that count
 * the tools and can make one fail. Files live below /run, which the sandbox has covered. So everything an engine
 * touches is real, and nothing of it is the host's.
 */
#include "tests/unit/engine/world.h"

#include "driver/tech/backends.h"

#include <string.h>
#include <unistd.h>

static gboolean inhibited;

/* --- the engine --- */

static void
note_inhibit(gboolean inhibit, gpointer data)
{
    g_assert_true(data == &inhibited);
    g_assert_cmpint(inhibited, !=, inhibit);
    inhibited = inhibit;
}

void
world_start(World *world)
{
    g_autoptr(GError) error = NULL;
    const NwfBackendOptions options = {FALSE, NULL};
    NwfEngineConfig config = {
        .filter_dir = world->filters,
        .binding_dir = world->bindings,
        .learn_dir = world->learned,
        .lease_file = world->leases,
        .dialect = NWF_DIALECT_9,
        .backend = nwf_backend_kinds->new(&options),
        .log = engine_log_line,
        .inhibit = note_inhibit,
        .inhibit_data = &inhibited,
    };

    world->engine = nwf_engine_new(&config, &error);
    g_assert_no_error(error);
    nwf_engine_settle(world->engine, G_TIME_SPAN_MINUTE);
    g_autoptr(GPtrArray) bindings = nwf_engine_bindings(world->engine);
    g_assert_cmpint(inhibited, ==, bindings->len > 0);
}

void
world_stop(World *world)
{
    g_clear_pointer(&world->engine, nwf_engine_free);
    g_assert_false(inhibited);
}

World *
world_new(void)
{
    static guint number;
    World *world = g_new0(World, 1);

    sandbox_fresh();
    engine_forget_log();
    world->filters = g_strdup_printf("/run/world/%u/nwfilter", ++number);
    world->bindings = g_strdup_printf("/run/world/%u/nwfilter-binding", number);
    world->learned = g_strdup_printf("/run/world/%u/nwfilter-learn", number);
    world->leases = g_strdup_printf("/run/world/%u/network/nwfilter.leases", number);
    world_start(world);
    g_free(sandbox_record());
    return world;
}

void
world_free(World *world)
{
    if (!world)
        return;
    world_stop(world);
    g_free(world->filters);
    g_free(world->bindings);
    g_free(world->learned);
    g_free(world->leases);
    g_free(world);
}

void
world_device(const char *name)
{
    g_autofree char *script = g_strdup_printf("ip link add %s type veth", name);

    g_free(sandbox_run(script));
}

/* --- the kernel --- */

static int
compare_lines(gconstpointer a, gconstpointer b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static gboolean
line_names(const char *line, const char *port)
{
    const char *at = line;
    gsize length = strlen(port);

    while ((at = strstr(at, port))) {
        gboolean begins = at == line || strchr(" -", at[-1]);
        if (begins && (!at[length] || strchr(" -", at[length])))
            return TRUE;
        at++;
    }
    return FALSE;
}

/* The sorted lines of all listings, or those that name @port. */
static char *
kernel_lines(const char *port)
{
    g_autoptr(GPtrArray) all = g_ptr_array_new_with_free_func(g_free);

    for (NwfLayer layer = 0; layer < NWF_LAYERS; layer++) {
        g_autofree char *listing = sandbox_listing(layer);
        g_auto(GStrv) lines = g_strsplit(listing, "\n", -1);
        for (guint i = 0; lines[i]; i++)
            if (*lines[i] && (!port || line_names(lines[i], port)))
                g_ptr_array_add(all, g_strdup_printf("%d %s", (int)layer, lines[i]));
    }
    g_ptr_array_sort(all, compare_lines);
    g_ptr_array_add(all, NULL);
    return g_strjoinv("\n", (char **)all->pdata);
}

char *
world_kernel(void)
{
    return kernel_lines(NULL);
}

char *
world_rules(const char *port)
{
    return kernel_lines(port);
}

guint
world_runs(void)
{
    g_autofree char *record = sandbox_record();
    g_auto(GStrv) names = g_strsplit(record, " ", -1);

    return *record ? g_strv_length(names) : 0;
}

gboolean
world_holds(const char *port, const char *part, guint seconds)
{
    gint64 deadline = g_get_monotonic_time() + seconds * G_TIME_SPAN_SECOND;

    do {
        g_autofree char *rules = world_rules(port);
        if (strstr(rules, part))
            return TRUE;
        g_usleep(50 * 1000);
    } while (g_get_monotonic_time() < deadline);
    return FALSE;
}

/* --- agreement --- */

/* The text of each file of @folder from the root element on, by name; nothing else may be in the folder. */
static GHashTable *
texts_of_files(const char *folder)
{
    GHashTable *texts = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    g_autoptr(GPtrArray) names = harness_names(folder);

    for (guint i = 0; i < names->len; i++) {
        const char *name = g_ptr_array_index(names, i);
        g_autofree char *path = g_build_filename(folder, name, NULL);
        g_autofree char *text = harness_text(path);
        const char *begin = strstr(text, "<filter");

        g_assert_true(g_str_has_suffix(name, ".xml"));
        g_assert_nonnull(begin);
        g_hash_table_insert(texts, g_strndup(name, strlen(name) - strlen(".xml")), g_strdup(begin));
    }
    return texts;
}

static void
filters_agree(World *world)
{
    g_autoptr(GPtrArray) filters = nwf_engine_filters(world->engine);
    g_autoptr(GHashTable) texts = texts_of_files(world->filters);

    g_assert_cmpuint(filters->len, ==, g_hash_table_size(texts));
    for (guint i = 0; i < filters->len; i++) {
        NwfFilter *filter = g_ptr_array_index(filters, i);
        g_autofree char *text = nwf_filter_format(filter, NWF_DIALECT_9);
        g_autoptr(NwfFilter) by_uuid = nwf_engine_filter_by_uuid(world->engine, filter->uuid, NULL);
        g_assert_cmpstr(text, ==, g_hash_table_lookup(texts, filter->name));
        g_assert_true(by_uuid == filter);
    }
}

static void
bindings_agree(World *world)
{
    static const NwfReading reading = {.dialect = NWF_DIALECT_9};
    g_autoptr(GPtrArray) bindings = nwf_engine_bindings(world->engine);
    g_autoptr(GHashTable) texts = texts_of_files(world->bindings);

    g_assert_cmpuint(bindings->len, ==, g_hash_table_size(texts));
    for (guint i = 0; i < bindings->len; i++) {
        const NwfBinding *binding = g_ptr_array_index(bindings, i);
        const char *text = g_hash_table_lookup(texts, binding->portdev);
        g_assert_nonnull(text);
        g_autoptr(NwfBinding) stored = nwf_binding_status_parse(text, &reading, NULL, NULL);
        g_assert_nonnull(stored);
        g_assert_cmpstr(stored->filter, ==, binding->filter);
        g_assert_cmpstr(stored->owner_name, ==, binding->owner_name);
    }
}

void
world_agrees(World *world)
{
    filters_agree(world);
    bindings_agree(world);
    g_autofree char *held = world_kernel();
    world_stop(world);
    sandbox_fresh();
    world_start(world);
    g_autofree char *wanted = world_kernel();
    g_assert_cmpstr(held, ==, wanted);
}

int
world_main(int argc, char **argv, void (*add)(void))
{
    g_test_init(&argc, &argv, NULL);
    if (!sandbox_enter()) {
        g_print("1..0 # SKIP needs root, namespaces and the firewall tools\n");
        return 77;
    }
    add();
    return g_test_run();
}
