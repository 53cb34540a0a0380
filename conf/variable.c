/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * variable.c: references to variables
 *
 *     $NAME        each value of the list in turn, iterator 0
 *     $NAME[@n]    the same with iterator n
 *     $NAME[n]     the value with index n, from 0
 *
 * Blanks are allowed inside the brackets, text after them is ignored (and remarked on). A name may be empty. An index
 * may be negative and then counts back from 2^32, which no list reaches.
 */
#include "conf/variable.h"

#include <errno.h>
#include <glib/gi18n-lib.h>
#include <string.h>

#define BLANKS " \f\n\r\t"

static const char name_characters[] = G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "_";

/* Reads what stands between "[" and "]"; returns what follows, or NULL. */
static const char *
read_access(const char *text, NwfVariable *variable)
{
    char *end = NULL;
    guint64 index = 0;
    gboolean negative = FALSE;

    text += strspn(text, BLANKS);
    variable->access = NWF_ACCESS_ELEMENT;
    if (*text == '@') {
        variable->access = NWF_ACCESS_ITERATOR;
        text += 1 + strspn(text + 1, BLANKS);
    }
    negative = *text == '-';
    errno = 0;
    index = g_ascii_strtoull(text, &end, 10);
    if (errno != 0 || end == text || (negative ? (guint64)0 - index : index) > G_MAXUINT32)
        return NULL;
    variable->index = (guint32)index;
    if (variable->access == NWF_ACCESS_ITERATOR && variable->index > NWF_ITERATOR_MAX)
        return NULL;
    text = end + strspn(end, BLANKS);
    return *text == ']' ? text + 1 : NULL;
}

static void
keep_written(NwfVariable *variable, const char *text)
{
    g_autoptr(GString) spelling = g_string_new(NULL);

    nwf_variable_spelling(spelling, variable);
    if (strcmp(spelling->str, text) != 0)
        variable->written = nwf_clip(text);
}

NwfVariable *
nwf_variable_parse(const char *text, NwfNotes *notes, GError **error)
{
    g_autoptr(NwfVariable) variable = g_new0(NwfVariable, 1);
    gsize length = strspn(text + 1, name_characters);
    const char *rest = text + 1 + length;

    variable->name = g_strndup(text + 1, length);
    variable->access = NWF_ACCESS_ITERATOR;
    if (*rest == '[')
        rest = read_access(rest + 1, variable);
    else if (*rest)
        rest = NULL;
    if (!rest) {
        nwf_set_error(error, NWF_ERROR_INTERNAL,
                      _("expected a variable: $NAME, $NAME[INDEX] or $NAME[@ITERATOR] (iterators: 0 to %d)"),
                      (int)NWF_ITERATOR_MAX);
        return NULL;
    }
    if (*rest)
        nwf_note(notes, _("text after ']' is ignored"));
    keep_written(variable, text + 1);
    return g_steal_pointer(&variable);
}

void
nwf_variable_free(NwfVariable *variable)
{
    if (!variable)
        return;
    g_free(variable->name);
    g_free(variable->written);
    g_free(variable);
}

void
nwf_variable_spelling(GString *out, const NwfVariable *variable)
{
    g_string_append(out, variable->name);
    if (variable->access == NWF_ACCESS_ELEMENT)
        g_string_append_printf(out, "[%u]", variable->index);
    else if (variable->index)
        g_string_append_printf(out, "[@%u]", variable->index);
}

void
nwf_variable_show(GString *out, const NwfVariable *variable)
{
    if (variable->written)
        g_string_append(out, variable->written);
    else
        nwf_variable_spelling(out, variable);
}
