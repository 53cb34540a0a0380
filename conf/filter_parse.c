/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * filter_parse.c: <filter> documents
 *
 * Order of errors, as released drivers have it: well-formed, root, schema (if asked), name, chain, priority, uuid, then
 * rules and references in document order. A uuid may stand behind the rules, so the first error of a rule waits
 * (reader->late) until the document ends.
 */
#include "conf/filter_private.h"

#include "conf/schema.h"

#include <glib/gi18n-lib.h>

typedef struct NwfFilterReader {
    NwfNotes *notes;
    NwfFilter *filter;
    gboolean has_uuid;
    NwfRulePlace place;
    NwfRule *rule;     /* the one that is open */
    NwfFilterRef *ref; /* the one that is open */
    GError *late;
} NwfFilterReader;

/* Chain and priority; a priority without a chain must be right, too, but does not count. */
static gboolean
read_chain(const NwfXmlTag *tag, NwfFilter *filter, NwfNotes *notes, GError **error)
{
    g_autofree char *chain = nwf_xml_plain_attribute(tag, "chain");
    g_autofree char *priority = nwf_xml_plain_attribute(tag, "priority");
    g_autofree char *quoted = nwf_clip(priority ? priority : "");
    g_autofree char *name = nwf_clip(filter->name);
    gboolean ranked = priority && *priority, given = chain && *chain;
    gint32 number = 0;

    if (ranked && (!nwf_signed_read(priority, &number) || number < NWF_PRIORITY_MIN || number > NWF_PRIORITY_MAX))
        return nwf_set_error(error, NWF_ERROR_ARGUMENT, _("the chain priority '%s' is not a number from %d to %d"),
                             quoted, (int)NWF_PRIORITY_MIN, (int)NWF_PRIORITY_MAX);
    filter->chain = g_strdup(given ? chain : "root");
    filter->kind = nwf_chain_kind(filter->chain, error);
    if (!filter->kind)
        return FALSE;
    filter->priority_explicit = ranked && given;
    filter->priority = filter->priority_explicit ? number : filter->kind->priority;
    if (ranked && !given)
        nwf_note(notes, _("filter '%s': the chain priority '%s' is ignored without a chain"), name, quoted);
    return TRUE;
}

static gboolean
filter_start(const NwfXmlTag *tag, gpointer data, GError **error)
{
    NwfFilterReader *reader = data;
    g_autofree char *quoted = NULL;
    g_autofree char *place = NULL;
    reader->filter->name = nwf_xml_plain_attribute(tag, "name");
    reader->place.filter = reader->filter->name;
    if (!reader->filter->name || !*reader->filter->name)
        return nwf_set_error(error, NWF_ERROR_INTERNAL, _("line %u: the filter has no name"), nwf_xml_line(tag));
    if (read_chain(tag, reader->filter, reader->notes, error))
        return TRUE;
    quoted = nwf_clip(reader->filter->name);
    place = g_strdup_printf(_("filter '%s'"), quoted);
    g_prefix_error(error, "%s: ", place);
    return FALSE;
}

/* The first one counts; an empty one is as good as none. */
static gboolean
uuid_end(const char *text, gpointer data, GError **error)
{
    NwfFilterReader *reader = data;
    g_autofree char *quoted = nwf_clip(text);
    g_autofree char *name = nwf_clip(reader->filter->name);
    if (reader->has_uuid)
        return TRUE;
    reader->has_uuid = TRUE;
    reader->filter->uuid_generated = *text == '\0';
    if (reader->filter->uuid_generated || nwf_uuid_parse(reader->filter->uuid, text))
        return TRUE;
    return nwf_set_error(error, NWF_ERROR_XML_VALUE,
                         _("filter '%s': <uuid>%s</uuid>: a uuid has 32 hexadecimal digits"), name, quoted);
}

static gboolean
rule_start(const NwfXmlTag *tag, gpointer data, G_GNUC_UNUSED GError **error)
{
    NwfFilterReader *reader = data;
    if (reader->late)
        return TRUE;
    reader->place.line = nwf_xml_line(tag);
    reader->rule = nwf_rule_parse_start(tag, &reader->place, &reader->late);
    return TRUE;
}

static gboolean
protocol_start(const NwfXmlTag *tag, gpointer data, G_GNUC_UNUSED GError **error)
{
    NwfFilterReader *reader = data;
    if (!reader->late)
        nwf_rule_parse_element(&reader->rule, tag, &reader->place, &reader->late);
    return TRUE;
}

static gboolean
rule_end(G_GNUC_UNUSED const char *text, gpointer data, G_GNUC_UNUSED GError **error)
{
    NwfFilterReader *reader = data;
    if (!reader->late && nwf_rule_parse_end(reader->rule, &reader->place, &reader->late))
        nwf_filter_add(reader->filter, g_steal_pointer(&reader->rule), NULL);
    return TRUE;
}

static gboolean
ref_start(const NwfXmlTag *tag, gpointer data, G_GNUC_UNUSED GError **error)
{
    NwfFilterReader *reader = data;
    g_autofree char *name = nwf_xml_attribute(tag, "filter");
    g_autofree char *quoted = nwf_clip(reader->filter->name);
    if (reader->late)
        return TRUE;
    if (!name) {
        nwf_set_error(&reader->late, NWF_ERROR_RULE_INCOMPLETE,
                      _("filter '%s', line %u: <filterref>: the attribute 'filter' is missing"), quoted,
                      nwf_xml_line(tag));
        return TRUE;
    }
    reader->ref = g_new0(NwfFilterRef, 1);
    reader->ref->filter = g_steal_pointer(&name);
    reader->ref->params = nwf_params_new();
    reader->ref->line = nwf_xml_line(tag);
    return TRUE;
}

static gboolean
parameter_start(const NwfXmlTag *tag, gpointer data, G_GNUC_UNUSED GError **error)
{
    NwfFilterReader *reader = data;
    if (!reader->late)
        nwf_params_parse_tag(reader->ref->params, tag, reader->filter->name, reader->notes, &reader->late);
    return TRUE;
}

static gboolean
ref_end(G_GNUC_UNUSED const char *text, gpointer data, G_GNUC_UNUSED GError **error)
{
    NwfFilterReader *reader = data;
    if (!reader->late)
        nwf_filter_add(reader->filter, NULL, g_steal_pointer(&reader->ref));
    return TRUE;
}

static void
remark_unknown(const NwfXmlTag *tag, gpointer data)
{
    NwfFilterReader *reader = data;
    g_autofree char *name = NULL;
    g_autofree char *filter = NULL;
    if (!nwf_notes_wanted(reader->notes))
        return;
    name = nwf_clip(nwf_xml_name(tag));
    filter = nwf_clip(reader->filter->name);
    nwf_note(reader->notes, _("filter '%s', line %u: the element <%s> is unknown and is ignored"), filter,
             nwf_xml_line(tag), name);
}

static const NwfXmlElement protocols[] = {{.name = NULL, .start = protocol_start}, {0}};
static const NwfXmlElement parameters[] = {{.name = "parameter", .start = parameter_start}, {0}};
static const NwfXmlElement children[] = {
    {.name = "uuid", .plain = TRUE, .text = TRUE, .end = uuid_end},
    {.name = "rule", .start = rule_start, .end = rule_end, .children = protocols},
    {.name = "filterref", .start = ref_start, .end = ref_end, .children = parameters},
    {0},
};
static const NwfXmlElement document = {.name = "filter", .start = filter_start, .children = children};

NwfFilter *
nwf_filter_parse(const char *xml, const NwfReading *reading, NwfNotes *notes, GError **error)
{
    g_autoptr(NwfFilter) filter = nwf_filter_new();
    NwfFilterReader reader = {.notes = notes, .filter = filter, .place = {.dialect = reading->dialect, .notes = notes}};
    gboolean fits = FALSE;

    if (reading->validate && !nwf_schema_validate(NWF_SCHEMA_FILTER, xml, error))
        return NULL;
    filter->uuid_generated = TRUE;
    fits = nwf_xml_read(xml, &(NwfXmlReader){&document, remark_unknown, &reader}, error);
    nwf_rule_free(reader.rule);
    nwf_filter_ref_free(reader.ref);
    if (fits && !reader.late) {
        if (filter->uuid_generated)
            nwf_uuid_generate(filter->uuid);
        return g_steal_pointer(&filter);
    }
    if (fits)
        g_propagate_error(error, g_steal_pointer(&reader.late));
    g_clear_error(&reader.late);
    return NULL;
}

/* The first look at a document: what is it called? Nothing that is found in it is an error here. */
typedef struct NwfIdentityReader {
    char *name;
    char *uuid; /* text of the first <uuid> */
} NwfIdentityReader;

static gboolean
identity_start(const NwfXmlTag *tag, gpointer data, G_GNUC_UNUSED GError **error)
{
    ((NwfIdentityReader *)data)->name = nwf_xml_plain_attribute(tag, "name");
    return TRUE;
}

static gboolean
identity_uuid_end(const char *text, gpointer data, G_GNUC_UNUSED GError **error)
{
    NwfIdentityReader *reader = data;
    if (!reader->uuid)
        reader->uuid = g_strdup(text);
    return TRUE;
}

static const NwfXmlElement identity_children[] = {
    {.name = "uuid", .plain = TRUE, .text = TRUE, .end = identity_uuid_end},
    {0},
};
static const NwfXmlElement identity = {.name = "filter", .start = identity_start, .children = identity_children};

gboolean
nwf_filter_identify(const char *xml, char **name, guint8 uuid[16], gboolean *generated, GError **error)
{
    NwfIdentityReader reader = {0};
    gboolean fits = nwf_xml_read(xml, &(NwfXmlReader){.root = &identity, .data = &reader}, error);
    g_autofree char *found_name = reader.name;
    g_autofree char *found_uuid = reader.uuid;
    if (!fits)
        return FALSE;
    *name = found_name ? g_steal_pointer(&found_name) : g_strdup("");
    *generated = !found_uuid || !nwf_uuid_parse(uuid, found_uuid);
    if (*generated)
        nwf_uuid_generate(uuid);
    return TRUE;
}
