/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * tables.c: the tables of functions that libvirt calls through
 *
 * The name of the hypervisor table is what virConnectGetType() tells, and what virtnwfilterd compares with.
 */
#include "driver/libvirt/tables.h"
#include "driver/libvirt/connect.h"

NwfAbiSlot nwf_hypervisor_table[NWF_ABI_TABLE_SLOTS] = {
    [NWF_ABI_SLOT_NAME].name = "nwfilter",
    [NWF_ABI_SLOT_OPEN].call = (NwfAbiFunction)nwf_connect_open,
    [NWF_ABI_SLOT_CLOSE].call = (NwfAbiFunction)nwf_connect_close,
};

NwfAbiSlot nwf_nwfilter_table[NWF_ABI_TABLE_SLOTS] = {
    [NWF_ABI_SLOT_NAME].name = "nwfilter",
};

static const char *const uri_schemes[] = {"nwfilter", NULL};

NwfAbiConnectDriver nwf_connect_driver = {
    .local_only = true,
    .uri_schemes = uri_schemes,
    .hypervisor = nwf_hypervisor_table,
    .nwfilter = nwf_nwfilter_table,
};
