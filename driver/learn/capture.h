/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * capture.h: the frames of a port that may teach an address, in one direction
 *
 * A capture is a packet socket of one device and one direction. The kernel delivers only frames of that direction and
 * of the kinds asked for, with the VM's MAC address where it belongs; all others cost no wake-up. It stays open while
 * its device exists, also while that is down.
 */
#pragma once

#include "conf/error.h"
#include "driver/learn/classify.h"

enum { NWF_CAPTURE_SERVERS = 16, NWF_CAPTURE_XIDS = 8 };

typedef struct NwfCaptureKind {
    guint ifindex; /* of the device */
    NwfLearnDirection direction;
    gboolean sources;                     /* from the VM: also ARP and all of IPv4, not only what a DHCP client sends */
    gboolean macvlan;                     /* it is a macvtap or macvlan: what is from the VM leaves through it */
    guint8 mac[6];                        /* the VM's */
    guint n_servers;                      /* to the VM: the only sources of answers, if not 0 */
    guint32 servers[NWF_CAPTURE_SERVERS]; /* IPv4 addresses in host order */
    gboolean narrow;                      /* to the VM: only answers with one of these transaction numbers */
    guint n_xids;
    guint32 xids[NWF_CAPTURE_XIDS]; /* host order */
} NwfCaptureKind;

/* Others read its fields, capture.c alone changes them. */
typedef struct NwfCapture {
    NwfCaptureKind kind;
    int fd;
    guint64 lost; /* by nwf_capture_lost() */
} NwfCapture;

/* What an opener acts on; all other errors are in NWF_ERROR. */
#define NWF_CAPTURE_ERROR (nwf_capture_error_quark())
typedef enum NwfCaptureError {
    NWF_CAPTURE_LIMIT, /* no more descriptors; the message says which limit it is */
    NWF_CAPTURE_GONE,  /* the device is not there any more */
} NwfCaptureError;
GQuark nwf_capture_error_quark(void);

/* Bytes; a buffer holds twice as much in the kernel's counting, in which a DHCP message takes 1280 or more. */
enum { NWF_CAPTURE_SNAP = 2048, NWF_CAPTURE_BUFFER = 56 << 10, NWF_CAPTURE_BUFFER_TO_VM = 208 << 10 };

/**
 * nwf_capture_filter: what the kernel lets a capture of @kind see, as a program for its packet filter.
 *
 * Returns: (transfer full) (element-type struct sock_filter): or NULL with NWF_ERROR_INTERNAL
 */
GArray *nwf_capture_filter(const NwfCaptureKind *kind, GError **error);

/**
 * nwf_capture_open: from the first frame on only what was asked for.
 *
 * Returns: (transfer full): or NULL with an error of NWF_CAPTURE_ERROR or NWF_ERROR
 */
NwfCapture *nwf_capture_open(const NwfCaptureKind *kind, GError **error);
/** nwf_capture_free: takes 10 to 25 milliseconds: the kernel waits until no processor uses the socket. */
void nwf_capture_free(NwfCapture *capture);
/** nwf_captures_close: empties @captures (element-type NwfCapture), many at a time: waits for the kernel overlap. */
void nwf_captures_close(GPtrArray *captures);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(NwfCapture, nwf_capture_free)

/**
 * nwf_capture_change: the sources, servers and transaction numbers of @kind from now on, in one step if they differ;
 * the rest stays. What came before waits to be read, whether the new filter would let it through or not.
 */
gboolean nwf_capture_change(NwfCapture *capture, const NwfCaptureKind *kind, GError **error);

/** A frame, valid during the call; @wire_length: of the whole. A tag that the kernel took off is put back. */
typedef void (*NwfCaptureFrame)(NwfBytes frame, gsize wire_length, gpointer data);

/** nwf_capture_read: at most @max frames that wait; never blocks. Returns: how many were read */
guint nwf_capture_read(NwfCapture *capture, guint max, NwfCaptureFrame frame, gpointer data);
/** nwf_capture_lost: frames that the kernel dropped since it was opened because nobody read them in time. */
guint64 nwf_capture_lost(NwfCapture *capture);
