/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * bridge.h: whether the kernel shows bridged packets to the IP layers
 */
#pragma once

#include "conf/protocol.h"

/** nwf_bridge_netfilter: NULL if rules of @layer are consulted; else (transfer none) the name of the setting to change.
 */
const char *nwf_bridge_netfilter(NwfLayer layer);
