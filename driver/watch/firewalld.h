/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * firewalld.h: reports that firewalld starts, stops, or makes its rules anew
 *
 * It may flush the tables of others then, and the kernel does not announce that for all tables (nft_monitor.h).
 */
#pragma once

#include <glib.h>

typedef struct NwfFirewalld NwfFirewalld;

/**
 * nwf_firewalld_new: listens on the system bus in the calling thread's default main context, in which @changed is
 * called, too. Without a system bus it reports nothing. (transfer full)
 */
NwfFirewalld *nwf_firewalld_new(void (*changed)(gpointer data), gpointer data);

/** nwf_firewalld_free: in the same thread. */
void nwf_firewalld_free(NwfFirewalld *firewalld);
