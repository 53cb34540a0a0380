/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * value_variable.c: the text of a variable becomes a value
 *
 * Stock drivers hand such texts to the firewall tools unread, so people rely on a little more than what may be written
 * in an attribute: a port may be a service name of this host or a range START:END, a MAC mask may have holes.
 * Types of frames, which those tools read in hexadecimal only, are hexadecimal here too: 8100 is the type of VLAN tags,
 * though as a literal it is a decimal number. Everything else is read as in an attribute; a host name is never looked
 * up.
 *
 * The tools read a leading zero as octal, here it is decimal: such numbers are remarked on.
 */
#include "conf/value.h"

#include <glib/gi18n-lib.h>
#include <string.h>

/* One end of a range: a number, decimal or with "0x", or the name of a service. */
static gboolean
read_port(const char *text, const NwfHost *host, guint16 *port)
{
    NwfValue value = {0};
    int number = -1;
    if (g_ascii_isdigit(*text) && nwf_value_parse(&value, NWF_TYPE_PORT, text, NULL, NULL)) {
        *port = value.range.first;
        return TRUE;
    }
    if (host && host->services)
        number = host->services(text, host->data);
    if (number < 0 || number > G_MAXUINT16)
        return FALSE;
    *port = (guint16)number;
    return TRUE;
}

static gboolean
read_port_range(NwfValue *value, const char *text, const NwfHost *host, NwfNotes *notes)
{
    g_auto(GStrv) ends = g_strsplit(text, ":", 2);
    if (!*text || !read_port(ends[0], host, &value->range.first))
        return FALSE;
    value->range.last = value->range.first;
    if (!ends[1])
        return TRUE;
    if (!read_port(ends[1], host, &value->range.last) || value->range.last < value->range.first)
        return FALSE;
    nwf_note(notes, _("'%s' is a range of ports; an attribute for its end is better"), text);
    return TRUE;
}

/* Digits alone are hexadecimal. */
static gboolean
read_frame_type(NwfValue *value, NwfType type, const char *text, NwfNotes *notes)
{
    g_autofree char *hexadecimal = g_strconcat("0x", text, NULL);
    if (strspn(text, "0123456789abcdefABCDEF") != strlen(text))
        return nwf_value_parse(value, type, text, notes, NULL);
    if (strspn(text, "0123456789") == strlen(text))
        nwf_note(notes, _("'%s' is read as a hexadecimal number"), text);
    return nwf_value_parse(value, type, hexadecimal, notes, NULL);
}

static gboolean
is_frame_type(NwfType type)
{
    return type == NWF_TYPE_ETHERTYPE || type == NWF_TYPE_ENCAP || type == NWF_TYPE_ARP_PROTOCOL;
}

gboolean
nwf_value_parse_variable(NwfValue *value, NwfType type, const char *text, const NwfHost *host, NwfNotes *notes,
                         GError **error)
{
    gboolean fits = FALSE;
    memset(value, 0, sizeof(*value));
    if (type <= NWF_TYPE_PORT && !is_frame_type(type) && text[0] == '0' && g_ascii_isdigit(text[1]))
        nwf_note(notes, _("'%s' is read as a decimal number"), text);
    if (type == NWF_TYPE_PORT)
        fits = read_port_range(value, text, host, notes);
    else if (is_frame_type(type))
        fits = read_frame_type(value, type, text, notes);
    else if (type == NWF_TYPE_MAC_MASK)
        fits = nwf_mac_parse(value->mac, text, notes);
    else
        fits = nwf_value_parse(value, type, text, notes, NULL);
    if (fits)
        return TRUE;
    memset(value, 0, sizeof(*value));
    if (type == NWF_TYPE_PORT)
        return nwf_set_error(error, NWF_ERROR_INTERNAL, _("expected %s, a service of this host, or a range START:END"),
                             nwf_type_expects(type));
    return nwf_set_error(error, NWF_ERROR_INTERNAL, _("expected %s"), nwf_type_expects(type));
}
