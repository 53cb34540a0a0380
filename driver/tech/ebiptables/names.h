/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * names.h: names of chains, and the rules that lead to them
 *
 * The names and the dispatch rules are those of the stock driver, so that each of the two drivers finds what the other
 * left and administrators find what they know. One table holds every form of dispatch rule: those we make and
 * those that we only clean up (the temporary names of an interrupted stock run, the form of old releases).
 */
#pragma once

#include "driver/tech/backend.h"

/* The kernel's tables, by layer; the last has no name. */
extern const NwfTable nwf_ebiptables_tables[NWF_LAYERS + 1];

const char *nwf_layer_table(NwfLayer layer);
gboolean nwf_layer_is_ip(NwfLayer layer);

/* One form of a rule that sends the frames of one port to one of its chains. */
typedef struct NwfDispatch {
    gboolean ip;        /* of iptables and ip6tables; else of ebtables */
    const char *base;   /* chain in which the rule stands */
    const char *device; /* option that names the port */
    gboolean bridged;   /* with --physdev-is-bridged */
    const char *verb;   /* -j or -g */
    const char *prefix; /* of the target, followed by the port's name; NULL: the target is ACCEPT */
    gboolean ours;      /* made by us; else only cleaned up */
    NwfHook hook;       /* of the root chain it leads to */
} NwfDispatch;

enum { NWF_DISPATCHES = 13 };

extern const NwfDispatch nwf_dispatches[NWF_DISPATCHES];

/** nwf_dispatch_spec: appends what follows "-A " or "-D ": base chain, matches, target, for @port. */
void nwf_dispatch_spec(GString *out, const NwfDispatch *dispatch, const char *port);

/** nwf_dispatch_target: (transfer full): name of the chain that @dispatch leads to, or NULL if it leads to none. */
char *nwf_dispatch_target(const NwfDispatch *dispatch, const char *port);

/* The rules that lead from the built-in chains to the base chains of the IP layers, in the order they must stand. */
typedef struct NwfBaseJump {
    const char *builtin;
    const char *base;
} NwfBaseJump;

enum { NWF_BASE_JUMPS = 4 };

extern const NwfBaseJump nwf_base_jumps[NWF_BASE_JUMPS];

/** nwf_chain_name: (transfer full): name of a chain of the plan of @port. */
char *nwf_chain_name(const NwfChain *chain, const char *port);

/** nwf_helper_name: (transfer full): name of the @n-th helper chain of @port at @hook; no filter's chain has it. */
char *nwf_helper_name(NwfHook hook, const char *port, guint n);

/**
 * nwf_chain_name_is_sub:
 * @root: name of a root chain of @port at the Ethernet layer, final or temporary
 *
 * Whether @name is that of a sub-chain or helper chain that belongs under @root: same letter, exactly this port, and
 * then something that can follow.
 */
gboolean nwf_chain_name_is_sub(const char *name, const char *root, const char *port);

/** nwf_chain_leads_to_all: whether @chain leads to the chains of all ports, be it built in or ours. */
gboolean nwf_chain_leads_to_all(NwfLayer layer, const char *chain);

/** nwf_port_name_check: whether @port can be named to the tools; else NWF_ERROR_INTERNAL that says what is allowed. */
gboolean nwf_port_name_check(const char *port, GError **error);
