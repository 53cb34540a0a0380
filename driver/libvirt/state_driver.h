/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * state_driver.h: start, reload and end of the driver in the daemon
 */
#pragma once

#include "driver/libvirt/abi.h"

extern NwfAbiStateDriver nwf_state_driver;
