/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * sequence-frames.c: frames of a few addresses, numbers and faults, so that conversations happen; see sequence.h
 *
 * UDP without a checksum is the rule here and one with a checksum the exception, because the sums took most of the
 * time; frames whose sum is right, partial or wrong come as often as each fault does.
 */
#include "sequence.h"

#include <string.h>

static const guint32 addresses[SEQUENCE_ADDRESSES] = {
    0,          0x0a000001, 0x0a000002, 0x0a000003, 0x0a000004, 0x0a000005,
    0x0a000006, 0xa9fe0101, 0xa9fe0102, 0xe0000005, 0x7f000001, 0x0a0000ff,
};

guint
sequence_choose(Choices *choices, guint n)
{
    return choices->at < choices->end ? *choices->at++ % n : 0;
}

guint
sequence_place(guint32 address)
{
    for (guint i = 0; i < SEQUENCE_ADDRESSES; i++)
        if (addresses[i] == address)
            return i;
    g_assert_not_reached();
}

static guint32
choose_address(Choices *choices)
{
    return addresses[sequence_choose(choices, SEQUENCE_ADDRESSES)];
}

/* Mostly nothing; a fault that no frame may have, or another way of being right. Returns: whether it is a fault */
static gboolean
damage(Choices *choices, FrameSpec *spec)
{
    switch (sequence_choose(choices, 24)) {
    case 1:
        spec->tagged = TRUE;
        break;
    case 2:
        spec->fragment = 0x2000;
        break;
    case 3:
        spec->sum = SUM_BAD;
        break;
    case 4:
        spec->bad_ip_sum = TRUE;
        break;
    case 5:
        spec->udp_length = 3;
        break;
    case 6:
        spec->cut = 200;
        break;
    case 7:
        spec->op ^= 3;
        break;
    case 8:
        spec->chaddr[5] ^= 0x40;
        break;
    case 9:
        spec->cookie++;
        break;
    case 10:
        frame_option_number(spec, 51, 60);
        frame_option_number(spec, 51, 60);
        break;
    case 11:
        spec->sum = SUM_GOOD;
        return FALSE;
    case 12:
        spec->sum = SUM_PARTIAL;
        return FALSE;
    default:
        return FALSE;
    }
    return TRUE;
}

static void
begin(FrameSpec *spec, NwfLearnDirection direction, guint8 type)
{
    frame_begin(spec, FRAME_DHCP, direction, type);
    spec->sum = SUM_ZERO;
}

static void
ask(Choices *choices, Model *model, gint64 now, FrameSpec *spec)
{
    gboolean rapid = sequence_choose(choices, 4) == 0;
    Question question = {.open = TRUE, .rapid = rapid, .asked = now};
    guint32 wanted = choose_address(choices), renewed = choose_address(choices);

    begin(spec, NWF_FROM_VM, rapid ? NWF_DHCP_DISCOVER : NWF_DHCP_REQUEST);
    spec->xid = sequence_choose(choices, SEQUENCE_XIDS);
    question.server = sequence_choose(choices, 3) == 0 ? SEQUENCE_SERVER : 0;
    spec->ci = sequence_choose(choices, 2) ? renewed : 0;
    spec->ip_src = spec->ci;
    if (wanted != 0)
        frame_option_number(spec, 50, wanted);
    if (question.server != 0)
        frame_option_number(spec, 54, question.server);
    if (rapid)
        frame_option(spec, 80, NULL, 0);
    question.wanted = rapid ? 0 : wanted ? wanted : spec->ci;
    if (!damage(choices, spec))
        model->questions[spec->xid] = question;
}

static void
answer(Choices *choices, Model *model, gint64 now, FrameSpec *spec)
{
    static const guint8 types[] = {NWF_DHCP_ACK, NWF_DHCP_ACK, NWF_DHCP_ACK, NWF_DHCP_NAK, NWF_DHCP_OFFER, 0};
    static const guint32 times[] = {60, 1, 0, 3600, G_MAXUINT32, G_MAXUINT32 - 1};
    guint8 type = types[sequence_choose(choices, G_N_ELEMENTS(types))];
    guint32 time = times[sequence_choose(choices, G_N_ELEMENTS(times))];
    guint32 server = sequence_choose(choices, 4) ? SEQUENCE_SERVER : SEQUENCE_OTHER_SERVER;
    gboolean rapid = sequence_choose(choices, 3) == 0, timed = sequence_choose(choices, 8) != 1;
    const Question *question;

    begin(spec, NWF_TO_VM, type);
    spec->xid = sequence_choose(choices, SEQUENCE_XIDS);
    spec->yi = choose_address(choices);
    spec->ip_src = server;
    spec->si = SEQUENCE_OTHER_SERVER;
    if (timed)
        frame_option_number(spec, 51, time);
    frame_option_number(spec, 54, server);
    if (rapid)
        frame_option(spec, 80, NULL, 0);
    question = &model->questions[spec->xid];
    if (!damage(choices, spec) && type == NWF_DHCP_ACK && question->open && timed && time > 0 &&
        now - question->asked <= NWF_TRANSACTION_LIFE && (!model->trusted || server == SEQUENCE_SERVER) &&
        (question->server == 0 || question->server == server) && (!question->rapid || rapid) &&
        (question->wanted == 0 || question->wanted == spec->yi))
        model->earned[sequence_place(spec->yi)] = TRUE;
}

static void
end(Choices *choices, FrameSpec *spec)
{
    gboolean release = sequence_choose(choices, 2) == 0;
    guint32 address = choose_address(choices);

    begin(spec, NWF_FROM_VM, release ? NWF_DHCP_RELEASE : NWF_DHCP_DECLINE);
    spec->ci = release ? address : 0;
    spec->ip_src = spec->ci;
    if (!release)
        frame_option_number(spec, 50, address);
    damage(choices, spec);
}

static void
source(Choices *choices, FrameSpec *spec)
{
    frame_begin(spec, sequence_choose(choices, 2) ? FRAME_ARP : FRAME_IP, NWF_FROM_VM, 0);
    spec->ip_src = choose_address(choices);
    spec->ip_dst = choose_address(choices);
    if (sequence_choose(choices, 8) == 1)
        spec->direction = NWF_TO_VM;
    if (sequence_choose(choices, 8) == 1)
        spec->tagged = TRUE;
}

void
sequence_frame(Choices *choices, StepKind kind, const guint8 mac[6], Model *model, gint64 now, FrameSpec *spec)
{
    if (kind == STEP_ASK)
        ask(choices, model, now, spec);
    else if (kind == STEP_ANSWER)
        answer(choices, model, now, spec);
    else if (kind == STEP_END)
        end(choices, spec);
    else
        source(choices, spec);
    if (spec->direction == NWF_FROM_VM) {
        memcpy(spec->src, mac, 6);
        memcpy(spec->arp_mac, mac, 6);
    }
    spec->chaddr[5] = (guint8)(spec->chaddr[5] - vm_mac[5] + mac[5]);
    /* A source is shown by any frame from the VM whose headers are right. */
    if (model->mode == NWF_LEARN_ANY && spec->direction == NWF_FROM_VM && !spec->tagged && !spec->bad_ip_sum)
        model->earned[sequence_place(spec->ip_src)] = TRUE;
}

/* Whatever the database makes of it, an answer that was believed closes its question. */
void
sequence_told(Model *model, StepKind kind, const FrameSpec *spec, NwfRefusal refusal)
{
    if (kind == STEP_ANSWER && (refusal == NWF_REFUSAL_NONE || refusal == NWF_REFUSAL_FULL ||
                                refusal == NWF_REFUSAL_LOCKED || refusal == NWF_REFUSAL_NO_LEASE))
        model->questions[spec->xid].open = FALSE;
}
