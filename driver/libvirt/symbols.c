/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * symbols.c: finds libvirt's private functions
 *
 * libvirt exports them under a version that is different in each release. A module that is linked to them loads into
 * one release only, and a function that is gone keeps the daemon from starting. dlsym() without a version finds them in
 * every release, and a missing one switches off the driver, not the daemon.
 *
 * A function of access control that is missing counts as any other: what cannot be checked is not done.
 */
#include "driver/libvirt/symbols.h"

#include <dlfcn.h>
#include <glib/gi18n-lib.h>

/* clang-format off */
#define ROW(symbol, without) {#symbol, offsetof(NwfSymbols, symbol), without}
#define ACCESS_ROW(type, symbol) ROW(symbol, NWF_SYMBOLS_PARTIAL),

static const struct {
    const char *name;
    size_t field;
    NwfSymbolsFound without; /* how much there is if it is missing; all: there is another way */
} symbol_rows[] = {
    ROW(virRegisterConnectDriver, NWF_SYMBOLS_UNUSABLE),
    ROW(virRegisterStateDriver, NWF_SYMBOLS_UNUSABLE),
    ROW(virReportErrorHelper, NWF_SYMBOLS_UNUSABLE),
    ROW(virSetSharedNWFilterDriver, NWF_SYMBOLS_PARTIAL),
    ROW(virRaiseErrorFull, NWF_SYMBOLS_PARTIAL),
    ROW(virLogMessage, NWF_SYMBOLS_ALL), /* messages go to standard error */
    ROW(virGetNWFilter, NWF_SYMBOLS_PARTIAL),
    ROW(virGetNWFilterBinding, NWF_SYMBOLS_PARTIAL),
    NWF_ACCESS_CHECKS(ACCESS_ROW)
};
/* clang-format on */

/* A field without a row would never be filled. */
G_STATIC_ASSERT(G_N_ELEMENTS(symbol_rows) * sizeof(NwfAbiFunction) == sizeof(NwfSymbols));

NwfSymbols nwf_symbols;

NwfSymbolsFound
nwf_symbols_load(GError **error)
{
    NwfSymbolsFound found = NWF_SYMBOLS_ALL;
    g_autoptr(GString) missing = g_string_new(NULL);

    for (gsize i = 0; i < G_N_ELEMENTS(symbol_rows); i++) {
        void *address = dlsym(RTLD_DEFAULT, symbol_rows[i].name);

        *(void **)((char *)&nwf_symbols + symbol_rows[i].field) = address;
        if (address || symbol_rows[i].without == NWF_SYMBOLS_ALL)
            continue;
        g_string_append_printf(missing, "%s%s", missing->len ? ", " : "", symbol_rows[i].name);
        found = MIN(found, symbol_rows[i].without);
    }
    if (found != NWF_SYMBOLS_ALL)
        nwf_set_error(error, NWF_ERROR_UNSUPPORTED, _("this libvirt lacks functions that the driver needs: %s"),
                      missing->str);
    return found;
}
