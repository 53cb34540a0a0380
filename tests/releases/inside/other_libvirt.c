/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * other_libvirt.c: makes the installed libvirt one of an unknown release; preloaded into a daemon by the tests
 *
 * Stands between the daemon and libvirt.so. Each public function that the driver's calibration calls passes through
 * here, and so do the registration and the private functions that make objects. What is different about this libvirt the
 * environment says:
 *
 *     NWF_OTHER_SLOTS="TABLE:OLD=NEW …"  libvirt calls through slot NEW of TABLE (0 hypervisor, 1 nwfilter) instead of OLD;
 *                                        slots that are not named are gone
 *     NWF_OTHER_TWICE=FUNCTION           calls the driver twice
 *     NWF_OTHER_OPENS=URI                opens this when nwfilter:///system is asked for
 *     NWF_OTHER_WAITS=SECONDS            opens nwfilter:///system only after that time
 *     NWF_OTHER_OBJECTS=1                objects hold their connection elsewhere
 *     NWF_OTHER_LACKS="FUNCTION …"       private functions that are not there
 *
 * Slots move like this: libvirt gets tables of ours, and before each call they are filled from those of the driver.
 *
 * Limits: of libvirt's calls only those named here; arguments and results fit in registers of one kind, which holds for
 * all of them. OPENS, WAITS and OBJECTS are about the first opening and the objects of calibration alone.
 */
#include "driver/libvirt/abi.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define EXPORT __attribute__((visibility("default")))

typedef void *(*Call)(void *, void *, void *, void *);

enum { HYPERVISOR, NWFILTER, TABLES, MOVES = 64 };

typedef struct Move {
    unsigned table, old, now;
} Move;

static Move moves[MOVES];
static unsigned n_moves;
static const NwfAbiSlot *driver_tables[TABLES];
static NwfAbiSlot our_tables[TABLES][NWF_ABI_TABLE_SLOTS];
static void *moved_objects[2];

/* dlsym() is ours, too, see below. */
static void *
real(void *handle, const char *name)
{
    static void *(*real_dlsym)(void *, const char *);

    if (!real_dlsym)
        *(void **)&real_dlsym = dlvsym(RTLD_NEXT, "dlsym", "GLIBC_2.34");
    return real_dlsym(handle, name);
}

static bool
names(const char *variable, const char *function)
{
    const char *list = getenv(variable), *found = list ? strstr(list, function) : NULL;
    size_t length = strlen(function);

    return found && (found == list || found[-1] == ' ') && (found[length] == ' ' || found[length] == '\0');
}

EXPORT void *
dlsym(void *restrict handle, const char *restrict name)
{
    return handle == RTLD_DEFAULT && names("NWF_OTHER_LACKS", name) ? NULL : real(handle, name);
}

/* -- tables ----------------------------------------------------------------------------------------------------------- */

__attribute__((constructor)) static void
read_moves(void)
{
    const char *text = getenv("NWF_OTHER_SLOTS");
    int used = 0;

    for (; text && sscanf(text, " %u:%u=%u%n", &moves[n_moves].table, &moves[n_moves].old, &moves[n_moves].now, &used) == 3;
         text += used)
        if (moves[n_moves].table >= TABLES || ++n_moves == MOVES)
            abort();
}

static void
fill_tables(void)
{
    for (unsigned i = 0; i < n_moves; i++) {
        const Move *move = &moves[i];

        if (driver_tables[move->table])
            our_tables[move->table][move->old].call = driver_tables[move->table][move->now].call;
    }
}

/* Notes the driver's table and returns the one that libvirt gets. */
static const NwfAbiSlot *
table_for_libvirt(unsigned table, const NwfAbiSlot *of_driver)
{
    if (n_moves == 0)
        return of_driver;
    driver_tables[table] = of_driver;
    memcpy(our_tables[table], of_driver, (table == HYPERVISOR ? NWF_ABI_SLOT_FIRST_UNKNOWN : 1) * sizeof(NwfAbiSlot));
    return our_tables[table];
}

EXPORT int
virRegisterConnectDriver(const NwfAbiConnectDriver *driver, bool shared)
{
    static NwfAbiConnectDriver ours;

    if (driver->nwfilter) { /* no other module brings one */
        ours = *driver;
        ours.hypervisor = table_for_libvirt(HYPERVISOR, driver->hypervisor);
        ours.nwfilter = table_for_libvirt(NWFILTER, driver->nwfilter);
        driver = &ours;
    }
    return ((int (*)(const NwfAbiConnectDriver *, bool))real(RTLD_NEXT, "virRegisterConnectDriver"))(driver, shared);
}

EXPORT int
virSetSharedNWFilterDriver(const NwfAbiSlot *table)
{
    return ((int (*)(const NwfAbiSlot *))real(RTLD_NEXT, "virSetSharedNWFilterDriver"))(
        n_moves > 0 ? our_tables[NWFILTER] : table);
}

/* -- objects ---------------------------------------------------------------------------------------------------------- */

/* Changes places of an object's connection and the field after it. */
static void
swap_fields(void *object)
{
    void **connection = (void **)((char *)object + NWF_ABI_OBJECT_CONNECTION), *kept = connection[0];

    connection[0] = connection[1];
    connection[1] = kept;
}

static bool
is_moved(void *object)
{
    return object && (object == moved_objects[0] || object == moved_objects[1]);
}

static void *
make_object(unsigned kind, const char *function, void *conn, void *name, void *more)
{
    void *object = ((Call)real(RTLD_NEXT, function))(conn, name, more, NULL);

    if (object && getenv("NWF_OTHER_OBJECTS") && strcmp(name, "calibration") == 0) {
        moved_objects[kind] = object;
        swap_fields(object);
    }
    return object;
}

EXPORT void *virGetNWFilter(void *conn, void *name, void *uuid);
EXPORT void *virGetNWFilterBinding(void *conn, void *portdev, void *filter);

void *
virGetNWFilter(void *conn, void *name, void *uuid)
{
    return make_object(0, "virGetNWFilter", conn, name, uuid);
}

void *
virGetNWFilterBinding(void *conn, void *portdev, void *filter)
{
    return make_object(1, "virGetNWFilterBinding", conn, portdev, filter);
}

static int
free_object(const char *function, void *object)
{
    for (unsigned i = 0; i < 2; i++) {
        if (object != moved_objects[i])
            continue;
        moved_objects[i] = NULL;
        swap_fields(object);
    }
    return ((int (*)(void *))real(RTLD_NEXT, function))(object);
}

EXPORT int
virNWFilterFree(virNWFilterPtr filter)
{
    return free_object("virNWFilterFree", filter);
}

EXPORT int
virNWFilterBindingFree(virNWFilterBindingPtr binding)
{
    return free_object("virNWFilterBindingFree", binding);
}

/* -- calls ------------------------------------------------------------------------------------------------------------ */

EXPORT virConnectPtr
virConnectOpen(const char *uri)
{
    static bool opened;
    const char *instead = getenv("NWF_OTHER_OPENS"), *seconds = getenv("NWF_OTHER_WAITS");

    if (uri && strcmp(uri, "nwfilter:///system") == 0 && !opened) {
        opened = true;
        if (seconds)
            sleep((unsigned)atoi(seconds));
        uri = instead ? instead : uri;
    }
    return ((virConnectPtr(*)(const char *))real(RTLD_NEXT, "virConnectOpen"))(uri);
}

static void *
pass_on(const char *function, void *first, void *second, void *third, void *fourth)
{
    Call call = (Call)real(RTLD_NEXT, function);
    bool moved = is_moved(first);

    fill_tables();
    if (moved)
        swap_fields(first);
    if (names("NWF_OTHER_TWICE", function))
        call(first, second, third, fourth);
    void *result = call(first, second, third, fourth);
    if (moved)
        swap_fields(first);
    return result;
}

/* The symbols have libvirt's names, but not its types, so the header's declarations are out of the way. */
#define PASS_ON(function)                                                                                              \
    EXPORT void *other_##function(void *, void *, void *, void *) __asm__(#function);                                  \
    void *other_##function(void *first, void *second, void *third, void *fourth)                                       \
    {                                                                                                                  \
        return pass_on(#function, first, second, third, fourth);                                                       \
    }

PASS_ON(virConnectIsEncrypted)
PASS_ON(virConnectIsSecure)
PASS_ON(virConnectIsAlive)
PASS_ON(virConnectNumOfNWFilters)
PASS_ON(virConnectListNWFilters)
PASS_ON(virConnectListAllNWFilters)
PASS_ON(virNWFilterLookupByName)
PASS_ON(virNWFilterLookupByUUID)
PASS_ON(virNWFilterDefineXML)
PASS_ON(virNWFilterDefineXMLFlags)
PASS_ON(virNWFilterUndefine)
PASS_ON(virNWFilterGetXMLDesc)
PASS_ON(virConnectListAllNWFilterBindings)
PASS_ON(virNWFilterBindingLookupByPortDev)
PASS_ON(virNWFilterBindingCreateXML)
PASS_ON(virNWFilterBindingDelete)
PASS_ON(virNWFilterBindingGetXMLDesc)
