/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * tool.c: one of ebtables, iptables, ip6tables, with what is known of its table
 *
 * The three differ in names and in one option: the IP tools may wait for the lock of their older form. Everything is
 * read and written through the -save and -restore programs; one run is one transaction.
 *
 * A tool that was killed at its time limit may have been heard by the kernel or not: then the table is unknown again,
 * and the next use reads it first.
 *
 * A table that somebody has made illegible for the tool with nft, which can still write it, is known by its outline
 * (outline.c). Then what its chains hold cannot be compared, and ports are written again where nothing is known of
 * them.
 *
 * A table is read whenever it turns out to be another than was thought, which may be in the middle of a change of one
 * port. What others have lost by then would never be found by comparing with what was read: so whoever reads compares,
 * and notes the suspects.
 */
#include "driver/tech/ebiptables/tool.h"

#include "driver/tech/ebiptables/compare.h"
#include "driver/tech/ebiptables/legacy.h"
#include "driver/tech/ebiptables/outline.h"

#include <glib/gi18n-lib.h>
#include <string.h>

enum { TIMEOUT_MS = 30 * 1000 };

typedef struct ToolNames {
    const char *restore;
    const char *save;
    const char *restore_options[4];
    const char *save_options[3];
} ToolNames;

static const ToolNames names[NWF_LAYERS] = {
    [NWF_LAYER_ETHERNET] = {"ebtables-restore", "ebtables-save", {"--noflush"}, {NULL}},
    [NWF_LAYER_IPV4] = {"iptables-restore", "iptables-save", {"--noflush", "--wait", "5"}, {"-t", "filter"}},
    [NWF_LAYER_IPV6] = {"ip6tables-restore", "ip6tables-save", {"--noflush", "--wait", "5"}, {"-t", "filter"}},
};

void
nwf_tool_init(NwfTool *tool, NwfLayer layer)
{
    *tool = (NwfTool){
        .layer = layer,
        .model = nwf_model_new(layer),
        .suspects = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL),
        .runs = g_array_new(FALSE, FALSE, sizeof(NwfRun)),
    };
}

void
nwf_tool_clear(NwfTool *tool)
{
    g_clear_pointer(&tool->restore, g_free);
    g_clear_pointer(&tool->save, g_free);
    g_clear_pointer(&tool->model, nwf_model_free);
    g_clear_pointer(&tool->suspects, g_hash_table_unref);
    g_clear_pointer(&tool->runs, g_array_unref);
    g_clear_pointer(&tool->fingerprint, g_free);
}

/* What is in the table now is as we know it. */
static void
remember(NwfTool *tool)
{
    g_clear_pointer(&tool->fingerprint, g_free);
    if (tool->legacy)
        tool->fingerprint = nwf_legacy_fingerprint(tool->layer);
}

gboolean
nwf_tool_is_stirred(const NwfTool *tool)
{
    if (tool->missed || !tool->legacy || !tool->known)
        return tool->missed;
    g_autofree char *now = nwf_legacy_fingerprint(tool->layer);
    return g_strcmp0(now, tool->fingerprint) != 0;
}

static gboolean
find_program(char **path, const char *program, GError **error)
{
    if (!*path)
        *path = nwf_command_find(program);
    return *path || nwf_set_error(error, NWF_ERROR_FIREWALL, _("the program %s is not installed"), program);
}

gboolean
nwf_tool_find(NwfTool *tool, GError **error)
{
    gboolean found = find_program(&tool->restore, names[tool->layer].restore, error) &&
                     find_program(&tool->save, names[tool->layer].save, error);

    tool->legacy = found && nwf_legacy_is_used(tool->restore);
    return found;
}

/* The program, then its options. */
static GPtrArray *
command_line(const char *program, const char *const *options, gsize n)
{
    GPtrArray *argv = g_ptr_array_new();

    g_ptr_array_add(argv, (gpointer)program);
    for (gsize i = 0; i < n && options[i]; i++)
        g_ptr_array_add(argv, (gpointer)options[i]);
    g_ptr_array_add(argv, NULL);
    return argv;
}

/* Whether the tool stopped because of rules that somebody made without it. It has two ways to say so. */
static gboolean
stumbles(const NwfCommandResult *result, const GError *why)
{
    return why->code == NWF_ERROR_UNSUPPORTED ||
           (result->exit_status > 0 && result->err && strstr(result->err, "Parsing nftables rule failed"));
}

gboolean
nwf_tool_list(const NwfTool *tool, NwfModel *into, GError **error)
{
    const ToolNames *name = &names[tool->layer];
    g_autoptr(GPtrArray) argv = command_line(tool->save, name->save_options, G_N_ELEMENTS(name->save_options));
    g_auto(NwfCommandResult) result = {0};

    g_autoptr(GError) why = NULL;

    if (nwf_command_run(NULL, (const char *const *)argv->pdata, NULL, 0, TIMEOUT_MS, &result, &why) &&
        nwf_model_read(into, result.out, &why))
        return TRUE;
    g_autofree char *outline = stumbles(&result, why) ? nwf_outline(&nwf_ebiptables_tables[tool->layer]) : NULL;
    if (outline) {
        nwf_model_read_outline(into, outline);
        return TRUE;
    }
    why->code = why->code == NWF_ERROR_UNSUPPORTED ? NWF_ERROR_FIREWALL : why->code;
    g_propagate_error(error, g_steal_pointer(&why));
    return FALSE;
}

void
nwf_tool_suspect(NwfTool *tool, const NwfModel *a, const NwfModel *b)
{
    const NwfModel *const both[] = {a, b};

    for (guint i = 0; i < G_N_ELEMENTS(both); i++) {
        g_autoptr(GPtrArray) ports = nwf_model_ports(both[i]);
        for (guint j = 0; j < ports->len; j++) {
            const char *port = g_ptr_array_index(ports, j);
            if (nwf_compare_outline(a, b, port))
                continue;
            g_hash_table_add(tool->suspects, g_strdup(port));
            tool->missed = TRUE;
        }
    }
}

/* It is legible again: what could not be done is done now. */
static void
suspect_all(NwfTool *tool, const NwfModel *now)
{
    g_autoptr(GPtrArray) ports = nwf_model_ports(now);

    for (guint i = 0; i < ports->len; i++)
        g_hash_table_add(tool->suspects, g_strdup(g_ptr_array_index(ports, i)));
    tool->missed = tool->missed || ports->len > 0;
}

gboolean
nwf_tool_read(NwfTool *tool, GError **error)
{
    g_autoptr(NwfModel) now = nwf_model_new(tool->layer);

    tool->missed = nwf_tool_is_stirred(tool);
    tool->known = FALSE;
    if (!nwf_tool_find(tool, error))
        return FALSE;
    remember(tool);
    if (!nwf_tool_list(tool, now, error)) {
        g_prefix_error(error, "%s: ", _("the rules of the kernel cannot be read"));
        return FALSE;
    }
    if (tool->listed)
        nwf_tool_suspect(tool, tool->model, now);
    if (nwf_model_is_outlined(tool->model) && !nwf_model_is_outlined(now))
        suspect_all(tool, now);
    nwf_model_free(tool->model);
    tool->model = g_steal_pointer(&now);
    tool->known = tool->listed = TRUE;
    return TRUE;
}

/* What the tool said, in one line, without its advice on how to get help. */
static char *
words_of(const char *program, const NwfCommandResult *result)
{
    g_auto(GStrv) lines = g_strsplit(*result->err ? result->err : result->out, "\n", -1);
    g_autoptr(GString) words = g_string_new(NULL);

    for (guint i = 0; lines[i]; i++) {
        const char *line = g_strstrip(lines[i]);
        if (!*line || g_str_has_prefix(line, "Try `") || g_str_has_prefix(line, "Error occurred at line"))
            continue;
        if (words->len == 0 && !g_str_has_prefix(line, program))
            g_string_append_printf(words, "%s: ", program);
        else if (words->len > 0)
            g_string_append(words, words->str[words->len - 1] == ':' ? " " : "; ");
        g_string_append(words, line);
    }
    if (words->len == 0)
        g_string_append_printf(words, _("%s failed (exit status %d) and said nothing"), program, result->exit_status);
    return g_utf8_make_valid(words->str, (gssize)words->len);
}

/* The line of the batch that the tool complains about, or NULL. Elsewhere in its words a set may be called "line 3". */
static const NwfOrigin *
origin_of(const NwfBatch *batch, const char *words)
{
    g_autoptr(GRegex) regex =
        g_regex_new("^(?:Error occurred at |\\S+(?: v\\S+ \\(\\w+\\))?: )?line:? ([0-9]+)", G_REGEX_MULTILINE, 0, NULL);
    g_autoptr(GMatchInfo) match = NULL;

    if (!g_utf8_validate(words, -1, NULL) || !g_regex_match(regex, words, 0, &match))
        return NULL;
    g_autofree char *number = g_match_info_fetch(match, 1);
    guint64 line = g_ascii_strtoull(number, NULL, 10);
    if (line < 1 || line > batch->origins->len)
        return NULL;
    return &g_array_index(batch->origins, NwfOrigin, line - 1);
}

static gboolean
refused(const char *program, const NwfBatch *batch, const NwfCommandResult *result, GError **error)
{
    g_autofree char *words = words_of(program, result);
    const NwfOrigin *origin = origin_of(batch, result->err);

    if (!origin || !origin->port)
        return nwf_set_error(error, NWF_ERROR_FIREWALL, "%s", words);
    if (!origin->filter)
        return nwf_set_error(error, NWF_ERROR_FIREWALL, _("port '%s': %s"), origin->port, words);
    return nwf_set_error(error, NWF_ERROR_FIREWALL, _("filter '%s', rule at line %u, port '%s': %s"), origin->filter,
                         origin->line, origin->port, words);
}

gboolean
nwf_tool_restore(const NwfTool *tool, const NwfBatch *batch, NwfCommandResult *result, GError **error)
{
    const ToolNames *name = &names[tool->layer];
    g_autoptr(GPtrArray) argv = command_line(tool->restore, name->restore_options, G_N_ELEMENTS(name->restore_options));

    return nwf_command_run(tool->lock, (const char *const *)argv->pdata, batch->text->str, (gssize)batch->text->len,
                           TIMEOUT_MS, result, error);
}

/* A table that announces nothing: whether it is another than @before, a fingerprint. */
static NwfProof
proof_of_legacy(const NwfTool *tool, const char *before)
{
    return g_strcmp0(before, tool->fingerprint) != 0 ? NWF_PROOF_CHANGED : NWF_PROOF_UNKNOWN;
}

/* It makes a table that tells nothing count as missed if somebody has changed it since we left it. */
static gboolean
restore_noted(NwfTool *tool, const NwfBatch *batch, NwfProof *proof, NwfCommandResult *result, GError **error)
{
    int lock = tool->legacy ? nwf_legacy_lock(tool->layer) : -1;
    g_autoptr(NwfNetlink) announced = tool->legacy ? NULL : nwf_announced_new();
    g_autofree char *before = tool->legacy ? nwf_legacy_fingerprint(tool->layer) : NULL;

    tool->missed = nwf_tool_is_stirred(tool);
    gboolean done = nwf_tool_restore(tool, batch, result, error);
    if (done)
        remember(tool);
    nwf_legacy_unlock(lock);
    *proof = tool->legacy ? proof_of_legacy(tool, before) : nwf_announced_proof(announced, batch, result->pid);
    NwfRun run = {.process = result->pid, .announced = done && !tool->legacy && *proof != NWF_PROOF_NOTHING};

    if (run.process != 0)
        g_array_append_val(tool->runs, run);
    return done;
}

gboolean
nwf_tool_run(NwfTool *tool, const NwfBatch *batch, NwfProof *proof, gboolean *in_doubt, GError **error)
{
    g_auto(NwfCommandResult) result = {0};
    g_autoptr(GError) failure = NULL;

    if (!nwf_tool_find(tool, error))
        return FALSE;
    gboolean done = restore_noted(tool, batch, proof, &result, &failure);
    if (done && *proof == NWF_PROOF_NOTHING)
        return nwf_set_error(error, NWF_ERROR_FIREWALL, _("%s reports success, but nothing has changed in the kernel"),
                             tool->restore);
    if (done) {
        nwf_model_applied(tool->model, batch->text->str);
        return TRUE;
    }
    if (!result.err) /* it was never started */
        return nwf_set_error(error, NWF_ERROR_FIREWALL, "%s", failure->message);
    if (result.exit_status <= 0 || result.exit_status > 128) { /* it was killed, or did not read the batch */
        tool->known = FALSE;
        tool->missed = tool->missed || tool->legacy; /* until it is read nobody can tell */
        *in_doubt = *in_doubt || *proof != NWF_PROOF_NOTHING;
        return nwf_set_error(error, NWF_ERROR_FIREWALL, "%s", failure->message);
    }
    return refused(names[tool->layer].restore, batch, &result, error);
}
