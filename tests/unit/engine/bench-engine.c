/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * bench-engine.c: what the engine itself costs when a filter is updated that many ports use
 *
 *     bench-engine PORTS TURNS
 *
 * Over the fake backend, whose apply() costs are left out. Prints the processor time of each update in milliseconds,
 * one a line. It is no test: scripts/bench runs it.
 */
#include "tests/unit/engine/stage.h"

#include <stdlib.h>
#include <time.h>

/* As clean-traffic is made: a root that refers to others, of which one changes. */
#define OTHERS                                                                                                         \
    "<rule action='drop' direction='out'><mac srcmacaddr='$MAC' match='no'/></rule>"                                   \
    "<rule action='accept' direction='inout' priority='100'><mac protocolid='ipv4'/></rule>"                           \
    "<rule action='accept' direction='inout' priority='200'><mac protocolid='arp'/></rule>"
#define INNER "<rule action='return' direction='out' priority='300'><ip srcipaddr='10.0.0.1'/></rule>"

static double
milliseconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static void
carry_out(Stage *stage, NwfRequest *request)
{
    g_autoptr(GError) error = NULL;

    if (!stage_turn(stage, request, &error))
        g_error("%s", error->message);
}

static double
update(Stage *stage, const char *body)
{
    NwfRequest *request = stage_define("inner", body);
    gint64 spent = fake_backend_spent(stage->fake);
    double begin = milliseconds();

    carry_out(stage, request);
    return milliseconds() - begin - (double)(fake_backend_spent(stage->fake) - spent) / 1e6;
}

int
main(int argc, char **argv)
{
    guint ports = argc > 1 ? (guint)strtoul(argv[1], NULL, 10) : 2000,
          turns = argc > 2 ? (guint)strtoul(argv[2], NULL, 10) : 10;
    Stage *stage = stage_new();

    carry_out(stage, stage_define("inner", INNER));
    carry_out(stage, stage_define("root", OTHERS "<filterref filter='inner'/>"));
    for (guint i = 0; i < ports; i++) {
        g_autofree char *port = g_strdup_printf("v%u", i);
        carry_out(stage, stage_bind(port, "root"));
    }
    for (guint i = 0; i < turns; i++)
        g_print("%.3f\n", update(stage, i % 2 ? INNER : INNER ETHER("1001")));
    for (guint i = 0; i < ports; i++) {
        g_autofree char *port = g_strdup_printf("v%u", i);
        if (!stage_is_right(stage, port))
            g_error("%s does not have the rules of the last update", port);
    }
    stage_free(stage);
    return 0;
}
