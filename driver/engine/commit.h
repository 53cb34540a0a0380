/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * commit.h: requests become true: in the kernel, in the files, in the catalog
 */
#pragma once

#include "driver/engine/applier.h"

/** nwf_commit: carries out @requests (element-type NwfRequest), each about other ports; each has its error or none then. */
void nwf_commit(NwfApplier *applier, GPtrArray *requests);
