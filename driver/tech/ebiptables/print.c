/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * print.c: rules of a plan as words of the tools
 *
 * The restore parsers know one way of quoting: double quotes around an argument, and inside of them a backslash before
 * '"' and '\'. A batch is read line by line before quotes are looked at, so a newline cannot be written; it becomes a
 * blank. Everything else, control characters too, comes through unchanged.
 *
 * Each of the two languages has a table with one row for each match. ebtables wants the sign between option and value,
 * but before an option that has no value; a type of frame that the rule's element implies comes first; comments have no
 * place there and are left out. iptables wants the sign before the option; the protocol comes first, since it loads the
 * match that knows ports, flags and types. Conditions keep the plan's order, which the kernel keeps too.
 */
#include "driver/tech/ebiptables/print.h"

#include "driver/tech/ebiptables/names.h"

#include <arpa/inet.h>
#include <string.h>

/*
 * One row of a printer's table: the option of a match, and how its operands are written. The second option is used for
 * IPv6. A printer of operands that appends nothing drops its condition.
 */
typedef struct Printer {
    const char *module; /* "-m NAME" that must stand before the option; NULL if none */
    const char *option;
    const char *option6;
    void (*operands)(GString *out, const NwfCondition *condition); /* NULL: the option stands alone */
} Printer;

/* ebtables cannot answer, so it drops what is rejected. In iptables a rule without target goes on with the next. */
static const char *const verdicts[NWF_VERDICT_JUMP][2] = {
    [NWF_VERDICT_ACCEPT] = {"ACCEPT", "ACCEPT"}, [NWF_VERDICT_DROP] = {"DROP", "DROP"},
    [NWF_VERDICT_REJECT] = {"DROP", "REJECT"},   [NWF_VERDICT_RETURN] = {"RETURN", "RETURN"},
    [NWF_VERDICT_CONTINUE] = {"CONTINUE", NULL},
};

void
nwf_print_verdict(GString *out, NwfLayer layer, NwfVerdict verdict)
{
    g_return_if_fail(verdict < NWF_VERDICT_JUMP);
    const char *target = verdicts[verdict][nwf_layer_is_ip(layer)];
    if (target)
        g_string_append_printf(out, " -j %s", target);
}

static void
print_quoted(GString *out, const char *text)
{
    g_string_append_c(out, '"');
    for (; *text; text++) {
        if (*text == '"' || *text == '\\')
            g_string_append_c(out, '\\');
        g_string_append_c(out, *text == '\n' ? ' ' : *text);
    }
    g_string_append_c(out, '"');
}

/* FIRST, or FIRST:LAST if they differ. */
static void
print_range(GString *out, guint first, guint last)
{
    g_string_append_printf(out, "%u", first);
    if (first != last)
        g_string_append_printf(out, ":%u", last);
}

static void
print_number(GString *out, const NwfCondition *condition)
{
    g_string_append_printf(out, "%u", condition->operands[0].value.number);
}

static void
print_numbers(GString *out, const NwfCondition *condition)
{
    const NwfOperand *first = &condition->operands[0], *last = &condition->operands[1];

    print_range(out, first->value.number, last->present ? last->value.number : first->value.number);
}

static void
print_ports(GString *out, const NwfCondition *condition)
{
    const NwfOperand *first = &condition->operands[0], *last = &condition->operands[1];

    print_range(out, first->value.range.first, last->present ? last->value.range.last : first->value.range.last);
}

static void
print_mac(GString *out, const NwfCondition *condition)
{
    char text[18];

    for (guint i = 0; i < 2 && condition->operands[i].present; i++) {
        nwf_mac_format(text, condition->operands[i].value.mac);
        g_string_append_printf(out, "%s%s", i ? "/" : "", text);
    }
}

static void
print_address(GString *out, const NwfOperand *operand)
{
    char text[INET6_ADDRSTRLEN];

    inet_ntop(operand->type == NWF_TYPE_IPV6 ? AF_INET6 : AF_INET, operand->value.address, text, sizeof(text));
    g_string_append(out, text);
}

static void
print_network(GString *out, const NwfCondition *condition)
{
    print_address(out, &condition->operands[0]);
    if (condition->operands[1].present)
        g_string_append_printf(out, "/%u", condition->operands[1].value.number);
}

static void
print_addresses(GString *out, const NwfCondition *condition)
{
    print_address(out, &condition->operands[0]);
    if (condition->operands[1].present) {
        g_string_append_c(out, '-');
        print_address(out, &condition->operands[1]);
    }
}

/* --- ebtables --- */

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
print_icmp_range(GString *out, const NwfCondition *condition)
{
    for (guint i = 0; i < 4; i += 2) {
        const NwfOperand *first = &condition->operands[i], *last = &condition->operands[i + 1];
        guint from = first->present ? first->value.number : 0;
        guint to = last->present ? last->value.number : first->present ? from : ICMP_MAX;
        g_string_append_printf(out, "%s%u:%u", i ? "/" : "", from, to);
    }
}

static const Printer ebtables_printers[NWF_MATCHES] = {
    [NWF_MATCH_SRC_MAC] = {NULL, "-s", "-s", print_mac},
    [NWF_MATCH_DST_MAC] = {NULL, "-d", "-d", print_mac},
    [NWF_MATCH_ETHERTYPE] = {NULL, "-p", "-p", print_ethertype},
    [NWF_MATCH_VLAN_ID] = {NULL, "--vlan-id", NULL, print_number},
    [NWF_MATCH_VLAN_ENCAP] = {NULL, "--vlan-encap", NULL, print_encap},
    [NWF_MATCH_STP_TYPE] = {NULL, "--stp-type", NULL, print_number},
    [NWF_MATCH_STP_FLAGS] = {NULL, "--stp-flags", NULL, print_number},
    [NWF_MATCH_STP_ROOT_PRIORITY] = {NULL, "--stp-root-pri", NULL, print_numbers},
    [NWF_MATCH_STP_ROOT_ADDRESS] = {NULL, "--stp-root-addr", NULL, print_mac},
    [NWF_MATCH_STP_ROOT_COST] = {NULL, "--stp-root-cost", NULL, print_numbers},
    [NWF_MATCH_STP_SENDER_PRIORITY] = {NULL, "--stp-sender-prio", NULL, print_numbers},
    [NWF_MATCH_STP_SENDER_ADDRESS] = {NULL, "--stp-sender-addr", NULL, print_mac},
    [NWF_MATCH_STP_PORT] = {NULL, "--stp-port", NULL, print_numbers},
    [NWF_MATCH_STP_AGE] = {NULL, "--stp-msg-age", NULL, print_numbers},
    [NWF_MATCH_STP_MAX_AGE] = {NULL, "--stp-max-age", NULL, print_numbers},
    [NWF_MATCH_STP_HELLO_TIME] = {NULL, "--stp-hello-time", NULL, print_numbers},
    [NWF_MATCH_STP_FORWARD_DELAY] = {NULL, "--stp-forward-delay", NULL, print_numbers},
    [NWF_MATCH_ARP_HWTYPE] = {NULL, "--arp-htype", NULL, print_number},
    [NWF_MATCH_ARP_PROTOCOL] = {NULL, "--arp-ptype", NULL, print_ethertype},
    [NWF_MATCH_ARP_OPCODE] = {NULL, "--arp-opcode", NULL, print_number},
    [NWF_MATCH_ARP_SRC_MAC] = {NULL, "--arp-mac-src", NULL, print_mac},
    [NWF_MATCH_ARP_DST_MAC] = {NULL, "--arp-mac-dst", NULL, print_mac},
    [NWF_MATCH_ARP_SRC_IP] = {NULL, "--arp-ip-src", NULL, print_network},
    [NWF_MATCH_ARP_DST_IP] = {NULL, "--arp-ip-dst", NULL, print_network},
    [NWF_MATCH_ARP_GRATUITOUS] = {NULL, "--arp-gratuitous", NULL, NULL},
    [NWF_MATCH_SRC_IP] = {NULL, "--ip-source", "--ip6-source", print_network},
    [NWF_MATCH_DST_IP] = {NULL, "--ip-destination", "--ip6-destination", print_network},
    [NWF_MATCH_IP_PROTOCOL] = {NULL, "--ip-protocol", "--ip6-protocol", print_number},
    [NWF_MATCH_SRC_PORT] = {NULL, "--ip-source-port", "--ip6-source-port", print_ports},
    [NWF_MATCH_DST_PORT] = {NULL, "--ip-destination-port", "--ip6-destination-port", print_ports},
    [NWF_MATCH_TYPE] = {NULL, NULL, "--ip6-icmp-type", print_icmp_range},
};

static void
print_ebtables_condition(GString *out, const NwfCondition *condition, gboolean ipv6)
{
    const Printer *printer = &ebtables_printers[condition->match];
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
    if (rule->protocol && rule->protocol->stp)
        g_string_append(out, " -d " STP_GROUP);
    for (guint i = 0; i < rule->conditions->len; i++)
        print_ebtables_condition(out, &g_array_index(rule->conditions, NwfCondition, i), ipv6);
}

const NwfCondition *
nwf_condition_find(const NwfPlanRule *rule, NwfMatch match)
{
    for (guint i = 0; i < rule->conditions->len; i++) {
        const NwfCondition *condition = &g_array_index(rule->conditions, NwfCondition, i);

        if (condition->match == match)
            return condition;
    }
    return NULL;
}

NwfForm
nwf_form(NwfLayer layer, const NwfPlanRule *rule, guint *dscp)
{
    const NwfCondition *condition = nwf_layer_is_ip(layer) ? NULL : nwf_condition_find(rule, NWF_MATCH_DSCP);

    if (!condition)
        return NWF_FORM_PLAIN;
    if (dscp)
        *dscp = condition->operands[0].value.number;
    if (!condition->negated)
        return NWF_FORM_EQUAL;
    return rule->verdict == NWF_VERDICT_RETURN ? NWF_FORM_OTHERS : NWF_FORM_HELPER;
}

guint
nwf_form_lines(NwfLayer layer, const NwfPlanRule *rule)
{
    static const guint lines[] = {
        [NWF_FORM_PLAIN] = 1,
        [NWF_FORM_EQUAL] = NWF_TOS_PER_DSCP,
        [NWF_FORM_HELPER] = 1 + 1 + NWF_TOS_PER_DSCP + 1,
        [NWF_FORM_OTHERS] = NWF_TOS_BYTES - NWF_TOS_PER_DSCP,
    };

    return lines[nwf_form(layer, rule, NULL)];
}

/* --- iptables and ip6tables --- */

/* By the bits of NWF_STATE_* and NWF_TCP_*. */
static const char *const states[] = {"NEW", "ESTABLISHED", "RELATED", "INVALID", NULL};
static const char *const tcp_flags[] = {"FIN", "SYN", "RST", "PSH", "ACK", "URG", NULL};

/* The names of the bits that are set, joined by commas. */
static void
print_names(GString *out, const char *const *names, guint bits)
{
    const char *comma = "";

    for (guint i = 0; names[i]; i++) {
        if (!(bits & 1u << i))
            continue;
        g_string_append_printf(out, "%s%s", comma, names[i]);
        comma = ",";
    }
}

static void
print_state(GString *out, const NwfCondition *condition)
{
    print_names(out, states, condition->operands[0].value.number);
}

static void
print_tcp_flags(GString *out, const NwfCondition *condition)
{
    const guint sets[] = {condition->operands[0].value.tcp.mask, condition->operands[0].value.tcp.flags};

    for (guint i = 0; i < G_N_ELEMENTS(sets); i++) {
        g_string_append(out, sets[i] ? "" : "NONE");
        print_names(out, tcp_flags, sets[i]);
        g_string_append(out, i ? "" : " ");
    }
}

static void
print_ct_direction(GString *out, const NwfCondition *condition)
{
    g_string_append(out, condition->operands[0].value.number == NWF_CT_REPLY ? "REPLY" : "ORIGINAL");
}

/* TYPE[/CODE] */
static void
print_icmp(GString *out, const NwfCondition *condition)
{
    g_string_append_printf(out, "%u", condition->operands[0].value.number);
    if (condition->operands[2].present)
        g_string_append_printf(out, "/%u", condition->operands[2].value.number);
}

static void
print_set(GString *out, const NwfCondition *condition)
{
    const NwfOperand *flags = &condition->operands[1];
    guint count = flags->present ? flags->value.set_flags.count : 0;

    print_quoted(out, condition->operands[0].value.text);
    g_string_append_c(out, ' ');
    for (guint i = 0; i < count; i++)
        g_string_append_printf(out, "%s%s", i ? "," : "", flags->value.set_flags.dst & (1u << i) ? "dst" : "src");
    if (count == 0)
        g_string_append(out, "src");
}

static void
print_comment(GString *out, const NwfCondition *condition)
{
    print_quoted(out, condition->operands[0].value.text);
}

static const Printer iptables_printers[NWF_MATCHES] = {
    [NWF_MATCH_SRC_MAC] = {"mac", "--mac-source", "--mac-source", print_mac},
    [NWF_MATCH_SRC_IP] = {NULL, "--source", "--source", print_network},
    [NWF_MATCH_DST_IP] = {NULL, "--destination", "--destination", print_network},
    [NWF_MATCH_SRC_IP_FROM] = {"iprange", "--src-range", "--src-range", print_addresses},
    [NWF_MATCH_DST_IP_FROM] = {"iprange", "--dst-range", "--dst-range", print_addresses},
    [NWF_MATCH_DSCP] = {"dscp", "--dscp", "--dscp", print_number},
    [NWF_MATCH_TCP_FLAGS] = {NULL, "--tcp-flags", "--tcp-flags", print_tcp_flags},
    [NWF_MATCH_SRC_PORT] = {NULL, "--sport", "--sport", print_ports},
    [NWF_MATCH_DST_PORT] = {NULL, "--dport", "--dport", print_ports},
    [NWF_MATCH_TCP_OPTION] = {NULL, "--tcp-option", "--tcp-option", print_number},
    [NWF_MATCH_TYPE] = {NULL, "--icmp-type", "--icmpv6-type", print_icmp},
    [NWF_MATCH_STATE] = {"conntrack", "--ctstate", "--ctstate", print_state},
    [NWF_MATCH_CT_DIRECTION] = {"conntrack", "--ctdir", "--ctdir", print_ct_direction},
    [NWF_MATCH_IPSET] = {"set", "--match-set", "--match-set", print_set},
    [NWF_MATCH_CONNLIMIT] = {"connlimit", "--connlimit-above", "--connlimit-above", print_number},
    [NWF_MATCH_COMMENT] = {"comment", "--comment", "--comment", print_comment},
};

static void
print_iptables_condition(GString *out, const NwfCondition *condition, gboolean ipv6)
{
    const Printer *printer = &iptables_printers[condition->match];
    g_autoptr(GString) operands = g_string_new(NULL);

    if (!printer->operands)
        return;
    printer->operands(operands, condition);
    if (operands->len == 0)
        return;
    if (printer->module)
        g_string_append_printf(out, " -m %s", printer->module);
    /* a comment has no sign that a tool could understand */
    if (condition->negated && condition->match != NWF_MATCH_COMMENT)
        g_string_append(out, " !");
    g_string_append_printf(out, " %s %s", ipv6 ? printer->option6 : printer->option, operands->str);
}

void
nwf_print_iptables(GString *out, const NwfPlanRule *rule)
{
    /* "udp" and "udp-ipv6" are both "udp": names that the tools know whatever the host's list of protocols says */
    if (rule->protocol && rule->protocol->ip_protocol >= 0)
        g_string_append_printf(out, " -p %.*s", (int)strcspn(rule->protocol->name, "-"), rule->protocol->name);
    for (guint i = 0; i < rule->conditions->len; i++)
        print_iptables_condition(out, &g_array_index(rule->conditions, NwfCondition, i),
                                 rule->protocol && rule->protocol->layer == NWF_LAYER_IPV6);
}
