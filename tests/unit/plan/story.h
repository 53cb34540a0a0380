/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * story.h: filters, ports and plans in the few words of a test
 *
 * A test writes filters as XML and the variables of a binding as "IP=10.0.0.1,10.0.0.2 MAC=52:54:00:00:00:01", and reads
 * plans as lines of text, one for each rule:
 *
 *     FI tcp dport=80 state=NEW,ESTABLISHED dir=ORIGINAL RETURN
 *     I/ipv4 ip !dst=10.0.0.99 DROP
 *     I JUMP ipv4
 *
 * The first word is the chain: I and O, FI, FO and HI, for IPv6 FI6, FO6 and HI6, with a sub-chain after the slash. Ends of
 * ranges stand after '-', masks and codes after '/'.
 */
#pragma once

#include "plan/rules.h"

/* A set of filters that refer to each other by name. */
typedef GHashTable World;

World *world_new(void);
/* Adds each filter of @documents, one after the other. */
void world_add(World *world, const char *documents);
/* A filter "root" of these rules and references alone. */
World *world_of_rules(const char *rules);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(World, g_hash_table_unref)

NwfFilter *world_lookup(const char *name, gpointer world);
NwfTree *world_tree(World *world, const char *root, GError **error);

NwfParams *params_of(const char *text);
NwfTemplate *template_of(World *world, const char *params, GError **error);
NwfPlan *plan_of(World *world, const char *params, GError **error);

/* All rules of the plan, one line each; chains without rules as "FI (empty)". */
char *plan_text(const NwfPlan *plan);
/* The lines of @text that begin with the word @chain. */
char *lines_of(const char *text, const char *chain);

/* Builds the filter "root" of @rules and compares the lines of its plan; with @chain only those of one chain. */
void assert_plan(const char *rules, const char *params, const char *chain, const char *expected);
void assert_world_plan(World *world, const char *params, const char *chain, const char *expected);
/* The plan cannot be made; @code and each word of the NULL-ended list are in the error. */
void assert_refused(const char *rules, const char *params, NwfErrorCode code, ...) G_GNUC_NULL_TERMINATED;
