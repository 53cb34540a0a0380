/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * schema.h: validation against the project's RELAX NG grammars, which are part of this library
 */
#pragma once

#include "conf/error.h"

typedef enum NwfSchema { NWF_SCHEMA_FILTER, NWF_SCHEMA_BINDING } NwfSchema;

/**
 * nwf_schema_prepare: has libxml2 set up what it sets up on first use, for this library and all others of the process.
 * To be called once, while no other thread validates anything.
 */
void nwf_schema_prepare(void);

/**
 * nwf_schema_validate:
 * Returns: TRUE, or FALSE with what nwf_xml_read() says of a text that is no document of this kind, or with
 *   NWF_ERROR_XML_SCHEMA that names the line and what was found there
 */
gboolean nwf_schema_validate(NwfSchema schema, const char *xml, GError **error);
