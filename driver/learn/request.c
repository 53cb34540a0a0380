/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * request.c: what is learned for a port; see learner.h
 */
#include <string.h>

#include "driver/learn/learner_inside.h"

NwfLearnRequest *
nwf_learn_request_new(NwfLearnMode mode, const char *portdev, const char *linkdev, const guint8 owner[16],
                      const guint8 mac[6])
{
    NwfLearnRequest *request = g_new0(NwfLearnRequest, 1);

    g_atomic_ref_count_init(&request->refs);
    request->mode = mode;
    request->portdev = g_strdup(portdev);
    request->linkdev = g_strdup(linkdev);
    memcpy(request->owner, owner, sizeof(request->owner));
    memcpy(request->mac, mac, sizeof(request->mac));
    request->servers = g_array_new(FALSE, FALSE, sizeof(NwfAddress));
    request->max = NWF_LEARN_MAX_DEFAULT;
    return request;
}

NwfLearnRequest *
nwf_learn_request_ref(NwfLearnRequest *request)
{
    g_atomic_ref_count_inc(&request->refs);
    return request;
}

void
nwf_learn_request_unref(NwfLearnRequest *request)
{
    if (request == NULL || !g_atomic_ref_count_dec(&request->refs))
        return;
    g_free(request->portdev);
    g_free(request->linkdev);
    g_array_unref(request->servers);
    nwf_allowed_unref(request->allowed);
    g_free(request);
}

static gboolean
lists_equal(const GArray *a, const GArray *b)
{
    return a->len == b->len && (a->len == 0 || memcmp(a->data, b->data, a->len * sizeof(NwfAddress)) == 0);
}

gboolean
nwf_learn_request_equal(const NwfLearnRequest *a, const NwfLearnRequest *b)
{
    return nwf_learn_request_same_client(a, b) && g_strcmp0(a->linkdev, b->linkdev) == 0 && a->max == b->max &&
           lists_equal(a->servers, b->servers) && nwf_allowed_equal(a->allowed, b->allowed);
}

gboolean
nwf_learn_request_same_client(const NwfLearnRequest *a, const NwfLearnRequest *b)
{
    return a->mode == b->mode && strcmp(a->portdev, b->portdev) == 0 &&
           memcmp(a->owner, b->owner, sizeof(a->owner)) == 0 && memcmp(a->mac, b->mac, sizeof(a->mac)) == 0;
}
