/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * parse_rule.c: a rule as it stands in a listing or a batch
 *
 * Of a rule only three things matter to us: is it a dispatch rule of the stock form, is it a base jump, and to which
 * chain does it lead. Everything else is passed over, but noted: a rule of the stock form has nothing more.
 *
 * The quoting of the -save tools is that of a shell inside double quotes, so GLib's shell parser takes a line with
 * quotes apart; all other lines are split at blanks, which is many times faster. The tools do not quote everything (the
 * name of a set may be "a'b"): of a line that cannot be taken apart the chain is known, and that there is a rule.
 *
 * A comment may hold newlines; then a rule goes over several lines, which its open quote shows.
 *
 * Limits: a rule of more than RULE_LINES_MAX lines is not put together (comments hold 256 bytes).
 */
#include "driver/tech/ebiptables/parse_rule.h"

#include <string.h>

enum { COMMAND_CHAIN_REST = 3, RULE_LINES_MAX = 260 };

GStrv
nwf_parse_words(const char *line)
{
    GStrv words = NULL;

    if (!strpbrk(line, "\"'\\"))
        return g_strsplit(line, " ", -1);
    if (g_shell_parse_argv(line, NULL, &words, NULL))
        return words;
    return g_strsplit(line, " ", COMMAND_CHAIN_REST);
}

static const char *const verbs[] = {"-j", "-g", NULL};
static const char *const devices[] = {"-i", "-o", "--physdev-in", "--physdev-out", NULL};
/* Their value is free text and may look like an option. */
static const char *const with_text[] = {"--comment", "--match-set", "--log-prefix", "--nflog-prefix", NULL};

NwfParsedRule
nwf_parse_rule(const GStrv words)
{
    NwfParsedRule rule = {.chain = words[1]};
    guint i = 2;

    if (words[i] && *words[i] && strspn(words[i], "0123456789") == strlen(words[i]))
        i++; /* the place in "-I CHAIN 2 ..." */
    for (; words[i]; i++) {
        const char *word = words[i], *value = words[i + 1];

        if (!*word)
            continue;
        if (g_str_equal(word, "--physdev-is-bridged")) {
            rule.bridged = TRUE;
        } else if (value && g_strv_contains(verbs, word) && !rule.target) {
            rule.verb = word;
            rule.target = words[++i];
        } else if (value && g_strv_contains(devices, word) && !rule.device) {
            rule.device_option = word;
            rule.device = words[++i];
        } else if (value && g_str_equal(word, "-m") && g_str_equal(value, "physdev")) {
            i++;
        } else {
            rule.more = TRUE;
            i += value && g_strv_contains(with_text, word);
        }
    }
    return rule;
}

int
nwf_parsed_dispatch(const NwfParsedRule *rule, NwfLayer layer)
{
    if (rule->more || !rule->device || !rule->target)
        return -1;
    for (int i = 0; i < NWF_DISPATCHES; i++) {
        const NwfDispatch *d = &nwf_dispatches[i];
        if (d->ip != nwf_layer_is_ip(layer) || !g_str_equal(d->base, rule->chain) ||
            !g_str_equal(d->device, rule->device_option) || !g_str_equal(d->verb, rule->verb) ||
            d->bridged != rule->bridged)
            continue;
        g_autofree char *target = nwf_dispatch_target(d, rule->device);
        if (g_str_equal(target ? target : "ACCEPT", rule->target))
            return i;
    }
    return -1;
}

int
nwf_parsed_base_jump(const NwfParsedRule *rule, NwfLayer layer)
{
    if (!nwf_layer_is_ip(layer) || rule->more || rule->device || rule->bridged || !rule->target)
        return -1;
    for (int i = 0; i < NWF_BASE_JUMPS; i++)
        if (g_str_equal(nwf_base_jumps[i].builtin, rule->chain) && g_str_equal(nwf_base_jumps[i].base, rule->target) &&
            g_str_equal(rule->verb, "-j"))
            return i;
    return -1;
}

/* Whether @line ends inside of double quotes. */
static gboolean
is_open(const char *line)
{
    gboolean open = FALSE;

    for (; *line; line++) {
        if (*line == '\\' && line[1])
            line++;
        else if (*line == '"')
            open = !open;
    }
    return open;
}

char *
nwf_parse_line(const GStrv lines, guint *next)
{
    const char *line = lines[(*next)++];
    guint last = *next;

    if (*line != '-' || !is_open(line))
        return g_strdup(line);
    g_autoptr(GString) whole = g_string_new(line);
    while (is_open(whole->str) && lines[last] && last - *next < RULE_LINES_MAX)
        g_string_append_printf(whole, "\n%s", lines[last++]);
    if (is_open(whole->str))
        return g_strdup(line);
    *next = last;
    return g_string_free(g_steal_pointer(&whole), FALSE);
}
