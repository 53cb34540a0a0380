/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * handles.h: lists of libvirt's objects
 */
#pragma once

#include "driver/libvirt/abi.h"

typedef gpointer (*NwfHandleMake)(virConnectPtr conn, gconstpointer object);
typedef void (*NwfHandleFree)(gpointer handle);

/**
 * nwf_handles_of:
 * @objects: what to make handles of
 * @handles: (out): a new, NULL-ended array for free(); NULL if only the number is wanted
 *
 * Returns: the number of objects, or -1 with the error reported
 */
int nwf_handles_of(virConnectPtr conn, const GPtrArray *objects, NwfHandleMake make, NwfHandleFree free_one,
                   gpointer **handles);
