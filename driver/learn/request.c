/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * request.c: what is learned for a port; see learner.h
 */
#include <string.h>

#include "driver/learn/learner_inside.h"

NwfLearnTerms *
nwf_learn_terms_new(NwfLearnMode mode, const char *portdev, const char *linkdev, const guint8 owner[16],
                    const guint8 mac[6])
{
    NwfLearnTerms *terms = g_new0(NwfLearnTerms, 1);

    g_atomic_ref_count_init(&terms->refs);
    terms->mode = mode;
    terms->portdev = g_strdup(portdev);
    terms->linkdev = g_strdup(linkdev);
    memcpy(terms->owner, owner, sizeof(terms->owner));
    memcpy(terms->mac, mac, sizeof(terms->mac));
    terms->servers = g_array_new(FALSE, FALSE, sizeof(NwfAddress));
    terms->max = NWF_LEARN_MAX_DEFAULT;
    return terms;
}

NwfLearnTerms *
nwf_learn_terms_ref(NwfLearnTerms *terms)
{
    g_atomic_ref_count_inc(&terms->refs);
    return terms;
}

void
nwf_learn_terms_unref(NwfLearnTerms *terms)
{
    if (terms == NULL || !g_atomic_ref_count_dec(&terms->refs))
        return;
    g_free(terms->portdev);
    g_free(terms->linkdev);
    g_array_unref(terms->servers);
    nwf_allowed_unref(terms->allowed);
    g_free(terms);
}

static gboolean
lists_equal(const GArray *a, const GArray *b)
{
    return a->len == b->len && (a->len == 0 || memcmp(a->data, b->data, a->len * sizeof(NwfAddress)) == 0);
}

gboolean
nwf_learn_terms_equal(const NwfLearnTerms *a, const NwfLearnTerms *b)
{
    return nwf_learn_terms_same_client(a, b) && g_strcmp0(a->linkdev, b->linkdev) == 0 && a->max == b->max &&
           lists_equal(a->servers, b->servers) && nwf_allowed_equal(a->allowed, b->allowed);
}

gboolean
nwf_learn_terms_same_client(const NwfLearnTerms *a, const NwfLearnTerms *b)
{
    return a->mode == b->mode && strcmp(a->portdev, b->portdev) == 0 &&
           memcmp(a->owner, b->owner, sizeof(a->owner)) == 0 && memcmp(a->mac, b->mac, sizeof(a->mac)) == 0;
}
