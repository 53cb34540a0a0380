/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * foreign_changes.h: the thread that learns what others do to the firewall
 */
#pragma once

#include "driver/engine/applier.h"

typedef struct NwfForeignChanges NwfForeignChanges;

/**
 * nwf_foreign_changes_new: receives announcements of the kernel from now on, but reads them when it is begun
 * @tables: those that count; the last has no name
 * @inbox: where they are posted
 * @catalog: of the ports that are warned of if no rule can see them
 */
NwfForeignChanges *nwf_foreign_changes_new(const NwfEngineConfig *config, const NwfTable *tables, NwfInbox *inbox,
                                           NwfCatalog *catalog);
/** nwf_foreign_changes_begin: starts the thread. */
void nwf_foreign_changes_begin(NwfForeignChanges *changes);
/** nwf_foreign_changes_ports: from any thread: bindings were made or deleted. */
void nwf_foreign_changes_ports(NwfForeignChanges *changes);
void nwf_foreign_changes_free(NwfForeignChanges *changes);
