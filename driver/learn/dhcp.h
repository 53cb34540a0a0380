/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * dhcp.h: one DHCPv4 message, decoded
 *
 * A pure function from bytes to a struct or a reason. It judges the form of the message alone; whether the message is
 * to be believed is said in transactions.h. Sources: RFC 2131, 2132 (option 52 too), 3396, 4039.
 *
 * What is strict: the header of 236 bytes and the cookie; options inside their field; options of fixed length have it;
 * 50, 51, 53 and 54 appear once. What is tolerant: pads anywhere, no END, anything after END, unknown options. Other
 * options that appear again are joined in the order options, file, sname. A zero address is no address.
 */
#pragma once

#include "driver/learn/address.h"
#include "driver/learn/reason.h"
#include "packet/packet.h"

enum { NWF_DHCP_REQUEST_OP = 1, NWF_DHCP_REPLY_OP = 2, NWF_DHCP_ETHERNET = 1 };
#define NWF_DHCP_INFINITE G_MAXUINT32

typedef enum NwfDhcpType {
    NWF_DHCP_NO_TYPE, /* plain BOOTP */
    NWF_DHCP_DISCOVER,
    NWF_DHCP_OFFER,
    NWF_DHCP_REQUEST,
    NWF_DHCP_DECLINE,
    NWF_DHCP_ACK,
    NWF_DHCP_NAK,
    NWF_DHCP_RELEASE,
    NWF_DHCP_INFORM, /* other numbers exist and stay what they are */
} NwfDhcpType;

/* Option 61: whatever the client calls itself. */
enum { NWF_CLIENT_ID_MAX = 255 };
typedef struct NwfClientId {
    guint8 length; /* 0: none */
    guint8 bytes[NWF_CLIENT_ID_MAX];
} NwfClientId;

typedef struct NwfDhcp {
    guint8 op, htype, hlen;
    guint8 type; /* NwfDhcpType, or another number of option 53 */
    guint32 xid;
    guint8 chaddr[16];
    NwfAddress ciaddr, yiaddr, siaddr, giaddr;
    NwfAddress requested; /* option 50 */
    NwfAddress server;    /* option 54 */
    NwfAddress mask;      /* option 1 */
    gboolean has_lease_time;
    guint32 lease_time;    /* option 51; all ones: without end */
    gboolean rapid_commit; /* option 80 */
    NwfClientId client;    /* option 61; one of more than 255 bytes is refused as a wrong length */
} NwfDhcp;

/**
 * nwf_dhcp_read:
 * @message: the payload of the UDP datagram
 *
 * Returns: NWF_REASON_NONE with @dhcp filled, or why the message is none; then @dhcp is not to be used
 */
NwfReason nwf_dhcp_read(NwfDhcp *dhcp, NwfBytes message);
