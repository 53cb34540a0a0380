/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * filter_parse.c: <filter> documents
 *
 * Order of errors, as released drivers have it: well-formed, root, schema (if asked), name, chain, priority, uuid, then
 * rules and references in document order. A uuid may stand behind the rules, so the first error of a rule waits
 * (reader->late) until the document ends. A stricter reading wants the first fault of the document, so there it does
 * not wait. Nothing behind a fault is remarked on.
 */
#include "conf/filter_private.h"

#include <glib/gi18n-lib.h>

typedef struct NwfFilterReader {
    NwfNotes *notes;
    NwfFilter *filter;
    gboolean has_uuid;
    guint uuid_line;
    NwfRulePlace place;
    NwfRule *rule;     /* the one that is open */
    NwfFilterRef *ref; /* the one that is open */
    GError *late;
} NwfFilterReader;

static void
remark_priority(const NwfFilter *filter, gboolean given, const char *quoted, const char *place, NwfNotes *notes)
{
    if (!given)
        nwf_note(notes, _("%s: the chain priority '%s' is ignored without a chain"), place, quoted);
    else if (nwf_chain_is_root(filter->chain))
        nwf_note(notes,
                 _("%s: the priority '%s' of the chain 'root' has no effect: only other chains are put in order by it, "
                   "and rules by their own priorities"),
                 place, quoted);
}

/* Chain and priority; a priority without a chain must be right, too, but does not count. */
static gboolean
read_chain(const NwfXmlTag *tag, NwfFilter *filter, const char *place, NwfNotes *notes, GError **error)
{
    g_autofree char *chain = nwf_xml_plain_attribute(tag, "chain");
    g_autofree char *priority = nwf_xml_plain_attribute(tag, "priority");
    g_autofree char *quoted = nwf_clip(priority ? priority : "");
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
    if (ranked)
        remark_priority(filter, given, quoted, place, notes);
    return TRUE;
}

static gboolean
filter_start(const NwfXmlTag *tag, gpointer data, GError **error)
{
    NwfFilterReader *reader = data;
    g_autofree char *place = NULL;
    reader->filter->name = nwf_xml_plain_attribute(tag, "name");
    reader->place.filter = reader->filter->name;
    if (!reader->filter->name || !*reader->filter->name)
        return nwf_set_error(error, NWF_ERROR_INTERNAL, _("line %u: the filter has no name"), nwf_xml_line(tag));
    place = nwf_place(reader->filter->name, nwf_xml_line(tag));
    if (read_chain(tag, reader->filter, place, reader->notes, error))
        return TRUE;
    g_prefix_error(error, "%s: ", place);
    return FALSE;
}

static gboolean
uuid_start(const NwfXmlTag *tag, gpointer data, G_GNUC_UNUSED GError **error)
{
    ((NwfFilterReader *)data)->uuid_line = nwf_xml_line(tag);
    return TRUE;
}

/* The first one counts; an empty one is as good as none. */
static gboolean
uuid_end(const char *text, gpointer data, GError **error)
{
    NwfFilterReader *reader = data;
    g_autofree char *quoted = nwf_clip(text);
    g_autofree char *place = nwf_place(reader->filter->name, reader->uuid_line);
    if (reader->has_uuid) {
        if (!reader->late)
            nwf_note(reader->notes, _("%s: a second <uuid> is ignored: '%s'"), place, quoted);
        return TRUE;
    }
    reader->has_uuid = TRUE;
    reader->filter->uuid_generated = *text == '\0';
    if (reader->filter->uuid_generated || nwf_uuid_parse(reader->filter->uuid, text))
        return TRUE;
    return nwf_set_error(error, NWF_ERROR_XML_VALUE,
                         _("%s: <uuid>%s</uuid>: a uuid has 32 hexadecimal digits"), place, quoted);
}

static gboolean
rule_start(const NwfXmlTag *tag, gpointer data, G_GNUC_UNUSED GError **error)
{
    NwfFilterReader *reader = data;
    if (reader->late)
        return TRUE;
    nwf_rule_place_clear(&reader->place);
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
        nwf_filter_add(reader->filter, nwf_rule_close(g_steal_pointer(&reader->rule)), NULL);
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
remark_unknown(const NwfXmlUnknown *what, gpointer data)
{
    NwfFilterReader *reader = data;
    if (!reader->late)
        nwf_note_unknown(reader->notes, reader->filter->name, what);
}

static const char *const filter_attributes[] = {"name", "chain", "priority", NULL};
static const char *const rule_attributes[] = {"action", "direction", "priority", "statematch", NULL};
static const char *const ref_attributes[] = {"filter", NULL};

static const NwfXmlElement protocols[] = {{.name = NULL, .start = protocol_start}, {0}};
static const NwfXmlElement parameters[] = {
    {.name = "parameter", .attributes = nwf_parameter_attributes, .start = parameter_start},
    {0},
};
static const NwfXmlElement children[] = {
    {.name = "uuid",
     .attributes = nwf_xml_no_attributes,
     .plain = TRUE,
     .text = TRUE,
     .start = uuid_start,
     .end = uuid_end},
    {.name = "rule", .attributes = rule_attributes, .start = rule_start, .end = rule_end, .children = protocols},
    {.name = "filterref", .attributes = ref_attributes, .start = ref_start, .end = ref_end, .children = parameters},
    {0},
};
static const NwfXmlElement document = {.name = "filter",
                                       .attributes = filter_attributes,
                                       .plain_attributes = TRUE,
                                       .start = filter_start,
                                       .children = children};

/* Which error is reported: @fault of the document or its uuid, or @late, the first one of a rule or reference. Takes
 * over both. */
static GError *
first_fault(const NwfReading *reading, GError *fault, GError *late)
{
    gboolean late_first = !fault || ((reading->strict || reading->validate) && !nwf_is_no_document(fault));
    GError *first = late && late_first ? late : fault, *other = first == late ? fault : late;

    g_clear_error(&other);
    return first;
}

NwfFilter *
nwf_filter_parse(const char *xml, const NwfReading *reading, NwfNotes *notes, GError **error)
{
    g_autoptr(NwfFilter) filter = nwf_filter_new();
    g_autoptr(NwfNotes) found = nwf_reading_notes(reading, notes);
    NwfFilterReader reader = {.notes = found, .filter = filter, .place = {.dialect = reading->dialect, .notes = found}};
    GError *fault = NULL;

    filter->uuid_generated = TRUE;
    nwf_xml_read(xml, &(NwfXmlReader){&document, remark_unknown, &reader}, &fault);
    nwf_rule_free(reader.rule);
    nwf_filter_ref_free(reader.ref);
    nwf_rule_place_clear(&reader.place);
    fault = first_fault(reading, fault, reader.late);
    nwf_notes_append(notes, found);
    if (!nwf_reading_end(reading, NWF_SCHEMA_FILTER, xml, found, fault, error))
        return NULL;
    if (filter->uuid_generated)
        nwf_uuid_generate(filter->uuid);
    return g_steal_pointer(&filter);
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
