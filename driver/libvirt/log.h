/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * log.h: messages to the daemon's log
 */
#pragma once

#include "driver/engine/engine.h"

/** nwf_log: @source is the part of the driver; the daemon knows it as nwfilter.@source, which its log_filters can name.
 */
void nwf_log(NwfLogLevel level, const char *source, const char *message);

/** nwf_log_libvirt: a message of this folder. */
void nwf_log_libvirt(NwfLogLevel level, const char *format, ...) G_GNUC_PRINTF(2, 3);

/** nwf_log_notes: a warning for each of @notes, source "conf". */
void nwf_log_notes(const NwfNotes *notes);
