/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * reader.c: bytes read within their bounds; see reader.h
 */
#include "packet/reader.h"

#include <string.h>

gboolean
nwf_bytes_have(NwfBytes bytes, gsize offset, gsize length)
{
    return offset <= bytes.length && length <= bytes.length - offset;
}

gboolean
nwf_bytes_copy(NwfBytes bytes, gsize offset, guint8 *to, gsize length)
{
    if (!nwf_bytes_have(bytes, offset, length))
        return FALSE;
    if (length > 0)
        memcpy(to, bytes.data + offset, length);
    return TRUE;
}

gboolean
nwf_bytes_u8(NwfBytes bytes, gsize offset, guint8 *number)
{
    return nwf_bytes_copy(bytes, offset, number, 1);
}

gboolean
nwf_bytes_u16(NwfBytes bytes, gsize offset, guint16 *number)
{
    guint8 at[2];

    if (!nwf_bytes_copy(bytes, offset, at, sizeof(at)))
        return FALSE;
    *number = (guint16)(at[0] << 8 | at[1]);
    return TRUE;
}

gboolean
nwf_bytes_u32(NwfBytes bytes, gsize offset, guint32 *number)
{
    guint8 at[4];

    if (!nwf_bytes_copy(bytes, offset, at, sizeof(at)))
        return FALSE;
    *number = (guint32)at[0] << 24 | (guint32)at[1] << 16 | (guint32)at[2] << 8 | at[3];
    return TRUE;
}

NwfBytes
nwf_bytes_part(NwfBytes bytes, gsize offset, gsize length)
{
    if (offset >= bytes.length)
        return (NwfBytes){bytes.data, 0};
    return (NwfBytes){bytes.data + offset, MIN(length, bytes.length - offset)};
}

gboolean
nwf_bytes_line(NwfBytes bytes, gsize *at, NwfBytes *line)
{
    NwfBytes rest = nwf_bytes_part(bytes, *at, G_MAXSIZE);
    const guint8 *end = rest.length > 0 ? memchr(rest.data, '\n', rest.length) : NULL;

    *line = nwf_bytes_part(rest, 0, end ? (gsize)(end - rest.data) : rest.length);
    *at += line->length + (end ? 1 : 0);
    return rest.length > 0;
}
