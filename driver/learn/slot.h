/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * slot.h: one capture of a session: opened, polled, read, and left alone for a moment when it is flooded
 *
 * A slot whose direction has used up its rate limit is not read for a moment: the kernel drops what does not fit, and a
 * flood costs a few wake-ups a second.
 *
 * All functions run with the learner's lock held.
 */
#pragma once

#include "driver/learn/capture.h"

typedef struct NwfSession NwfSession;

typedef struct NwfSlot {
    NwfSession *session;
    NwfCapture *capture; /* NULL: closed */
    gint64 resume;       /* when it is read again; NWF_NEVER: it is read */
    guint64 lost;        /* by captures that were closed */
} NwfSlot;

/** nwf_slot_open_locked: captures what @kind says from now on; an open capture is of its device and direction. */
gboolean nwf_slot_open_locked(NwfSlot *slot, const NwfCaptureKind *kind, GError **error);
/** nwf_slot_fits_locked: whether an open capture, if there is one, is of the device of @kind. */
gboolean nwf_slot_fits_locked(const NwfSlot *slot, const NwfCaptureKind *kind);
void nwf_slot_shut_locked(NwfSlot *slot);
/** nwf_slot_lost_locked: frames that the kernel dropped because nobody read them in time. */
guint64 nwf_slot_lost_locked(NwfSlot *slot);

/** nwf_slot_read_locked: its descriptor is readable. */
void nwf_slot_read_locked(NwfSlot *slot, gint64 now);
/**
 * nwf_slot_resume_locked: reads a slot again whose pause is over.
 * @error: (out): it cannot be polled, and was shut
 *
 * Returns: when it is to be called again
 */
gint64 nwf_slot_resume_locked(NwfSlot *slot, gint64 now, GError **error);
