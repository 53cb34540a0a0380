/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * story.h: short ways to say what a test of conf/ is about
 *
 * A document in these tests is mostly its inside; the shell around it is always the same.
 */
#pragma once

#include "conf/binding.h"

#define STORY_UUID "5ec00000-0000-4000-8000-000000000001"

/** A filter 'f' with @inside between its uuid and its end; (transfer full). */
char *story_filter(const char *inside);
/** A filter with one rule that holds @elements; (transfer full). */
char *story_rule(const char *elements);

/** The document printed again, or "error CODE: message" without the filter's name and the line; (transfer full). */
char *story_dump(const char *xml, NwfDialect dialect);
/** The inside of the first rule of the document printed again, as one line; or the error; (transfer full). */
char *story_elements(const char *elements, NwfDialect dialect);

/** The filter, which must be good. */
NwfFilter *story_parse(const char *xml, NwfDialect dialect);
/** The first rule of a filter. */
const NwfRule *story_first_rule(const NwfFilter *filter);

/** Fails the test unless the document is refused with @code and a message that contains @words. */
void story_refused(const char *xml, NwfDialect dialect, NwfErrorCode code, const char *words);
/** Fails the test unless what is printed reads the same when it is read again. */
void story_settled(const char *xml, NwfDialect dialect);
