/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * message.c: what the driver says to libvirt
 *
 * Messages quote names, values, lines of files and words of tools, and not all of these are short or UTF-8: whoever may
 * create bindings can write megabytes into the name of a filter. All errors and lines of the log pass here, so that
 * none of them is more than a log can hold and a client can read.
 */
#include "driver/libvirt/message.h"

#include <string.h>

char *
nwf_message_fit(const char *message)
{
    g_autofree char *valid = g_utf8_make_valid(message, -1);
    gsize length = strlen(valid);

    if (length <= NWF_MESSAGE_MAX)
        return g_steal_pointer(&valid);
    const char *head_end = g_utf8_find_prev_char(valid, valid + NWF_MESSAGE_MAX / 2 + 1);
    const char *tail = g_utf8_find_next_char(valid + length - NWF_MESSAGE_MAX / 2 - 1, NULL);
    return g_strdup_printf("%.*s … %s", (int)(head_end - valid), valid, tail);
}
