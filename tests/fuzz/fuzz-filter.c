/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * fuzz-filter.c: a filter that is accepted is printed as a document that is accepted and printed the same; a strict
 * reading refuses exactly what is remarked on besides, and validation accepts nothing that it refuses
 */
#include "conf/filter.h"

#include "fuzz.h"

#include <string.h>

static NwfFilter *
read_filter(const char *xml, NwfDialect dialect)
{
    g_autoptr(NwfNotes) notes = nwf_notes_new();
    g_autoptr(GError) error = NULL;
    NwfFilter *filter = nwf_filter_parse(xml, &(NwfReading){.dialect = dialect}, notes, &error);
    g_assert_true((filter == NULL) == (error != NULL));
    return filter;
}

static void
check_identity(const char *xml, const NwfFilter *filter)
{
    g_autofree char *name = NULL;
    gboolean generated;
    guint8 uuid[16];
    g_assert_true(nwf_filter_identify(xml, &name, uuid, &generated, NULL));
    g_assert_cmpstr(name, ==, filter->name);
    g_assert_true(filter->uuid_generated ? generated : !generated && memcmp(uuid, filter->uuid, 16) == 0);
}

static void
check_strict(const char *xml, NwfDialect dialect)
{
    g_autoptr(NwfNotes) notes = nwf_notes_new();
    g_autoptr(NwfFilter) lax = nwf_filter_parse(xml, &(NwfReading){.dialect = dialect}, notes, NULL);
    g_autoptr(NwfFilter) strict = nwf_filter_parse(xml, &(NwfReading){.dialect = dialect, .strict = TRUE}, NULL, NULL);
    g_autoptr(NwfFilter) valid = nwf_filter_parse(xml, &(NwfReading){.dialect = dialect, .validate = TRUE}, NULL, NULL);
    g_assert_true((strict != NULL) == (lax && notes->len == 0));
    g_assert_true(strict || !valid);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autofree char *xml = g_strndup((const char *)data, size);
    check_strict(xml, NWF_DIALECT_11);
    for (NwfDialect dialect = NWF_DIALECT_9; dialect <= NWF_DIALECT_12; dialect++) {
        g_autoptr(NwfFilter) first = read_filter(xml, dialect);
        g_autofree char *once = first ? nwf_filter_format(first, dialect) : NULL;
        g_autoptr(NwfFilter) second = first ? read_filter(once, dialect) : NULL;
        g_autofree char *twice = NULL;
        if (!first)
            continue;
        check_identity(xml, first);
        g_assert_nonnull(second);
        g_assert_true(nwf_filter_equal(first, second));
        twice = nwf_filter_format(second, dialect);
        g_assert_cmpstr(once, ==, twice);
    }
    return 0;
}
