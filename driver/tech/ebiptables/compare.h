/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * compare.h: two models of one table, compared port by port
 */
#pragma once

#include "driver/tech/ebiptables/model.h"

/**
 * nwf_compare: whether @held, the table as it was listed, has of @port exactly what @wanted has, the listing of what it
 * should be: the same chains with the same rules in the same words, and the same dispatch rules. FALSE also if one of
 * its chains was not listed.
 */
gboolean nwf_compare(const NwfModel *held, const NwfModel *wanted, const char *port);

/** nwf_compare_rules: whether the chains of @port in @wanted are in @held with the same rules in the same words. */
gboolean nwf_compare_rules(const NwfModel *held, const NwfModel *wanted, const char *port);

/** nwf_compare_reach: whether frames of @port reach the same chains, however many rules lead there. */
gboolean nwf_compare_reach(const NwfModel *a, const NwfModel *b, const char *port);

/** nwf_compare_outline: whether both have the same chains and dispatch rules of @port, whatever is in the chains. */
gboolean nwf_compare_outline(const NwfModel *a, const NwfModel *b, const char *port);
