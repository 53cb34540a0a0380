/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * calibrate.c: finds the slots of libvirt's tables
 *
 * libvirt calls a driver's functions through slots at fixed offsets of two tables, and the offsets differ between
 * releases. Calibration finds them by trying. It opens a connection to this driver; then, for each public function, it
 * fills the table with probes, calls the function, and takes the slot of the probe that ran.
 *
 * A function that reaches no probe or several, two functions that reach the same one, an object that does not hold its
 * connection where it is expected: any of these means that this libvirt is built in another way than the driver
 * assumes, and calibration fails.
 *
 * It runs in the daemon's initialisation, when libvirt serves no client yet and the hypervisor drivers have not
 * started. A libvirt that looked for nwfilter:///system somewhere else, most likely at its own socket, would wait there
 * for ever. So a thread of its own opens the connection. If that takes too long the driver goes on without the thread,
 * which then only closes the connection.
 */
#include "driver/libvirt/calibrate.h"
#include "driver/libvirt/api.h"
#include "driver/libvirt/connect_driver.h"
#include "driver/libvirt/messages.h"
#include "driver/libvirt/symbols.h"
#include "driver/run/thread.h"

#include <glib/gi18n-lib.h>
#include <libvirt/virterror.h>

enum { TIMEOUT_SECONDS = 10 };

/* Calls of probes by one public function, and the slot of the last one. Only the thread of calibration uses them. */
static guint hits;
static guint hit_slot;

/*
 * What a probe does. A probe knows its number alone, so each slot has a probe of its own. libvirt calls it with the
 * arguments of the function that it expects there; the probe ignores them and returns zero, which each function of the
 * tables may return: no objects, no text, success.
 */
static void *
hit(guint slot)
{
    hits++;
    hit_slot = slot;
    return NULL;
}

/* Sixteen times sixteen times two functions, nwf_probe_0x000 to nwf_probe_0x1ff, and their addresses in order. */
/* clang-format off */
#define DIGITS(X, head) \
    X(head##0) X(head##1) X(head##2) X(head##3) X(head##4) X(head##5) X(head##6) X(head##7) \
    X(head##8) X(head##9) X(head##a) X(head##b) X(head##c) X(head##d) X(head##e) X(head##f)
#define LAST_DIGIT(X, head) DIGITS(X, head)
#define PAGE(X, head) \
    LAST_DIGIT(X, head##0) LAST_DIGIT(X, head##1) LAST_DIGIT(X, head##2) LAST_DIGIT(X, head##3) \
    LAST_DIGIT(X, head##4) LAST_DIGIT(X, head##5) LAST_DIGIT(X, head##6) LAST_DIGIT(X, head##7) \
    LAST_DIGIT(X, head##8) LAST_DIGIT(X, head##9) LAST_DIGIT(X, head##a) LAST_DIGIT(X, head##b) \
    LAST_DIGIT(X, head##c) LAST_DIGIT(X, head##d) LAST_DIGIT(X, head##e) LAST_DIGIT(X, head##f)

#define DEFINE_PROBE(number) \
    static void *nwf_probe_##number(void) \
    { \
        return hit(number); \
    }
#define PROBE_ADDRESS(number) (NwfAbiFunction)nwf_probe_##number,

PAGE(DEFINE_PROBE, 0x0)
PAGE(DEFINE_PROBE, 0x1)
/* clang-format on */

static const NwfAbiFunction probes[] = {PAGE(PROBE_ADDRESS, 0x0) PAGE(PROBE_ADDRESS, 0x1)};

G_STATIC_ASSERT(G_N_ELEMENTS(probes) == NWF_ABI_PROBED_SLOTS);

/* What the public functions are called with. */
typedef struct NwfSubject {
    virConnectPtr conn;
    virNWFilterPtr filter;
    virNWFilterBindingPtr binding;
} NwfSubject;

static const unsigned char some_uuid[VIR_UUID_BUFLEN] = {1};

typedef struct NwfCalibrationTable {
    NwfAbiSlot *slots;
    guint first; /* first slot that is looked for */
} NwfCalibrationTable;

static const NwfCalibrationTable hypervisor = {nwf_hypervisor_table, NWF_ABI_SLOT_FIRST_UNKNOWN};
static const NwfCalibrationTable nwfilter = {nwf_nwfilter_table, NWF_ABI_SLOT_NAME + 1};

typedef struct NwfCalibrationRow {
    const char *name; /* of the public function */
    void (*call)(const NwfSubject *subject);
    const NwfCalibrationTable *table;
    NwfAbiFunction function; /* what belongs into its slot */
} NwfCalibrationRow;

/* Each public function, its arguments, the table that it looks into, and what belongs into its slot. */
/* clang-format off */
#define FUNCTIONS(X) \
    X(virConnectIsEncrypted, (subject->conn), hypervisor, nwf_connect_is_encrypted) \
    X(virConnectIsSecure, (subject->conn), hypervisor, nwf_connect_is_secure_and_alive) \
    X(virConnectIsAlive, (subject->conn), hypervisor, nwf_connect_is_secure_and_alive) \
    X(virConnectNumOfNWFilters, (subject->conn), nwfilter, nwf_api_num_of_filters) \
    X(virConnectListNWFilters, (subject->conn, (char *[1]){NULL}, 1), nwfilter, nwf_api_list_filters) \
    X(virConnectListAllNWFilters, (subject->conn, NULL, 0), nwfilter, nwf_api_list_all_filters) \
    X(virNWFilterLookupByName, (subject->conn, "calibration"), nwfilter, nwf_api_filter_lookup_by_name) \
    X(virNWFilterLookupByUUID, (subject->conn, some_uuid), nwfilter, nwf_api_filter_lookup_by_uuid) \
    X(virNWFilterDefineXML, (subject->conn, "<filter/>"), nwfilter, nwf_api_filter_define) \
    X(virNWFilterDefineXMLFlags, (subject->conn, "<filter/>", 0), nwfilter, nwf_api_filter_define_flags) \
    X(virNWFilterUndefine, (subject->filter), nwfilter, nwf_api_filter_undefine) \
    X(virNWFilterGetXMLDesc, (subject->filter, 0), nwfilter, nwf_api_filter_xml) \
    X(virConnectListAllNWFilterBindings, (subject->conn, NULL, 0), nwfilter, nwf_api_list_all_bindings) \
    X(virNWFilterBindingLookupByPortDev, (subject->conn, "calibration"), nwfilter, nwf_api_binding_lookup) \
    X(virNWFilterBindingCreateXML, (subject->conn, "<filterbinding/>", 0), nwfilter, nwf_api_binding_create) \
    X(virNWFilterBindingDelete, (subject->binding), nwfilter, nwf_api_binding_delete) \
    X(virNWFilterBindingGetXMLDesc, (subject->binding, 0), nwfilter, nwf_api_binding_xml)
/* clang-format on */

#define DEFINE_CALL(name, arguments, table, function)                                                                  \
    static void call_##name(const NwfSubject *subject)                                                                 \
    {                                                                                                                  \
        (void)name arguments;                                                                                          \
    }
FUNCTIONS(DEFINE_CALL)

#define ROW(name, arguments, table, function) {#name, call_##name, &table, (NwfAbiFunction)function},
static const NwfCalibrationRow calibration_rows[] = {FUNCTIONS(ROW)};

enum { ROWS = G_N_ELEMENTS(calibration_rows) };

/* The slot of each row's function; 0 (a name in both tables) where it is not found. */
static gboolean
find_slots(const NwfSubject *subject, guint slots[ROWS], GError **error)
{
    gboolean found = TRUE;

    for (guint i = 0; i < ROWS; i++) {
        const NwfCalibrationRow *row = &calibration_rows[i];

        for (guint slot = row->table->first; slot < G_N_ELEMENTS(probes); slot++)
            row->table->slots[slot].call = probes[slot];
        hits = 0;
        row->call(subject);
        for (guint slot = row->table->first; slot < G_N_ELEMENTS(probes); slot++)
            row->table->slots[slot].call = NULL;

        slots[i] = hits == 1 ? hit_slot : 0;
        if (hits != 1 && found)
            found = nwf_set_error(error, NWF_ERROR_UNSUPPORTED,
                                  _("this libvirt's %s() does not call exactly one function of its driver (calls: %u)"),
                                  row->name, hits);
    }
    return found;
}

static gboolean
slots_differ(guint slots[ROWS], GError **error)
{
    for (guint i = 0; i < ROWS; i++) {
        for (guint j = 0; j < i; j++) {
            const NwfCalibrationRow *one = &calibration_rows[j], *other = &calibration_rows[i];

            if (slots[i] == 0 || slots[i] != slots[j] || one->table != other->table)
                continue;
            slots[i] = slots[j] = 0; /* neither can be trusted */
            return nwf_set_error(error, NWF_ERROR_UNSUPPORTED, _("this libvirt's %s() and %s() call the same function"),
                                 one->name, other->name);
        }
    }
    return TRUE;
}

/* The line of the log that shows what a new release has moved. */
static void
log_slots(const guint slots[ROWS])
{
    g_autoptr(GString) text = g_string_new("slots of this libvirt:");

    for (guint i = 0; i < ROWS; i++)
        g_string_append_printf(text, " %s=%u", calibration_rows[i].name, slots[i]);
    nwf_log_libvirt(NWF_LOG_DEBUG, "%s", text->str);
}

/* Puts our functions into the slots that are found. Returns: whether all were found and all else is as expected */
static gboolean
fill_tables(virConnectPtr conn, GError **error)
{
    NwfSubject subject = {.conn = conn};
    guint slots[ROWS] = {0};
    gboolean fits = FALSE;

    subject.filter = nwf_symbols.virGetNWFilter(conn, "calibration", some_uuid);
    subject.binding = nwf_symbols.virGetNWFilterBinding(conn, "calibration", "calibration");
    if (subject.filter && subject.binding) {
        fits = find_slots(&subject, slots, error);
        fits = slots_differ(slots, fits ? error : NULL) && fits;
        virConnectPtr one = nwf_abi_connection_of(subject.filter), other = nwf_abi_connection_of(subject.binding);
        if (fits && (one != conn || other != conn))
            fits = nwf_set_error(error, NWF_ERROR_UNSUPPORTED,
                                 _("this libvirt's objects do not hold their connection where it is expected"));
    } else {
        nwf_set_error(error, NWF_ERROR_UNSUPPORTED, _("this libvirt makes no objects for filters and bindings"));
    }
    if (subject.filter)
        virNWFilterFree(subject.filter);
    if (subject.binding)
        virNWFilterBindingFree(subject.binding);

    log_slots(slots);
    for (guint i = 0; i < ROWS; i++)
        if (slots[i] != 0)
            calibration_rows[i].table->slots[slots[i]].call = calibration_rows[i].function;
    return fits;
}

/* One run of calibration. */
static struct {
    GMutex lock;
    GCond ended;
    gboolean done;
    gboolean abandoned;
    gboolean fits;
    GError *error;
} run;

static gboolean
calibrate_connection(virConnectPtr conn, gboolean opened_here, GError **error)
{
    if (opened_here)
        return fill_tables(conn, error);
    if (conn)
        return nwf_set_error(error, NWF_ERROR_UNSUPPORTED,
                             _("this libvirt opens nwfilter:///system with another driver"));
    return nwf_set_error(error, NWF_ERROR_UNSUPPORTED, _("this libvirt cannot open nwfilter:///system: %s"),
                         virGetLastErrorMessage());
}

static gpointer
calibrate_in_thread(G_GNUC_UNUSED gpointer data)
{
    gboolean opened_here;
    virConnectPtr conn = nwf_connect_to_self(&opened_here);

    /* wait_for_end() can give up before this thread has the lock, but not while it holds it. */
    g_mutex_lock(&run.lock);
    if (!run.abandoned)
        run.fits = calibrate_connection(conn, opened_here, &run.error);
    if (conn)
        virConnectClose(conn);
    virResetLastError();
    run.done = TRUE;
    g_cond_signal(&run.ended);
    g_mutex_unlock(&run.lock);
    return NULL;
}

/* Returns: whether the thread has ended in time */
static gboolean
wait_for_end(void)
{
    gint64 deadline = g_get_monotonic_time() + TIMEOUT_SECONDS * G_TIME_SPAN_SECOND;
    G_GNUC_UNUSED g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&run.lock);

    while (!run.done && g_cond_wait_until(&run.ended, &run.lock, deadline))
        ;
    run.abandoned = !run.done;
    return run.done;
}

gboolean
nwf_calibrate(GError **error)
{
    g_autoptr(GThread) thread = nwf_thread_new("nwf-calibrate", calibrate_in_thread, NULL, error);

    if (!thread)
        return FALSE;
    if (!wait_for_end())
        return nwf_set_error(error, NWF_ERROR_UNSUPPORTED,
                             _("this libvirt does not answer when nwfilter:///system is opened"));
    g_thread_join(g_steal_pointer(&thread));
    if (run.error)
        g_propagate_error(error, g_steal_pointer(&run.error));
    return run.fits;
}
