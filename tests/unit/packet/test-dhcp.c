/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test-dhcp.c: DHCP messages, whole and damaged; and that no check of the decoder stands there untested
 *
 * The messages are data. test-packet-dhcp runs them against what is shipped. test-packet-dhcp-mutants runs them against
 * the decoder compiled with NWF_MUTANTS, without each check in turn, and one of them must come out wrong.
 */
#include "packet/check_private.h"
#include "packet/dhcp.h"

#include <string.h>

#include "frames.h"

enum { HEADERS = 14 + 20 + 8, OPTIONS = 240 };

/* What the decoder says of the message in a frame; its first @length bytes, all if 0. */
static NwfDhcpFault
decode(NwfDhcp *dhcp, const char *line, gsize length)
{
    g_autoptr(GByteArray) frame = NULL;
    FrameSpec spec;
    g_autofree guint8 *exact = NULL;
    gsize whole;

    frame_parse(&spec, line);
    frame = frame_build(&spec, NULL);
    whole = frame->len - HEADERS;
    length = length ? MIN(length, whole) : whole;
    exact = g_malloc(length); /* so that a byte too far is seen */
    memcpy(exact, frame->data + HEADERS, length);
    return nwf_dhcp_read(dhcp, (NwfBytes){exact, length});
}

/* "type lease mask requested server client-length" */
static char *
summary(const NwfDhcp *dhcp)
{
    char mask[NWF_ADDRESS_TEXT], requested[NWF_ADDRESS_TEXT], server[NWF_ADDRESS_TEXT];

    return g_strdup_printf("%u %s%u %s %s %s %u%s", dhcp->type, dhcp->has_lease_time ? "" : "no ", dhcp->lease_time,
                           nwf_address_format(mask, &dhcp->mask), nwf_address_format(requested, &dhcp->requested),
                           nwf_address_format(server, &dhcp->server), dhcp->client.length,
                           dhcp->rapid_commit ? " rapid" : "");
}

static const struct {
    const char *name, *line, *expected; /* a summary or the word of a fault */
    gsize length;                       /* of the message's bytes that are there; 0: all */
} messages[] = {
    {"ack", "to ack time=3600 sid=10.0.0.1 mask=255.255.255.0", "5 3600 255.255.255.0 0.0.0.0 10.0.0.1 0"},
    {"order-does-not-matter", "to ack mask=255.255.255.0 sid=10.0.0.1 time=3600",
     "5 3600 255.255.255.0 0.0.0.0 10.0.0.1 0"},
    {"type-last", "to ack notype sid=10.0.0.1 time=3600 opt=53:05", "5 3600 0.0.0.0 0.0.0.0 10.0.0.1 0"},
    {"bootp", "to bootp", "0 no 0 0.0.0.0 0.0.0.0 0.0.0.0 0"},
    {"request", "from request want=10.0.0.5 opt=61:01525400000001", "3 no 0 0.0.0.0 10.0.0.5 0.0.0.0 7"},
    {"no-end", "to ack noend time=60", "5 60 0.0.0.0 0.0.0.0 0.0.0.0 0"},
    {"no-end-and-pads", "to ack noend time=60 raw=00000000", "5 60 0.0.0.0 0.0.0.0 0.0.0.0 0"},
    {"pads-between", "to ack raw=000000 time=60 raw=00 sid=10.0.0.1", "5 60 0.0.0.0 0.0.0.0 10.0.0.1 0"},
    {"nothing-behind-the-end", "to ack raw=ff time=60", "5 no 0 0.0.0.0 0.0.0.0 0.0.0.0 0"},
    {"options-of-no-length", "to ack opt=200: time=60 opt=61:", "5 60 0.0.0.0 0.0.0.0 0.0.0.0 0"},
    {"rapid", "to ack rapid", "5 no 0 0.0.0.0 0.0.0.0 0.0.0.0 0 rapid"},
    {"rapid-has-no-value", "to ack opt=80:01", "option-length"},
    {"type-in-file", "to ack notype opt=52:01 file=350105ff time=60", "5 60 0.0.0.0 0.0.0.0 0.0.0.0 0"},
    {"type-in-sname", "to ack notype opt=52:02 sname=350105ff time=60", "5 60 0.0.0.0 0.0.0.0 0.0.0.0 0"},
    {"type-in-both", "to ack notype opt=52:03 file=33040000003cff sname=350105ff", "5 60 0.0.0.0 0.0.0.0 0.0.0.0 0"},
    {"file-is-not-options", "to ack file=33040000003cff", "5 no 0 0.0.0.0 0.0.0.0 0.0.0.0 0"},
    {"type-in-options-and-file", "to ack opt=52:01 file=350105ff", "repeated"},
    {"overload-of-what", "to ack opt=52:00", "overload"},
    {"overload-overload", "to ack opt=52:01 file=340102ff", "option-length"},
    {"overloaded-field-runs-out", "to ack opt=52:02 sname=3dff", "options"},
    {"split-client-id", "from request opt=61:010203 opt=50:0a000005 opt=61:0405", "3 no 0 0.0.0.0 10.0.0.5 0.0.0.0 5"},
    {"split-in-file", "from request opt=61:010203 opt=52:01 file=3d020405ff", "3 no 0 0.0.0.0 0.0.0.0 0.0.0.0 5"},
    {"split-mask", "to ack opt=1:ffff opt=1:ff00", "5 no 0 255.255.255.0 0.0.0.0 0.0.0.0 0"},
    {"two-masks", "to ack mask=255.0.0.0 mask=255.0.0.0", "option-length"},
    {"two-requested", "from request want=10.0.0.5 want=10.0.0.5", "repeated"},
    {"two-times", "to ack time=60 time=60", "repeated"},
    {"two-types", "to ack opt=53:05", "repeated"},
    {"two-servers", "to ack sid=10.0.0.1 sid=10.0.0.1", "repeated"},
    {"split-time", "to ack opt=51:0000 opt=51:003c", "repeated"},
    {"short-time", "to ack opt=51:05", "option-length"},
    {"long-time", "to ack opt=51:0000003c00", "option-length"},
    {"empty-type", "to ack notype opt=53:", "option-length"},
    {"long-type", "to ack notype opt=53:0505", "option-length"},
    {"short-server", "to ack opt=54:0a0000", "option-length"},
    {"short-mask", "to ack opt=1:ffffff", "option-length"},
    {"option-past-the-end", "to ack noend raw=3304000000", "options"},
    {"no-length", "to ack noend raw=33", "options"},
    {"no-cookie", "to ack cookie=0x63825362", "cookie"},
    {"no-options", "to ack time=60", "short", OPTIONS - 1},
};

static const char *const words[NWF_DHCP_FAULTS] = {
    [NWF_DHCP_SHORT] = "short",       [NWF_DHCP_COOKIE] = "cookie",     [NWF_DHCP_OPTIONS] = "options",
    [NWF_DHCP_REPEATED] = "repeated", [NWF_DHCP_OVERLOAD] = "overload", [NWF_DHCP_OPTION_LENGTH] = "option-length",
};

/* What becomes of the message in row @i. */
static char *
outcome(gsize i)
{
    NwfDhcp dhcp;
    NwfDhcpFault fault = decode(&dhcp, messages[i].line, messages[i].length);

    return fault == NWF_DHCP_SOUND ? summary(&dhcp) : g_strdup(words[fault]);
}

#ifdef NWF_MUTANTS

guint64 nwf_mutant_skip;

/* A row notices that the check of @data is left out; with all checks none is wrong. */
static void
test_without(gconstpointer data)
{
    guint wrong = 0;

    nwf_mutant_skip = data ? G_GUINT64_CONSTANT(1) << GPOINTER_TO_UINT(data) : 0;
    for (gsize i = 0; i < G_N_ELEMENTS(messages); i++) {
        g_autofree char *got = outcome(i);
        wrong += !g_str_equal(got, messages[i].expected);
    }
    g_assert_true((wrong > 0) == (data != NULL));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_data_func("/packet/dhcp/with-all-checks", NULL, test_without);
    for (guint fault = NWF_DHCP_SHORT; fault < NWF_DHCP_FAULTS; fault++) {
        g_autofree char *path = g_strconcat("/packet/dhcp/without/", words[fault], NULL);
        g_test_add_data_func(path, GUINT_TO_POINTER(fault), test_without);
    }
    return g_test_run();
}

#else

static void
test_message(gconstpointer data)
{
    g_autofree char *got = outcome(GPOINTER_TO_SIZE(data));

    g_assert_cmpstr(got, ==, messages[GPOINTER_TO_SIZE(data)].expected);
}

static void
test_header_fields(void)
{
    NwfDhcp dhcp;
    char text[NWF_ADDRESS_TEXT];

    g_assert_cmpint(decode(&dhcp, "to ack xid=0x12345678 ci=10.0.0.1 yi=10.0.0.2 si=10.0.0.3 gi=10.0.0.4", 0), ==,
                    NWF_DHCP_SOUND);
    g_assert_cmpuint(dhcp.xid, ==, 0x12345678);
    g_assert_cmpuint(dhcp.op, ==, 2);
    g_assert_cmpuint(dhcp.htype, ==, 1);
    g_assert_cmpuint(dhcp.hlen, ==, 6);
    g_assert_cmpstr(nwf_address_format(text, &dhcp.ciaddr), ==, "10.0.0.1");
    g_assert_cmpstr(nwf_address_format(text, &dhcp.yiaddr), ==, "10.0.0.2");
    g_assert_cmpstr(nwf_address_format(text, &dhcp.siaddr), ==, "10.0.0.3");
    g_assert_cmpstr(nwf_address_format(text, &dhcp.giaddr), ==, "10.0.0.4");
    g_assert_cmpmem(dhcp.chaddr, 6, vm_mac, 6);
}

/* A message cut at any byte is read inside its bytes, and what is whole behind its END does not matter. */
static void
test_every_length(void)
{
    const char *line = "to ack xid=7 yi=10.0.0.5 time=3600 sid=10.0.0.1 opt=61:0102030405 mask=255.255.255.0";
    gsize end = OPTIONS + 3 + 6 + 6 + 7 + 6;
    NwfDhcp dhcp;

    for (gsize length = 1; length <= end + 1; length++) {
        NwfDhcpFault fault = decode(&dhcp, line, length);
        if (length < OPTIONS)
            g_assert_cmpint(fault, ==, NWF_DHCP_SHORT);
        else if (length >= end)
            g_assert_cmpint(fault, ==, NWF_DHCP_SOUND);
        else
            g_assert_true(fault == NWF_DHCP_SOUND || fault == NWF_DHCP_OPTIONS);
    }
}

/* Large replies, with options that mean nothing here before the one that does. */
static void
test_large_messages(void)
{
    for (gsize size = 300; size <= 1400; size += 100) {
        g_autoptr(GString) line = g_string_new("to ack");
        NwfDhcp dhcp;
        for (gsize n = 0; n < size; n += 50) {
            g_string_append(line, " opt=224:");
            for (guint i = 0; i < 48; i++)
                g_string_append(line, "ab");
        }
        g_string_append(line, " time=77");
        g_assert_cmpint(decode(&dhcp, line->str, 0), ==, NWF_DHCP_SOUND);
        g_assert_cmpuint(dhcp.lease_time, ==, 77);
    }
}

/* RFC 3396: a client identifier may be as long as one option; longer is none. */
static void
test_long_client_id(void)
{
    for (guint n = 254; n <= 256; n++) {
        g_autoptr(GString) line = g_string_new("from request opt=61:");
        NwfDhcp dhcp;
        for (guint i = 0; i < n; i++)
            g_string_append(line, i == 200 ? " opt=61:ab" : "ab");
        if (n == 256) {
            g_assert_cmpint(decode(&dhcp, line->str, 0), ==, NWF_DHCP_OPTION_LENGTH);
            continue;
        }
        g_assert_cmpint(decode(&dhcp, line->str, 0), ==, NWF_DHCP_SOUND);
        g_assert_cmpuint(dhcp.client.length, ==, n);
        g_assert_cmpuint(dhcp.client.bytes[n - 1], ==, 0xab);
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (gsize i = 0; i < G_N_ELEMENTS(messages); i++) {
        g_autofree char *path = g_strdup_printf("/packet/dhcp/%s", messages[i].name);
        g_test_add_data_func(path, GSIZE_TO_POINTER(i), test_message);
    }
    g_test_add_func("/packet/dhcp/header-fields", test_header_fields);
    g_test_add_func("/packet/dhcp/every-length", test_every_length);
    g_test_add_func("/packet/dhcp/large-messages", test_large_messages);
    g_test_add_func("/packet/dhcp/long-client-id", test_long_client_id);
    return g_test_run();
}

#endif
