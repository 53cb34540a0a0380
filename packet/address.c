/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * address.c: an IP address of either family; see address.h
 */
#include "packet/address.h"

#include <arpa/inet.h>
#include <string.h>

enum { FAMILY_IPV4 = 4 };

NwfAddress
nwf_address_ipv4(guint32 number)
{
    NwfAddress address = {.family = number == 0 ? 0 : FAMILY_IPV4};
    guint32 bytes = g_htonl(number);

    memcpy(address.bytes, &bytes, sizeof(bytes));
    return address;
}

NwfAddress
nwf_address_read(NwfBytes bytes, gsize offset)
{
    guint32 number = 0;

    nwf_bytes_u32(bytes, offset, &number);
    return nwf_address_ipv4(number);
}

guint32
nwf_address_number(const NwfAddress *address)
{
    guint32 bytes = 0;

    if (address->family == FAMILY_IPV4)
        memcpy(&bytes, address->bytes, sizeof(bytes));
    return g_ntohl(bytes);
}

gboolean
nwf_address_is_set(const NwfAddress *address)
{
    return address->family != 0;
}

gboolean
nwf_address_equal(const NwfAddress *a, const NwfAddress *b)
{
    return a->family == b->family && memcmp(a->bytes, b->bytes, sizeof(a->bytes)) == 0;
}

gboolean
nwf_address_parse(NwfAddress *address, const char *text)
{
    struct in_addr number;

    if (inet_pton(AF_INET, text, &number) != 1)
        return FALSE;
    *address = nwf_address_ipv4(ntohl(number.s_addr));
    return TRUE;
}

const char *
nwf_address_format(char out[NWF_ADDRESS_TEXT], const NwfAddress *address)
{
    return inet_ntop(AF_INET, address->bytes, out, NWF_ADDRESS_TEXT);
}

gboolean
nwf_address_is_link_local(const NwfAddress *address)
{
    return nwf_address_number(address) >> 16 == 0xa9fe;
}
