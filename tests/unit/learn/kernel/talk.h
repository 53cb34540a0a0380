/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * talk.h: what guests and servers say in the tests of the learner, and how these tests begin
 */
#pragma once

#include "tests/unit/learn/kernel/scene.h"

#define TALK_REQUEST "from request xid=7 want=10.0.0.5 sid=10.0.0.1"
#define TALK_ACK     "to ack xid=7 yi=10.0.0.5 time=3600 sid=10.0.0.1"

/* What is sent after something else shows, once learned, that the something else was seen and taught nothing. */
#define TALK_LAST         "from arp 10.9.9.9 10.9.9.1"
#define TALK_LAST_ADDRESS "10.9.9.9"

/** talk_ask: a question, and the moment that a frame through a veth pair takes: a server has it before it answers. */
void talk_ask(const char *port, guint vm, const char *line);
/** talk_lease: question and answer, for 10.0.0.@last. */
void talk_lease(const char *port, guint vm, guint last);

/** scene_of_one: the port vnet0 of VM 1, watched as scene_watch() says, and listened to. */
Scene *scene_of_one(const char *mode);

typedef struct TalkTest {
    const char *path;
    void (*run)(void);
} TalkTest;

/** talk_main: runs these tests and those that @more (or NULL) adds, or says why it cannot. */
int talk_main(int argc, char **argv, const TalkTest *tests, gsize n, void (*more)(void));
