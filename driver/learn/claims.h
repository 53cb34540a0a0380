/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * claims.h: who has an address already
 *
 * The host: any of its interfaces. Other ports: those of the same bridge, by learning or by configuration. Ports that
 * are in no bridge, macvtaps among them, count as being in one together: better to refuse an address that may be free
 * than to let a VM take its neighbour's. VLANs of one bridge are not distinguished. A port whose device is away has
 * nothing.
 *
 * Who was first keeps the address, with one exception. What a VM shows anybody can show, and where no server is listed
 * anybody can give a lease. So a lease of a server in DHCPSERVER gives way only to what the host has, to a configured
 * address and to another such lease; everybody else who has its address has it no more. Without DHCPSERVER a lease
 * takes nothing from anybody: it may be forged.
 *
 * Of which server a lease is was seen when it was granted (NwfLease.listed): a list that a port gets later makes none
 * of its leases better.
 *
 * An address may become another's while its guest is away, and the guest's lease goes on. When it comes back the lease
 * counts as above, but gives way to another lease, if it is of no listed server, and not to what a VM merely shows:
 * else any guest in mode any could take the addresses of those who are away.
 *
 * All functions run with the learner's lock held.
 */
#pragma once

#include "driver/learn/learn_context.h"

/** nwf_claims_find_locked: a NwfAddressOwner; @session: a NwfSession, which asks. */
NwfRefusal nwf_claims_find_locked(const NwfAddress *address, gboolean listed, gpointer session);
/** nwf_claims_take_locked: a NwfAddressTaken; @session: a NwfSession, which has the address. */
void nwf_claims_take_locked(const NwfAddress *address, gpointer session);
/**
 * nwf_claims_drop_lost_locked: the port's device has come: leases that are another's by now end, unless another port of
 * the guest kept them in use.
 */
void nwf_claims_drop_lost_locked(NwfSession *session);
