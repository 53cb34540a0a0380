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
    NwfAddress address = {0};

    if (number == 0)
        return address;
    address.family = FAMILY_IPV4;
    for (guint i = 0; i < 4; i++)
        address.bytes[i] = (guint8)(number >> (24 - 8 * i));
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
    guint32 number = 0;

    if (address->family != FAMILY_IPV4)
        return 0;
    for (guint i = 0; i < 4; i++)
        number = number << 8 | address->bytes[i];
    return number;
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
    g_snprintf(out, NWF_ADDRESS_TEXT, "%u.%u.%u.%u", address->bytes[0], address->bytes[1], address->bytes[2],
               address->bytes[3]);
    return out;
}

gboolean
nwf_address_is_link_local(const NwfAddress *address)
{
    return nwf_address_number(address) >> 16 == 0xa9fe;
}
