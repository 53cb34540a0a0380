/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * request.c: what one call asks for, and what was prepared for it
 */
#include "driver/engine/request.h"

static void
update_clear(gpointer data)
{
    NwfPortUpdate *update = data;

    g_clear_pointer(&update->old, nwf_port_unref);
    g_clear_pointer(&update->new, nwf_port_unref);
    g_clear_pointer(&update->name, g_free);
}

NwfRequest *
nwf_request_new(const NwfRequestKind *kind, const char *portdev)
{
    NwfRequest *request = g_new0(NwfRequest, 1);

    request->kind = kind;
    request->portdev = g_strdup(portdev);
    request->updates = g_array_new(FALSE, TRUE, sizeof(NwfPortUpdate));
    g_array_set_clear_func(request->updates, update_clear);
    request->notes = nwf_notes_new();
    request->remarks = nwf_notes_new();
    request->port_remarks = nwf_notes_new();
    return request;
}

void
nwf_request_free(NwfRequest *request)
{
    if (!request)
        return;
    g_free(request->portdev);
    g_free(request->file);
    g_clear_pointer(&request->binding, nwf_binding_unref);
    g_clear_pointer(&request->filter, nwf_filter_unref);
    g_clear_pointer(&request->old_filter, nwf_filter_unref);
    g_clear_pointer(&request->new_filter, nwf_filter_unref);
    g_clear_pointer(&request->pending, nwf_store_abandon);
    g_free(request->remove_name);
    g_array_unref(request->updates);
    g_clear_pointer(&request->devices, g_hash_table_unref);
    g_clear_pointer(&request->new_cache, nwf_rules_cache_free);
    g_ptr_array_unref(request->notes);
    g_ptr_array_unref(request->remarks);
    g_ptr_array_unref(request->port_remarks);
    g_clear_pointer(&request->in_kernel, g_ptr_array_unref);
    g_clear_error(&request->error);
    g_free(request);
}

GPtrArray *
nwf_requests_new(void)
{
    return g_ptr_array_new_with_free_func((GDestroyNotify)nwf_request_free);
}

NwfRequest *
nwf_requests_add(GPtrArray *requests, const NwfRequestKind *kind, const char *portdev)
{
    NwfRequest *request = nwf_request_new(kind, portdev);

    g_ptr_array_add(requests, request);
    return request;
}

void
nwf_request_update(NwfRequest *request, NwfPort *old, NwfPort *new)
{
    NwfPortUpdate update = {.old = old ? nwf_port_ref(old) : NULL, .new = new};

    g_array_append_val(request->updates, update);
}

void
nwf_request_release(NwfRequest *request, const char *name)
{
    NwfPortUpdate update = {.name = g_strdup(name)};

    g_array_append_val(request->updates, update);
}
