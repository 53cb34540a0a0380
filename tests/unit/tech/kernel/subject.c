/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * subject.c: the backend under test with its ports, and what its tests say about it
 *
 * What is compared is always the kernel's own listing, never what the backend believes.
 */
#include "tests/unit/tech/kernel/subject.h"

#include <string.h>

void
backend_free(Backend *backend)
{
    backend->free(backend);
}

Backend *
backend_unprobed(gboolean require_bridge_netfilter)
{
    const NwfBackendOptions options = {require_bridge_netfilter, NULL};

    return nwf_ebiptables_new(&options);
}

gboolean
apply_plans(Backend *backend, GPtrArray *changes, NwfNotes *notes, GError **error)
{
    return nwf_ebiptables_apply((NwfEbiptables *)backend, changes, notes, error);
}

GArray *
take_runs(Backend *backend)
{
    GArray *of_call = ((NwfEbiptables *)backend)->own.runs, *runs = g_array_copy(of_call);

    g_array_set_size(of_call, 0);
    return runs;
}

gboolean
reread(Backend *backend, GPtrArray *touched, GPtrArray **ports, GError **error)
{
    NwfReread found;
    gboolean read = backend->reread(backend, touched, &found, error);

    *ports = found.ports;
    return read;
}

gboolean
has_changed(Backend *backend)
{
    return backend->poll(backend);
}

gboolean
is_certain(Backend *backend, const char *port)
{
    return !g_hash_table_contains(((NwfEbiptables *)backend)->uncertain, port);
}

Backend *
backend_new(void)
{
    Backend *backend = backend_unprobed(FALSE);
    g_autoptr(GPtrArray) ports = NULL;
    g_autoptr(GError) error = NULL;

    g_assert_true(backend->probe(backend, NULL, &error));
    g_assert_true(backend->read(backend, &ports, NULL, &error));
    g_assert_no_error(error);
    g_free(sandbox_record());
    return backend;
}

Subject *
subject_new(const char *ports, const char *old_rules, const char *new_rules)
{
    Subject *subject = g_new0(Subject, 1);

    sandbox_fresh();
    subject->backend = backend_new();
    subject->ports = g_strsplit(ports, " ", -1);
    subject->old_plan = harness_plan(old_rules);
    subject->new_plan = new_rules ? harness_plan(new_rules) : NULL;
    subject_apply(subject, NULL, subject->old_plan);
    subject->before = everything();
    g_array_unref(take_runs(subject->backend));
    g_free(sandbox_record());
    return subject;
}

void
subject_free(Subject *subject)
{
    backend_free(subject->backend);
    g_strfreev(subject->ports);
    nwf_plan_unref(subject->old_plan);
    g_clear_pointer(&subject->new_plan, nwf_plan_unref);
    g_free(subject->before);
    g_free(subject);
}

void
subject_apply(Subject *subject, NwfPlan *old_plan, NwfPlan *new_plan)
{
    g_autoptr(GPtrArray) changes = g_ptr_array_new_with_free_func((GDestroyNotify)nwf_plan_change_free);
    g_autoptr(GError) error = NULL;

    for (char **port = subject->ports; *port; port++)
        g_ptr_array_add(changes, nwf_plan_change_new(*port, old_plan, new_plan));
    apply_plans(subject->backend, changes, NULL, &error);
    g_assert_no_error(error);
}

char *
subject_refuse(Subject *subject)
{
    return refuse(subject->backend, subject->ports[0], subject->old_plan, subject->new_plan);
}

void
assert_unchanged(Subject *subject)
{
    g_autofree char *now = everything();

    g_assert_cmpstr(now, ==, subject->before);
}

char *
fresh_with(NwfPlan *plan)
{
    sandbox_fresh();
    g_autoptr(Backend) backend = backend_new();
    apply(backend, "v", NULL, plan);
    return everything();
}

void
apply(Backend *backend, const char *port, NwfPlan *old_plan, NwfPlan *new_plan)
{
    g_autoptr(GPtrArray) changes = harness_change(port, old_plan, new_plan);
    g_autoptr(GError) error = NULL;

    apply_plans(backend, changes, NULL, &error);
    g_assert_no_error(error);
}

char *
refuse(Backend *backend, const char *port, NwfPlan *old_plan, NwfPlan *new_plan)
{
    g_autoptr(GPtrArray) changes = harness_change(port, old_plan, new_plan);
    g_autoptr(GError) error = NULL;

    g_assert_false(apply_plans(backend, changes, NULL, &error));
    g_assert_error(error, NWF_ERROR, NWF_ERROR_FIREWALL);
    return g_strdup(error->message);
}

void
assert_contains(const char *text, const char *part)
{
    if (!strstr(text, part))
        g_error("'%s' is not in:\n%s", part, text);
}

void
assert_lacks(const char *text, const char *part)
{
    if (strstr(text, part))
        g_error("'%s' is in:\n%s", part, text);
}

void
assert_ran(const char *expected)
{
    g_autofree char *record = sandbox_record();

    g_assert_cmpstr(record, ==, expected);
}

void
assert_listing(NwfLayer layer, const char *expected)
{
    g_autofree char *listing = sandbox_listing(layer);

    g_assert_cmpstr(listing, ==, expected);
}

char *
everything(void)
{
    g_autofree char *ethernet = sandbox_listing(NWF_LAYER_ETHERNET);
    g_autofree char *ipv4 = sandbox_listing(NWF_LAYER_IPV4);
    g_autofree char *ipv6 = sandbox_listing(NWF_LAYER_IPV6);

    return g_strconcat(ethernet, ipv4, ipv6, NULL);
}

void
add_tests(const KernelTest *tests, guint n)
{
    for (guint i = 0; i < n; i++) {
        g_autofree char *path = g_strconcat("/tech/kernel/", tests[i].name, NULL);
        g_test_add_func(path, tests[i].run);
    }
}

int
kernel_main(int argc, char **argv, void (*add)(void))
{
    g_test_init(&argc, &argv, NULL);
    if (!sandbox_enter()) {
        g_print("1..0 # SKIP needs root, namespaces and the firewall tools\n");
        return 77;
    }
    add();
    return g_test_run();
}
