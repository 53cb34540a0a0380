/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * state.c: what of ours is in the tables, as far as we know: listings are read, batches are followed
 *
 * A listing of a -save tool and a batch for a -restore tool are the same language, so one interpreter reads both: a
 * listing is a batch that begins with an empty table. What a single rule says to us is found out in seen.c.
 *
 * A chain knows where its rules lead and how many rules lead to it; dispatch rules are counted apart. What follows from
 * this is in state_ask.c.
 *
 * What else a chain holds is remembered as it was listed, until a batch changes it. A batch is not remembered: the
 * tools list in other words than they are told. So of each chain either the listing is known, or that a batch wrote it.
 *
 * Of a table that the tool cannot list there is an outline, in the same language (outline.c). What the chains hold is
 * not known then. And the tool may not find a rule of ours behind one that it does not know, so what may stand
 * behind others' rules is not taken out: a new one is put before it where that matters.
 *
 * A comment in a listing may hold newlines; then a rule goes over several lines, which is seen by its open quote.
 * Limits: a rule of more than RULE_LINES_MAX lines is not put together (comments hold 256 bytes).
 */
#include "driver/tech/ebiptables/seen.h"
#include "driver/tech/ebiptables/state_inside.h"

#include <glib/gi18n-lib.h>
#include <string.h>

enum { RULE_LINES_MAX = 260 };

static void
forget_listing(NwfStateChain *chain)
{
    if (chain->listed)
        g_string_free(g_steal_pointer(&chain->listed), TRUE);
}

static void
chain_free(gpointer data)
{
    NwfStateChain *chain = data;

    g_ptr_array_unref(chain->leads_to);
    forget_listing(chain);
    g_free(chain);
}

static void
forget_everything(NwfState *state)
{
    g_hash_table_remove_all(state->chains);
    g_hash_table_remove_all(state->ports);
    memset(state->base_jumps, 0, sizeof(state->base_jumps));
    memset(state->places, 0, sizeof(state->places));
    state->astray = FALSE;
    state->outlined = FALSE;
    state->in_table = FALSE;
}

NwfState *
nwf_state_new(NwfLayer layer)
{
    NwfState *state = g_new0(NwfState, 1);

    state->layer = layer;
    state->chains = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, chain_free);
    state->ports = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    return state;
}

void
nwf_state_free(NwfState *state)
{
    if (!state)
        return;
    g_hash_table_unref(state->chains);
    g_hash_table_unref(state->ports);
    g_free(state);
}

/* Adds @by (1 or -1) to a counter that never goes below zero. */
static void
count(guint *counter, int by)
{
    if (by > 0 || *counter > 0)
        *counter += by;
}

gboolean
nwf_state_chain_has_strangers(const NwfState *state, const char *name)
{
    const NwfStateChain *chain = g_hash_table_lookup(state->chains, name);

    return chain && chain->strangers;
}

/* In a listing a rule stands behind those that came before it. We put ours before those of others. */
static void
mark_place(NwfState *state, NwfStatePort *of_port, int dispatch, int by)
{
    guint bit = 1u << dispatch;

    if (by > 0 && state->listing && nwf_state_chain_has_strangers(state, nwf_dispatches[dispatch].base))
        of_port->behind |= state->outlined && of_port->count[dispatch] > 1 ? 0 : bit;
    else if ((by > 0 && !state->listing) || of_port->count[dispatch] == 0)
        of_port->behind &= ~bit;
}

static void
count_dispatch(NwfState *state, const char *port, int dispatch, int by)
{
    NwfStatePort *of_port = g_hash_table_lookup(state->ports, port);
    static const NwfStatePort none;

    if (!of_port) {
        of_port = g_new0(NwfStatePort, 1);
        g_hash_table_insert(state->ports, g_strdup(port), of_port);
    }
    count(&of_port->count[dispatch], by);
    mark_place(state, of_port, dispatch, by);
    if (memcmp(of_port, &none, sizeof(none)) == 0)
        g_hash_table_remove(state->ports, port);
}

static void
count_lead(NwfState *state, const NwfSeenRule *rule, int by)
{
    NwfStateChain *from = g_hash_table_lookup(state->chains, rule->chain);
    if (from && by > 0)
        from->strangers = TRUE;
    NwfStateChain *to = rule->target ? g_hash_table_lookup(state->chains, rule->target) : NULL;

    if (!from || !to)
        return;
    guint at;
    if (by > 0)
        g_ptr_array_add(from->leads_to, g_strdup(rule->target));
    else if (g_ptr_array_find_with_equal_func(from->leads_to, rule->target, g_str_equal, &at))
        g_ptr_array_remove_index(from->leads_to, at);
    else
        return;
    count(&to->references, by);
}

/* The first base jump out of the built-in chain @name, or -1. */
static int
first_jump(const char *name)
{
    for (int i = 0; i < NWF_BASE_JUMPS; i++)
        if (g_str_equal(nwf_base_jumps[i].builtin, name))
            return i;
    return -1;
}

/* Where @jump belongs in its built-in chain: behind those that there are before it. A listing names all chains first. */
static guint
place_of(const NwfState *state, int first, int jump)
{
    guint place = 0;

    for (int i = first; i < jump; i++)
        place += g_hash_table_contains(state->chains, nwf_base_jumps[i].base) ? 1 : 0;
    return place;
}

/*
 * A listing is read: is the jump in its place, before all other rules of its chain? A batch that names base jumps puts
 * all of them there.
 */
static void
watch_places(NwfState *state, const char *chain, int jump)
{
    int first = nwf_layer_is_ip(state->layer) ? first_jump(chain) : -1;

    if (first < 0)
        return;
    if (!state->listing)
        state->astray = state->astray && jump < 0;
    else if (jump >= 0 && state->outlined && state->base_jumps[jump] > 0)
        return; /* we have put another one before it */
    else if (jump >= 0 && state->places[first] != place_of(state, first, jump))
        state->astray = TRUE;
    state->places[first]++;
}

static void
rule_changed(NwfState *state, const GStrv words, int by)
{
    NwfSeenRule rule = nwf_seen_rule(words);
    int dispatch = nwf_seen_dispatch(&rule, state->layer);
    int jump = nwf_seen_base_jump(&rule, state->layer);

    watch_places(state, rule.chain, jump);
    if (dispatch >= 0)
        count_dispatch(state, rule.device, dispatch, by);
    else if (jump >= 0)
        count(&state->base_jumps[jump], by);
    else
        count_lead(state, &rule, by);
}

/* The dispatch rules and base jumps in @name are gone. */
static void
flush_counts(NwfState *state, const char *name)
{
    static const NwfStatePort none;
    gboolean is_base = FALSE;
    GHashTableIter iter;
    gpointer value;

    for (guint i = 0; i < NWF_BASE_JUMPS; i++)
        if (g_str_equal(nwf_base_jumps[i].builtin, name))
            state->base_jumps[i] = 0;
    for (guint i = 0; i < NWF_DISPATCHES; i++)
        is_base = is_base || g_str_equal(nwf_dispatches[i].base, name);
    if (!is_base)
        return;
    g_hash_table_iter_init(&iter, state->ports);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        NwfStatePort *of_port = value;
        for (guint i = 0; i < NWF_DISPATCHES; i++)
            if (g_str_equal(nwf_dispatches[i].base, name)) {
                of_port->count[i] = 0;
                of_port->behind &= ~(1u << i);
            }
        if (memcmp(of_port, &none, sizeof(none)) == 0)
            g_hash_table_iter_remove(&iter);
    }
}

static void
flush(NwfState *state, const char *name)
{
    NwfStateChain *chain = g_hash_table_lookup(state->chains, name);

    for (guint i = 0; chain && i < chain->leads_to->len; i++) {
        NwfStateChain *to = g_hash_table_lookup(state->chains, g_ptr_array_index(chain->leads_to, i));
        if (to)
            count(&to->references, -1);
    }
    if (chain) {
        g_ptr_array_set_size(chain->leads_to, 0);
        chain->strangers = FALSE;
    }
    flush_counts(state, name);
}

/* @line is about the chain @name. */
static void
remember(NwfState *state, const char *name, const char *line)
{
    NwfStateChain *chain = g_hash_table_lookup(state->chains, name);

    if (chain && !state->listing) {
        forget_listing(chain);
        chain->written = TRUE;
    } else if (chain && chain->listed) {
        g_string_append_printf(chain->listed, "%s\n", line);
    }
}

/* ":NAME POLICY": makes a chain, or empties it if it exists. */
static void
declare(NwfState *state, const char *line)
{
    g_autofree char *name = g_strndup(line + 1, strcspn(line + 1, " "));

    if (g_hash_table_contains(state->chains, name)) {
        flush(state, name);
    } else {
        NwfStateChain *chain = g_new0(NwfStateChain, 1);
        chain->leads_to = g_ptr_array_new_with_free_func(g_free);
        chain->listed = g_string_new(NULL);
        g_hash_table_insert(state->chains, g_strdup(name), chain);
    }
    remember(state, name, line);
}

static void
follow_words(NwfState *state, const GStrv words, const char *line)
{
    const char *command = words[0], *name = words[0] ? words[1] : NULL;

    if (!name)
        return;
    remember(state, name, line);
    if (g_str_equal(command, "-A") || g_str_equal(command, "-I")) {
        rule_changed(state, words, 1);
    } else if (g_str_equal(command, "-D")) {
        rule_changed(state, words, -1);
    } else if (g_str_equal(command, "-F")) {
        flush(state, name);
    } else if (g_str_equal(command, "-X")) {
        flush(state, name);
        g_hash_table_remove(state->chains, name);
    }
}

static void
follow_line(NwfState *state, const char *line)
{
    if (*line == '*') {
        state->in_table = g_str_equal(line + 1, nwf_layer_table(state->layer));
    } else if (!state->in_table) {
        return;
    } else if (*line == ':') {
        declare(state, line);
    } else if (*line == '-') {
        g_auto(GStrv) words = nwf_seen_words(line);
        follow_words(state, words, line);
    }
}

static void
follow_text(NwfState *state, const char *text, gboolean listing)
{
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);

    state->in_table = FALSE;
    state->listing = listing;
    for (guint i = 0; lines[i]; i++) {
        if (*lines[i] != '-' || !nwf_seen_open_quote(lines[i])) {
            follow_line(state, lines[i]);
            continue;
        }
        g_autoptr(GString) whole = g_string_new(lines[i]);
        guint last = i;
        while (nwf_seen_open_quote(whole->str) && lines[last + 1] && last - i < RULE_LINES_MAX)
            g_string_append_printf(whole, "\n%s", lines[++last]);
        gboolean closed = !nwf_seen_open_quote(whole->str);
        follow_line(state, closed ? whole->str : lines[i]);
        i = closed ? last : i;
    }
}

gboolean
nwf_state_read(NwfState *state, const char *save_text, GError **error)
{
    if (*save_text && *save_text != '#' && *save_text != '*') {
        g_autofree char *beginning = nwf_clip(save_text);
        return nwf_set_error(error, NWF_ERROR_FIREWALL,
                             _("the listing of the table '%s' is not understood; it begins with '%s'"),
                             nwf_layer_table(state->layer), beginning);
    }
    g_autofree char *unlisted = g_strdup_printf("\n# Table `%s' is incompatible", nwf_layer_table(state->layer));
    if (g_str_has_prefix(save_text, unlisted + 1) || strstr(save_text, unlisted)) {
        g_autofree char *why = nwf_state_stumbled(state);
        return nwf_set_error(error, NWF_ERROR_UNSUPPORTED, "%s", why);
    }
    forget_everything(state);
    follow_text(state, save_text, TRUE);
    return TRUE;
}

char *
nwf_state_stumbled(const NwfState *state)
{
    return g_strdup_printf(_("the table '%s' holds rules that the tool cannot list; another program changes it with nft"),
                           nwf_layer_table(state->layer));
}

void
nwf_state_read_outline(NwfState *state, const char *outline)
{
    GHashTableIter iter;
    gpointer chain;

    forget_everything(state);
    state->outlined = TRUE;
    follow_text(state, outline, TRUE);
    g_hash_table_iter_init(&iter, state->chains);
    while (g_hash_table_iter_next(&iter, NULL, &chain))
        forget_listing(chain);
}

void
nwf_state_applied(NwfState *state, const char *batch_text)
{
    follow_text(state, batch_text, FALSE);
}
