/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * net.h: ports with VMs behind them, in a network of our own, and frames that really go through
 *
 * A port is one end of a veth pair: what goes into the other end, the VM's, comes out of the port as what a VM sends;
 * what is sent out of the port is what the VM receives. VMs have numbers: the MAC address of VM 1 is 52:54:00:00:00:01.
 */
#pragma once

#include "tests/unit/learn/frames.h"

/** net_enter: FALSE if this needs rights that we do not have. */
gboolean net_enter(void);
/** net_fresh: an empty network namespace, with loopback up. */
void net_fresh(void);
/** net_here: frames are sent in the network namespace that the caller is in. */
void net_here(void);
/** net_run: a shell script, which must succeed. */
void net_run(const char *format, ...) G_GNUC_PRINTF(1, 2);
/** net_port: makes the port @name, up. */
void net_port(const char *name);
/** net_bridge: a bridge with @n ports, vnet0 and so on. */
void net_bridge(guint n);
/** net_wait: until both ends of the port are up and let frames through. */
void net_wait(const char *name);

void net_mac(guint8 mac[6], guint vm);
/** net_send: a line of frames.h as it is for or from @vm, through the port @name. Other VMs' addresses are the
 * stranger's. */
void net_send(const char *name, guint vm, const char *line);
/** net_send_times: many times the same, as fast as possible. */
void net_send_times(const char *name, guint vm, const char *line, guint times);
/** net_try_times: the same through a port that may go down meanwhile. Returns: how many went */
guint net_try_times(const char *name, guint vm, const char *line, guint times);
/** net_descriptors: how many this process has open. */
guint net_descriptors(void);
/** net_threads: how many it has. */
guint net_threads(void);
