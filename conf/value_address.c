/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * value_address.c: MAC, IPv4 and IPv6 addresses and their masks
 *
 * IP addresses are numeric texts as the C library reads them (getaddrinfo with AI_NUMERICHOST): names are never looked
 * up. The library's old forms of IPv4 count, too: "10.1" is 10.0.0.1 and "010.0.0.1" is 8.0.0.1; both are remarked on.
 * An IPv6 address may carry a scope, a number or an interface of this host; only its index is kept.
 */
#include "conf/value_private.h"

#include <arpa/inet.h>
#include <glib/gi18n-lib.h>
#include <net/if.h>
#include <netdb.h>
#include <string.h>

/* Up to two hexadecimal digits; returns what follows them, or NULL if there are none or more than two. */
static const char *
read_octet(const char *text, guint8 *octet)
{
    guint value = 0, digits = 0;
    for (; g_ascii_isxdigit(*text); text++, digits++)
        value = value * 16 + (guint)g_ascii_xdigit_value(*text);
    *octet = (guint8)value;
    return digits >= 1 && digits <= 2 ? text : NULL;
}

/* What follows is ignored if it begins with a blank, a control character, or a byte outside of ASCII. */
gboolean
nwf_mac_parse(guint8 mac[6], const char *text, NwfNotes *notes)
{
    for (guint i = 0; i < 6; i++) {
        text = read_octet(text, &mac[i]);
        if (!text)
            return FALSE;
        if (i < 5 && *text++ != ':')
            return FALSE;
    }
    if (!*text)
        return TRUE;
    if ((signed char)*text > ' ')
        return FALSE;
    nwf_note(notes, _("text after the MAC address is ignored"));
    return TRUE;
}

void
nwf_mac_format(char out[18], const guint8 mac[6])
{
    g_snprintf(out, 18, "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2], mac[3], mac[4], mac[5]);
}

/* Returns the number of leading one bits, or -1 if a one follows a zero. */
static int
prefix_of_mask(const guint8 *mask, guint n_bytes)
{
    int prefix = 0;
    gboolean ended = FALSE;
    for (guint bit = 0; bit < n_bytes * 8; bit++) {
        gboolean one = (mask[bit / 8] >> (7 - bit % 8)) & 1;
        if (one && ended)
            return -1;
        ended = !one;
        prefix += one;
    }
    return prefix;
}

gboolean
nwf_read_mac(NwfValue *value, G_GNUC_UNUSED const NwfTypeRow *row, const char *text, NwfNotes *notes)
{
    return nwf_mac_parse(value->mac, text, notes);
}

gboolean
nwf_read_mac_mask(NwfValue *value, const NwfTypeRow *row, const char *text, NwfNotes *notes)
{
    return nwf_read_mac(value, row, text, notes) && prefix_of_mask(value->mac, 6) >= 0;
}

void
nwf_write_mac(GString *out, const NwfValue *value, G_GNUC_UNUSED const NwfTypeRow *row)
{
    char text[18];
    nwf_mac_format(text, value->mac);
    g_string_append(out, text);
}

/* Fills @address with a numeric address of @family. */
static gboolean
read_numeric(const char *text, int family, struct sockaddr_storage *address)
{
    struct addrinfo hints = {.ai_family = family, .ai_flags = AI_NUMERICHOST, .ai_socktype = SOCK_DGRAM};
    struct addrinfo *found = NULL;
    if (getaddrinfo(text, NULL, &hints, &found) != 0)
        return FALSE;
    memcpy(address, found->ai_addr, found->ai_addrlen);
    freeaddrinfo(found);
    return TRUE;
}

gboolean
nwf_read_ipv4(NwfValue *value, const NwfTypeRow *row, const char *text, NwfNotes *notes)
{
    struct sockaddr_storage address = {0};
    g_autoptr(GString) canonical = g_string_new(NULL);
    if (!read_numeric(text, AF_INET, &address))
        return FALSE;
    memcpy(value->address, &((struct sockaddr_in *)&address)->sin_addr, 4);
    nwf_write_ipv4(canonical, value, row);
    if (strcmp(canonical->str, text) != 0)
        nwf_note(notes, _("the address is read as %s"), canonical->str);
    return TRUE;
}

void
nwf_write_ipv4(GString *out, const NwfValue *value, G_GNUC_UNUSED const NwfTypeRow *row)
{
    char text[INET_ADDRSTRLEN];
    g_string_append(out, inet_ntop(AF_INET, value->address, text, sizeof(text)));
}

gboolean
nwf_read_ipv6(NwfValue *value, G_GNUC_UNUSED const NwfTypeRow *row, const char *text, NwfNotes *notes)
{
    struct sockaddr_storage address = {0};
    const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)&address;
    if (!read_numeric(text, AF_INET6, &address))
        return FALSE;
    memcpy(value->address, &in6->sin6_addr, 16);
    value->scope = in6->sin6_scope_id;
    if (value->scope)
        nwf_note(notes, _("the scope is an interface of this host: other hosts may not know it"));
    return TRUE;
}

void
nwf_write_ipv6(GString *out, const NwfValue *value, const NwfTypeRow *row)
{
    struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_scope_id = value->scope};
    char text[INET6_ADDRSTRLEN + IF_NAMESIZE + 1];
    if (value->ipv4) {
        nwf_write_ipv4(out, value, row);
        return;
    }
    memcpy(&in6.sin6_addr, value->address, 16);
    if (getnameinfo((struct sockaddr *)&in6, sizeof(in6), text, sizeof(text), NULL, 0, NI_NUMERICHOST) != 0)
        inet_ntop(AF_INET6, value->address, text, sizeof(text));
    g_string_append(out, text);
}

/* A prefix length, or an address made of ones and then zeros. */
gboolean
nwf_read_ip_mask(NwfValue *value, const NwfTypeRow *row, const char *text, G_GNUC_UNUSED NwfNotes *notes)
{
    struct sockaddr_storage address = {0};
    int prefix = -1, family = row->max == 32 ? AF_INET : AF_INET6;
    if (nwf_number_read(text, 10, &value->number))
        return value->number <= row->max;
    if (!read_numeric(text, family, &address))
        return FALSE;
    if (family == AF_INET)
        prefix = prefix_of_mask((guint8 *)&((struct sockaddr_in *)&address)->sin_addr, 4);
    else
        prefix = prefix_of_mask((guint8 *)&((struct sockaddr_in6 *)&address)->sin6_addr, 16);
    value->number = (guint32)prefix;
    return prefix >= 0;
}
