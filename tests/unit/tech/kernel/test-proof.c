/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test-proof.c: tools that report success and have not done what they should
 *
 * Each of the three tools, in a creation, an update in place and a deletion: the change is refused, and the port has
 * its old rules, or is closed, or (a creation) has none and was never reported. When the tool works again, so does
 * everything.
 */
#include "tests/unit/tech/kernel/subject.h"

#include <string.h>

typedef struct Lie {
    const char *name, *script;
} Lie;

/* Somebody else makes a transaction in the same moment, so that a change is announced. */
#define MEANWHILE "/usr/sbin/ebtables-nft -t nat -N other$$; "

static const Lie lies[] = {
    {"null-device", "exec $REAL \"$@\" </dev/null"},
    {"closed", "exec <&-; exit 0"},
    {"cut", "head -c 60 | $REAL \"$@\""},
    {"cut-by-itself", "t=$(mktemp -p /run); sed '$d' >$t; exec $REAL \"$@\" <$t"},
    {"idle", "cat >/dev/null; exit 0"},
    {"idle-in-a-crowd", "cat >/dev/null; " MEANWHILE "exit 0"},
};

static const char *const tools[] = {"ebtables-restore", "iptables-restore", "ip6tables-restore"};

typedef struct Case {
    const Lie *lie;
    const char *tool;
} Case;

#define ALL_A  ETHERNET_A IPV4_A IPV6_A
#define IPV6_B "<rule action='drop' direction='out'><tcp-ipv6 dstportstart='2' state='NEW'/></rule>"
#define ALL_B  "<rule action='drop' direction='out'><mac protocolid='0x1003'/></rule>" IPV4_B IPV6_B

/* A batch that was cut may make no sense to the tool, which then says so itself. */
static void
assert_told(const Case *is, const char *message)
{
    assert_contains(message, g_str_has_prefix(is->lie->name, "cut") ? is->tool : "reports success");
}

static void
test_a_creation_is_not_believed(gconstpointer data)
{
    const Case *is = data;
    g_autoptr(NwfPlan) plan = harness_plan(ALL_A);

    sandbox_fresh();
    g_autoptr(Backend) backend = backend_new();
    sandbox_spoil(is->tool, is->lie->script);
    g_autofree char *message = refuse(backend, "v", NULL, plan);
    assert_told(is, message);
    sandbox_spoil(is->tool, NULL);
    apply(backend, "v", NULL, plan);
    g_autofree char *listing = everything();
    assert_contains(listing, "-A PREROUTING -i v -j libvirt-I-v\n");
    assert_contains(listing, "0x1001");
}

static void
test_an_update_is_not_believed(gconstpointer data)
{
    const Case *is = data;
    g_autoptr(NwfPlan) old_plan = harness_plan(ALL_A);
    g_autoptr(NwfPlan) new_plan = harness_plan(ALL_B);
    g_autoptr(NwfPlan) same = harness_plan(ALL_A);

    sandbox_fresh();
    g_autoptr(Backend) backend = backend_new();
    apply(backend, "v", NULL, old_plan);
    g_autofree char *before = everything();
    sandbox_spoil(is->tool, is->lie->script);
    g_autofree char *message = refuse(backend, "v", old_plan, new_plan);
    assert_told(is, message);
    sandbox_spoil(is->tool, NULL);
    g_free(sandbox_run(
        "for i in $(ebtables-save | sed -n 's/^:\\(other[^ ]*\\).*/\\1/p'); do ebtables -t nat -X $i; done"));
    apply(backend, "v", old_plan, same);
    g_autofree char *after = everything();
    if (is_certain(backend, "v"))
        g_assert_cmpstr(before, ==, after);
}

static void
test_a_deletion_is_not_believed(gconstpointer data)
{
    const Case *is = data;
    g_autoptr(NwfPlan) plan = harness_plan(ALL_A);

    sandbox_fresh();
    g_autoptr(Backend) backend = backend_new();
    apply(backend, "v", NULL, plan);
    sandbox_spoil(is->tool, is->lie->script);
    g_autofree char *message = refuse(backend, "v", plan, NULL);
    assert_told(is, message);
    sandbox_spoil(is->tool, NULL);
    apply(backend, "v", plan, NULL);
    g_autofree char *listing = sandbox_listing(NWF_LAYER_ETHERNET);
    assert_lacks(listing, "libvirt-");
}

/* A wrapper is not the process that the kernel names, so its success has to be read back; and then it is one. */
static void
test_a_wrapper_is_believed(void)
{
    g_autoptr(NwfPlan) old_plan = harness_plan(ETHERNET_A);
    g_autoptr(NwfPlan) new_plan = harness_plan(ETHERNET_B);

    sandbox_fresh();
    g_autoptr(Backend) backend = backend_new();
    sandbox_spoil("ebtables-restore", "$REAL \"$@\"; exit $?");
    apply(backend, "v", NULL, old_plan);
    assert_ran("ebtables-restore ebtables-save ebtables-restore ebtables-save");
    apply(backend, "v", old_plan, new_plan);
    apply(backend, "v", new_plan, NULL);
    assert_listing(NWF_LAYER_ETHERNET, EMPTY_NAT);
}

/*
 * Others write all the time: our own transactions are told apart, so nothing is read back and nothing fails. Ethernet
 * rules are only made here: ebtables 1.8.9 refuses to change chains in place while somebody else writes.
 */
static void
test_a_storm_of_others_fails_nothing(void)
{
    g_autoptr(NwfPlan) plan_a = harness_plan(IPV4_A IPV6_A);
    g_autoptr(NwfPlan) plan_b = harness_plan(IPV4_B IPV6_B);
    g_autoptr(NwfPlan) ethernet = harness_plan(ETHERNET_A);
    NwfPlan *const plans[] = {plan_a, plan_b};

    sandbox_fresh();
    g_autoptr(Backend) backend = backend_new();
    /* They end with the test, also if it is killed. */
    g_free(sandbox_run("for i in 1 2; do while [ ! -e /run/over ] && kill -0 $PPID; do "
                       "nft add table inet x$i; nft delete table inet x$i; done >/dev/null 2>&1 & done"));
    apply(backend, "v", NULL, plans[0]);
    for (guint i = 0; i < 10; i++) {
        g_autofree char *port = g_strdup_printf("w%u", i);
        apply(backend, port, NULL, ethernet);
        apply(backend, "v", plans[i % 2], plans[1 - i % 2]);
    }
    g_autofree char *record = sandbox_record();
    g_free(sandbox_run("touch /run/over; sleep 0.3; rm /run/over"));
    assert_lacks(record, "save");
    g_autofree char *listing = everything();
    assert_contains(listing, "-A PREROUTING -i w9 -j libvirt-I-w9\n");
}

/* The legacy tools announce nothing: each batch is read back, and one that has changed nothing is compared, too. */
static void
test_a_legacy_tool_is_read_back(void)
{
    g_autofree char *legacy = g_find_program_in_path("iptables-legacy-restore");
    g_autoptr(NwfPlan) first = harness_plan(IPV4_A), second = harness_plan(IPV4_B);

    if (!legacy) {
        g_test_skip("needs iptables-legacy");
        return;
    }
    sandbox_fresh();
    g_free(sandbox_run(
        "mkdir -p /run/legacy; cd /run/legacy; for i in save restore; do printf '#!/bin/sh\\n[ ! -e /run/legacy/lie ] "
        "|| . /run/legacy/lie\\nexec /usr/sbin/iptables-legacy-'$i' \"$@\"\\n' >iptables-$i; chmod 755 iptables-$i; "
        "ln -sf /run/legacy/iptables-$i /etc/alternatives/iptables-$i; done"));
    {
        g_autoptr(Backend) backend = backend_new();
        apply(backend, "v", NULL, first);
        g_assert_true(backend->needs_poll(backend));
        for (guint i = 0; i < G_N_ELEMENTS(lies); i++) {
            g_autofree char *script = g_strdup_printf(
                "case $0 in *restore) REAL=/usr/sbin/iptables-legacy-restore; %s;; esac", lies[i].script);
            g_assert_true(g_file_set_contents("/run/legacy/lie", script, -1, NULL));
            g_free(refuse(backend, "v", first, second));
            g_free(refuse(backend, "w", NULL, first));
            g_free(sandbox_run("rm /run/legacy/lie"));
            apply(backend, "v", first, first);
            g_autofree char *listing = sandbox_run("iptables-legacy-save");
            assert_contains(listing, "-A libvirt-in -m physdev --physdev-in v -g FI-v");
            assert_contains(listing, "--dport 1 ");
            assert_lacks(listing, "--dport 2 ");
        }
        apply(backend, "v", first, second);
    }
    g_free(sandbox_run(
        "for i in save restore; do ln -sf /run/nwf-kernel/iptables-$i /etc/alternatives/iptables-$i; done"));
}

/* A dry run that comes out empty says nothing about the rules: this is told once, and all is written and proven. */
static void
test_an_empty_dry_run_is_no_comparison(void)
{
    g_autoptr(NwfPlan) plan = harness_plan(ETHERNET_A);
    g_autoptr(NwfNotes) notes = nwf_notes_new();
    g_autoptr(GError) error = NULL;

    sandbox_fresh();
    g_autoptr(Backend) before = backend_new();
    apply(before, "v", NULL, plan);
    g_autoptr(Backend) backend = backend_new();
    sandbox_spoil("ebtables-restore", "cat >/dev/null; exit 0");
    for (guint i = 0; i < 2; i++) {
        g_autoptr(GPtrArray) changes = harness_change("v", NULL, plan);
        g_assert_false(apply_plans(backend, changes, notes, &error));
        assert_contains(error->message, "nothing has changed in the kernel");
        g_clear_error(&error);
    }
    g_assert_cmpuint(notes->len, ==, 1);
    assert_contains(g_ptr_array_index(notes, 0), "has made no rules");
    sandbox_spoil("ebtables-restore", NULL);
    apply(backend, "v", NULL, plan);
}

static void
add(void)
{
    static const KernelTest tests[] = {
        {"wrapper", test_a_wrapper_is_believed},
        {"storm", test_a_storm_of_others_fails_nothing},
        {"empty-dry-run", test_an_empty_dry_run_is_no_comparison},
        {"legacy", test_a_legacy_tool_is_read_back},
    };
    static const struct {
        const char *name;
        GTestDataFunc run;
    } changes[] = {
        {"creation", test_a_creation_is_not_believed},
        {"update", test_an_update_is_not_believed},
        {"deletion", test_a_deletion_is_not_believed},
    };
    static Case cases[G_N_ELEMENTS(lies) * G_N_ELEMENTS(tools)];

    add_tests(tests, G_N_ELEMENTS(tests));
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        cases[i] = (Case){&lies[i / G_N_ELEMENTS(tools)], tools[i % G_N_ELEMENTS(tools)]};
        for (guint j = 0; j < G_N_ELEMENTS(changes); j++) {
            g_autofree char *path =
                g_strdup_printf("/tech/kernel/%s/%s/%s", changes[j].name, cases[i].lie->name, cases[i].tool);
            g_test_add_data_func(path, &cases[i], changes[j].run);
        }
    }
}

int
main(int argc, char **argv)
{
    return kernel_main(argc, argv, add);
}
