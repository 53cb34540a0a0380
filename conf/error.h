/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * error.h: the one error domain of the project
 *
 * Every failure inside travels as a GError of the domain NWF_ERROR. A code stands for one pair of
 * libvirt error number and libvirt error domain; the pair itself is known to driver/libvirt/messages.c
 * alone. Messages name the filter, the rule, its line, the attribute and the value, and what would be
 * accepted.
 */
#pragma once

#include <glib.h>

typedef enum NwfErrorCode {
    NWF_ERROR_INTERNAL,          /* an illegal value, a missing variable or filter, an incomplete binding */
    NWF_ERROR_ARGUMENT,          /* bad chain name or priority, flags, name that leaves the directory */
    NWF_ERROR_OPERATION_FAILED,  /* clash of name and uuid, loop, duplicate binding */
    NWF_ERROR_OPERATION_INVALID, /* filter in use; not possible in this daemon */
    NWF_ERROR_UNSUPPORTED,       /* the host cannot do what was asked, or is set up not to do it */
    NWF_ERROR_RULE_INCOMPLETE,   /* rule without action or direction, filterref without filter */
    NWF_ERROR_RULE_WORD,         /* rule with unknown action or direction */
    NWF_ERROR_RULE_PRIORITY,     /* rule priority that is no number (only from NWF_DIALECT_11 on) */
    NWF_ERROR_XML_VALUE,         /* malformed uuid; file name differs from the filter's name */
    NWF_ERROR_XML_ROOT,          /* wrong root element */
    NWF_ERROR_XML_SYNTAX,        /* text is not well-formed XML, or has a document type */
    NWF_ERROR_XML_SCHEMA,        /* validation was asked for and failed */
    NWF_ERROR_PARSE,             /* CTRL_IP_LEARNING, CTRL_IP_MAX or CTRL_IP_ALLOWED that cannot be read */
    NWF_ERROR_NO_FILTER,         /* no such filter */
    NWF_ERROR_NO_BINDING,        /* no such binding */
    NWF_ERROR_FIREWALL,          /* a firewall tool refused or could not be run */
    NWF_ERROR_NO_TOOL,           /* a firewall tool that is needed is not installed; as above for libvirt */
    NWF_ERROR_SYSTEM,            /* a system call failed, most often on a file */
    NWF_ERROR_CODES
} NwfErrorCode;

#define NWF_ERROR (nwf_error_quark())

GQuark nwf_error_quark(void);

/**
 * nwf_set_error:
 * @error: place of the error, may be NULL
 * @code: what kind of failure
 * @format: printf format of the message, already translated
 *
 * Sets @error and returns FALSE, so that a failing function can end with `return nwf_set_error(...)`.
 */
gboolean nwf_set_error(GError **error, NwfErrorCode code, const char *format, ...) G_GNUC_PRINTF(3, 4);

/*
 * Notes are remarks that do not stop anything: a misspelt attribute, a mask without its address. They are plain
 * messages in a GPtrArray with g_free; whoever does not care passes NULL. Where users want that only what means what it
 * says is accepted, the first remark becomes an error (nwf_notes_refuse).
 */
typedef GPtrArray NwfNotes;

enum { NWF_NOTES_MAX = 200, NWF_CLIP_MAX = 160 };

/** nwf_notes_new: an empty list of notes; (transfer full), freed with g_ptr_array_unref. */
NwfNotes *nwf_notes_new(void);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(NwfNotes, g_ptr_array_unref)

/** nwf_notes_wanted: whether @notes is there and not full; for remarks that cost something to make. */
gboolean nwf_notes_wanted(const NwfNotes *notes);

/** nwf_note: adds a remark to @notes; nothing happens if @notes is NULL or full. */
void nwf_note(NwfNotes *notes, const char *format, ...) G_GNUC_PRINTF(2, 3);

/** nwf_notes_refuse: TRUE if @notes has no remark, else FALSE with the first one as NWF_ERROR_UNSUPPORTED. */
gboolean nwf_notes_refuse(const NwfNotes *notes, GError **error);
/** nwf_notes_append: adds the remarks of @more to @notes; either may be NULL. */
void nwf_notes_append(NwfNotes *notes, const NwfNotes *more);

/**
 * nwf_clip: (transfer full): @text, whatever bytes these are, as it may stand in a message: UTF-8 of about NWF_CLIP_MAX
 * bytes, whole characters, control characters replaced.
 */
char *nwf_clip(const char *text);
