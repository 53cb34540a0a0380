/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * rehearse.h: what the kernel would hold after a batch, in the words of the tool's listing
 */
#pragma once

#include "driver/tech/ebiptables/tool.h"

/**
 * nwf_rehearse:
 * @batch: one that needs nothing to be there
 * @listed: (out): an empty state, filled with what the tool lists after @batch
 *
 * Nothing of the host is touched. Returns: FALSE with NWF_ERROR_SYSTEM if no rehearsal is possible on this host, with
 *   NWF_ERROR_FIREWALL if @batch was refused, which on the host's own network it need not be: there may be sets there
 */
gboolean nwf_rehearse(const NwfTool *tool, const NwfBatch *batch, NwfState *listed, GError **error);
