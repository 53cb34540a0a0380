/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * tables.h: the tables of functions that libvirt calls through
 *
 * From registration until calibration only name, open and close are in them; a slot that is empty makes libvirt answer
 * "not supported" by itself.
 */
#pragma once

#include "driver/libvirt/abi.h"

/* Both written by calibrate.c alone, before any client is let in. */
extern NwfAbiSlot nwf_hypervisor_table[NWF_ABI_TABLE_SLOTS];
extern NwfAbiSlot nwf_nwfilter_table[NWF_ABI_TABLE_SLOTS];

extern NwfAbiConnectDriver nwf_connect_driver;
