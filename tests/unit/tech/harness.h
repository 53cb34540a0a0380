/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * harness.h: cases from folders, plans from a few words
 *
 * A case is a folder of cases/: binding*.xml are its bindings, all other *.xml its filters; a folder before/ in it
 * holds what was there earlier in the same form. Beside them stands what is expected.
 */
#pragma once

#include "driver/tech/ebiptables/render.h"

#define HARNESS_MAC "52:54:00:7b:35:93"

/** harness_path: (transfer full): a path in the folder of this test's data. */
char *harness_path(const char *first, ...) G_GNUC_NULL_TERMINATED;

/** harness_text: (transfer full): contents of a file that must be there. */
char *harness_text(const char *path);

/** harness_names: (transfer full): names of the entries of a folder, sorted. */
GPtrArray *harness_names(const char *folder);

/** harness_changes: (transfer full) (element-type NwfPlanChange): from what was before, or from nothing, to the case.
 */
GPtrArray *harness_changes(const char *folder);

/** harness_plan: (transfer full): plan of a filter "root" of these rules; @rules may be NULL for the closed plan. */
NwfPlan *harness_plan(const char *rules);

/** harness_plan_from: (transfer full): plan of the filter @root of @directory with the parameters "NAME=VALUE ...". */
NwfPlan *harness_plan_from(const char *directory, const char *root, const char *params);

/** harness_change: (transfer full): an array with one change. */
GPtrArray *harness_change(const char *port, NwfPlan *old_plan, NwfPlan *new_plan);

/** harness_lines: (transfer full) (element-type utf8): the lines of @text that begin with @prefix. */
GPtrArray *harness_lines(const char *text, const char *prefix);
