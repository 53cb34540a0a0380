/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * announced.h: what the kernel announces while a tool runs
 */
#pragma once

#include <sys/types.h>

#include "driver/run/netlink.h"
#include "driver/tech/ebiptables/render.h"

/* What is known of a batch that a tool reports as done. */
typedef enum NwfProof {
    NWF_PROOF_UNKNOWN, /* others' transactions were announced, some were lost, or nobody announces anything */
    NWF_PROOF_DONE,    /* the tool's own transaction was announced, with the last of the batch's changes in it */
    NWF_PROOF_NOTHING, /* nobody has changed any rule meanwhile */
    NWF_PROOF_CHANGED, /* the table, which announces nothing, is another than before */
} NwfProof;

/** nwf_announced_new: (transfer full): listens from now on in the calling thread's network namespace; NULL: cannot. */
NwfNetlink *nwf_announced_new(void);

/**
 * nwf_announced_proof:
 * @announced: made before the tool was started; may be NULL
 * @pid: the process that was given @batch, and has ended
 *
 * Reads what was announced since nwf_announced_new(). Never blocks.
 */
NwfProof nwf_announced_proof(NwfNetlink *announced, const NwfBatch *batch, pid_t pid);
