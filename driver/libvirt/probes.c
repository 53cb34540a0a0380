/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * probes.c: functions that tell from which slot of a table they were called
 *
 * A probe knows nothing but its own number, so each slot has a function of its own. libvirt calls it with the arguments
 * of whatever it takes the slot for; a probe ignores them and answers zero, which every function of the tables may
 * answer: no objects, no text, success. One thread at a time uses them.
 */
#include "driver/libvirt/probes.h"

static guint hits;
static guint last_slot;

static void *
hit(guint slot)
{
    hits++;
    last_slot = slot;
    return NULL;
}

/* Sixteen times sixteen times two functions, nwf_probe_0x000 to nwf_probe_0x1ff, and their addresses in order. */
/* clang-format off */
#define DIGITS(X, head) \
    X(head##0) X(head##1) X(head##2) X(head##3) X(head##4) X(head##5) X(head##6) X(head##7) \
    X(head##8) X(head##9) X(head##a) X(head##b) X(head##c) X(head##d) X(head##e) X(head##f)
#define LAST_DIGIT(X, head) DIGITS(X, head)
#define PAGE(X, head) \
    LAST_DIGIT(X, head##0) LAST_DIGIT(X, head##1) LAST_DIGIT(X, head##2) LAST_DIGIT(X, head##3) \
    LAST_DIGIT(X, head##4) LAST_DIGIT(X, head##5) LAST_DIGIT(X, head##6) LAST_DIGIT(X, head##7) \
    LAST_DIGIT(X, head##8) LAST_DIGIT(X, head##9) LAST_DIGIT(X, head##a) LAST_DIGIT(X, head##b) \
    LAST_DIGIT(X, head##c) LAST_DIGIT(X, head##d) LAST_DIGIT(X, head##e) LAST_DIGIT(X, head##f)

#define DEFINE_PROBE(number) \
    static void *nwf_probe_##number(void) \
    { \
        return hit(number); \
    }
#define PROBE_ADDRESS(number) (NwfAbiFunction)nwf_probe_##number,

PAGE(DEFINE_PROBE, 0x0)
PAGE(DEFINE_PROBE, 0x1)
/* clang-format on */

static const NwfAbiFunction probes[] = {PAGE(PROBE_ADDRESS, 0x0) PAGE(PROBE_ADDRESS, 0x1)};

G_STATIC_ASSERT(G_N_ELEMENTS(probes) == NWF_ABI_PROBED_SLOTS);

void
nwf_probes_place(NwfAbiSlot *table, guint first)
{
    hits = 0;
    for (guint slot = first; slot < G_N_ELEMENTS(probes); slot++)
        table[slot].call = probes[slot];
}

void
nwf_probes_clear(NwfAbiSlot *table, guint first)
{
    for (guint slot = first; slot < G_N_ELEMENTS(probes); slot++)
        table[slot].call = NULL;
}

guint
nwf_probes_hits(guint *slot)
{
    *slot = last_slot;
    return hits;
}
