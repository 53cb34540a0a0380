/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * binding.c: <filterbinding> documents, alone or inside of the <filterbindingstatus> of a file
 *
 * The children may stand in any order, and the first one that has what is wanted counts; so the reader collects all
 * texts first and checks them in a fixed order when the document has ended. A stricter reading wants the first fault of
 * the document: there a text is checked when it is met. Elements and attributes with a namespace do not count.
 */
#include "conf/binding.h"

#include "conf/filter_private.h"

#include <glib/gi18n-lib.h>
#include <string.h>

static void
binding_free(NwfBinding *binding)
{
    g_free(binding->owner_name);
    g_free(binding->portdev);
    g_free(binding->linkdev);
    g_free(binding->filter);
    g_free(binding->backend);
    nwf_params_free(binding->params);
    g_free(binding);
}
NWF_DEFINE_REFS(NwfBinding, nwf_binding, binding_free)

const char *const nwf_binding_controls[NWF_CONTROLS + 1] = {
    [NWF_CONTROL_LEARNING] = "CTRL_IP_LEARNING",
    [NWF_CONTROL_MAX] = "CTRL_IP_MAX",
    [NWF_CONTROL_ALLOWED] = "CTRL_IP_ALLOWED",
    [NWF_CONTROL_SERVER] = "DHCPSERVER",
};

/* ---- reading ---- */

/* The attributes and texts that are wanted, in the order in which they are looked at. */
typedef enum NwfPart {
    PART_PORTDEV,
    PART_LINKDEV,
    PART_OWNER_NAME,
    PART_OWNER_UUID,
    PART_MAC,
    PART_FILTER,
    PART_BACKEND,
    PARTS
} NwfPart;

static const struct {
    const char *element, *attribute; /* no attribute: the text of the element */
    const char *place;               /* for messages */
} parts[PARTS] = {
    [PART_PORTDEV] = {"portdev", "name", "<portdev name='…'/>"},
    [PART_LINKDEV] = {"linkdev", "name", "<linkdev name='…'/>"},
    [PART_OWNER_NAME] = {"name", NULL, "<owner><name>…"},
    [PART_OWNER_UUID] = {"uuid", NULL, "<owner><uuid>…"},
    [PART_MAC] = {"mac", "address", "<mac address='…'/>"},
    [PART_FILTER] = {"filterref", "filter", "<filterref filter='…'/>"},
    [PART_BACKEND] = {"backend", "name", "<backend name='…'/>"},
};

typedef struct NwfBindingReader {
    const NwfReading *reading; /* NULL: only texts are wanted */
    NwfNotes *notes;
    guint line; /* of the binding's start */
    guint lines[PARTS];
    gboolean seen[PARTS]; /* the element is there */
    char *texts[PARTS];
    guint n_bindings;  /* in a status document only the first one counts */
    guint n_filters;   /* only the parameters of the first one count */
    NwfParams *params; /* NULL: not wanted */
    GError *late;      /* of a parameter: reported after what is missing */
    GError *first;     /* of a text that was checked when it was met */
} NwfBindingReader;

static gboolean
binding_start(const NwfXmlTag *tag, gpointer data, G_GNUC_UNUSED GError **error)
{
    NwfBindingReader *reader = data;
    if (reader->n_bindings++ == 0)
        reader->line = nwf_xml_line(tag);
    return TRUE;
}

static gboolean
is_strict(const NwfBindingReader *reader)
{
    return reader->reading && (reader->reading->strict || reader->reading->validate);
}

/* Whether the text of @part, which is there, can be used. */
static gboolean
check_text(const NwfBindingReader *reader, NwfPart part, NwfBinding *binding, NwfNotes *notes, GError **error)
{
    const char *text = reader->texts[part];
    g_autofree char *quoted = nwf_clip(text);

    if (part == PART_OWNER_UUID && !nwf_uuid_parse(binding->owner_uuid, text))
        return nwf_set_error(error, NWF_ERROR_INTERNAL,
                             _("line %u: <owner><uuid>%s</uuid>: a uuid has 32 hexadecimal digits"),
                             reader->lines[part], quoted);
    if (part == PART_MAC && !nwf_mac_parse(binding->mac, text, notes))
        return nwf_set_error(error, NWF_ERROR_INTERNAL, _("line %u: <mac address='%s'/>: expected %s"),
                             reader->lines[part], quoted, nwf_type_expects(NWF_TYPE_MAC));
    return TRUE;
}

/* The text of @part is complete. */
static void
meet_text(NwfBindingReader *reader, NwfPart part)
{
    NwfBinding scratch;
    if (is_strict(reader) && !reader->first && !reader->late && *reader->texts[part])
        check_text(reader, part, &scratch, NULL, &reader->first);
}

/* The first one counts. */
static void
remark_second(NwfBindingReader *reader, NwfPart part, guint line)
{
    if (!reader->first && !reader->late)
        nwf_note(reader->notes, _("line %u: a second <%s> is ignored"), line, parts[part].element);
}

static gboolean
part_start(const NwfXmlTag *tag, gpointer data, G_GNUC_UNUSED GError **error)
{
    NwfBindingReader *reader = data;
    guint part = 0;

    while (strcmp(parts[part].element, nwf_xml_name(tag)) != 0)
        part++;
    if (part == PART_FILTER)
        reader->n_filters++;
    if (reader->n_bindings > 1)
        return TRUE;
    reader->seen[part] = TRUE;
    if (reader->texts[part]) {
        remark_second(reader, part, nwf_xml_line(tag));
        return TRUE;
    }
    reader->lines[part] = nwf_xml_line(tag);
    reader->texts[part] = nwf_xml_plain_attribute(tag, parts[part].attribute);
    if (reader->texts[part])
        meet_text(reader, part);
    return TRUE;
}

static gboolean
owner_part_start(const NwfXmlTag *tag, gpointer data, G_GNUC_UNUSED GError **error)
{
    NwfBindingReader *reader = data;
    NwfPart part = strcmp(nwf_xml_name(tag), parts[PART_OWNER_NAME].element) == 0 ? PART_OWNER_NAME : PART_OWNER_UUID;
    if (reader->texts[part])
        remark_second(reader, part, nwf_xml_line(tag));
    else
        reader->lines[part] = nwf_xml_line(tag);
    return TRUE;
}

static gboolean
take_text(NwfBindingReader *reader, NwfPart part, const char *text)
{
    if (reader->n_bindings != 1 || reader->texts[part])
        return TRUE;
    reader->texts[part] = g_strdup(text);
    meet_text(reader, part);
    return TRUE;
}

static gboolean
name_end(const char *text, gpointer data, G_GNUC_UNUSED GError **error)
{
    return take_text(data, PART_OWNER_NAME, text);
}

static gboolean
uuid_end(const char *text, gpointer data, G_GNUC_UNUSED GError **error)
{
    return take_text(data, PART_OWNER_UUID, text);
}

static gboolean
parameter_start(const NwfXmlTag *tag, gpointer data, G_GNUC_UNUSED GError **error)
{
    NwfBindingReader *reader = data;
    if (reader->params && reader->n_bindings == 1 && reader->n_filters == 1 && !reader->late && !reader->first)
        nwf_params_parse_tag(reader->params, tag, NULL, reader->notes, &reader->late);
    return TRUE;
}

/* clang-format off: one element a line */

static const char *const name_attribute[] = {"name", NULL};
static const char *const address_attribute[] = {"address", NULL};
static const char *const filter_attribute[] = {"filter", NULL};

#define PART(word, known) .name = word, .attributes = known, .plain_attributes = TRUE, .plain = TRUE
#define TEXT_PART(word)   PART(word, nwf_xml_no_attributes), .text = TRUE

static const NwfXmlElement owner_children[] = {
    {TEXT_PART("name"), .start = owner_part_start, .end = name_end},
    {TEXT_PART("uuid"), .start = owner_part_start, .end = uuid_end},
    {0},
};
static const NwfXmlElement parameters[] = {
    {.name = "parameter", .attributes = nwf_parameter_attributes, .start = parameter_start},
    {0},
};
static const NwfXmlElement children[] = {
    {PART("owner", nwf_xml_no_attributes), .children = owner_children},
    {PART("portdev", name_attribute), .start = part_start},
    {PART("linkdev", name_attribute), .start = part_start},
    {PART("mac", address_attribute), .start = part_start},
    {PART("filterref", filter_attribute), .start = part_start, .children = parameters},
    {PART("backend", name_attribute), .start = part_start},
    {0},
};

/* clang-format on */

static const NwfXmlElement document = {
    .name = "filterbinding", .attributes = nwf_xml_no_attributes, .start = binding_start, .children = children};
static const NwfXmlElement status_children[] = {
    {PART("filterbinding", nwf_xml_no_attributes), .start = binding_start, .children = children},
    {0},
};
static const NwfXmlElement status_document = {
    .name = "filterbindingstatus", .attributes = nwf_xml_no_attributes, .children = status_children};

static void
reader_clear(NwfBindingReader *reader)
{
    for (guint i = 0; i < PARTS; i++)
        g_clear_pointer(&reader->texts[i], g_free);
    g_clear_pointer(&reader->params, nwf_params_free);
    g_clear_error(&reader->late);
    g_clear_error(&reader->first);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(NwfBindingReader, reader_clear)

static void
remark_unknown(const NwfXmlUnknown *what, gpointer data)
{
    NwfBindingReader *reader = data;
    if (!reader->first && !reader->late)
        nwf_note_unknown(reader->notes, NULL, what);
}

/* Whether all parts that a binding must have are there, up to @last. */
static gboolean
check_parts(const NwfBindingReader *reader, NwfPart last, NwfDialect dialect, GError **error)
{
    for (guint part = 0; part <= last; part++) {
        const char *text = reader->texts[part];
        gboolean optional = part == PART_LINKDEV || part == PART_BACKEND;
        if (part == PART_BACKEND && dialect < NWF_DIALECT_12)
            continue;
        if ((!optional || reader->seen[part]) && (!text || !*text))
            return nwf_set_error(error, NWF_ERROR_INTERNAL, _("line %u: the filter binding lacks %s"), reader->line,
                                 parts[part].place);
    }
    return TRUE;
}

/* Whether there was an error at @from, which it takes over. */
static gboolean
move_error(GError **error, GError **from)
{
    if (!*from)
        return FALSE;
    g_propagate_error(error, g_steal_pointer(from));
    return TRUE;
}

static gboolean
fill(NwfBinding *binding, NwfBindingReader *reader, NwfDialect dialect, GError **error)
{
    if (is_strict(reader) && move_error(error, reader->first ? &reader->first : &reader->late))
        return FALSE;
    if (!check_parts(reader, PART_OWNER_UUID, dialect, error) ||
        !check_text(reader, PART_OWNER_UUID, binding, reader->notes, error) ||
        !check_parts(reader, PART_MAC, dialect, error) ||
        !check_text(reader, PART_MAC, binding, reader->notes, error) ||
        !check_parts(reader, PART_BACKEND, dialect, error))
        return FALSE;
    if (move_error(error, &reader->late))
        return FALSE;
    binding->owner_name = g_steal_pointer(&reader->texts[PART_OWNER_NAME]);
    binding->portdev = g_steal_pointer(&reader->texts[PART_PORTDEV]);
    binding->linkdev = g_steal_pointer(&reader->texts[PART_LINKDEV]);
    binding->filter = g_steal_pointer(&reader->texts[PART_FILTER]);
    binding->backend = g_steal_pointer(&reader->texts[PART_BACKEND]);
    binding->params = g_steal_pointer(&reader->params);
    return TRUE;
}

/* Puts the port in front of remarks and @fault: its name may stand at the end of the document. */
static void
name_port(const char *portdev, NwfNotes *found, GError **fault)
{
    g_autofree char *quoted = nwf_clip(portdev);
    g_autofree char *place = g_strdup_printf(_("port '%s'"), quoted);

    if (*fault && !nwf_is_no_document(*fault))
        g_prefix_error(fault, "%s, ", place);
    for (guint i = 0; found && i < found->len; i++) {
        g_autofree char *remark = found->pdata[i];
        found->pdata[i] = g_strdup_printf("%s, %s", place, remark);
    }
}

static NwfBinding *
parse(const char *xml, const NwfXmlElement *root, const NwfReading *reading, NwfNotes *notes, GError **error)
{
    g_autoptr(NwfNotes) found = nwf_reading_notes(reading, notes);
    g_auto(NwfBindingReader) reader = {.reading = reading, .notes = found, .params = nwf_params_new()};
    g_autoptr(NwfBinding) binding = g_new0(NwfBinding, 1);
    GError *fault = NULL;

    g_atomic_ref_count_init(&binding->refs);
    if (nwf_xml_read(xml, &(NwfXmlReader){root, remark_unknown, &reader}, &fault))
        fill(binding, &reader, reading->dialect, &fault);
    if (binding->portdev || reader.texts[PART_PORTDEV])
        name_port(binding->portdev ? binding->portdev : reader.texts[PART_PORTDEV], found, &fault);
    nwf_notes_append(notes, found);
    return nwf_reading_end(reading, NWF_SCHEMA_BINDING, xml, found, fault, error) ? g_steal_pointer(&binding) : NULL;
}

NwfBinding *
nwf_binding_parse(const char *xml, const NwfReading *reading, NwfNotes *notes, GError **error)
{
    return parse(xml, &document, reading, notes, error);
}

/* The schema is about documents, files have none. */
NwfBinding *
nwf_binding_status_parse(const char *xml, const NwfReading *reading, NwfNotes *notes, GError **error)
{
    return parse(xml, &status_document, &(NwfReading){.dialect = reading->dialect}, notes, error);
}

/* The first look at a document: which port, which filter? Nothing that is found in it is an error here. */
static char *
take_or_empty(char **text)
{
    return *text ? g_steal_pointer(text) : g_strdup("");
}

gboolean
nwf_binding_identify(const char *xml, NwfBindingIdentity *identity, GError **error)
{
    g_auto(NwfBindingReader) reader = {.params = NULL};
    if (!nwf_xml_read(xml, &(NwfXmlReader){.root = &document, .data = &reader}, error))
        return FALSE;
    identity->portdev = take_or_empty(&reader.texts[PART_PORTDEV]);
    identity->linkdev = g_steal_pointer(&reader.texts[PART_LINKDEV]);
    identity->filter = take_or_empty(&reader.texts[PART_FILTER]);
    return TRUE;
}

void
nwf_binding_identity_clear(NwfBindingIdentity *identity)
{
    g_clear_pointer(&identity->portdev, g_free);
    g_clear_pointer(&identity->linkdev, g_free);
    g_clear_pointer(&identity->filter, g_free);
}

/* ---- the canonical document ---- */

static void
write_named(GString *out, int indent, const char *element, const char *attribute, const char *value)
{
    g_string_append_printf(out, "%*s<%s %s='", indent, "", element, attribute);
    nwf_xml_escape(out, value, FALSE);
    g_string_append(out, "'/>\n");
}

static void
write_owner(GString *out, const NwfBinding *binding, int indent)
{
    char uuid[37];
    nwf_uuid_format(uuid, binding->owner_uuid);
    g_string_append_printf(out, "%*s<owner>\n%*s<name>", indent, "", indent + 2, "");
    nwf_xml_escape(out, binding->owner_name, TRUE);
    g_string_append_printf(out, "</name>\n%*s<uuid>%s</uuid>\n%*s</owner>\n", indent + 2, "", uuid, indent, "");
}

static void
write_binding(GString *out, const NwfBinding *binding, const NwfParams *params, NwfDialect dialect, const char *backend,
              int indent)
{
    char mac[18];
    nwf_mac_format(mac, binding->mac);
    g_string_append_printf(out, "%*s<filterbinding>\n", indent, "");
    write_owner(out, binding, indent + 2);
    write_named(out, indent + 2, "portdev", "name", binding->portdev);
    if (binding->linkdev)
        write_named(out, indent + 2, "linkdev", "name", binding->linkdev);
    write_named(out, indent + 2, "mac", "address", mac);
    nwf_filter_ref_format(out, binding->filter, params ? params : binding->params, indent + 2);
    if (dialect >= NWF_DIALECT_12)
        write_named(out, indent + 2, "backend", "name", backend);
    g_string_append_printf(out, "%*s</filterbinding>\n", indent, "");
}

char *
nwf_binding_format(const NwfBinding *binding, const NwfParams *params, NwfDialect dialect, const char *backend)
{
    GString *out = g_string_new(NULL);
    write_binding(out, binding, params, dialect, backend, 0);
    return g_string_free(out, FALSE);
}

char *
nwf_binding_status_format(const NwfBinding *binding, const NwfParams *params, NwfDialect dialect, const char *backend)
{
    GString *out = g_string_new("<filterbindingstatus>\n");
    write_binding(out, binding, params, dialect, backend, 2);
    g_string_append(out, "</filterbindingstatus>\n");
    return g_string_free(out, FALSE);
}
