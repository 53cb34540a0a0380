/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * inside.h: what is there, also in a daemon where nothing can be
 *
 * An unprivileged daemon has a driver without an engine: lists are empty, nothing is found, nothing can be made. These
 * functions ask the engine or, without one, answer so.
 */
#pragma once

#include "driver/libvirt/call.h"

/** nwf_inside_can_change: FALSE with NWF_ERROR_OPERATION_INVALID in an unprivileged daemon. */
gboolean nwf_inside_can_change(const NwfCall *call, GError **error);

/* (transfer full) */
NwfFilter *nwf_inside_filter_by_name(const NwfCall *call, const char *name, GError **error);
NwfFilter *nwf_inside_filter_by_uuid(const NwfCall *call, const guint8 uuid[16], GError **error);
GPtrArray *nwf_inside_filters(const NwfCall *call);
NwfBinding *nwf_inside_binding(const NwfCall *call, const char *portdev, GError **error);
GPtrArray *nwf_inside_bindings(const NwfCall *call);
