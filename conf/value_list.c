/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * value_list.c: sets of words (states, TCP flags, directions of an ipset) and texts
 *
 * Words of a set are separated by commas and blanks, or by nothing at all ("NEWRELATED"), and are printed in one fixed
 * order, each once. A comment is cut after NWF_COMMENT_MAX bytes, never inside a character.
 */
#include "conf/value_private.h"

#include <glib/gi18n-lib.h>
#include <string.h>

/* The name with which @text begins, or NULL. No name of a set is the beginning of another one. */
static const NwfName *
leading_name(const NwfName *names, const char *text)
{
    for (const NwfName *n = names; n->name; n++)
        if (g_ascii_strncasecmp(text, n->name, strlen(n->name)) == 0)
            return n;
    return NULL;
}

/* Reads words up to @end (a character, or NUL); returns what follows it, or NULL if there is an unknown word. */
static const char *
read_set(const NwfName *names, const char *text, char end, guint32 *set)
{
    *set = 0;
    for (;;) {
        const NwfName *name = NULL;
        while (*text == ',' || g_ascii_isspace(*text))
            text++;
        if (*text == end)
            return end ? text + 1 : text;
        name = leading_name(names, text);
        if (!name)
            return NULL;
        *set |= name->number;
        text += strlen(name->name);
    }
}

static void
write_set(GString *out, const NwfName *names, guint32 set)
{
    const char *separator = "";
    for (const NwfName *n = names; n->name; n++) {
        if (!(set & n->number) || (n->number & (n->number - 1)))
            continue;
        g_string_append_printf(out, "%s%s", separator, n->name);
        separator = ",";
    }
}

gboolean
nwf_read_states(NwfValue *value, const NwfTypeRow *row, const char *text, G_GNUC_UNUSED NwfNotes *notes)
{
    if (!read_set(row->names, text, '\0', &value->number))
        return FALSE;
    if (value->number & NWF_STATE_NONE)
        value->number = NWF_STATE_NONE;
    return TRUE;
}

void
nwf_write_states(GString *out, const NwfValue *value, const NwfTypeRow *row)
{
    write_set(out, row->names, value->number);
}

gboolean
nwf_read_tcp_flags(NwfValue *value, const NwfTypeRow *row, const char *text, G_GNUC_UNUSED NwfNotes *notes)
{
    guint32 mask = 0, flags = 0;
    const char *rest = read_set(row->names, text, '/', &mask);
    if (!rest || !read_set(row->names, rest, '\0', &flags))
        return FALSE;
    value->tcp.mask = (guint8)mask;
    value->tcp.flags = (guint8)flags;
    return TRUE;
}

static void
write_tcp_side(GString *out, const NwfTypeRow *row, guint8 set)
{
    if (set == 0)
        g_string_append(out, "NONE");
    else if (set == NWF_TCP_ALL)
        g_string_append(out, "ALL");
    else
        write_set(out, row->names, set);
}

void
nwf_write_tcp_flags(GString *out, const NwfValue *value, const NwfTypeRow *row)
{
    write_tcp_side(out, row, value->tcp.mask);
    g_string_append_c(out, '/');
    write_tcp_side(out, row, value->tcp.flags);
}

/* Here a single comma separates; one after the last possible word is tolerated. */
gboolean
nwf_read_set_flags(NwfValue *value, const NwfTypeRow *row, const char *text, G_GNUC_UNUSED NwfNotes *notes)
{
    guint8 count = 0, dst = 0;
    for (;;) {
        const NwfName *name = leading_name(row->names, text);
        if (!name)
            return FALSE;
        dst |= (guint8)(name->number << count++);
        text += strlen(name->name);
        if (*text == ',' && (text[1] || count == NWF_IPSET_FLAGS_MAX))
            text++;
        else if (*text)
            return FALSE;
        if (!*text)
            break;
        if (count == NWF_IPSET_FLAGS_MAX)
            return FALSE;
    }
    value->set_flags.count = count;
    value->set_flags.dst = dst;
    return TRUE;
}

void
nwf_write_set_flags(GString *out, const NwfValue *value, const NwfTypeRow *row)
{
    for (guint i = 0; i < value->set_flags.count; i++)
        g_string_append_printf(out, "%s%s", i ? "," : "", row->names[(value->set_flags.dst >> i) & 1].name);
}

gboolean
nwf_read_set_name(NwfValue *value, G_GNUC_UNUSED const NwfTypeRow *row, const char *text, G_GNUC_UNUSED NwfNotes *notes)
{
    static const char characters[] = G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "_.:-+ ";
    if (strlen(text) > NWF_IPSET_NAME_MAX || text[strspn(text, characters)])
        return FALSE;
    value->text = g_strdup(text);
    return TRUE;
}

gboolean
nwf_read_comment(NwfValue *value, G_GNUC_UNUSED const NwfTypeRow *row, const char *text, NwfNotes *notes)
{
    gsize length = strlen(text);
    if (length > NWF_COMMENT_MAX) {
        length = (gsize)(g_utf8_find_prev_char(text, text + NWF_COMMENT_MAX + 1) - text);
        nwf_note(notes, _("the comment is too long and is cut (limit in bytes: %d)"), (int)NWF_COMMENT_MAX);
    }
    value->text = g_strndup(text, length);
    return TRUE;
}

void
nwf_write_text(GString *out, const NwfValue *value, G_GNUC_UNUSED const NwfTypeRow *row)
{
    g_string_append(out, value->text);
}
