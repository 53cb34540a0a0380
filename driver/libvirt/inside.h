/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * inside.h: what is there, also in a daemon where nothing can be
 *
 * An unprivileged daemon has a driver without an engine: lists are empty, nothing is found, nothing can be made. These
 * functions ask the engine or, without one, answer so.
 */
#pragma once

#include "driver/libvirt/gate.h"

/** nwf_inside_can_change: FALSE with NWF_ERROR_OPERATION_INVALID in an unprivileged daemon. */
gboolean nwf_inside_can_change(const NwfPass *pass, GError **error);

/* (transfer full) */
NwfFilter *nwf_inside_filter_by_name(const NwfPass *pass, const char *name, GError **error);
NwfFilter *nwf_inside_filter_by_uuid(const NwfPass *pass, const guint8 uuid[16], GError **error);
GPtrArray *nwf_inside_filters(const NwfPass *pass);
NwfBinding *nwf_inside_binding(const NwfPass *pass, const char *portdev, GError **error);
GPtrArray *nwf_inside_bindings(const NwfPass *pass);
