/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * backends.c: the backends that there are, by the names that users and files give them
 *
 * A new backend is a folder beside this file and a row here. Configuration, stored bindings and the start of the driver
 * ask this table and know no backend by name.
 */
#include "driver/tech/backends.h"

#include "driver/tech/ebiptables/ebiptables.h"

const NwfBackendKind nwf_backend_kinds[] = {
    {"iptables", nwf_ebiptables_new, NULL},
    {"nftables", NULL, nwf_stock_nft_remove},
    {NULL, NULL, NULL},
};

const NwfBackendKind *
nwf_backend_kind(const char *name)
{
    for (const NwfBackendKind *kind = nwf_backend_kinds; kind->name; kind++)
        if (name && g_str_equal(kind->name, name))
            return kind;
    return NULL;
}
