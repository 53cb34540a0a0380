/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * errors.h: from the errors inside to libvirt's
 *
 * A reported error is the calling thread's last error. Every public function of libvirt clears it, so none may be
 * called between a report and the return to libvirt.
 */
#pragma once

#include "conf/dialect.h"
#include "conf/error.h"

/** nwf_errors_set_dialect: from now on codes are those of @dialect; called once, before there are other threads. */
void nwf_errors_set_dialect(NwfDialect dialect);

/** nwf_report: makes @error the thread's last libvirt error. */
#define nwf_report(error) nwf_report_from(error, __func__, __LINE__)
void nwf_report_from(const GError *error, const char *function, int line);

/** nwf_flags_fit: FALSE, with the error of the driver call @call reported, if @flags has other bits than @allowed. */
gboolean nwf_flags_fit(const char *call, unsigned int flags, unsigned int allowed);
