/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * rehearse.h: what the kernel would hold after a batch, in the words of the tool's listing
 */
#pragma once

#include "driver/tech/ebiptables/tool.h"

/**
 * nwf_expected_listing:
 * @changes: (element-type NwfPortChange): from nothing to plans that have rules at the layer of @tool
 * @listed: (out): an empty state, filled with what the tool lists when it has made the rules of @changes
 *
 * Nothing of the host is touched. Returns: FALSE with NWF_ERROR_SYSTEM if no rehearsal is possible on this host, with
 *   NWF_ERROR_FIREWALL if the rules or a set were refused, with NWF_ERROR_INTERNAL if the tool reports success without
 *   having made the rules
 */
gboolean nwf_expected_listing(const NwfTool *tool, GPtrArray *changes, NwfModel *listed, GError **error);
