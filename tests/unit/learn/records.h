/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * records.h: leases as files know them, for tests of the files
 */
#pragma once

#include "driver/learn/lease_files.h"

#define SECOND ((gint64)G_USEC_PER_SEC)
#define KEY_A  "d54df46f-1ab5-4a22-8618-4560ef5f0001-52:54:00:00:00:01"
#define KEY_B  "d54df46f-1ab5-4a22-8618-4560ef5f0002-52:54:00:00:00:02"
#define BOOT   "0f2b9e3a-1c1d-4e55-9b5e-8a1f6b6f0a01"

/* It is second 2000 of the world and second 100 of the host. */
extern const NwfClock records_now;

/** records_summary: (transfer full): letter of the key, address and seconds left of each, with blanks between. */
char *records_summary(const GArray *records);
GArray *records_new(void);
/** records_add: a lease with @left seconds, or without end if that is negative, granted so many seconds ago. */
void records_add(GArray *records, NwfLearnMode mode, const char *key, const char *text, gint64 left, gint64 granted);

/** records_some: (transfer full): one of each kind; RECORDS_ALL is their summary. */
GArray *records_some(void);
#define RECORDS_ALL "A:10.0.0.5:60 A:10.0.0.6:never B:10.0.0.7:never"
