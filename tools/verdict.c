/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * verdict.c: virt-nwfilter verdict: what becomes of the frames of a capture
 *
 * Plays a capture to a simulator (simulate/simulator.h) that knows the plans of the given ports, and prints each
 * frame's fate with the rule that decided it. Nothing is sent and no kernel is asked.
 *
 * Where a frame comes from and goes to is not in a capture. It is taken from the MAC addresses of the ports, or said
 * for all frames at once, or for each in a file (needed for forged addresses). A frame with a group address goes to all
 * ports and each has its own verdict.
 *
 * Limits: Ethernet captures; frames that the capture holds in part are counted, and have no fate.
 */
#include "simulate/simulator.h"
#include "tools/capture.h"
#include "tools/ports.h"
#include "tools/verdict_print.h"
#include "tools/virt-nwfilter.h"

#include <glib/gi18n-lib.h>
#include <string.h>

typedef struct Options {
    NwfPortOptions ports;
    char *pcap;
    char *direction;
    char *ways;
    gboolean json;
    gboolean checksums;
} Options;

static void
options_clear(Options *options)
{
    nwf_port_options_clear(&options->ports);
    g_free(options->pcap);
    g_free(options->direction);
    g_free(options->ways);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Options, options_clear)

/* --- options --- */

static gboolean
parse_options(int *argc, char ***argv, Options *options, GError **error)
{
    const GOptionEntry entries[] = {
        {"pcap", 'r', 0, G_OPTION_ARG_FILENAME, &options->pcap, N_("capture to judge"), N_("FILE")},
        {"direction", 0, 0, G_OPTION_ARG_STRING, &options->direction,
         N_("out: sent by the port, in: sent to it, auto: by MAC address (default)"), N_("out|in|auto")},
        {"ways", 'w', 0, G_OPTION_ARG_FILENAME, &options->ways,
         N_("a line for each frame: FROM TO[,TO...], each a port, 'host', or '-' for one without filter"), N_("FILE")},
        {"checksums", 0, 0, G_OPTION_ARG_NONE, &options->checksums,
         N_("let wrong checksums count; captures made before the card fills them in have many"), NULL},
        {"json", 'j', 0, G_OPTION_ARG_NONE, &options->json, N_("print JSON"), NULL},
        {NULL}};
    static const char *const directions[] = {"auto", "in", "out", NULL};
    g_autoptr(GOptionContext) context = g_option_context_new(NULL);

    g_option_context_set_summary(context,
                                 _("Says what becomes of each frame of a capture. Changes and sends nothing."));
    nwf_port_options_add(context, &options->ports);
    g_option_context_add_main_entries(context, entries, GETTEXT_PACKAGE);
    g_set_prgname("virt-nwfilter verdict");
    if (!g_option_context_parse(context, argc, argv, error))
        return FALSE;
    if (!options->pcap)
        return nwf_set_error(error, NWF_ERROR_ARGUMENT, _("--pcap is needed"));
    if (options->direction && options->ways)
        return nwf_set_error(error, NWF_ERROR_ARGUMENT, _("--direction and --ways both say where frames go: give one"));
    if (options->direction && !g_strv_contains(directions, options->direction))
        return nwf_set_error(error, NWF_ERROR_ARGUMENT, _("--direction is '%s'; expected one of in, out, auto"),
                             options->direction);
    return TRUE;
}

/* --- ways --- */

static NwfWayEnd
end_of(const NwfPort *port)
{
    return (NwfWayEnd){port ? port->name : NULL, {port ? nwf_rules_plan(port->rules, NULL) : NULL, FALSE}};
}

static void
add_end(GArray *ends, const NwfPort *port)
{
    NwfWayEnd end = end_of(port);

    g_array_append_val(ends, end);
}

static const NwfPort *
port_of_mac(GPtrArray *ports, const guint8 *mac)
{
    for (guint i = 0; i < ports->len; i++) {
        const NwfPort *port = g_ptr_array_index(ports, i);
        if (memcmp(port->mac, mac, sizeof(port->mac)) == 0)
            return port;
    }
    return NULL;
}

/* No end is added for a frame that has nothing to do with any of the ports. */
static void
way_by_mac(NwfSight *sight, GPtrArray *ports)
{
    gboolean group = (sight->data[0] & 1) != 0;
    const NwfPort *from = port_of_mac(ports, sight->data + 6), *to = port_of_mac(ports, sight->data);

    sight->from = end_of(from);
    for (guint i = 0; group && i < ports->len; i++)
        if (g_ptr_array_index(ports, i) != from)
            add_end(sight->to, g_ptr_array_index(ports, i));
    if (to)
        add_end(sight->to, to);
    else if (from)
        add_end(sight->to, NULL);
}

static gboolean
end_by_name(NwfWayEnd *end, const char *name, GPtrArray *ports)
{
    *end = end_of(NULL);
    if (g_str_equal(name, "-"))
        return TRUE;
    if (g_str_equal(name, "host")) {
        *end = (NwfWayEnd){"host", {NULL, TRUE}};
        return TRUE;
    }
    for (guint i = 0; i < ports->len; i++) {
        const NwfPort *port = g_ptr_array_index(ports, i);
        if (!g_str_equal(port->name, name))
            continue;
        *end = end_of(port);
        return TRUE;
    }
    return FALSE;
}

static gboolean
way_by_line(NwfSight *sight, const char *line, GPtrArray *ports, GError **error)
{
    g_auto(GStrv) words = g_strsplit(line, " ", 2);
    g_auto(GStrv) ends = words[0] && words[1] ? g_strsplit(words[1], ",", -1) : NULL;
    gboolean good = ends && end_by_name(&sight->from, words[0], ports);

    for (guint i = 0; good && ends[i]; i++) {
        NwfWayEnd end;
        good = end_by_name(&end, ends[i], ports);
        if (good)
            g_array_append_val(sight->to, end);
    }
    return good || nwf_set_error(error, NWF_ERROR_ARGUMENT,
                                 _("the way of frame %u is '%s'; expected FROM TO[,TO...], each the port of a binding, "
                                   "'host' or '-'"),
                                 sight->number, line);
}

/* @lines: (inout): those of the frames that are still to come; NULL: frames go by MAC address or direction. */
static gboolean
find_way(NwfSight *sight, const Options *options, char ***lines, GPtrArray *ports, GError **error)
{
    const NwfPort *port = g_ptr_array_index(ports, 0);

    if (*lines) {
        const char *line = *(*lines)++;
        if (!line)
            return nwf_set_error(error, NWF_ERROR_ARGUMENT, _("'%s' has no line for frame %u"), options->ways,
                                 sight->number);
        return way_by_line(sight, line, ports, error);
    }
    if (!options->direction || g_str_equal(options->direction, "auto")) {
        if (sight->length >= 12)
            way_by_mac(sight, ports);
        return TRUE;
    }
    if (ports->len != 1)
        return nwf_set_error(error, NWF_ERROR_ARGUMENT, _("--direction in and out need exactly one port"));
    sight->from = end_of(g_str_equal(options->direction, "out") ? port : NULL);
    add_end(sight->to, g_str_equal(options->direction, "in") ? port : NULL);
    return TRUE;
}

/* --- frames --- */

static void
simulate(NwfSimulator *simulator, NwfSight *sight)
{
    g_autofree NwfEnd *ends = g_new(NwfEnd, sight->to->len + 1);

    for (guint i = 0; i < sight->to->len; i++)
        ends[i] = g_array_index(sight->to, NwfWayEnd, i).end;
    sight->decisions = g_new0(NwfDecision, sight->to->len + 1);
    nwf_simulator_frame(simulator, sight->data, sight->length, sight->time, &sight->from.end, ends, sight->to->len,
                        sight->decisions);
}

static gboolean
play(pcap_t *capture, NwfSimulator *simulator, const Options *options, char **lines, GPtrArray *ports,
     NwfReport *report, GError **error)
{
    NwfCaptured frame;
    guint number = 0;
    int got;

    while ((got = nwf_capture_next(capture, &frame)) == 1) {
        g_auto(NwfSight) sight = {
            .number = ++number,
            .time = frame.time,
            .data = frame.data,
            .length = frame.length,
            .cut = frame.cut,
            .to = g_array_new(FALSE, FALSE, sizeof(NwfWayEnd)),
        };
        if (!find_way(&sight, options, &lines, ports, error))
            return FALSE;
        if (!sight.cut && sight.to->len > 0)
            simulate(simulator, &sight);
        nwf_report_add(report, &sight);
    }
    return got == PCAP_ERROR_BREAK ||
           nwf_set_error(error, NWF_ERROR_SYSTEM, "%s: %s", options->pcap, pcap_geterr(capture));
}

static NwfSimulator *
simulator_of(GPtrArray *ports, gboolean checksums)
{
    g_autoptr(GPtrArray) plans = g_ptr_array_new_with_free_func((GDestroyNotify)nwf_plan_unref);
    const NwfSimulatorOptions options = {.verify_checksums = checksums};

    for (guint i = 0; i < ports->len; i++)
        g_ptr_array_add(plans, nwf_plan_ref(nwf_rules_plan(((NwfPort *)g_ptr_array_index(ports, i))->rules, NULL)));
    return nwf_simulator_new(plans, &options);
}

static gboolean
read_ways(const char *path, char ***lines, GError **error)
{
    g_autoptr(GError) failure = NULL;
    g_autofree char *text = NULL;

    if (!path)
        return TRUE;
    if (!g_file_get_contents(path, &text, NULL, &failure))
        return nwf_set_error(error, NWF_ERROR_SYSTEM, "%s", failure->message);
    *lines = g_strsplit(g_strchomp(text), "\n", -1);
    return TRUE;
}

gboolean
nwf_verdict_command(int argc, char **argv, GError **error)
{
    g_auto(Options) options = {0};
    g_auto(GStrv) lines = NULL;

    if (!parse_options(&argc, &argv, &options, error) || !read_ways(options.ways, &lines, error))
        return FALSE;
    g_autoptr(GPtrArray) ports = nwf_ports_new(&options.ports, error);
    g_autoptr(pcap_t) capture = ports ? nwf_capture_open(options.pcap, error) : NULL;
    if (!capture)
        return FALSE;
    g_autoptr(NwfSimulator) simulator = simulator_of(ports, options.checksums);
    g_autoptr(NwfReport) report = nwf_report_new(options.json);
    if (!play(capture, simulator, &options, lines, ports, report, error))
        return FALSE;
    nwf_report_print(report);
    return TRUE;
}
