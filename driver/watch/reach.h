/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * reach.h: whether any rule can see the frames of a device
 */
#pragma once

#include "driver/watch/links.h"

typedef enum NwfReach {
    NWF_REACH_SEEN,         /* it is a port of a Linux bridge */
    NWF_REACH_NO_DEVICE,    /* there is no device to be seen */
    NWF_REACH_NO_BRIDGE,    /* it is a port of nothing */
    NWF_REACH_OTHER_MASTER, /* it is a port of something else, such as Open vSwitch, a bond, a VRF */
    NWF_REACH_MACVTAP,      /* it sits on another device, with which it shares frames past all rules */
    NWF_REACH_RENAMED,      /* the device that had the name has another one now, and rules go by the name */
    NWF_REACHES
} NwfReach;

/** nwf_reach_words: for programs, by NwfReach: "seen", "no-device" … */
extern const char *const nwf_reach_words[NWF_REACHES];

/**
 * nwf_reach_of:
 * @link: the device; NULL: there is none
 * @master: what it is a port of; NULL: nothing, or it is not known
 *
 * Pure. Never NWF_REACH_RENAMED, which only who remembers the device can know. A master that is not known is not
 * called another one: the kernel has not told of it yet.
 */
NwfReach nwf_reach_of(const NwfLink *link, const NwfLink *master);

/**
 * nwf_reach_text: (transfer full): why no rule sees the device, as the end of a sentence; NULL if a rule does, or there
 * is no device
 * @link, @master: as above; of NWF_REACH_RENAMED @link is the device under its new name
 */
char *nwf_reach_text(NwfReach reach, const NwfLink *link, const NwfLink *master);
