/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test-verdict-tool.c: virt-nwfilter verdict reads captures and names the rule that decided
 *
 * Each test has a folder of its own with a filter, bindings and a capture made of frames in words.
 */
#include "verdict-story.h"

#include <glib/gstdio.h>
#include <json-glib/json-glib.h>
#include <pcap/pcap.h>

#define FILTER                                                                                                         \
    "<filter name='web'>\n"                                                                                            \
    "  <rule action='accept' direction='out'><tcp dstportstart='80'/></rule>\n"                                        \
    "  <rule action='drop' direction='in'><mac dstmacaddr='ff:ff:ff:ff:ff:ff'/></rule>\n"                              \
    "  <rule action='drop' direction='inout' priority='900'><all/></rule>\n"                                           \
    "</filter>\n"
#define BINDING(port, mac)                                                                                             \
    "<filterbinding><owner><name>g</name><uuid>11111111-2222-4333-8444-555555555555</uuid></owner>"                    \
    "<portdev name='" port "'/><mac address='" mac "'/><filterref filter='web'/></filterbinding>"

typedef struct Place {
    char *folder;
} Place;

static void
write_file(const Place *place, const char *name, const char *text)
{
    g_autofree char *path = g_build_filename(place->folder, name, NULL);
    g_autoptr(GError) error = NULL;

    g_file_set_contents(path, text, -1, &error);
    g_assert_no_error(error);
}

/* A frame in words for each line; "LENGTH words" with a number in front: the capture holds only so many bytes. */
static void
write_capture(const Place *place, int link, const char *const *frames)
{
    g_autofree char *path = g_build_filename(place->folder, "frames.pcap", NULL);
    pcap_t *dead = pcap_open_dead(link, 65535);
    pcap_dumper_t *dumper = pcap_dump_open(dead, path);

    g_assert_nonnull(dumper);
    for (guint i = 0; frames[i] != NULL; i++) {
        char *words;
        guint kept = (guint)g_ascii_strtoull(frames[i], &words, 10);
        g_autoptr(GByteArray) frame = frame_of(kept > 0 ? words + 1 : frames[i]);
        struct pcap_pkthdr header = {.caplen = kept > 0 ? kept : frame->len, .len = frame->len};

        header.ts.tv_sec = 1700000000 + i;
        pcap_dump((u_char *)dumper, &header, frame->data);
    }
    pcap_dump_close(dumper);
    pcap_close(dead);
}

static void
set_up(Place *place, G_GNUC_UNUSED gconstpointer data)
{
    static const char *const frames[] = {
        "tcp S 10.0.0.1:1000 10.0.0.2:80 seq=5",                                              /* 1: from the port */
        "tcp SA 10.0.0.2:80 10.0.0.1:1000 src=52:54:00:00:00:02 dst=52:54:00:00:00:01 ack=6", /* 2: the answer */
        "tcp S 10.0.0.1:1000 10.0.0.2:81",                                                    /* 3 */
        "ether 88b5 src=52:54:00:00:00:03 dst=ff:ff:ff:ff:ff:ff",                             /* 4: to everybody */
        "ether 88b5 src=52:54:00:00:00:03 dst=52:54:00:00:00:04",                             /* 5: of others */
        "20 tcp S 10.0.0.1:1000 10.0.0.2:81",                                                 /* 6: cut */
        NULL};

    place->folder = g_dir_make_tmp("nwfilter-verdict-XXXXXX", NULL);
    write_file(place, "web.xml", FILTER);
    write_file(place, "vnet0.xml", BINDING("vnet0", "52:54:00:00:00:01"));
    write_file(place, "vnet1.xml", BINDING("vnet1", "52:54:00:00:00:05"));
    write_capture(place, DLT_EN10MB, frames);
}

static void
tear_down(Place *place, G_GNUC_UNUSED gconstpointer data)
{
    g_autoptr(GDir) dir = g_dir_open(place->folder, 0, NULL);
    const char *name;

    while ((name = g_dir_read_name(dir)) != NULL) {
        g_autofree char *path = g_build_filename(place->folder, name, NULL);
        g_assert_cmpint(g_unlink(path), ==, 0);
    }
    g_assert_cmpint(g_rmdir(place->folder), ==, 0);
    g_free(place->folder);
}

/* Runs the command in the folder; returns whether it succeeded. */
static gboolean
run(const Place *place, const char *arguments, char **out, char **complaint)
{
    g_autofree char *script = g_strdup_printf("cd '%s' && exec '%s' verdict web.xml --pcap frames.pcap %s",
                                              place->folder, g_getenv("NWF_TOOL"), arguments);
    const char *argv[] = {"sh", "-c", script, NULL};
    g_autoptr(GError) error = NULL;
    int status;

    g_spawn_sync(NULL, (char **)argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, out, complaint, &status, &error);
    g_assert_no_error(error);
    return status == 0;
}

static void
assert_output(const Place *place, const char *arguments, const char *expected)
{
    g_autofree char *out = NULL, *complaint = NULL;

    if (!run(place, arguments, &out, &complaint))
        g_error("%s: %s", arguments, complaint);
    g_assert_cmpstr(out, ==, expected);
}

static void
assert_complaint(const Place *place, const char *arguments, const char *words)
{
    g_autofree char *out = NULL, *complaint = NULL;

    g_assert_false(run(place, arguments, &out, &complaint));
    if (strstr(complaint, words) == NULL)
        g_error("%s: \"%s\" does not say \"%s\"", arguments, complaint, words);
}

static void
put_u32(GByteArray *to, guint32 number)
{
    g_byte_array_append(to, (const guint8 *)&number, sizeof(number));
}

/* The same frame at each of @seconds, as pcapng whose times are counted in seconds. */
static void
write_seconds(const Place *place, const char *words, const guint64 *seconds, guint n)
{
    g_autofree char *path = g_build_filename(place->folder, "frames.pcap", NULL);
    g_autoptr(GByteArray) file = g_byte_array_new(), frame = frame_of(words);
    const guint32 begin[] = {0x0a0d0d0a, 28, 0x1a2b3c4d, 1, G_MAXUINT32, G_MAXUINT32, 28};
    const guint32 device[] = {1, 32, DLT_EN10MB, 65535, 1 << 16 | 9, 0, 0, 32}; /* option 9: units of 10^-0 s */

    g_byte_array_append(file, (const guint8 *)begin, sizeof(begin));
    g_byte_array_append(file, (const guint8 *)device, sizeof(device));
    for (guint i = 0; i < n; i++) {
        const guint32 padded = (frame->len + 3) & ~3u, block[] = {6, 32 + padded, 0, (guint32)(seconds[i] >> 32),
                                                                  (guint32)seconds[i], frame->len, frame->len};

        g_byte_array_append(file, (const guint8 *)block, sizeof(block));
        g_byte_array_append(file, frame->data, frame->len);
        g_byte_array_append(file, (const guint8[3]){0}, padded - frame->len);
        put_u32(file, 32 + padded);
    }
    g_assert_true(g_file_set_contents(path, (const char *)file->data, file->len, NULL));
}

/* --- tests --- */

static void
test_text(Place *place, G_GNUC_UNUSED gconstpointer data)
{
    assert_output(place, "-b vnet0.xml",
                  "     1  vnet0 > -  passes: filter 'web' line 2 (return; rule 1 of chain FI-vnet0)\n"
                  "     2  - > vnet0  passes: filter 'web' line 2 (accept; rule 1 of chain FO-vnet0)\n"
                  "     3  vnet0 > -  dropped: filter 'web' line 4 (drop; rule 2 of chain FI-vnet0)\n"
                  "     4  - > vnet0  dropped: filter 'web' line 3 (drop; rule 1 of chain libvirt-O-vnet0)\n"
                  "     5  the frame has nothing to do with the ports\n"
                  "     6  the capture holds only a part of the frame\n"
                  "passes: 2\ndropped: 2\nnot judged: 2\n");
}

static void
test_several_ports(Place *place, G_GNUC_UNUSED gconstpointer data)
{
    static const char *const frames[] = {"ether 88b5 dst=ff:ff:ff:ff:ff:ff", "ether 88b5 dst=52:54:00:00:00:05", NULL};

    write_capture(place, DLT_EN10MB, frames);
    assert_output(place, "-b vnet0.xml -b vnet1.xml",
                  "     1  vnet0 > vnet1  dropped: filter 'web' line 3 (drop; rule 1 of chain libvirt-O-vnet1)\n"
                  "     1  vnet0 > -  passes: no chain of the ports sees the frame\n"
                  "     2  vnet0 > vnet1  passes: end of chain libvirt-O-vnet1\n"
                  "passes: 2\ndropped: 1\n");
}

static void
test_given_ways(Place *place, G_GNUC_UNUSED gconstpointer data)
{
    static const char *const frames[] = {"tcp S 10.0.0.1:1000 10.0.0.2:81 src=52:54:00:00:00:77", "ether 88b5", NULL};

    write_capture(place, DLT_EN10MB, frames);
    write_file(place, "ways", "vnet0 host,-\nhost vnet0\n");
    assert_output(place, "-b vnet0.xml --ways ways",
                  "     1  vnet0 > host  dropped: filter 'web' line 4 (drop; rule 2 of chain HI-vnet0)\n"
                  "     1  vnet0 > -  dropped: filter 'web' line 4 (drop; rule 2 of chain FI-vnet0)\n"
                  "     2  host > vnet0  passes: end of chain libvirt-O-vnet0\n"
                  "passes: 1\ndropped: 2\n");
    assert_output(place, "-b vnet0.xml --direction in",
                  "     1  - > vnet0  dropped: filter 'web' line 4 (drop; rule 2 of chain FO-vnet0)\n"
                  "     2  - > vnet0  passes: end of chain libvirt-O-vnet0\n"
                  "passes: 1\ndropped: 1\n");
}

static void
test_json(Place *place, G_GNUC_UNUSED gconstpointer data)
{
    g_autofree char *out = NULL, *complaint = NULL;
    g_autoptr(JsonParser) parser = json_parser_new();
    g_autoptr(GError) error = NULL;

    g_assert_true(run(place, "--json -b vnet0.xml", &out, &complaint));
    json_parser_load_from_data(parser, out, -1, &error);
    g_assert_no_error(error);
    JsonObject *root = json_node_get_object(json_parser_get_root(parser));
    JsonArray *all = json_object_get_array_member(root, "frames");
    g_assert_cmpuint(json_array_get_length(all), ==, 6);
    g_assert_true(json_object_has_member(json_array_get_object_element(all, 4), "not_judged"));
    JsonObject *third = json_array_get_object_element(all, 2);
    JsonObject *way = json_array_get_object_element(json_object_get_array_member(third, "ways"), 0);
    JsonObject *rule = json_object_get_object_member(way, "decided_by");
    g_assert_cmpstr(json_object_get_string_member(third, "from"), ==, "vnet0");
    g_assert_cmpstr(json_object_get_string_member(way, "fate"), ==, "dropped");
    g_assert_cmpstr(json_object_get_string_member(rule, "filter"), ==, "web");
    g_assert_cmpint(json_object_get_int_member(rule, "line"), ==, 4);
    g_assert_cmpint(json_object_get_int_member(rule, "index"), ==, 2);
    g_assert_cmpstr(json_object_get_string_member(rule, "chain"), ==, "FI-vnet0");
    g_assert_cmpint(json_object_get_int_member(json_object_get_object_member(root, "sums"), "dropped"), ==, 2);
}

/* Times that a number of microseconds cannot hold are the limit, and the frames are judged all the same. */
static void
test_extreme_times(Place *place, G_GNUC_UNUSED gconstpointer data)
{
    static const guint64 seconds[] = {G_MAXUINT64, G_MAXINT64 / 4 / G_USEC_PER_SEC - 1, G_MAXINT64, 1ull << 63, 0};
    static const gint64 times[] = {-G_USEC_PER_SEC, G_MAXINT64 / 4 / G_USEC_PER_SEC * G_USEC_PER_SEC - G_USEC_PER_SEC,
                                   G_MAXINT64 / 4, -(G_MAXINT64 / 4), 0};
    g_autoptr(JsonParser) parser = json_parser_new();
    g_autofree char *out = NULL, *complaint = NULL;

    write_seconds(place, "tcp S 10.0.0.1:1000 10.0.0.2:80 seq=5", seconds, G_N_ELEMENTS(seconds));
    g_assert_true(run(place, "-b vnet0.xml --json", &out, &complaint));
    g_assert_cmpstr(complaint, ==, "");
    g_assert_true(json_parser_load_from_data(parser, out, -1, NULL));
    JsonObject *root = json_node_get_object(json_parser_get_root(parser));
    JsonArray *frames = json_object_get_array_member(root, "frames");
    g_assert_cmpuint(json_array_get_length(frames), ==, G_N_ELEMENTS(times));
    for (guint i = 0; i < G_N_ELEMENTS(times); i++)
        g_assert_cmpint(json_object_get_int_member(json_array_get_object_element(frames, i), "time"), ==, times[i]);
    g_assert_cmpint(json_object_get_int_member(json_object_get_object_member(root, "sums"), "passes"), ==, 5);
}

static void
test_complaints(Place *place, G_GNUC_UNUSED gconstpointer data)
{
    static const char *const frames[] = {NULL};

    assert_complaint(place, "", "either --binding or both --port and --mac are needed");
    assert_complaint(place, "-b vnet0.xml --direction up", "'up'; expected one of in, out, auto");
    assert_complaint(place, "-b vnet0.xml -b vnet1.xml --direction in", "exactly one port");
    assert_complaint(place, "-b vnet0.xml --pcap web.xml", "web.xml: unknown file format");
    assert_complaint(place, "-b vnet0.xml --pcap nothing", "nothing: No such file");
    write_file(place, "ways", "vnet0 -\n");
    assert_complaint(place, "-b vnet0.xml --ways ways", "'ways' has no line for frame 2");
    write_file(place, "ways", "vnet7 -\n");
    assert_complaint(place, "-b vnet0.xml --ways ways", "the way of frame 1 is 'vnet7 -'");
    assert_complaint(place, "-b vnet0.xml --ways ways --direction in", "give one");
    write_capture(place, DLT_RAW, frames);
    assert_complaint(place, "-b vnet0.xml", "'frames.pcap' is not a capture of Ethernet frames");
}

int
main(int argc, char **argv)
{
    g_setenv("LC_ALL", "C", TRUE);
    g_test_init(&argc, &argv, NULL);
    g_assert_nonnull(g_getenv("NWF_TOOL"));
    g_test_add("/verdict/tool/text", Place, NULL, set_up, test_text, tear_down);
    g_test_add("/verdict/tool/several-ports", Place, NULL, set_up, test_several_ports, tear_down);
    g_test_add("/verdict/tool/given-ways", Place, NULL, set_up, test_given_ways, tear_down);
    g_test_add("/verdict/tool/json", Place, NULL, set_up, test_json, tear_down);
    g_test_add("/verdict/tool/extreme-times", Place, NULL, set_up, test_extreme_times, tear_down);
    g_test_add("/verdict/tool/complaints", Place, NULL, set_up, test_complaints, tear_down);
    return g_test_run();
}
