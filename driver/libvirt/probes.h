/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * probes.h: functions that tell from which slot of a table they were called
 */
#pragma once

#include "driver/libvirt/abi.h"

/** nwf_probes_place: fills @table from slot @first to NWF_ABI_PROBED_SLOTS with probes, and forgets earlier hits. */
void nwf_probes_place(NwfAbiSlot *table, guint first);
/** nwf_probes_clear: empties the same slots. */
void nwf_probes_clear(NwfAbiSlot *table, guint first);
/** nwf_probes_hits: how often a probe was called since they were placed. @slot: (out): slot of the last call */
guint nwf_probes_hits(guint *slot);
