/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * verdict_print.h: fates of frames for people and for programs
 */
#pragma once

#include "simulate/simulator.h"

/* One end of a frame's way, with a name. */
typedef struct NwfWayEnd {
    const char *name; /* NULL: a port without filter */
    NwfEnd end;
} NwfWayEnd;

/* A frame of a capture and what became of it. */
typedef struct NwfSight {
    guint number;   /* from 1, as capture tools count */
    gint64 time;    /* microseconds since 1970 */
    const guint8 *data;
    gsize length;
    gboolean cut;   /* the capture does not hold all of it */
    NwfWayEnd from;
    GArray *to;     /* (element-type NwfWayEnd); none: has nothing to do with the ports */
    NwfDecision *decisions; /* one for each; NULL if not judged */
} NwfSight;

void nwf_sight_clear(NwfSight *sight);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(NwfSight, nwf_sight_clear)

typedef struct NwfReport NwfReport;

NwfReport *nwf_report_new(gboolean json);
void nwf_report_free(NwfReport *report);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(NwfReport, nwf_report_free)

/** nwf_report_add: prints the frame, or keeps it for the document that nwf_report_print() writes. */
void nwf_report_add(NwfReport *report, const NwfSight *sight);
/** nwf_report_print: prints what is left to print: the sums, or all as JSON. */
void nwf_report_print(NwfReport *report);
