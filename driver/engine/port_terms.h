/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * port_terms.h: what a binding says about the learning of its address
 */
#pragma once

#include "conf/binding.h"
#include "driver/learn/learner.h"

/**
 * nwf_port_terms: (transfer full): how the address of @binding is to be learned, from CTRL_IP_LEARNING and its
 * companions; NULL with NWF_ERROR_INTERNAL or NWF_ERROR_PARSE: it is not, or what controls it cannot be read
 * @missing: what is known of the variable without value, for the message
 */
NwfLearnTerms *nwf_port_terms(const NwfBinding *binding, const char *missing, GError **error);

/** nwf_port_configured: (transfer full) (element-type NwfAddress): what the user gave as IP; NULL: nothing. */
GArray *nwf_port_configured(const NwfBinding *binding);
