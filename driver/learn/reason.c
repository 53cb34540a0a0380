/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * reason.c: words and texts of the reasons
 */
#include "driver/learn/reason.h"

#include <glib/gi18n-lib.h>

static const struct {
    const char *word, *text;
} reasons[] = {
#define NWF_REASON_ROW(name, word, text) [NWF_REASON_##name] = {word, text},
    NWF_REASON_LIST(NWF_REASON_ROW)
#undef NWF_REASON_ROW
};

const char *
nwf_reason_word(NwfReason reason)
{
    g_return_val_if_fail(reason < G_N_ELEMENTS(reasons), "");
    return reasons[reason].word;
}

const char *
nwf_reason_text(NwfReason reason)
{
    g_return_val_if_fail(reason < G_N_ELEMENTS(reasons), "");
    return _(reasons[reason].text);
}
