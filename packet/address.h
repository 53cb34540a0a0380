/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * address.h: an IP address of either family
 *
 * All zero is "no address", so that a field of a message that is absent or empty needs no flag. So far only IPv4
 * addresses are made.
 */
#pragma once

#include "packet/reader.h"

typedef struct NwfAddress {
    guint8 family;    /* 4, later 6; 0: no address */
    guint8 bytes[16]; /* network order, the rest 0: two addresses are equal if their bytes are */
} NwfAddress;

enum { NWF_ADDRESS_TEXT = 46 }; /* longest text with its zero byte */

/** nwf_address_ipv4: from a number in host order; 0 gives no address. */
NwfAddress nwf_address_ipv4(guint32 number);
/** nwf_address_read: the IPv4 address at @offset; no address if the bytes are not there, or all zero. */
NwfAddress nwf_address_read(NwfBytes bytes, gsize offset);
/** nwf_address_number: of an IPv4 address, in host order; 0 for any other. */
guint32 nwf_address_number(const NwfAddress *address);
gboolean nwf_address_is_set(const NwfAddress *address);
gboolean nwf_address_equal(const NwfAddress *a, const NwfAddress *b);
/** nwf_address_parse: a dotted quad of four decimal numbers and nothing else; "0.0.0.0" gives no address. */
gboolean nwf_address_parse(NwfAddress *address, const char *text);
/** nwf_address_format: "0.0.0.0" for no address. Returns: @out */
const char *nwf_address_format(char out[NWF_ADDRESS_TEXT], const NwfAddress *address);
/** nwf_address_is_link_local: 169.254/16. */
gboolean nwf_address_is_link_local(const NwfAddress *address);
