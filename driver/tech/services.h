/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * services.h: names of services as ports
 */
#pragma once

#include <glib.h>

/** nwf_services_parse: (transfer full): from the text of a services file: name -> port + 1; the first line that has a
 * name counts. */
GHashTable *nwf_services_parse(const char *text);

/** nwf_service_port: for NwfHost: asks this host's services file; @data is not used. */
int nwf_service_port(const char *name, gpointer data);
