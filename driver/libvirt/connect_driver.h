/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * connect_driver.h: what libvirt registers for connections: the driver, and its tables of functions
 */
#pragma once

#include "driver/libvirt/abi.h"

extern NwfAbiConnectDriver nwf_connect_driver;

/* Both written by calibrate.c alone, before any client is let in. */
extern NwfAbiSlot nwf_hypervisor_table[NWF_ABI_TABLE_SLOTS];
extern NwfAbiSlot nwf_nwfilter_table[NWF_ABI_TABLE_SLOTS];

/* Functions of the hypervisor table whose slots calibration finds. */
int nwf_connect_is_encrypted(virConnectPtr conn);
int nwf_connect_is_secure_and_alive(virConnectPtr conn);

/**
 * nwf_connect_to_self: opens nwfilter:///system for calibration, while the driver takes no calls yet
 * @opened_here: (out): whether libvirt opened it with this driver
 *
 * Returns: the connection, or NULL with libvirt's last error set
 */
virConnectPtr nwf_connect_to_self(gboolean *opened_here);
