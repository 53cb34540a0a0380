/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * fuzz-frame.c: a frame teaches what its bytes say, and nothing that its way does not allow
 *
 * The first byte says the way, whether the real frame was longer than what was captured, and whether the frame's
 * checksums are made right first: else hardly any would come as far as its options.
 */
#include "driver/learn/classify.h"

#include <string.h>

#include "fuzz.h"
#include "repair.h"

enum { FROM_VM = 1, LONGER = 2, REPAIR = 4 };

static const guint8 mac[6] = {0x52, 0x54, 0x00, 0x00, 0x00, 0x01};

static void
check(const NwfEvidence *seen, const guint8 *frame, gsize size, NwfLearnDirection direction)
{
    gboolean arp = seen->kind == NWF_EVIDENCE_ARP;

    g_assert_true((seen->kind == NWF_EVIDENCE_NOTHING) == (seen->refusal != NWF_REFUSAL_NONE));
    if (seen->kind == NWF_EVIDENCE_NOTHING)
        return;
    g_assert_cmpuint(size, >=, 34);
    g_assert_true((seen->kind == NWF_EVIDENCE_DHCP_SERVER) == (direction == NWF_TO_VM));
    g_assert_true(direction == NWF_TO_VM || memcmp(frame + 6, mac, 6) == 0);
    g_assert_true(frame[12] == 0x08 && frame[13] == (arp ? 0x06 : 0x00));
    if (nwf_address_is_set(&seen->source))
        g_assert_true(memcmp(seen->source.bytes, frame + (arp ? 28 : 26), 4) == 0);
    if (seen->kind == NWF_EVIDENCE_DHCP_SERVER || seen->kind == NWF_EVIDENCE_DHCP_CLIENT)
        g_assert_true(frame[23] == 17 && (frame[20] & 0x3f) == 0 && frame[21] == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autofree guint8 *frame = NULL;
    NwfEvidence seen, again;
    NwfLearnDirection direction;
    gsize wire;

    if (size == 0)
        return 0;
    direction = data[0] & FROM_VM ? NWF_FROM_VM : NWF_TO_VM;
    frame = g_malloc(size);
    memcpy(frame, data + 1, --size);
    if (data[0] & REPAIR)
        repair_frame(frame, size);
    wire = data[0] & LONGER ? size + 100 : size;
    nwf_classify(&seen, (NwfBytes){frame, size}, wire, direction, mac);
    nwf_classify(&again, (NwfBytes){frame, size}, wire, direction, mac);
    g_assert_true(memcmp(&seen, &again, sizeof(seen)) == 0);
    check(&seen, frame, size, direction);
    return 0;
}
