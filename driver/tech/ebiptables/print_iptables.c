/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * print_iptables.c: rules of the IP layers as words of iptables and ip6tables
 *
 * One row for each match; the sign stands before the option. The protocol comes first, since it loads the match that
 * knows ports, flags and types; the other conditions keep the plan's order, which the kernel keeps too.
 */
#include "driver/tech/ebiptables/print.h"

/* Names that the tools know whatever the host's list of protocols says. */
static const struct {
    int number;
    const char *name;
} protocols[] = {
    {-1, "all"}, {1, "icmp"}, {2, "igmp"},    {6, "tcp"},    {17, "udp"},
    {50, "esp"}, {51, "ah"},  {58, "icmpv6"}, {132, "sctp"}, {136, "udplite"},
};

typedef struct Name {
    guint bit;
    const char *name;
} Name;

static const Name states[] = {
    {NWF_STATE_NEW, "NEW"},
    {NWF_STATE_ESTABLISHED, "ESTABLISHED"},
    {NWF_STATE_RELATED, "RELATED"},
    {NWF_STATE_INVALID, "INVALID"},
};

static const Name tcp_flags[] = {
    {NWF_TCP_FIN, "FIN"}, {NWF_TCP_SYN, "SYN"}, {NWF_TCP_RST, "RST"},
    {NWF_TCP_PSH, "PSH"}, {NWF_TCP_ACK, "ACK"}, {NWF_TCP_URG, "URG"},
};

/* The names of the bits that are set, joined by commas. */
static void
print_names(GString *out, const Name *names, guint n, guint bits)
{
    const char *comma = "";

    for (guint i = 0; i < n; i++) {
        if (!(bits & names[i].bit))
            continue;
        g_string_append_printf(out, "%s%s", comma, names[i].name);
        comma = ",";
    }
}

static void
print_state(GString *out, const NwfCondition *condition)
{
    print_names(out, states, G_N_ELEMENTS(states), condition->operands[0].value.number);
}

static void
print_tcp_flag_set(GString *out, guint bits)
{
    if (bits == 0)
        g_string_append(out, "NONE");
    else
        print_names(out, tcp_flags, G_N_ELEMENTS(tcp_flags), bits);
}

static void
print_tcp_flags(GString *out, const NwfCondition *condition)
{
    print_tcp_flag_set(out, condition->operands[0].value.tcp.mask);
    g_string_append_c(out, ' ');
    print_tcp_flag_set(out, condition->operands[0].value.tcp.flags);
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

    nwf_print_quoted(out, condition->operands[0].value.text);
    g_string_append_c(out, ' ');
    for (guint i = 0; i < count; i++)
        g_string_append_printf(out, "%s%s", i ? "," : "", flags->value.set_flags.dst & (1u << i) ? "dst" : "src");
    if (count == 0)
        g_string_append(out, "src");
}

static void
print_comment(GString *out, const NwfCondition *condition)
{
    nwf_print_quoted(out, condition->operands[0].value.text);
}

static const NwfPrinter printers[NWF_MATCHES] = {
    [NWF_MATCH_SRC_MAC] = {"mac", "--mac-source", "--mac-source", nwf_print_mac},
    [NWF_MATCH_SRC_IP] = {NULL, "--source", "--source", nwf_print_network},
    [NWF_MATCH_DST_IP] = {NULL, "--destination", "--destination", nwf_print_network},
    [NWF_MATCH_SRC_IP_FROM] = {"iprange", "--src-range", "--src-range", nwf_print_addresses},
    [NWF_MATCH_DST_IP_FROM] = {"iprange", "--dst-range", "--dst-range", nwf_print_addresses},
    [NWF_MATCH_DSCP] = {"dscp", "--dscp", "--dscp", nwf_print_number},
    [NWF_MATCH_TCP_FLAGS] = {NULL, "--tcp-flags", "--tcp-flags", print_tcp_flags},
    [NWF_MATCH_SRC_PORT] = {NULL, "--sport", "--sport", nwf_print_ports},
    [NWF_MATCH_DST_PORT] = {NULL, "--dport", "--dport", nwf_print_ports},
    [NWF_MATCH_TCP_OPTION] = {NULL, "--tcp-option", "--tcp-option", nwf_print_number},
    [NWF_MATCH_TYPE] = {NULL, "--icmp-type", "--icmpv6-type", print_icmp},
    [NWF_MATCH_STATE] = {"conntrack", "--ctstate", "--ctstate", print_state},
    [NWF_MATCH_CT_DIRECTION] = {"conntrack", "--ctdir", "--ctdir", print_ct_direction},
    [NWF_MATCH_IPSET] = {"set", "--match-set", "--match-set", print_set},
    [NWF_MATCH_CONNLIMIT] = {"connlimit", "--connlimit-above", "--connlimit-above", nwf_print_number},
    [NWF_MATCH_COMMENT] = {"comment", "--comment", "--comment", print_comment},
};

static void
print_condition(GString *out, const NwfCondition *condition, gboolean ipv6)
{
    const NwfPrinter *printer = &printers[condition->match];
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

static const char *
protocol_name(int number)
{
    for (guint i = 0; i < G_N_ELEMENTS(protocols); i++)
        if (protocols[i].number == number)
            return protocols[i].name;
    g_return_val_if_reached("all");
}

void
nwf_print_iptables(GString *out, const NwfPlanRule *rule)
{
    if (rule->protocol && rule->protocol->ip_protocol >= 0)
        g_string_append_printf(out, " -p %s", protocol_name(rule->protocol->ip_protocol));
    for (guint i = 0; i < rule->conditions->len; i++)
        print_condition(out, &g_array_index(rule->conditions, NwfCondition, i),
                        rule->protocol && rule->protocol->layer == NWF_LAYER_IPV6);
}
