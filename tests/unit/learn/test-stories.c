/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test-stories.c: what a port believes, message by message; and that no check stands there untested
 *
 * The stories are data. test-learn-stories runs them against what is shipped. test-learn-mutants runs them against the
 * same sources compiled with NWF_MUTANTS, without the check of each reason in turn, and one of them must fail.
 */
#include "packet/check_private.h"
#include "story.h"

#define ASK_5  "from request xid=7 want=10.0.0.5"
#define GIVE_5 "to ack xid=7 yi=10.0.0.5 time=3600 sid=10.0.0.1"
#define HAS_5  ": 10.0.0.5"

static const Story stories[] = {
    /* ---- what an ACK must satisfy ---- */
    {"a-question-and-its-answer", "dhcp", {{ASK_5, ""}, {GIVE_5, HAS_5}, {"wait 3598", HAS_5}, {"wait 2", ""}}},
    {"the-whole-conversation",
     "dhcp",
     {{"from discover xid=7", "type"},
      {"to offer xid=7 yi=10.0.0.5 time=3600 sid=10.0.0.1", "type"},
      {"from request xid=7 want=10.0.0.5 sid=10.0.0.1", ""},
      {GIVE_5, HAS_5}}},
    {"an-answer-without-a-question", "dhcp", {{GIVE_5, "not-asked"}}},
    {"an-answer-to-another-question",
     "dhcp",
     {{ASK_5, ""}, {"to ack xid=8 yi=10.0.0.5 time=3600 sid=10.0.0.1", "not-asked"}, {GIVE_5, HAS_5}}},
    {"a-question-is-answered-once", "dhcp", {{ASK_5, ""}, {GIVE_5, HAS_5}, {GIVE_5, "not-asked" HAS_5}}},
    {"a-refused-answer-leaves-the-question-open",
     "dhcp servers=10.0.0.1",
     {{ASK_5, ""}, {"to ack src=10.0.0.66 xid=7 yi=10.0.0.5 time=9 sid=10.0.0.1", "server"}, {GIVE_5, HAS_5}}},
    {"a-question-is-open-for-two-minutes", "dhcp", {{ASK_5, ""}, {"wait 119", ""}, {GIVE_5, HAS_5}}},
    {"and-no-longer", "dhcp", {{ASK_5, ""}, {"wait 121", ""}, {GIVE_5, "too-late"}}},
    {"asking-again-keeps-it-open",
     "dhcp",
     {{ASK_5, ""}, {"wait 90", ""}, {ASK_5, ""}, {"wait 90", ""}, {GIVE_5, HAS_5}}},
    {"a-request-is-no-reply", "dhcp", {{ASK_5, ""}, {"to ack op=1 xid=7 yi=10.0.0.5 time=3600", "opcode"}}},
    {"nor-is-a-reply-a-request", "dhcp", {{"from request op=2 xid=7 want=10.0.0.5", "opcode"}, {GIVE_5, "not-asked"}}},
    {"a-lease-of-a-neighbour",
     "dhcp",
     {{ASK_5, ""}, {"to ack chaddr=other xid=7 yi=10.0.0.5 time=3600 sid=10.0.0.1", "chaddr"}}},
    {"asking-for-a-neighbour",
     "dhcp",
     {{"from request chaddr=other xid=7 want=10.0.0.5", "chaddr"}, {GIVE_5, "not-asked"}}},
    {"other-hardware",
     "dhcp",
     {{"from request htype=6 xid=7", "hardware"}, {"from request hlen=16 xid=7", "hardware"}, {GIVE_5, "not-asked"}}},
    {"servers-may-leave-the-hardware-out",
     "dhcp",
     {{ASK_5, ""}, {"to ack hlen=0 htype=0 xid=7 yi=10.0.0.5 time=3600 sid=10.0.0.1", HAS_5}}},
    {"another-address-than-asked-for", "dhcp", {{ASK_5, ""}, {"to ack xid=7 yi=10.0.0.6 time=3600", "other-address"}}},
    {"another-address-than-the-renewed-one",
     "dhcp",
     {{"from request xid=7 ci=10.0.0.5 src=10.0.0.5", ""}, {"to ack xid=7 yi=10.0.0.6 time=3600", "other-address"}}},
    {"no-wish-no-matter", "dhcp", {{"from request xid=7", ""}, {"to ack xid=7 yi=10.0.0.6 time=3600", ": 10.0.0.6"}}},
    {"another-server-than-the-chosen-one",
     "dhcp",
     {{"from request xid=7 want=10.0.0.5 sid=10.0.0.1", ""},
      {"to ack src=10.0.0.2 xid=7 yi=10.0.0.5 time=3600 sid=10.0.0.2", "other-server"},
      {"to ack src=10.0.0.2 xid=7 yi=10.0.0.5 time=3600", "other-server"},
      {GIVE_5, HAS_5}}},
    {"no-lease-time", "dhcp", {{ASK_5, ""}, {"to ack xid=7 yi=10.0.0.5 sid=10.0.0.1", "no-lease-time"}}},
    {"no-address", "dhcp", {{"from request xid=7", ""}, {"to ack xid=7 time=3600 sid=10.0.0.1", "no-address"}}},
    {"answers-of-other-types",
     "dhcp",
     {{ASK_5, ""},
      {"to offer xid=7 yi=10.0.0.5 time=3600", "type"},
      {"to bootp xid=7 yi=10.0.0.5 time=3600", "type"},
      {"to release xid=7 yi=10.0.0.5 time=3600", "type"},
      {"to decline xid=7 want=10.0.0.5 time=3600", "type"}}},
    {"inform",
     "dhcp",
     {{"from inform xid=7 ci=10.0.0.5 src=10.0.0.5", "type"},
      {"to ack xid=7 sid=10.0.0.1", "not-asked"},
      {GIVE_5, "not-asked"}}},
    {"special-addresses",
     "dhcp",
     {{"from request xid=7", ""},
      {"to ack xid=7 yi=224.0.0.5 time=9", "special"},
      {"to ack xid=7 yi=127.0.0.1 time=9", "special"},
      {"to ack xid=7 yi=255.255.255.255 time=9", "special"},
      {"to ack xid=7 yi=0.1.2.3 time=9", "special"},
      {"to ack xid=7 yi=240.0.0.1 time=9", "special"}}},
    {"edges-of-a-network",
     "dhcp",
     {{"from request xid=7", ""},
      {"to ack xid=7 yi=10.0.0.0 time=9 mask=255.255.255.0", "network"},
      {"to ack xid=7 yi=10.0.0.255 time=9 mask=255.255.255.0", "network"},
      {"to ack xid=7 yi=10.0.0.255 time=9 mask=255.255.254.0", ": 10.0.0.255"}}},
    {"what-others-have",
     "dhcp host=10.0.0.1 others=10.0.0.9",
     {{"from request xid=7", ""},
      {"to ack xid=7 yi=10.0.0.1 time=9", "held-by-host"},
      {"to ack xid=7 yi=10.0.0.9 time=9", "held-by-port"},
      {"to ack xid=7 yi=10.0.0.8 time=9", ": 10.0.0.8"}}},
    {"what-others-show",
     "dhcp shown=10.0.0.9",
     {{"from request xid=7", ""}, {"to ack xid=7 yi=10.0.0.9 time=9", "held-by-port"}}},
    {"what-others-show-and-a-listed-server-gives",
     "dhcp servers=10.0.0.1 shown=10.0.0.9 others=10.0.0.8 host=10.0.0.7",
     {{"from request xid=7", ""},
      {"to ack xid=7 yi=10.0.0.7 time=9", "held-by-host"},
      {"to ack xid=7 yi=10.0.0.8 time=9", "held-by-port"},
      {"to ack src=10.0.0.66 xid=7 yi=10.0.0.9 time=9", "server"},
      {"to ack xid=7 yi=10.0.0.9 time=9", ": 10.0.0.9"}}},
    {"what-is-allowed",
     "dhcp allowed=10.0.0.0_29",
     {{"from request xid=7", ""},
      {"to ack xid=7 yi=10.0.0.8 time=9", "not-allowed"},
      {"to ack xid=7 yi=10.0.0.7 time=9", ": 10.0.0.7"}}},
    /* ---- trusted servers ---- */
    {"trusted-servers-always",
     "dhcp servers=10.0.0.1,10.0.0.2",
     {{ASK_5, ""},
      {"to ack src=10.0.0.3 xid=7 yi=10.0.0.5 time=3600", "server"},
      {"to ack src=10.0.0.2 xid=7 yi=10.0.0.5 time=3600", HAS_5},
      {"from request xid=8 want=10.0.0.6", HAS_5},
      {"to ack src=10.0.0.3 xid=8 yi=10.0.0.6 time=3600", "server" HAS_5},
      {"to nak src=10.0.0.3 xid=8", "server" HAS_5}}},
    {"behind-a-relay",
     "dhcp servers=10.0.0.254",
     {{ASK_5, ""}, {"to ack src=10.0.0.254 gi=10.0.0.254 xid=7 yi=10.0.0.5 time=3600 sid=192.0.2.1", HAS_5}}},
    /* ---- times ---- */
    {"renewed-for-longer",
     "dhcp",
     {{ASK_5, ""},
      {GIVE_5, HAS_5},
      {"wait 1800", HAS_5},
      {"from request xid=9 ci=10.0.0.5 src=10.0.0.5", HAS_5},
      {"to ack xid=9 yi=10.0.0.5 time=3600 sid=10.0.0.1", HAS_5},
      {"wait 3599", HAS_5},
      {"wait 1", ""}}},
    {"renewed-for-shorter",
     "dhcp",
     {{ASK_5, ""},
      {GIVE_5, HAS_5},
      {"from request xid=9 ci=10.0.0.5", HAS_5},
      {"to ack xid=9 yi=10.0.0.5 time=60", HAS_5},
      {"wait 59", HAS_5},
      {"wait 1", ""}}},
    {"without-end",
     "dhcp",
     {{ASK_5, ""}, {"to ack xid=7 yi=10.0.0.5 time=4294967295", HAS_5}, {"wait 5000000000", HAS_5}}},
    {"the-longest-time",
     "dhcp",
     {{ASK_5, ""}, {"to ack xid=7 yi=10.0.0.5 time=4294967294", HAS_5}, {"wait 4294967293", HAS_5}, {"wait 1", ""}}},
    {"a-lease-of-no-time",
     "dhcp",
     {{ASK_5, ""},
      {"to ack xid=7 yi=10.0.0.5 time=0", "no-lease"},
      {ASK_5, ""},
      {GIVE_5, HAS_5},
      {ASK_5, HAS_5},
      {"to ack xid=7 yi=10.0.0.5 time=0", ""}}},
    {"from-a-start-with-an-old-lease",
     "dhcp",
     {{"from request xid=3 want=10.0.0.5", ""}, {"to ack xid=3 yi=10.0.0.5 time=60", HAS_5}}},
    {"from-another-server-at-last",
     "dhcp",
     {{"from request xid=7 want=10.0.0.5 sid=10.0.0.1", ""},
      {GIVE_5, HAS_5},
      {"from request xid=8 ci=10.0.0.5 src=10.0.0.5", HAS_5},
      {"to ack src=10.0.0.2 xid=8 yi=10.0.0.5 time=7200 sid=10.0.0.2", HAS_5},
      {"wait 7000", HAS_5}}},
    /* ---- ends ---- */
    {"nak",
     "dhcp",
     {{ASK_5, ""}, {GIVE_5, HAS_5}, {ASK_5, HAS_5}, {"to nak xid=7 sid=10.0.0.1", ""}, {GIVE_5, "not-asked"}}},
    {"nak-without-a-question",
     "dhcp",
     {{ASK_5, ""}, {GIVE_5, HAS_5}, {"to nak xid=7 sid=10.0.0.1", "not-asked" HAS_5}}},
    {"nak-from-another-server",
     "dhcp",
     {{ASK_5, ""},
      {GIVE_5, HAS_5},
      {"from request xid=7 want=10.0.0.5 sid=10.0.0.1", HAS_5},
      {"to nak xid=7 sid=10.0.0.2", "other-server" HAS_5},
      {"to nak xid=7 chaddr=other sid=10.0.0.1", "chaddr" HAS_5},
      {"to nak xid=7 op=1 sid=10.0.0.1", "opcode" HAS_5}}},
    {"nak-of-what-was-never-had", "dhcp", {{ASK_5, ""}, {"to nak xid=7", "no-lease"}, {GIVE_5, "not-asked"}}},
    {"nak-about-nothing", "dhcp", {{"from request xid=7", ""}, {"to nak xid=7", ""}, {GIVE_5, "not-asked"}}},
    {"release", "dhcp", {{ASK_5, ""}, {GIVE_5, HAS_5}, {"from release xid=9 ci=10.0.0.5 src=10.0.0.5", ""}}},
    {"release-from-elsewhere",
     "dhcp",
     {{ASK_5, ""},
      {GIVE_5, HAS_5},
      {"from release xid=9 ci=10.0.0.5 src=10.0.0.6", "not-from-address" HAS_5},
      {"from release xid=9 yi=10.0.0.5", "no-address" HAS_5},
      {"from release xid=9 chaddr=other ci=10.0.0.5 src=10.0.0.5", "chaddr" HAS_5},
      {"to release xid=9 ci=10.0.0.5 src=10.0.0.5", "type" HAS_5},
      {"from release esrc=other xid=9 ci=10.0.0.5 src=10.0.0.5", "foreign-mac" HAS_5}}},
    {"decline",
     "dhcp",
     {{ASK_5, ""},
      {GIVE_5, HAS_5},
      {"to decline xid=9 yi=10.0.0.5 want=10.0.0.5", "type" HAS_5},
      {"from decline xid=9", "no-address" HAS_5},
      {"from decline xid=9 want=10.0.0.6", "no-lease" HAS_5},
      {"from decline xid=9 want=10.0.0.5", ""}}},
    /* ---- rapid commit ---- */
    {"rapid-commit",
     "dhcp",
     {{"from discover xid=7 rapid want=10.0.0.5", ""},
      {"to ack xid=7 yi=10.0.0.6 time=60", "not-rapid"},
      {"to ack xid=7 yi=10.0.0.6 time=60 rapid", ": 10.0.0.6"}}},
    {"rapid-commit-that-became-an-offer",
     "dhcp",
     {{"from discover xid=7 rapid", ""},
      {"to offer xid=7 yi=10.0.0.5", "type"},
      {"from request xid=7 want=10.0.0.5 sid=10.0.0.1", ""},
      {GIVE_5, HAS_5}}},
    /* ---- several ---- */
    {"several-leases-in-order-of-arrival",
     "dhcp",
     {{"from request xid=1", ""},
      {"to ack xid=1 yi=10.0.0.9 time=60", ": 10.0.0.9"},
      {"from request xid=2", ": 10.0.0.9"},
      {"to ack xid=2 yi=10.0.0.3 time=30", ": 10.0.0.9 10.0.0.3"},
      {"from request xid=3", ": 10.0.0.9 10.0.0.3"},
      {"to ack xid=3 yi=10.0.0.7 time=90", ": 10.0.0.9 10.0.0.3 10.0.0.7"},
      {"wait 30", ": 10.0.0.9 10.0.0.7"},
      {"wait 30", ": 10.0.0.7"}}},
    {"the-cap-keeps-the-old-ones",
     "dhcp max=2",
     {{"from request xid=1", ""},
      {"to ack xid=1 yi=10.0.0.1 time=60", ": 10.0.0.1"},
      {"from request xid=2", ": 10.0.0.1"},
      {"to ack xid=2 yi=10.0.0.2 time=90", ": 10.0.0.1 10.0.0.2"},
      {"from request xid=3", ": 10.0.0.1 10.0.0.2"},
      {"to ack xid=3 yi=10.0.0.3 time=90", "full: 10.0.0.1 10.0.0.2"},
      {"from request xid=4 ci=10.0.0.1", ": 10.0.0.1 10.0.0.2"},
      {"to ack xid=4 yi=10.0.0.1 time=1", ": 10.0.0.1 10.0.0.2"},
      {"wait 2", ": 10.0.0.2"},
      {"from request xid=3", ": 10.0.0.2"},
      {"to ack xid=3 yi=10.0.0.3 time=90", ": 10.0.0.2 10.0.0.3"}}},
    {"eight-questions-at-a-time",
     "dhcp",
     {{"from request xid=1", ""},
      {"from request xid=2", ""},
      {"from request xid=3", ""},
      {"from request xid=4", ""},
      {"from request xid=5", ""},
      {"from request xid=6", ""},
      {"from request xid=7", ""},
      {"from request xid=8", ""},
      {"from request xid=9", ""},
      {"from request xid=10", ""},
      {"to ack xid=1 yi=10.0.0.5 time=60", "not-asked"},
      {"to ack xid=2 yi=10.0.0.5 time=60", "not-asked"},
      {"to ack xid=3 yi=10.0.0.5 time=60", HAS_5},
      {"to ack xid=9 yi=10.0.0.5 time=60", HAS_5},
      {"to ack xid=10 yi=10.0.0.5 time=60", HAS_5}}},
    /* ---- one unfragmented, untagged, whole datagram ---- */
    {"damaged-on-the-way",
     "dhcp",
     {{ASK_5, ""},
      {GIVE_5 " tagged", "tagged"},
      {GIVE_5 " frag=0x2000", "fragment"},
      {GIVE_5 " sum=bad", "udp-checksum"},
      {GIVE_5 " badip", "ip-header"},
      {GIVE_5 " udplen=7", "udp-length"},
      {GIVE_5 " udplen=1000", "udp-length"},
      {GIVE_5 " cut=280", "truncated"},
      {GIVE_5 " proto=6", "other-type"},
      {GIVE_5 " proto=132", "other-type"},
      {GIVE_5 " edst=other", "foreign-mac"},
      {GIVE_5 " cookie=5", "dhcp-cookie"},
      {GIVE_5 " edst=vm", HAS_5}}},
    {"sums-that-are-right",
     "dhcp",
     {{ASK_5, ""}, {GIVE_5 " sum=zero", HAS_5}, {ASK_5 " sum=partial", HAS_5}, {GIVE_5 " sum=partial", HAS_5}}},
    {"damaged-options",
     "dhcp",
     {{ASK_5, ""},
      {GIVE_5 " opt=53:05", "dhcp-repeated"},
      {GIVE_5 " time=60", "dhcp-repeated"},
      {GIVE_5 " sid=10.0.0.1", "dhcp-repeated"},
      {GIVE_5 " opt=1:ffff", "dhcp-option-length"},
      {"to ack xid=7 yi=10.0.0.5 opt=51:05 sid=10.0.0.1", "dhcp-option-length"},
      {"to ack notype opt=53:0500 xid=7 yi=10.0.0.5 time=60", "dhcp-option-length"},
      {GIVE_5 " raw=3705aa", "dhcp-options"},
      {GIVE_5 " opt=52:07", "dhcp-overload"}}},
    {"only-dhcp",
     "dhcp",
     {{"from ip 10.0.0.5 10.0.0.1", "only-dhcp"},
      {"from arp 10.0.0.5 10.0.0.1", "only-dhcp"},
      {"from arp 10.0.0.5 10.0.0.5", "only-dhcp"},
      {"from request xid=7 ci=10.0.0.5 src=10.0.0.5", ""}}},
    /* ---- any ---- */
    {"any-the-first-packet",
     "any",
     {{"from ip 10.0.0.5 10.0.0.1", HAS_5}, {"from ip 10.0.0.6 10.0.0.1", "locked" HAS_5}}},
    {"any-a-packet-captured-in-part", "any", {{"from ip 10.0.0.5 10.0.0.1 cut=40 wire=90", HAS_5}}},
    {"any-fragments-show-their-source", "any", {{"from ip 10.0.0.5 10.0.0.1 frag=0x00b9", HAS_5}}},
    {"any-arp", "any", {{"from arp 0.0.0.0 10.0.0.5", "arp-probe"}, {"from arp 10.0.0.5 10.0.0.5", HAS_5}}},
    {"any-arp-request", "any", {{"from arp 10.0.0.5 10.0.0.1", HAS_5}}},
    {"any-arp-reply", "any", {{"from arp-reply 10.0.0.5 10.0.0.1", HAS_5}}},
    {"any-arp-of-another",
     "any",
     {{"from arp arpmac=other 10.0.0.5 10.0.0.1", "arp-sender"},
      {"from arp esrc=other 10.0.0.5 10.0.0.1", "foreign-mac"},
      {"from arp htype=6 10.0.0.5 10.0.0.1", "arp-form"},
      {"from arp arpop=8 10.0.0.5 10.0.0.1", "arp-form"},
      {"from arp hlen=8 10.0.0.5 10.0.0.1", "arp-form"},
      {"from arp cut=40 10.0.0.5 10.0.0.1", "arp-form"}}},
    {"any-what-goes-to-the-vm-is-not-the-vm",
     "any",
     {{"to arp esrc=vm arpmac=vm 10.0.0.5 10.0.0.1", "other-type"},
      {"to ip esrc=vm 10.0.0.5 10.0.0.1", "other-type"},
      {"to offer xid=7 yi=10.0.0.5 time=60", "type"},
      {GIVE_5, "not-asked"}}},
    {"any-what-teaches-nothing",
     "any",
     {{"from type=86dd", "other-type"},
      {"from type=8035", "other-type"},
      {"from ip tagged 10.0.0.5 10.0.0.1", "tagged"},
      {"from ip badip 10.0.0.5 10.0.0.1", "ip-header"},
      {"from ip total=2000 10.0.0.5 10.0.0.1", "ip-header"},
      {"from ip cut=30 wire=90 10.0.0.5 10.0.0.1", "ip-header"},
      {"from ip cut=13 10.0.0.5 10.0.0.1", "short"},
      {"from ip esrc=other 10.0.0.5 10.0.0.1", "foreign-mac"}}},
    {"any-addresses-that-are-none",
     "any host=10.0.0.1 others=10.0.0.9",
     {{"from ip 0.0.0.0 10.0.0.1", "special"},
      {"from ip 127.0.0.1 10.0.0.1", "special"},
      {"from ip 0.1.2.3 10.0.0.1", "special"},
      {"from ip 224.1.1.1 10.0.0.1", "special"},
      {"from ip 255.255.255.255 10.0.0.1", "special"},
      {"from ip 10.0.0.1 10.0.0.2", "held-by-host"},
      {"from arp 10.0.0.9 10.0.0.2", "held-by-port"},
      {"from ip 10.0.0.5 10.0.0.1", HAS_5}}},
    {"any-what-is-allowed",
     "any allowed=10.0.0.8,10.0.1.0_24",
     {{"from ip 10.0.0.9 10.0.0.1", "not-allowed"}, {"from arp 10.0.1.77 10.0.0.1", ": 10.0.1.77"}}},
    {"any-link-local-is-replaced",
     "any",
     {{"from arp 169.254.3.4 169.254.3.4", ": 169.254.3.4"},
      {"from ip 169.254.3.5 10.0.0.1", "locked: 169.254.3.4"},
      {"wait 50", ": 169.254.3.4"},
      {"from ip 10.0.0.5 10.0.0.1", HAS_5},
      {"from ip 10.0.0.6 10.0.0.1", "locked" HAS_5}}},
    {"any-link-local-stays-after-a-minute",
     "any",
     {{"from arp 169.254.3.4 169.254.3.4", ": 169.254.3.4"},
      {"wait 61", ": 169.254.3.4"},
      {"from ip 10.0.0.5 10.0.0.1", "locked: 169.254.3.4"}}},
    {"any-an-ack-replaces-what-a-packet-taught",
     "any",
     {{"from ip 10.0.0.9 10.0.0.1", ": 10.0.0.9"},
      {ASK_5, ": 10.0.0.9"},
      {GIVE_5, HAS_5},
      {"from request xid=8", HAS_5},
      {"to ack xid=8 yi=10.0.0.8 time=60", "locked" HAS_5},
      {"wait 4000", HAS_5}}},
    {"any-an-ack-after-a-minute-does-not",
     "any",
     {{"from ip 10.0.0.9 10.0.0.1", ": 10.0.0.9"},
      {"wait 61", ": 10.0.0.9"},
      {ASK_5, ": 10.0.0.9"},
      {GIVE_5, "locked: 10.0.0.9"}}},
    {"any-the-minute-begins-with-the-first",
     "any",
     {{"from ip 169.254.1.1 10.0.0.1", ": 169.254.1.1"},
      {"wait 40", ": 169.254.1.1"},
      {"from ip 10.0.0.9 10.0.0.1", ": 10.0.0.9"},
      {"wait 30", ": 10.0.0.9"},
      {ASK_5, ": 10.0.0.9"},
      {GIVE_5, "locked: 10.0.0.9"}}},
    {"any-a-packet-does-not-replace-an-ack",
     "any",
     {{ASK_5, ""}, {GIVE_5, HAS_5}, {"from arp 10.0.0.6 10.0.0.6", "locked" HAS_5}}},
    {"any-what-an-ack-confirmed-no-other-replaces",
     "any",
     {{"from ip 10.0.0.5 10.0.0.1", HAS_5},
      {ASK_5, HAS_5},
      {GIVE_5, HAS_5},
      {"from request xid=8", HAS_5},
      {"to ack xid=8 yi=10.0.0.8 time=60", "locked" HAS_5}}},
    {"any-nothing-ends-it",
     "any",
     {{ASK_5, ""},
      {GIVE_5, HAS_5},
      {"from release xid=9 ci=10.0.0.5", "not-from-address" HAS_5},
      {"from decline xid=9 want=10.0.0.5", "type" HAS_5},
      {ASK_5, HAS_5},
      {"to nak xid=7", "type" HAS_5},
      {"wait 100000", HAS_5}}},
    {"any-a-renewal-shows-its-source", "any", {{"from request xid=7 ci=10.0.0.5 src=10.0.0.5", HAS_5}}},
    {"any-servers-are-checked-too", "any servers=10.0.0.2", {{ASK_5, ""}, {GIVE_5, "server"}}},
};

#ifdef NWF_MUTANTS

guint64 nwf_mutant_skip;

/* Reasons that are no check of what is believed, with where they are tested. */
static gboolean
is_no_check(NwfRefusal refusal)
{
    switch ((guint)refusal) {
    case NWF_REFUSAL_NONE:
    case NWF_REFUSAL_SHORT:      /* there is nothing to look at */
    case NWF_REFUSAL_OTHER_TYPE: /* there is nothing to learn */
    case NWF_REFUSAL_ARP_PROBE:
    case NWF_REFUSAL_DHCP_SHORT: /* tests/unit/packet/test-dhcp.c, as those that follow */
    case NWF_REFUSAL_DHCP_COOKIE:
    case NWF_REFUSAL_DHCP_OPTIONS:
    case NWF_REFUSAL_DHCP_REPEATED:
    case NWF_REFUSAL_DHCP_OPTION_LENGTH:
    case NWF_REFUSAL_DHCP_OVERLOAD:
    case NWF_REFUSAL_LOCKED: /* rules of the database, test-lease-db.c */
    case NWF_REFUSAL_ONLY_DHCP:
    case NWF_REFUSAL_FULL:
    case NWF_REFUSAL_NO_LEASE:
    case NWF_REFUSAL_RATE: /* test-terms.c */
        return TRUE;
    default:
        return FALSE;
    }
}

static guint
count_wrong_stories(guint64 skip)
{
    guint wrong = 0;

    nwf_mutant_skip = skip;
    for (gsize i = 0; i < G_N_ELEMENTS(stories); i++) {
        g_autofree char *what = story_run(&stories[i]);
        wrong += what != NULL;
    }
    return wrong;
}

static void
test_with_all(void)
{
    g_assert_cmpuint(count_wrong_stories(0), ==, 0);
}

/* The stories notice that the check of @data is left out. */
static void
test_without(gconstpointer data)
{
    g_assert_cmpuint(count_wrong_stories(G_GUINT64_CONSTANT(1) << GPOINTER_TO_UINT(data)), >, 0);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/learn/with-all-checks", test_with_all);
    for (guint refusal = 0; refusal < NWF_REFUSALS; refusal++) {
        g_autofree char *path = g_strdup_printf("/learn/without/%s", nwf_refusal_word(refusal));
        if (!is_no_check(refusal))
            g_test_add_data_func(path, GUINT_TO_POINTER(refusal), test_without);
    }
    return g_test_run();
}

#else

static void
test_story(gconstpointer data)
{
    g_autofree char *wrong = story_run(data);

    g_assert_cmpstr(wrong, ==, NULL);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (gsize i = 0; i < G_N_ELEMENTS(stories); i++) {
        g_autofree char *path = g_strdup_printf("/learn/stories/%s", stories[i].name);
        g_test_add_data_func(path, &stories[i], test_story);
    }
    return g_test_run();
}

#endif
