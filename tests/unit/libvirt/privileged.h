/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * privileged.h: the driver as a privileged daemon has it, in this process
 */
#pragma once

#include "driver/libvirt/symbols.h"

/**
 * privileged_start: registers the driver with the libvirt of this process, starts it with a real engine on folders,
 * tools and a kernel of our own (tests/unit/tech/kernel/sandbox.h), lets everything be done, and opens
 * nwfilter:///system. To be called once. The driver ends with nwf_state_driver.cleanup(). Returns: the connection; NULL
 * if the sandbox cannot be had.
 */
virConnectPtr privileged_start(void);
