/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test-others.c: living with other owners of the tables, and doing no more than needed
 */
#include "tests/unit/tech/kernel/subject.h"

#include <string.h>

static void
test_only_needed_tools_run_once(void)
{
    g_autoptr(NwfPlan) ethernet = harness_plan(ETHERNET_A);
    g_autoptr(NwfPlan) same = harness_plan(ETHERNET_A);
    g_autoptr(NwfPlan) ipv4 = harness_plan(ETHERNET_A IPV4_A);
    g_autoptr(NwfPlan) other_ipv4 = harness_plan(ETHERNET_A IPV4_B);
    g_autoptr(NwfPlan) all = harness_plan(ETHERNET_B IPV4_A IPV6_A);
    g_autoptr(NwfPlan) fresh = harness_plan(ETHERNET_A IPV4_A IPV6_A);

    sandbox_fresh();
    g_autoptr(Backend) backend = backend_new();
    apply(backend, "v", NULL, ethernet);
    assert_ran("ebtables-restore");
    apply(backend, "v", ethernet, same);
    assert_ran("");
    apply(backend, "v", ethernet, ipv4);
    assert_ran("iptables-restore");
    apply(backend, "v", ipv4, other_ipv4);
    assert_ran("iptables-restore");
    apply(backend, "v", other_ipv4, all);
    assert_ran("ebtables-restore iptables-restore ip6tables-restore ebtables-restore");
    apply(backend, "w", NULL, fresh);
    assert_ran("iptables-restore ip6tables-restore ebtables-restore");
    apply(backend, "v", all, NULL);
    assert_ran("iptables-restore ip6tables-restore ebtables-restore");
}

/* A port is closed on the way only where old Ethernet rules and new IP rules together could let too much through. */
static void
test_only_a_mixture_is_closed(void)
{
    g_autoptr(NwfPlan) nothing = harness_plan("");
    g_autoptr(NwfPlan) ethernet = harness_plan(ETHERNET_A);
    g_autoptr(NwfPlan) both = harness_plan(ETHERNET_B IPV4_A);
    g_autoptr(NwfPlan) with_ipv6 = harness_plan(ETHERNET_A IPV4_A IPV6_A);
    g_autoptr(NwfPlan) changed = harness_plan(ETHERNET_B IPV4_A IPV6_A);
    g_autoptr(NwfPlan) ipv4 = harness_plan(IPV4_B);

    sandbox_fresh();
    g_autoptr(Backend) backend = backend_new();
    apply(backend, "v", NULL, ethernet);
    g_free(sandbox_record());
    apply(backend, "v", ethernet, both);
    assert_ran("iptables-restore ebtables-restore");
    apply(backend, "v", both, with_ipv6);
    assert_ran("ip6tables-restore ebtables-restore");
    apply(backend, "v", with_ipv6, changed);
    assert_ran("ebtables-restore");
    apply(backend, "v", changed, ipv4);
    assert_ran("iptables-restore ip6tables-restore ebtables-restore");
    apply(backend, "v", ipv4, with_ipv6);
    assert_ran("ebtables-restore iptables-restore ip6tables-restore ebtables-restore");
    apply(backend, "v", with_ipv6, nothing);
    assert_ran("iptables-restore ip6tables-restore ebtables-restore");
}

static void
test_reading_finds_ports_and_changes_nothing(void)
{
    g_autoptr(Subject) first = subject_new("v-1", ETHERNET_A IPV6_A, NULL);
    g_autoptr(GPtrArray) ports = NULL;

    g_autoptr(Backend) second = backend_unprobed(FALSE);
    g_assert_true(second->read(second, &ports, NULL, NULL));
    g_assert_cmpuint(ports->len, ==, 1);
    g_assert_cmpstr(g_ptr_array_index(ports, 0), ==, "v-1");
    assert_unchanged(first);
}

static void
test_rules_flushed_by_somebody_come_back_with_the_next_change(void)
{
    g_autoptr(NwfPlan) plan = harness_plan(ETHERNET_B IPV4_B);
    g_autofree char *wanted = fresh_with(plan);
    g_autoptr(Subject) subject = subject_new("v", ETHERNET_A IPV4_A, ETHERNET_B IPV4_B);

    g_free(sandbox_run("nft flush ruleset"));
    subject_apply(subject, subject->old_plan, subject->new_plan);
    g_autofree char *after = everything();
    g_assert_cmpstr(after, ==, wanted);

    g_free(sandbox_run("ebtables -t nat -F PREROUTING; iptables -F; iptables -X"));
    subject_apply(subject, subject->new_plan, NULL);
    g_autofree char *rest = everything();
    assert_lacks(rest, "-v");
}

/* Also if the change needs nothing but a chain filled again. */
static void
test_a_flushed_port_is_not_taken_for_filtered(gconstpointer flush)
{
    static const char rules[] = "<rule action='drop' direction='out'><mac protocolid='0x1002'/></rule>";
    g_autoptr(NwfPlan) plan = harness_plan(rules);
    g_autofree char *wanted = fresh_with(plan);
    g_autoptr(Subject) subject = subject_new("v", ETHERNET_A, rules);

    g_free(sandbox_run(flush));
    g_free(sandbox_record());
    subject_apply(subject, subject->old_plan, subject->new_plan);
    assert_ran("ebtables-restore ebtables-save ebtables-restore");
    g_autofree char *after = everything();
    g_assert_cmpstr(after, ==, wanted);
}

static void
test_foreign_rules_stay(void)
{
    g_autoptr(NwfPlan) plan = harness_plan(ETHERNET_A IPV4_A);
    g_autoptr(NwfPlan) other = harness_plan(ETHERNET_B IPV4_B);

    sandbox_fresh();
    g_free(sandbox_run(
        "ebtables -t nat -N mine; ebtables -t nat -A mine -j DROP; ebtables -t nat -A PREROUTING -i x -j mine;"
        "ebtables -t filter -A FORWARD -j ACCEPT; iptables -A FORWARD -s 10.9.9.9 -j DROP; iptables -N I-v-mac;"
        "iptables -A INPUT -j I-v-mac; iptables -t nat -A POSTROUTING -j MASQUERADE"));
    g_autofree char *before = sandbox_run("ebtables-nft-save | sed /^#/d; iptables-nft-save -t filter | sed /^#/d | "
                                          "grep -v libvirt");
    g_autoptr(Backend) backend = backend_new();
    apply(backend, "v", NULL, plan);
    g_free(sandbox_run("iptables -I FORWARD 1 -s 10.8.8.8 -j ACCEPT"));
    apply(backend, "v", plan, other);
    g_autofree char *moved = sandbox_listing(NWF_LAYER_IPV4);
    assert_contains(moved, "-A FORWARD -j libvirt-in\n-A FORWARD -j libvirt-out\n-A FORWARD -j libvirt-in-post\n"
                           "-A FORWARD -s 10.8.8.8/32 -j ACCEPT\n-A FORWARD -s 10.9.9.9/32 -j DROP\n");
    apply(backend, "v", other, NULL);
    g_free(sandbox_run("iptables -D FORWARD -s 10.8.8.8 -j ACCEPT"));
    g_autofree char *after = sandbox_run("ebtables-nft-save | sed /^#/d; iptables-nft-save -t filter | sed /^#/d | "
                                         "grep -v libvirt");
    g_assert_cmpstr(before, ==, after);
}

/* Rules that the stock driver made, and those it left when it was interrupted, become ours. */
static void
test_rules_of_the_stock_driver_are_taken_over(void)
{
    static const char by_stock[] =
        "ebtables-nft-restore --noflush <<'EOF'\n*nat\n"
        ":libvirt-I-v ACCEPT\n:I-v-mac ACCEPT\n:libvirt-J-v ACCEPT\n:J-v-mac ACCEPT\n:libvirt-P-v ACCEPT\n"
        "-A PREROUTING -i v -j libvirt-I-v\n-A PREROUTING -i v -j libvirt-J-v\n-A libvirt-I-v -j I-v-mac\n"
        "-A I-v-mac -j DROP\n-A libvirt-J-v -j J-v-mac\nEOF\n"
        "iptables-nft-restore --noflush <<'EOF'\n*filter\n"
        ":libvirt-in - [0:0]\n:libvirt-out - [0:0]\n:libvirt-in-post - [0:0]\n:libvirt-host-in - [0:0]\n"
        ":FI-v - [0:0]\n:FO-v - [0:0]\n:HI-v - [0:0]\n:FJ-v - [0:0]\n:FP-v - [0:0]\n:HJ-v - [0:0]\n"
        "-A libvirt-in -m physdev --physdev-in v -g FI-v\n-A libvirt-in -m physdev --physdev-in v -g FJ-v\n"
        "-A libvirt-out -m physdev --physdev-out v -g FO-v\n"
        "-A libvirt-out -m physdev --physdev-is-bridged --physdev-out v -g FP-v\n"
        "-A libvirt-in-post -m physdev --physdev-in v -j ACCEPT\n-A libvirt-in-post -m physdev --physdev-in v -j "
        "ACCEPT\n"
        "-A libvirt-host-in -m physdev --physdev-in v -g HI-v\n-A FORWARD -j libvirt-in\nCOMMIT\nEOF\n";
    g_autoptr(NwfPlan) plan = harness_plan(ETHERNET_A IPV4_A);
    g_autofree char *wanted = fresh_with(plan);

    sandbox_fresh();
    g_free(sandbox_run(by_stock));
    g_autoptr(Backend) backend = backend_new();
    apply(backend, "v", NULL, plan);
    g_autofree char *after = everything();
    g_assert_cmpstr(after, ==, wanted);

    sandbox_fresh();
    g_free(sandbox_run(by_stock));
    g_autoptr(Backend) remover = backend_new();
    apply(remover, "v", NULL, NULL);
    assert_listing(NWF_LAYER_ETHERNET, EMPTY_NAT);
    assert_listing(NWF_LAYER_IPV4, BASE_ONLY);
}

/* Ports whose names begin alike, end in a chain's name, or look like options. */
static void
test_odd_port_names(void)
{
    static const char *const names[] = {"a", "a-mac", "-j", "a.5", "vnet1", "vnet10", "x:y@z"};
    g_autoptr(NwfPlan) plan = harness_plan(ETHERNET_A IPV4_A);

    sandbox_fresh();
    g_autoptr(Backend) backend = backend_new();
    g_autoptr(GPtrArray) all = g_ptr_array_new_with_free_func((GDestroyNotify)nwf_plan_change_free);
    g_autoptr(GPtrArray) ports = NULL;
    for (guint i = 0; i < G_N_ELEMENTS(names); i++)
        g_ptr_array_add(all, nwf_plan_change_new(names[i], NULL, plan));
    g_autoptr(GError) error = NULL;
    apply_plans(backend, all, NULL, &error);
    g_assert_no_error(error);
    g_assert_true(backend->read(backend, &ports, NULL, NULL));
    g_assert_cmpuint(ports->len, ==, G_N_ELEMENTS(names));
    for (guint i = 0; i < G_N_ELEMENTS(names); i++)
        apply(backend, names[i], plan, NULL);
    assert_listing(NWF_LAYER_ETHERNET, EMPTY_NAT);
    assert_listing(NWF_LAYER_IPV4, BASE_ONLY);
}

/* What belongs to no port, and cannot be put right, keeps no port from its rules. */
static void
test_a_base_jump_holds_up_no_port(void)
{
    g_autoptr(Subject) subject G_GNUC_UNUSED = subject_new("v", IPV4_A, NULL);
    g_autoptr(NwfPlan) plan = harness_plan(ETHERNET_A);

    g_free(sandbox_run("iptables -I FORWARD -j ACCEPT"));
    sandbox_spoil("iptables-restore", "exit 4");
    g_autoptr(Backend) second = backend_new();
    apply(second, "w", NULL, plan);
    sandbox_spoil("iptables-restore", NULL);
    g_autofree char *listing = sandbox_listing(NWF_LAYER_ETHERNET);
    assert_contains(listing, "libvirt-I-w");
}

static void
test_bridge_netfilter_is_told_for_each_port(void)
{
    g_autoptr(NwfPlan) plan = harness_plan(IPV4_A IPV6_A);
    g_autoptr(GPtrArray) changes = harness_change("v", NULL, plan);
    g_autoptr(NwfNotes) notes = nwf_notes_new();
    g_autoptr(GError) error = NULL;

    sandbox_fresh();
    if (!g_file_test("/proc/sys/net/bridge/bridge-nf-call-iptables", G_FILE_TEST_EXISTS)) {
        g_test_skip("no br_netfilter");
        return;
    }
    g_free(sandbox_run("echo 0 > /proc/sys/net/bridge/bridge-nf-call-iptables; "
                       "echo 1 > /proc/sys/net/bridge/bridge-nf-call-ip6tables"));
    g_autoptr(Backend) strict = backend_unprobed(TRUE);
    g_assert_false(apply_plans(strict, changes, NULL, &error));
    g_assert_error(error, NWF_ERROR, NWF_ERROR_UNSUPPORTED);
    assert_contains(error->message, "net.bridge.bridge-nf-call-iptables");
    g_autofree char *untouched = sandbox_listing(NWF_LAYER_IPV4);
    assert_lacks(untouched, "libvirt");

    g_autoptr(Backend) backend = backend_new();
    g_ptr_array_add(changes, nwf_plan_change_new("w", NULL, plan));
    g_assert_true(apply_plans(backend, changes, notes, NULL));
    g_assert_cmpuint(notes->len, ==, 2);
    assert_contains(g_ptr_array_index(notes, 0), "port 'v'");
    assert_contains(g_ptr_array_index(notes, 1), "port 'w'");
    assert_contains(g_ptr_array_index(notes, 0), "net.bridge.bridge-nf-call-iptables");
}

/* A comment cannot end its argument; whatever is in it, there is one rule and it drops. */
static void
test_hostile_comments_stay_in_their_place(void)
{
    static const char *const comments[] = {
        "&quot; -j ACCEPT&#10;-A FI-v -j ACCEPT&#10;",
        "\\&quot; -j ACCEPT",
        "\\\\&quot; -j ACCEPT #",
        "&#10;COMMIT&#10;*nat",
        "&#13;&#10;-F&#13;",
        "' -j ACCEPT '",
        "&#9;&#9;",
        "%s %n %99999d",
        "-j ACCEPT",
        "! --dport 9",
        "&#10;:FI-v - [0:0]&#10;",
        "\\",
        "\\\\",
        "&quot;",
        "&quot;&quot;",
        "",
        " ",
        "x ${IFS}",
        "&#127;",
    };
    g_autoptr(GString) rules = g_string_new(NULL);

    for (guint i = 0; i < G_N_ELEMENTS(comments); i++)
        g_string_append_printf(rules,
                               "<rule action='drop' direction='out'><tcp dstportstart='%u' state='NEW' comment=\"%s\"/>"
                               "</rule>",
                               i + 1, comments[i]);
    g_autoptr(NwfPlan) plan = harness_plan(rules->str);

    sandbox_fresh();
    g_autoptr(Backend) backend = backend_new();
    apply(backend, "v", NULL, plan);
    g_autofree char *count = sandbox_run("nft -a list chain ip filter FI-v 2>/dev/null | grep -c ' drop # handle'");
    g_autofree char *all = sandbox_run("nft -a list chain ip filter FI-v 2>/dev/null | grep -c '# handle'");
    g_assert_cmpint(atoi(count), ==, G_N_ELEMENTS(comments));
    g_assert_cmpint(atoi(all), ==, G_N_ELEMENTS(comments) + 1); /* and the chain itself */

    g_autoptr(Backend) reader = backend_new();
    apply(reader, "v", NULL, NULL);
    assert_listing(NWF_LAYER_IPV4, BASE_ONLY);
}

/* However many ports there are, no batch has more of them than one call may have. */
static void
test_all_is_removed_in_pieces(void)
{
    g_autoptr(Subject) subject = subject_new("a b c", ETHERNET_A IPV4_A, NULL);
    g_autoptr(GError) error = NULL;

    subject->backend->ports_max = 2;
    g_assert_true(subject->backend->remove_all(subject->backend, &error));
    g_assert_no_error(error);
    g_autofree char *record = sandbox_record();
    assert_contains(record, "iptables-restore ebtables-restore iptables-restore ebtables-restore iptables-save");
    assert_listing(NWF_LAYER_ETHERNET, EMPTY_NAT);
    assert_listing(NWF_LAYER_IPV4, EMPTY_FILTER);
}

static void
add(void)
{
    static const KernelTest tests[] = {
        {"runs", test_only_needed_tools_run_once},
        {"mixture", test_only_a_mixture_is_closed},
        {"reading", test_reading_finds_ports_and_changes_nothing},
        {"flushed", test_rules_flushed_by_somebody_come_back_with_the_next_change},
        {"foreign", test_foreign_rules_stay},
        {"take-over", test_rules_of_the_stock_driver_are_taken_over},
        {"odd-names", test_odd_port_names},
        {"base-jump", test_a_base_jump_holds_up_no_port},
    {"bridge-netfilter", test_bridge_netfilter_is_told_for_each_port},
        {"comments", test_hostile_comments_stay_in_their_place},
        {"removed-in-pieces", test_all_is_removed_in_pieces},
    };

    add_tests(tests, G_N_ELEMENTS(tests));
    g_test_add_data_func("/tech/kernel/flushed-in-place/rules", "ebtables -t nat -F",
                         test_a_flushed_port_is_not_taken_for_filtered);
    g_test_add_data_func("/tech/kernel/flushed-in-place/dispatch", "ebtables -t nat -D PREROUTING -i v -j libvirt-I-v",
                         test_a_flushed_port_is_not_taken_for_filtered);
}

int
main(int argc, char **argv)
{
    return kernel_main(argc, argv, add);
}
