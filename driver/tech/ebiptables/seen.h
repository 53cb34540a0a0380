/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * seen.h: a rule as it stands in a listing or a batch
 */
#pragma once

#include "driver/tech/ebiptables/names.h"

/* What matters of one rule. The strings belong to the words it was read from. */
typedef struct NwfSeenRule {
    const char *chain;
    const char *device_option;
    const char *device;
    gboolean bridged;
    const char *verb; /* -j or -g */
    const char *target;
    gboolean more; /* something that no rule of the stock form has */
} NwfSeenRule;

/**
 * nwf_seen_words: the words of a line; empty ones may be among them. If its quotes cannot be understood: command, chain,
 * and the rest as one word, which makes it a rule of somebody else.
 */
GStrv nwf_seen_words(const char *line);

/** nwf_seen_rule: reads @words: command, chain and the rest. */
NwfSeenRule nwf_seen_rule(const GStrv words);

/** nwf_seen_dispatch: index of the form of dispatch rule that @rule has, or -1. */
int nwf_seen_dispatch(const NwfSeenRule *rule, NwfLayer layer);

/** nwf_seen_base_jump: index of the base jump that @rule is, or -1. */
int nwf_seen_base_jump(const NwfSeenRule *rule, NwfLayer layer);

/** nwf_seen_open_quote: whether @line ends inside of double quotes. */
gboolean nwf_seen_open_quote(const char *line);
