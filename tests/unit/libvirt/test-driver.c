/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test-driver.c: the driver and the installed libvirt, without a daemon
 *
 * Any program that uses libvirt can register a driver. This one does so before libvirt looks for its own drivers, so
 * that nwfilter:/// is ours here too, starts the driver as an unprivileged daemon would, and calls libvirt's public
 * functions. Nothing of the machine is touched: such a driver takes no lock, reads no file, and starts no program.
 *
 * The tests share one process and one driver, in the order of main(): a driver is registered and started once.
 */
#include "driver/libvirt/messages.h"
#include "driver/libvirt/call.h"
#include "driver/libvirt/connect_driver.h"
#include "driver/libvirt/lock_file.h"
#include "driver/libvirt/state_driver.h"
#include "driver/libvirt/symbols.h"
#include "tests/unit/libvirt/privileged.h"

#include <dlfcn.h>
#include <glib/gstdio.h>
#include <libvirt/virterror.h>
#include <libxml/xmlmemory.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

int nwfilterRegister(void);

static virConnectPtr conn; /* open from the start of the driver on */

static void
assert_last_error(int code, int domain)
{
    virErrorPtr error = virGetLastError();

    g_assert_nonnull(error);
    g_assert_cmpint(error->code, ==, code);
    g_assert_cmpint(error->domain, ==, domain);
    g_assert_cmpint(error->level, ==, VIR_ERR_ERROR);
}

#define assert_refused(expression, code, domain)                                                                       \
    do {                                                                                                               \
        g_assert_true(expression);                                                                                     \
        assert_last_error(code, domain);                                                                               \
    } while (0)

static void
test_all_symbols_are_found(void)
{
    g_autoptr(GError) error = NULL;

    g_assert_cmpint(nwf_symbols_load(&error), ==, NWF_SYMBOLS_ALL);
    g_assert_no_error(error);
}

/* Before the start the tables are empty, and opening a connection fails at once. */
static void
test_nothing_works_before_the_start(void)
{
    assert_refused(virConnectOpen("nwfilter:///system") == NULL, VIR_ERR_INTERNAL_ERROR, VIR_FROM_NWFILTER);
    for (guint slot = NWF_ABI_SLOT_NAME + 1; slot < NWF_ABI_TABLE_SLOTS; slot++)
        g_assert_null(nwf_nwfilter_table[slot].call);
}

static void
test_embedded_mode_is_refused(void)
{
    int result = nwf_state_driver.initialize(false, "/embedded", false, NULL, NULL);

    g_assert_cmpint(result, ==, NWF_ABI_INIT_ERROR);
    assert_last_error(VIR_ERR_INVALID_ARG, VIR_FROM_NWFILTER);
}

static void
test_slots_are_found(void)
{
    guint filled = 0;

    g_assert_cmpint(nwf_state_driver.initialize(false, NULL, true, NULL, NULL), ==, NWF_ABI_INIT_COMPLETE);
    g_assert_false(nwf_calls_refused());
    for (guint slot = NWF_ABI_SLOT_NAME + 1; slot < NWF_ABI_TABLE_SLOTS; slot++)
        filled += nwf_nwfilter_table[slot].call != NULL;
    g_assert_cmpuint(filled, ==, 14);
}

static guint allocations; /* of libxml2 */

static void *
count_malloc(size_t size)
{
    allocations++;
    return malloc(size);
}

static char *
count_strdup(const char *text)
{
    allocations++;
    return strdup(text);
}

/*
 * libxml2's tables of types are there when the first client comes: two threads that need them first at the same time,
 * one of libvirt's and one of ours, would spoil them. Setting them up again costs nothing.
 */
static void
test_the_schemas_are_prepared(void)
{
    static const char *const names[] = {"xmlRelaxNGInitTypes", "xmlSchemaInitTypes"};

    for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
        void (*set_up)(void) = (void (*)(void))dlsym(RTLD_DEFAULT, names[i]);

        g_assert_nonnull(set_up);
        allocations = 0;
        xmlMemSetup(free, count_malloc, realloc, count_strdup);
        set_up();
        xmlMemSetup(free, malloc, realloc, strdup);
        g_assert_cmpuint(allocations, ==, 0);
    }
}

/* libvirt has no access manager in this process until one is set; what cannot be checked is refused. */
static void
test_access_control_decides(void)
{
    assert_refused(virConnectOpen("nwfilter:///system") == NULL, VIR_ERR_INTERNAL_ERROR, VIR_FROM_ACCESS);
    allow_everything();
    conn = virConnectOpen("nwfilter:///system");
    g_assert_nonnull(conn);
    g_assert_cmpstr(virConnectGetType(conn), ==, "nwfilter");
    g_assert_cmpint(virConnectIsEncrypted(conn), ==, 0);
    g_assert_cmpint(virConnectIsSecure(conn), ==, 1);
    g_assert_cmpint(virConnectIsAlive(conn), ==, 1);
    assert_refused(virConnectGetCapabilities(conn) == NULL, VIR_ERR_NO_SUPPORT, VIR_FROM_DOMAIN);
}

static void
test_only_one_path_can_be_opened(void)
{
    static const char *const refused[] = {"nwfilter:///session", "nwfilter:///", "nwfilter:///system/x"};

    for (guint i = 0; i < G_N_ELEMENTS(refused); i++)
        assert_refused(virConnectOpen(refused[i]) == NULL, VIR_ERR_INTERNAL_ERROR, VIR_FROM_NWFILTER);
    virConnectPtr other = virConnectOpenReadOnly("nwfilter:///system");
    g_assert_nonnull(other);
    virConnectClose(other);
}

/* Whoever may connect would else write as much as he likes into the daemon's log. */
static void
test_a_long_uri_is_not_repeated(void)
{
    g_autofree char *path = g_strnfill(100000, 'x');
    g_autofree char *uri = g_strconcat("nwfilter:///", path, NULL);

    assert_refused(virConnectOpen(uri) == NULL, VIR_ERR_INTERNAL_ERROR, VIR_FROM_NWFILTER);
    g_assert_cmpuint(strlen(virGetLastErrorMessage()), <, 1000);
}

static void
test_an_unprivileged_driver_is_empty(void)
{
    char *names[4] = {NULL};
    virNWFilterPtr *filters = NULL;
    virNWFilterBindingPtr *bindings = NULL;
    const unsigned char uuid[VIR_UUID_BUFLEN] = {7};

    g_assert_cmpint(virConnectNumOfNWFilters(conn), ==, 0);
    g_assert_cmpint(virConnectListNWFilters(conn, names, G_N_ELEMENTS(names)), ==, 0);
    g_assert_cmpint(virConnectListAllNWFilters(conn, NULL, 0), ==, 0);
    g_assert_cmpint(virConnectListAllNWFilters(conn, &filters, 0), ==, 0);
    g_assert_true(filters && !filters[0]);
    free(filters);
    g_assert_cmpint(virConnectListAllNWFilterBindings(conn, &bindings, 0), ==, 0);
    g_assert_true(bindings && !bindings[0]);
    free(bindings);

    assert_refused(!virNWFilterLookupByName(conn, "x"), VIR_ERR_NO_NWFILTER, VIR_FROM_NWFILTER);
    assert_refused(!virNWFilterLookupByUUID(conn, uuid), VIR_ERR_NO_NWFILTER, VIR_FROM_NWFILTER);
    assert_refused(!virNWFilterBindingLookupByPortDev(conn, "x"), VIR_ERR_NO_NWFILTER_BINDING, VIR_FROM_NWFILTER);
}

/* The text is not even looked at. */
static void
test_an_unprivileged_driver_takes_nothing(void)
{
    assert_refused(!virNWFilterDefineXML(conn, "<"), VIR_ERR_OPERATION_INVALID, VIR_FROM_NWFILTER);
    assert_refused(!virNWFilterDefineXMLFlags(conn, "<", VIR_NWFILTER_DEFINE_VALIDATE), VIR_ERR_OPERATION_INVALID,
                   VIR_FROM_NWFILTER);
    assert_refused(!virNWFilterBindingCreateXML(conn, "<", 0), VIR_ERR_OPERATION_INVALID, VIR_FROM_NWFILTER);
}

static void
test_handles_of_what_is_gone(void)
{
    const unsigned char uuid[VIR_UUID_BUFLEN] = {7};
    virNWFilterPtr filter = nwf_symbols.virGetNWFilter(conn, "gone", uuid);
    virNWFilterBindingPtr binding = nwf_symbols.virGetNWFilterBinding(conn, "gone", "x");

    assert_refused(!virNWFilterGetXMLDesc(filter, 0), VIR_ERR_NO_NWFILTER, VIR_FROM_NWFILTER);
    assert_refused(virNWFilterUndefine(filter) < 0, VIR_ERR_NO_NWFILTER, VIR_FROM_NWFILTER);
    assert_refused(!virNWFilterBindingGetXMLDesc(binding, 0), VIR_ERR_NO_NWFILTER_BINDING, VIR_FROM_NWFILTER);
    assert_refused(virNWFilterBindingDelete(binding) < 0, VIR_ERR_NO_NWFILTER_BINDING, VIR_FROM_NWFILTER);
    g_assert_cmpstr(virNWFilterGetName(filter), ==, "gone");
    virNWFilterFree(filter);
    virNWFilterBindingFree(binding);
}

static void
assert_flags_error(gboolean refused)
{
    virErrorPtr error;

    assert_refused(refused, VIR_ERR_INVALID_ARG, VIR_FROM_NWFILTER);
    error = virGetLastError();
    g_assert_true(strstr(error->message, error->str1) != NULL); /* the function */
    g_assert_cmpstr(error->str2, ==, "flags");
    g_assert_cmpint(error->int1, ==, 0);
    g_assert_cmpint(error->int2, ==, 0);
}

static void
test_unknown_flags(void)
{
    const unsigned char uuid[VIR_UUID_BUFLEN] = {7};
    virNWFilterPtr filter = nwf_symbols.virGetNWFilter(conn, "gone", uuid);
    virNWFilterBindingPtr binding = nwf_symbols.virGetNWFilterBinding(conn, "gone", "x");

    assert_flags_error(virConnectListAllNWFilters(conn, NULL, 1) < 0);
    assert_flags_error(virConnectListAllNWFilterBindings(conn, NULL, 1) < 0);
    assert_flags_error(!virNWFilterDefineXMLFlags(conn, "<", 2));
    assert_flags_error(!virNWFilterBindingCreateXML(conn, "<", 2));
    assert_flags_error(!virNWFilterGetXMLDesc(filter, 1));
    assert_flags_error(!virNWFilterBindingGetXMLDesc(binding, 1));
    virNWFilterFree(filter);
    virNWFilterBindingFree(binding);
}

/* Numbers of each kind of failure, as the stock driver gives them: in 9.0.0, and from 11 on. */
static const struct {
    NwfErrorCode code;
    int old_code, old_domain, new_code, new_domain;
} numbers[] = {
    {NWF_ERROR_INTERNAL, 1, 33, 1, 33},         {NWF_ERROR_ARGUMENT, 8, 33, 8, 33},
    {NWF_ERROR_OPERATION_FAILED, 9, 33, 9, 33}, {NWF_ERROR_OPERATION_INVALID, 55, 33, 55, 33},
    {NWF_ERROR_UNSUPPORTED, 67, 33, 67, 33},    {NWF_ERROR_RULE_INCOMPLETE, 1, 33, 27, 5},
    {NWF_ERROR_RULE_WORD, 67, 33, 27, 5},       {NWF_ERROR_RULE_PRIORITY, 27, 5, 27, 5},
    {NWF_ERROR_XML_VALUE, 27, 33, 27, 33},      {NWF_ERROR_XML_ROOT, 27, 5, 27, 5},
    {NWF_ERROR_XML_SYNTAX, 35, 33, 35, 33},     {NWF_ERROR_XML_SCHEMA, 92, 5, 92, 5},
    {NWF_ERROR_PARSE, 32, 33, 32, 33},          {NWF_ERROR_NO_FILTER, 62, 33, 62, 33},
    {NWF_ERROR_NO_BINDING, 101, 33, 101, 33},   {NWF_ERROR_FIREWALL, 1, 59, 1, 59},
    {NWF_ERROR_NO_TOOL, 1, 59, 1, 59},          {NWF_ERROR_SYSTEM, 38, 0, 38, 0},
};

static void
test_numbers_of_errors(void)
{
    g_assert_cmpuint(G_N_ELEMENTS(numbers), ==, NWF_ERROR_CODES);
    for (guint i = 0; i < G_N_ELEMENTS(numbers); i++) {
        g_autoptr(GError) error = g_error_new(NWF_ERROR, numbers[i].code, "100%% of case %u", i);

        nwf_errors_set_dialect(NWF_DIALECT_9);
        nwf_report(error);
        assert_last_error(numbers[i].old_code, numbers[i].old_domain);
        g_assert_true(g_str_has_suffix(virGetLastErrorMessage(), error->message));
        nwf_errors_set_dialect(NWF_DIALECT_12);
        nwf_report(error);
        assert_last_error(numbers[i].new_code, numbers[i].new_domain);
    }

    g_autoptr(GError) foreign = g_error_new(G_FILE_ERROR, G_FILE_ERROR_NOENT, "no such thing");
    nwf_report(foreign);
    assert_last_error(VIR_ERR_INTERNAL_ERROR, VIR_FROM_NWFILTER);
}

static char *logged; /* the last line */

static void G_GNUC_PRINTF(7, 8)
    keep_line(G_GNUC_UNUSED NwfAbiLogSource *source, G_GNUC_UNUSED unsigned int priority,
              G_GNUC_UNUSED const char *file, G_GNUC_UNUSED int line, G_GNUC_UNUSED const char *function,
              G_GNUC_UNUSED const void *metadata, const char *format, ...)
{
    va_list arguments;

    g_free(logged);
    va_start(arguments, format);
    logged = g_strdup_vprintf(format, arguments);
    va_end(arguments);
}

static void
assert_fits(const char *message, const char *head, const char *tail)
{
    g_assert_nonnull(message);
    g_assert_cmpuint(strlen(message), <, NWF_MESSAGE_MAX + 100);
    g_assert_true(g_utf8_validate(message, -1, NULL));
    g_assert_nonnull(strstr(message, head));
    g_assert_true(g_str_has_suffix(message, tail));
}

/* What an error or a line of the log quotes may be of any length and any bytes. */
static void
test_messages_are_bounded(void)
{
    g_autofree char *bytes = g_strnfill(1000001, '\303'), *letters = g_strnfill(1000001, 'z');
    const char *const middles[] = {"", "\377\376", "\303\244", bytes, letters};
    typeof(nwf_symbols.virLogMessage) usual = nwf_symbols.virLogMessage;

    nwf_symbols.virLogMessage = keep_line;
    for (guint i = 0; i < G_N_ELEMENTS(middles); i++) {
        g_autoptr(GError) error = g_error_new(NWF_ERROR, NWF_ERROR_NO_FILTER, "head%stail", middles[i]);

        nwf_report(error);
        assert_fits(virGetLastErrorMessage(), "head", "tail");
        nwf_log(NWF_LOG_WARNING, "test", error->message);
        assert_fits(logged, "head", "tail");
    }
    nwf_symbols.virLogMessage = usual;
    g_clear_pointer(&logged, g_free);
}

/* No character is cut, and what fits stays as it is. */
static void
test_messages_are_cut_between_characters(void)
{
    g_autofree char *whole = g_strnfill(NWF_MESSAGE_MAX, 'z');
    g_autofree char *unchanged = nwf_message_fit(whole);

    g_assert_cmpstr(unchanged, ==, whole);
    for (guint shift = 0; shift < 3; shift++) {
        g_autofree char *start = g_strnfill(shift, 'z');
        g_autoptr(GString) text = g_string_new(start);

        while (text->len <= NWF_MESSAGE_MAX)
            g_string_append(text, "\342\202\254");
        g_autofree char *cut = nwf_message_fit(text->str);
        assert_fits(cut, start, "\342\202\254");
        g_assert_null(strstr(cut, "\357\277\275"));
        g_assert_cmpuint(strlen(cut), >, NWF_MESSAGE_MAX - 10);
    }
}

/* A child is the other daemon. Returns its exit status: 0 if it got the lock. */
static int
try_lock_in_child(const char *directory)
{
    int status = -1;
    pid_t child = fork();

    g_assert_cmpint(child, >=, 0);
    if (child == 0) {
        g_autoptr(GError) error = NULL;

        if (nwf_lock_file_take(directory, &error))
            _exit(0);
        _exit(g_error_matches(error, NWF_ERROR, NWF_ERROR_SYSTEM) ? 1 : 2);
    }
    g_assert_cmpint(waitpid(child, &status, 0), ==, child);
    g_assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void
test_the_lock_keeps_others_out(void)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *base = g_dir_make_tmp("nwf-lock-XXXXXX", &error);
    g_autofree char *directory = g_build_filename(base, "nwfilter", NULL);
    g_autofree char *path = g_build_filename(directory, "driver.pid", NULL);
    g_autofree char *expected = g_strdup_printf("%d", (int)getpid());
    g_autofree char *text = NULL;
    GStatBuf status;

    NwfLockFile *lock = nwf_lock_file_take(directory, &error);
    g_assert_no_error(error);
    g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
    /* Reading the file has just dropped the lock, as closing any descriptor of it does. */
    g_assert_cmpstr(text, ==, expected);
    nwf_lock_file_drop(lock);
    g_assert_false(g_file_test(path, G_FILE_TEST_EXISTS));

    lock = nwf_lock_file_take(directory, &error);
    g_assert_no_error(error);
    g_assert_cmpint(g_stat(directory, &status), ==, 0);
    g_assert_cmpint(status.st_mode & 0777, ==, 0700);
    g_assert_cmpint(try_lock_in_child(directory), ==, 1);

    /* Somebody replaces the file: the new one is nobody's. */
    g_assert_cmpint(g_unlink(path), ==, 0);
    g_assert_cmpint(try_lock_in_child(directory), ==, 0);

    nwf_lock_file_drop(lock);
    g_assert_cmpint(g_rmdir(directory), ==, 0);
    g_assert_cmpint(g_rmdir(base), ==, 0);
}

/* After the end calls are refused, also through connections that are still open. */
static void
test_the_end(void)
{
    g_assert_cmpint(nwf_state_driver.cleanup(), ==, 0);
    assert_refused(virConnectNumOfNWFilters(conn) < 0, VIR_ERR_INTERNAL_ERROR, VIR_FROM_NWFILTER);
    g_assert_cmpint(virConnectClose(conn), ==, 0);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    if (nwfilterRegister() < 0)
        return EXIT_FAILURE;
    silence_libvirt();

    g_test_add_func("/driver/symbols", test_all_symbols_are_found);
    g_test_add_func("/driver/before-start", test_nothing_works_before_the_start);
    g_test_add_func("/driver/embedded", test_embedded_mode_is_refused);
    g_test_add_func("/driver/slots", test_slots_are_found);
    g_test_add_func("/driver/schemas", test_the_schemas_are_prepared);
    g_test_add_func("/driver/access", test_access_control_decides);
    g_test_add_func("/driver/paths", test_only_one_path_can_be_opened);
    g_test_add_func("/driver/long-uri", test_a_long_uri_is_not_repeated);
    g_test_add_func("/driver/empty", test_an_unprivileged_driver_is_empty);
    g_test_add_func("/driver/takes-nothing", test_an_unprivileged_driver_takes_nothing);
    g_test_add_func("/driver/stale-handles", test_handles_of_what_is_gone);
    g_test_add_func("/driver/flags", test_unknown_flags);
    g_test_add_func("/driver/numbers", test_numbers_of_errors);
    g_test_add_func("/driver/messages", test_messages_are_bounded);
    g_test_add_func("/driver/messages-cut", test_messages_are_cut_between_characters);
    g_test_add_func("/driver/lock", test_the_lock_keeps_others_out);
    g_test_add_func("/driver/end", test_the_end);
    return g_test_run();
}
