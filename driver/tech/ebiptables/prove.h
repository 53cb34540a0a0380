/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * prove.h: whether the kernel has what a tool reports as done
 */
#pragma once

#include "driver/tech/ebiptables/tool.h"

/**
 * nwf_prove:
 * @changes: (element-type NwfPortChange): those that the tool's last batch was made of
 * @proof: what nwf_tool_run() has found out
 *
 * Returns: FALSE with NWF_ERROR_FIREWALL if the kernel does not have the new plans of @changes, or cannot be asked;
 * then the table is unknown
 */
gboolean nwf_prove(NwfTool *tool, GPtrArray *changes, NwfProof proof, GError **error);
