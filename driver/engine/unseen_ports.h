/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * unseen_ports.h: warns of bound ports whose frames no rule can see
 */
#pragma once

#include "driver/engine/catalog.h"
#include "driver/engine/engine.h"

typedef struct NwfUnseenPorts NwfUnseenPorts;

/**
 * nwf_unseen_ports_new: (transfer full): watches in the thread that runs @context, from when that thread calls
 * nwf_unseen_ports_begin()
 */
NwfUnseenPorts *nwf_unseen_ports_new(const NwfEngineConfig *config, NwfCatalog *catalog, GMainContext *context);
/** nwf_unseen_ports_begin: in the thread of the context. */
void nwf_unseen_ports_begin(NwfUnseenPorts *ports);
/** nwf_unseen_ports_look: from any thread: bindings were made or deleted; may be called before the beginning. */
void nwf_unseen_ports_look(NwfUnseenPorts *ports);
/** nwf_unseen_ports_free: when the thread has ended. */
void nwf_unseen_ports_free(NwfUnseenPorts *ports);
