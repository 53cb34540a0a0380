/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * messages.h: errors and log lines for libvirt
 *
 * A reported error is the calling thread's last error. Every public function of libvirt clears it, so none may be
 * called between a report and the return to libvirt.
 */
#pragma once

#include "driver/engine/engine.h"

enum { NWF_MESSAGE_MAX = 8192 };

/** nwf_message_fit: (transfer full): @message as UTF-8 of about NWF_MESSAGE_MAX bytes; of a longer one both ends. */
char *nwf_message_fit(const char *message);

/** nwf_errors_set_dialect: from now on numbers are those of @dialect; called once, before there are other threads. */
void nwf_errors_set_dialect(NwfDialect dialect);

/** nwf_report: makes @error the thread's last libvirt error. Returns NULL. */
#define nwf_report(error) nwf_report_from(error, __func__, __LINE__)
gpointer nwf_report_from(const GError *error, const char *function, int line);

/** nwf_flags_fit: FALSE, with the error of the driver call @call reported, if @flags has other bits than @allowed. */
gboolean nwf_flags_fit(const char *call, unsigned int flags, unsigned int allowed);

/** nwf_log: @source is a part of the driver; the daemon's log_filters know it as nwfilter.@source. */
void nwf_log(NwfLogLevel level, const char *source, const char *message);

/** nwf_log_libvirt: a message of this folder; its source is "libvirt". */
void nwf_log_libvirt(NwfLogLevel level, const char *format, ...) G_GNUC_PRINTF(2, 3);

/** nwf_log_notes: a warning for each of @notes; their source is "conf". */
void nwf_log_notes(const NwfNotes *notes);
