/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * calibrate.h: finds the slots of libvirt's tables
 */
#pragma once

#include "conf/error.h"
#include "driver/libvirt/abi.h"

/**
 * nwf_calibrate:
 * @error: NWF_ERROR_UNSUPPORTED if this libvirt is not as expected
 *
 * Finds the slots and puts our functions there; if it fails, into those slots that were found, so that calls get the
 * reason. To be called once, from the daemon's initialisation, when no client is served yet. Waits at most ten seconds
 * for the connection to be opened; the calls after that stay inside this process.
 */
gboolean nwf_calibrate(GError **error);
