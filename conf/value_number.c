/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * value_number.c: integers, named numbers, truth values, ports
 *
 * A number is read as decimal; if it is no decimal number at all it is read as hexadecimal, with or without "0x" ("ff",
 * "0b"). There is no octal. The base is remembered for printing.
 */
#include "conf/value_private.h"

#include <errno.h>
#include <glib/gi18n-lib.h>
#include <string.h>

gboolean
nwf_number_read(const char *text, guint base, guint32 *number)
{
    char *end = NULL;
    guint64 wide = 0;
    gboolean negative = FALSE;

    errno = 0;
    wide = g_ascii_strtoull(text, &end, base);
    if (errno != 0 || end == text || *end)
        return FALSE;
    negative = strchr(text, '-') != NULL;
    if ((negative ? (guint64)0 - wide : wide) > G_MAXUINT32)
        return FALSE;
    *number = (guint32)wide;
    return TRUE;
}

gboolean
nwf_signed_read(const char *text, gint32 *number)
{
    char *end = NULL;
    gint64 wide = 0;
    errno = 0;
    wide = g_ascii_strtoll(text, &end, 10);
    if (errno != 0 || end == text || *end || wide < G_MININT32 || wide > G_MAXINT32)
        return FALSE;
    *number = (gint32)wide;
    return TRUE;
}

static gboolean
read_name(NwfValue *value, const NwfName *names, const char *text)
{
    for (const NwfName *n = names; n && n->name; n++) {
        if (g_ascii_strcasecmp(n->name, text) == 0) {
            value->number = n->number;
            return TRUE;
        }
    }
    return FALSE;
}

gboolean
nwf_read_decimal(NwfValue *value, const NwfTypeRow *row, const char *text, G_GNUC_UNUSED NwfNotes *notes)
{
    return nwf_number_read(text, 10, &value->number) && value->number >= row->min && value->number <= row->max;
}

gboolean
nwf_read_number(NwfValue *value, const NwfTypeRow *row, const char *text, G_GNUC_UNUSED NwfNotes *notes)
{
    if (read_name(value, row->names, text))
        return TRUE;
    if (!nwf_number_read(text, 10, &value->number)) {
        value->hex = TRUE;
        if (!nwf_number_read(text, 16, &value->number))
            return FALSE;
    }
    return value->number >= row->min && value->number <= row->max;
}

/* Opcodes are printed in decimal, however they were written. */
gboolean
nwf_read_opcode(NwfValue *value, const NwfTypeRow *row, const char *text, NwfNotes *notes)
{
    gboolean fits = nwf_read_number(value, row, text, notes);
    value->hex = FALSE;
    return fits;
}

gboolean
nwf_read_port(NwfValue *value, const NwfTypeRow *row, const char *text, NwfNotes *notes)
{
    NwfValue number = {0};
    if (!nwf_read_number(&number, row, text, notes))
        return FALSE;
    value->hex = number.hex;
    value->range.first = value->range.last = (guint16)number.number;
    return TRUE;
}

/* Any word is a truth value: what does not say "true" is false. */
gboolean
nwf_read_bool(NwfValue *value, G_GNUC_UNUSED const NwfTypeRow *row, const char *text, NwfNotes *notes)
{
    static const char *const yes[] = {"true", "yes", "1", NULL};
    static const char *const no[] = {"false", "no", "0", NULL};
    value->number = g_strv_contains(yes, text);
    if (!value->number && !g_strv_contains(no, text))
        nwf_note(notes, _("this counts as 'false'; only 'true', 'yes' and '1' count as 'true'"));
    return TRUE;
}

static void
write_in_base(GString *out, guint32 number, gboolean hex)
{
    g_string_append_printf(out, hex ? "0x%x" : "%u", number);
}

void
nwf_write_number(GString *out, const NwfValue *value, const NwfTypeRow *row)
{
    for (const NwfName *n = row->names; n && n->name; n++) {
        if (n->number == value->number) {
            g_string_append(out, n->name);
            return;
        }
    }
    write_in_base(out, value->number, value->hex);
}

void
nwf_write_port(GString *out, const NwfValue *value, G_GNUC_UNUSED const NwfTypeRow *row)
{
    write_in_base(out, value->range.first, value->hex);
    if (value->range.last != value->range.first)
        g_string_append_printf(out, ":%u", value->range.last);
}
