/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * lease_files.c: the files of learned addresses; see lease_files.h
 *
 * Our own file:
 *
 *     nwfilter-learn 1
 *     <checksum> <boot> <mode> <name> <ifindex> <key>
 *         <address> <expiry> <learned> <granted> <how> <server> <next> <client>
 *
 * A lease of a server in DHCPSERVER has a second line behind its own, the same but for <boot>, to which "/listed" is
 * added, and <server>, which is the source that was in the list. A version of this driver that does not know such lines
 * takes them for those of another boot; without one nothing is known of the source.
 *
 * Times are CLOCK_BOOTTIME: of another boot no line counts, and a step of the wall clock, while we run or while we are
 * away, makes no lease longer or shorter. A dash stands for what is not there. The checksum is the beginning of the
 * SHA-256 of the rest of the line: against damage, not against somebody who may write here. Mode and origin are words
 * of tables.
 *
 * The stock driver's:
 *
 *     <expiry> <uuid>-<mac> <ip> <server>
 *
 * Expiry in seconds of the wall clock; 0: the lease ended; 18446744073709551615: without end. The server is siaddr.
 * Later lines of the same key and address replace earlier ones.
 */
#include <glib/gi18n-lib.h>
#include <string.h>

#include "driver/learn/lease_files.h"
#include "driver/store/file.h"

#define LONGEST ((gint64)NWF_LEASE_SECONDS_MAX * G_USEC_PER_SEC)

NwfLeaseFile *
nwf_lease_file_new(void)
{
    NwfLeaseFile *file = g_new0(NwfLeaseFile, 1);

    file->records = g_array_new(FALSE, FALSE, sizeof(NwfRecord));
    return file;
}

void
nwf_lease_file_free(NwfLeaseFile *file)
{
    if (!file)
        return;
    g_array_unref(file->records);
    g_free(file);
}

/* A line of a file as text, or NULL: it is longer than @max, or has a zero byte. */
static char *
text_of(NwfBytes line, gsize max)
{
    g_autofree char *text = line.length <= max ? g_strndup((const char *)line.data, line.length) : NULL;

    return text && strlen(text) == line.length ? g_steal_pointer(&text) : NULL;
}

/* ---- our own file ---- */

#define VERSION "nwfilter-learn 1"
#define NOTHING "-"
#define LISTED  "/listed"
enum { SUM_LENGTH = 16 };
#define TIME_MAX (G_GINT64_CONSTANT(1) << 53)

/* In the order of the line. */
enum { AT_SUM, AT_BOOT, AT_MODE, AT_NAME, AT_IFINDEX, AT_KEY, AT_ADDRESS };
enum { AT_EXPIRY = AT_ADDRESS + 1, AT_LEARNED, AT_GRANTED, AT_HOW, AT_SERVER, AT_NEXT, AT_CLIENT, STATE_FIELDS };

static char *
sum_of(const char *text)
{
    char *sum = g_compute_checksum_for_string(G_CHECKSUM_SHA256, text, -1);

    sum[SUM_LENGTH] = '\0';
    return sum;
}

static void
append_address(GString *line, const NwfAddress *address)
{
    char text[NWF_ADDRESS_TEXT];

    g_string_append_printf(line, " %s", nwf_address_is_set(address) ? nwf_address_format(text, address) : NOTHING);
}

static void
append_client(GString *line, const NwfClientId *client)
{
    g_string_append(line, client->length > 0 ? " " : " " NOTHING);
    for (guint i = 0; i < client->length; i++)
        g_string_append_printf(line, "%02x", client->bytes[i]);
}

static void
format_line(GString *text, const NwfRecord *record, const char *boot_id)
{
    const NwfLease *lease = &record->lease;
    g_autoptr(GString) line = g_string_new(NULL);
    g_autofree char *sum = NULL;

    g_string_append_printf(line, "%s %s %s %u %s", boot_id, nwf_learn_mode_words[record->mode],
                           *record->name ? record->name : NOTHING, record->ifindex, record->key);
    append_address(line, &lease->address);
    if (lease->infinite)
        g_string_append(line, " " NOTHING);
    else
        g_string_append_printf(line, " %" G_GINT64_FORMAT, lease->expiry);
    g_string_append_printf(line, " %" G_GINT64_FORMAT " %" G_GINT64_FORMAT " %s", lease->learned, lease->granted,
                           nwf_lease_source_words[lease->source]);
    append_address(line, &lease->server);
    append_address(line, &lease->next_server);
    append_client(line, &lease->client);
    sum = sum_of(line->str);
    g_string_append_printf(text, "%s %s\n", sum, line->str);
}

char *
nwf_state_file_format(const GArray *records, const char *boot_id)
{
    GString *text = g_string_new(VERSION "\n");
    g_autofree char *boot_listed = g_strconcat(boot_id, LISTED, NULL);

    for (guint i = 0; i < records->len; i++) {
        NwfRecord record = g_array_index(records, NwfRecord, i);
        format_line(text, &record, boot_id);
        if (!nwf_address_is_set(&record.lease.listed))
            continue;
        record.lease.server = record.lease.listed;
        format_line(text, &record, boot_listed);
    }
    return g_string_free(text, FALSE);
}

static gboolean
parse_word(guint *number, const char *const *words, guint n, const char *text)
{
    for (guint i = 0; i < n; i++)
        if (strcmp(words[i], text) == 0) {
            *number = i;
            return TRUE;
        }
    return FALSE;
}

/* A dash, or an address. */
static gboolean
parse_address(NwfAddress *address, const char *text)
{
    return strcmp(text, NOTHING) == 0 || (nwf_address_parse(address, text) && nwf_address_is_set(address));
}

static gboolean
parse_time(gint64 *time, const char *text)
{
    return g_ascii_string_to_signed(text, 10, -TIME_MAX, TIME_MAX, time, NULL);
}

/* What has been cannot be to come; if it seems so it was long ago, and no time of grace is left. */
static gboolean
parse_past(gint64 *time, const char *text, const NwfClock *clock)
{
    if (!parse_time(time, text))
        return FALSE;
    if (*time > clock->boot)
        *time = clock->boot - NWF_GRACE - 1;
    return TRUE;
}

static gboolean
parse_expiry(NwfLease *lease, const char *text, const NwfClock *clock)
{
    lease->infinite = strcmp(text, NOTHING) == 0;
    if (!lease->infinite && !parse_time(&lease->expiry, text))
        return FALSE;
    lease->expiry = MIN(lease->expiry, clock->boot + LONGEST);
    return TRUE;
}

static gboolean
parse_client(NwfClientId *client, const char *text)
{
    gsize length = strlen(text);

    if (strcmp(text, NOTHING) == 0)
        return TRUE;
    if (length % 2 != 0 || length / 2 > sizeof(client->bytes))
        return FALSE;
    for (gsize i = 0; i < length; i += 2) {
        int high = g_ascii_xdigit_value(text[i]), low = g_ascii_xdigit_value(text[i + 1]);
        if (high < 0 || low < 0)
            return FALSE;
        client->bytes[i / 2] = (guint8)(high * 16 + low);
    }
    client->length = (guint8)(length / 2);
    return TRUE;
}

/* What the modes have of name, index and end. */
static gboolean
fits_its_mode(const NwfRecord *record)
{
    if (record->mode == NWF_LEARN_ANY)
        return *record->name != '\0' && record->lease.infinite;
    return *record->name == '\0' && record->ifindex == 0 && record->lease.source == NWF_SOURCE_ACK;
}

static gboolean
parse_fields(NwfRecord *record, char *const fields[STATE_FIELDS], const NwfClock *clock)
{
    NwfLease *lease = &record->lease;
    guint64 ifindex = 0;
    guint mode = 0, source = 0;

    memset(record, 0, sizeof(*record));
    if (!parse_word(&mode, nwf_learn_mode_words, NWF_LEARN_MODES, fields[AT_MODE]) ||
        !parse_word(&source, nwf_lease_source_words, NWF_SOURCES, fields[AT_HOW]) ||
        strlen(fields[AT_NAME]) >= sizeof(record->name) ||
        !g_ascii_string_to_unsigned(fields[AT_IFINDEX], 10, 0, G_MAXINT32, &ifindex, NULL) ||
        !nwf_lease_key_parse(record->key, fields[AT_KEY]) || !parse_address(&lease->address, fields[AT_ADDRESS]) ||
        nwf_address_policy(NULL, &lease->address, NULL, FALSE) != NWF_REFUSAL_NONE ||
        !parse_expiry(lease, fields[AT_EXPIRY], clock) || !parse_past(&lease->learned, fields[AT_LEARNED], clock) ||
        !parse_past(&lease->granted, fields[AT_GRANTED], clock) || !parse_address(&lease->server, fields[AT_SERVER]) ||
        !parse_address(&lease->next_server, fields[AT_NEXT]) || !parse_client(&lease->client, fields[AT_CLIENT]))
        return FALSE;
    record->mode = mode;
    lease->source = source;
    record->ifindex = (guint)ifindex;
    if (strcmp(fields[AT_NAME], NOTHING) != 0)
        g_strlcpy(record->name, fields[AT_NAME], sizeof(record->name));
    return fits_its_mode(record);
}

static gboolean
is_listed_boot(const char *text, const char *boot_id)
{
    gsize length = strlen(boot_id);

    return strncmp(text, boot_id, length) == 0 && strcmp(text + length, LISTED) == 0;
}

/* @second: says of which listed server the lease is that stands before it. */
static void
take_listed(NwfLeaseFile *file, const NwfRecord *second)
{
    NwfRecord *lease = file->records->len > 0 ? &g_array_index(file->records, NwfRecord, file->records->len - 1) : NULL;

    if (lease && lease->mode == second->mode && strcmp(lease->key, second->key) == 0 &&
        strcmp(lease->name, second->name) == 0 && lease->lease.granted == second->lease.granted &&
        nwf_address_equal(&lease->lease.address, &second->lease.address))
        lease->lease.listed = second->lease.server;
}

static void
take_line(NwfLeaseFile *file, const char *line, const char *boot_id, const NwfClock *clock)
{
    g_auto(GStrv) fields = g_strsplit(line, " ", STATE_FIELDS + 1);
    gboolean whole = g_strv_length(fields) == STATE_FIELDS;
    g_autofree char *sum = whole ? sum_of(line + strlen(fields[AT_SUM]) + 1) : NULL;
    NwfRecord record;

    if (!whole || strcmp(sum, fields[AT_SUM]) != 0 || !parse_fields(&record, fields, clock))
        file->bad++;
    else if (is_listed_boot(fields[AT_BOOT], boot_id))
        take_listed(file, &record);
    else if (strcmp(fields[AT_BOOT], boot_id) != 0)
        file->foreign++;
    else if (record.lease.infinite || record.lease.expiry > clock->boot)
        g_array_append_val(file->records, record);
}

/* A file of another version is damaged as a whole. */
void
nwf_state_file_parse(NwfLeaseFile *file, NwfBytes text, const char *boot_id, const NwfClock *clock)
{
    NwfBytes piece = {NULL, 0};
    gsize at = 0;
    gboolean any = nwf_bytes_line(text, &at, &piece);
    g_autofree char *version = g_strndup((const char *)piece.data, piece.length);
    gboolean known = g_strcmp0(version, VERSION) == 0;

    if (any && !known)
        file->bad++;
    while (known && nwf_bytes_line(text, &at, &piece)) {
        g_autofree char *line = text_of(piece, NWF_STATE_LINE_MAX);
        if (line)
            take_line(file, line, boot_id, clock);
        else
            file->bad++;
    }
}

gboolean
nwf_state_file_write(const char *path, const GArray *records, const char *boot_id, GError **error)
{
    g_autofree char *text = nwf_state_file_format(records, boot_id);

    return nwf_file_replace(path, text, error);
}

/* ---- the stock driver's file ---- */

#define WITHOUT_END "18446744073709551615"
enum { STOCK_FIELDS = 4 };

/* Splits at blanks. A line of fewer fields than STOCK_FIELDS is none, more are ignored. */
static gboolean
split(char *line, const char *fields[STOCK_FIELDS])
{
    char *rest = line;
    guint n = 0;

    while (n < STOCK_FIELDS) {
        char *field = strsep(&rest, " ");
        if (!field)
            return FALSE;
        if (*field != '\0')
            fields[n++] = field;
    }
    return TRUE;
}

static gboolean
parse_stock_expiry(NwfLease *lease, const char *text, const NwfClock *clock)
{
    guint64 seconds = 0;

    if (!g_ascii_string_to_unsigned(text, 10, 0, G_MAXUINT64, &seconds, NULL))
        return FALSE;
    lease->infinite = seconds == G_MAXUINT64;
    gint64 left = (gint64)MIN(seconds, (guint64)G_MAXINT64 / G_USEC_PER_SEC) * G_USEC_PER_SEC - clock->wall;
    if (!lease->infinite && left > 0)
        lease->expiry = clock->boot + MIN(left, LONGEST);
    return TRUE;
}

/* FALSE for a damaged line, of which nothing is believed. A server that is no address is none. */
static gboolean
parse_stock_line(NwfRecord *record, char *line, const NwfClock *clock)
{
    NwfLease *lease = &record->lease;
    const char *fields[STOCK_FIELDS];

    memset(record, 0, sizeof(*record));
    record->mode = NWF_LEARN_DHCP;
    lease->source = NWF_SOURCE_ACK;
    lease->learned = lease->granted = clock->boot;
    if (!split(line, fields) || !parse_stock_expiry(lease, fields[0], clock) ||
        !nwf_lease_key_parse(record->key, fields[1]) || !nwf_address_parse(&lease->address, fields[2]) ||
        nwf_address_policy(NULL, &lease->address, NULL, FALSE) != NWF_REFUSAL_NONE)
        return FALSE;
    nwf_address_parse(&lease->next_server, fields[3]);
    return TRUE;
}

static char *
identity(const NwfRecord *record)
{
    char text[NWF_ADDRESS_TEXT];

    return g_strconcat(record->key, " ", nwf_address_format(text, &record->lease.address), NULL);
}

/* What the last line of a key and address says counts. @places: where each of them stands in @records. */
static void
take_stock_record(GArray *records, GHashTable *places, const NwfRecord *record)
{
    g_autofree char *name = identity(record);
    gpointer place;

    if (g_hash_table_lookup_extended(places, name, NULL, &place)) {
        g_array_index(records, NwfRecord, GPOINTER_TO_UINT(place)) = *record;
        return;
    }
    g_hash_table_insert(places, g_steal_pointer(&name), GUINT_TO_POINTER(records->len));
    g_array_append_val(records, *record);
}

void
nwf_lease_file_parse(NwfLeaseFile *file, NwfBytes text, const NwfClock *clock)
{
    g_autoptr(GHashTable) places = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    NwfRecord record;
    NwfBytes piece;

    for (gsize at = 0; nwf_bytes_line(text, &at, &piece);) {
        g_autofree char *line = text_of(piece, NWF_LEASE_LINE_MAX);
        if (!line || !parse_stock_line(&record, line, clock))
            file->bad++;
        else
            take_stock_record(file->records, places, &record);
    }
}

/* Of each key the lease granted last, in force; records of one key stand together. */
static const NwfRecord *
newest_of_key(const GArray *records, guint *at, const NwfClock *clock)
{
    const NwfRecord *first = &g_array_index(records, NwfRecord, *at), *newest = NULL;

    for (; *at < records->len; (*at)++) {
        const NwfRecord *record = &g_array_index(records, NwfRecord, *at);
        if (record->mode != first->mode || strcmp(record->key, first->key) != 0)
            break;
        if (!record->lease.infinite && record->lease.expiry <= clock->boot)
            continue;
        if (!newest || record->lease.granted >= newest->lease.granted)
            newest = record;
    }
    return first->mode == NWF_LEARN_DHCP ? newest : NULL;
}

static void
format_stock_line(GString *text, const NwfRecord *record, const NwfClock *clock)
{
    const NwfLease *lease = &record->lease;
    char address[NWF_ADDRESS_TEXT], server[NWF_ADDRESS_TEXT];
    gint64 seconds = (lease->expiry - clock->boot + clock->wall) / G_USEC_PER_SEC;

    nwf_address_format(address, &lease->address);
    nwf_address_format(server, &lease->next_server);
    if (lease->infinite)
        g_string_append_printf(text, WITHOUT_END " %s %s %s\n", record->key, address, server);
    else if (seconds > 0)
        g_string_append_printf(text, "%" G_GINT64_FORMAT " %s %s %s\n", seconds, record->key, address, server);
}

char *
nwf_lease_file_format(const GArray *records, const NwfClock *clock)
{
    GString *text = g_string_new(NULL);

    for (guint i = 0; i < records->len;) {
        const NwfRecord *newest = newest_of_key(records, &i, clock);
        if (newest)
            format_stock_line(text, newest, clock);
    }
    return g_string_free(text, FALSE);
}

static gboolean
has_ended(const NwfRecord *record)
{
    return !record->lease.infinite && record->lease.expiry == 0;
}

void
nwf_lease_file_merge(GArray *records, const NwfLeaseFile *file)
{
    g_autoptr(GHashTable) places = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    gpointer place;

    for (guint i = 0; i < records->len; i++)
        if (g_array_index(records, NwfRecord, i).mode == NWF_LEARN_DHCP)
            g_hash_table_insert(places, identity(&g_array_index(records, NwfRecord, i)), GUINT_TO_POINTER(i));
    for (guint i = 0; i < file->records->len; i++) {
        const NwfRecord *theirs = &g_array_index(file->records, NwfRecord, i);
        g_autofree char *name = identity(theirs);
        if (g_hash_table_lookup_extended(places, name, NULL, &place)) {
            NwfLease *ours = &g_array_index(records, NwfRecord, GPOINTER_TO_UINT(place)).lease;
            ours->infinite = theirs->lease.infinite;
            ours->expiry = theirs->lease.expiry;
            ours->next_server = theirs->lease.next_server;
            ours->listed = (NwfAddress){0}; /* whoever renewed it */
        } else if (!has_ended(theirs)) {
            g_array_append_val(records, *theirs);
        }
    }
    for (guint i = records->len; i-- > 0;)
        if (has_ended(&g_array_index(records, NwfRecord, i)))
            g_array_remove_index(records, i);
}

/* ---- both files ---- */

NwfLeaseFile *
nwf_lease_file_read(const char *path, const char *boot_id, const NwfClock *clock, NwfNotes *notes, GError **error)
{
    g_autoptr(NwfLeaseFile) file = nwf_lease_file_new();
    guint max = boot_id ? NWF_STATE_FILE_MAX : NWF_LEASE_FILE_MAX;
    gboolean cut;
    g_autoptr(GString) text = nwf_file_read(path, max, &cut, &file->modified, error);

    if (!text)
        return NULL;
    NwfBytes bytes = {(const guint8 *)text->str, text->len};
    if (boot_id)
        nwf_state_file_parse(file, bytes, boot_id, clock);
    else
        nwf_lease_file_parse(file, bytes, clock);
    if (file->bad > 0)
        nwf_note(notes, _("%s: damaged lines were left out: %u"), path, file->bad);
    if (cut)
        nwf_note(notes, _("%s: the file is longer than %u bytes; the rest was left out"), path, max);
    file->bad += cut ? 1 : 0;
    return g_steal_pointer(&file);
}

GArray *
nwf_state_load(const char *state_path, const char *lease_path, const char *boot_id, const NwfClock *clock,
               NwfNotes *notes)
{
    g_autoptr(GError) state_error = NULL;
    g_autoptr(GError) lease_error = NULL;
    g_autoptr(NwfLeaseFile) state = nwf_lease_file_read(state_path, boot_id, clock, notes, &state_error);
    g_autoptr(NwfLeaseFile) leases = nwf_lease_file_read(lease_path, NULL, clock, notes, &lease_error);
    GArray *records = state ? g_array_ref(state->records) : g_array_new(FALSE, FALSE, sizeof(NwfRecord));

    if (state && state->bad > 0)
        nwf_file_backup_damaged(state_path);
    if (leases && leases->bad > 0)
        nwf_file_backup_damaged(lease_path);
    if (!state)
        nwf_note(notes, "%s", state_error->message);
    if (!leases)
        nwf_note(notes, "%s", lease_error->message);
    else if (leases->modified > (state ? state->modified : 0))
        nwf_lease_file_merge(records, leases);
    return records;
}

gboolean
nwf_state_write(const GArray *records, const char *state_path, const char *lease_path, const char *boot_id,
                const NwfClock *clock, GError **error)
{
    g_autofree char *text = nwf_lease_file_format(records, clock);
    gboolean stock = nwf_file_replace(lease_path, text, error);

    return nwf_state_file_write(state_path, records, boot_id, stock ? error : NULL) && stock;
}
