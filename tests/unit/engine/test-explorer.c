/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test-explorer.c: random sequences of everything that can happen to the engine
 *
 * A few filters, a few ports, and at each step something that a user, a guest, a kernel or another program may do, also
 * in the middle of a call of the backend. When all that was posted has been carried out, files, catalog and kernel must
 * agree: no bound port is open, no refused filter is in force (stage_check). At the end everything that hindered ends,
 * and then each port must have the rules of its filter.
 *
 * A sequence depends on its seed alone: NWF_EXPLORE_SEED repeats the one that a failure printed, NWF_EXPLORE says how
 * many are run.
 */
#include "tests/unit/engine/stage.h"

#include <signal.h>
#include <stdlib.h>

enum { SEQUENCES = 10000, STEPS = 12, PORTS = 4 };

static const char *const ports[PORTS] = {"lo", "v0", "v1", "v2"};
static const char *const addresses[] = {"10.0.0.1", "10.0.0.2", "10.0.0.1 10.0.0.2", NULL};

/* What a filter may say: the second line is what the kernel may refuse. The root filters may refer to "in". */
static const char *const filters[] = {"in", "web", "own"};
static const char *const bodies[] = {
    ETHER("1001"),
    ETHER("1002") ETHER("1003"),
    "<rule action='accept' direction='out'><ip srcipaddr='$IP'/></rule>",
    "<rule action='accept' direction='out'><ip srcipaddr='$IP'/></rule>" ETHER("1004"),
    TCP("80"),
    "\n" ETHER("9999"),
    "<rule action='drop' direction='in'><ip srcipaddr='$MISSING'/></rule>",
    "<filterref filter='in'/>",
    "<filterref filter='in'/>" ETHER("1005"),
    "<filterref filter='nowhere'/>",
};

static guint32 current; /* seed */

#define LAST ETHER("1006")

typedef struct Explorer {
    Stage *stage;
    GRand *random;
} Explorer;

static guint
below(Explorer *explorer, guint n)
{
    return (guint)g_rand_int_range(explorer->random, 0, (gint32)n);
}

static const char *
any_port(Explorer *explorer)
{
    return ports[below(explorer, PORTS)];
}

/* ---- what may happen at any time ---- */

static void
learn(Explorer *explorer)
{
    fake_learner_learn(any_port(explorer), addresses[below(explorer, G_N_ELEMENTS(addresses))]);
}

static void
change_kernel(Explorer *explorer)
{
    FakeBackend *fake = explorer->stage->fake;
    const char *port = any_port(explorer);
    NwfRules *other = fake_backend_holds(fake, any_port(explorer));

    switch (below(explorer, 3)) {
    case 0:
        fake_backend_flush(fake);
        stage_event(explorer->stage, NULL);
        break;
    case 1:
        fake_backend_set(fake, port, NULL);
        stage_event(explorer->stage, port);
        break;
    default:
        fake_backend_set(fake, port, other);
        stage_event(explorer->stage, port);
    }
}

static void
meanwhile(FakeBackend *fake G_GNUC_UNUSED, gpointer data)
{
    Explorer *explorer = data;

    if (below(explorer, 2))
        learn(explorer);
    else
        change_kernel(explorer);
}

/* ---- steps ---- */

static NwfRequest *
define(Explorer *explorer)
{
    guint which = below(explorer, G_N_ELEMENTS(filters));
    guint body = below(explorer, which == 0 ? G_N_ELEMENTS(bodies) - 3 : G_N_ELEMENTS(bodies));

    return stage_define(filters[which], bodies[body]);
}

static NwfRequest *
undefine(Explorer *explorer)
{
    return stage_undefine(explorer->stage, filters[below(explorer, G_N_ELEMENTS(filters))]);
}

static NwfRequest *
bind(Explorer *explorer)
{
    return stage_bind(any_port(explorer), filters[below(explorer, G_N_ELEMENTS(filters))]);
}

static NwfRequest *
unbind(Explorer *explorer)
{
    return stage_unbind(explorer->stage, any_port(explorer));
}

static NwfRequest *
script(Explorer *explorer)
{
    fake_backend_then(explorer->stage->fake, (FakeStep){below(explorer, 3), below(explorer, 2) ? meanwhile : NULL,
                                                        explorer, below(explorer, 2)});
    return NULL;
}

static NwfRequest *
change_mood(Explorer *explorer)
{
    FakeBackend *fake = explorer->stage->fake;

    fake_backend_refuse_line(fake, below(explorer, 2) ? 2 : 0, below(explorer, 2));
    fake_backend_break(fake, below(explorer, 4) == 0);
    fake_backend_limit(fake, below(explorer, 3));
    return NULL;
}

/* What the kernel costs, and that time passes. */
static NwfRequest *
let_time_pass(Explorer *explorer)
{
    Stage *stage = explorer->stage;

    fake_backend_slow(stage->fake, &stage->clock, below(explorer, 2) ? below(explorer, 1000) * 1000 : 0);
    stage_pass(stage, below(explorer, 15) * G_TIME_SPAN_SECOND);
    return NULL;
}

static NwfRequest *
learn_between(Explorer *explorer)
{
    learn(explorer);
    return NULL;
}

static NwfRequest *
change_between(Explorer *explorer)
{
    change_kernel(explorer);
    return NULL;
}

static NwfRequest *
retry(Explorer *explorer)
{
    stage_retry(explorer->stage);
    return NULL;
}

static NwfRequest *
restart(Explorer *explorer)
{
    stage_restart(explorer->stage);
    return NULL;
}

/* Those that change most come more than once. */
static const struct {
    const char *name;
    NwfRequest *(*take)(Explorer *explorer);
} steps[] = {
    {"define", define},
    {"define", define},
    {"define", define},
    {"bind", bind},
    {"bind", bind},
    {"unbind", unbind},
    {"undefine", undefine},
    {"script", script},
    {"script", script},
    {"learn_between", learn_between},
    {"learn_between", learn_between},
    {"let_time_pass", let_time_pass},
    {"change_between", change_between},
    {"retry", retry},
    {"restart", restart},
    {"change_mood", change_mood},
};

/* Carries out all that was posted. */
static void
settle(Explorer *explorer)
{
    for (guint i = 0; i < 4; i++)
        stage_turn(explorer->stage, NULL, NULL);
}

/* Half of the sequences begin with filters that work, a port that learns and one that does not. */
static void
begin(Explorer *explorer)
{
    NwfRequest *const first[] = {stage_define("in", bodies[0]), stage_define("web", "<filterref filter='in'/>"),
                                 stage_define("own", bodies[2]), stage_bind("v0", "own"), stage_bind("lo", "web")};

    for (guint i = 0; i < G_N_ELEMENTS(first); i++)
        g_assert_true(stage_turn(explorer->stage, first[i], NULL));
}

static void
explore(guint32 seed)
{
    Explorer explorer = {stage_new(), g_rand_new_with_seed(seed)};
    g_autoptr(GPtrArray) bound = NULL;

    if (below(&explorer, 2))
        begin(&explorer);
    for (guint i = 0; i < STEPS; i++) {
        guint step = below(&explorer, G_N_ELEMENTS(steps));
        NwfRequest *request = steps[step].take(&explorer);
        g_autoptr(GError) error = NULL;
        if (g_test_verbose())
            g_printerr("# %s %s %s\n", steps[step].name, request && request->portdev ? request->portdev : "",
                       request && request->filter ? request->filter->name : "");
        stage_turn(explorer.stage, request, &error);
        if (g_test_verbose() && error)
            g_printerr("#     %s\n", error->message);
        settle(&explorer);
        stage_check(explorer.stage);
    }

    fake_backend_forget(explorer.stage->fake);
    fake_backend_break(explorer.stage->fake, FALSE);
    fake_backend_refuse_line(explorer.stage->fake, 0, FALSE);
    for (guint i = 0; i < G_N_ELEMENTS(filters); i++) /* closed ports are visited after each definition */
        g_assert_true(stage_turn(explorer.stage, stage_define(filters[i], i ? bodies[2] : LAST), NULL));
    stage_retry(explorer.stage);
    settle(&explorer);
    stage_pass(explorer.stage, G_TIME_SPAN_MINUTE);
    settle(&explorer);
    stage_check(explorer.stage);
    for (guint i = 0; i < PORTS; i++)
        g_assert_false(stage_waits(explorer.stage, ports[i]));
    bound = nwf_catalog_ports(explorer.stage->catalog);
    for (guint i = 0; i < bound->len; i++) {
        const NwfPort *port = g_ptr_array_index(bound, i);
        g_assert_cmpint(port->state.known, ==, NWF_KNOWN_ACKNOWLEDGED);
        g_assert_cmpint(port->state.which, !=, NWF_WHICH_CLOSED);
    }
    g_rand_free(explorer.random);
    stage_free(explorer.stage);
}

static void
test_explore(void)
{
    const char *one = g_getenv("NWF_EXPLORE_SEED"), *many = g_getenv("NWF_EXPLORE");
    guint32 first = one ? (guint32)strtoul(one, NULL, 0) : (guint32)g_test_rand_int();
    guint n = one ? 1 : many ? (guint)strtoul(many, NULL, 0) : SEQUENCES;

    for (guint i = 0; i < n; i++) {
        current = first + i;
        explore(current);
    }
    g_test_message("sequences of the seeds %u to %u", first, first + n - 1);
}

/* A failure says which sequence it was. */
static void
print_seed(int number G_GNUC_UNUSED)
{
    g_printerr("\nNWF_EXPLORE_SEED=%u repeats the sequence\n", current);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    signal(SIGABRT, print_seed);
    g_test_add_func("/engine/explorer", test_explore);
    return g_test_run();
}
