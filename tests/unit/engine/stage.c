/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * stage.c: the engine's applier over the fake backend and the fake learner, turn by turn
 */
#include "tests/unit/engine/stage.h"

#include "driver/engine/load.h"

#include <glib/gstdio.h>
#include <string.h>

#define MEMORY "/dev/shm" /* where syncing costs nothing */

static char *
place(const Stage *stage, const char *name)
{
    return g_build_filename(stage->folder, name, NULL);
}

/* ---- beginning and end ---- */

static void
on_relearned(const char *portdev, gpointer data)
{
    nwf_inbox_post_relearned(((Stage *)data)->inbox, portdev);
}

static gint64 *current_clock; /* of the one stage that there is at a time */

static gint64
stage_now(void)
{
    return *current_clock;
}

static void
open_applier(Stage *stage)
{
    const NwfLearnerConfig learner = {.changed = on_relearned, .data = stage};
    g_autoptr(GError) error = NULL;

    stage->catalog = nwf_catalog_new();
    stage->inbox = nwf_inbox_new();
    stage->config.backend = fake_backend_base(stage->fake);
    stage->applier = nwf_applier_new(&stage->config, stage->catalog, stage->inbox);
    stage->applier->learner = nwf_learner_new(&learner, NULL);
    stage->applier->now = stage_now;
    g_assert_true(nwf_applier_open(stage->applier, &error) && nwf_load(stage->applier, &error));
    nwf_scheduler_begin(stage->applier);
}

/* The backend outlives its applier. */
static void
keep_backend(NwfBackend *backend G_GNUC_UNUSED)
{
}

static void
close_applier(Stage *stage)
{
    NwfBackend *backend = fake_backend_base(stage->fake);
    void (*really_free)(NwfBackend *) = backend->free;

    backend->free = keep_backend;
    nwf_learner_free(stage->applier->learner);
    nwf_applier_free(stage->applier);
    backend->free = really_free;
    nwf_inbox_free(stage->inbox);
    nwf_catalog_free(stage->catalog);
}

Stage *
stage_new(void)
{
    Stage *stage = g_new0(Stage, 1);
    const char *parent = g_file_test(MEMORY, G_FILE_TEST_IS_DIR) ? MEMORY : g_get_tmp_dir();

    engine_forget_log();
    stage->folder = g_build_filename(parent, "nwf-engine-XXXXXX", NULL);
    g_assert_nonnull(g_mkdtemp(stage->folder));
    stage->fake = fake_backend_new();
    stage->clock = G_TIME_SPAN_HOUR;
    current_clock = &stage->clock;
    stage->config = (NwfEngineConfig){
        .filter_dir = place(stage, "filters"),
        .binding_dir = place(stage, "bindings"),
        .dialect = NWF_DIALECT_9,
        .log = engine_log_line,
    };
    open_applier(stage);
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
    NwfBackend *backend = fake_backend_base(stage->fake);

    close_applier(stage);
    backend->free(backend);
    remove_folder(stage->folder);
    g_free((char *)stage->config.filter_dir);
    g_free((char *)stage->config.binding_dir);
    g_free(stage->folder);
    g_free(stage);
}

void
stage_restart(Stage *stage)
{
    close_applier(stage);
    open_applier(stage);
}

/* ---- requests ---- */

NwfRequest *
stage_define(const char *name, const char *body)
{
    NwfRequest *request = nwf_request_new(&nwf_define_kind, NULL);

    request->filter = engine_filter(name, body);
    return request;
}

NwfRequest *
stage_undefine(Stage *stage, const char *name)
{
    NwfRequest *request = nwf_request_new(&nwf_undefine_kind, NULL);
    NwfFilter *filter = nwf_catalog_filter(stage->catalog, name);

    request->filter = filter ? filter : engine_filter(name, "");
    return request;
}

NwfRequest *
stage_bind(const char *port, const char *filter)
{
    NwfRequest *request = nwf_request_new(&nwf_bind_kind, port);

    request->binding = engine_binding(port, filter, "guest");
    return request;
}

NwfRequest *
stage_unbind(Stage *stage, const char *port)
{
    NwfRequest *request = nwf_request_new(&nwf_unbind_kind, port);
    g_autoptr(NwfPort) bound = nwf_catalog_port(stage->catalog, port);

    request->binding = bound ? nwf_binding_ref(bound->binding) : NULL;
    return request;
}

/* ---- turns ---- */

/* @retry: it is time for that, too. */
static void
take_turn(Stage *stage, NwfRequest *request, gboolean retry)
{
    const NwfTimers now = {.retry_at = 1}; /* so that an empty inbox does not make it wait */
    g_auto(NwfTurn) turn = {0};

    g_assert_true(nwf_inbox_take(stage->inbox, &now, &turn));
    turn.retry = retry;
    turn.reconcile = turn.events->len > 0;
    if (request)
        g_ptr_array_add(turn.requests, request);
    nwf_scheduler_turn(stage->applier, &turn);
}

gboolean
stage_turn(Stage *stage, NwfRequest *request, GError **error)
{
    g_autoptr(NwfRequest) own G_GNUC_UNUSED = request;

    take_turn(stage, request, FALSE);
    if (!request || !request->error)
        return TRUE;
    g_propagate_error(error, g_steal_pointer(&request->error));
    return FALSE;
}

void
stage_retry(Stage *stage)
{
    take_turn(stage, NULL, TRUE);
}

void
stage_pass(Stage *stage, gint64 microseconds)
{
    stage->clock += microseconds;
}

gboolean
stage_waits(Stage *stage, const char *port)
{
    g_autoptr(GPtrArray) names = nwf_pace_wanted(stage->applier->pace, stage->clock);

    return g_ptr_array_find_with_equal_func(names, port, g_str_equal, NULL);
}

void
stage_loss(Stage *stage, guint32 generation)
{
    NwfChangeEvent *event = nwf_change_event_new(TRUE);

    event->first = generation + 1;
    event->last = fake_backend_generation(stage->fake);
    nwf_inbox_post_event(stage->inbox, event);
}

void
stage_event(Stage *stage, const char *port)
{
    NwfChangeEvent *event = nwf_change_event_new(!port);

    if (port)
        nwf_change_event_touch(event, fake_backend_base(stage->fake)->tables, port);
    nwf_inbox_post_event(stage->inbox, event);
}

/* ---- what many stories begin with ---- */

Stage *
stage_two_ports(void)
{
    Stage *stage = stage_new();
    g_autoptr(GError) error = NULL;

    expect_done(stage_turn(stage, stage_define("web", ETHER("1001")), &error));
    expect_done(stage_turn(stage, stage_define("own", OWN_ADDRESS), &error));
    expect_done(stage_turn(stage, stage_bind("lo", "web"), &error));
    expect_done(stage_turn(stage, stage_bind("va", "own"), &error));
    assert_state(stage, "va", INTERIM, ACKNOWLEDGED);
    fake_learner_learn("va", "10.0.0.5");
    expect_done(stage_turn(stage, NULL, &error));
    assert_state(stage, "va", FILTER, ACKNOWLEDGED);
    stage_check(stage);
    return stage;
}

/* ---- what holds ---- */

NwfPortState
stage_state(Stage *stage, const char *port)
{
    g_autoptr(NwfPort) bound = nwf_catalog_port(stage->catalog, port);

    g_assert_nonnull(bound);
    return bound->state;
}

static gboolean
same_plans(NwfRules *a, NwfRules *b)
{
    const NwfPlan *one = a ? nwf_rules_plan(a, NULL) : NULL, *other = b ? nwf_rules_plan(b, NULL) : NULL;
    gboolean same = one && other;

    for (NwfLayer layer = 0; same && layer < NWF_LAYERS; layer++)
        same = nwf_plan_layer_equal(one, other, layer);
    return same;
}

/* With these addresses (NULL: none), made without the engine's builder and cache; NULL: a filter was undefined, which a
 * port without a device allows. */
static NwfRules *
right_rules(Stage *stage, const NwfBinding *binding, const char *addresses)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(NwfParams) params = nwf_params_copy(binding->params);
    g_auto(GStrv) words = g_strsplit(addresses ? addresses : "", " ", -1);
    g_autoptr(NwfTree) tree = nwf_tree_new(binding->filter, nwf_catalog_peek_filter, stage->catalog, &error);

    if (!tree)
        return NULL;
    if (!nwf_params_get(params, "MAC"))
        nwf_params_add(params, "MAC", "52:54:00:00:00:01");
    for (guint i = 0; words[i]; i++)
        nwf_params_add(params, "IP", words[i]);
    NwfRules *rules = nwf_rules_of_tree(tree, params, NULL, NULL, &error);
    g_assert_no_error(error);
    return rules;
}

gboolean
stage_is_right(Stage *stage, const char *port)
{
    g_autoptr(NwfPort) bound = nwf_catalog_port(stage->catalog, port);
    g_autofree char *addresses = fake_learner_addresses(port);
    g_autoptr(NwfRules) right = right_rules(stage, bound->binding, addresses);

    return !right || same_plans(right, fake_backend_holds(stage->fake, port));
}

gboolean
stage_is_closed(Stage *stage, const char *port)
{
    g_autoptr(NwfRules) closed = nwf_rules_new_closed();

    return same_plans(closed, fake_backend_holds(stage->fake, port));
}

/* What waits for its new addresses allows some of them, and no other. */
static void
check_waiting(Stage *stage, const NwfPort *port)
{
    const char *name = port->binding->portdev;
    g_autofree char *has = fake_learner_addresses(name);
    g_auto(GStrv) words = g_strsplit(has ? has : "", " ", -1);
    g_autoptr(GString) allowed = g_string_new(NULL);
    char text[NWF_ADDRESS_TEXT];

    for (guint i = 0; port->addresses && i < port->addresses->len; i++) {
        nwf_address_format(text, &g_array_index(port->addresses, NwfAddress, i));
        g_assert_true(g_strv_contains((const char *const *)words, text));
        g_string_append_printf(allowed, "%s%s", i ? " " : "", text);
    }
    g_autoptr(NwfRules) right = right_rules(stage, port->binding, allowed->str);
    g_assert_true(!right || same_plans(right, fake_backend_holds(stage->fake, name)));
}

static void
check_port(Stage *stage, const NwfPort *port)
{
    const char *name = port->binding->portdev;
    NwfRules *held = fake_backend_holds(stage->fake, name);

    g_assert_true(nwf_state_meaning(port->state)->legal);
    if (port->state.known == NWF_KNOWN_UNKNOWN)
        return;
    g_assert_nonnull(held); /* else it is open */
    g_assert_true(same_plans(port->rules, held));
    if (port->state.which == NWF_WHICH_FILTER && stage_waits(stage, name))
        check_waiting(stage, port);
    else if (port->state.which == NWF_WHICH_FILTER)
        g_assert_true(stage_is_right(stage, name));
    if (port->state.which == NWF_WHICH_INTERIM && port->state.known == NWF_KNOWN_ACKNOWLEDGED) {
        g_autofree char *has = fake_learner_addresses(name);
        g_assert_true(!has || stage_waits(stage, name));
    }
    if (port->state.which == NWF_WHICH_CLOSED)
        g_assert_true(stage_is_closed(stage, name));
}

/* The texts of the files of @folder by name; nothing else may be there. */
static void
check_folder(const char *folder, GHashTable *wanted)
{
    g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
    guint n = 0;

    for (const char *name; (name = g_dir_read_name(dir)); n++) {
        g_autofree char *path = g_build_filename(folder, name, NULL), *stem = g_strndup(name, strlen(name) - 4);
        g_autofree char *text = NULL;
        const char *expected = g_hash_table_lookup(wanted, stem);
        g_assert_true(g_str_has_suffix(name, ".xml"));
        g_assert_nonnull(expected);
        g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
        g_assert_cmpstr(strstr(text, "<filter"), ==, expected);
    }
    g_assert_cmpuint(n, ==, g_hash_table_size(wanted));
}

static GHashTable *
texts_new(void)
{
    return g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
}

static void
check_files(Stage *stage, GPtrArray *ports)
{
    g_autoptr(GHashTable) filter_texts = texts_new(), binding_texts = texts_new();
    g_autoptr(GPtrArray) filters = nwf_catalog_filters(stage->catalog);

    for (guint i = 0; i < filters->len; i++) {
        const NwfFilter *filter = g_ptr_array_index(filters, i);
        g_hash_table_insert(filter_texts, g_strdup(filter->name), nwf_filter_format(filter, NWF_DIALECT_9));
    }
    for (guint i = 0; i < ports->len; i++) {
        const NwfPort *port = g_ptr_array_index(ports, i);
        g_autoptr(NwfParams) shown = nwf_port_shown_params(port);
        g_hash_table_insert(binding_texts, g_strdup(port->binding->portdev),
                            nwf_binding_status_format(port->binding, shown, NWF_DIALECT_9, "fake"));
    }
    check_folder(stage->config.filter_dir, filter_texts);
    check_folder(stage->config.binding_dir, binding_texts);
}

void
stage_check(Stage *stage)
{
    g_autoptr(GPtrArray) ports = nwf_catalog_ports(stage->catalog);
    guint bound_in_kernel = 0, waiting = g_hash_table_size(stage->applier->leftovers);

    check_files(stage, ports);
    for (guint i = 0; i < ports->len; i++) {
        const NwfPort *port = g_ptr_array_index(ports, i);
        check_port(stage, port);
        bound_in_kernel += fake_backend_holds(stage->fake, port->binding->portdev) != NULL;
        waiting += nwf_state_meaning(port->state)->retried;
    }
    g_assert_cmpuint(fake_backend_size(stage->fake) - bound_in_kernel, <=,
                     g_hash_table_size(stage->applier->leftovers));
    g_assert_cmpint(stage->applier->retry_at != 0, ==, waiting > 0);
}
