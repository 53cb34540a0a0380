/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * story.c: short ways to say what a test of conf/ is about
 */
#include "story.h"

#include <string.h>

char *
story_filter(const char *inside)
{
    return g_strdup_printf("<filter name='f'><uuid>" STORY_UUID "</uuid>%s</filter>", inside);
}

char *
story_rule(const char *elements)
{
    g_autofree char *rule = g_strdup_printf("<rule action='drop' direction='in'>%s</rule>", elements);
    return story_filter(rule);
}

NwfFilter *
story_parse(const char *xml, NwfDialect dialect)
{
    g_autoptr(GError) error = NULL;
    NwfFilter *filter = nwf_filter_parse(xml, &(NwfReading){.dialect = dialect}, NULL, &error);
    g_assert_no_error(error);
    return filter;
}

const NwfRule *
story_first_rule(const NwfFilter *filter)
{
    return ((NwfEntry *)g_ptr_array_index(filter->entries, 0))->rule;
}

char *
story_dump(const char *xml, NwfDialect dialect)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(NwfFilter) filter = nwf_filter_parse(xml, &(NwfReading){.dialect = dialect}, NULL, &error);
    g_assert_true((filter == NULL) == (error != NULL));
    return filter ? nwf_filter_format(filter, dialect) : g_strdup_printf("error %d: %s", error->code, error->message);
}

char *
story_elements(const char *elements, NwfDialect dialect)
{
    g_autofree char *xml = story_rule(elements);
    g_autofree char *dump = story_dump(xml, dialect);
    g_auto(GStrv) lines = g_strsplit(dump, "\n", -1);
    GString *inside = NULL;
    if (g_str_has_prefix(dump, "error"))
        return g_steal_pointer(&dump);
    inside = g_string_new(NULL);
    for (guint i = 3; lines[i] && !g_str_has_prefix(lines[i], "  <") && !g_str_has_prefix(lines[i], "</"); i++)
        g_string_append(inside, g_strstrip(lines[i]));
    return g_string_free(inside, FALSE);
}

void
story_refused(const char *xml, NwfDialect dialect, NwfErrorCode code, const char *words)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(NwfFilter) filter = nwf_filter_parse(xml, &(NwfReading){.dialect = dialect}, NULL, &error);
    if (filter)
        g_test_message("accepted: %s", xml);
    g_assert_null(filter);
    g_assert_error(error, NWF_ERROR, (int)code);
    if (!strstr(error->message, words))
        g_test_message("'%s' is not in: %s", words, error->message);
    g_assert_nonnull(strstr(error->message, words));
}

void
story_settled(const char *xml, NwfDialect dialect)
{
    g_autofree char *once = story_dump(xml, dialect);
    g_autofree char *twice = story_dump(once, dialect);
    g_assert_cmpstr(once, ==, twice);
}
