/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * fuzz-binding.c: a binding that is accepted is printed as a document that is accepted and printed the same, alone and
 * in the form of its file
 */
#include "conf/binding.h"

#include "fuzz.h"

static void
check_status(const NwfBinding *binding, const NwfReading *reading, const char *expected)
{
    g_autofree char *file = nwf_binding_status_format(binding, NULL, reading->dialect, "iptables");
    g_autoptr(NwfBinding) again = nwf_binding_status_parse(file, reading, NULL, NULL);
    g_autofree char *printed = NULL;
    g_assert_nonnull(again);
    printed = nwf_binding_format(again, NULL, reading->dialect, "iptables");
    g_assert_cmpstr(printed, ==, expected);
}

static void
check_identity(const char *xml, const NwfBinding *binding)
{
    NwfBindingIdentity identity = {0};
    g_assert_true(nwf_binding_identify(xml, &identity, NULL));
    g_assert_cmpstr(identity.portdev, ==, binding->portdev);
    g_assert_cmpstr(identity.linkdev, ==, binding->linkdev);
    g_assert_cmpstr(identity.filter, ==, binding->filter);
    nwf_binding_identity_clear(&identity);
}

/* A strict reading refuses exactly what is remarked on besides; validation accepts nothing that it refuses. */
static void
check_strict(const char *xml, NwfDialect dialect)
{
    g_autoptr(NwfNotes) notes = nwf_notes_new();
    g_autoptr(NwfBinding) lax = nwf_binding_parse(xml, &(NwfReading){.dialect = dialect}, notes, NULL);
    g_autoptr(NwfBinding) strict =
        nwf_binding_parse(xml, &(NwfReading){.dialect = dialect, .strict = TRUE}, NULL, NULL);
    g_autoptr(NwfBinding) valid =
        nwf_binding_parse(xml, &(NwfReading){.dialect = dialect, .validate = TRUE}, NULL, NULL);
    g_assert_true((strict != NULL) == (lax && notes->len == 0));
    g_assert_true(strict || !valid);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autofree char *xml = g_strndup((const char *)data, size);
    check_strict(xml, NWF_DIALECT_12);
    for (NwfDialect dialect = NWF_DIALECT_9; dialect <= NWF_DIALECT_12; dialect++) {
        NwfReading reading = {.dialect = dialect};
        g_autoptr(NwfNotes) notes = nwf_notes_new();
        g_autoptr(NwfBinding) status = nwf_binding_status_parse(xml, &reading, notes, NULL);
        g_autoptr(NwfBinding) first = nwf_binding_parse(xml, &reading, notes, NULL);
        g_autofree char *once = first ? nwf_binding_format(first, NULL, dialect, "iptables") : NULL;
        g_autoptr(NwfBinding) second = first ? nwf_binding_parse(once, &reading, NULL, NULL) : NULL;
        g_autofree char *twice = NULL;
        g_assert_true(!status || !first); /* the roots differ */
        if (!first)
            continue;
        check_identity(xml, first);
        g_assert_nonnull(second);
        twice = nwf_binding_format(second, NULL, dialect, "iptables");
        g_assert_cmpstr(once, ==, twice);
        check_status(first, &reading, once);
    }
    return 0;
}
