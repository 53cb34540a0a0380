/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * rehearse.h: what the kernel would hold after a batch, in the words of the tool's listing
 */
#pragma once

#include "driver/tech/ebiptables/tool.h"

/**
 * nwf_rehearse:
 * @batch: one that needs no rules to be there
 * @sets: (element-type utf8): names of the sets of ipset that it needs
 * @listed: (out): an empty state, filled with what the tool lists after @batch
 *
 * Nothing of the host is touched. Returns: FALSE with NWF_ERROR_SYSTEM if no rehearsal is possible on this host, with
 *   NWF_ERROR_FIREWALL if @batch or a set was refused
 */
gboolean nwf_rehearse(const NwfTool *tool, const NwfBatch *batch, GPtrArray *sets, NwfState *listed, GError **error);
