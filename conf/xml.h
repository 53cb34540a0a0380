/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * xml.h: XML documents read as a stream
 *
 * A document is read as a stream: each element that the reader's table knows calls a function, nothing is kept. So the
 * memory that a document costs is what its reader makes of it.
 */
#pragma once

#include "conf/error.h"

/* A start tag; valid during the call that gets it. */
typedef struct NwfXmlTag NwfXmlTag;

/** nwf_xml_name: its name without prefix. */
const char *nwf_xml_name(const NwfXmlTag *tag);
/** nwf_xml_line: the line where the tag ends, from 1. */
guint nwf_xml_line(const NwfXmlTag *tag);
/** nwf_xml_attribute: (transfer full): value of the first attribute @name, with any prefix or none, or NULL. */
char *nwf_xml_attribute(const NwfXmlTag *tag, const char *name);
/** nwf_xml_plain_attribute: the same, only without a prefix. */
char *nwf_xml_plain_attribute(const NwfXmlTag *tag, const char *name);

/* One attribute of a tag; NULL for @prefix if it has none. */
typedef struct NwfXmlAttribute {
    const char *prefix, *name;
    gboolean declared; /* nobody declared the prefix if not: then prefix and name are one name, which no table has */
} NwfXmlAttribute;

/** nwf_xml_attribute_at: the attribute number @index as it stands in the document; FALSE past the end. */
gboolean nwf_xml_attribute_at(const NwfXmlTag *tag, guint index, NwfXmlAttribute *attribute);
/** nwf_xml_attribute_text: (transfer full): the value of the attribute number @index. */
char *nwf_xml_attribute_text(const NwfXmlTag *tag, guint index);

/*
 * What a reader knows about an element. Functions return FALSE with an error to reject the document; the rest of it is
 * then only looked at for being well-formed, because that comes first.
 */
typedef struct NwfXmlElement NwfXmlElement;
struct NwfXmlElement {
    const char *name;              /* NULL: any name */
    const char *const *attributes; /* that are known, ended by NULL; NULL: @start looks for unknown ones itself */
    gboolean plain_attributes;     /* they are known without a prefix alone */
    gboolean plain;                /* only without a namespace */
    gboolean text;                 /* @end wants the text in it */
    gboolean (*start)(const NwfXmlTag *tag, gpointer data, GError **error); /* or NULL */
    gboolean (*end)(const char *text, gpointer data, GError **error);       /* or NULL; @text is "" unless wanted */
    const NwfXmlElement *children; /* array, its end is an element without name and start; NULL: none */
};

/* The attributes of an element that has none. */
extern const char *const nwf_xml_no_attributes[];

/* What stands in a document and no row knows; below an unknown element nothing more is looked at. */
typedef enum NwfXmlUnknownKind { NWF_XML_ELEMENT, NWF_XML_ATTRIBUTE, NWF_XML_TEXT } NwfXmlUnknownKind;

typedef struct NwfXmlUnknown {
    NwfXmlUnknownKind kind;
    guint line;
    const char *element;   /* the unknown one, or the known one in which the attribute or the text stands */
    const char *attribute; /* NULL unless it is one */
    const char *text;      /* value of the attribute, or the text, maybe its beginning alone */
} NwfXmlUnknown;

typedef struct NwfXmlReader {
    const NwfXmlElement *root;
    void (*unknown)(const NwfXmlUnknown *what, gpointer data); /* or NULL */
    gpointer data;
} NwfXmlReader;

/**
 * nwf_xml_read:
 * @xml: the document, UTF-8
 *
 * Refused are documents with a document type (there are no entities but the five of XML), deeper than libxml2's limit,
 * or with more attributes or namespaces in one place than any filter has use for. Nothing outside of @xml is read,
 * nothing is printed, no state of the process is changed.
 *
 * Returns: TRUE, or FALSE with NWF_ERROR_XML_SYNTAX, NWF_ERROR_XML_ROOT, or the error of a function of the table
 */
gboolean nwf_xml_read(const char *xml, const NwfXmlReader *reader, GError **error);

/** nwf_xml_options: how libxml2 is to be called for a text that nwf_xml_read() has accepted. */
int nwf_xml_options(void);

/** nwf_xml_escape: appends @text as it may stand between single quotes, or (@in_element) between two tags. */
void nwf_xml_escape(GString *out, const char *text, gboolean in_element);
