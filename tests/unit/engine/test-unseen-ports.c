/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test-unseen-ports.c: a daemon that has no descriptor left to list devices with
 */
#include "driver/engine/unseen_ports.h"

#include <string.h>
#include <sys/resource.h>

static guint warnings, ends;

static void
count(NwfLogLevel level, const char *source G_GNUC_UNUSED, const char *message)
{
    warnings += level == NWF_LOG_WARNING;
    ends += strstr(message, "can be listed again") != NULL;
}

static void
limit_descriptors(rlim_t n)
{
    struct rlimit limit;

    g_assert_cmpint(getrlimit(RLIMIT_NOFILE, &limit), ==, 0);
    limit.rlim_cur = n;
    g_assert_cmpint(setrlimit(RLIMIT_NOFILE, &limit), ==, 0);
}

static gboolean
is_over(gpointer over)
{
    *(gboolean *)over = TRUE;
    return G_SOURCE_REMOVE;
}

/* Until @ends, or so many seconds. */
static void
iterate(GMainContext *context, guint seconds)
{
    g_autoptr(GSource) source = g_timeout_source_new_seconds(seconds);
    gboolean over = FALSE;

    g_source_set_callback(source, is_over, &over, NULL);
    g_source_attach(source, context);
    while (!over && ends == 0)
        g_main_context_iteration(context, TRUE);
    g_source_destroy(source);
}

/* It is logged once, tried again, and works when it can. */
static void
test_listing_is_tried_again(void)
{
    NwfEngineConfig config = {.log = count};
    NwfCatalog *catalog = nwf_catalog_new();
    GMainContext *context = g_main_context_new();
    NwfUnseenPorts *ports = nwf_unseen_ports_new(&config, catalog, context);

    limit_descriptors(3);
    nwf_unseen_ports_begin(ports);
    g_assert_cmpuint(warnings, ==, 1);
    iterate(context, 3);
    g_assert_cmpuint(warnings, ==, 1);
    limit_descriptors(100);
    iterate(context, 60);
    g_assert_cmpuint(ends, ==, 1);
    g_assert_cmpuint(warnings, ==, 1);
    nwf_unseen_ports_free(ports);
    g_main_context_unref(context);
    nwf_catalog_free(catalog);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/engine/unseen-ports/tried-again", test_listing_is_tried_again);
    return g_test_run();
}
