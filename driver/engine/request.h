/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * request.h: what one call asks for, and what was prepared for it
 *
 * The applier carries a request out in steps: prepare (works out new objects and files to come; changes nothing outside
 * of the request) -> kernel -> files -> publish -> answer. A request holds all that it made; what is not published ends
 * with it, so that a request that fails leaves nothing behind.
 */
#pragma once

#include "driver/engine/catalog.h"
#include "driver/engine/engine.h"
#include "driver/store/store.h"

typedef struct NwfApplier NwfApplier;
typedef struct NwfRequest NwfRequest;

/* Which rules a restored port gets. */
typedef enum NwfRestored {
    NWF_RESTORED_NEW,     /* made anew, with the addresses that are known now */
    NWF_RESTORED_SAME,    /* those it has, if the kernel acknowledged them */
    NWF_RESTORED_WAITING, /* those of a port without address, because others are first */
    NWF_RESTORED_RESTING, /* the same, because its addresses change too often: a warning says so */
} NwfRestored;

typedef struct NwfRequestKind {
    gboolean exclusive; /* alone in its batch */
    /* The request is no change: what the applier does in place of all the steps. NULL for changes. */
    gboolean (*act)(NwfApplier *applier, NwfRequest *request, GError **error);
    /* Fills the request from the catalog. */
    gboolean (*prepare)(const NwfApplier *applier, NwfRequest *request, GError **error);
    /* After the kernel refused: TRUE if the request was changed into one that asks for less. May be NULL. */
    gboolean (*fall_back)(const NwfApplier *applier, NwfRequest *request, const GError *why);
    /* Nothing can be placed: TRUE if the request is carried out without the kernel, its ports marked for a later try;
     * FALSE (or NULL): it fails. */
    gboolean (*defer)(const NwfApplier *applier, NwfRequest *request, const GError *why);
} NwfRequestKind;

struct NwfRequest {
    const NwfRequestKind *kind;

    /* what is asked */
    char *portdev; /* NULL: the request is about no single port */
    char *file;    /* name of a filter file to be read, without ending */
    NwfBinding *binding;
    NwfFilter *filter;
    gboolean keep_file; /* the definition came from its file, and that is complete */
    gboolean unsure;    /* nobody knows what the kernel holds of the port: the backend looks */
    NwfRestored restored;
    gboolean unasked; /* there is no caller: notes that were logged before are not repeated */

    /* what was prepared */
    GHashTable *devices;      /* name -> index of the devices that there are; NULL: not asked */
    GArray *updates;          /* (element-type NwfPortUpdate) */
    NwfFilter *old_filter;    /* to be taken out of the catalog */
    NwfFilter *new_filter;    /* to be put in */
    NwfRulesCache *new_cache; /* made with @filter, which is not in force yet; NULL: the definition changes no rules */
    NwfPending *pending;      /* file to put in place */
    NwfStore *remove_from;    /* file to remove… */
    char *remove_name;        /* …and its name */
    NwfNotes *notes;          /* warnings */
    NwfNotes *remarks;        /* on what means nothing, or more than it says */
    NwfNotes *port_remarks;   /* the same, on ports that a definition meets: what was logged before is not repeated */

    /* the answer */
    GPtrArray *in_kernel; /* (element-type utf8): ports with rules of ours, see nwf_reread_kind */
    GError *error;
    gboolean answered;
};

/** nwf_request_new: (transfer full); @portdev may be NULL. */
NwfRequest *nwf_request_new(const NwfRequestKind *kind, const char *portdev);
void nwf_request_free(NwfRequest *request);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(NwfRequest, nwf_request_free)

/** nwf_requests_new: (transfer full): an empty list that owns its requests. */
GPtrArray *nwf_requests_new(void);
/** nwf_requests_add: (transfer none): makes a request and appends it; @portdev may be NULL. */
NwfRequest *nwf_requests_add(GPtrArray *requests, const NwfRequestKind *kind, const char *portdev);

/** nwf_request_update: @old (transfer none) gives way to @new (transfer full). */
void nwf_request_update(NwfRequest *request, NwfPort *old, NwfPort *new);
/** nwf_request_release: what the kernel may hold of @name, which nobody binds, is to be removed. */
void nwf_request_release(NwfRequest *request, const char *name);

/**
 * nwf_restore_kind_of: what to do for @portdev, whose rules somebody else may have changed: a bound port gets them
 * back, any other is released
 */
const NwfRequestKind *nwf_restore_kind_of(NwfCatalog *catalog, const char *portdev);
/**
 * nwf_restore_requests: (transfer full): one for every bound port, and one for each port of @in_kernel (may be NULL)
 * that nobody binds. What the kernel holds of them is not known: the backend looks, and what differs is written.
 */
GPtrArray *nwf_restore_requests(NwfCatalog *catalog, GPtrArray *in_kernel);

/* request_bind.c, request_define.c, request_restore.c, reconcile.c. */
extern const NwfRequestKind nwf_bind_kind, nwf_unbind_kind;
extern const NwfRequestKind nwf_define_kind, nwf_undefine_kind, nwf_reload_kind, nwf_review_kind;
extern const NwfRequestKind nwf_restore_kind, nwf_release_kind, nwf_reread_kind;
