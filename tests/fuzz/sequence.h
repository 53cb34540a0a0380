/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * sequence.h: what the target "sequence" sends, and what its model makes of it
 *
 * Bytes of the input choose everything: when there are no more of them each choice is the first one.
 */
#pragma once

#include "choices.h"
#include "driver/learn/inspector.h"
#include "frames.h"

enum { SEQUENCE_ADDRESSES = 12, SEQUENCE_XIDS = 8 };
enum { SEQUENCE_SERVER = 0x0a000001, SEQUENCE_OTHER_SERVER = 0x0a000002 };

/* A question as the model knows it. */
typedef struct Question {
    gboolean open, rapid;
    gint64 asked;
    guint32 wanted, server;
} Question;

/* What one port can have earned. */
typedef struct Model {
    gboolean trusted; /* DHCPSERVER is given: SEQUENCE_SERVER alone is believed */
    NwfLearnMode mode;
    Question questions[SEQUENCE_XIDS];
    gboolean earned[SEQUENCE_ADDRESSES];
} Model;

typedef enum StepKind {
    STEP_ASK,
    STEP_ANSWER,
    STEP_END,
    STEP_SOURCE,
    STEP_SOURCE_TOO,
    STEP_WAIT,
    STEP_RESTART,
    STEPS
} StepKind;

/** sequence_choose: a number below @n. */
guint sequence_choose(Choices *choices, guint n);

/** sequence_place: the place of @address in Model.earned; there are no others. */
guint sequence_place(guint32 address);

/** sequence_frame: a frame of the VM with @mac, or for it; @model learns what it can teach. */
void sequence_frame(Choices *choices, StepKind kind, const guint8 mac[6], Model *model, gint64 now, FrameSpec *spec);

/** sequence_told: the port made this of it. */
void sequence_told(Model *model, StepKind kind, const FrameSpec *spec, NwfRefusal refusal);
