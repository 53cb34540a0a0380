/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * capture.c: the frames of a port that may teach something; see capture.h
 *
 * The socket is the kernel's own and not a libpcap handle, for reasons that were measured: a handle takes 13 ms to open
 * (7 s for 500 ports, in which nobody learns) and pins its whole ring in memory; a plain socket takes 0.05 ms, and
 * memory only for frames that wait. It is bound to the index of a device, so that no other device that has the name by
 * now is taken for it, and no device name means something else to a library. libpcap compiles the filter.
 *
 * The order of opening matters: a socket without a protocol receives nothing; the filter is attached; then it is
 * bound with a protocol. No frame comes past the filter.
 *
 * The filter is written in pcap's language. `udp[...]` takes the length of the IP header from the packet; 12 is the
 * place of the transaction number and 36 that of the client's hardware address, 4 and 28 bytes behind the UDP header. A
 * fragment is never a DHCP message for us, not even the first one of several. The VM's MAC address, the client address
 * in a server's message, the servers that count and the transaction numbers are part of the program: others cannot use
 * up the rate limit. So is the direction, by the kernel's own mark of the packet; libpcap from 1.11 on knows "inbound"
 * in live captures only, so that test is put before what libpcap compiles.
 *
 * The kernel has taken a frame's VLAN tag off before it runs the program, so that tagged frames of these kinds come
 * through; the reader puts the tag back, and they are refused with a reason that can be reported.
 *
 * Bounds: frames longer than NWF_CAPTURE_SNAP are cut off by the filter's verdict; what nobody reads in time is dropped
 * when the buffer is full. That of what goes to the VM is as large as every Linux lets it be (net.core.rmem_max),
 * because a neighbour may fill it.
 */
#include "driver/learn/capture.h"

#include <arpa/inet.h>
#include <errno.h>
#include <glib/gi18n-lib.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <pcap/pcap.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum { MACS = 2 * ETH_ALEN, TAG = 4, CLOSERS = 64 };

G_DEFINE_QUARK(nwf_capture_error, nwf_capture_error)

/* Whether the frames of @kind leave through its device. */
static gboolean
is_outbound(const NwfCaptureKind *kind)
{
    return (kind->direction == NWF_TO_VM) != kind->macvlan;
}

/* ---- the filter ---- */

#define NO_FRAGMENT "ip[6:2] & 0x3fff = 0"
#define FROM_CLIENT "udp src port 68 and udp dst port 67 and " NO_FRAGMENT

G_STATIC_ASSERT(sizeof(struct bpf_insn) == sizeof(struct sock_filter));
G_STATIC_ASSERT(G_STRUCT_OFFSET(struct bpf_insn, k) == G_STRUCT_OFFSET(struct sock_filter, k));

/* Nothing if there are no @numbers. */
static void
append_one_of(GString *text, const char *field, const guint32 *numbers, guint n)
{
    for (guint i = 0; i < n; i++)
        g_string_append_printf(text, "%s%s = 0x%08x", i == 0 ? " and (" : " or ", field, numbers[i]);
    g_string_append(text, n > 0 ? ")" : "");
}

static char *
text_of(const NwfCaptureKind *kind)
{
    const guint8 *mac = kind->mac;

    if (kind->direction == NWF_FROM_VM)
        return g_strdup_printf("ether src %02x:%02x:%02x:%02x:%02x:%02x and (%s)", mac[0], mac[1], mac[2], mac[3],
                               mac[4], mac[5], kind->sources ? "arp or ip" : FROM_CLIENT);
    GString *text = g_string_new("udp src port 67 and udp dst port 68 and ");
    g_string_append_printf(text, "udp[36:4] = 0x%02x%02x%02x%02x and udp[40:2] = 0x%02x%02x and " NO_FRAGMENT, mac[0],
                           mac[1], mac[2], mac[3], mac[4], mac[5]);
    append_one_of(text, "ip[12:4]", kind->servers, kind->n_servers);
    if (kind->narrow)
        append_one_of(text, "udp[12:4]", kind->xids, kind->n_xids);
    return g_string_free(text, FALSE);
}

/* The kernel marks each packet with its direction. Jumps are relative: what libpcap compiled follows unchanged. */
static GArray *
program_of_direction(const NwfCaptureKind *kind)
{
    gboolean outbound = is_outbound(kind);
    const struct sock_filter direction[] = {
        BPF_STMT(BPF_LD | BPF_B | BPF_ABS, (guint)(SKF_AD_OFF + SKF_AD_PKTTYPE)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, PACKET_OUTGOING, outbound ? 1 : 0, outbound ? 0 : 1),
        BPF_STMT(BPF_RET | BPF_K, 0),
    };
    GArray *program = g_array_new(FALSE, FALSE, sizeof(struct sock_filter));

    return g_array_append_vals(program, direction, G_N_ELEMENTS(direction));
}

GArray *
nwf_capture_filter(const NwfCaptureKind *kind, GError **error)
{
    const struct sock_filter nothing = BPF_STMT(BPF_RET | BPF_K, 0);
    g_autofree char *text = text_of(kind);
    g_autoptr(GArray) program = NULL;
    struct bpf_program compiled;

    if (kind->narrow && kind->n_xids == 0)
        return g_array_append_val(g_array_new(FALSE, FALSE, sizeof(struct sock_filter)), nothing);
    pcap_t *language = pcap_open_dead(DLT_EN10MB, NWF_CAPTURE_SNAP);
    if (language == NULL) {
        nwf_set_error(error, NWF_ERROR_INTERNAL, _("libpcap cannot compile filters"));
        return NULL;
    }
    if (pcap_compile(language, &compiled, text, 1, PCAP_NETMASK_UNKNOWN) == 0) {
        program = program_of_direction(kind);
        g_array_append_vals(program, compiled.bf_insns, compiled.bf_len);
        pcap_freecode(&compiled);
    } else {
        nwf_set_error(error, NWF_ERROR_INTERNAL, _("libpcap does not compile '%s': %s"), text, pcap_geterr(language));
    }
    pcap_close(language);
    return g_steal_pointer(&program);
}

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
    g_autoptr(GArray) program = nwf_capture_filter(&capture->kind, error);

    if (program == NULL)
        return FALSE;
    struct sock_fprog attached = {(unsigned short)program->len, (struct sock_filter *)(void *)program->data};
    if (setsockopt(capture->fd, SOL_SOCKET, SO_ATTACH_FILTER, &attached, sizeof(attached)) < 0)
        return fail(capture, "SO_ATTACH_FILTER", error);
    return TRUE;
}

static gboolean
bind_to_device(NwfCapture *capture, GError **error)
{
    struct sockaddr_ll address = {.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL)};
    int buffer = capture->kind.direction == NWF_TO_VM ? NWF_CAPTURE_BUFFER_TO_VM : NWF_CAPTURE_BUFFER, on = 1;

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

static gpointer
close_from(gpointer queue)
{
    NwfCapture *capture;

    while ((capture = g_async_queue_try_pop(queue)))
        nwf_capture_free(capture);
    return NULL;
}

void
nwf_captures_close(GPtrArray *captures)
{
    g_autoptr(GAsyncQueue) queue = g_async_queue_new();
    GThread *threads[CLOSERS] = {NULL};
    guint n = MIN(captures->len / 2, CLOSERS);

    g_ptr_array_set_free_func(captures, NULL);
    for (guint i = 0; i < captures->len; i++)
        g_async_queue_push(queue, g_ptr_array_index(captures, i));
    g_ptr_array_set_size(captures, 0);
    for (guint i = 0; i < n; i++)
        threads[i] = g_thread_try_new("nwf-closer", close_from, queue, NULL);
    close_from(queue);
    for (guint i = 0; i < n; i++)
        if (threads[i])
            g_thread_join(threads[i]);
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

static gboolean
same_numbers(const guint32 *a, guint n_a, const guint32 *b, guint n_b)
{
    return n_a == n_b && memcmp(a, b, n_a * sizeof(a[0])) == 0;
}

gboolean
nwf_capture_change(NwfCapture *capture, const NwfCaptureKind *kind, GError **error)
{
    NwfCaptureKind before = capture->kind;

    if (before.sources == kind->sources && before.narrow == kind->narrow &&
        same_numbers(before.servers, before.n_servers, kind->servers, kind->n_servers) &&
        same_numbers(before.xids, before.n_xids, kind->xids, kind->n_xids))
        return TRUE;
    capture->kind = *kind;
    capture->kind.ifindex = before.ifindex;
    capture->kind.direction = before.direction;
    capture->kind.macvlan = before.macvlan;
    memcpy(capture->kind.mac, before.mac, sizeof(before.mac));
    if (attach(capture, error))
        return TRUE;
    capture->kind = before;
    return FALSE;
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
receive(const NwfCapture *capture, Buffer *buffer, struct tpacket_auxdata *about)
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
    gboolean named = (about->tp_status & TP_STATUS_VLAN_TPID_VALID) != 0;
    guint16 tag[2] = {htons(named ? about->tp_vlan_tpid : ETH_P_8021Q), htons(about->tp_vlan_tci)};

    memmove(buffer->bytes, buffer->bytes + TAG, MACS);
    memcpy(buffer->bytes + MACS, tag, TAG);
    return (NwfBytes){buffer->bytes, length + TAG};
}

guint
nwf_capture_read(NwfCapture *capture, guint max, NwfCaptureFrame frame, gpointer data)
{
    struct tpacket_auxdata about;
    Buffer buffer;
    gssize length;
    guint n;

    for (n = 0; n < max && (length = receive(capture, &buffer, &about)) >= 0; n++) {
        NwfBytes bytes = {buffer.bytes + TAG, (gsize)length};
        gsize wire = MAX(about.tp_len, bytes.length);
        if ((about.tp_status & TP_STATUS_VLAN_VALID) != 0 && bytes.length >= MACS) {
            bytes = with_tag(&buffer, bytes.length, &about);
            wire += TAG;
        }
        /* The kernel's program tests the direction too; what comes against it is never taken for the VM's. */
        if ((buffer.from.sll_pkttype == PACKET_OUTGOING) == is_outbound(&capture->kind))
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
