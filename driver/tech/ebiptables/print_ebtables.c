/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * print_ebtables.c: Ethernet rules as words of ebtables
 *
 * One row for each match. ebtables wants the sign between option and value, but before an option that has no value.
 * A type of frame that the rule's element implies comes first, then the conditions in the plan's order. DSCP has no
 * row: ebtables compares whole TOS bytes only, so one condition becomes several rules (render.c). Comments have no
 * place in ebtables and are left out.
 */
#include "driver/tech/ebiptables/print.h"

#define STP_GROUP "01:80:c2:00:00:00"

enum { ETHERTYPE_IPV6 = 0x86dd, ICMP_MAX = 255 };

static void
print_ethertype(GString *out, const NwfCondition *condition)
{
    g_string_append_printf(out, "0x%04x", condition->operands[0].value.number);
}

/* The tool reads this option, and only this one, as hexadecimal without saying so. */
static void
print_encap(GString *out, const NwfCondition *condition)
{
    g_string_append_printf(out, "%04x", condition->operands[0].value.number);
}

/* TYPE:TYPE/CODE:CODE. What is not given is open: a missing first is 0, a missing last is the first, or 255. */
static void
print_icmp(GString *out, const NwfCondition *condition)
{
    for (guint i = 0; i < 4; i += 2) {
        const NwfOperand *first = &condition->operands[i], *last = &condition->operands[i + 1];
        guint from = first->present ? first->value.number : 0;
        guint to = last->present ? last->value.number : first->present ? from : ICMP_MAX;
        g_string_append_printf(out, "%s%u:%u", i ? "/" : "", from, to);
    }
}

static const NwfPrinter printers[NWF_MATCHES] = {
    [NWF_MATCH_SRC_MAC] = {NULL, "-s", "-s", nwf_print_mac},
    [NWF_MATCH_DST_MAC] = {NULL, "-d", "-d", nwf_print_mac},
    [NWF_MATCH_ETHERTYPE] = {NULL, "-p", "-p", print_ethertype},
    [NWF_MATCH_VLAN_ID] = {NULL, "--vlan-id", NULL, nwf_print_number},
    [NWF_MATCH_VLAN_ENCAP] = {NULL, "--vlan-encap", NULL, print_encap},
    [NWF_MATCH_STP_TYPE] = {NULL, "--stp-type", NULL, nwf_print_number},
    [NWF_MATCH_STP_FLAGS] = {NULL, "--stp-flags", NULL, nwf_print_number},
    [NWF_MATCH_STP_ROOT_PRIORITY] = {NULL, "--stp-root-pri", NULL, nwf_print_numbers},
    [NWF_MATCH_STP_ROOT_ADDRESS] = {NULL, "--stp-root-addr", NULL, nwf_print_mac},
    [NWF_MATCH_STP_ROOT_COST] = {NULL, "--stp-root-cost", NULL, nwf_print_numbers},
    [NWF_MATCH_STP_SENDER_PRIORITY] = {NULL, "--stp-sender-prio", NULL, nwf_print_numbers},
    [NWF_MATCH_STP_SENDER_ADDRESS] = {NULL, "--stp-sender-addr", NULL, nwf_print_mac},
    [NWF_MATCH_STP_PORT] = {NULL, "--stp-port", NULL, nwf_print_numbers},
    [NWF_MATCH_STP_AGE] = {NULL, "--stp-msg-age", NULL, nwf_print_numbers},
    [NWF_MATCH_STP_MAX_AGE] = {NULL, "--stp-max-age", NULL, nwf_print_numbers},
    [NWF_MATCH_STP_HELLO_TIME] = {NULL, "--stp-hello-time", NULL, nwf_print_numbers},
    [NWF_MATCH_STP_FORWARD_DELAY] = {NULL, "--stp-forward-delay", NULL, nwf_print_numbers},
    [NWF_MATCH_ARP_HWTYPE] = {NULL, "--arp-htype", NULL, nwf_print_number},
    [NWF_MATCH_ARP_PROTOCOL] = {NULL, "--arp-ptype", NULL, print_ethertype},
    [NWF_MATCH_ARP_OPCODE] = {NULL, "--arp-opcode", NULL, nwf_print_number},
    [NWF_MATCH_ARP_SRC_MAC] = {NULL, "--arp-mac-src", NULL, nwf_print_mac},
    [NWF_MATCH_ARP_DST_MAC] = {NULL, "--arp-mac-dst", NULL, nwf_print_mac},
    [NWF_MATCH_ARP_SRC_IP] = {NULL, "--arp-ip-src", NULL, nwf_print_network},
    [NWF_MATCH_ARP_DST_IP] = {NULL, "--arp-ip-dst", NULL, nwf_print_network},
    [NWF_MATCH_ARP_GRATUITOUS] = {NULL, "--arp-gratuitous", NULL, NULL},
    [NWF_MATCH_SRC_IP] = {NULL, "--ip-source", "--ip6-source", nwf_print_network},
    [NWF_MATCH_DST_IP] = {NULL, "--ip-destination", "--ip6-destination", nwf_print_network},
    [NWF_MATCH_IP_PROTOCOL] = {NULL, "--ip-protocol", "--ip6-protocol", nwf_print_number},
    [NWF_MATCH_SRC_PORT] = {NULL, "--ip-source-port", "--ip6-source-port", nwf_print_ports},
    [NWF_MATCH_DST_PORT] = {NULL, "--ip-destination-port", "--ip6-destination-port", nwf_print_ports},
    [NWF_MATCH_TYPE] = {NULL, NULL, "--ip6-icmp-type", print_icmp},
};

static void
print_condition(GString *out, const NwfCondition *condition, gboolean ipv6)
{
    const NwfPrinter *printer = &printers[condition->match];
    const char *option = ipv6 ? printer->option6 : printer->option;

    if (!option)
        return;
    if (!printer->operands) {
        g_string_append_printf(out, "%s %s", condition->negated ? " !" : "", option);
        return;
    }
    g_string_append_printf(out, " %s%s ", option, condition->negated ? " !" : "");
    printer->operands(out, condition);
}

void
nwf_print_guard(GString *out, const NwfChainKind *kind)
{
    if (kind->ethertype)
        g_string_append_printf(out, " -p 0x%04x", kind->ethertype);
    if (kind->stp)
        g_string_append(out, " -d " STP_GROUP);
}

void
nwf_print_ebtables(GString *out, const NwfPlanRule *rule)
{
    gboolean ipv6 = rule->protocol && rule->protocol->ethertype == ETHERTYPE_IPV6;

    if (rule->protocol && rule->protocol->ethertype)
        g_string_append_printf(out, " -p 0x%04x", rule->protocol->ethertype);
    if (rule->protocol && rule->protocol == nwf_protocol_find("stp"))
        g_string_append(out, " -d " STP_GROUP);
    for (guint i = 0; i < rule->conditions->len; i++)
        print_condition(out, &g_array_index(rule->conditions, NwfCondition, i), ipv6);
}
