/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * protocol.c: look-up in the tables of elements
 */
#include "conf/protocol_tables.h"

#include <string.h>

const NwfProtocol *
nwf_protocol_at(guint index)
{
    if (index < nwf_n_ethernet_protocols)
        return &nwf_ethernet_protocols[index];
    index -= nwf_n_ethernet_protocols;
    return index < nwf_n_ip_protocols ? &nwf_ip_protocols[index] : NULL;
}

const NwfProtocol *
nwf_protocol_find(const char *name)
{
    const NwfProtocol *protocol = NULL;
    for (guint i = 0; (protocol = nwf_protocol_at(i)); i++)
        if (strcmp(protocol->name, name) == 0)
            return protocol;
    return NULL;
}
