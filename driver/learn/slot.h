/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * slot.h: one capture of a session: opened, polled, read, and left alone for a moment when it is flooded
 *
 * What the VM sends, and what is sent to it, has a slot each. A slot whose frames have used up their rate limit is not
 * read for a moment: the kernel drops what does not fit, and a flood costs a few wake-ups a second.
 *
 * Answers need more than that. Which questions are open the learner knows only when it has read them, and a server on
 * the same host may have answered by then; so all answers to the VM are captured, and what answers an open question is
 * found among them. A neighbour who forges answers may send more than the buffer holds. From the first time that stray
 * answers use up their limit, until they have not done so for NWF_CALM, there are two guards against that. The slot is
 * emptied every few milliseconds, so that there is room for what comes between a question and its being read. And
 * another slot captures answers to open questions alone, by their numbers in the kernel's filter, which is exchanged
 * when they change: forged ones, whose sender does not know a number, cannot fill that. So an answer is missed only if
 * it came before its question was read and forged ones filled the buffer in that time. What both slots see counts once:
 * a question is answered once.
 *
 * In one turn of the learner's thread TURN_FRAMES are read from a slot. There are two exceptions. When an answer is
 * read the VM's own slot is emptied first, for the question; its rate limit bounds how often. And a flooded port's
 * slots are emptied, but for that all flooded ports together have NWF_TURN_CATCH_UP frames in a turn: with very many of
 * them each is emptied less often, and the others do not wait for it.
 *
 * All functions run with the learner's lock held.
 */
#pragma once

#include "driver/learn/learn_context.h"

/* A port that was flooded is guarded until no stray answer was over the limit for so long. */
#define NWF_CALM (3 * 60 * G_USEC_PER_SEC)

/** nwf_slot_open_locked: captures what @kind says from now on; an open capture is of its device and direction. */
gboolean nwf_slot_open_locked(NwfSlot *slot, const NwfCaptureKind *kind, GError **error);
/** nwf_slot_fits_locked: whether an open capture, if there is one, is of the device of @kind. */
gboolean nwf_slot_fits_locked(const NwfSlot *slot, const NwfCaptureKind *kind);
void nwf_slot_shut_locked(NwfSlot *slot);
/** nwf_slot_lost_locked: frames that the kernel dropped because nobody read them in time. */
guint64 nwf_slot_lost_locked(NwfSlot *slot);

/** nwf_slot_guard_locked: stray answers to the port of @session have used up their limit at @now. */
void nwf_slot_guard_locked(NwfSession *session, gint64 now);
/** nwf_slot_read_locked: its descriptor is readable. */
void nwf_slot_read_locked(NwfSlot *slot, gint64 now);
/**
 * nwf_slot_resume_locked: reads a slot again whose pause is over.
 * @error: (out): it cannot be polled, and was shut
 *
 * Returns: when it is to be called again
 */
gint64 nwf_slot_resume_locked(NwfSlot *slot, gint64 now, GError **error);
