/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * frames.h: frames for tests of learning, from one line of words
 *
 * A line begins with the way (from, to: the VM) and a kind:
 *
 *     from request xid=7 want=10.0.0.5 sid=10.0.0.1        DHCP: discover offer request decline ack nak release inform,
 *     to ack xid=7 yi=10.0.0.5 time=3600 sid=10.0.0.1      or bootp without a type
 *     from arp 10.0.0.5 10.0.0.1                           a request: sender and target; arp-reply
 *     from ip 10.0.0.5 10.0.0.1                            a TCP packet: source and destination
 *     from type=86dd
 *
 * What is not said is as a well-behaved client or server would have it. Other words change one thing; they are rows of
 * a table in frames.c.
 */
#pragma once

#include "driver/learn/classify.h"

extern const guint8 vm_mac[6], other_mac[6];

typedef enum FrameKind { FRAME_DHCP, FRAME_ARP, FRAME_IP, FRAME_OTHER } FrameKind;
typedef enum FrameSum { SUM_GOOD, SUM_ZERO, SUM_PARTIAL, SUM_BAD } FrameSum;

/* Addresses are numbers in host order. */
typedef struct FrameSpec {
    FrameKind kind;
    NwfLearnDirection direction;
    guint8 src[6], dst[6];
    gboolean tagged;
    guint16 ethertype;
    guint32 ip_src, ip_dst;
    guint8 protocol;
    guint16 fragment; /* the whole field */
    gboolean ip_options, bad_ip_sum;
    guint16 total;                    /* 0: right */
    guint16 sport, dport, udp_length; /* length 0: right */
    FrameSum sum;
    guint8 op, htype, hlen, chaddr[6];
    guint32 xid, ci, yi, si, gi, cookie;
    gsize n_options, n_file, n_sname;
    guint8 options[2048], file[128], sname[64];
    gboolean no_end;
    guint16 arp_op;
    guint8 arp_mac[6];
    gsize cut, wire; /* captured and real length, 0: all */
} FrameSpec;

/** frame_begin: what a well-behaved one of this kind has; @type of DHCP, or 0. */
void frame_begin(FrameSpec *spec, FrameKind kind, NwfLearnDirection direction, guint8 type);
void frame_option(FrameSpec *spec, guint8 code, const guint8 *value, gsize length);
void frame_option_number(FrameSpec *spec, guint8 code, guint32 number);
/** frame_build: (transfer full): the bytes; @wire: (out) (optional): length of the whole frame. */
GByteArray *frame_build(const FrameSpec *spec, gsize *wire);
/** frame_build_in: the same, in place of what @out holds. */
void frame_build_in(GByteArray *out, const FrameSpec *spec, gsize *wire);
/** frame_parse: from a line; ends the test if it is none. */
void frame_parse(FrameSpec *spec, const char *line);
