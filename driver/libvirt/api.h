/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * api.h: the functions of the nwfilter table
 *
 * libvirt calls them after its public functions have checked the arguments; it finds them through the slots that
 * calibration fills. A function that fails has reported why: the calling thread's last libvirt error. Strings and
 * arrays that are returned belong to the caller, who frees them with free().
 */
#pragma once

#include "driver/libvirt/abi.h"

int nwf_api_num_of_filters(virConnectPtr conn);
int nwf_api_list_filters(virConnectPtr conn, char **names, int names_max);
int nwf_api_list_all_filters(virConnectPtr conn, virNWFilterPtr **filters, unsigned int flags);
virNWFilterPtr nwf_api_filter_lookup_by_name(virConnectPtr conn, const char *name);
virNWFilterPtr nwf_api_filter_lookup_by_uuid(virConnectPtr conn, const unsigned char *uuid);
virNWFilterPtr nwf_api_filter_define(virConnectPtr conn, const char *xml);
virNWFilterPtr nwf_api_filter_define_flags(virConnectPtr conn, const char *xml, unsigned int flags);
int nwf_api_filter_undefine(virNWFilterPtr handle);
char *nwf_api_filter_xml(virNWFilterPtr handle, unsigned int flags);

int nwf_api_list_all_bindings(virConnectPtr conn, virNWFilterBindingPtr **bindings, unsigned int flags);
virNWFilterBindingPtr nwf_api_binding_lookup(virConnectPtr conn, const char *portdev);
virNWFilterBindingPtr nwf_api_binding_create(virConnectPtr conn, const char *xml, unsigned int flags);
int nwf_api_binding_delete(virNWFilterBindingPtr handle);
char *nwf_api_binding_xml(virNWFilterBindingPtr handle, unsigned int flags);
