/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * error.c: failures and remarks
 *
 * Remarks are bounded: a document with a million misspelt attributes yields NWF_NOTES_MAX remarks and a last one that
 * says that there were more.
 *
 * Limits: texts of a document are clipped before they become part of a message (nwf_clip), so that a message stays a
 * line that a log can hold.
 */
#include "conf/error.h"

#include <glib/gi18n-lib.h>
#include <string.h>

/* Not G_DEFINE_QUARK, which keeps the number where threads may look and write at the same time. */
GQuark
nwf_error_quark(void)
{
    return g_quark_from_static_string("nwf-error-quark");
}

gboolean
nwf_set_error(GError **error, NwfErrorCode code, const char *format, ...)
{
    va_list arguments;
    if (!error)
        return FALSE;
    va_start(arguments, format);
    g_propagate_error(error, g_error_new_valist(NWF_ERROR, (gint)code, format, arguments));
    va_end(arguments);
    return FALSE;
}

NwfNotes *
nwf_notes_new(void)
{
    return g_ptr_array_new_with_free_func(g_free);
}

gboolean
nwf_notes_wanted(const NwfNotes *notes)
{
    return notes && notes->len <= NWF_NOTES_MAX;
}

void
nwf_note(NwfNotes *notes, const char *format, ...)
{
    va_list arguments;
    if (!nwf_notes_wanted(notes))
        return;
    if (notes->len == NWF_NOTES_MAX) {
        g_ptr_array_add(notes, g_strdup(_("there are more remarks; they are left out")));
        return;
    }
    va_start(arguments, format);
    g_ptr_array_add(notes, g_strdup_vprintf(format, arguments));
    va_end(arguments);
}

void
nwf_notes_append(NwfNotes *notes, const NwfNotes *more)
{
    for (guint i = 0; more && i < more->len; i++)
        nwf_note(notes, "%s", (const char *)g_ptr_array_index(more, i));
}

gboolean
nwf_notes_refuse(const NwfNotes *notes, GError **error)
{
    if (notes->len == 0)
        return TRUE;
    return nwf_set_error(error, NWF_ERROR_UNSUPPORTED, _("%s (refused because strict is 1 in nwfilter.conf)"),
                         (const char *)g_ptr_array_index(notes, 0));
}

char *
nwf_clip(const char *text)
{
    g_autofree char *valid = g_utf8_make_valid(text, (gssize)strnlen(text, NWF_CLIP_MAX + 1));
    GString *out = g_string_new(NULL);
    gboolean clipped = strlen(valid) > NWF_CLIP_MAX;
    if (clipped)
        *g_utf8_find_prev_char(valid, valid + NWF_CLIP_MAX + 1) = '\0';
    for (const char *place = valid; *place; place = g_utf8_next_char(place)) {
        gunichar character = g_utf8_get_char(place);
        g_string_append_unichar(out, g_unichar_iscntrl(character) ? '?' : character);
    }
    if (clipped)
        g_string_append(out, "…");
    return g_string_free(out, FALSE);
}
