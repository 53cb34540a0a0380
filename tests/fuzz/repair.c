/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * repair.c: see repair.h
 */
#include "repair.h"

static void
put_sum(guint8 *at, guint32 sum)
{
    while (sum >> 16 != 0)
        sum = (sum & 0xffff) + (sum >> 16);
    at[0] = (guint8)(~sum >> 8);
    at[1] = (guint8)~sum;
}

static guint32
sum_of(const guint8 *bytes, gsize length)
{
    guint32 sum = 0;

    for (gsize i = 0; i < length; i++)
        sum += i % 2 == 0 ? (guint32)bytes[i] << 8 : bytes[i];
    return sum;
}

void
repair_frame(guint8 *frame, gsize size)
{
    gsize header, total = size - 14, udp;

    if (size < 14 + 20 || total > G_MAXUINT16)
        return;
    header = (frame[14] & 15) * 4u;
    if (header < 20 || total < header)
        return;
    frame[16] = (guint8)(total >> 8);
    frame[17] = (guint8)total;
    frame[24] = frame[25] = 0;
    put_sum(frame + 24, sum_of(frame + 14, header));
    udp = total - header;
    if (frame[23] != 17 || udp < 8)
        return;
    frame[14 + header + 4] = (guint8)(udp >> 8);
    frame[14 + header + 5] = (guint8)udp;
    frame[14 + header + 6] = frame[14 + header + 7] = 0;
    put_sum(frame + 14 + header + 6, sum_of(frame + 14 + header, udp) + sum_of(frame + 26, 8) + 17 + (guint32)udp);
}
