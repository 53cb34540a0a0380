/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test-interim.c: the rules of a port whose address is not known yet */
#include "plan/interim.h"

#include <string.h>

#include "verdict-story.h"

#define MAC "MAC=52:54:00:00:00:01"

static NwfPlan *
interim(NwfInterim which, const char *params)
{
    g_autoptr(NwfParams) read = params_of(params);
    g_autoptr(GError) error = NULL;
    g_autoptr(NwfRules) rules = nwf_rules_new_interim(which, read, &error);

    g_assert_no_error(error);
    return nwf_plan_ref(nwf_rules_plan(rules, NULL));
}

static void
assert_interim(NwfInterim which, const char *params, const char *expected)
{
    g_autoptr(NwfPlan) plan = interim(which, params);
    g_autofree char *text = plan_text(plan);

    g_assert_cmpstr(text, ==, expected);
}

static void
assert_fates(NwfInterim which, const char *params, const Step *steps)
{
    g_autoptr(NwfPlan) plan = interim(which, params);

    assert_plan_story(plan, steps);
}

#define DHCP_OUT "I ip smac=52:54:00:00:00:01 proto=udp sport=68 dport=67 ACCEPT\n"
#define PROBE                                                                                                          \
    "I arp smac=52:54:00:00:00:01 htype=1 ptype=0x800 op=Request arp-smac=52:54:00:00:00:01 arp-src=0.0.0.0 ACCEPT\n"
#define ANNOUNCEMENT                                                                                                   \
    "I rarp smac=52:54:00:00:00:01 htype=1 ptype=0x800 op=Request_Reverse arp-smac=52:54:00:00:00:01 "                 \
    "arp-dmac=52:54:00:00:00:01 arp-src=0.0.0.0 arp-dst=0.0.0.0 ACCEPT\n"

static void
test_any(void)
{
    assert_interim(NWF_INTERIM_ANY, MAC, DHCP_OUT PROBE ANNOUNCEMENT "I DROP\n");
    assert_fates(NWF_INTERIM_ANY, MAC,
                 (const Step[]){{"out", "udp 0.0.0.0:68 255.255.255.255:67", "passes I 1"},
                                {"out", "udp 0.0.0.0:68 255.255.255.255:67 src=52:54:00:00:00:02", "dropped I 4"},
                                {"out", "udp 10.0.0.1:68 10.0.0.2:53", "dropped I 4"},
                                {"out", "arp 1 0.0.0.0 10.0.0.2", "passes I 2"},
                                {"out", "arp 1 10.0.0.1 10.0.0.2", "dropped I 4"},
                                {"out", "arp 2 0.0.0.0 10.0.0.2", "dropped I 4"},
                                {"out", "udp fe80::1:546 ff02::1:547", "dropped I 4"},
                                {"in", "udp 10.0.0.9:1 10.0.0.1:2", "passes"},
                                {NULL}});
}

/* DHCPSERVER says nothing there: answers are only believed, not filtered. */
static void
test_any_has_no_use_for_servers(void)
{
    assert_interim(NWF_INTERIM_ANY, MAC " DHCPSERVER=10.0.0.1", DHCP_OUT PROBE ANNOUNCEMENT "I DROP\n");
}

static void
test_open(void)
{
    assert_interim(NWF_INTERIM_OPEN, MAC,
                   "I mac smac=52:54:00:00:00:01 type=ipv4 ACCEPT\n"
                   "I mac smac=52:54:00:00:00:01 type=arp ACCEPT\n" ANNOUNCEMENT "I DROP\n");
    assert_fates(NWF_INTERIM_OPEN, MAC,
                 (const Step[]){{"out", "udp 10.0.0.1:68 10.0.0.2:53", "passes I 1"},
                                {"out", "arp 2 10.0.0.1 10.0.0.2", "passes I 2"},
                                {"out", "arp 2 10.0.0.1 10.0.0.2 src=52:54:00:00:00:02", "dropped I 4"},
                                {"out", "udp fe80::1:1 ff02::1:2", "dropped I 4"},
                                {NULL}});
}

static void
test_dhcp(void)
{
    assert_interim(NWF_INTERIM_DHCP, MAC,
                   DHCP_OUT "I DROP\n"
                            "O ip dmac=52:54:00:00:00:01 proto=udp sport=67 dport=68 ACCEPT\n"
                            "O ip dmac=ff:ff:ff:ff:ff:ff proto=udp sport=67 dport=68 ACCEPT\n"
                            "O DROP\n");
}

static void
test_dhcp_of_servers(void)
{
    const char *params = MAC " DHCPSERVER=10.0.0.8,10.0.0.9";

    assert_fates(NWF_INTERIM_DHCP, params,
                 (const Step[]){{"out", "udp 0.0.0.0:68 255.255.255.255:67", "passes I 1"},
                                {"out", "arp 1 0.0.0.0 10.0.0.2", "dropped I 2"},
                                {"in", "udp 10.0.0.8:67 10.0.0.1:68 dst=52:54:00:00:00:01", "passes O 1"},
                                {"in", "udp 10.0.0.9:67 255.255.255.255:68 dst=ff:ff:ff:ff:ff:ff", "passes O 4"},
                                {"in", "udp 10.0.0.7:67 10.0.0.1:68 dst=52:54:00:00:00:01", "dropped O 5"},
                                {"in", "udp 10.0.0.8:67 10.0.0.1:68 dst=52:54:00:00:00:02", "dropped O 5"},
                                {"in", "udp 10.0.0.8:53 10.0.0.1:68 dst=52:54:00:00:00:01", "dropped O 5"},
                                {NULL}});
}

static void
test_wrong_server(void)
{
    g_autoptr(NwfParams) params = params_of(MAC " DHCPSERVER=localhost");
    g_autoptr(GError) error = NULL;

    g_assert_null(nwf_rules_new_interim(NWF_INTERIM_DHCP, params, &error));
    g_assert_cmpint(error->code, ==, NWF_ERROR_INTERNAL);
    g_assert_nonnull(strstr(error->message, "DHCPSERVER"));
    g_assert_nonnull(strstr(error->message, "localhost"));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/plan/interim/any", test_any);
    g_test_add_func("/plan/interim/any-servers", test_any_has_no_use_for_servers);
    g_test_add_func("/plan/interim/open", test_open);
    g_test_add_func("/plan/interim/dhcp", test_dhcp);
    g_test_add_func("/plan/interim/dhcp-servers", test_dhcp_of_servers);
    g_test_add_func("/plan/interim/wrong-server", test_wrong_server);
    return g_test_run();
}
