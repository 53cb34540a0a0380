/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * dhcp.c: one DHCPv4 message, decoded; see dhcp.h
 *
 * Options that the decoder knows are rows of a table. A walk over each field appends the value of an option to what its
 * row has already, so that split options are whole at the end. Then the decoder checks lengths and repetitions and puts
 * the values into the message.
 */
#include "packet/dhcp.h"

#include "packet/check_private.h"

#include <string.h>

/* Offsets of RFC 2131's fixed header. */
enum {
    AT_OP = 0,
    AT_HTYPE = 1,
    AT_HLEN = 2,
    AT_XID = 4,
    AT_CIADDR = 12,
    AT_YIADDR = 16,
    AT_SIADDR = 20,
    AT_GIADDR = 24,
    AT_CHADDR = 28,
    AT_SNAME = 44,
    SNAME_LENGTH = 64,
    AT_FILE = 108,
    FILE_LENGTH = 128,
    AT_COOKIE = 236,
    AT_OPTIONS = 240,
};

enum { COOKIE = 0x63825363, CODE_PAD = 0, CODE_END = 255, OVERLOAD_FILE = 1, OVERLOAD_SNAME = 2, OVERLOAD_BOTH = 3 };

typedef enum Known { MASK, REQUESTED, LEASE_TIME, OVERLOAD, TYPE, SERVER, CLIENT, RAPID, KNOWN } Known;

static const struct {
    guint8 code;
    gboolean once;
    gsize shortest, longest;
} options[KNOWN] = {
    [MASK] = {1, FALSE, 4, 4},
    [REQUESTED] = {50, TRUE, 4, 4},
    [LEASE_TIME] = {51, TRUE, 4, 4},
    [OVERLOAD] = {52, FALSE, 1, 1},
    [TYPE] = {53, TRUE, 1, 1},
    [SERVER] = {54, TRUE, 4, 4},
    [CLIENT] = {61, FALSE, 0, NWF_CLIENT_ID_MAX},
    [RAPID] = {80, FALSE, 0, 0},
};

typedef struct Found {
    guint times;
    gsize length; /* of all, also of what did not fit into bytes */
    guint8 bytes[NWF_CLIENT_ID_MAX];
} Found;

static void
note_option(Found found[KNOWN], guint8 code, NwfBytes value)
{
    for (guint i = 0; i < KNOWN; i++) {
        Found *at = &found[i];
        if (options[i].code != code)
            continue;
        if (at->length + value.length <= sizeof(at->bytes))
            nwf_bytes_copy(value, 0, at->bytes + at->length, value.length);
        at->length += value.length;
        at->times++;
    }
}

/* Pads and END have no length; the end of the field is as good as an END. */
static NwfDhcpFault
walk(Found found[KNOWN], NwfBytes field)
{
    gsize at = 0;
    guint8 code, length = 0;

    while (nwf_bytes_u8(field, at, &code) && code != CODE_END) {
        at++;
        if (code == CODE_PAD)
            continue;
        if (NWF_FAILS(nwf_bytes_u8(field, at, &length) && nwf_bytes_have(field, at + 1, length), NWF_DHCP_OPTIONS))
            return NWF_DHCP_OPTIONS;
        note_option(found, code, nwf_bytes_part(field, at + 1, length));
        at += 1u + length;
    }
    return NWF_DHCP_SOUND;
}

static NwfDhcpFault
walk_overloaded(Found found[KNOWN], NwfBytes message)
{
    guint8 where = found[OVERLOAD].bytes[0];
    NwfDhcpFault fault = NWF_DHCP_SOUND;

    if (found[OVERLOAD].times == 0)
        return NWF_DHCP_SOUND;
    if (NWF_FAILS(where >= OVERLOAD_FILE && where <= OVERLOAD_BOTH, NWF_DHCP_OVERLOAD))
        return NWF_DHCP_OVERLOAD;
    if (where & OVERLOAD_FILE)
        fault = walk(found, nwf_bytes_part(message, AT_FILE, FILE_LENGTH));
    if (fault == NWF_DHCP_SOUND && (where & OVERLOAD_SNAME))
        fault = walk(found, nwf_bytes_part(message, AT_SNAME, SNAME_LENGTH));
    return fault;
}

static NwfDhcpFault
check_found(const Found found[KNOWN])
{
    for (guint i = 0; i < KNOWN; i++) {
        gsize length = found[i].length;
        if (NWF_FAILS(!options[i].once || found[i].times <= 1, NWF_DHCP_REPEATED))
            return NWF_DHCP_REPEATED;
        if (found[i].times > 0 &&
            NWF_FAILS(length >= options[i].shortest && length <= options[i].longest, NWF_DHCP_OPTION_LENGTH))
            return NWF_DHCP_OPTION_LENGTH;
    }
    return NWF_DHCP_SOUND;
}

static guint32
number_at(NwfBytes bytes, gsize offset)
{
    guint32 number = 0;

    nwf_bytes_u32(bytes, offset, &number);
    return number;
}

static NwfBytes
value_of(const Found *found)
{
    return (NwfBytes){found->bytes, sizeof(found->bytes)};
}

static void
take_options(NwfDhcp *dhcp, const Found found[KNOWN])
{
    dhcp->type = found[TYPE].bytes[0];
    dhcp->mask = nwf_address_read(value_of(&found[MASK]), 0);
    dhcp->requested = nwf_address_read(value_of(&found[REQUESTED]), 0);
    dhcp->server = nwf_address_read(value_of(&found[SERVER]), 0);
    dhcp->has_lease_time = found[LEASE_TIME].times > 0;
    dhcp->lease_time = number_at(value_of(&found[LEASE_TIME]), 0);
    dhcp->rapid_commit = found[RAPID].times > 0;
    dhcp->client.length = (guint8)MIN(found[CLIENT].length, sizeof(dhcp->client.bytes));
    memcpy(dhcp->client.bytes, found[CLIENT].bytes, dhcp->client.length);
}

static void
take_header(NwfDhcp *dhcp, NwfBytes message)
{
    nwf_bytes_u8(message, AT_OP, &dhcp->op);
    nwf_bytes_u8(message, AT_HTYPE, &dhcp->htype);
    nwf_bytes_u8(message, AT_HLEN, &dhcp->hlen);
    dhcp->xid = number_at(message, AT_XID);
    dhcp->ciaddr = nwf_address_read(message, AT_CIADDR);
    dhcp->yiaddr = nwf_address_read(message, AT_YIADDR);
    dhcp->siaddr = nwf_address_read(message, AT_SIADDR);
    dhcp->giaddr = nwf_address_read(message, AT_GIADDR);
    nwf_bytes_copy(message, AT_CHADDR, dhcp->chaddr, sizeof(dhcp->chaddr));
}

NwfDhcpFault
nwf_dhcp_read(NwfDhcp *dhcp, NwfBytes message)
{
    Found found[KNOWN] = {0};
    NwfDhcpFault fault;

    memset(dhcp, 0, sizeof(*dhcp));
    if (NWF_FAILS(nwf_bytes_have(message, 0, AT_OPTIONS), NWF_DHCP_SHORT))
        return NWF_DHCP_SHORT;
    if (NWF_FAILS(number_at(message, AT_COOKIE) == COOKIE, NWF_DHCP_COOKIE))
        return NWF_DHCP_COOKIE;
    take_header(dhcp, message);
    fault = walk(found, nwf_bytes_part(message, AT_OPTIONS, G_MAXSIZE));
    if (fault == NWF_DHCP_SOUND)
        fault = walk_overloaded(found, message);
    if (fault == NWF_DHCP_SOUND)
        fault = check_found(found);
    take_options(dhcp, found);
    return fault;
}
