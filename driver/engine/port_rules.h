/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * port_rules.h: from a binding to the rules of its port
 */
#pragma once

#include "driver/engine/applier.h"

/**
 * nwf_port_build: gives @port the rules that its binding asks for, and the state that says which they are
 * @request: for whose sake; if it defines a filter, that one counts in place of the one of its name
 *
 * The rules are the interim ones while the address is not known. A port that no device can have gets none. Errors are
 * those of trees, values and of the backend's check(); then the rules and the state are as they were, filters and terms
 * are the right ones in any case.
 */
gboolean nwf_port_build(const NwfApplier *applier, NwfRequest *request, NwfPort *port, GError **error);

/** nwf_port_build_interim: gives @port, whose address is learned, the rules for the time until then. */
gboolean nwf_port_build_interim(const NwfApplier *applier, NwfPort *port, NwfKnown known, GError **error);

/** nwf_port_build_resting: gives @port, whose learned addresses changed, rules that allow none of them, old or new,
 * whatever the configuration says about the time before an address is known. */
gboolean nwf_port_build_resting(const NwfApplier *applier, NwfPort *port, GError **error);

/**
 * nwf_port_build_or_close: the same for a change that somebody asked for: a port whose device is there must fit; one
 * without a device stands in nobody's way, it is closed if it cannot be built, so that the device is not open when it
 * appears. A new binding that cannot be built is an error in any case where the configuration is strict.
 */
gboolean nwf_port_build_or_close(const NwfApplier *applier, NwfRequest *request, NwfPort *port, GError **error);

/** nwf_port_close_absent: after the kernel refused: closes @port, which has no device, and notes it in @request. FALSE:
 * it has one, is closed, or has no rules. */
gboolean nwf_port_close_absent(NwfRequest *request, NwfPort *port, const GError *why);
