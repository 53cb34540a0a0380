/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * fuzz-dhcp.c: a DHCP message is read the same each time, says what its bytes say, and pads behind it change nothing
 */
#include "driver/learn/dhcp.h"

#include <string.h>

#include "fuzz.h"

static void
check_header(const NwfDhcp *dhcp, const uint8_t *data)
{
    guint32 yiaddr = (guint32)data[16] << 24 | (guint32)data[17] << 16 | (guint32)data[18] << 8 | data[19];

    g_assert_cmpuint(dhcp->op, ==, data[0]);
    g_assert_cmpuint(nwf_address_number(&dhcp->yiaddr), ==, yiaddr);
    g_assert_true(memcmp(dhcp->chaddr, data + 28, 16) == 0);
}

/* The value stands in the message, behind its length. */
static gboolean
appears(const guint8 *value, gsize length, const uint8_t *data, size_t size)
{
    for (size_t i = 44; i + 1 + length <= size; i++)
        if (data[i] == length && memcmp(data + i + 1, value, length) == 0)
            return TRUE;
    return FALSE;
}

static void
check_options(const NwfDhcp *dhcp, const uint8_t *data, size_t size)
{
    guint8 seconds[4] = {(guint8)(dhcp->lease_time >> 24), (guint8)(dhcp->lease_time >> 16),
                         (guint8)(dhcp->lease_time >> 8), (guint8)dhcp->lease_time};

    if (dhcp->has_lease_time)
        g_assert_true(appears(seconds, 4, data, size));
    if (nwf_address_is_set(&dhcp->requested))
        g_assert_true(appears(dhcp->requested.bytes, 4, data, size));
    if (nwf_address_is_set(&dhcp->server))
        g_assert_true(appears(dhcp->server.bytes, 4, data, size));
    if (dhcp->type != NWF_DHCP_NO_TYPE)
        g_assert_true(appears(&dhcp->type, 1, data, size));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autofree guint8 *padded = g_malloc0(size + 3);
    NwfDhcp once, again;
    NwfRefusal refusal = nwf_dhcp_read(&once, (NwfBytes){data, size});

    g_assert_cmpint(nwf_dhcp_read(&again, (NwfBytes){data, size}), ==, refusal);
    if (refusal != NWF_REFUSAL_NONE)
        return 0;
    g_assert_true(memcmp(&once, &again, sizeof(once)) == 0);
    check_header(&once, data);
    check_options(&once, data, size);
    memcpy(padded, data, size);
    g_assert_cmpint(nwf_dhcp_read(&again, (NwfBytes){padded, size + 3}), ==, NWF_REFUSAL_NONE);
    g_assert_true(memcmp(&once, &again, sizeof(once)) == 0);
    return 0;
}
