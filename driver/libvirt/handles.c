/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * handles.c: lists of libvirt's objects
 *
 * A list is given whole or not at all. Freeing a handle is a public function and clears the error, so the report comes
 * last.
 */
#include "driver/libvirt/handles.h"
#include "driver/libvirt/errors.h"

#include <glib/gi18n-lib.h>

int
nwf_handles_of(virConnectPtr conn, const GPtrArray *objects, NwfHandleMake make, NwfHandleFree free_one,
               gpointer **handles)
{
    if (!handles)
        return (int)objects->len;

    g_autofree gpointer *list = g_new0(gpointer, objects->len + 1);
    for (guint i = 0; i < objects->len; i++) {
        g_autoptr(GError) error = NULL;

        list[i] = make(conn, objects->pdata[i]);
        if (list[i])
            continue;
        for (guint made = 0; made < i; made++)
            free_one(list[made]);
        nwf_set_error(&error, NWF_ERROR_INTERNAL, _("libvirt cannot make object %u of %u"), i + 1, objects->len);
        nwf_report(error);
        return -1;
    }
    *handles = g_steal_pointer(&list);
    return (int)objects->len;
}
