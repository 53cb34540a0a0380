/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * fuzz-capture.c: a capture file is read to its end or to an error, and its frames have fates
 *
 * The file is read as virt-nwfilter verdict reads it, from memory. Frames whose last address byte is odd come from the
 * port, the others go to it.
 */
#include "simulate/simulator.h"
#include "tools/capture.h"

#include <stdio.h>

#include "fuzz.h"
#include "simulate.h"

enum { FRAMES_MAX = 64, PLAN = 1 };

static void
play(pcap_t *capture, NwfSimulator *simulator)
{
    const NwfEnd port = {fuzz_plan(PLAN), FALSE}, other = {NULL, FALSE};
    NwfCaptured frame;
    NwfDecision decision;

    for (guint i = 0; i < FRAMES_MAX && nwf_capture_next(capture, &frame) == 1; i++) {
        g_assert_true(frame.time >= -NWF_TIME_MAX && frame.time <= NWF_TIME_MAX);
        gboolean out = frame.length >= 12 && (frame.data[11] & 1) != 0;
        if (!frame.cut)
            nwf_simulator_frame(simulator, frame.data, frame.length, frame.time, out ? &port : &other,
                                out ? &other : &port, 1, &decision);
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(GPtrArray) plans = g_ptr_array_new();
    char message[PCAP_ERRBUF_SIZE];
    FILE *file = size > 0 ? fmemopen((void *)data, size, "r") : NULL;
    g_autoptr(pcap_t) capture = file != NULL ? pcap_fopen_offline(file, message) : NULL;

    if (capture == NULL && file != NULL)
        fclose(file);
    if (capture == NULL || pcap_datalink(capture) != DLT_EN10MB)
        return 0;
    g_ptr_array_add(plans, fuzz_plan(PLAN));
    g_autoptr(NwfSimulator) simulator = nwf_simulator_new(plans, NULL);
    play(capture, simulator);
    return 0;
}
