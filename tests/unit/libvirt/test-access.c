/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test-access.c: access control decides before a document is looked at
 *
 * A client who may not define filters or create bindings gets that error, whatever the document says, and nothing has
 * been validated. Only a text that is no such document at all is refused before, because there is nothing to ask about.
 * A client who may gets the document's first error, in the order of the stock driver.
 *
 * The driver does what was allowed, even if somebody changes things in the meantime.
 *
 * The driver, its engine and libvirt are real. Answer and argument of the two checks are this program's, because an
 * access driver that says no is polkit's business and needs a daemon.
 */
#include "driver/libvirt/state_driver.h"
#include "tests/unit/libvirt/privileged.h"

#include "conf/value.h"

#include <libvirt/virterror.h>
#include <string.h>

static virConnectPtr conn;

static struct {
    gboolean yes;
    guint asked;
    char *about; /* of the last question: "name uuid" or "port link filter" */
} check;

static int
answer(char *about)
{
    g_free(check.about);
    check.about = about;
    check.asked++;
    if (check.yes)
        return 0;
    nwf_symbols.virReportErrorHelper(VIR_FROM_ACCESS, VIR_ERR_ACCESS_DENIED, "test", __func__, __LINE__, "%s", about);
    return -1;
}

static int
check_filter(G_GNUC_UNUSED virConnectPtr connection, const NwfAbiFilterDef *def)
{
    char uuid[37];

    nwf_uuid_format(uuid, def->uuid);
    return answer(g_strdup_printf("%s %s", def->name, uuid));
}

static int
check_binding(G_GNUC_UNUSED virConnectPtr connection, const NwfAbiBindingDef *def)
{
    return answer(g_strdup_printf("%s %s %s", def->portdev, def->linkdev ? def->linkdev : "-", def->filter));
}

#define UUID       "5ec00000-0000-4000-8000-000000000001"
#define OTHER_UUID "5ec00000-0000-4000-8000-000000000002"
#define OWNER      "<owner><name>o</name><uuid>" UUID "</uuid></owner>"
#define MAC        "<mac address='52:54:00:00:00:01'/>"
#define BAD_RULE   "<rule action='drop' direction='in'><ip srcipaddr='x'/></rule>"
#define FILTER     "<filterref filter='f'/>"

typedef struct Case {
    const char *xml;
    const char *about;              /* what the check is asked, up to where it is random; NULL: it is not asked */
    int code, domain;               /* for who may */
    int strict_code, strict_domain; /* with validation; 0: the same */
} Case;

static const Case filters[] = {
    {"<filter name='f'", NULL, VIR_ERR_XML_DETAIL, VIR_FROM_NWFILTER},
    {"<!DOCTYPE filter><filter name='f'/>", NULL, VIR_ERR_XML_DETAIL, VIR_FROM_NWFILTER},
    {"<network name='f'/>", NULL, VIR_ERR_XML_ERROR, VIR_FROM_XML},
    {"<filter/>", " ", VIR_ERR_INTERNAL_ERROR, VIR_FROM_NWFILTER, VIR_ERR_XML_INVALID_SCHEMA, VIR_FROM_XML},
    {"<filter name='f'><uuid>x</uuid></filter>", "f ", VIR_ERR_XML_ERROR, VIR_FROM_NWFILTER, VIR_ERR_XML_INVALID_SCHEMA,
     VIR_FROM_XML},
    {"<filter name='f' chain='no'><uuid>x</uuid></filter>", "f ", VIR_ERR_INVALID_ARG, VIR_FROM_NWFILTER,
     VIR_ERR_XML_INVALID_SCHEMA, VIR_FROM_XML},
    {"<filter name='f'><uuid>" UUID "</uuid>" BAD_RULE "</filter>", "f " UUID, VIR_ERR_INTERNAL_ERROR,
     VIR_FROM_NWFILTER, VIR_ERR_XML_INVALID_SCHEMA, VIR_FROM_XML},
    {"<filter name='a/b'/>", "a/b ", VIR_ERR_INVALID_ARG, VIR_FROM_NWFILTER, VIR_ERR_XML_INVALID_SCHEMA, VIR_FROM_XML},
};

static const Case bindings[] = {
    {"<filterbinding>", NULL, VIR_ERR_XML_DETAIL, VIR_FROM_NWFILTER},
    {"<filter name='f'/>", NULL, VIR_ERR_XML_ERROR, VIR_FROM_XML},
    {"<filterbinding/>", " - ", VIR_ERR_INTERNAL_ERROR, VIR_FROM_NWFILTER, VIR_ERR_XML_INVALID_SCHEMA, VIR_FROM_XML},
    {"<filterbinding><portdev name=''/>" OWNER MAC FILTER "</filterbinding>", " - f", VIR_ERR_INTERNAL_ERROR,
     VIR_FROM_NWFILTER},
    {"<filterbinding>" OWNER MAC "<portdev name='p'/></filterbinding>", "p - ", VIR_ERR_INTERNAL_ERROR,
     VIR_FROM_NWFILTER, VIR_ERR_XML_INVALID_SCHEMA, VIR_FROM_XML},
    {"<filterbinding><linkdev name='l'/>" FILTER "<portdev name='p'/></filterbinding>", "p l f", VIR_ERR_INTERNAL_ERROR,
     VIR_FROM_NWFILTER, VIR_ERR_XML_INVALID_SCHEMA, VIR_FROM_XML},
    {"<filterbinding>" OWNER MAC FILTER "<portdev name='a/b'/></filterbinding>", "a/b - f", VIR_ERR_INTERNAL_ERROR,
     VIR_FROM_NWFILTER},
};

static void
define_filter(const char *xml, gboolean strict)
{
    g_assert_null(virNWFilterDefineXMLFlags(conn, xml, strict ? VIR_NWFILTER_DEFINE_VALIDATE : 0));
}

static void
create_binding(const char *xml, gboolean strict)
{
    g_assert_null(virNWFilterBindingCreateXML(conn, xml, strict ? VIR_NWFILTER_BINDING_CREATE_VALIDATE : 0));
}

static void
try(const Case *one, void (*call)(const char *xml, gboolean strict), gboolean strict, gboolean yes)
{
    gboolean denied = one->about && !yes;
    int code = strict && one->strict_code ? one->strict_code : one->code;
    int domain = strict && one->strict_code ? one->strict_domain : one->domain;

    g_test_message("%s%s, %s", one->xml, strict ? " with validation" : "", yes ? "allowed" : "denied");
    check.yes = yes;
    check.asked = 0;
    call(one->xml, strict);
    g_assert_cmpint(virGetLastErrorCode(), ==, denied ? VIR_ERR_ACCESS_DENIED : code);
    g_assert_cmpint(virGetLastErrorDomain(), ==, denied ? VIR_FROM_ACCESS : domain);
    g_assert_cmpuint(check.asked, ==, one->about ? 1 : 0);
    if (one->about)
        g_assert_true(g_str_has_prefix(check.about, one->about));
}

static void
try_all(const Case *cases, guint n_cases, void (*call)(const char *xml, gboolean strict))
{
    for (guint i = 0; i < n_cases; i++)
        for (guint way = 0; way < 4; way++)
            try(&cases[i], call, way & 1, way & 2);
}

static void
test_filters(void)
{
    try_all(filters, G_N_ELEMENTS(filters), define_filter);
}

static void
test_bindings(void)
{
    try_all(bindings, G_N_ELEMENTS(bindings), create_binding);
}

/* A filter without uuid gets the one with which the check was asked. */
static void
test_random_uuid(void)
{
    char uuid[VIR_UUID_STRING_BUFLEN];

    check.yes = TRUE;
    virNWFilterPtr filter = virNWFilterDefineXML(conn, "<filter name='random'/>");
    g_assert_nonnull(filter);
    g_assert_cmpint(virNWFilterGetUUIDString(filter, uuid), ==, 0);
    g_autofree char *expected = g_strconcat("random ", uuid, NULL);
    g_assert_cmpstr(check.about, ==, expected);
    virNWFilterFree(filter);
}

static void
assert_rules(virNWFilterPtr filter, gboolean has)
{
    char *xml = virNWFilterGetXMLDesc(filter, 0);

    g_assert_nonnull(xml);
    g_assert_cmpint(strstr(xml, "<rule ") != NULL, ==, has);
    free(xml);
}

#define UPDATED "<filter name='same'><rule action='drop' direction='in'/></filter>"

/* Without uuid the filter of that name is meant: the check is asked about its uuid, and what it says holds. */
static void
test_update_without_uuid(void)
{
    char uuid[VIR_UUID_STRING_BUFLEN];

    check.yes = TRUE;
    virNWFilterPtr filter = virNWFilterDefineXML(conn, "<filter name='same'><uuid>" UUID "</uuid></filter>");
    g_assert_nonnull(filter);
    check.yes = FALSE;
    g_assert_null(virNWFilterDefineXML(conn, UPDATED));
    g_assert_cmpint(virGetLastErrorCode(), ==, VIR_ERR_ACCESS_DENIED);
    g_assert_cmpstr(check.about, ==, "same " UUID);
    assert_rules(filter, FALSE);
    check.yes = TRUE;
    virNWFilterPtr updated = virNWFilterDefineXML(conn, UPDATED);
    g_assert_nonnull(updated);
    g_assert_cmpint(virNWFilterGetUUIDString(updated, uuid), ==, 0);
    g_assert_cmpstr(uuid, ==, UUID);
    g_assert_cmpstr(check.about, ==, "same " UUID);
    assert_rules(filter, TRUE);
    g_assert_cmpint(virNWFilterUndefine(filter), ==, 0);
    virNWFilterFree(filter);
    virNWFilterFree(updated);
}

/*
 * While the check thinks about what it was asked, the port or the uuid gets another owner. What was decided about is
 * gone then, and the other one is nobody's business.
 */

#define OTHER "<filterbinding>" OWNER MAC "<portdev name='p'/><filterref filter='other'/></filterbinding>"
#define MINE  "<filterbinding>" OWNER MAC "<portdev name='p'/><filterref filter='mine'/></filterbinding>"

static gboolean swapped;

static int
swap_binding(G_GNUC_UNUSED virConnectPtr connection, G_GNUC_UNUSED const NwfAbiBindingDef *def)
{
    if (swapped)
        return 0;
    swapped = TRUE;
    virNWFilterBindingPtr old = virNWFilterBindingLookupByPortDev(conn, "p");
    g_assert_cmpint(virNWFilterBindingDelete(old), ==, 0);
    virNWFilterBindingFree(old);
    virNWFilterBindingPtr new = virNWFilterBindingCreateXML(conn, OTHER, 0);
    g_assert_nonnull(new);
    virNWFilterBindingFree(new);
    return 0;
}

static void
test_binding_of_another_owner(void)
{
    check.yes = TRUE;
    nwf_symbols.virNWFilterBindingDeleteEnsureACL = swap_binding;
    nwf_symbols.virNWFilterBindingGetXMLDescEnsureACL = swap_binding;
    for (guint i = 0; i < 2; i++) {
        swapped = TRUE;
        virNWFilterBindingPtr mine = virNWFilterBindingCreateXML(conn, MINE, 0);
        g_assert_nonnull(mine);
        swapped = FALSE;
        if (i == 0)
            g_assert_null(virNWFilterBindingGetXMLDesc(mine, 0));
        else
            g_assert_cmpint(virNWFilterBindingDelete(mine), ==, -1);
        g_assert_cmpint(virGetLastErrorCode(), ==, VIR_ERR_NO_NWFILTER_BINDING);
        virNWFilterBindingPtr other = virNWFilterBindingLookupByPortDev(conn, "p");
        g_assert_cmpstr(virNWFilterBindingGetFilterName(other), ==, "other");
        g_assert_cmpint(virNWFilterBindingDelete(other), ==, 0);
        virNWFilterBindingFree(other);
        virNWFilterBindingFree(mine);
    }
}

static int
swap_filter(G_GNUC_UNUSED virConnectPtr connection, G_GNUC_UNUSED const NwfAbiFilterDef *def)
{
    if (swapped)
        return 0;
    swapped = TRUE;
    virNWFilterPtr old = virNWFilterLookupByName(conn, "mine");
    g_assert_cmpint(virNWFilterUndefine(old), ==, 0);
    virNWFilterFree(old);
    virNWFilterPtr new = virNWFilterDefineXML(conn, "<filter name='other'><uuid>" UUID "</uuid></filter>");
    g_assert_nonnull(new);
    virNWFilterFree(new);
    return 0;
}

static void
test_filter_of_another_owner(void)
{
    check.yes = TRUE;
    nwf_symbols.virNWFilterUndefineEnsureACL = swap_filter;
    virNWFilterPtr mine = virNWFilterDefineXML(conn, "<filter name='mine'><uuid>" UUID "</uuid></filter>");
    g_assert_nonnull(mine);
    swapped = FALSE;
    g_assert_cmpint(virNWFilterUndefine(mine), ==, -1);
    g_assert_cmpint(virGetLastErrorCode(), ==, VIR_ERR_NO_NWFILTER);
    virNWFilterPtr other = virNWFilterLookupByName(conn, "other");
    g_assert_nonnull(other);
    virNWFilterFree(other);
    virNWFilterFree(mine);
}

/* The filter called "same" gives way to one with another uuid, or appears. */
static int
swap_name(G_GNUC_UNUSED virConnectPtr connection, G_GNUC_UNUSED const NwfAbiFilterDef *def)
{
    if (swapped)
        return 0;
    swapped = TRUE;
    virNWFilterPtr old = virNWFilterLookupByName(conn, "same");
    if (old) {
        g_assert_cmpint(virNWFilterUndefine(old), ==, 0);
        virNWFilterFree(old);
    }
    virNWFilterPtr new = virNWFilterDefineXML(conn, "<filter name='same'><uuid>" OTHER_UUID "</uuid></filter>");
    g_assert_nonnull(new);
    virNWFilterFree(new);
    return 0;
}

/* Whoever may replace one filter may not replace another one that has got its name meanwhile. */
static void
test_update_of_another_filter(void)
{
    check.yes = TRUE;
    nwf_symbols.virNWFilterDefineXMLFlagsEnsureACL = swap_name;
    for (guint there = 0; there < 2; there++) {
        if (there) {
            swapped = TRUE;
            virNWFilterPtr mine = virNWFilterDefineXML(conn, "<filter name='same'><uuid>" UUID "</uuid></filter>");
            g_assert_nonnull(mine);
            virNWFilterFree(mine);
        }
        swapped = FALSE;
        g_assert_null(virNWFilterDefineXML(conn, UPDATED));
        g_assert_cmpint(virGetLastErrorCode(), ==, VIR_ERR_OPERATION_FAILED);
        g_assert_nonnull(strstr(virGetLastErrorMessage(), "already exists with uuid " OTHER_UUID));
        virNWFilterPtr other = virNWFilterLookupByName(conn, "same");
        assert_rules(other, FALSE);
        /* asked again it is another question, with another answer */
        virNWFilterPtr updated = virNWFilterDefineXML(conn, UPDATED);
        g_assert_nonnull(updated);
        assert_rules(other, TRUE);
        g_assert_cmpint(virNWFilterUndefine(other), ==, 0);
        virNWFilterFree(other);
        virNWFilterFree(updated);
    }
    nwf_symbols.virNWFilterDefineXMLFlagsEnsureACL = check_filter;
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    conn = privileged_start();
    if (!conn) {
        g_print("1..0 # SKIP needs root, namespaces and the firewall tools\n");
        return 77;
    }
    nwf_symbols.virNWFilterDefineXMLFlagsEnsureACL = check_filter;
    nwf_symbols.virNWFilterBindingCreateXMLEnsureACL = check_binding;
    g_test_add_func("/access/filters", test_filters);
    g_test_add_func("/access/bindings", test_bindings);
    g_test_add_func("/access/random-uuid", test_random_uuid);
    g_test_add_func("/access/update-without-uuid", test_update_without_uuid);
    g_test_add_func("/access/binding-of-another-owner", test_binding_of_another_owner);
    g_test_add_func("/access/update-of-another-filter", test_update_of_another_filter);
    g_test_add_func("/access/filter-of-another-owner", test_filter_of_another_owner);
    int result = g_test_run();
    virConnectClose(conn);
    nwf_state_driver.cleanup();
    g_free(check.about);
    return result;
}
