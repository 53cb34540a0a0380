/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * capture.c: the frames of a capture file; see capture.h
 *
 * A pcapng file chooses the unit of its times, so that seconds can be any number of 64 bits and microseconds overflow.
 */
#include "tools/capture.h"

#include "conf/error.h"
#include "simulate/simulator.h"

#include <glib/gi18n-lib.h>

pcap_t *
nwf_capture_open(const char *path, GError **error)
{
    char message[PCAP_ERRBUF_SIZE] = "";
    g_autoptr(pcap_t) capture = pcap_open_offline(path, message);

    if (!capture) {
        nwf_set_error(error, NWF_ERROR_SYSTEM, "%s: %s", path, message);
        return NULL;
    }
    if (pcap_datalink(capture) != DLT_EN10MB) {
        nwf_set_error(error, NWF_ERROR_ARGUMENT, _("'%s' is not a capture of Ethernet frames"), path);
        return NULL;
    }
    return g_steal_pointer(&capture);
}

static gint64
microseconds(struct timeval time)
{
    const gint64 seconds_max = NWF_TIME_MAX / G_USEC_PER_SEC - 1;

    if (time.tv_sec > seconds_max)
        return NWF_TIME_MAX;
    if (time.tv_sec < -seconds_max)
        return -NWF_TIME_MAX;
    return time.tv_sec * G_USEC_PER_SEC + CLAMP(time.tv_usec, 0, G_USEC_PER_SEC - 1);
}

int
nwf_capture_next(pcap_t *capture, NwfCaptured *frame)
{
    struct pcap_pkthdr *header;
    const guint8 *data;
    int got = pcap_next_ex(capture, &header, &data);

    if (got == 1)
        *frame = (NwfCaptured){microseconds(header->ts), data, header->caplen, header->caplen < header->len};
    return got;
}
