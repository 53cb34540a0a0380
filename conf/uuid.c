/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * uuid.c: uuids in all the forms that libvirt reads
 *
 * Sixteen pairs of hexadecimal digits; between pairs there may be any number of dashes and blanks, around all of it
 * white space. Printed in lower case with dashes.
 */
#include "conf/value.h"

#include <string.h>

#define BLANKS " \f\n\r\t"

gboolean
nwf_uuid_parse(guint8 uuid[16], const char *text)
{
    text += strspn(text, BLANKS);
    for (guint i = 0; i < 16; i++) {
        while (*text == '-' || *text == ' ')
            text++;
        if (!g_ascii_isxdigit(text[0]) || !g_ascii_isxdigit(text[1]))
            return FALSE;
        uuid[i] = (guint8)(g_ascii_xdigit_value(text[0]) * 16 + g_ascii_xdigit_value(text[1]));
        text += 2;
    }
    return text[strspn(text, BLANKS)] == '\0';
}

void
nwf_uuid_format(char out[37], const guint8 uuid[16])
{
    char *place = out;
    for (guint i = 0; i < 16; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            *place++ = '-';
        g_snprintf(place, 3, "%02x", uuid[i]);
        place += 2;
    }
}

void
nwf_uuid_generate(guint8 uuid[16])
{
    g_autofree char *text = g_uuid_string_random();
    nwf_uuid_parse(uuid, text);
}
