/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * parse_rule.h: a rule as it stands in a listing or a batch
 */
#pragma once

#include "driver/tech/ebiptables/names.h"

/* What matters of one rule. The strings belong to the words it was read from. */
typedef struct NwfParsedRule {
    const char *chain;
    const char *device_option;
    const char *device;
    gboolean bridged;
    const char *verb; /* -j or -g */
    const char *target;
    gboolean more; /* something that no rule of the stock form has */
} NwfParsedRule;

/** nwf_parse_line: (transfer full): the line at *@next with those that belong to it; moves @next behind them. */
char *nwf_parse_line(const GStrv lines, guint *next);

/**
 * nwf_parse_words: the words of a line; empty ones may be among them. If its quotes cannot be understood: command,
 * chain, and the rest as one word, which makes it a rule of somebody else.
 */
GStrv nwf_parse_words(const char *line);

/** nwf_parse_rule: reads @words: command, chain and the rest. */
NwfParsedRule nwf_parse_rule(const GStrv words);

/** nwf_parsed_dispatch: index of the form of dispatch rule that @rule has, or -1. */
int nwf_parsed_dispatch(const NwfParsedRule *rule, NwfLayer layer);

/** nwf_parsed_base_jump: index of the base jump that @rule is, or -1. */
int nwf_parsed_base_jump(const NwfParsedRule *rule, NwfLayer layer);
