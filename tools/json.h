/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * json.h: what the subcommands print for programs
 *
 * Thin words over json-glib. Names and words in JSON are never translated.
 */
#pragma once

#include <json-glib/json-glib.h>

/** nwf_json_text: a member of the object that is being built; NULL becomes null. */
void nwf_json_text(JsonBuilder *out, const char *name, const char *text);
void nwf_json_number(JsonBuilder *out, const char *name, gint64 number);
/** nwf_json_print: the finished document, indented, on standard output. */
void nwf_json_print(JsonBuilder *out);
