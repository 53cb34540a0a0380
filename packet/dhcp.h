/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * dhcp.h: one DHCPv4 message, decoded
 *
 * A pure function from bytes to a struct or to what is wrong with them. It checks the form of the message alone; the
 * caller decides whether to believe it. Sources: RFC 2131, 2132 (option 52 too), 3396, 4039.
 *
 * The decoder refuses a message without the whole header of 236 bytes and the cookie, an option that runs out of its
 * field, an option of fixed length with another length, and a second option 50, 51, 53 or 54. It accepts pads anywhere,
 * no END, anything after END, and unknown options. Other options that appear again are joined in the order options,
 * file, sname. A zero address is no address.
 */
#pragma once

#include "packet/address.h"

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

/* What is wrong with a message. Numbers start where no other check has one (check_private.h). */
typedef enum NwfDhcpFault {
    NWF_DHCP_SOUND,
    NWF_DHCP_SHORT = 56,    /* cut off before the options */
    NWF_DHCP_COOKIE,        /* not the cookie of DHCP in front of the options */
    NWF_DHCP_OPTIONS,       /* an option runs past the end of its field */
    NWF_DHCP_REPEATED,      /* a second option of a kind that may appear once */
    NWF_DHCP_OPTION_LENGTH, /* an option has a length that it may not have */
    NWF_DHCP_OVERLOAD,      /* option 52 has an unknown value */
    NWF_DHCP_FAULTS
} NwfDhcpFault;

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
 * Returns: NWF_DHCP_SOUND with @dhcp filled, or what is wrong with the message; then @dhcp is not to be used
 */
NwfDhcpFault nwf_dhcp_read(NwfDhcp *dhcp, NwfBytes message);
