/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * api_binding.h: functions of the nwfilter table that are about bindings
 */
#pragma once

#include "driver/libvirt/abi.h"

int nwf_api_list_all_bindings(virConnectPtr conn, virNWFilterBindingPtr **bindings, unsigned int flags);
virNWFilterBindingPtr nwf_api_binding_lookup(virConnectPtr conn, const char *portdev);
virNWFilterBindingPtr nwf_api_binding_create(virConnectPtr conn, const char *xml, unsigned int flags);
int nwf_api_binding_delete(virNWFilterBindingPtr handle);
char *nwf_api_binding_xml(virNWFilterBindingPtr handle, unsigned int flags);
