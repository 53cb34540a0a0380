/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * hint.c: where a mask, a range or a list belongs that was written into one attribute
 *
 * Other tools take 10.0.0.0/8, 80-90 and 80,443 in one place, the language of filters does not. The hint says what is
 * to be written instead, with the values that were given. Which attributes belong together is in the tables of
 * protocol.c: a second one needs its first.
 */
#include "conf/filter_private.h"

#include <glib/gi18n-lib.h>
#include <string.h>

/* Whether @text is surely meant as a value of @type: "80" could be an address, too, but is remarked on as such. */
static gboolean
is_value(NwfType type, const char *text)
{
    NwfValue value = {0};
    g_autoptr(NwfNotes) remarks = nwf_notes_new();
    g_autoptr(NwfVariable) variable = *text == '$' ? nwf_variable_parse(text, NULL, NULL) : NULL;

    if (*text == '$')
        return variable != NULL;
    if (!nwf_value_parse(&value, type, text, remarks, NULL))
        return FALSE;
    nwf_value_clear(&value, type);
    return remarks->len == 0;
}

static gboolean
is_mask(NwfType type)
{
    return type == NWF_TYPE_IPV4_MASK || type == NWF_TYPE_IPV6_MASK || type == NWF_TYPE_MAC_MASK;
}

/* Addresses stand alone or are the ends of a range: two pairs of attributes for one thing. */
static NwfMatch
family_of(NwfMatch match)
{
    if (match == NWF_MATCH_SRC_IP_FROM)
        return NWF_MATCH_SRC_IP;
    return match == NWF_MATCH_DST_IP_FROM ? NWF_MATCH_DST_IP : match;
}

/* The place of the second attribute of the pair of which @attribute may be part and that takes both texts; -1: none. */
static int
find_pair(const NwfProtocol *protocol, const NwfAttribute *attribute, gboolean mask, char **texts)
{
    NwfMatch family = family_of(attribute->needs ? attribute->needs : attribute->match);

    for (guint i = 0; i < protocol->n_attributes; i++) {
        const NwfAttribute *second = &protocol->attributes[i], *first = NULL;
        if (second->needs == NWF_MATCH_NONE || family_of(second->needs) != family || is_mask(second->type) != mask)
            continue;
        first = &protocol->attributes[nwf_protocol_index(protocol, second->needs)];
        if (is_value(first->type, texts[0]) && is_value(second->type, texts[1]))
            return (int)i;
    }
    return -1;
}

/* What to write for @text, which is two texts with @separator between them; NULL if it is not. (transfer full) */
static char *
hint_of_pair(const NwfProtocol *protocol, const NwfAttribute *attribute, const char *text, char separator)
{
    const char delimiter[] = {separator, '\0'};
    g_auto(GStrv) texts = g_strsplit(text, delimiter, 2);
    const NwfAttribute *first = NULL, *second = NULL;
    int found = texts[0] && texts[1] ? find_pair(protocol, attribute, separator == '/', texts) : -1;

    if (found < 0)
        return NULL;
    second = &protocol->attributes[found];
    first = &protocol->attributes[nwf_protocol_index(protocol, second->needs)];
    return g_strdup_printf("%s='%s' %s='%s'", first->name, texts[0], second->name, texts[1]);
}

static gboolean
is_list(NwfType type, const char *text)
{
    g_auto(GStrv) texts = g_strsplit(text, ",", -1);

    for (guint i = 0; texts[i]; i++)
        if (!is_value(type, g_strstrip(texts[i])))
            return FALSE;
    return texts[0] && texts[1];
}

void
nwf_hint(const NwfProtocol *protocol, guint index, const char *text, GError **error)
{
    static const char separators[] = "/-:";
    const NwfAttribute *attribute = &protocol->attributes[index];
    g_autofree char *instead = NULL;
    g_autofree char *old = NULL;

    if (!error || !*error || strlen(text) > NWF_CLIP_MAX)
        return;
    for (guint i = 0; !instead && separators[i]; i++)
        instead = hint_of_pair(protocol, attribute, text, separators[i]);
    if (!instead && !is_list(attribute->type, text))
        return;
    old = (*error)->message;
    if (instead)
        (*error)->message = g_strdup_printf(_("%s; this is written as %s"), old, instead);
    else
        (*error)->message = g_strdup_printf(
            _("%s; a list is written as one rule for each value, or as a variable that has several values"), old);
}
