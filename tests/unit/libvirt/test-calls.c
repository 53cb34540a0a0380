/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test-calls.c: calls from many threads while the driver runs, reloads and ends
 *
 * The tests share one driver, in the order of main(): the last one ends it.
 */
#include "driver/libvirt/state_driver.h"
#include "tests/unit/libvirt/privileged.h"
#include "tests/unit/tech/kernel/sandbox.h"

#include <libvirt/virterror.h>

enum { CALLERS = 8, STORM_MS = 700, PROMPT_MS = 500 };

static virConnectPtr conn;

#define FILTER(name, port)                                                                                             \
    "<filter name='" name "'><rule action='drop' direction='out'><tcp dstportstart='" port "'/></rule></filter>"
#define BINDING(port)                                                                                                  \
    "<filterbinding><owner><name>o</name><uuid>5ec00000-0000-4000-8000-000000000001</uuid></owner>"                    \
    "<portdev name='" port "'/><mac address='52:54:00:00:00:01'/><filterref filter='web'/></filterbinding>"

static gpointer
bind_slowly(gpointer data)
{
    gint *done = data;
    virNWFilterBindingPtr binding = virNWFilterBindingCreateXML(conn, BINDING("slow0"), 0);

    g_assert_nonnull(binding);
    virNWFilterBindingFree(binding);
    g_atomic_int_set(done, 1);
    return NULL;
}

/* While a tool runs, connections open and close, and readers are answered. */
static void
test_nobody_waits_for_a_tool(void)
{
    gint done = 0;
    virNWFilterPtr filter = virNWFilterDefineXML(conn, FILTER("web", "80"));

    g_assert_nonnull(filter);
    sandbox_spoil("iptables-restore", "sleep 2; exec $REAL \"$@\"");
    GThread *slow = g_thread_new("slow", bind_slowly, &done);
    g_usleep(200 * 1000);

    gint64 start = g_get_monotonic_time();
    virConnectPtr other = virConnectOpen("nwfilter:///system");
    g_assert_nonnull(other);
    g_assert_cmpint(virConnectNumOfNWFilters(other), ==, 1);
    char *xml = virNWFilterGetXMLDesc(filter, 0);
    g_assert_nonnull(xml);
    free(xml);
    g_assert_null(virNWFilterBindingLookupByPortDev(other, "slow0")); /* not yet */
    g_assert_cmpint(virConnectClose(other), ==, 0);
    g_assert_cmpint((g_get_monotonic_time() - start) / 1000, <, PROMPT_MS);
    g_assert_cmpint(g_atomic_int_get(&done), ==, 0);

    g_thread_join(slow);
    sandbox_spoil("iptables-restore", NULL);
    virNWFilterFree(filter);
    virNWFilterBindingPtr binding = virNWFilterBindingLookupByPortDev(conn, "slow0");
    g_assert_nonnull(binding);
    g_assert_cmpint(virNWFilterBindingDelete(binding), ==, 0);
    virNWFilterBindingFree(binding);
}

static gint ended; /* the end of the driver has begun */

/* One of each kind of call; the answers do not matter. */
static void
call_everything(guint turn)
{
    virNWFilterPtr *filters = NULL;
    virNWFilterBindingPtr binding = virNWFilterBindingCreateXML(conn, turn % 2 ? BINDING("a") : BINDING("b"), 0);
    virNWFilterPtr filter = virNWFilterDefineXML(conn, turn % 2 ? FILTER("x", "1") : FILTER("x", "2"));

    if (virConnectListAllNWFilters(conn, &filters, 0) >= 0) {
        for (guint i = 0; filters[i]; i++) {
            free(virNWFilterGetXMLDesc(filters[i], 0));
            virNWFilterFree(filters[i]);
        }
        free(filters);
    }
    if (binding) {
        free(virNWFilterBindingGetXMLDesc(binding, 0));
        virNWFilterBindingDelete(binding);
        virNWFilterBindingFree(binding);
    }
    if (filter) {
        virNWFilterUndefine(filter);
        virNWFilterFree(filter);
    }
}

/* Calls until a call is refused because the driver has ended, which must not be before its end began. */
static gpointer
call_until_the_end(G_GNUC_UNUSED gpointer data)
{
    for (guint turn = 0;; turn++) {
        call_everything(turn);
        gboolean over = g_atomic_int_get(&ended);
        if (virConnectNumOfNWFilters(conn) >= 0)
            continue;
        g_assert_true(over || g_atomic_int_get(&ended));
        g_assert_cmpint(virGetLastErrorCode(), ==, VIR_ERR_INTERNAL_ERROR);
        g_assert_cmpint(virGetLastErrorDomain(), ==, VIR_FROM_NWFILTER);
        return NULL;
    }
}

static gpointer
reload_until_the_end(G_GNUC_UNUSED gpointer data)
{
    while (!g_atomic_int_get(&ended))
        g_assert_cmpint(nwf_state_driver.reload(), ==, 0);
    g_assert_cmpint(nwf_state_driver.reload(), ==, 0); /* too late, and harmless */
    return NULL;
}

/* The engine goes when the last call has left it; later ones are refused. */
static void
test_the_driver_ends_while_calls_run(void)
{
    GThread *callers[CALLERS], *reloader = g_thread_new("reload", reload_until_the_end, NULL);

    for (guint i = 0; i < CALLERS; i++)
        callers[i] = g_thread_new("call", call_until_the_end, NULL);
    g_usleep(STORM_MS * 1000);
    g_atomic_int_set(&ended, 1);
    gint64 start = g_get_monotonic_time();
    g_assert_cmpint(nwf_state_driver.cleanup(), ==, 0);
    g_test_message("the end took %d ms", (int)((g_get_monotonic_time() - start) / 1000));
    for (guint i = 0; i < CALLERS; i++)
        g_thread_join(callers[i]);
    g_thread_join(reloader);
    g_assert_null(virNWFilterLookupByName(conn, "x"));
    g_assert_cmpint(virGetLastErrorCode(), ==, VIR_ERR_INTERNAL_ERROR);
    g_assert_cmpint(virConnectClose(conn), ==, 0);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    conn = privileged_start();
    if (!conn) {
        g_print("1..0 # SKIP needs root, namespaces and the firewall tools\n");
        return 77;
    }
    g_test_add_func("/calls/nobody-waits-for-a-tool", test_nobody_waits_for_a_tool);
    g_test_add_func("/calls/end", test_the_driver_ends_while_calls_run);
    return g_test_run();
}
