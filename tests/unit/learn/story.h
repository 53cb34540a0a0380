/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * story.h: frames at a port, one after the other, and what the port may use after each
 */
#pragma once

#include "driver/learn/inspector.h"
#include "frames.h"

enum { STORY_STEPS = 24 };

/* "wait SECONDS" passes the time; anything else is a line of frames.h. */
typedef struct StoryStep {
    const char *frame;
    const char *expected; /* "reason" or "reason: addresses", the first without a word for NWF_REFUSAL_NONE */
} StoryStep;

typedef struct Story {
    const char *name;
    const char *port; /* "dhcp" or "any", then max=N servers=A,B allowed=A,B host=A,B others=A,B
                       * shown=A,B: what others have without a lease of a listed server */
    StoryStep steps[STORY_STEPS];
} Story;

/** story_run: (transfer full): NULL if all is as expected, else what is not. */
char *story_run(const Story *story);

/** story_addresses: (transfer full): of @port, with blanks between. */
char *story_addresses(const NwfLeasePort *port);
