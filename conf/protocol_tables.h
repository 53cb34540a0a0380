/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * protocol_tables.h: tables of the elements, one per family
 *
 * Rows of an attribute: name, type, match, leader (whose sign it takes), needs (without which it has no effect).
 */
#pragma once

#include "conf/protocol.h"

extern const NwfProtocol nwf_ethernet_protocols[];
extern const guint nwf_n_ethernet_protocols;
extern const NwfProtocol nwf_ip_protocols[];
extern const guint nwf_n_ip_protocols;

/* clang-format off */
#define ATTRIBUTE(name, type, match) {name, NWF_TYPE_##type, NWF_MATCH_##match, NWF_MATCH_NONE, NWF_MATCH_NONE}
#define NEEDING(name, type, match, needs) {name, NWF_TYPE_##type, NWF_MATCH_##match, NWF_MATCH_NONE, NWF_MATCH_##needs}
#define FOLLOWING(name, type, match, leader)                                                                           \
    {name, NWF_TYPE_##type, NWF_MATCH_##match, NWF_MATCH_##leader, NWF_MATCH_##leader}
/* clang-format on */
