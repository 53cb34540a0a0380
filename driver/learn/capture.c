/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * capture.c: the frames of a port that may teach something; see capture.h
 *
 * The socket is the kernel's own and not a libpcap handle, for reasons that were measured: a handle takes 13 ms to open
 * (7 s for 500 ports, in which nobody learns) and pins its whole ring in memory; a plain socket takes 0.05 ms, and
 * memory only for frames that wait. It is bound to the index of a device, so that no other device that has the name by
 * now is taken for it, and no device name means something else to a library. libpcap compiles the filter (filter.c).
 *
 * The order of opening matters: a socket without a protocol receives nothing; the filter is attached; then it is
 * bound with a protocol. No frame comes past the filter.
 *
 * What others put in its way: frames longer than NWF_CAPTURE_SNAP are cut off by the filter's verdict; what nobody
 * reads in time is dropped when NWF_CAPTURE_BUFFER (twice, in the kernel's counting) is full.
 */
#include "driver/learn/capture.h"

#include <arpa/inet.h>
#include <errno.h>
#include <glib/gi18n-lib.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "driver/learn/filter.h"

enum { MACS = 2 * ETH_ALEN, TAG = 4 };

struct NwfCapture {
    NwfCaptureKind kind;
    int fd;
    guint64 lost;
};

G_DEFINE_QUARK(nwf - capture - error, nwf_capture_error)

/* ---- opening ---- */

static gboolean
fail(const NwfCapture *capture, const char *call, GError **error)
{
    int number = errno;
    struct rlimit limit = {0};

    if (number == EMFILE && getrlimit(RLIMIT_NOFILE, &limit) == 0)
        g_set_error(error, NWF_CAPTURE_ERROR, NWF_CAPTURE_LIMIT,
                    _("this daemon may open %llu files at a time and has no more left (systemd: LimitNOFILE)"),
                    (unsigned long long)limit.rlim_cur);
    else if (number == ENFILE)
        g_set_error(error, NWF_CAPTURE_ERROR, NWF_CAPTURE_LIMIT,
                    _("this host may have no more open files at a time (sysctl fs.file-max)"));
    else if (number == ENODEV || number == ENXIO)
        g_set_error(error, NWF_CAPTURE_ERROR, NWF_CAPTURE_GONE, _("device %u is gone"), capture->kind.ifindex);
    else
        nwf_set_error(error, NWF_ERROR_SYSTEM, _("packet socket of device %u: %s: %s"), capture->kind.ifindex, call,
                      g_strerror(number));
    return FALSE;
}

static gboolean
attach(NwfCapture *capture, GError **error)
{
    g_autoptr(GArray) program = nwf_filter_compile(&capture->kind, error);
    struct sock_fprog attached;

    if (program == NULL)
        return FALSE;
    attached.len = (unsigned short)program->len;
    attached.filter = (struct sock_filter *)(void *)program->data;
    if (setsockopt(capture->fd, SOL_SOCKET, SO_ATTACH_FILTER, &attached, sizeof(attached)) < 0)
        return fail(capture, "SO_ATTACH_FILTER", error);
    return TRUE;
}

static gboolean
bind_to_device(NwfCapture *capture, GError **error)
{
    struct sockaddr_ll address = {.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL)};
    int buffer = NWF_CAPTURE_BUFFER, on = 1;

    address.sll_ifindex = (int)capture->kind.ifindex;
    if (setsockopt(capture->fd, SOL_SOCKET, SO_RCVBUF, &buffer, sizeof(buffer)) < 0)
        return fail(capture, "SO_RCVBUF", error);
    if (setsockopt(capture->fd, SOL_PACKET, PACKET_AUXDATA, &on, sizeof(on)) < 0)
        return fail(capture, "PACKET_AUXDATA", error);
    if (bind(capture->fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
        return fail(capture, "bind", error);
    return TRUE;
}

NwfCapture *
nwf_capture_open(const NwfCaptureKind *kind, GError **error)
{
    g_autoptr(NwfCapture) capture = g_new0(NwfCapture, 1);

    capture->kind = *kind;
    capture->fd = socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (capture->fd < 0)
        fail(capture, "socket", error);
    else if (attach(capture, error) && bind_to_device(capture, error))
        return g_steal_pointer(&capture);
    return NULL;
}

void
nwf_capture_free(NwfCapture *capture)
{
    if (capture == NULL)
        return;
    if (capture->fd >= 0)
        close(capture->fd);
    g_free(capture);
}

gboolean
nwf_capture_change(NwfCapture *capture, const NwfCaptureKind *kind, GError **error)
{
    NwfCaptureKind before = capture->kind;

    capture->kind.sources = kind->sources;
    capture->kind.n_servers = kind->n_servers;
    memcpy(capture->kind.servers, kind->servers, sizeof(kind->servers));
    if (attach(capture, error))
        return TRUE;
    capture->kind = before;
    return FALSE;
}

gboolean
nwf_capture_fits(const NwfCapture *capture, const NwfCaptureKind *kind)
{
    const NwfCaptureKind *now = &capture->kind;

    return now->sources == kind->sources && now->n_servers == kind->n_servers &&
           memcmp(now->servers, kind->servers, kind->n_servers * sizeof(kind->servers[0])) == 0;
}

int
nwf_capture_fd(const NwfCapture *capture)
{
    return capture->fd;
}

const NwfCaptureKind *
nwf_capture_kind(const NwfCapture *capture)
{
    return &capture->kind;
}

/* ---- reading ---- */

typedef struct Buffer {
    guint8 bytes[TAG + NWF_CAPTURE_SNAP]; /* room for a tag before what was captured */
    struct sockaddr_ll from;
    union {
        char bytes[CMSG_SPACE(sizeof(struct tpacket_auxdata))];
        struct cmsghdr aligned; /* ends in an array without a size */
    } control;
} Buffer;

static gssize
receive(NwfCapture *capture, Buffer *buffer, struct tpacket_auxdata *about)
{
    struct iovec part = {buffer->bytes + TAG, NWF_CAPTURE_SNAP};
    struct msghdr message = {.msg_name = &buffer->from,
                             .msg_namelen = sizeof(buffer->from),
                             .msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = buffer->control.bytes,
                             .msg_controllen = sizeof(buffer->control.bytes)};
    gssize length;

    do
        length = recvmsg(capture->fd, &message, 0);
    while (length < 0 && errno == EINTR);
    memset(about, 0, sizeof(*about));
    if (length < 0)
        return length;
    for (struct cmsghdr *c = CMSG_FIRSTHDR(&message); c != NULL; c = CMSG_NXTHDR(&message, c))
        if (c->cmsg_level == SOL_PACKET && c->cmsg_type == PACKET_AUXDATA && c->cmsg_len >= CMSG_LEN(sizeof(*about)))
            memcpy(about, CMSG_DATA(c), sizeof(*about));
    return length;
}

/* Moves the MAC addresses to the front and writes the tag behind them. */
static NwfBytes
with_tag(Buffer *buffer, gsize length, const struct tpacket_auxdata *about)
{
    guint16 protocol = ETH_P_8021Q, tag[2];

    if ((about->tp_status & TP_STATUS_VLAN_TPID_VALID) != 0)
        protocol = about->tp_vlan_tpid;
    tag[0] = htons(protocol);
    tag[1] = htons(about->tp_vlan_tci);
    memmove(buffer->bytes, buffer->bytes + TAG, MACS);
    memcpy(buffer->bytes + MACS, tag, TAG);
    return (NwfBytes){buffer->bytes, length + TAG};
}

/* The filter matches the way already; a socket may hold frames of before a change, never ones of the other way. */
static gboolean
is_of_the_way(const NwfCapture *capture, const Buffer *buffer)
{
    gboolean outbound = (capture->kind.direction == NWF_TO_VM) != capture->kind.lower;

    return (buffer->from.sll_pkttype == PACKET_OUTGOING) == outbound;
}

guint
nwf_capture_read(NwfCapture *capture, guint max, NwfCaptureFrame frame, gpointer data)
{
    struct tpacket_auxdata about;
    Buffer buffer;
    NwfBytes bytes;
    gsize wire;
    gssize length;
    guint n;

    for (n = 0; n < max; n++) {
        length = receive(capture, &buffer, &about);
        if (length < 0)
            break;
        bytes = (NwfBytes){buffer.bytes + TAG, (gsize)length};
        wire = MAX(about.tp_len, bytes.length);
        if ((about.tp_status & TP_STATUS_VLAN_VALID) != 0 && bytes.length >= MACS) {
            bytes = with_tag(&buffer, bytes.length, &about);
            wire += TAG;
        }
        if (is_of_the_way(capture, &buffer))
            frame(bytes, wire, data);
    }
    return n;
}

guint64
nwf_capture_lost(NwfCapture *capture)
{
    struct tpacket_stats now = {0};
    socklen_t size = sizeof(now);

    if (getsockopt(capture->fd, SOL_PACKET, PACKET_STATISTICS, &now, &size) == 0)
        capture->lost += now.tp_drops;
    return capture->lost;
}
