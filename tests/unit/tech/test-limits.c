/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test-limits.c: what the tools cannot do is refused with the place, before any of them runs
 */
#include "driver/tech/ebiptables/render.h"

#include <string.h>

#include "story.h"

#define RULE(action, direction, element) "<rule action='" action "' direction='" direction "'>" element "</rule>"

static const struct {
    const char *rule, *params, *words[3];
} refused[] = {
    {RULE("drop", "out", "<tcp dstportstart='30' dstportend='22'/>"),
     NULL,
     {"dstportstart='30' dstportend='22'", "ends before"}},
    {RULE("drop", "in", "<tcp dstportstart='$A' dstportend='22'/>"),
     "A=30",
     {"dstportstart='30' dstportend='22'", "ends before"}},
    {RULE("drop", "in", "<ip protocol='udp' srcportstart='30' srcportend='22'/>"), NULL, {"srcportstart='30'"}},
    {RULE("drop", "out", "<udp-ipv6 dstipfrom='fe80::9' dstipto='10.0.0.1'/>"), NULL, {"dstipto='10.0.0.1'", "IPv4"}},
    {RULE("drop", "out", "<stp root-cost='9' root-cost-hi='8'/>"),
     NULL,
     {"root-cost='9' root-cost-hi='8'", "ends before"}},
    {RULE("drop", "out", "<stp port='$P' port-hi='8'/>"), "P=9", {"port='9' port-hi='8'"}},
    {RULE("drop", "out", "<ipv6 protocol='icmpv6' type='9' typeend='8'/>"), NULL, {"type='9' typeend='8'"}},
    {RULE("drop", "out", "<ipv6 protocol='icmpv6' code='9' codeend='8'/>"), NULL, {"code='9' codeend='8'"}},
    {RULE("drop", "out", "<tcp dstportstart='$V' dstportend='30'/>"),
     "V=22:25",
     {"dstportstart='22:25' dstportend='30'", "single ports"}},
    {RULE("drop", "out", "<vlan vlanid='4095'/>"), NULL, {"vlanid='4095'", "4094"}},
    {RULE("drop", "out", "<vlan vlanid='$V'/>"), "V=4095", {"vlanid='4095'", "4094"}},
    {RULE("drop", "out", "<ip match='no' protocol='tcp'/><ip dstportstart='1'/>"),
     NULL,
     {"dstportstart='1'", "not negated"}},
    {RULE("drop", "out", "<ipv6 type='1'/>"), NULL, {"type='1'", "icmpv6"}},
    {RULE("drop", "out", "<ipv6 protocol='udp' type='1'/>"), NULL, {"type='1'", "icmpv6"}},
    {RULE("drop", "out", "<ipv6 protocol='$P' codeend='1'/>"), "P=tcp", {"codeend='1'", "icmpv6"}},
    {RULE("drop", "out", "<ipv6 match='no' protocol='icmpv6' type='1'/>"), NULL, {"not negated"}},
};

static gboolean
is_taken(const char *rule, const char *params, GError **error)
{
    g_autoptr(World) world = world_of_rules(rule);
    g_autoptr(NwfPlan) plan = plan_of(world, params, error);

    g_assert_no_error(*error);
    return nwf_render_check("vnet0", plan, error);
}

static void
test_refused(void)
{
    for (guint i = 0; i < G_N_ELEMENTS(refused); i++) {
        g_autoptr(GError) error = NULL;
        g_assert_false(is_taken(refused[i].rule, refused[i].params, &error));
        g_assert_error(error, NWF_ERROR, NWF_ERROR_FIREWALL);
        g_assert_nonnull(strstr(error->message, "filter 'root', rule at line 1"));
        for (guint j = 0; refused[i].words[j]; j++)
            g_assert_nonnull(strstr(error->message, refused[i].words[j]));
    }
}

/* The bounds of a range may be equal, a variable protocol may turn out right, and nothing lies in some ranges. */
static void
test_taken(void)
{
    static const struct {
        const char *rule, *params;
    } taken[] = {
        {RULE("drop", "out", "<tcp dstportstart='30' dstportend='30'/>"), NULL},
        {RULE("drop", "out", "<vlan vlanid='4094'/>"), NULL},
        {RULE("drop", "out", "<ipv6 protocol='$P' type='1'/>"), "P=icmpv6"},
        {RULE("drop", "out", "<udp-ipv6 dstipfrom='fe80::1' dstipto='fe80::9'/>"), NULL},
        {RULE("drop", "out", "<udp srcipfrom='$A' srcipto='10.0.0.1'/>"), "A=10.0.0.9"},
        {RULE("drop", "out", "<udp-ipv6 srcportstart='30' srcportend='22'/>"), NULL},
    };

    for (guint i = 0; i < G_N_ELEMENTS(taken); i++) {
        g_autoptr(GError) error = NULL;
        g_assert_true(is_taken(taken[i].rule, taken[i].params, &error));
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/tech/limits/refused", test_refused);
    g_test_add_func("/tech/limits/taken", test_taken);
    return g_test_run();
}
