/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * learned.c: which addresses the driver has learned, from the files that it keeps
 *
 * The state file says what is known and until when, the file of counters which ports are watched and what was seen
 * there. Both are read as they are now, at most seconds behind; no daemon is asked. What is known of a guest that has
 * no port now (leases outlive their binding) comes last.
 *
 * People get a line for each address; programs get one JSON object, whose words are not translated.
 */
#include "driver/learn/lease_files.h"
#include "tools/json.h"
#include "tools/virt-nwfilter.h"

#include <glib/gi18n-lib.h>
#include <time.h>

#define STATE_DIR "/run/libvirt/nwfilter-learn"
#define BOOT_ID   "/proc/sys/kernel/random/boot_id"

typedef struct Learned {
    NwfClock clock;
    NwfLeaseFile *state;
    GKeyFile *counters;
    char **groups;   /* of counters, one for each port */
    gboolean *shown; /* for each record of the state, whether a port has it */
} Learned;

static void
learned_clear(Learned *learned)
{
    g_clear_pointer(&learned->state, nwf_lease_file_free);
    g_clear_pointer(&learned->counters, g_key_file_unref);
    g_clear_pointer(&learned->groups, g_strfreev);
    g_clear_pointer(&learned->shown, g_free);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Learned, learned_clear)

/* ---- reading ---- */

static NwfClock
clock_now(void)
{
    struct timespec boot;

    clock_gettime(CLOCK_BOOTTIME, &boot);
    return (NwfClock){.boot = (gint64)boot.tv_sec * G_USEC_PER_SEC + boot.tv_nsec / 1000, .wall = g_get_real_time()};
}

static gboolean
read_counters(Learned *learned, const char *directory, GError **error)
{
    g_autofree char *path = g_build_filename(directory, "counters", NULL);
    g_autoptr(GError) failure = NULL;

    learned->counters = g_key_file_new();
    if (!g_key_file_load_from_file(learned->counters, path, G_KEY_FILE_NONE, &failure) &&
        !g_error_matches(failure, G_FILE_ERROR, G_FILE_ERROR_NOENT))
        return nwf_set_error(error, NWF_ERROR_SYSTEM, "%s: %s", path, failure->message);
    learned->groups = g_key_file_get_groups(learned->counters, NULL);
    return TRUE;
}

static gboolean
read_state(Learned *learned, const char *directory, GError **error)
{
    g_autofree char *path = g_build_filename(directory, "state", NULL);
    g_autoptr(NwfNotes) notes = nwf_notes_new();
    g_autofree char *boot_id = NULL;
    g_autoptr(GError) failure = NULL;

    if (!g_file_get_contents(BOOT_ID, &boot_id, NULL, &failure))
        return nwf_set_error(error, NWF_ERROR_SYSTEM, "%s", failure->message);
    learned->clock = clock_now();
    learned->state = nwf_lease_file_read(path, g_strstrip(boot_id), &learned->clock, notes, error);
    for (guint i = 0; i < notes->len; i++)
        g_printerr("%s\n", (const char *)g_ptr_array_index(notes, i));
    if (learned->state)
        learned->shown = g_new0(gboolean, learned->state->records->len);
    return learned->state != NULL;
}

static const NwfRecord *
record_at(const Learned *learned, guint index)
{
    return &g_array_index(learned->state->records, NwfRecord, index);
}

/* Whether the port that @group of the counters is about has the address of @record. */
static gboolean
is_of(const Learned *learned, const char *group, const NwfRecord *record)
{
    const char *item = record->mode == NWF_LEARN_ANY ? "name" : "key";
    g_autofree char *mode = g_key_file_get_string(learned->counters, group, "mode", NULL);
    g_autofree char *value = g_key_file_get_string(learned->counters, group, item, NULL);

    return g_strcmp0(mode, nwf_learn_mode_words[record->mode]) == 0 &&
           g_strcmp0(value, record->mode == NWF_LEARN_ANY ? record->name : record->key) == 0;
}

/* (transfer full): when the lease ends, local time; NULL: never. */
static GDateTime *
end_of(const Learned *learned, const NwfLease *lease)
{
    gint64 wall = lease->expiry - learned->clock.boot + learned->clock.wall;

    return lease->infinite ? NULL : g_date_time_new_from_unix_local(wall / G_USEC_PER_SEC);
}

/* ---- for people ---- */

static void
print_line(const char *port, const char *mode, const char *address, const char *source, const char *until,
           const char *server)
{
    g_print("%-16s %-5s %-16s %-5s %-20s %s\n", port, mode, address, source, until, server);
}

static void
print_record(const Learned *learned, const char *port, const NwfRecord *record)
{
    g_autoptr(GDateTime) end = end_of(learned, &record->lease);
    g_autofree char *until = end ? g_date_time_format(end, "%F %T") : g_strdup("-");
    char address[NWF_ADDRESS_TEXT], server[NWF_ADDRESS_TEXT];

    print_line(port, nwf_learn_mode_words[record->mode], nwf_address_format(address, &record->lease.address),
               nwf_lease_source_words[record->lease.source], until,
               nwf_address_is_set(&record->lease.server) ? nwf_address_format(server, &record->lease.server) : "-");
}

static void
print_port(Learned *learned, const char *group)
{
    g_autofree char *name = g_key_file_get_string(learned->counters, group, "name", NULL);
    g_autofree char *mode = g_key_file_get_string(learned->counters, group, "mode", NULL);
    gboolean any = FALSE;

    for (guint i = 0; i < learned->state->records->len; i++) {
        if (!is_of(learned, group, record_at(learned, i)))
            continue;
        print_record(learned, name ? name : "?", record_at(learned, i));
        any = learned->shown[i] = TRUE;
    }
    if (!any)
        print_line(name ? name : "?", mode ? mode : "?", "-", "-", "-", "-");
}

static void
print_counters(const Learned *learned, const char *group)
{
    g_auto(GStrv) keys = g_key_file_get_keys(learned->counters, group, NULL, NULL);

    for (guint i = 0; keys && keys[i]; i++) {
        g_autofree char *value = g_key_file_get_string(learned->counters, group, keys[i], NULL);
        if (!g_str_equal(keys[i], "name") && !g_str_equal(keys[i], "mode"))
            g_print("    %s: %s\n", keys[i], value);
    }
}

static void
print_text(Learned *learned, gboolean counters)
{
    print_line(_("Port"), _("Mode"), _("Address"), _("By"), _("Until"), _("Server"));
    for (guint i = 0; learned->groups[i]; i++) {
        print_port(learned, learned->groups[i]);
        if (counters)
            print_counters(learned, learned->groups[i]);
    }
    for (guint i = 0; i < learned->state->records->len; i++)
        if (!learned->shown[i])
            print_record(learned,
                         *record_at(learned, i)->name ? record_at(learned, i)->name : record_at(learned, i)->key,
                         record_at(learned, i));
}

/* ---- for programs ---- */

static void
put_record(JsonBuilder *out, const Learned *learned, const NwfRecord *record)
{
    g_autoptr(GDateTime) end = end_of(learned, &record->lease);
    g_autofree char *until = end ? g_date_time_format_iso8601(end) : NULL;
    char address[NWF_ADDRESS_TEXT], server[NWF_ADDRESS_TEXT];

    json_builder_begin_object(out);
    nwf_json_text(out, "address", nwf_address_format(address, &record->lease.address));
    nwf_json_text(out, "by", nwf_lease_source_words[record->lease.source]);
    nwf_json_text(out, "until", until);
    nwf_json_text(out, "server",
                  nwf_address_is_set(&record->lease.server) ? nwf_address_format(server, &record->lease.server) : NULL);
    nwf_json_text(out, "key", record->key);
    json_builder_end_object(out);
}

/* All that the file of counters says of a port; what is not a number is text. */
static void
put_port(JsonBuilder *out, Learned *learned, const char *group)
{
    g_auto(GStrv) keys = g_key_file_get_keys(learned->counters, group, NULL, NULL);

    json_builder_begin_object(out);
    for (guint i = 0; keys && keys[i]; i++) {
        g_autofree char *value = g_key_file_get_string(learned->counters, group, keys[i], NULL);
        guint64 number;
        if (g_str_equal(keys[i], "addresses"))
            continue;
        if (!g_str_equal(keys[i], "name") && g_ascii_string_to_unsigned(value, 10, 0, G_MAXINT64, &number, NULL)) {
            nwf_json_number(out, keys[i], (gint64)number);
        } else {
            nwf_json_text(out, keys[i], value);
        }
    }
    json_builder_set_member_name(out, "addresses");
    json_builder_begin_array(out);
    for (guint i = 0; i < learned->state->records->len; i++) {
        if (!is_of(learned, group, record_at(learned, i)))
            continue;
        put_record(out, learned, record_at(learned, i));
        learned->shown[i] = TRUE;
    }
    json_builder_end_array(out);
    json_builder_end_object(out);
}

static void
print_json(Learned *learned)
{
    g_autoptr(JsonBuilder) out = json_builder_new();

    json_builder_begin_object(out);
    json_builder_set_member_name(out, "ports");
    json_builder_begin_array(out);
    for (guint i = 0; learned->groups[i]; i++)
        put_port(out, learned, learned->groups[i]);
    json_builder_end_array(out);
    json_builder_set_member_name(out, "others");
    json_builder_begin_array(out);
    for (guint i = 0; i < learned->state->records->len; i++)
        if (!learned->shown[i])
            put_record(out, learned, record_at(learned, i));
    json_builder_end_array(out);
    json_builder_end_object(out);
    nwf_json_print(out);
}

/* ---- the command ---- */

gboolean
nwf_learned_command(int argc, char **argv, GError **error)
{
    g_autofree char *directory = NULL;
    gboolean json = FALSE, counters = FALSE;
    const GOptionEntry entries[] = {
        {"counters", 'c', 0, G_OPTION_ARG_NONE, &counters, N_("also print what was seen at each port"), NULL},
        {"json", 'j', 0, G_OPTION_ARG_NONE, &json, N_("print JSON"), NULL},
        {"state-dir", 0, 0, G_OPTION_ARG_FILENAME, &directory, N_("folder of the driver's files"), N_("DIRECTORY")},
        {0},
    };
    g_autoptr(GOptionContext) context = g_option_context_new(NULL);
    g_auto(Learned) learned = {0};

    g_option_context_set_summary(context, _("Prints the addresses that the driver has learned."));
    g_option_context_add_main_entries(context, entries, GETTEXT_PACKAGE);
    if (!g_option_context_parse(context, &argc, &argv, error))
        return FALSE;
    if (argc > 1)
        return nwf_set_error(error, NWF_ERROR_ARGUMENT, _("unexpected argument '%s'"), argv[1]);
    if (!read_state(&learned, directory ? directory : STATE_DIR, error) ||
        !read_counters(&learned, directory ? directory : STATE_DIR, error))
        return FALSE;
    if (json)
        print_json(&learned);
    else
        print_text(&learned, counters);
    return TRUE;
}
