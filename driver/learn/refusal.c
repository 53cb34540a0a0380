/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * refusal.c: words and texts of the reasons
 */
#include "driver/learn/refusal.h"

#include <glib/gi18n-lib.h>

static const struct {
    const char *word, *text;
} refusals[] = {
#define NWF_REFUSAL_ROW(name, word, text) [NWF_REFUSAL_##name] = {word, text},
    NWF_REFUSAL_LIST(NWF_REFUSAL_ROW)
#undef NWF_REFUSAL_ROW
};

const char *
nwf_refusal_word(NwfRefusal refusal)
{
    g_return_val_if_fail(refusal < G_N_ELEMENTS(refusals), "");
    return refusals[refusal].word;
}

const char *
nwf_refusal_text(NwfRefusal refusal)
{
    g_return_val_if_fail(refusal < G_N_ELEMENTS(refusals), "");
    return _(refusals[refusal].text);
}
