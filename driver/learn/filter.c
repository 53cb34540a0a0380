/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * filter.c: what the kernel lets a capture see; see filter.h
 *
 * A fragment is never a DHCP message for us, not even the first one of several. `udp[…]` takes the length of the IP
 * header from the packet; 36 is the place of the client's hardware address, 28 bytes behind the UDP header.
 *
 * The kernel has taken a frame's VLAN tag off before it asks the program, so that tagged frames of these kinds
 * come through; the reader puts the tag back, and they are refused with a reason that can be told.
 */
#include "driver/learn/filter.h"

#include <glib/gi18n-lib.h>
#include <linux/if_packet.h>
#include <pcap/pcap.h>

#define NO_FRAGMENT "ip[6:2] & 0x3fff = 0"
#define FROM_CLIENT "udp src port 68 and udp dst port 67 and " NO_FRAGMENT

G_STATIC_ASSERT(sizeof(struct bpf_insn) == sizeof(struct sock_filter));
G_STATIC_ASSERT(G_STRUCT_OFFSET(struct bpf_insn, k) == G_STRUCT_OFFSET(struct sock_filter, k));

/* " and (src host A or src host B)", or nothing. */
static char *
text_of_servers(const NwfCaptureKind *kind)
{
    GString *text = g_string_new(NULL);

    for (guint i = 0; i < kind->n_servers; i++) {
        guint32 server = kind->servers[i];
        g_string_append_printf(text, "%ssrc host %u.%u.%u.%u", i == 0 ? " and (" : " or ", server >> 24,
                               server >> 16 & 255, server >> 8 & 255, server & 255);
    }
    g_string_append(text, kind->n_servers > 0 ? ")" : "");
    return g_string_free(text, FALSE);
}

char *
nwf_filter_text(const NwfCaptureKind *kind)
{
    const guint8 *mac = kind->mac;
    g_autofree char *servers = text_of_servers(kind);

    if (kind->direction == NWF_FROM_VM)
        return g_strdup_printf("ether src %02x:%02x:%02x:%02x:%02x:%02x and (%s)", mac[0], mac[1], mac[2], mac[3],
                               mac[4], mac[5], kind->sources ? "arp or ip" : FROM_CLIENT);
    return g_strdup_printf("udp src port 67 and udp dst port 68 and udp[36:4] = 0x%02x%02x%02x%02x and "
                           "udp[40:2] = 0x%02x%02x and " NO_FRAGMENT "%s",
                           mac[0], mac[1], mac[2], mac[3], mac[4], mac[5], servers);
}

/* The kernel's own mark of a packet says which way it goes. Jumps are relative: what follows need not know of it. */
static GArray *
program_of_way(const NwfCaptureKind *kind)
{
    gboolean inbound = (kind->direction == NWF_FROM_VM) != kind->lower;
    const struct sock_filter direction[] = {
        BPF_STMT(BPF_LD | BPF_B | BPF_ABS, (guint)(SKF_AD_OFF + SKF_AD_PKTTYPE)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, PACKET_OUTGOING, inbound ? 0 : 1, inbound ? 1 : 0),
        BPF_STMT(BPF_RET | BPF_K, 0),
    };
    GArray *program = g_array_new(FALSE, FALSE, sizeof(struct sock_filter));

    return g_array_append_vals(program, direction, G_N_ELEMENTS(direction));
}

GArray *
nwf_filter_compile(const NwfCaptureKind *kind, GError **error)
{
    g_autofree char *text = nwf_filter_text(kind);
    g_autoptr(GArray) program = NULL;
    struct bpf_program compiled;
    pcap_t *language = pcap_open_dead(DLT_EN10MB, NWF_CAPTURE_SNAP);

    if (language == NULL) {
        nwf_set_error(error, NWF_ERROR_INTERNAL, _("libpcap cannot compile filters"));
        return NULL;
    }
    if (pcap_compile(language, &compiled, text, 1, PCAP_NETMASK_UNKNOWN) == 0) {
        program = program_of_way(kind);
        g_array_append_vals(program, compiled.bf_insns, compiled.bf_len);
        pcap_freecode(&compiled);
    } else {
        nwf_set_error(error, NWF_ERROR_INTERNAL, _("libpcap does not compile '%s': %s"), text, pcap_geterr(language));
    }
    pcap_close(language);
    return g_steal_pointer(&program);
}
