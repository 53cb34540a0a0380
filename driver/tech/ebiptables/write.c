/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * write.c: gives a batch to a tool, and proves that the kernel has taken it
 *
 * A tool can report success and have done nothing, or a part: a security policy gives it another input, or it is a
 * wrapper. So an exit status of 0 proves nothing.
 *
 * Usually the kernel proves it. It announces each transaction of nf_tables before the call that commits it returns; so
 * when a tool has ended, its transaction was announced, or there was none. The announcement carries the address of the
 * tool's netlink socket, which the kernel makes of the number of its process as we count it, also in a container.
 * ebtables-restore commits what it has read when its input ends, so that a transaction alone does not prove that it has
 * read the whole batch. What stands last in a batch does: changes of the chains that lead to all ports and deleted
 * chains (SECTION_DISPATCH and SECTION_DELETE in render.c). They are counted. A batch without any of these proves
 * nothing.
 *
 * If nobody has announced anything, nothing was done. Else, with the legacy tools always, the table is read back: all
 * that leads to chains of the ports of the batch must be there, all their chains, and nothing that was to go. Unless a
 * table of the legacy tools is another than before, the rules are compared, too, with those that the tool lists in a
 * dry run. What others have changed meanwhile does not matter, unless they have taken away what we have just made.
 *
 * A tool of nf_tables lists a table and then says what is to be exchanged; if somebody else exchanges that in between,
 * the kernel refuses the whole. A refusal may be such a one only if somebody else wrote since the run began, or since
 * the table was read for it.
 *
 * A tool that was killed at its time limit, or whose success is not proven, may have changed the kernel or not: then
 * the table is unknown, and the next use reads it first.
 *
 * Limits: where no dry run is possible, or the table cannot be listed but by its outline, old rules in chains that keep
 * their names pass for new ones, if somebody else has changed a table in the same moment.
 *
 * Source: linux/netfilter/nf_tables.h, linux/netfilter/nfnetlink.h, nf_tables of Linux 6.18 as it behaves.
 */
#include "driver/run/netlink.h"
#include "driver/tech/ebiptables/ebiptables_private.h"

#include <glib/gi18n-lib.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <string.h>
#include <unistd.h>

enum { RECEIVE_BUFFER = 16 << 20 };

/* What is known of a batch that a tool reports as done. */
typedef enum Proof {
    PROOF_UNKNOWN, /* others' transactions were announced, some were lost, or nobody announces anything */
    PROOF_DONE,    /* the tool's own transaction was announced, with the last of the batch's changes in it */
    PROOF_NOTHING, /* nobody has changed any rule meanwhile */
    PROOF_CHANGED, /* the table, which announces nothing, is another than before */
} Proof;

/* --- what the kernel announces --- */

/* What is looked for, and what was found. */
typedef struct Search {
    NwfLayer layer;
    guint32 sender;
    guint transactions; /* whoever made them */
    gboolean own;       /* one was the sender's */
    guint dispatch;     /* rules that the sender made or removed in chains that lead to all ports */
    guint deleted;      /* chains that it deleted */
} Search;

static int
on_message(const struct nlmsghdr *message, void *data)
{
    Search *search = data;
    gboolean own = message->nlmsg_pid == search->sender;
    guint kind = NFNL_MSG_TYPE(message->nlmsg_type);
    const struct nlattr *of[NFTA_RULE_CHAIN + 1] = {NULL};

    if (NFNL_SUBSYS_ID(message->nlmsg_type) != NFNL_SUBSYS_NFTABLES)
        return MNL_CB_OK;
    if (kind == NFT_MSG_NEWGEN) {
        search->transactions++;
        search->own = search->own || own;
    } else if (own && (kind == NFT_MSG_NEWRULE || kind == NFT_MSG_DELRULE)) {
        nwf_netlink_attributes(message, sizeof(struct nfgenmsg), of, G_N_ELEMENTS(of));
        const char *chain = nwf_netlink_text(of[NFTA_RULE_CHAIN]);
        search->dispatch += chain && nwf_chain_leads_to_all(search->layer, chain);
    } else if (own && kind == NFT_MSG_DELCHAIN) {
        search->deleted++;
    }
    return MNL_CB_OK;
}

/* From what was announced since the socket was made, which may be NULL. */
static Proof
proof_of(NwfNetlink *announcements, const NwfBatch *batch, pid_t pid)
{
    Search search = {.layer = batch->layer, .sender = (guint32)pid};

    if (!announcements || !nwf_netlink_receive(announcements, G_MAXUINT, on_message, &search))
        return PROOF_UNKNOWN;
    if (search.own && batch->n_dispatch + batch->n_deleted > 0 && search.dispatch >= batch->n_dispatch &&
        search.deleted >= batch->n_deleted)
        return PROOF_DONE;
    return search.transactions == 0 ? PROOF_NOTHING : PROOF_UNKNOWN;
}

/* --- reading back --- */

/* Whether the chains of all ports, and those of the ports of @changes, are reached in @now as in @expected. */
static gboolean
has_outline(const NwfModel *now, const NwfModel *expected, GPtrArray *changes)
{
    for (guint i = 0; i < changes->len; i++)
        if (!nwf_compare_reach(now, expected, ((const NwfPlanChange *)g_ptr_array_index(changes, i))->port))
            return FALSE;
    for (guint i = 0; i < NWF_BASE_JUMPS; i++)
        if (expected->base_jumps[i] > 0 && now->base_jumps[i] == 0)
            return FALSE;
    return TRUE;
}

/* Whether the chains in @now have the rules of @piece, a part of @changes; TRUE also if that cannot be found out. */
static gboolean
has_rules_of(const NwfModel *now, GPtrArray *changes, const NwfExpected *piece)
{
    gboolean same = piece->listed || !piece->error || piece->error->code != NWF_ERROR_INTERNAL;

    for (guint i = piece->from; same && piece->listed && i < piece->to; i++)
        same = nwf_compare_rules(now, piece->listed, ((const NwfPlanChange *)g_ptr_array_index(changes, i))->port);
    return same;
}

/* The same for all new plans. */
static gboolean
has_rules(const NwfTool *tool, const NwfModel *now, GPtrArray *changes)
{
    g_autoptr(GPtrArray) filled = g_ptr_array_new_with_free_func((GDestroyNotify)nwf_plan_change_free);
    gboolean same = TRUE;

    for (guint i = 0; i < changes->len; i++) {
        const NwfPlanChange *change = g_ptr_array_index(changes, i);
        if (change->new_plan && change->new_plan->uses[tool->layer])
            g_ptr_array_add(filled, nwf_plan_change_new(change->port, NULL, change->new_plan));
    }
    if (filled->len == 0 || now->outlined)
        return TRUE;
    g_autoptr(GPtrArray) pieces = nwf_expected_listings(tool, filled, NWF_EXPECTED_LINES);
    for (guint i = 0; same && i < pieces->len; i++)
        same = has_rules_of(now, filled, g_ptr_array_index(pieces, i));
    return same;
}

static gboolean
read_back(NwfTool *tool, GPtrArray *changes, Proof proof, GError **error)
{
    g_autoptr(NwfModel) now = nwf_model_new(tool->layer);

    if (!nwf_tool_list(tool, now, error)) {
        g_prefix_error(error, "%s: ", _("the rules of the kernel cannot be read"));
        return FALSE;
    }
    if (!has_outline(now, tool->model, changes) || (proof == PROOF_UNKNOWN && !has_rules(tool, now, changes)))
        return nwf_set_error(error, NWF_ERROR_FIREWALL, _("%s reports success, but the kernel does not have the rules"),
                             tool->restore);
    nwf_tool_suspect(tool, tool->model, now, FALSE);
    return TRUE;
}

/* --- the tool's own words --- */

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
refused(const NwfTool *tool, const NwfBatch *batch, const NwfCommandResult *result, GError **error)
{
    g_autofree char *program = g_path_get_basename(tool->restore);
    g_autofree char *words = words_of(program, result);
    const NwfOrigin *origin = origin_of(batch, result->err);

    if (!origin || !origin->port)
        return nwf_set_error(error, NWF_ERROR_FIREWALL, "%s", words);
    if (!origin->filter)
        return nwf_set_error(error, NWF_ERROR_FIREWALL, _("port '%s': %s"), origin->port, words);
    return nwf_set_error(error, NWF_ERROR_FIREWALL, _("filter '%s', rule at line %u, port '%s': %s"), origin->filter,
                         origin->line, origin->port, words);
}

void
nwf_setback_clear(NwfSetback *setback)
{
    g_clear_pointer(&setback->since, g_free);
}

gboolean
nwf_was_disturbed(const NwfTool *tool, const NwfSetback *setback)
{
    if (!setback->refused)
        return FALSE;
    g_autofree char *now = nwf_tool_stamp(tool);
    return !now || !setback->since || strcmp(now, setback->since) != 0;
}

/* --- the batch --- */

/* A table that announces nothing counts as stale if somebody has changed it since we left it. */
static gboolean
run(NwfTool *tool, const NwfBatch *batch, Proof *proof, NwfSetback *setback, NwfCommandResult *result, GError **error)
{
    static const int group = NFNLGRP_NFTABLES;
    int lock = tool->legacy ? nwf_legacy_lock(tool->layer) : -1;
    g_autoptr(NwfNetlink) announcements =
        tool->legacy ? NULL : nwf_netlink_listen(NETLINK_NETFILTER, &group, 1, RECEIVE_BUFFER);
    g_autofree char *before = nwf_tool_stamp(tool);

    tool->stale = nwf_tool_has_changed(tool);
    gboolean done = nwf_tool_restore(tool, batch, result, error);
    if (done)
        nwf_tool_remember(tool);
    if (lock >= 0)
        close(lock);
    if (tool->legacy)
        *proof = g_strcmp0(before, tool->fingerprint) != 0 ? PROOF_CHANGED : PROOF_UNKNOWN;
    else
        *proof = proof_of(announcements, batch, result->pid);
    if (result->pid != 0) {
        NwfRun made = {.process = result->pid, .announced = done && !tool->legacy && *proof != PROOF_NOTHING};
        g_array_append_val(tool->own->runs, made);
    }
    if (!setback->since)
        setback->since = g_steal_pointer(&before);
    return done;
}

/* After a run that nobody knows the effect of. */
static gboolean
give_up(NwfTool *tool, Proof proof, NwfSetback *setback, const GError *failure, GError **error)
{
    tool->known = FALSE;
    tool->stale = tool->stale || tool->legacy; /* until it is read */
    g_array_index(tool->own->runs, NwfRun, tool->own->runs->len - 1).announced = FALSE;
    setback->in_doubt = setback->in_doubt || proof != PROOF_NOTHING;
    return nwf_set_error(error, NWF_ERROR_FIREWALL, "%s", failure->message);
}

gboolean
nwf_write(NwfTool *tool, GPtrArray *changes, const NwfBatch *batch, NwfSetback *setback, GError **error)
{
    g_auto(NwfCommandResult) result = {0};
    g_autoptr(GError) failure = NULL;
    Proof proof;

    setback->refused = FALSE;
    if (!nwf_tool_find(tool, error))
        return FALSE;
    gboolean done = run(tool, batch, &proof, setback, &result, &failure);
    if (!result.err) /* it was never started */
        return nwf_set_error(error, NWF_ERROR_FIREWALL, "%s", failure->message);
    if (done && proof == PROOF_NOTHING)
        return nwf_set_error(error, NWF_ERROR_FIREWALL, _("%s reports success, but nothing has changed in the kernel"),
                             tool->restore);
    if (done) {
        nwf_model_applied(tool->model, batch->text->str);
        if (proof == PROOF_DONE || read_back(tool, changes, proof, &failure))
            return TRUE;
    }
    /* It was killed, did not read the batch, or says no to what the kernel has announced. */
    if (done || proof == PROOF_DONE || result.exit_status <= 0 || result.exit_status > 128)
        return give_up(tool, proof, setback, failure, error);
    setback->refused = TRUE;
    return refused(tool, batch, &result, error);
}
