/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test-reread.c: what the kernel holds is compared before writing, and read again after somebody else wrote
 */
#include <linux/netfilter.h>
#include <string.h>

#include "tests/unit/tech/kernel/subject.h"

static int
compare_names(gconstpointer a, gconstpointer b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Listings with the dispatch rules, among which the order of the ports means nothing, sorted at the end. */
static char *
in_order(const char *text)
{
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    g_autoptr(GPtrArray) dispatch = g_ptr_array_new();
    g_autoptr(GString) out = g_string_new(NULL);

    for (guint i = 0; lines[i]; i++)
        if (strstr(lines[i], "--physdev-") || g_str_has_prefix(lines[i], "-A P"))
            g_ptr_array_add(dispatch, lines[i]);
        else
            g_string_append_printf(out, "%s\n", lines[i]);
    g_ptr_array_sort(dispatch, compare_names);
    for (guint i = 0; i < dispatch->len; i++)
        g_string_append_printf(out, "%s\n", (const char *)g_ptr_array_index(dispatch, i));
    return g_string_free(g_steal_pointer(&out), FALSE);
}

/* Two ports with rules at all layers. */
static Subject *
two_ports(void)
{
    return subject_new("v w", ETHERNET_A IPV4_A IPV6_A, NULL);
}

static guint
writes(Subject *subject)
{
    g_autoptr(GArray) runs = take_runs(subject->backend);

    return runs->len;
}

static void
assert_right(Subject *subject)
{
    g_autofree char *listing = everything();
    g_autofree char *now = in_order(listing);
    g_autofree char *right = in_order(subject->before);

    g_assert_cmpstr(now, ==, right);
}

static void
touched_free(gpointer data)
{
    NwfTouched *touched = data;

    g_free((char *)touched->chain);
    g_free(touched);
}

/* What the kernel announces of a change of one chain, or of a whole table. */
static GPtrArray *
touched_new(Subject *subject, guint8 family, const char *chain)
{
    GPtrArray *list = g_ptr_array_new_with_free_func(touched_free);
    NwfTouched *touched = g_new0(NwfTouched, 1);

    touched->table = subject->backend->tables;
    while (touched->table->family != family)
        touched->table++;
    touched->chain = g_strdup(chain);
    g_ptr_array_add(list, touched);
    return list;
}

/* Names of the ports that are to be applied again, sorted; NULL: nothing of ours was touched. */
static char *
reread_ports(Subject *subject, GPtrArray *touched)
{
    g_autoptr(GPtrArray) ports = NULL;
    g_autoptr(GError) error = NULL;

    g_assert_true(reread(subject->backend, touched, &ports, &error));
    g_assert_no_error(error);
    if (!ports)
        return NULL;
    g_ptr_array_sort(ports, compare_names);
    g_ptr_array_add(ports, NULL);
    return g_strjoinv(" ", (char **)ports->pdata);
}

static void
apply_nothing(Subject *subject)
{
    g_autoptr(GPtrArray) nothing = g_ptr_array_new();
    g_autoptr(GError) error = NULL;

    apply_plans(subject->backend, nothing, NULL, &error);
    g_assert_no_error(error);
}

/* A new backend finds the rules of the last one; @meanwhile happens between the two. */
static void
take_over(Subject *subject, const char *meanwhile)
{
    g_free(sandbox_run(meanwhile));
    backend_free(subject->backend);
    subject->backend = backend_new();
    apply_nothing(subject);
    subject_apply(subject, NULL, subject->old_plan);
}

static void
test_one_port_differs(void)
{
    g_autoptr(Subject) subject = two_ports();

    take_over(subject, "ebtables -t nat -A libvirt-I-w -j ACCEPT");
    assert_ran("ebtables-restore ebtables-save iptables-restore iptables-save ip6tables-restore ip6tables-save "
               "ebtables-restore");
    g_assert_cmpuint(writes(subject), ==, 1);
    assert_right(subject);
}

/*
 * Somebody restores rules that are those of the next plan. The change to it is refused at another layer; the old plan
 * still counts, and applying it writes the rules that are not there.
 */
static void
test_what_a_refused_change_found_is_not_the_old(void)
{
    g_autoptr(Subject) subject = subject_new("v", ETHERNET_A IPV4_A, ETHERNET_B IPV4_B);
    g_autoptr(GPtrArray) touched = touched_new(subject, NFPROTO_IPV4, "FI-v");

    subject_apply(subject, subject->old_plan, subject->new_plan);
    g_free(sandbox_run("iptables-nft-save -t filter > /run/nwf-kernel/saved"));
    subject_apply(subject, subject->new_plan, subject->old_plan);
    g_free(sandbox_run("iptables-nft-restore < /run/nwf-kernel/saved"));
    g_autofree char *ports = reread_ports(subject, touched);
    g_assert_cmpstr(ports, ==, "v");
    sandbox_spoil("ebtables-restore", "echo 'not now' >&2; exit 1");
    g_free(subject_refuse(subject));
    sandbox_spoil("ebtables-restore", NULL);
    subject_apply(subject, subject->old_plan, subject->old_plan);
    assert_right(subject);
}

/* Nothing is taken for right that is not, wherever it is wrong. */
static void
test_nothing_wrong_is_kept(gconstpointer script)
{
    g_autoptr(Subject) subject = two_ports();

    take_over(subject, script);
    g_assert_cmpuint(writes(subject), >, 0);
    assert_right(subject);
}

/* What cannot be rehearsed is written. */
static void
test_without_rehearsal(void)
{
    g_autoptr(Subject) subject = two_ports();

    sandbox_spoil("iptables-restore",
                  "[ $(readlink /proc/self/ns/net) = $(readlink /proc/$PPID/ns/net) ] || exit 2");
    take_over(subject, "true");
    g_assert_cmpuint(writes(subject), ==, 1);
    assert_right(subject);
}

/* A tool that is slow and then refuses is not asked again and again. */
static void
test_slow_rehearsal(void)
{
    g_autoptr(Subject) subject = two_ports();

    sandbox_spoil("ip6tables-restore",
                  "[ $(readlink /proc/self/ns/net) = $(readlink /proc/$PPID/ns/net) ] || { sleep 6; exit 2; }");
    take_over(subject, "true");
    assert_ran("ebtables-restore ebtables-save iptables-restore iptables-save ip6tables-restore ip6tables-restore");
    assert_right(subject);
}

/* Both ports are known to be right: only what was touched is read, and written only if it differs. */
static void
test_a_chain_of_one_port(void)
{
    g_autoptr(Subject) subject = two_ports();
    g_autoptr(GPtrArray) touched = touched_new(subject, NFPROTO_BRIDGE, "libvirt-I-w");

    g_free(sandbox_run("ebtables -t nat -I libvirt-I-w -j ACCEPT"));
    g_autofree char *ports = reread_ports(subject, touched);
    g_assert_cmpstr(ports, ==, "w");
    assert_ran("ebtables-save");
    subject_apply(subject, subject->old_plan, subject->old_plan);
    g_assert_cmpuint(writes(subject), ==, 1);
    assert_right(subject);
    subject_apply(subject, subject->old_plan, subject->old_plan);
    assert_ran("ebtables-restore ebtables-save ebtables-restore"); /* rehearsal, then in earnest, and that was all */
}

static void
test_a_touch_that_did_no_harm(void)
{
    g_autoptr(Subject) subject = two_ports();
    g_autoptr(GPtrArray) touched = touched_new(subject, NFPROTO_IPV4, "FI-v");

    g_autofree char *ports = reread_ports(subject, touched);
    g_assert_cmpstr(ports, ==, "v");
    subject_apply(subject, subject->old_plan, subject->old_plan);
    g_assert_cmpuint(writes(subject), ==, 0);
}

static void
test_chains_of_others(void)
{
    g_autoptr(Subject) subject = two_ports();
    g_autoptr(GPtrArray) touched = touched_new(subject, NFPROTO_IPV4, "DOCKER");

    g_free(sandbox_run("iptables -N DOCKER; iptables -A DOCKER -j ACCEPT"));
    g_autofree char *ports = reread_ports(subject, touched);
    g_assert_null(ports);
    assert_ran("");
}

static void
test_a_flushed_table(void)
{
    g_autoptr(Subject) subject = two_ports();

    g_free(sandbox_run("nft flush ruleset"));
    g_autofree char *ports = reread_ports(subject, NULL);
    g_assert_cmpstr(ports, ==, "v w");
    subject_apply(subject, subject->old_plan, subject->old_plan);
    assert_right(subject);
}

/* Ports that no frame comes to any more need no rehearsal to know that they must be written. */
static void
test_flushed_dispatch(void)
{
    g_autoptr(Subject) subject = two_ports();
    g_autoptr(GPtrArray) touched = touched_new(subject, NFPROTO_BRIDGE, "PREROUTING");

    g_free(sandbox_run("ebtables -t nat -F"));
    g_autofree char *ports = reread_ports(subject, touched);
    g_assert_cmpstr(ports, ==, "v w");
    assert_ran("ebtables-save");
    subject_apply(subject, subject->old_plan, subject->old_plan);
    assert_ran("ebtables-restore");
    assert_right(subject);
}

/* Being compared changes nothing of what is known: who asks twice is answered twice. */
static void
test_compared_again(void)
{
    g_autoptr(Subject) subject = two_ports();

    take_over(subject, "true");
    subject_apply(subject, NULL, subject->old_plan);
    g_assert_cmpuint(writes(subject), ==, 0);
}

/* What somebody did to a table that tells nothing is not forgotten over a batch of ours. */
static void
test_a_mute_table(void)
{
    g_autofree char *legacy = g_find_program_in_path("iptables-legacy-restore");
    g_autoptr(NwfPlan) first = harness_plan(IPV4_A), second = harness_plan(IPV4_B);

    if (!legacy) {
        g_test_skip("needs iptables-legacy");
        return;
    }
    sandbox_fresh();
    g_free(sandbox_run("for i in save restore; do ln -sf /usr/sbin/iptables-legacy-$i /etc/alternatives/iptables-$i; done"));
    {
        g_autoptr(Backend) backend = backend_new();
        g_autoptr(GPtrArray) ports = NULL;

        apply(backend, "v", NULL, first);
        apply(backend, "w", NULL, first);
        g_assert_true(backend->needs_poll(backend));
        g_assert_false(has_changed(backend));
        g_free(sandbox_run("iptables-legacy -I FI-w -j ACCEPT"));
        apply(backend, "v", first, second);
        g_assert_true(has_changed(backend));
        g_assert_true(reread(backend, NULL, &ports, NULL));
        g_assert_cmpuint(ports->len, ==, 2);
        g_assert_false(has_changed(backend));
    }
    g_free(sandbox_run("for i in save restore; do ln -sf /run/nwf-kernel/iptables-$i /etc/alternatives/iptables-$i; done"));
}

/* A batch about one port finds the table flushed, and reads it again: the harm to the other port is not forgotten. */
static void
test_a_flush_that_a_batch_finds(void)
{
    g_autoptr(Subject) subject = two_ports();
    g_autoptr(NwfPlan) other = harness_plan(ETHERNET_B IPV4_A IPV6_A);
    g_autoptr(GPtrArray) touched = touched_new(subject, NFPROTO_BRIDGE, "PREROUTING");

    g_free(sandbox_run("nft flush table bridge nat"));
    apply(subject->backend, "v", subject->old_plan, other);
    g_assert_cmpuint(writes(subject), ==, 2); /* the first was refused */
    g_autofree char *ports = reread_ports(subject, touched);
    g_assert_cmpstr(ports, ==, "w");
    apply(subject->backend, "v", other, subject->old_plan);
    apply(subject->backend, "w", subject->old_plan, subject->old_plan);
    assert_right(subject);
}

/* Jumps to the base chains belong to no port. */
static void
test_base_jumps(gconstpointer script)
{
    g_autoptr(Subject) subject = two_ports();
    g_autoptr(GPtrArray) touched = touched_new(subject, NFPROTO_IPV4, "FORWARD");

    g_free(sandbox_run(script));
    g_autofree char *ports = reread_ports(subject, touched);
    g_assert_cmpstr(ports, ==, "");
    apply_nothing(subject);
    g_assert_cmpuint(writes(subject), ==, 1);
    g_autofree char *now = sandbox_listing(NWF_LAYER_IPV4);
    g_assert_true(g_str_has_prefix(strstr(now, "-A INPUT"), "-A INPUT -j libvirt-host-in\n"));
    g_assert_true(g_str_has_prefix(strstr(now, "-A FORWARD"), "-A FORWARD -j libvirt-in\n-A FORWARD -j libvirt-out\n"
                                                              "-A FORWARD -j libvirt-in-post\n"));
    apply_nothing(subject);
    g_assert_cmpuint(writes(subject), ==, 0);
}

static void
test_rules_of_others_stay(void)
{
    g_autoptr(Subject) subject = two_ports();

    g_free(sandbox_run("iptables -I FORWARD 1 -s 10.1.1.1 -j ACCEPT; iptables -A FORWARD -s 10.1.1.2 -j ACCEPT;"
                       "iptables -N other; iptables -A other -j DROP; ebtables -t nat -I PREROUTING -p 0x1234 -j DROP"));
    g_autofree char *ports = reread_ports(subject, NULL);
    g_assert_cmpstr(ports, ==, "v w");
    subject_apply(subject, subject->old_plan, subject->old_plan);
    g_autofree char *now = everything();
    assert_contains(now, "-A FORWARD -j libvirt-in-post\n-A FORWARD -s 10.1.1.1/32 -j ACCEPT\n"
                         "-A FORWARD -s 10.1.1.2/32 -j ACCEPT\n");
    assert_contains(now, "-A other -j DROP");
    assert_contains(now, "-A PREROUTING -p 0x1234 -j DROP\n-A PREROUTING -i v -j libvirt-I-v");
}

/* What others put into our base chains stays, behind what leads to the ports; new ports come before it, too. */
static void
test_strangers_in_a_base_chain(void)
{
    g_autoptr(Subject) subject = two_ports();
    g_autoptr(GPtrArray) touched = touched_new(subject, NFPROTO_IPV4, "libvirt-in");

    g_free(sandbox_run("iptables -I libvirt-in -j ACCEPT; iptables -I libvirt-host-in 2 -s 10.1.1.1 -j ACCEPT"));
    g_autofree char *ports = reread_ports(subject, touched);
    g_assert_nonnull(ports);
    subject_apply(subject, subject->old_plan, subject->old_plan);
    g_assert_cmpuint(writes(subject), ==, 1);
    apply(subject->backend, "x", NULL, subject->old_plan);
    g_autofree char *now = sandbox_listing(NWF_LAYER_IPV4);
    const char *const stranger = strstr(now, "-A libvirt-in -j ACCEPT");
    g_assert_nonnull(stranger);
    g_assert_null(strstr(stranger, "-A libvirt-in -m physdev"));
    g_assert_cmpuint(strstr(now, "-A libvirt-in -m physdev --physdev-in x") < stranger, ==, TRUE);
    g_assert_null(strstr(strstr(now, "-A libvirt-host-in -s 10.1.1.1"), "-A libvirt-host-in -m"));
    writes(subject);
    g_autofree char *again G_GNUC_UNUSED = reread_ports(subject, NULL);
    subject_apply(subject, subject->old_plan, subject->old_plan);
    g_assert_cmpuint(writes(subject), ==, 0);
}

/* A table that cannot be read keeps no port that does without it from being put right. */
static void
test_an_unreadable_table_harms_no_other(void)
{
    g_autoptr(NwfPlan) all = harness_plan(ETHERNET_A IPV4_A), ethernet = harness_plan(ETHERNET_A);
    g_autoptr(GPtrArray) ports = NULL;
    g_autoptr(GError) error = NULL;

    sandbox_fresh();
    g_autoptr(Backend) backend = backend_new();
    apply(backend, "v", NULL, all);
    apply(backend, "w", NULL, ethernet);
    sandbox_spoil("iptables-save", "exit 4");
    g_free(sandbox_run("ebtables -t nat -F"));
    g_assert_false(reread(backend, NULL, &ports, &error));
    g_assert_error(error, NWF_ERROR, NWF_ERROR_FIREWALL);
    g_assert_nonnull(ports);
    g_assert_cmpuint(ports->len, ==, 2);
    apply(backend, "w", ethernet, ethernet);
    sandbox_spoil("iptables-save", NULL);
    g_autofree char *listing = sandbox_listing(NWF_LAYER_ETHERNET);
    assert_contains(listing, "-j libvirt-I-w");
}

static const KernelTest tests[] = {
    {"look/one-port", test_one_port_differs},
    {"look/unreadable", test_an_unreadable_table_harms_no_other},
    {"look/no-rehearsal", test_without_rehearsal},
    {"look/slow-rehearsal", test_slow_rehearsal},
    {"look/chain", test_a_chain_of_one_port},
    {"look/strangers", test_strangers_in_a_base_chain},
    {"look/no-harm", test_a_touch_that_did_no_harm},
    {"look/others", test_chains_of_others},
    {"look/flush", test_a_flushed_table},
    {"look/flushed-dispatch", test_flushed_dispatch},
    {"look/compared-again", test_compared_again},
    {"look/refused", test_what_a_refused_change_found_is_not_the_old},
    {"look/mute", test_a_mute_table},
    {"look/flush-found", test_a_flush_that_a_batch_finds},
    {"look/rules-of-others", test_rules_of_others_stay},
};

/* Name and script of what somebody does. */
static const char *const harms[][2] = {
    {"order", "ebtables -t nat -F libvirt-I-v; ebtables -t nat -A libvirt-I-v -p 0x1002 -j DROP"},
    {"policy", "ebtables -t nat -P libvirt-I-v DROP"},
    {"dispatch", "ebtables -t nat -D PREROUTING -i v -j libvirt-I-v"},
    {"dispatch-twice", "ebtables -t nat -A PREROUTING -i v -j libvirt-I-v"},
    {"ip-rule", "iptables -I FI-v -j RETURN"},
    {"ip-dispatch", "iptables -F libvirt-in"},
    {"ip-post", "iptables -F libvirt-in-post"},
    {"ip6-chain", "ip6tables -F HI-w"},
    {"base-jump", "iptables -D FORWARD -j libvirt-out"},
    {"base-jump-twice", "iptables -A FORWARD -j libvirt-in"},
    {"apostrophe", "ipset create \"a'b\" hash:ip; iptables -I FI-v -m set --match-set \"a'b\" src -j ACCEPT"},
    {"all", "nft flush ruleset"},
};

static const char *const jumps[][2] = {
    {"flushed", "iptables -F FORWARD"},
    {"behind", "iptables -I FORWARD 1 -j ACCEPT"},
    {"between", "iptables -I FORWARD 2 -s 10.1.1.1 -j ACCEPT"},
    {"twice", "iptables -A FORWARD -j libvirt-in-post"},
    {"order", "iptables -D FORWARD -j libvirt-in; iptables -A FORWARD -j libvirt-in"},
    {"input", "iptables -I INPUT 1 -j ACCEPT"},
    {"unreadable", "ipset create \"a'b\" hash:ip; iptables -I FORWARD -m set --match-set \"a'b\" src -j ACCEPT"},
};

static void
add(void)
{
    add_tests(tests, G_N_ELEMENTS(tests));
    for (guint i = 0; i < G_N_ELEMENTS(harms); i++) {
        g_autofree char *path = g_strconcat("/tech/kernel/look/harm/", harms[i][0], NULL);
        g_test_add_data_func(path, harms[i][1], test_nothing_wrong_is_kept);
    }
    for (guint i = 0; i < G_N_ELEMENTS(jumps); i++) {
        g_autofree char *path = g_strconcat("/tech/kernel/look/jump/", jumps[i][0], NULL);
        g_test_add_data_func(path, jumps[i][1], test_base_jumps);
    }
}

int
main(int argc, char **argv)
{
    return kernel_main(argc, argv, add);
}
