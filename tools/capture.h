/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * capture.h: the frames of a capture file
 *
 * libpcap reads the formats, pcap and pcapng. What the file says is checked here as far as the simulator relies on it.
 */
#pragma once

#include <glib.h>
#include <pcap/pcap.h>

G_DEFINE_AUTOPTR_CLEANUP_FUNC(pcap_t, pcap_close)

typedef struct NwfCaptured {
    gint64 time;        /* microseconds since 1970; beyond NWF_TIME_MAX in either direction it is that limit */
    const guint8 *data; /* valid until the next frame is read */
    gsize length;
    gboolean cut; /* the frame was longer than what the file holds of it */
} NwfCaptured;

/** nwf_capture_open: NULL with an error for what is no capture of Ethernet frames. */
pcap_t *nwf_capture_open(const char *path, GError **error);

/** nwf_capture_next: as pcap_next_ex(): 1 for a frame, PCAP_ERROR_BREAK at the end, else pcap_geterr() tells the error.
 */
int nwf_capture_next(pcap_t *capture, NwfCaptured *frame);
