/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * symbols.h: libvirt's private functions, found at run time
 *
 * Fields carry libvirt's own names. Public functions are linked and do not stand here.
 */
#pragma once

#include "conf/error.h"
#include "driver/libvirt/abi.h"

/*
 * Access control, a function for each rule. "Ensure": negative if the answer is no, and the error is reported. "Check":
 * false if the answer is no, and no error is left.
 */
typedef int (*NwfConnectEnsure)(virConnectPtr conn);
typedef int (*NwfFilterEnsure)(virConnectPtr conn, const NwfAbiFilterDef *def);
typedef bool (*NwfFilterCheck)(virConnectPtr conn, const NwfAbiFilterDef *def);
typedef int (*NwfBindingEnsure)(virConnectPtr conn, const NwfAbiBindingDef *def);
typedef bool (*NwfBindingCheck)(virConnectPtr conn, const NwfAbiBindingDef *def);

/* The type and the name of each. */
/* clang-format off */
#define NWF_ACCESS_CHECKS(X) \
    X(NwfConnectEnsure, virConnectOpenEnsureACL) \
    X(NwfConnectEnsure, virConnectNumOfNWFiltersEnsureACL) \
    X(NwfConnectEnsure, virConnectListNWFiltersEnsureACL) \
    X(NwfConnectEnsure, virConnectListAllNWFiltersEnsureACL) \
    X(NwfConnectEnsure, virConnectListAllNWFilterBindingsEnsureACL) \
    X(NwfFilterCheck, virConnectNumOfNWFiltersCheckACL) \
    X(NwfFilterCheck, virConnectListNWFiltersCheckACL) \
    X(NwfFilterCheck, virConnectListAllNWFiltersCheckACL) \
    X(NwfFilterEnsure, virNWFilterLookupByNameEnsureACL) \
    X(NwfFilterEnsure, virNWFilterLookupByUUIDEnsureACL) \
    X(NwfFilterEnsure, virNWFilterGetXMLDescEnsureACL) \
    X(NwfFilterEnsure, virNWFilterDefineXMLFlagsEnsureACL) \
    X(NwfFilterEnsure, virNWFilterUndefineEnsureACL) \
    X(NwfBindingCheck, virConnectListAllNWFilterBindingsCheckACL) \
    X(NwfBindingEnsure, virNWFilterBindingLookupByPortDevEnsureACL) \
    X(NwfBindingEnsure, virNWFilterBindingGetXMLDescEnsureACL) \
    X(NwfBindingEnsure, virNWFilterBindingCreateXMLEnsureACL) \
    X(NwfBindingEnsure, virNWFilterBindingDeleteEnsureACL)
#define NWF_ACCESS_FIELD(type, name) type name;
/* clang-format on */

typedef struct NwfSymbols {
    int (*virRegisterConnectDriver)(NwfAbiConnectDriver *driver, bool set_shared_drivers);
    int (*virRegisterStateDriver)(NwfAbiStateDriver *driver);
    int (*virSetSharedNWFilterDriver)(const NwfAbiSlot *driver);
    void (*virReportErrorHelper)(int domain, int code, const char *file, const char *function, size_t line,
                                 const char *format, ...) G_GNUC_PRINTF(6, 7);
    void (*virRaiseErrorFull)(const char *file, const char *function, size_t line, int domain, int code, int level,
                              const char *str1, const char *str2, const char *str3, int int1, int int2,
                              const char *format, ...) G_GNUC_PRINTF(12, 13);
    void (*virLogMessage)(NwfAbiLogSource *source, unsigned int priority, const char *file, int line,
                          const char *function, const void *metadata, const char *format, ...) G_GNUC_PRINTF(7, 8);
    virNWFilterPtr (*virGetNWFilter)(virConnectPtr conn, const char *name, const unsigned char *uuid);
    virNWFilterBindingPtr (*virGetNWFilterBinding)(virConnectPtr conn, const char *portdev, const char *filter);

    NWF_ACCESS_CHECKS(NWF_ACCESS_FIELD)
} NwfSymbols;

/* Filled by nwf_symbols_load(); constant afterwards. */
extern NwfSymbols nwf_symbols;

/* How much of libvirt was found. */
typedef enum NwfSymbolsFound {
    NWF_SYMBOLS_UNUSABLE, /* not even registration and error reports are there */
    NWF_SYMBOLS_PARTIAL,  /* the driver can be registered and say what is wrong */
    NWF_SYMBOLS_ALL,
} NwfSymbolsFound;

/**
 * nwf_symbols_load:
 * @error: set unless everything was found; names the missing functions
 */
NwfSymbolsFound nwf_symbols_load(GError **error);
