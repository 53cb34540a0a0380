/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * reason.h: the refusals under the names that dhcp.h knows them by; it goes when dhcp.h has gone to packet/
 */
#pragma once

#include "driver/learn/refusal.h"

#define NwfReason                     NwfRefusal
#define NWF_REASON_NONE               NWF_REFUSAL_NONE
#define NWF_REASON_DHCP_SHORT         NWF_REFUSAL_DHCP_SHORT
#define NWF_REASON_DHCP_COOKIE        NWF_REFUSAL_DHCP_COOKIE
#define NWF_REASON_DHCP_OPTIONS       NWF_REFUSAL_DHCP_OPTIONS
#define NWF_REASON_DHCP_REPEATED      NWF_REFUSAL_DHCP_REPEATED
#define NWF_REASON_DHCP_OPTION_LENGTH NWF_REFUSAL_DHCP_OPTION_LENGTH
#define NWF_REASON_DHCP_OVERLOAD      NWF_REFUSAL_DHCP_OVERLOAD
#define NWF_REASONS                   NWF_REFUSALS
#define nwf_reason_word               nwf_refusal_word
#define nwf_reason_text               nwf_refusal_text
