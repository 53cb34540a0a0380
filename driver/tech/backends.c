/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * backends.c: the backends that there are, by the names that users and files give them
 *
 * A new backend is a folder beside this file and a row here. Configuration, stored bindings, the driver's start and the
 * companion command ask this table and know no backend by name.
 */
#include "driver/tech/backends.h"

#include "driver/tech/ebiptables/ebiptables.h"
#include "driver/tech/ebiptables/names.h"

const NwfBackendKind nwf_backend_kinds[] = {
    {.name = "iptables",
     .new = nwf_ebiptables_new,
     .check = nwf_ebiptables_check,
     .preview = nwf_ebiptables_preview,
     .chain_name = nwf_chain_name},
    {.name = "nftables", .remove_stock = nwf_stock_nft_remove},
    {0},
};

const NwfBackendKind *
nwf_backend_kind(const char *name)
{
    for (const NwfBackendKind *kind = nwf_backend_kinds; kind->name; kind++)
        if (name && g_str_equal(kind->name, name))
            return kind;
    return NULL;
}
