/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * abi.h: layout of libvirt's private structures, as far as a module has to know it
 *
 * libvirt installs no header for its driver modules. What is written here was the same in the releases 7.0.0, 9.0.0,
 * 11.3.0 and 12.8.0; it was taken from their binaries (relocations of the modules they ship, loads in libvirt.so.0) and
 * tested with them. What differs between releases, the slots of the two tables of functions, is not written here at
 * all: calibrate.c finds it at start.
 *
 * The offsets asserted below are those of 64-bit machines; on others the same members give the same order.
 */
#pragma once

#include <glib.h>
#include <libvirt/libvirt.h>
#include <stdbool.h>
#include <stddef.h>

/* A table of functions: the name, then slots. Larger than any release reads, so slots that we do not know are empty. */
typedef void (*NwfAbiFunction)(void);

typedef union NwfAbiSlot {
    const char *name;
    NwfAbiFunction call;
} NwfAbiSlot;

enum {
    NWF_ABI_TABLE_SLOTS = 1024, /* 12.8.0 reads 264 */
    NWF_ABI_PROBED_SLOTS = 512, /* how far calibration looks */
};

/* Slots of the hypervisor table that calibration cannot find, because they are needed for opening a connection. */
enum { NWF_ABI_SLOT_NAME = 0, NWF_ABI_SLOT_OPEN = 2, NWF_ABI_SLOT_CLOSE = 3, NWF_ABI_SLOT_FIRST_UNKNOWN = 4 };

/* Answers of a hypervisor table's open function; negative answers end the search for a driver. */
enum { NWF_ABI_OPEN_SUCCESS = 0, NWF_ABI_OPEN_ERROR = -2 };

/* What virRegisterConnectDriver() takes. */
typedef struct NwfAbiConnectDriver {
    bool local_only;
    bool remote_only;
    bool embeddable;
    const char *const *uri_schemes;
    const NwfAbiSlot *hypervisor;
    const NwfAbiSlot *interface;
    const NwfAbiSlot *network;
    const NwfAbiSlot *nodedev;
    const NwfAbiSlot *nwfilter;
    const NwfAbiSlot *secret;
    const NwfAbiSlot *storage;
} NwfAbiConnectDriver;

/* The daemon's function that keeps it from going idle. */
typedef void (*NwfAbiInhibit)(bool inhibit, void *opaque);

/* Answers of the state driver's initialize. */
enum { NWF_ABI_INIT_ERROR = -1, NWF_ABI_INIT_COMPLETE = 1 };

/* What virRegisterStateDriver() takes; libvirt writes to it. */
typedef struct NwfAbiStateDriver {
    const char *name;
    bool initialized;
    int (*initialize)(bool privileged, const char *root, bool monolithic, NwfAbiInhibit inhibit, void *opaque);
    int (*cleanup)(void);
    int (*reload)(void);
    int (*stop)(void);
    int (*shutdown_prepare)(void);
    int (*shutdown_wait)(void);
} NwfAbiStateDriver;

/* Before this release initialize() had no argument `monolithic`. */
enum { NWF_ABI_VERSION_MONOLITHIC = 9000000 };

/* What the access checks of a filter read of it: name and uuid. The tail stays zero. */
typedef struct NwfAbiFilterDef {
    char *name;
    guint8 uuid[16];
    gpointer tail[16];
} NwfAbiFilterDef;

/* What the access checks of a binding read of it: port device, link device, filter. The tail stays zero. */
typedef struct NwfAbiBindingDef {
    char *owner_name;
    guint8 owner_uuid[16];
    char *portdev;
    char *linkdev;
    guint8 mac[8];
    char *filter;
    gpointer tail[16];
} NwfAbiBindingDef;

/* What virLogMessage() keeps for a source of messages; libvirt writes priority and serial. */
typedef struct NwfAbiLogSource {
    const char *name;
    unsigned int priority;
    unsigned int serial;
} NwfAbiLogSource;

enum { NWF_ABI_LOG_PRIORITY_INITIAL = 4 };

/*
 * The connection inside an object that stands for a filter or a binding is the only member without a public getter.
 * Both kinds have it in the same place, behind the 24 bytes of a GObject; calibration compares it with a connection
 * that it knows.
 */
enum { NWF_ABI_OBJECT_CONNECTION = 3 * sizeof(gpointer) };

static inline virConnectPtr
nwf_abi_connection_of(gconstpointer object)
{
    return *(const virConnectPtr *)((const char *)object + NWF_ABI_OBJECT_CONNECTION);
}

#if GLIB_SIZEOF_VOID_P == 8
G_STATIC_ASSERT(sizeof(NwfAbiSlot) == 8);
G_STATIC_ASSERT(sizeof(NwfAbiConnectDriver) == 0x48);
G_STATIC_ASSERT(offsetof(NwfAbiConnectDriver, uri_schemes) == 0x08);
G_STATIC_ASSERT(offsetof(NwfAbiConnectDriver, hypervisor) == 0x10);
G_STATIC_ASSERT(offsetof(NwfAbiConnectDriver, nwfilter) == 0x30);
G_STATIC_ASSERT(sizeof(NwfAbiStateDriver) == 0x40);
G_STATIC_ASSERT(offsetof(NwfAbiStateDriver, initialized) == 0x08);
G_STATIC_ASSERT(offsetof(NwfAbiStateDriver, initialize) == 0x10);
G_STATIC_ASSERT(offsetof(NwfAbiStateDriver, reload) == 0x20);
G_STATIC_ASSERT(offsetof(NwfAbiFilterDef, uuid) == 0x08);
G_STATIC_ASSERT(offsetof(NwfAbiBindingDef, portdev) == 0x18);
G_STATIC_ASSERT(offsetof(NwfAbiBindingDef, linkdev) == 0x20);
G_STATIC_ASSERT(offsetof(NwfAbiBindingDef, filter) == 0x30);
G_STATIC_ASSERT(offsetof(NwfAbiLogSource, priority) == 0x08);
G_STATIC_ASSERT(offsetof(NwfAbiLogSource, serial) == 0x0c);
G_STATIC_ASSERT(NWF_ABI_OBJECT_CONNECTION == 0x18);
#endif
