/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * interim.h: the rules of a port whose address is not known yet
 *
 * They stand in the place of the port's own rules until its address is known. ANY and DHCP let the VM send what it
 * needs to get or show an address, and nothing that claims one; OPEN, an option, lets it send all IPv4 and ARP. Frames
 * are captured before any rule, so that dropped frames teach too.
 */
#pragma once

#include "plan/rules.h"

typedef enum NwfInterim {
    NWF_INTERIM_ANY,  /* from the VM: DHCP requests, ARP probes, the announcement of a moved VM; to the VM: all */
    NWF_INTERIM_OPEN, /* the same, and from the VM all IPv4 and ARP of its MAC, as the stock driver does */
    NWF_INTERIM_DHCP, /* DHCP requests from the VM, DHCP answers to it; of DHCPSERVER alone if that has values */
    NWF_INTERIMS
} NwfInterim;

/**
 * nwf_rules_new_interim:
 * @params: of the binding, MAC included
 * @error: NWF_ERROR_INTERNAL: a value of MAC or DHCPSERVER that is no address
 *
 * Returns: (transfer full): the rules
 */
NwfRules *nwf_rules_new_interim(NwfInterim interim, const NwfParams *params, GError **error);
