/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * privileged.h: the driver as a privileged daemon has it, in this process; what all tests of this folder need
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

/** silence_libvirt: libvirt prints errors to standard error unless a function takes them. */
void silence_libvirt(void);

/** allow_everything: access control as in a daemon that is configured without an access driver. */
void allow_everything(void);
