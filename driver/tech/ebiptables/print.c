/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * print.c: operands and verdicts as words of the tools
 *
 * What the tools have in common. The restore parsers know one way of quoting: double quotes around an argument, and
 * inside of them a backslash before '"' and '\'. A batch is read line by line before quotes are looked at, so a newline
 * cannot be said; it becomes a blank. Everything else, control characters too, comes through unchanged.
 */
#include "driver/tech/ebiptables/print.h"

#include <arpa/inet.h>

static const char *const verdicts[2][NWF_VERDICT_JUMP] = {
    /* ebtables: a rejected frame is dropped, no answer exists at this layer */
    {
        [NWF_VERDICT_ACCEPT] = "ACCEPT",
        [NWF_VERDICT_DROP] = "DROP",
        [NWF_VERDICT_REJECT] = "DROP",
        [NWF_VERDICT_RETURN] = "RETURN",
        [NWF_VERDICT_CONTINUE] = "CONTINUE",
    },
    /* iptables: a rule without target goes on with the next */
    {
        [NWF_VERDICT_ACCEPT] = "ACCEPT",
        [NWF_VERDICT_DROP] = "DROP",
        [NWF_VERDICT_REJECT] = "REJECT",
        [NWF_VERDICT_RETURN] = "RETURN",
        [NWF_VERDICT_CONTINUE] = NULL,
    },
};

void
nwf_print_verdict(GString *out, NwfLayer layer, NwfVerdict verdict)
{
    const char *target;

    g_return_if_fail(verdict < NWF_VERDICT_JUMP);
    target = verdicts[layer != NWF_LAYER_ETHERNET][verdict];
    if (target)
        g_string_append_printf(out, " -j %s", target);
}

void
nwf_print_quoted(GString *out, const char *text)
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

void
nwf_print_number(GString *out, const NwfCondition *condition)
{
    g_string_append_printf(out, "%u", condition->operands[0].value.number);
}

void
nwf_print_numbers(GString *out, const NwfCondition *condition)
{
    const NwfOperand *first = &condition->operands[0], *last = &condition->operands[1];

    print_range(out, first->value.number, last->present ? last->value.number : first->value.number);
}

void
nwf_print_ports(GString *out, const NwfCondition *condition)
{
    const NwfOperand *first = &condition->operands[0], *last = &condition->operands[1];

    print_range(out, first->value.range.first, last->present ? last->value.range.last : first->value.range.last);
}

void
nwf_print_mac(GString *out, const NwfCondition *condition)
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

void
nwf_print_network(GString *out, const NwfCondition *condition)
{
    print_address(out, &condition->operands[0]);
    if (condition->operands[1].present)
        g_string_append_printf(out, "/%u", condition->operands[1].value.number);
}

void
nwf_print_addresses(GString *out, const NwfCondition *condition)
{
    print_address(out, &condition->operands[0]);
    if (condition->operands[1].present) {
        g_string_append_c(out, '-');
        print_address(out, &condition->operands[1]);
    }
}
