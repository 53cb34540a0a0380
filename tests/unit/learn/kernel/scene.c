/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * scene.c: a learner, and an engine that does nothing but ask and write down; see scene.h
 */
#include "tests/unit/learn/kernel/scene.h"

#include <glib/gstdio.h>
#include <string.h>

#define PATIENCE (5 * G_USEC_PER_SEC)

static void
on_changed(const char *portdev, gpointer data)
{
    Scene *scene = data;
    g_autofree char *path = g_build_filename(scene->dir, "learn", "state", NULL);

    g_mutex_lock(&scene->lock);
    if (scene->state == NULL && !g_file_get_contents(path, &scene->state, NULL, NULL))
        scene->state = g_strdup("");
    g_hash_table_replace(scene->reports, g_strdup(portdev),
                         GUINT_TO_POINTER(GPOINTER_TO_UINT(g_hash_table_lookup(scene->reports, portdev)) + 1));
    g_cond_broadcast(&scene->told);
    g_mutex_unlock(&scene->lock);
}

static void
on_log(NwfLearnLevel level, const char *message, gpointer data)
{
    Scene *scene = data;

    g_mutex_lock(&scene->lock);
    g_ptr_array_add(scene->log, g_strdup_printf("%d %s", level, message));
    scene->stalled = scene->stall;
    g_cond_broadcast(&scene->told);
    while (scene->stall)
        g_cond_wait(&scene->told, &scene->lock);
    g_mutex_unlock(&scene->lock);
}

void
scene_wake(Scene *scene)
{
    g_autofree char *state = g_build_filename(scene->dir, "learn", NULL);
    g_autofree char *leases = g_build_filename(scene->dir, "network", "nwfilter.leases", NULL);
    NwfLearnerConfig config = {state, leases, on_changed, on_log, scene};
    g_autoptr(GError) error = NULL;

    scene->learner = nwf_learner_new(&config, &error);
    g_assert_no_error(error);
    g_assert_nonnull(scene->learner);
}

void
scene_start(Scene *scene)
{
    scene_wake(scene);
    nwf_learner_begin(scene->learner);
}

void
scene_stop(Scene *scene)
{
    nwf_learner_free(g_steal_pointer(&scene->learner));
}

void
scene_restart(Scene *scene)
{
    scene_stop(scene);
    scene_start(scene);
}

Scene *
scene_begin(void)
{
    Scene *scene = g_new0(Scene, 1);

    net_fresh();
    g_mutex_init(&scene->lock);
    g_cond_init(&scene->told);
    if (g_file_test("/dev/shm", G_FILE_TEST_IS_DIR)) /* files in memory, as under /run */
        scene->dir = g_mkdtemp(g_strdup("/dev/shm/nwf-learn-XXXXXX"));
    else
        scene->dir = g_dir_make_tmp("nwf-learn-XXXXXX", NULL);
    scene->requests = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)nwf_learn_terms_unref);
    scene->reports = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    scene->log = g_ptr_array_new_with_free_func(g_free);
    scene_start(scene);
    return scene;
}

void
scene_end(Scene *scene)
{
    scene_stop(scene);
    net_run("rm -rf '%s'", scene->dir);
    g_hash_table_unref(scene->requests);
    g_hash_table_unref(scene->reports);
    g_ptr_array_unref(scene->log);
    g_mutex_clear(&scene->lock);
    g_cond_clear(&scene->told);
    g_free(scene->state);
    g_free(scene->dir);
    g_free(scene);
}

/* ---- what the engine does ---- */

static GArray *
parse_list(const char *text, const char *separator)
{
    GArray *list = g_array_new(FALSE, FALSE, sizeof(NwfAddress));
    g_auto(GStrv) words = g_strsplit(text, separator, -1);
    NwfAddress address;

    for (guint i = 0; words[i] != NULL; i++) {
        g_assert_true(nwf_address_parse(&address, words[i]));
        g_array_append_val(list, address);
    }
    return list;
}

static NwfLearnTerms *
parse_request(const char *port, guint vm, const char *mode)
{
    static const guint8 owner[16] = {0xd5, 0x4d, 0xf4, 0x6f};
    g_auto(GStrv) words = g_strsplit(mode, " ", -1);
    g_auto(GStrv) texts = NULL;
    NwfLearnTerms *terms;
    guint8 mac[6];

    net_mac(mac, vm);
    terms = nwf_learn_terms_new(strcmp(words[0], "dhcp") == 0 ? NWF_LEARN_DHCP : NWF_LEARN_ANY, port, owner, mac);
    for (guint i = 1; words[i] != NULL; i++) {
        const char *value = strchr(words[i], '=') + 1;
        if (g_str_has_prefix(words[i], "servers=")) {
            g_array_unref(terms->servers);
            terms->servers = parse_list(value, ",");
        } else if (g_str_has_prefix(words[i], "max=")) {
            terms->max = (guint)atoi(value);
        } else if (g_str_has_prefix(words[i], "allowed=")) {
            g_autoptr(GPtrArray) networks = g_ptr_array_new();
            texts = g_strsplit(value, ",", -1);
            for (guint n = 0; texts[n] != NULL; n++)
                g_ptr_array_add(networks, texts[n]);
            terms->allowed = nwf_allowed_parse(networks, NULL);
            g_assert_nonnull(terms->allowed);
        }
    }
    return terms;
}

void
scene_watch(Scene *scene, const char *port, guint vm, const char *mode)
{
    NwfLearnTerms *terms = parse_request(port, vm, mode);

    g_hash_table_replace(scene->requests, g_strdup(port), terms);
    g_array_unref(nwf_learner_addresses(scene->learner, terms, &(guint64){0}));
    nwf_learner_watch(scene->learner, terms);
}

void
scene_unwatch(Scene *scene, const char *port)
{
    nwf_learner_unwatch(scene->learner, port);
}

void
scene_reserve(Scene *scene, const char *port, const char *addresses)
{
    g_autoptr(GArray) list = addresses != NULL ? parse_list(addresses, " ") : NULL;

    nwf_learner_reserve(scene->learner, port, list);
}

char *
scene_addresses(Scene *scene, const char *port)
{
    const NwfLearnTerms *terms = g_hash_table_lookup(scene->requests, port);
    g_autoptr(GArray) list = nwf_learner_addresses(scene->learner, terms, &(guint64){0});
    GString *text = g_string_new(NULL);
    char address[NWF_ADDRESS_TEXT];

    for (guint i = 0; i < list->len; i++)
        g_string_append_printf(text, "%s%s", i > 0 ? " " : "",
                               nwf_address_format(address, &g_array_index(list, NwfAddress, i)));
    return g_string_free(text, FALSE);
}

/* ---- what is expected ---- */

guint
scene_reports(Scene *scene, const char *port)
{
    guint n;

    g_mutex_lock(&scene->lock);
    n = GPOINTER_TO_UINT(g_hash_table_lookup(scene->reports, port));
    g_mutex_unlock(&scene->lock);
    return n;
}

void
scene_expect(Scene *scene, const char *port, const char *addresses)
{
    gint64 end = g_get_monotonic_time() + PATIENCE;
    g_autofree char *now = scene_addresses(scene, port);

    while (strcmp(now, addresses) != 0 && g_get_monotonic_time() < end) {
        g_usleep(2000);
        g_free(now);
        now = scene_addresses(scene, port);
    }
    g_assert_cmpstr(now, ==, addresses);
    while (scene_reports(scene, port) == 0 && addresses[0] != '\0' && g_get_monotonic_time() < end)
        g_usleep(2000);
    g_assert_true(addresses[0] == '\0' || scene_reports(scene, port) > 0);
}

guint
scene_count_logged(Scene *scene, const char *part)
{
    guint n = 0;

    g_mutex_lock(&scene->lock);
    for (guint i = 0; i < scene->log->len; i++)
        n += strstr(g_ptr_array_index(scene->log, i), part) != NULL;
    g_mutex_unlock(&scene->lock);
    return n;
}

void
scene_stall(Scene *scene, const char *port, guint vm)
{
    g_mutex_lock(&scene->lock);
    scene->stall = TRUE;
    scene->stalled = FALSE;
    net_send(port, vm, "from discover xid=4711");
    while (!scene->stalled)
        g_cond_wait(&scene->told, &scene->lock);
    g_mutex_unlock(&scene->lock);
}

void
scene_go_on(Scene *scene)
{
    g_mutex_lock(&scene->lock);
    scene->stall = FALSE;
    g_cond_broadcast(&scene->told);
    g_mutex_unlock(&scene->lock);
}

void
scene_logged(Scene *scene, const char *part)
{
    gint64 end = g_get_monotonic_time() + PATIENCE;

    while (scene_count_logged(scene, part) == 0 && g_get_monotonic_time() < end)
        g_usleep(2000);
    if (scene_count_logged(scene, part) > 0)
        return;
    for (guint i = 0; i < scene->log->len; i++)
        g_test_message("%s", (const char *)g_ptr_array_index(scene->log, i));
    g_error("never logged: %s", part);
}
