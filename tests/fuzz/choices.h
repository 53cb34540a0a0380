/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * choices.h: the bytes of an input as choices, and packets made of them
 *
 * When there are no more bytes each choice is the first one.
 */
#pragma once

#include <glib.h>

typedef struct Choices {
    const guint8 *at, *end;
} Choices;

/** choose: a number below @n, which is at most 256. */
static inline guint
choose(Choices *choices, guint n)
{
    return choices->at < choices->end ? *choices->at++ % n : 0;
}

/** put: appends @number in network order, with zeros in front of it if @size, at most 16, is more than it has. */
static inline void
put(GByteArray *to, guint64 number, guint size)
{
    guint8 bytes[16] = {0};

    for (guint i = size; i > 0; i--, number >>= 8)
        bytes[i - 1] = (guint8)number;
    g_byte_array_append(to, bytes, size);
}
