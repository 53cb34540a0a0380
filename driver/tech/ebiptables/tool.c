/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * tool.c: one of ebtables, iptables, ip6tables, with what is known of its table
 *
 * The three differ in names and in one option: the IP tools may wait for the lock of their older form. Everything is
 * read and written through the -save and -restore programs; one run is one transaction.
 *
 * With nft somebody can put rules into a table that its tool cannot list, though it can still write the table. Such a
 * table is known by its outline (outline.c). Then what its chains hold cannot be compared, and ports are written again
 * where nothing is known of them.
 *
 * A table is read whenever it turns out to be another than was thought, also in the middle of a change of one port.
 * From then on the model has what was read, so what other ports have lost must be found now: nwf_tool_read() compares,
 * and the ports that lost or gained something become suspects.
 */
#include "driver/run/netlink.h"
#include "driver/tech/ebiptables/ebiptables_private.h"
#include "driver/tech/ebiptables/outline.h"

#include <glib/gi18n-lib.h>
#include <string.h>

enum { TIMEOUT_MS = 30 * 1000 };

typedef struct ToolNames {
    const char *restore;
    const char *save;
    const char *restore_options[3];
    const char *save_options[2];
} ToolNames;

static const ToolNames names[NWF_LAYERS] = {
    [NWF_LAYER_ETHERNET] = {"ebtables-restore", "ebtables-save", {"--noflush"}, {NULL}},
    [NWF_LAYER_IPV4] = {"iptables-restore", "iptables-save", {"--noflush", "--wait", "5"}, {"-t", "filter"}},
    [NWF_LAYER_IPV6] = {"ip6tables-restore", "ip6tables-save", {"--noflush", "--wait", "5"}, {"-t", "filter"}},
};

void
nwf_tool_init(NwfTool *tool, NwfLayer layer, NwfOwnTransactions *own)
{
    *tool = (NwfTool){
        .layer = layer,
        .model = nwf_model_new(layer),
        .suspects = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL),
        .own = own,
    };
}

void
nwf_tool_clear(NwfTool *tool)
{
    g_clear_pointer(&tool->restore, g_free);
    g_clear_pointer(&tool->save, g_free);
    g_clear_pointer(&tool->model, nwf_model_free);
    g_clear_pointer(&tool->suspects, g_hash_table_unref);
    g_clear_pointer(&tool->fingerprint, g_free);
}

void
nwf_tool_remember(NwfTool *tool)
{
    g_clear_pointer(&tool->fingerprint, g_free);
    if (tool->legacy)
        tool->fingerprint = nwf_legacy_fingerprint(tool->layer);
}

gboolean
nwf_tool_has_changed(const NwfTool *tool)
{
    if (tool->stale || !tool->legacy || !tool->known)
        return tool->stale;
    g_autofree char *now = nwf_legacy_fingerprint(tool->layer);
    return g_strcmp0(now, tool->fingerprint) != 0;
}

static gboolean
find_program(char **path, const char *program, GError **error)
{
    if (!*path)
        *path = nwf_command_find(program);
    return *path || nwf_set_error(error, NWF_ERROR_NO_TOOL, _("the program %s is not installed"), program);
}

gboolean
nwf_tool_is_found(const NwfTool *tool)
{
    return tool->restore && tool->save;
}

gboolean
nwf_tool_find(NwfTool *tool, GError **error)
{
    gboolean found = find_program(&tool->restore, names[tool->layer].restore, error) &&
                     find_program(&tool->save, names[tool->layer].save, error);

    tool->legacy = found && nwf_legacy_is_used(tool->restore);
    return found;
}

char *
nwf_tool_stamp(const NwfTool *tool)
{
    guint32 generation;

    if (tool->legacy)
        return nwf_legacy_fingerprint(tool->layer);
    return nwf_nft_generation(&generation) ? g_strdup_printf("%u", generation) : NULL;
}

gboolean
nwf_tool_list(const NwfTool *tool, NwfModel *into, GError **error)
{
    const char *const *options = names[tool->layer].save_options;
    const char *const argv[] = {tool->save, options[0], options[1], NULL};
    g_auto(NwfCommandResult) result = {0};
    g_autoptr(GError) why = NULL;

    if (nwf_command_run(NULL, argv, NULL, 0, TIMEOUT_MS, &result, &why) && nwf_model_read(into, result.out, &why))
        return TRUE;
    /* it has two ways to say that it stopped because of rules that somebody made without it */
    gboolean unlistable = why->code == NWF_ERROR_UNSUPPORTED ||
                          (result.exit_status > 0 && result.err && strstr(result.err, "Parsing nftables rule failed"));
    g_autofree char *outline = unlistable ? nwf_outline(&nwf_ebiptables_tables[tool->layer]) : NULL;
    if (outline) {
        nwf_model_read_outline(into, outline);
        return TRUE;
    }
    why->code = why->code == NWF_ERROR_UNSUPPORTED ? NWF_ERROR_FIREWALL : why->code;
    g_propagate_error(error, g_steal_pointer(&why));
    return FALSE;
}

void
nwf_tool_suspect(NwfTool *tool, const NwfModel *a, const NwfModel *b, gboolean all)
{
    const NwfModel *const both[] = {a, b};

    for (guint i = 0; i < G_N_ELEMENTS(both); i++) {
        g_autoptr(GPtrArray) ports = nwf_model_ports(both[i]);
        for (guint j = 0; j < ports->len; j++) {
            const char *port = g_ptr_array_index(ports, j);
            if (!all && nwf_compare_outline(a, b, port))
                continue;
            g_hash_table_add(tool->suspects, g_strdup(port));
            tool->stale = TRUE;
        }
    }
}

gboolean
nwf_tool_read(NwfTool *tool, GError **error)
{
    g_autoptr(NwfModel) now = nwf_model_new(tool->layer);

    tool->stale = nwf_tool_has_changed(tool);
    tool->known = FALSE;
    if (!nwf_tool_find(tool, error))
        return FALSE;
    nwf_tool_remember(tool);
    if (!nwf_tool_list(tool, now, error)) {
        g_prefix_error(error, "%s: ", _("the rules of the kernel cannot be read"));
        tool->stale = tool->stale || tool->legacy; /* nobody announces that there is reason to try again */
        return FALSE;
    }
    if (tool->listed) /* all, if it is legible again: what could not be done is done now */
        nwf_tool_suspect(tool, tool->model, now, tool->model->outlined && !now->outlined);
    nwf_model_free(tool->model);
    tool->model = g_steal_pointer(&now);
    tool->known = tool->listed = TRUE;
    return TRUE;
}

gboolean
nwf_tool_restore(const NwfTool *tool, const NwfBatch *batch, NwfCommandResult *result, GError **error)
{
    const char *const *options = names[tool->layer].restore_options;
    const char *const argv[] = {tool->restore, options[0], options[1], options[2], NULL};

    return nwf_command_run(tool->lock, argv, batch->text->str, (gssize)batch->text->len, TIMEOUT_MS, result, error);
}
