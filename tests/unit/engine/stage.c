/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * stage.c: an engine over the fake backend and the fake learner, with files in a temporary folder
 */
#include "tests/unit/engine/stage.h"

#include "driver/engine/internal.h"

#include <glib/gstdio.h>

static char *
place(const Stage *stage, const char *name)
{
    return g_build_filename(stage->folder, name, NULL);
}

Stage *
stage_new(void)
{
    Stage *stage = g_new0(Stage, 1);
    g_autoptr(GError) error = NULL;

    engine_forget_log();
    stage->folder = g_dir_make_tmp("nwf-engine-XXXXXX", &error);
    g_assert_no_error(error);
    stage->fake = fake_backend_new();
    g_autofree char *filters = place(stage, "nwfilter"), *bindings = place(stage, "bindings");
    g_autofree char *learned = place(stage, "learn"), *leases = place(stage, "leases");
    NwfEngineConfig config = {
        .filter_dir = filters,
        .binding_dir = bindings,
        .learn_dir = learned,
        .lease_file = leases,
        .dialect = NWF_DIALECT_9,
        .backend = fake_backend_base(stage->fake),
        .log = engine_log_line,
    };
    stage->engine = nwf_engine_new(&config, &error);
    g_assert_no_error(error);
    nwf_engine_settle(stage->engine, G_TIME_SPAN_MINUTE);
    return stage;
}

static void
remove_folder(const char *path)
{
    g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);

    for (const char *name = NULL; dir && (name = g_dir_read_name(dir));) {
        g_autofree char *inner = g_build_filename(path, name, NULL);
        if (g_file_test(inner, G_FILE_TEST_IS_DIR))
            remove_folder(inner);
        else
            g_unlink(inner);
    }
    g_rmdir(path);
}

void
stage_free(Stage *stage)
{
    if (!stage)
        return;
    nwf_engine_free(stage->engine);
    remove_folder(stage->folder);
    g_free(stage->folder);
    g_free(stage);
}

void
stage_wait_queue(Stage *stage, guint n)
{
    guint waiting = 0;

    while (waiting < n) {
        g_mutex_lock(&stage->engine->lock);
        waiting = stage->engine->queue.length;
        g_mutex_unlock(&stage->engine->lock);
        g_usleep(100);
    }
}

/* An empty request is answered after all that was due before it, and the next one after what that turn left. */
void
stage_idle(Stage *stage)
{
    static const char none[] = "no-such-port";
    g_autoptr(NwfBinding) binding = NULL;

    for (guint i = 0; i < 2; i++) {
        g_autoptr(NwfGroup) group = nwf_group_new(&nwf_release_kind);
        group->portdev = g_strdup(none);
        nwf_group_run(stage->engine, group, NULL);
    }
}

static NwfFilter *
lookup(const char *name, gpointer data)
{
    NwfFilter *filter = nwf_engine_filter_by_name(data, name, NULL);

    nwf_filter_unref(filter); /* the engine keeps it: nothing is defined while a test looks */
    return filter;
}

NwfPlan *
stage_right(Stage *stage, const char *port)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(NwfBinding) binding = nwf_engine_binding(stage->engine, port, &error);
    g_assert_no_error(error);
    g_autoptr(NwfParams) params = nwf_build_params(binding);
    g_autofree char *address = fake_learner_address(port);
    if (address)
        nwf_params_add(params, "IP", address);
    g_autoptr(NwfTree) tree = nwf_tree_new(binding->filter, lookup, stage->engine, &error);
    g_assert_no_error(error);
    g_autoptr(NwfTemplate) template = nwf_template_new(tree, params, &error);
    g_assert_no_error(error);
    g_autoptr(NwfValues) values = nwf_values_new(template, params, NULL, NULL, &error);
    g_assert_no_error(error);
    return nwf_plan_new(template, values, &error);
}

gboolean
stage_is_right(Stage *stage, const char *port)
{
    g_autoptr(NwfPlan) right = stage_right(stage, port), held = fake_backend_holds(stage->fake, port);
    gboolean same = held != NULL;

    for (NwfLayer layer = 0; same && layer < NWF_LAYERS; layer++)
        same = nwf_plan_layer_equal(right, held, layer);
    return same;
}
