/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test-permissions.c: each call asks the rule that libvirt has for it, once, about what it is about
 *
 * A client who is refused gets libvirt's error and nothing has been done; lists leave out what it may not see. The
 * driver, its engine and libvirt are real; the answers are this program's, as in test-access.c.
 */
#include "driver/libvirt/state_driver.h"
#include "driver/libvirt/symbols.h"
#include "tests/unit/libvirt/privileged.h"

#include <libvirt/virterror.h>
#include <string.h>

static virConnectPtr conn;
static virNWFilterPtr filter;         /* "seen" */
static virNWFilterBindingPtr binding; /* "seen0" */

static GString *asked;      /* a line for each question: rule and object */
static const char *refused; /* the rule that says no */

static gboolean
answer(const char *rule, const char *object)
{
    g_string_append_printf(asked, "%s %s\n", rule, object);
    return g_strcmp0(rule, refused) != 0;
}

static int
enforce(const char *rule, const char *object)
{
    if (answer(rule, object))
        return 0;
    nwf_symbols.virReportErrorHelper(VIR_FROM_ACCESS, VIR_ERR_ACCESS_DENIED, "test", __func__, __LINE__, "%s", rule);
    return -1;
}

/* Every rule of access control, with what it is asked about. */
#define CONNECTION_RULES(X)                                                                                            \
    X(virConnectOpenEnsureACL)                                                                                         \
    X(virConnectNumOfNWFiltersEnsureACL)                                                                               \
    X(virConnectListNWFiltersEnsureACL)                                                                                \
    X(virConnectListAllNWFiltersEnsureACL)                                                                             \
    X(virConnectListAllNWFilterBindingsEnsureACL)
#define FILTER_RULES(X)                                                                                                \
    X(virNWFilterLookupByNameEnsureACL)                                                                                \
    X(virNWFilterLookupByUUIDEnsureACL)                                                                                \
    X(virNWFilterGetXMLDescEnsureACL)                                                                                  \
    X(virNWFilterDefineXMLFlagsEnsureACL)                                                                              \
    X(virNWFilterUndefineEnsureACL)
#define BINDING_RULES(X)                                                                                               \
    X(virNWFilterBindingLookupByPortDevEnsureACL)                                                                      \
    X(virNWFilterBindingGetXMLDescEnsureACL)                                                                           \
    X(virNWFilterBindingCreateXMLEnsureACL)                                                                            \
    X(virNWFilterBindingDeleteEnsureACL)
#define FILTER_CHECKS(X)                                                                                               \
    X(virConnectNumOfNWFiltersCheckACL)                                                                                \
    X(virConnectListNWFiltersCheckACL)                                                                                 \
    X(virConnectListAllNWFiltersCheckACL)
#define BINDING_CHECKS(X) X(virConnectListAllNWFilterBindingsCheckACL)

/* clang-format off */
#define CONNECTION_RULE(rule) \
    static int my_##rule(G_GNUC_UNUSED virConnectPtr c) { return enforce(#rule, ""); }
#define FILTER_RULE(rule) \
    static int my_##rule(G_GNUC_UNUSED virConnectPtr c, const NwfAbiFilterDef *def) { return enforce(#rule, def->name); }
#define BINDING_RULE(rule) \
    static int my_##rule(G_GNUC_UNUSED virConnectPtr c, const NwfAbiBindingDef *def) { return enforce(#rule, def->portdev); }
#define FILTER_CHECK(rule) \
    static bool my_##rule(G_GNUC_UNUSED virConnectPtr c, const NwfAbiFilterDef *def) \
    { return answer(#rule, def->name) && strcmp(def->name, "hidden") != 0; }
#define BINDING_CHECK(rule) \
    static bool my_##rule(G_GNUC_UNUSED virConnectPtr c, const NwfAbiBindingDef *def) \
    { return answer(#rule, def->portdev) && strcmp(def->filter, "hidden") != 0; }
#define USE(rule) nwf_symbols.rule = my_##rule;

CONNECTION_RULES(CONNECTION_RULE)
FILTER_RULES(FILTER_RULE)
BINDING_RULES(BINDING_RULE)
FILTER_CHECKS(FILTER_CHECK)
BINDING_CHECKS(BINDING_CHECK)

static void
use_own_rules(void)
{
    CONNECTION_RULES(USE)
    FILTER_RULES(USE)
    BINDING_RULES(USE)
    FILTER_CHECKS(USE)
    BINDING_CHECKS(USE)
}
/* clang-format on */

#define UUID(digit) "5ec00000-0000-4000-8000-00000000000" digit
#define FILTER(name, digit)                                                                                            \
    "<filter name='" name "'><uuid>" UUID(digit) "</uuid><rule action='drop' direction='in'/></filter>"
#define BINDING(port, name)                                                                                            \
    "<filterbinding><owner><name>o</name><uuid>" UUID(                                                                 \
        "0") "</uuid></owner><portdev name='" port "'/>"                                                               \
             "<mac address='52:54:00:00:00:01'/><filterref filter='" name "'/></filterbinding>"

/* Frees a handle; whether there was one. */
static gboolean
got_filter(virNWFilterPtr handle)
{
    return handle && virNWFilterFree(handle) == 0;
}

static gboolean
got_binding(virNWFilterBindingPtr handle)
{
    return handle && virNWFilterBindingFree(handle) == 0;
}

static gboolean
got_text(char *text)
{
    gboolean got = text != NULL;

    free(text);
    return got;
}

static gboolean
open_and_close(void)
{
    virConnectPtr other = virConnectOpen("nwfilter:///system");

    return other && virConnectClose(other) == 0;
}

static gboolean
look_up_uuid(void)
{
    return got_filter(virNWFilterLookupByUUIDString(conn, UUID("1")));
}

static gboolean
list_names(void)
{
    char *names[4] = {NULL};
    int count = virConnectListNWFilters(conn, names, G_N_ELEMENTS(names));

    for (int i = 0; i < count; i++)
        g_assert_true(got_text(names[i]));
    return count >= 0;
}

/* clang-format off */
#define CALL(name, expression) static gboolean call_##name(void) { return expression; }
CALL(number, virConnectNumOfNWFilters(conn) >= 0)
CALL(filters, virConnectListAllNWFilters(conn, NULL, 0) >= 0)
CALL(bindings, virConnectListAllNWFilterBindings(conn, NULL, 0) >= 0)
CALL(by_name, got_filter(virNWFilterLookupByName(conn, "seen")))
CALL(filter_xml, got_text(virNWFilterGetXMLDesc(filter, 0)))
CALL(define, got_filter(virNWFilterDefineXML(conn, FILTER("new", "3"))))
CALL(define_flags, got_filter(virNWFilterDefineXMLFlags(conn, FILTER("new", "3"), 0)))
CALL(by_port, got_binding(virNWFilterBindingLookupByPortDev(conn, "seen0")))
CALL(binding_xml, got_text(virNWFilterBindingGetXMLDesc(binding, 0)))
CALL(create, got_binding(virNWFilterBindingCreateXML(conn, BINDING("new0", "seen"), 0)))
CALL(delete, virNWFilterBindingDelete(binding) == 0)
CALL(undefine, virNWFilterUndefine(filter) == 0)
/* clang-format on */

/* In this order; the last ones take away what the others need. */
static const struct {
    gboolean (*call)(void);
    const char *rule, *object;
} calls[] = {
    {open_and_close, "virConnectOpenEnsureACL", ""},
    {call_number, "virConnectNumOfNWFiltersEnsureACL", ""},
    {list_names, "virConnectListNWFiltersEnsureACL", ""},
    {call_filters, "virConnectListAllNWFiltersEnsureACL", ""},
    {call_bindings, "virConnectListAllNWFilterBindingsEnsureACL", ""},
    {call_by_name, "virNWFilterLookupByNameEnsureACL", "seen"},
    {look_up_uuid, "virNWFilterLookupByUUIDEnsureACL", "seen"},
    {call_filter_xml, "virNWFilterGetXMLDescEnsureACL", "seen"},
    {call_define, "virNWFilterDefineXMLFlagsEnsureACL", "new"},
    {call_define_flags, "virNWFilterDefineXMLFlagsEnsureACL", "new"},
    {call_by_port, "virNWFilterBindingLookupByPortDevEnsureACL", "seen0"},
    {call_binding_xml, "virNWFilterBindingGetXMLDescEnsureACL", "seen0"},
    {call_create, "virNWFilterBindingCreateXMLEnsureACL", "new0"},
    {call_delete, "virNWFilterBindingDeleteEnsureACL", "seen0"},
    {call_undefine, "virNWFilterUndefineEnsureACL", "seen"},
};

/* What there is, as somebody sees it who may see all but "hidden". */
static int
count_all(void)
{
    return virConnectListAllNWFilters(conn, NULL, 0) * 100 + virConnectListAllNWFilterBindings(conn, NULL, 0);
}

static void
test_lists_leave_out_what_is_hidden(void)
{
    virNWFilterPtr *filters = NULL;
    virNWFilterBindingPtr *bindings = NULL;
    char *names[4] = {NULL};

    g_assert_cmpint(virConnectNumOfNWFilters(conn), ==, 1);
    g_assert_cmpint(virConnectListNWFilters(conn, names, G_N_ELEMENTS(names)), ==, 1);
    g_assert_cmpstr(names[0], ==, "seen");
    g_assert_cmpint(virConnectListAllNWFilters(conn, &filters, 0), ==, 1);
    g_assert_cmpstr(virNWFilterGetName(filters[0]), ==, "seen");
    g_assert_null(filters[1]);
    g_assert_cmpint(virConnectListAllNWFilterBindings(conn, &bindings, 0), ==, 1);
    g_assert_cmpstr(virNWFilterBindingGetPortDev(bindings[0]), ==, "seen0");
    g_assert_null(bindings[1]);
    g_assert_cmpint(count_all(), ==, 101);
    free(names[0]);
    virNWFilterFree(filters[0]);
    virNWFilterBindingFree(bindings[0]);
    free(filters);
    free(bindings);
}

/* Whether @questions are all those of the list whose access is decided by @rule: "…EnsureACL" goes with "…CheckACL". */
static gboolean
are_sights(const char *questions, const char *rule)
{
    g_autofree char *stem = g_strndup(rule, strlen(rule) - strlen("EnsureACL"));
    g_autofree char *sight = g_strconcat(stem, "CheckACL ", NULL);
    g_auto(GStrv) lines = g_strsplit(questions, "\n", -1);

    for (guint i = 0; lines[i]; i++)
        if (*lines[i] && !g_str_has_prefix(lines[i], sight))
            return FALSE;
    return TRUE;
}

static void
test_each_call_asks_its_own_rule(void)
{
    for (guint i = 0; i < G_N_ELEMENTS(calls); i++) {
        g_autofree char *question = g_strdup_printf("%s %s\n", calls[i].rule, calls[i].object);
        int before = count_all();

        g_test_message("%s", question);
        g_string_truncate(asked, 0);
        refused = calls[i].rule;
        g_assert_false(calls[i].call());
        g_assert_cmpint(virGetLastErrorCode(), ==, VIR_ERR_ACCESS_DENIED);
        g_assert_cmpint(virGetLastErrorDomain(), ==, VIR_FROM_ACCESS);
        g_assert_cmpstr(asked->str, ==, question);
        refused = NULL;
        g_assert_cmpint(count_all(), ==, before);

        g_string_truncate(asked, 0);
        g_assert_true(calls[i].call());
        g_assert_true(g_str_has_prefix(asked->str, question));
        g_assert_true(are_sights(asked->str + strlen(question), calls[i].rule));
    }
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
    asked = g_string_new(NULL);
    use_own_rules();
    filter = virNWFilterDefineXML(conn, FILTER("seen", "1"));
    binding = virNWFilterBindingCreateXML(conn, BINDING("seen0", "seen"), 0);
    g_assert_true(filter && binding);
    g_assert_true(got_filter(virNWFilterDefineXML(conn, FILTER("hidden", "2"))));
    g_assert_true(got_binding(virNWFilterBindingCreateXML(conn, BINDING("hidden0", "hidden"), 0)));
    g_test_add_func("/permissions/lists", test_lists_leave_out_what_is_hidden);
    g_test_add_func("/permissions/calls", test_each_call_asks_its_own_rule);
    int result = g_test_run();
    virNWFilterFree(filter);
    virNWFilterBindingFree(binding);
    virConnectClose(conn);
    nwf_state_driver.cleanup();
    g_string_free(asked, TRUE);
    return result;
}
