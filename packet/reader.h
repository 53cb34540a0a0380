/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * reader.h: bytes read within their bounds
 *
 * The only way to bytes that somebody else made: each read says whether the bytes are there and gives numbers in host
 * order. Nothing is copied; a NwfBytes lives as long as the memory that it points into.
 */
#pragma once

#include <glib.h>

typedef struct NwfBytes {
    const guint8 *data;
    gsize length;
} NwfBytes;

/* Each returns FALSE if not all bytes are there; then the result is not touched. */
gboolean nwf_bytes_u8(NwfBytes bytes, gsize offset, guint8 *number);
gboolean nwf_bytes_u16(NwfBytes bytes, gsize offset, guint16 *number);
gboolean nwf_bytes_u32(NwfBytes bytes, gsize offset, guint32 *number);
gboolean nwf_bytes_copy(NwfBytes bytes, gsize offset, guint8 *to, gsize length);
gboolean nwf_bytes_have(NwfBytes bytes, gsize offset, gsize length);

/** nwf_bytes_part: at most @length bytes from @offset on; none if there are none. */
NwfBytes nwf_bytes_part(NwfBytes bytes, gsize offset, gsize length);

/** nwf_bytes_line: the next line from *@at on, without its newline, which the last one may lack; FALSE at the end. */
gboolean nwf_bytes_line(NwfBytes bytes, gsize *at, NwfBytes *line);
