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

/** put: appends @number in network order, with zeros in front of it if @size is more than it has. */
static inline void
put(GByteArray *to, guint64 number, guint size)
{
    for (guint i = size; i > 0; i--)
        g_byte_array_append(to, &(guint8){i > 8 ? 0 : (guint8)(number >> (8 * (i - 1)))}, 1);
}
