/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * connect.h: functions of the hypervisor table
 */
#pragma once

#include "driver/libvirt/abi.h"

int nwf_connect_open(virConnectPtr conn, virConnectAuthPtr auth, void *config, unsigned int flags);
int nwf_connect_close(virConnectPtr conn);
int nwf_connect_is_encrypted(virConnectPtr conn);
int nwf_connect_is_secure(virConnectPtr conn);
int nwf_connect_is_alive(virConnectPtr conn);
