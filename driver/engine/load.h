/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * load.h: definitions and bindings from their files
 */
#pragma once

#include "driver/engine/applier.h"

/** nwf_load_filter: (transfer full): from the file @name without ending. */
NwfFilter *nwf_load_filter(const NwfEngineConfig *config, NwfStore *store, const char *name, NwfNotes *remarks,
                           GError **error);

/**
 * nwf_load: fills the catalog of @applier from all files, before the applier runs. What cannot be taken is logged.
 * FALSE: a folder cannot be read.
 */
gboolean nwf_load(NwfApplier *applier, GError **error);

/** nwf_load_refused: logs that the file @name of @directory is ignored. */
void nwf_load_refused(const NwfEngineConfig *config, const char *directory, const char *name, const GError *why);
