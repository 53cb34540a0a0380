/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * print.h: rules of a plan as words of the tools
 *
 * Every value is formatted from its binary form; the only texts that come from a user as they are, names of sets and
 * comments, are quoted. So no value can end its argument or be read as an option.
 */
#pragma once

#include "plan/plan.h"

/** nwf_print_ebtables: appends the matches of @rule, but for DSCP, which render.c spreads over several rules. */
void nwf_print_ebtables(GString *out, const NwfPlanRule *rule);

/** nwf_print_guard: appends the matches that a frame must pass on its way into a chain of @kind. */
void nwf_print_guard(GString *out, const NwfChainKind *kind);

/** nwf_print_iptables: appends the matches of @rule. */
void nwf_print_iptables(GString *out, const NwfPlanRule *rule);

/** nwf_print_verdict: appends the target; nothing for a verdict that needs none. Not for jumps. */
void nwf_print_verdict(GString *out, NwfLayer layer, NwfVerdict verdict);

/*
 * One row of a printer's table: the option of a match, and how its operands are written. The second option is used
 * for IPv6.
 */
typedef struct NwfPrinter {
    const char *module; /* "-m NAME" that must stand before the option; NULL if none */
    const char *option;
    const char *option6;
    void (*operands)(GString *out, const NwfCondition *condition); /* NULL: the option stands alone */
} NwfPrinter;

/* How operands are written; shared by the tables. A printer that appends nothing drops its condition. */
void nwf_print_number(GString *out, const NwfCondition *condition);
void nwf_print_numbers(GString *out, const NwfCondition *condition);   /* FIRST[:LAST] */
void nwf_print_ports(GString *out, const NwfCondition *condition);     /* FIRST[:LAST] */
void nwf_print_mac(GString *out, const NwfCondition *condition);       /* MAC[/MASK] */
void nwf_print_network(GString *out, const NwfCondition *condition);   /* ADDRESS[/LENGTH] */
void nwf_print_addresses(GString *out, const NwfCondition *condition); /* FIRST[-LAST] */

/** nwf_print_quoted: appends @text as one argument, as the restore tools read it. */
void nwf_print_quoted(GString *out, const char *text);
