/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * review.h: remarks on what only other filters show to mean nothing
 */
#pragma once

#include "plan/tree.h"

/** nwf_review_references: on references of @filter to filters that do not exist, and on their parameters that nobody
 * uses. */
void nwf_review_references(const NwfFilter *filter, NwfFilterLookup lookup, gpointer data, NwfNotes *notes);

/**
 * nwf_review_params: on those of @params, which the binding of a port gives, that neither a rule of @tree nor the
 * driver uses
 * @place: begins each remark
 *
 * An IPv4 address that IP gives has an effect in any case: no other port of the bridge may learn it.
 */
void nwf_review_params(const char *place, NwfTree *tree, const NwfParams *params, NwfNotes *notes);
