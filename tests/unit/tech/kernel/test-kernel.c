/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test-kernel.c: the backend on real tools and a real kernel
 *
 * Skipped without root and namespaces. What is compared is always the kernel's own listing.
 */
#include "tests/unit/tech/kernel/sandbox.h"

#include <string.h>

#define ETHERNET_A "<rule action='drop' direction='out'><mac protocolid='0x1001'/></rule>"
#define ETHERNET_B "<rule action='drop' direction='in'><mac protocolid='0x1002'/></rule>"
#define IPV4_A     "<rule action='drop' direction='out'><tcp dstportstart='1' state='NEW'/></rule>"
#define IPV4_B     "<rule action='drop' direction='out'><tcp dstportstart='2' state='NEW'/></rule>"
#define IPV6_A     "<rule action='drop' direction='out'><tcp-ipv6 dstportstart='1' state='NEW'/></rule>"
#define NO_SET_V6  "\n<rule action='drop' direction='out'>\n<all-ipv6 ipset='missing' ipsetflags='src'/></rule>"
#define BASE_ONLY                                                                                                          \
    "*filter\n:INPUT ACCEPT\n:FORWARD ACCEPT\n:OUTPUT ACCEPT\n"                                                            \
    ":libvirt-host-in -\n:libvirt-in -\n:libvirt-in-post -\n:libvirt-out -\n"                                              \
    "-A INPUT -j libvirt-host-in\n-A FORWARD -j libvirt-in\n-A FORWARD -j libvirt-out\n-A FORWARD -j libvirt-in-post\n"   \
    "COMMIT\n"
#define EMPTY_FILTER "*filter\n:INPUT ACCEPT\n:FORWARD ACCEPT\n:OUTPUT ACCEPT\nCOMMIT\n"
#define EMPTY_NAT    "*nat\n:PREROUTING ACCEPT\n:OUTPUT ACCEPT\n:POSTROUTING ACCEPT\n"

typedef NwfBackend Backend;

static void
backend_free(Backend *backend)
{
    backend->free(backend);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Backend, backend_free)

/* A backend that has looked around. */
static Backend *
backend_new(void)
{
    Backend *backend = nwf_ebiptables_new(FALSE);
    g_autoptr(GPtrArray) ports = NULL;
    g_autoptr(GError) error = NULL;

    g_assert_true(backend->probe(backend, NULL, &error));
    g_assert_true(backend->read(backend, &ports, &error));
    g_assert_no_error(error);
    g_free(sandbox_record());
    return backend;
}

static void
apply(Backend *backend, const char *port, NwfPlan *old_plan, NwfPlan *new_plan)
{
    g_autoptr(GPtrArray) changes = harness_change(port, old_plan, new_plan);
    g_autoptr(GError) error = NULL;

    backend->apply(backend, changes, NULL, &error);
    g_assert_no_error(error);
}

/* The change is refused; returns the message. */
static char *
refuse(Backend *backend, const char *port, NwfPlan *old_plan, NwfPlan *new_plan)
{
    g_autoptr(GPtrArray) changes = harness_change(port, old_plan, new_plan);
    g_autoptr(GError) error = NULL;

    g_assert_false(backend->apply(backend, changes, NULL, &error));
    g_assert_error(error, NWF_ERROR, NWF_ERROR_FIREWALL);
    return g_strdup(error->message);
}

static void
assert_contains(const char *text, const char *part)
{
    if (!strstr(text, part))
        g_error("'%s' is not in:\n%s", part, text);
}

static void
assert_lacks(const char *text, const char *part)
{
    if (strstr(text, part))
        g_error("'%s' is in:\n%s", part, text);
}

static void
assert_ran(const char *expected)
{
    g_autofree char *record = sandbox_record();

    g_assert_cmpstr(record, ==, expected);
}

static void
assert_listing(NwfLayer layer, const char *expected)
{
    g_autofree char *listing = sandbox_listing(layer);

    g_assert_cmpstr(listing, ==, expected);
}

/* All three listings together. */
static char *
everything(void)
{
    g_autofree char *ethernet = sandbox_listing(NWF_LAYER_ETHERNET);
    g_autofree char *ipv4 = sandbox_listing(NWF_LAYER_IPV4);
    g_autofree char *ipv6 = sandbox_listing(NWF_LAYER_IPV6);

    return g_strconcat(ethernet, ipv4, ipv6, NULL);
}

/* --- what the kernel makes of the cases --- */

static const char *const sections[NWF_LAYERS] = {"[ebtables]", "[iptables]", "[ip6tables]"};

static gboolean
is_of_port(const char *rule)
{
    static const char *const others[] = {"-A PREROUTING", "-A POSTROUTING", "-A FORWARD",        "-A INPUT",
                                         "-A libvirt-in", "-A libvirt-out", "-A libvirt-host-in"};

    for (guint i = 0; i < G_N_ELEMENTS(others); i++)
        if (g_str_has_prefix(rule, others[i]))
            return FALSE;
    return TRUE;
}

/* Order of chains in a listing is the tool's affair; order in a chain is not. */
static int
compare_chains(gconstpointer a, gconstpointer b)
{
    const char *x = *(const char *const *)a, *y = *(const char *const *)b;
    g_autofree char *chain_x = g_strndup(x, 3 + strcspn(x + 3, " "));
    g_autofree char *chain_y = g_strndup(y, 3 + strcspn(y + 3, " "));

    return strcmp(chain_x, chain_y);
}

static char *
rules_by_chain(const char *text)
{
    g_autoptr(GPtrArray) rules = harness_lines(text, "-A ");
    g_autoptr(GString) out = g_string_new(NULL);

    g_ptr_array_sort(rules, compare_chains);
    for (guint i = 0; i < rules->len; i++)
        if (is_of_port(g_ptr_array_index(rules, i)))
            g_string_append_printf(out, "%s\n", (const char *)g_ptr_array_index(rules, i));
    return g_string_free(g_steal_pointer(&out), FALSE);
}

/* The part of an expectation that is for one tool. */
static char *
section_of(const char *text, NwfLayer layer)
{
    const char *begin = strstr(text, sections[layer]);

    if (!begin)
        return g_strdup("");
    begin += strlen(sections[layer]);
    const char *end = strchr(begin, '[');
    while (end && end[-1] != '\n')
        end = strchr(end + 1, '[');
    return end ? g_strndup(begin, (gsize)(end - begin)) : g_strdup(begin);
}

/* The listing is what the specification of the stock driver's rules says, for each case that has one. */
static void
test_the_kernel_shows_the_expected_rules(gconstpointer name)
{
    g_autofree char *case_folder = harness_path("..", "cases", name, NULL);
    g_autofree char *path = g_build_filename(case_folder, "expected.save", NULL);
    g_autoptr(GPtrArray) changes = harness_changes(case_folder);
    g_autoptr(GError) error = NULL;

    sandbox_fresh();
    g_free(sandbox_run("ipset create tr4 hash:ip,port && ipset create tr6 hash:ip,port family inet6"));
    g_autoptr(Backend) backend = backend_new();
    backend->apply(backend, changes, NULL, &error);
    g_assert_no_error(error);
    if (!g_file_test(path, G_FILE_TEST_EXISTS))
        return;
    g_autofree char *expected = harness_text(path);
    for (NwfLayer layer = 0; layer < NWF_LAYERS; layer++) {
        g_autofree char *listing = sandbox_listing(layer);
        g_autofree char *section = section_of(expected, layer);
        g_autofree char *have = rules_by_chain(listing);
        g_autofree char *want = rules_by_chain(section);
        g_assert_cmpstr(have, ==, want);
    }
}

/* Every change of the cases, from what was before to what is after and then to nothing, is taken by the kernel. */
static void
test_changes_leave_nothing_behind(gconstpointer name)
{
    g_autofree char *case_folder = harness_path("..", "cases", name, NULL);
    g_autoptr(GPtrArray) changes = harness_changes(case_folder);
    g_autoptr(GPtrArray) first = g_ptr_array_new_with_free_func((GDestroyNotify)nwf_port_change_free);
    g_autoptr(GPtrArray) last = g_ptr_array_new_with_free_func((GDestroyNotify)nwf_port_change_free);
    g_autoptr(GError) error = NULL;

    sandbox_fresh();
    g_free(sandbox_run("ipset create tr4 hash:ip,port"));
    g_autoptr(Backend) backend = backend_new();
    for (guint i = 0; i < changes->len; i++) {
        const NwfPortChange *change = g_ptr_array_index(changes, i);
        g_ptr_array_add(first, nwf_port_change_new(change->port, NULL, change->old_plan));
        g_ptr_array_add(last, nwf_port_change_new(change->port, change->new_plan, NULL));
    }
    GPtrArray *steps[] = {first, changes, last};
    for (guint i = 0; i < G_N_ELEMENTS(steps); i++) {
        backend->apply(backend, steps[i], NULL, &error);
        g_assert_no_error(error);
    }
    g_autofree char *rest = everything();
    assert_lacks(rest, "vnet");
    assert_lacks(rest, "a-mac");
}

/* --- how many tools --- */

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

static void
test_reading_finds_ports_and_changes_nothing(void)
{
    g_autoptr(NwfPlan) plan = harness_plan(ETHERNET_A IPV6_A);
    g_autoptr(GPtrArray) ports = NULL;

    sandbox_fresh();
    g_autoptr(Backend) first = backend_new();
    apply(first, "v-1", NULL, plan);
    g_autofree char *before = everything();
    g_autoptr(Backend) second = nwf_ebiptables_new(FALSE);
    g_assert_true(second->read(second, &ports, NULL));
    g_assert_cmpuint(ports->len, ==, 1);
    g_assert_cmpstr(g_ptr_array_index(ports, 0), ==, "v-1");
    g_autofree char *after = everything();
    g_assert_cmpstr(before, ==, after);
}

/* --- failures --- */

/* The third tool refuses; the two before it, and the closing, are taken back. */
static void
test_a_refused_update_changes_nothing(void)
{
    g_autoptr(NwfPlan) old_plan = harness_plan(ETHERNET_A IPV4_A IPV6_A);
    g_autoptr(NwfPlan) new_plan = harness_plan(ETHERNET_B IPV4_B NO_SET_V6);

    sandbox_fresh();
    g_autoptr(Backend) backend = backend_new();
    apply(backend, "v", NULL, old_plan);
    g_autofree char *before = everything();
    g_autofree char *message = refuse(backend, "v", old_plan, new_plan);
    g_autofree char *after = everything();

    g_assert_cmpstr(before, ==, after);
    assert_contains(message, "filter 'root', rule in line 2");
    assert_contains(message, "interface 'v'");
    assert_contains(message, "ip6tables-restore");
    assert_contains(message, "Set missing doesn't exist");
    assert_lacks(message, "closed");
    /* and it is as usable as before */
    apply(backend, "v", old_plan, NULL);
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

/* One bad port takes its neighbours in the same call back with it. */
static void
test_all_ports_or_none(void)
{
    g_autoptr(NwfPlan) good = harness_plan(ETHERNET_A IPV4_A);
    g_autoptr(NwfPlan) better = harness_plan(ETHERNET_B IPV4_B);
    g_autoptr(NwfPlan) bad = harness_plan(NO_SET_V6);
    g_autoptr(GError) error = NULL;

    sandbox_fresh();
    g_autoptr(Backend) backend = backend_new();
    apply(backend, "good", NULL, good);
    g_autofree char *before = everything();
    g_autoptr(GPtrArray) changes = harness_change("good", good, better);
    g_ptr_array_add(changes, nwf_port_change_new("bad", NULL, bad));
    g_ptr_array_add(changes, nwf_port_change_new("new", NULL, better));
    g_assert_false(backend->apply(backend, changes, NULL, &error));
    g_assert_error(error, NWF_ERROR, NWF_ERROR_FIREWALL);
    g_autofree char *after = everything();
    g_assert_cmpstr(before, ==, after);
}

/* The last stage refuses: the Ethernet layer, closed by then, gets its old rules again. */
static void
test_a_failure_in_the_last_stage_reopens(void)
{
    g_autoptr(NwfPlan) old_plan = harness_plan(ETHERNET_A IPV4_A);
    g_autoptr(NwfPlan) new_plan = harness_plan(ETHERNET_B IPV4_B);

    sandbox_fresh();
    g_autoptr(Backend) backend = backend_new();
    apply(backend, "v", NULL, old_plan);
    g_autofree char *before = everything();
    /* refuses a batch with the type that only the new plan has */
    sandbox_spoil("ebtables-restore", "t=$(mktemp -p /run); cat > $t; if grep -q 0x1002 $t; then echo 'no such thing, line 3' >&2; "
                                      "rm $t; exit 1; fi; $REAL \"$@\" < $t; s=$?; rm $t; exit $s");
    g_autofree char *message = refuse(backend, "v", old_plan, new_plan);
    sandbox_spoil("ebtables-restore", NULL);
    g_autofree char *after = everything();

    g_assert_cmpstr(before, ==, after);
    assert_contains(message, "no such thing");
}

/* Nothing can be taken back either: the port stays closed, the error says so, and the next change mends it. */
static void
test_a_failed_way_back_leaves_the_port_closed(void)
{
    g_autoptr(NwfPlan) old_plan = harness_plan(ETHERNET_A IPV4_A);
    g_autoptr(NwfPlan) new_plan = harness_plan(ETHERNET_B IPV4_B NO_SET_V6);
    g_autoptr(NwfPlan) same = harness_plan(ETHERNET_A IPV4_A);

    sandbox_fresh();
    g_autoptr(Backend) backend = backend_new();
    apply(backend, "v", NULL, old_plan);
    g_autofree char *before = everything();
    sandbox_spoil("iptables-restore", "t=$(mktemp -p /run); cat > $t; if grep -q 'dport 1 ' $t; then echo 'never again' >&2; "
                                      "rm $t; exit 1; fi; $REAL \"$@\" < $t; s=$?; rm $t; exit $s");
    g_autofree char *message = refuse(backend, "v", old_plan, new_plan);
    g_autofree char *closed = sandbox_listing(NWF_LAYER_ETHERNET);
    assert_contains(message, "putting the old rules back failed too");
    assert_contains(message, "never again");
    assert_contains(message, "closed until the next change: 'v'");
    assert_contains(closed, "-A libvirt-I-v -j DROP\n");
    assert_contains(closed, "-A libvirt-O-v -j DROP\n");

    /* the caller still believes in the old plan; an equal one is work now */
    sandbox_spoil("iptables-restore", NULL);
    apply(backend, "v", old_plan, same);
    g_autofree char *after = everything();
    g_assert_cmpstr(before, ==, after);
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
    g_autoptr(NwfPlan) old_plan = harness_plan(ETHERNET_A IPV4_A);
    g_autoptr(NwfPlan) new_plan = harness_plan(ETHERNET_A IPV4_B);

    sandbox_fresh();
    g_autoptr(Backend) backend = backend_new();
    apply(backend, "v", NULL, old_plan);
    g_free(sandbox_record());
    sandbox_spoil("iptables-restore", "rm $INSTEAD; kill -KILL $$");
    apply(backend, "v", old_plan, new_plan);
    assert_ran("iptables-restore iptables-save iptables-restore");
    g_autofree char *listing = sandbox_listing(NWF_LAYER_IPV4);
    assert_contains(listing, "-A FI-v -p tcp -m tcp --dport 2 ");
}

/* It dies each time: nothing can be known, so the port is closed until the next change, which reads first. */
static void
test_a_tool_that_always_dies_leaves_the_port_closed(gconstpointer also_spoilt)
{
    g_autoptr(NwfPlan) old_plan = harness_plan(ETHERNET_A IPV4_A);
    g_autoptr(NwfPlan) new_plan = harness_plan(ETHERNET_B IPV4_B);
    g_autoptr(NwfPlan) same = harness_plan(ETHERNET_A IPV4_A);

    sandbox_fresh();
    g_autoptr(Backend) backend = backend_new();
    apply(backend, "v", NULL, old_plan);
    g_autofree char *before = everything();
    sandbox_spoil("iptables-restore", "$REAL \"$@\"; kill -KILL $$");
    sandbox_spoil(also_spoilt, "exit 1");
    g_autofree char *message = refuse(backend, "v", old_plan, new_plan);
    g_autofree char *closed = sandbox_listing(NWF_LAYER_ETHERNET);
    assert_contains(message, "closed until the next change: 'v'");
    assert_contains(closed, "-A libvirt-I-v -j DROP\n");

    sandbox_spoil("iptables-restore", NULL);
    sandbox_spoil(also_spoilt, NULL);
    apply(backend, "v", old_plan, same);
    g_autofree char *after = everything();
    g_assert_cmpstr(before, ==, after);
}

static void
test_a_missing_tool_stops_only_those_who_need_it(void)
{
    g_autoptr(NwfPlan) ethernet = harness_plan(ETHERNET_A);
    g_autoptr(NwfPlan) ipv4 = harness_plan(ETHERNET_A IPV4_A);

    sandbox_fresh();
    g_free(sandbox_run("d=$(mktemp -d -p /run); cp -a /etc/alternatives/. $d; rm $d/iptables-restore; mount --bind $d "
                       "/etc/alternatives"));
    g_autoptr(Backend) backend = nwf_ebiptables_new(FALSE);
    g_autoptr(NwfNotes) notes = nwf_notes_new();
    g_assert_true(backend->probe(backend, notes, NULL));
    g_assert_cmpuint(notes->len, ==, 1);
    assert_contains(g_ptr_array_index(notes, 0), "iptables-restore is not installed");
    apply(backend, "v", NULL, ethernet);
    g_autofree char *before = everything();
    g_autofree char *message = refuse(backend, "v", ethernet, ipv4);
    assert_contains(message, "iptables-restore is not installed");
    g_autofree char *after = everything();
    g_assert_cmpstr(before, ==, after);
    g_free(sandbox_run("umount /etc/alternatives"));
}

/* --- others --- */

static void
test_rules_flushed_by_somebody_come_back_with_the_next_change(void)
{
    g_autoptr(NwfPlan) old_plan = harness_plan(ETHERNET_A IPV4_A);
    g_autoptr(NwfPlan) new_plan = harness_plan(ETHERNET_B IPV4_B);

    sandbox_fresh();
    g_autoptr(Backend) untouched = backend_new();
    apply(untouched, "v", NULL, new_plan);
    g_autofree char *wanted = everything();

    sandbox_fresh();
    g_autoptr(Backend) backend = backend_new();
    apply(backend, "v", NULL, old_plan);
    g_free(sandbox_run("nft flush ruleset"));
    apply(backend, "v", old_plan, new_plan);
    g_autofree char *after = everything();
    g_assert_cmpstr(after, ==, wanted);

    g_free(sandbox_run("ebtables -t nat -F PREROUTING; iptables -F; iptables -X"));
    apply(backend, "v", new_plan, NULL);
    g_autofree char *rest = everything();
    assert_lacks(rest, "-v");
}

static void
test_foreign_rules_stay(void)
{
    g_autoptr(NwfPlan) plan = harness_plan(ETHERNET_A IPV4_A);
    g_autoptr(NwfPlan) other = harness_plan(ETHERNET_B IPV4_B);

    sandbox_fresh();
    g_free(sandbox_run("ebtables -t nat -N mine; ebtables -t nat -A mine -j DROP; ebtables -t nat -A PREROUTING -i x -j mine;"
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
        "-A libvirt-in-post -m physdev --physdev-in v -j ACCEPT\n-A libvirt-in-post -m physdev --physdev-in v -j ACCEPT\n"
        "-A libvirt-host-in -m physdev --physdev-in v -g HI-v\n-A FORWARD -j libvirt-in\nCOMMIT\nEOF\n";
    g_autoptr(NwfPlan) plan = harness_plan(ETHERNET_A IPV4_A);

    sandbox_fresh();
    g_autoptr(Backend) clean = backend_new();
    apply(clean, "v", NULL, plan);
    g_autofree char *wanted = everything();

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
    g_autoptr(GPtrArray) all = g_ptr_array_new_with_free_func((GDestroyNotify)nwf_port_change_free);
    g_autoptr(GPtrArray) ports = NULL;
    for (guint i = 0; i < G_N_ELEMENTS(names); i++)
        g_ptr_array_add(all, nwf_port_change_new(names[i], NULL, plan));
    g_autoptr(GError) error = NULL;
    backend->apply(backend, all, NULL, &error);
    g_assert_no_error(error);
    g_assert_true(backend->read(backend, &ports, NULL));
    g_assert_cmpuint(ports->len, ==, G_N_ELEMENTS(names));
    for (guint i = 0; i < G_N_ELEMENTS(names); i++)
        apply(backend, names[i], plan, NULL);
    assert_listing(NWF_LAYER_ETHERNET, EMPTY_NAT);
    assert_listing(NWF_LAYER_IPV4, BASE_ONLY);
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
    g_autoptr(Backend) strict = nwf_ebiptables_new(TRUE);
    g_assert_false(strict->apply(strict, changes, NULL, &error));
    g_assert_error(error, NWF_ERROR, NWF_ERROR_UNSUPPORTED);
    assert_contains(error->message, "net.bridge.bridge-nf-call-iptables");
    g_autofree char *untouched = sandbox_listing(NWF_LAYER_IPV4);
    assert_lacks(untouched, "libvirt");

    g_autoptr(Backend) backend = backend_new();
    g_ptr_array_add(changes, nwf_port_change_new("w", NULL, plan));
    g_assert_true(backend->apply(backend, changes, notes, NULL));
    g_assert_cmpuint(notes->len, ==, 2);
    assert_contains(g_ptr_array_index(notes, 0), "interface 'v'");
    assert_contains(g_ptr_array_index(notes, 1), "interface 'w'");
    assert_contains(g_ptr_array_index(notes, 0), "net.bridge.bridge-nf-call-iptables");
}

/* A comment cannot end its argument; whatever is in it, there is one rule and it drops. */
static void
test_hostile_comments_stay_in_their_place(void)
{
    static const char *const comments[] = {
        "&quot; -j ACCEPT&#10;-A FI-v -j ACCEPT&#10;", "\\&quot; -j ACCEPT", "\\\\&quot; -j ACCEPT #", "&#10;COMMIT&#10;*nat",
        "&#13;&#10;-F&#13;", "' -j ACCEPT '", "&#9;&#9;", "%s %n %99999d", "-j ACCEPT", "! --dport 9", "&#10;:FI-v - [0:0]&#10;",
        "\\", "\\\\", "&quot;", "&quot;&quot;", "", " ", "x ${IFS}", "&#127;",
    };
    g_autoptr(GString) rules = g_string_new(NULL);

    for (guint i = 0; i < G_N_ELEMENTS(comments); i++)
        g_string_append_printf(rules, "<rule action='drop' direction='out'><tcp dstportstart='%u' state='NEW' comment=\"%s\"/>"
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

static void
add_cases(void)
{
    g_autofree char *folder = harness_path("..", "cases", NULL);
    static GPtrArray *names; /* lives as long as the tests that point into it */

    names = harness_names(folder);
    for (guint i = 0; i < names->len; i++) {
        const char *name = g_ptr_array_index(names, i);
        g_autofree char *shown = g_strconcat("/tech/kernel/shows/", name, NULL);
        g_autofree char *changed = g_strconcat("/tech/kernel/changes/", name, NULL);
        g_test_add_data_func(shown, name, test_the_kernel_shows_the_expected_rules);
        g_test_add_data_func(changed, name, test_changes_leave_nothing_behind);
    }
}

int
main(int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*run)(void);
    } tests[] = {
        {"runs", test_only_needed_tools_run_once},
        {"reading", test_reading_finds_ports_and_changes_nothing},
        {"refused-update", test_a_refused_update_changes_nothing},
        {"refused-creation", test_a_refused_creation_leaves_nothing},
        {"all-or-none", test_all_ports_or_none},
        {"last-stage", test_a_failure_in_the_last_stage_reopens},
        {"no-way-back", test_a_failed_way_back_leaves_the_port_closed},
        {"dying-tool", test_a_tool_that_dies_is_followed_up},
        {"dying-update", test_an_update_is_said_again_after_a_death},
        {"missing-tool", test_a_missing_tool_stops_only_those_who_need_it},
        {"flushed", test_rules_flushed_by_somebody_come_back_with_the_next_change},
        {"foreign", test_foreign_rules_stay},
        {"take-over", test_rules_of_the_stock_driver_are_taken_over},
        {"odd-names", test_odd_port_names},
        {"bridge-netfilter", test_bridge_netfilter_is_told_for_each_port},
        {"comments", test_hostile_comments_stay_in_their_place},
    };

    g_test_init(&argc, &argv, NULL);
    if (!sandbox_enter()) {
        g_print("1..0 # SKIP needs root, namespaces and the firewall tools\n");
        return 77;
    }
    add_cases();
    for (guint i = 0; i < G_N_ELEMENTS(tests); i++) {
        g_autofree char *path = g_strconcat("/tech/kernel/", tests[i].name, NULL);
        g_test_add_func(path, tests[i].run);
    }
    g_test_add_data_func("/tech/kernel/always-dying/blind", "iptables-save",
                         test_a_tool_that_always_dies_leaves_the_port_closed);
    g_test_add_data_func("/tech/kernel/always-dying/seeing", "ip6tables-save",
                         test_a_tool_that_always_dies_leaves_the_port_closed);
    return g_test_run();
}
