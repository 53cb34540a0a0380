/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test-faults.c: tools that refuse, die or are missing
 */
#include "tests/unit/tech/kernel/subject.h"

#include <string.h>

/* As "ebtables-restore": refuses a batch with the type that only ETHERNET_B has. */
#define REFUSES_NEW                                                                                                    \
    "t=$(mktemp -p /run); cat > $t; if grep -q 0x1002 $t; then echo 'no such thing, line 3' >&2; "                     \
    "rm $t; exit 1; fi; $REAL \"$@\" < $t; s=$?; rm $t; exit $s"

#define REFUSES_NEW_ONCE                                                                                               \
    "t=$(mktemp -p /run); cat > $t; if grep -q 0x1002 $t; then echo 'RULE_DELETE failed' >&2; rm $t $INSTEAD; "        \
    "exit 4; fi; $REAL \"$@\" < $t; s=$?; rm $t; exit $s"

/* The third tool refuses; the two before it, and the closing, are taken back. */
static void
test_a_refused_update_changes_nothing(void)
{
    g_autoptr(Subject) subject = subject_new("v", ETHERNET_A IPV4_A IPV6_A, ETHERNET_B IPV4_B NO_SET_V6);
    g_autofree char *message = subject_refuse(subject);

    assert_unchanged(subject);
    assert_contains(message, "filter 'root', rule at line 2, port 'v'");
    assert_contains(message, "ip6tables-restore");
    assert_contains(message, "Set missing doesn't exist");
    assert_lacks(message, "closed");
    /* and it is as usable as before */
    subject_apply(subject, subject->old_plan, NULL);
    assert_listing(NWF_LAYER_ETHERNET, EMPTY_NAT);
}

static void
test_a_refused_creation_leaves_nothing(void)
{
    g_autoptr(NwfPlan) bad = harness_plan(ETHERNET_A IPV4_A NO_SET_V6);

    sandbox_fresh();
    g_autoptr(Backend) backend = backend_new();
    g_autofree char *message = refuse(backend, "v", NULL, bad);

    assert_contains(message, "Set missing doesn't exist");
    assert_listing(NWF_LAYER_ETHERNET, "");
    assert_listing(NWF_LAYER_IPV4, BASE_ONLY);
    assert_listing(NWF_LAYER_IPV6, EMPTY_FILTER);
}

/* The second port of a batch is at fault; the name of its set looks like a place in the batch, where the first port's
 * rule stands. */
static void
test_the_place_is_not_read_from_a_name(void)
{
    g_autoptr(NwfPlan) good = harness_plan(IPV4_A);
    g_autoptr(NwfPlan) bad = harness_plan("\n\n<rule action='drop' direction='out'><all ipset='line 13' "
                                          "ipsetflags='src'/></rule>");
    g_autoptr(GError) error = NULL;

    sandbox_fresh();
    g_autoptr(Backend) backend = backend_new();
    g_autoptr(GPtrArray) changes = harness_change("good", NULL, good);
    g_ptr_array_add(changes, nwf_plan_change_new("bad", NULL, bad));
    g_assert_false(apply_plans(backend, changes, NULL, &error));
    assert_contains(error->message, "Set line 13 doesn't exist");
    assert_contains(error->message, "filter 'root', rule at line 3, port 'bad': ");
}

/* One bad port takes its neighbours in the same call back with it. */
static void
test_all_ports_or_none(void)
{
    g_autoptr(Subject) good = subject_new("good", ETHERNET_A IPV4_A, ETHERNET_B IPV4_B);
    g_autoptr(NwfPlan) bad = harness_plan(NO_SET_V6);
    g_autoptr(GPtrArray) changes = harness_change("good", good->old_plan, good->new_plan);
    g_autoptr(GError) error = NULL;

    g_ptr_array_add(changes, nwf_plan_change_new("bad", NULL, bad));
    g_ptr_array_add(changes, nwf_plan_change_new("new", NULL, good->new_plan));
    g_assert_false(apply_plans(good->backend, changes, NULL, &error));
    g_assert_error(error, NWF_ERROR, NWF_ERROR_FIREWALL);
    assert_unchanged(good);
}

/* The last stage refuses: the Ethernet layer, closed by then, gets its old rules again. */
static void
test_a_failure_in_the_last_stage_reopens(void)
{
    g_autoptr(Subject) subject = subject_new("v", ETHERNET_A IPV4_A, ETHERNET_B IPV4_B);

    sandbox_spoil("ebtables-restore", REFUSES_NEW);
    g_autofree char *message = subject_refuse(subject);
    sandbox_spoil("ebtables-restore", NULL);
    assert_unchanged(subject);
    assert_contains(message, "no such thing");
}

/*
 * The IP tool dies after the kernel has heard it that the layer goes; when the Ethernet layer is refused afterwards,
 * the layer comes back.
 */
static void
test_what_a_dying_tool_removed_comes_back(void)
{
    g_autoptr(Subject) subject = subject_new("v", ETHERNET_A IPV4_A, ETHERNET_B);

    sandbox_spoil("iptables-restore", "$REAL \"$@\"; rm $INSTEAD; kill -KILL $$");
    sandbox_spoil("ebtables-restore", REFUSES_NEW);
    g_autofree char *message = subject_refuse(subject);
    sandbox_spoil("ebtables-restore", NULL);
    assert_unchanged(subject);
    assert_lacks(message, "closed");
}

/* Nothing can be taken back either: the port stays closed, the error says so, and the next change mends it. */
static void
test_a_failed_way_back_leaves_the_port_closed(void)
{
    g_autoptr(Subject) subject = subject_new("v", ETHERNET_A IPV4_A, ETHERNET_B IPV4_B NO_SET_V6);
    g_autoptr(NwfPlan) same = harness_plan(ETHERNET_A IPV4_A);

    sandbox_spoil("iptables-restore",
                  "t=$(mktemp -p /run); cat > $t; if grep -q 'dport 1 ' $t; then echo 'never again' >&2; "
                  "rm $t; exit 1; fi; $REAL \"$@\" < $t; s=$?; rm $t; exit $s");
    g_autofree char *message = subject_refuse(subject);
    g_autofree char *closed = sandbox_listing(NWF_LAYER_ETHERNET);
    assert_contains(message, "the old rules could not be put back: ");
    assert_contains(message, "never again");
    assert_contains(message, "these ports are closed until the next change: 'v'");
    assert_contains(closed, "-A libvirt-I-v -j DROP\n");
    assert_contains(closed, "-A libvirt-O-v -j DROP\n");

    /* the caller still believes in the old plan; an equal one is work now */
    sandbox_spoil("iptables-restore", NULL);
    subject_apply(subject, subject->old_plan, same);
    assert_unchanged(subject);
}

/* A tool that dies after the kernel has heard it: the table is read, and the truth is found. */
static void
test_a_tool_that_dies_is_followed_up(void)
{
    g_autoptr(NwfPlan) plan = harness_plan(ETHERNET_A IPV4_A);

    sandbox_fresh();
    g_autoptr(Backend) backend = backend_new();
    sandbox_spoil("iptables-restore", "$REAL \"$@\"; rm $INSTEAD; kill -KILL $$");
    apply(backend, "v", NULL, plan);
    assert_ran("iptables-restore iptables-save iptables-restore ebtables-restore");
    g_autofree char *listing = sandbox_listing(NWF_LAYER_IPV4);
    g_autoptr(GPtrArray) dispatch = harness_lines(listing, "-A libvirt-in -m physdev --physdev-in v -g FI-v");
    g_autoptr(GPtrArray) rules = harness_lines(listing, "-A FI-v");
    g_assert_cmpuint(dispatch->len, ==, 1);
    g_assert_cmpuint(rules->len, ==, 1);
}

/* The same in an update in place, of which the table itself does not tell whether the kernel has taken it. */
static void
test_an_update_is_said_again_after_a_death(void)
{
    g_autoptr(Subject) subject = subject_new("v", ETHERNET_A IPV4_A, ETHERNET_A IPV4_B);

    sandbox_spoil("iptables-restore", "rm $INSTEAD; kill -KILL $$");
    subject_apply(subject, subject->old_plan, subject->new_plan);
    assert_ran("iptables-restore iptables-save iptables-restore");
    g_autofree char *listing = sandbox_listing(NWF_LAYER_IPV4);
    assert_contains(listing, "-A FI-v -p tcp -m tcp --dport 2 ");
}

/* It dies each time: nothing can be known, so the port is closed until the next change, which reads first. */
static void
test_a_tool_that_always_dies_leaves_the_port_closed(gconstpointer also_spoilt)
{
    g_autoptr(Subject) subject = subject_new("v", ETHERNET_A IPV4_A, ETHERNET_B IPV4_B);
    g_autoptr(NwfPlan) same = harness_plan(ETHERNET_A IPV4_A);

    sandbox_spoil("iptables-restore", "$REAL \"$@\"; kill -KILL $$");
    sandbox_spoil(also_spoilt, "exit 1");
    g_autofree char *message = subject_refuse(subject);
    g_autofree char *closed = sandbox_listing(NWF_LAYER_ETHERNET);
    assert_contains(message, "these ports are closed until the next change: 'v'");
    assert_contains(closed, "-A libvirt-I-v -j DROP\n");

    sandbox_spoil("iptables-restore", NULL);
    sandbox_spoil(also_spoilt, NULL);
    subject_apply(subject, subject->old_plan, same);
    assert_unchanged(subject);
}

/*
 * The last tool dies after the kernel has heard it, and the second time dies or refuses: the new rules of the Ethernet
 * layer may stand, so those of the IP layers stay too. With the old ones a frame could pass that neither the old nor
 * the new filter allows.
 */
static void
test_doubt_in_the_last_stage_mixes_nothing(gconstpointer second_time)
{
    /* only with the type that the new plan alone has */
    g_autofree char *dies = g_strdup_printf("t=$(mktemp -p /run); cat > $t; if grep -q 0x1002 $t; then "
                                            "if [ -e $INSTEAD.2 ]; then %s; fi; touch $INSTEAD.2; "
                                            "$REAL \"$@\" < $t; kill -KILL $$; fi; exec $REAL \"$@\" < $t",
                                            (const char *)second_time);

    g_autoptr(Subject) subject = subject_new("v", ETHERNET_A IPV4_A, ETHERNET_B IPV4_B);
    g_autoptr(NwfPlan) same = harness_plan(ETHERNET_A IPV4_A);

    sandbox_spoil("ebtables-restore", dies);
    g_autofree char *message = subject_refuse(subject);
    g_autofree char *ethernet = sandbox_listing(NWF_LAYER_ETHERNET);
    g_autofree char *ipv4 = sandbox_listing(NWF_LAYER_IPV4);
    assert_contains(ethernet, "0x1002");
    assert_contains(ipv4, "--dport 2 ");
    assert_contains(message, "closed or have the new rules until the next change: 'v'");

    sandbox_spoil("ebtables-restore", "rm -f $INSTEAD.2");
    subject_apply(subject, subject->old_plan, same);
    assert_unchanged(subject);
}

/*
 * Somebody else exchanges rules between a tool's look at the table and its batch, so that the kernel refuses that. The
 * table looks as before, and the same batch is given again.
 */
#define EXCHANGES "iptables-nft -A FORWARD -s 10.9.9.9 -j ACCEPT; iptables-nft -D FORWARD -s 10.9.9.9 -j ACCEPT; "
#define REFUSED   "echo 'RULE_DELETE failed' >&2; exit 4"

static void
test_a_disturbed_tool_tries_again(gconstpointer tool)
{
    g_autoptr(Subject) subject = subject_new("v", ETHERNET_A IPV4_A, ETHERNET_B IPV4_B);
    g_autofree char *once = g_strconcat("rm $INSTEAD; " EXCHANGES REFUSED, NULL);

    sandbox_spoil(tool, once);
    subject_apply(subject, subject->old_plan, subject->new_plan);
    g_autofree char *ethernet = sandbox_listing(NWF_LAYER_ETHERNET);
    g_autofree char *ipv4 = sandbox_listing(NWF_LAYER_IPV4);
    assert_contains(ethernet, "0x1002");
    assert_contains(ipv4, "--dport 2 ");
}

/* So it does if the other program puts back only later what the tool stumbled over, and the table looks as before. */
static void
test_a_tool_that_was_disturbed_until_the_listing_tries_again(void)
{
    g_autoptr(Subject) subject = subject_new("v", ETHERNET_A, ETHERNET_B);

    sandbox_spoil("ebtables-restore", REFUSES_NEW_ONCE);
    sandbox_spoil("ebtables-save", "rm $INSTEAD; " EXCHANGES "exec $REAL \"$@\"");
    subject_apply(subject, subject->old_plan, subject->new_plan);
    g_autofree char *ethernet = sandbox_listing(NWF_LAYER_ETHERNET);
    assert_contains(ethernet, "0x1002");
}

/* What others did earlier in the same call is no reason: a tool that says no by itself is asked once. */
static void
test_a_tool_that_was_not_disturbed_is_asked_once(void)
{
    g_autoptr(Subject) subject = subject_new("v", ETHERNET_A IPV4_A, ETHERNET_B IPV4_B);

    nwf_own_transactions_begin(&((NwfEbiptables *)subject->backend)->own);
    sandbox_spoil("iptables-restore", "rm $INSTEAD; " EXCHANGES "exec $REAL \"$@\"");
    sandbox_spoil("ebtables-restore", REFUSES_NEW);
    g_free(subject_refuse(subject));
    g_autofree char *ran = sandbox_record();
    assert_contains(ran, " iptables-restore ebtables-restore ebtables-save iptables-restore ");
    sandbox_spoil("ebtables-restore", NULL);
    assert_unchanged(subject);
}

/* A tool that somebody disturbs each time fails in the end; one that says no by itself is not asked again. */
static void
test_tries_have_an_end(void)
{
    g_autoptr(Subject) subject = subject_new("v", ETHERNET_A IPV4_A, ETHERNET_A IPV4_B);

    sandbox_spoil("iptables-restore", EXCHANGES REFUSED);
    g_autofree char *disturbed = subject_refuse(subject);
    assert_contains(disturbed, "RULE_DELETE failed");
    assert_ran("iptables-restore iptables-save iptables-restore iptables-save iptables-restore iptables-save "
               "iptables-restore iptables-save iptables-restore");
    sandbox_spoil("iptables-restore", REFUSED);
    g_free(subject_refuse(subject));
    assert_ran("iptables-restore iptables-save");
    sandbox_spoil("iptables-restore", NULL);
    assert_unchanged(subject);
}

/* What nobody knows is said: @spoilt takes its batch and dies each time. A working tool makes the old rules hold. */
static void
refuse_in_doubt(const char *new_rules, const char *spoilt, const char *expected)
{
    g_autoptr(Subject) subject = subject_new("v", ETHERNET_A IPV4_A, new_rules);
    g_autoptr(NwfPlan) same = harness_plan(ETHERNET_A IPV4_A);

    sandbox_spoil(spoilt, "$REAL \"$@\"; kill -KILL $$");
    g_autofree char *message = subject_refuse(subject);
    assert_contains(message, expected);
    g_assert_false(is_certain(subject->backend, "v"));
    sandbox_spoil(spoilt, NULL);
    subject_apply(subject, subject->old_plan, same);
    assert_unchanged(subject);
}

static void
test_doubt_is_named_at_each_stage(void)
{
    refuse_in_doubt(ETHERNET_B IPV4_B, "ebtables-restore", "; these ports may be closed until the next change: 'v'");
    refuse_in_doubt(ETHERNET_B IPV4_B, "iptables-restore", "; these ports are closed until the next change: 'v'");
    refuse_in_doubt(ETHERNET_A IPV4_B, "iptables-restore",
                    "; these ports have the old rules or the new ones until the next change: 'v'");
    refuse_in_doubt(ETHERNET_B IPV4_A, "ebtables-restore",
                    "; these ports have the old rules or the new ones until the next change: 'v'");
}

/* Until show_tools() the tool is not installed. */
static void
hide_tool(const char *tool)
{
    g_autofree char *script = g_strdup_printf("d=$(mktemp -d -p /run); cp -a /etc/alternatives/. $d; rm $d/%s; "
                                              "mount --bind $d /etc/alternatives",
                                              tool);

    g_free(sandbox_run(script));
}

static void
show_tools(void)
{
    g_free(sandbox_run("umount /etc/alternatives"));
}

static void
test_a_missing_tool_stops_only_those_who_need_it(void)
{
    g_autoptr(NwfPlan) ethernet = harness_plan(ETHERNET_A);
    g_autoptr(NwfPlan) ipv4 = harness_plan(ETHERNET_A IPV4_A);

    sandbox_fresh();
    hide_tool("iptables-restore");
    g_autoptr(Backend) backend = backend_unprobed(FALSE);
    g_autoptr(NwfNotes) notes = nwf_notes_new();
    g_assert_true(backend->probe(backend, notes, NULL));
    g_assert_cmpuint(notes->len, ==, 1);
    assert_contains(g_ptr_array_index(notes, 0), "iptables-restore is not installed");
    apply(backend, "v", NULL, ethernet);
    g_autofree char *before = everything();
    g_autoptr(GPtrArray) changes = harness_change("v", ethernet, ipv4);
    g_autoptr(GError) error = NULL;
    g_assert_false(apply_plans(backend, changes, NULL, &error));
    g_assert_error(error, NWF_ERROR, NWF_ERROR_NO_TOOL);
    assert_contains(error->message, "iptables-restore is not installed");
    g_autofree char *after = everything();
    g_assert_cmpstr(before, ==, after);
    show_tools();
}

/* Through the contract. Returns what was noted. */
static char *
change_rules(Backend *backend, NwfRules *old, NwfRules *new)
{
    const NwfPortChange change = {"v", old, new};
    g_autoptr(NwfNotes) notes = nwf_notes_new();
    g_autoptr(GError) error = NULL;
    NwfApplyResult result;

    backend->apply(backend, &change, 1, notes, &result, &error);
    g_assert_no_error(error);
    g_assert_cmpint(result.applied, ==, NWF_APPLIED_ALL);
    g_assert_cmpuint(notes->len, <=, 1);
    return g_strdup(notes->len > 0 ? g_ptr_array_index(notes, 0) : "");
}

static void
assert_closed_at_ip(gboolean closed)
{
    for (NwfLayer layer = NWF_LAYER_IPV4; layer < NWF_LAYERS; layer++) {
        g_autofree char *listing = sandbox_listing(layer);
        (closed ? assert_contains : assert_lacks)(listing, "-A HI-v -j DROP\n");
        (closed ? assert_contains : assert_lacks)(listing, "-A FI-v -j DROP\n");
        (closed ? assert_contains : assert_lacks)(listing, "-A FO-v -j DROP\n");
    }
}

/* Where the Ethernet layer has no tool, and when it has one again. What is closed already is not written again. */
static void
test_closed_at_the_ip_layers(void)
{
    g_autoptr(NwfRules) closed = nwf_rules_new_closed(), also_closed = nwf_rules_new_closed();

    sandbox_fresh();
    hide_tool("ebtables-restore");
    g_autoptr(Backend) backend = backend_unprobed(FALSE);
    g_assert_true(backend->probe(backend, NULL, NULL));
    g_autofree char *noted = change_rules(backend, NULL, closed);
    assert_contains(noted, "port 'v': ebtables is not installed");
    assert_closed_at_ip(TRUE);
    g_free(sandbox_record());
    g_autofree char *again = change_rules(backend, closed, also_closed);
    g_assert_cmpstr(again, ==, "");
    assert_ran("");

    show_tools();
    g_autofree char *properly = change_rules(backend, closed, also_closed);
    g_assert_cmpstr(properly, ==, "");
    assert_closed_at_ip(FALSE);
    g_autofree char *ethernet = sandbox_listing(NWF_LAYER_ETHERNET);
    assert_contains(ethernet, "-A libvirt-I-v -j DROP\n");
    assert_contains(ethernet, "-A libvirt-O-v -j DROP\n");

    hide_tool("ebtables-restore");
    g_autoptr(Backend) next = backend_unprobed(FALSE); /* which knows nothing of the above */
    g_assert_true(next->probe(next, NULL, NULL));
    g_free(change_rules(next, NULL, closed));
    assert_closed_at_ip(TRUE);
    g_free(change_rules(next, closed, NULL));
    assert_closed_at_ip(FALSE);
    show_tools();
}

/* A kernel without IPv6: its table cannot be read, which is told and stops nobody else. */
static void
test_an_unreadable_layer_stops_only_those_who_need_it(void)
{
    g_autoptr(NwfPlan) ipv4 = harness_plan(ETHERNET_A IPV4_A);
    g_autoptr(NwfPlan) ipv6 = harness_plan(ETHERNET_A IPV6_A);
    g_autoptr(NwfNotes) notes = nwf_notes_new();
    g_autoptr(GPtrArray) ports = NULL;

    sandbox_fresh();
    g_autoptr(Backend) before = backend_new();
    apply(before, "v", NULL, ipv4);
    sandbox_spoil("ip6tables-save", "echo 'Address family not supported' >&2; exit 3");
    g_autoptr(Backend) backend = backend_unprobed(FALSE);
    g_assert_true(backend->read(backend, &ports, notes, NULL));
    g_assert_cmpuint(ports->len, ==, 1);
    g_assert_cmpuint(notes->len, ==, 1);
    assert_contains(g_ptr_array_index(notes, 0), "Address family not supported");
    assert_contains(g_ptr_array_index(notes, 0), "filters with IPv6 rules cannot be used");

    apply(backend, "v", ipv4, NULL);
    assert_listing(NWF_LAYER_ETHERNET, EMPTY_NAT);
    g_autofree char *message = refuse(backend, "v", NULL, ipv6);
    assert_contains(message, "Address family not supported");
    assert_listing(NWF_LAYER_ETHERNET, EMPTY_NAT);
    sandbox_spoil("ip6tables-save", NULL);
}

static void
add(void)
{
    static const KernelTest tests[] = {
        {"refused-update", test_a_refused_update_changes_nothing},
        {"refused-creation", test_a_refused_creation_leaves_nothing},
        {"place", test_the_place_is_not_read_from_a_name},
        {"all-or-none", test_all_ports_or_none},
        {"last-stage", test_a_failure_in_the_last_stage_reopens},
        {"no-way-back", test_a_failed_way_back_leaves_the_port_closed},
        {"dying-tool", test_a_tool_that_dies_is_followed_up},
        {"dying-removal", test_what_a_dying_tool_removed_comes_back},
        {"dying-update", test_an_update_is_said_again_after_a_death},
        {"doubt-is-named", test_doubt_is_named_at_each_stage},
        {"disturbed-later", test_a_tool_that_was_disturbed_until_the_listing_tries_again},
        {"disturbed-earlier", test_a_tool_that_was_not_disturbed_is_asked_once},
        {"disturbed-for-ever", test_tries_have_an_end},
        {"unreadable-layer", test_an_unreadable_layer_stops_only_those_who_need_it},
        {"closed-at-ip", test_closed_at_the_ip_layers},
        {"missing-tool", test_a_missing_tool_stops_only_those_who_need_it},
    };

    add_tests(tests, G_N_ELEMENTS(tests));
    g_test_add_data_func("/tech/kernel/disturbed/ip", "iptables-restore", test_a_disturbed_tool_tries_again);
    g_test_add_data_func("/tech/kernel/disturbed/ethernet", "ebtables-restore", test_a_disturbed_tool_tries_again);
    g_test_add_data_func("/tech/kernel/dying-last/twice", "kill -KILL $$", test_doubt_in_the_last_stage_mixes_nothing);
    g_test_add_data_func("/tech/kernel/dying-last/refused", "exit 1", test_doubt_in_the_last_stage_mixes_nothing);
    g_test_add_data_func("/tech/kernel/always-dying/blind", "iptables-save",
                         test_a_tool_that_always_dies_leaves_the_port_closed);
    g_test_add_data_func("/tech/kernel/always-dying/seeing", "ip6tables-save",
                         test_a_tool_that_always_dies_leaves_the_port_closed);
}

int
main(int argc, char **argv)
{
    return kernel_main(argc, argv, add);
}
