/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * filter.h: what the kernel lets a capture see, as a program for its packet filter
 *
 * Written in pcap's language and compiled by libpcap. The way a frame went is part of the program, so are the VM's MAC
 * address and, in a server's message, the client address and the servers that count: others cannot use up the budget.
 * The way is the kernel's own mark of the packet; libpcap from 1.11 on knows "inbound" in live captures only, so that
 * test is put before what libpcap compiles.
 */
#pragma once

#include <linux/filter.h>

#include "driver/learn/capture.h"

/** nwf_filter_text: (transfer full): the expression; it leaves out the way. */
char *nwf_filter_text(const NwfCaptureKind *kind);
/** nwf_filter_compile: Returns: (transfer full) (element-type struct sock_filter): or NULL with NWF_ERROR_INTERNAL */
GArray *nwf_filter_compile(const NwfCaptureKind *kind, GError **error);
