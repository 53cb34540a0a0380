/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test-learned-tool.c: virt-nwfilter learned puts the driver's files together
 *
 * The state file is written by the driver's own code; the counters are as learner.c describes them.
 */
#include "driver/learn/lease_files.h"

#include <glib/gstdio.h>
#include <json-glib/json-glib.h>
#include <string.h>
#include <time.h>

#define UUID  "11111111-2222-4333-8444-555555555555"
#define KEY_A UUID "-52:54:00:00:00:01"
#define KEY_B UUID "-52:54:00:00:00:02"
#define KEY_C UUID "-52:54:00:00:00:03"

#define COUNTERS                                                                                                       \
    "[port-1]\nname=vnet0\nmode=any\nkey=" KEY_A "\ncapture=yes\naddresses=10.0.0.5;\nseen=12\naccepted=1\nlost=0\n"   \
    "refused-arp-probe=3\nlast-refusal=arp-probe\n"                                                                    \
    "[port-2]\nname=7\nmode=dhcp\nkey=" KEY_B "\ncapture=yes\naddresses=10.0.0.6;10.0.0.7;\nseen=2\n"                  \
    "[port-3]\nname=vnet9\nmode=dhcp\nkey=" UUID "-52:54:00:00:00:09\ncapture=no\naddresses=\nseen=0\n"

static NwfClock
clock_now(void)
{
    struct timespec boot;

    clock_gettime(CLOCK_BOOTTIME, &boot);
    return (NwfClock){.boot = (gint64)boot.tv_sec * G_USEC_PER_SEC + boot.tv_nsec / 1000, .wall = g_get_real_time()};
}

static void
add_record(GArray *records, const NwfClock *clock, const char *name, const char *key, const char *address,
           NwfLeaseSource source)
{
    NwfRecord record = {.mode = *name ? NWF_LEARN_ANY : NWF_LEARN_DHCP, .ifindex = *name ? 5 : 0};

    g_strlcpy(record.name, name, sizeof(record.name));
    g_strlcpy(record.key, key, sizeof(record.key));
    g_assert_true(nwf_address_parse(&record.lease.address, address));
    record.lease.source = source;
    record.lease.infinite = *name != '\0';
    record.lease.learned = record.lease.granted = clock->boot;
    if (!record.lease.infinite) {
        record.lease.expiry = clock->boot + G_GINT64_CONSTANT(3600) * G_USEC_PER_SEC;
        record.lease.server = nwf_address_ipv4(0x0a000001);
    }
    g_array_append_val(records, record);
}

static char *
place_new(void)
{
    g_autoptr(GArray) records = g_array_new(FALSE, TRUE, sizeof(NwfRecord));
    g_autoptr(GError) error = NULL;
    g_autofree char *boot_id = NULL, *state = NULL, *counters = NULL;
    char *folder = g_dir_make_tmp("nwf-learned-XXXXXX", &error);
    const NwfClock clock = clock_now();

    g_assert_no_error(error);
    g_assert_true(g_file_get_contents("/proc/sys/kernel/random/boot_id", &boot_id, NULL, NULL));
    state = g_build_filename(folder, "state", NULL);
    counters = g_build_filename(folder, "counters", NULL);
    add_record(records, &clock, "vnet0", KEY_A, "10.0.0.5", NWF_SOURCE_ARP);
    add_record(records, &clock, "", KEY_B, "10.0.0.6", NWF_SOURCE_ACK);
    add_record(records, &clock, "", KEY_B, "10.0.0.7", NWF_SOURCE_ACK);
    add_record(records, &clock, "", KEY_C, "10.0.0.8", NWF_SOURCE_ACK);
    nwf_state_file_write(state, records, g_strstrip(boot_id), &error);
    g_assert_no_error(error);
    g_file_set_contents(counters, COUNTERS, -1, &error);
    g_assert_no_error(error);
    return folder;
}

static void
place_remove(char *folder)
{
    static const char *const names[] = {"state", "counters"};

    for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autofree char *path = g_build_filename(folder, names[i], NULL);
        g_unlink(path);
    }
    g_assert_cmpint(g_rmdir(folder), ==, 0);
    g_free(folder);
}

/* (transfer full): what the tool prints; it must succeed. */
static char *
run_tool(const char *folder, const char *option)
{
    const char *argv[] = {g_getenv("NWF_TOOL"), "learned", "--state-dir", folder, option, NULL};
    g_autofree char *complaint = NULL;
    g_autoptr(GError) error = NULL;
    char *out = NULL;
    int status = -1;

    g_assert_true(g_spawn_sync(NULL, (char **)argv, NULL, 0, NULL, NULL, &out, &complaint, &status, &error));
    g_assert_no_error(error);
    g_assert_cmpstr(complaint, ==, "");
    g_assert_cmpint(status, ==, 0);
    return out;
}

/* The words of the line that begins with @first. */
static char *
words_of(const char *text, const char *first)
{
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);

    for (guint i = 0; lines[i]; i++) {
        g_autoptr(GRegex) blanks = g_regex_new(" +", 0, 0, NULL);
        if (g_str_has_prefix(lines[i], first) && lines[i][strlen(first)] == ' ')
            return g_strchomp(g_regex_replace_literal(blanks, lines[i], -1, 0, " ", 0, NULL));
    }
    return NULL;
}

static void
test_text(void)
{
    char *folder = place_new();
    g_autofree char *text = run_tool(folder, NULL), *counted = run_tool(folder, "--counters");
    g_autofree char *any = words_of(text, "vnet0"), *none = words_of(text, "vnet9"), *orphan = words_of(text, KEY_C);

    g_assert_cmpstr(any, ==, "vnet0 any 10.0.0.5 arp - -");
    g_assert_cmpstr(none, ==, "vnet9 dhcp - - - -");
    g_assert_true(g_str_has_prefix(orphan, KEY_C " dhcp 10.0.0.8 ack 20"));
    g_assert_true(g_str_has_suffix(orphan, " 10.0.0.1"));
    g_assert_nonnull(strstr(text, "10.0.0.7"));
    g_assert_null(strstr(text, "arp-probe"));
    g_assert_nonnull(strstr(counted, "    refused-arp-probe: 3\n"));
    place_remove(folder);
}

static void
test_json(void)
{
    char *folder = place_new();
    g_autofree char *text = run_tool(folder, "--json");
    g_autoptr(JsonParser) parser = json_parser_new();
    g_autoptr(GError) error = NULL;

    json_parser_load_from_data(parser, text, -1, &error);
    g_assert_no_error(error);
    JsonObject *root = json_node_get_object(json_parser_get_root(parser));
    JsonArray *ports = json_object_get_array_member(root, "ports"),
              *others = json_object_get_array_member(root, "others");
    g_assert_cmpuint(json_array_get_length(ports), ==, 3);
    g_assert_cmpuint(json_array_get_length(others), ==, 1);
    JsonObject *first = json_array_get_object_element(ports, 0), *second = json_array_get_object_element(ports, 1);
    g_assert_cmpint(json_object_get_int_member(first, "refused-arp-probe"), ==, 3);
    g_assert_cmpstr(json_object_get_string_member(second, "name"), ==, "7");
    JsonArray *leases = json_object_get_array_member(second, "addresses");
    g_assert_cmpuint(json_array_get_length(leases), ==, 2);
    JsonObject *lease = json_array_get_object_element(leases, 0);
    g_assert_cmpstr(json_object_get_string_member(lease, "address"), ==, "10.0.0.6");
    g_assert_cmpstr(json_object_get_string_member(lease, "server"), ==, "10.0.0.1");
    g_autoptr(GDateTime) end = g_date_time_new_from_iso8601(json_object_get_string_member(lease, "until"), NULL);
    gint64 left = g_date_time_to_unix(end) - g_get_real_time() / G_USEC_PER_SEC;
    g_assert_cmpint(left, >, 3000);
    g_assert_cmpint(left, <=, 3601);
    place_remove(folder);
}

/* A driver that has learned nothing yet has no files. */
static void
test_nothing(void)
{
    g_autofree char *text = run_tool("/nowhere", NULL), *json = run_tool("/nowhere", "--json");

    g_assert_null(strchr(strchr(text, '\n') + 1, '\n'));
    g_assert_nonnull(strstr(json, "\"ports\" : []"));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/tools/learned/text", test_text);
    g_test_add_func("/tools/learned/json", test_json);
    g_test_add_func("/tools/learned/nothing", test_nothing);
    return g_test_run();
}
