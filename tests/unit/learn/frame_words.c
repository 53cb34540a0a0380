/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * frame_words.c: frames for tests of learning, read from words; see frames.h
 */
#include "frames.h"

#include <stdlib.h>
#include <string.h>

static const guint8 broadcast[6] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};

static guint32
address(const char *text)
{
    NwfAddress parsed;

    g_assert_true(nwf_address_parse(&parsed, text));
    return nwf_address_number(&parsed);
}

static gsize
hex(guint8 *bytes, gsize max, const char *text)
{
    gsize n = strlen(text) / 2;

    g_assert_cmpuint(n, <=, max);
    for (gsize i = 0; i < n; i++)
        bytes[i] = (guint8)(g_ascii_xdigit_value(text[2 * i]) << 4 | g_ascii_xdigit_value(text[2 * i + 1]));
    return n;
}

static void
mac_of(guint8 mac[6], const char *text)
{
    memcpy(mac, strcmp(text, "vm") == 0 ? vm_mac : strcmp(text, "all") == 0 ? broadcast : other_mac, 6);
}

/* opt=CODE:HEX, any length */
static void
raw_option(FrameSpec *spec, const char *text)
{
    guint8 value[256];
    const char *colon = strchr(text, ':');

    frame_option(spec, (guint8)atoi(text), value, colon ? hex(value, sizeof(value), colon + 1) : 0);
}

static gboolean
option_word(FrameSpec *spec, const char *word, const char *value)
{
    static const struct {
        const char *word;
        guint8 code;
    } rows[] = {{"want", 50}, {"sid", 54}, {"mask", 1}};

    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++)
        if (strcmp(rows[i].word, word) == 0) {
            frame_option_number(spec, rows[i].code, address(value));
            return TRUE;
        }
    if (strcmp(word, "time") == 0)
        frame_option_number(spec, 51, (guint32)g_ascii_strtoull(value, NULL, 10));
    else if (strcmp(word, "rapid") == 0)
        frame_option(spec, 80, NULL, 0);
    else if (strcmp(word, "opt") == 0)
        raw_option(spec, value);
    else if (strcmp(word, "raw") == 0)
        spec->n_options += hex(spec->options + spec->n_options, sizeof(spec->options) - spec->n_options, value);
    else if (strcmp(word, "notype") == 0)
        spec->n_options = 0;
    else
        return FALSE;
    return TRUE;
}

/* Words that set a number; hexadecimal with 0x. */
static gboolean
number_word(FrameSpec *spec, const char *word, const char *value)
{
    const struct {
        const char *word;
        gpointer place;
        gsize size;
    } rows[] = {
        {"xid", &spec->xid, 4},
        {"cookie", &spec->cookie, 4},
        {"op", &spec->op, 1},
        {"htype", &spec->htype, 1},
        {"hlen", &spec->hlen, 1},
        {"proto", &spec->protocol, 1},
        {"frag", &spec->fragment, 2},
        {"total", &spec->total, 2},
        {"sport", &spec->sport, 2},
        {"dport", &spec->dport, 2},
        {"udplen", &spec->udp_length, 2},
        {"arpop", &spec->arp_op, 2},
        {"cut", &spec->cut, sizeof(gsize)},
        {"wire", &spec->wire, sizeof(gsize)},
    };
    guint64 number = g_ascii_strtoull(value, NULL, 0);

    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        if (strcmp(rows[i].word, word) != 0)
            continue;
        if (rows[i].size == 1)
            *(guint8 *)rows[i].place = (guint8)number;
        else if (rows[i].size == 2)
            *(guint16 *)rows[i].place = (guint16)number;
        else if (rows[i].size == 4)
            *(guint32 *)rows[i].place = (guint32)number;
        else
            *(gsize *)rows[i].place = number;
        return TRUE;
    }
    return FALSE;
}

static gboolean
address_word(FrameSpec *spec, const char *word, const char *value)
{
    const struct {
        const char *word;
        guint32 *place;
    } rows[] = {{"ci", &spec->ci}, {"yi", &spec->yi},      {"si", &spec->si},
                {"gi", &spec->gi}, {"src", &spec->ip_src}, {"dst", &spec->ip_dst}};

    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++)
        if (strcmp(rows[i].word, word) == 0) {
            *rows[i].place = address(value);
            return TRUE;
        }
    return FALSE;
}

static gboolean
flag_word(FrameSpec *spec, const char *word, const char *value)
{
    if (strcmp(word, "tagged") == 0)
        spec->tagged = TRUE;
    else if (strcmp(word, "ipopts") == 0)
        spec->ip_options = TRUE;
    else if (strcmp(word, "badip") == 0)
        spec->bad_ip_sum = TRUE;
    else if (strcmp(word, "noend") == 0)
        spec->no_end = TRUE;
    else if (strcmp(word, "sum") == 0)
        spec->sum = strcmp(value, "zero") == 0 ? SUM_ZERO : strcmp(value, "partial") == 0 ? SUM_PARTIAL : SUM_BAD;
    else if (strcmp(word, "esrc") == 0)
        mac_of(spec->src, value);
    else if (strcmp(word, "edst") == 0)
        mac_of(spec->dst, value);
    else if (strcmp(word, "chaddr") == 0)
        mac_of(spec->chaddr, value);
    else if (strcmp(word, "arpmac") == 0)
        mac_of(spec->arp_mac, value);
    else if (strcmp(word, "file") == 0)
        spec->n_file = hex(spec->file, sizeof(spec->file), value);
    else if (strcmp(word, "sname") == 0)
        spec->n_sname = hex(spec->sname, sizeof(spec->sname), value);
    else
        return FALSE;
    return TRUE;
}

static void
begin_of_words(FrameSpec *spec, NwfLearnDirection direction, const char *kind)
{
    static const char *const types[] = {"bootp", "discover", "offer",   "request", "decline",
                                        "ack",   "nak",      "release", "inform"};

    for (guint8 i = 0; i < G_N_ELEMENTS(types); i++)
        if (strcmp(types[i], kind) == 0) {
            frame_begin(spec, FRAME_DHCP, direction, i);
            return;
        }
    if (g_str_has_prefix(kind, "arp"))
        frame_begin(spec, FRAME_ARP, direction, 0);
    else if (strcmp(kind, "ip") == 0)
        frame_begin(spec, FRAME_IP, direction, 0);
    else
        frame_begin(spec, FRAME_OTHER, direction, 0);
    if (strcmp(kind, "arp-reply") == 0)
        spec->arp_op = 2;
    if (g_str_has_prefix(kind, "type="))
        spec->ethertype = (guint16)g_ascii_strtoull(kind + 5, NULL, 16);
}

void
frame_parse(FrameSpec *spec, const char *line)
{
    g_auto(GStrv) words = g_strsplit(line, " ", -1);
    guint plain = 0;

    g_assert_cmpuint(g_strv_length(words), >=, 2);
    g_assert_true(strcmp(words[0], "from") == 0 || strcmp(words[0], "to") == 0);
    begin_of_words(spec, strcmp(words[0], "from") == 0 ? NWF_FROM_VM : NWF_TO_VM, words[1]);
    for (guint i = 2; words[i] != NULL; i++) {
        char *equals = strchr(words[i], '=');
        const char *value = equals ? equals + 1 : "";
        if (equals == NULL && g_ascii_isdigit(words[i][0])) {
            *(plain++ == 0 ? &spec->ip_src : &spec->ip_dst) = address(words[i]);
            continue;
        }
        if (equals != NULL)
            *equals = '\0';
        if (!option_word(spec, words[i], value) && !number_word(spec, words[i], value) &&
            !address_word(spec, words[i], value) && !flag_word(spec, words[i], value))
            g_error("frame '%s': the word '%s' means nothing", line, words[i]);
    }
}
