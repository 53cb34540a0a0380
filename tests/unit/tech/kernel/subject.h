/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * subject.h: the backend under test with its ports, and what its tests say about it
 */
#pragma once

#include "driver/tech/ebiptables/ebiptables.h"
#include "driver/tech/ebiptables/ebiptables_private.h"
#include "tests/unit/tech/kernel/sandbox.h"

/* Rules of which each is one line in its layer. */
#define ETHERNET_A "<rule action='drop' direction='out'><mac protocolid='0x1001'/></rule>"
#define ETHERNET_B "<rule action='drop' direction='in'><mac protocolid='0x1002'/></rule>"
#define IPV4_A     "<rule action='drop' direction='out'><tcp dstportstart='1' state='NEW'/></rule>"
#define IPV4_B     "<rule action='drop' direction='out'><tcp dstportstart='2' state='NEW'/></rule>"
#define IPV6_A     "<rule action='drop' direction='out'><tcp-ipv6 dstportstart='1' state='NEW'/></rule>"
#define NO_SET_V6  "\n<rule action='drop' direction='out'>\n<all-ipv6 ipset='missing' ipsetflags='src'/></rule>"
#define BASE_ONLY                                                                                                      \
    "*filter\n:INPUT ACCEPT\n:FORWARD ACCEPT\n:OUTPUT ACCEPT\n"                                                        \
    ":libvirt-host-in -\n:libvirt-in -\n:libvirt-in-post -\n:libvirt-out -\n"                                          \
    "-A INPUT -j libvirt-host-in\n-A FORWARD -j libvirt-in\n-A FORWARD -j libvirt-out\n-A FORWARD -j "                 \
    "libvirt-in-post\n"                                                                                                \
    "COMMIT\n"
#define EMPTY_FILTER "*filter\n:INPUT ACCEPT\n:FORWARD ACCEPT\n:OUTPUT ACCEPT\nCOMMIT\n"
#define EMPTY_NAT    "*nat\n:PREROUTING ACCEPT\n:OUTPUT ACCEPT\n:POSTROUTING ACCEPT\n"

typedef NwfBackend Backend;

void backend_free(Backend *backend);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Backend, backend_free)

/** backend_new: a backend that has looked around. */
Backend *backend_new(void);

/** backend_unprobed: a backend that has not looked around. */
Backend *backend_unprobed(gboolean require_bridge_netfilter);

/** apply_plans: the backend's apply below its contract: @changes (element-type NwfPlanChange). */
gboolean apply_plans(Backend *backend, GPtrArray *changes, NwfNotes *notes, GError **error);

/** take_runs: (transfer full) (element-type NwfRun): the tools that were given something to write since the last question. */
GArray *take_runs(Backend *backend);

/** reread: @ports: (out) (transfer full): those that are to be applied again; NULL: nothing of ours was touched. */
gboolean reread(Backend *backend, GPtrArray *touched, GPtrArray **ports, GError **error);

/** has_changed: what poll() says. */
gboolean has_changed(Backend *backend);

/** is_certain: whether it is known what the kernel holds of @port. */
gboolean is_certain(Backend *backend, const char *port);

/* A backend in a network of its own, with ports that have rules. */
typedef struct Subject {
    Backend *backend;
    char **ports;
    NwfPlan *old_plan; /* of each port, in force */
    NwfPlan *new_plan; /* what a test changes it to; may be NULL */
    char *before;      /* what the kernel lists with the old plan */
} Subject;

/**
 * subject_new: @ports: names, separated by blanks; @new_rules may be NULL. The records of tools and of transactions
 * are empty; (transfer full).
 */
Subject *subject_new(const char *ports, const char *old_rules, const char *new_rules);
void subject_free(Subject *subject);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Subject, subject_free)

/** subject_apply: all ports change from @old_plan to @new_plan in one batch, which is taken. */
void subject_apply(Subject *subject, NwfPlan *old_plan, NwfPlan *new_plan);

/** subject_refuse: (transfer full): the change of the first port to the new plan is refused with this message. */
char *subject_refuse(Subject *subject);

/** assert_unchanged: the kernel lists what it did before. */
void assert_unchanged(Subject *subject);

/** fresh_with: (transfer full): what the kernel lists when a port "v" alone has @plan in a fresh network. */
char *fresh_with(NwfPlan *plan);

/** apply: the change is made. */
void apply(Backend *backend, const char *port, NwfPlan *old_plan, NwfPlan *new_plan);

/** refuse: (transfer full): the change is refused with this message. */
char *refuse(Backend *backend, const char *port, NwfPlan *old_plan, NwfPlan *new_plan);

void assert_contains(const char *text, const char *part);
void assert_lacks(const char *text, const char *part);

/** assert_ran: these tools ran since the last question, in this order. */
void assert_ran(const char *expected);
void assert_listing(NwfLayer layer, const char *expected);

/** everything: (transfer full): all three listings together. */
char *everything(void);

typedef struct KernelTest {
    const char *name;
    void (*run)(void);
} KernelTest;

/** kernel_main: runs the tests that @add adds, or says why it cannot. */
int kernel_main(int argc, char **argv, void (*add)(void));

/** add_tests: adds a table of tests under /tech/kernel/. */
void add_tests(const KernelTest *tests, guint n);
