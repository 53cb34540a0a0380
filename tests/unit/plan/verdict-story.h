/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * verdict-story.h: frames and their fates in the few words of a test
 *
 * A frame is a line of words: what it is, from where, to where, and what is odd about it.
 *
 *     udp 10.0.0.1:1000 10.0.0.2:53 vlan=5        tcp S 10.0.0.1:1000 10.0.0.2:80 seq=7
 *     icmp 8/0 10.0.0.1 10.0.0.2 id=3             icmp 135/0 fe80::1 fe80::2
 *     ip 50 10.0.0.1 10.0.0.2 tos=b8              ip 50 fd00::1 fd00::2 ext=60,44
 *     arp 1 10.0.0.1 10.0.0.2 htype=6             ether 88b5
 *     stp 0 pri=8000                              error 10.0.0.9 of udp …
 *
 * Words that follow: src=MAC dst=MAC vlan=N cut=BYTES pad=BYTES poke=OFFSET:BYTE (hexadecimal byte), id=N (IP or ICMP),
 * frag=OFFSET size=N more (a part of the packet), tos=HEX, opt=KIND (of TCP), seq= ack= (TCP), badsum,
 * long=BYTES (more payload).
 *
 * A step is a way ("out": from the port, "in": to it, "host": from the port to the host, "hosts": from the host to the port), a
 * frame and a fate: "passes", or "dropped FI 2" with chain and number of the deciding rule ("end" if there is none), or
 * "dropped: words of the reason".
 */
#pragma once

#include "simulate/simulator.h"
#include "story.h"

/* The bytes of a frame. */
GByteArray *frame_of(const char *words);

typedef struct Step {
    const char *way, *frame, *fate;
} Step;

/* Plays the steps, up to one without way, to a simulator of one port with these rules, and compares. */
void assert_story(const char *rules, const Step *steps);
/* The same for a port with the filters of @world, and for one with a plan. */
void assert_world_story(World *world, const char *params, const Step *steps);
void assert_plan_story(NwfPlan *plan, const Step *steps);
/* Plays one frame; (transfer full): its fate in the words of a step. */
char *fate_of(NwfSimulator *simulator, const NwfPlan *plan, const char *way, const char *frame, gint64 now);
