/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * classify.h: what one frame may teach
 *
 * A pure function from the bytes of a frame, its direction and the VM's MAC address to one of the few things that can
 * teach an address, or to a refusal. Who sent a frame is known from its direction through the port, which the kernel
 * says, never from its addresses: what goes to the VM can only be a message of a DHCP server.
 *
 * The frame may be captured in part. Headers must be whole; of an IPv4 packet that only shows its source address the
 * rest need not be there; a DHCP message must be, in one datagram that is no fragment. A UDP checksum is right if it is
 * zero (none), or holds, or is the sum over the pseudo header alone: that is what the kernel leaves in a packet
 * for the device to complete, and frames between VMs and their host pass us in this state.
 *
 * Tagged frames teach nothing: the rules that will be made are about untagged ones.
 */
#pragma once

#include "driver/learn/refusal.h"
#include "packet/dhcp.h"

typedef enum NwfLearnDirection { NWF_FROM_VM, NWF_TO_VM, NWF_LEARN_DIRECTIONS } NwfLearnDirection;

typedef enum NwfEvidenceKind {
    NWF_EVIDENCE_NOTHING,     /* refusal says why */
    NWF_EVIDENCE_ARP,         /* from the VM: source is the sender's address */
    NWF_EVIDENCE_IP,          /* from the VM: source is that of the IP header */
    NWF_EVIDENCE_DHCP_CLIENT, /* from the VM, UDP 68 to 67: dhcp; source as in the IP header, may be none */
    NWF_EVIDENCE_DHCP_SERVER, /* to the VM, UDP 67 to 68: dhcp; source is the server's or the relay's address */
} NwfEvidenceKind;

typedef struct NwfEvidence {
    NwfEvidenceKind kind;
    NwfRefusal refusal;
    NwfAddress source;
    NwfDhcp dhcp;
} NwfEvidence;

/* What can be seen of an answer of a DHCP server before the whole of it is looked at. */
typedef struct NwfAnswerGlance {
    NwfAddress source;
    guint32 xid;
} NwfAnswerGlance;

/** nwf_classify_glance: at a frame to the VM. FALSE: it is too short, or no untagged IPv4 packet. Proves nothing. */
gboolean nwf_classify_glance(NwfAnswerGlance *glance, NwfBytes frame);

/**
 * nwf_classify:
 * @frame: what was captured, from the Ethernet header on
 * @wire_length: the length of the whole frame; not less than that of @frame (if it is, that of @frame counts)
 * @direction: from the kernel (packet type, device), never from the frame
 * @mac: the VM's
 */
void nwf_classify(NwfEvidence *evidence, NwfBytes frame, gsize wire_length, NwfLearnDirection direction,
                  const guint8 mac[6]);
