/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * value_private.h: what the sources of the value types share
 *
 * A type is one row: how its text is read, how it is written, its range and its names. Rows are in value.c, readers and
 * writers in value_number.c, value_address.c and value_list.c.
 */
#pragma once

#include "conf/value.h"

typedef struct NwfName {
    const char *name;
    guint32 number;
} NwfName;

typedef struct NwfTypeRow NwfTypeRow;
struct NwfTypeRow {
    /* Fills @value from @text; FALSE if the text does not fit. */
    gboolean (*read)(NwfValue *value, const NwfTypeRow *row, const char *text, NwfNotes *notes);
    void (*write)(GString *out, const NwfValue *value, const NwfTypeRow *row);
    /* Whether both mean the same. */
    gboolean (*same)(const NwfValue *a, const NwfValue *b);
    guint32 min, max;     /* of numbers and of prefix lengths */
    const NwfName *names; /* of numbers or of words in a list, ended by NULL; names are read in any case */
    const char *expects;  /* for messages; to be translated */
};

/*
 * nwf_number_read: a number with all of @text, in @base 10 or 16 ("0x" allowed). Blanks and a sign may lead; a negative
 * number counts back from 2^32.
 */
gboolean nwf_number_read(const char *text, guint base, guint32 *number);

gboolean nwf_read_number(NwfValue *value, const NwfTypeRow *row, const char *text, NwfNotes *notes);
gboolean nwf_read_decimal(NwfValue *value, const NwfTypeRow *row, const char *text, NwfNotes *notes);
gboolean nwf_read_opcode(NwfValue *value, const NwfTypeRow *row, const char *text, NwfNotes *notes);
gboolean nwf_read_bool(NwfValue *value, const NwfTypeRow *row, const char *text, NwfNotes *notes);
gboolean nwf_read_port(NwfValue *value, const NwfTypeRow *row, const char *text, NwfNotes *notes);
void nwf_write_number(GString *out, const NwfValue *value, const NwfTypeRow *row);
void nwf_write_bool(GString *out, const NwfValue *value, const NwfTypeRow *row);
void nwf_write_port(GString *out, const NwfValue *value, const NwfTypeRow *row);

gboolean nwf_read_mac(NwfValue *value, const NwfTypeRow *row, const char *text, NwfNotes *notes);
gboolean nwf_read_mac_mask(NwfValue *value, const NwfTypeRow *row, const char *text, NwfNotes *notes);
gboolean nwf_read_ipv4(NwfValue *value, const NwfTypeRow *row, const char *text, NwfNotes *notes);
gboolean nwf_read_ipv4_mask(NwfValue *value, const NwfTypeRow *row, const char *text, NwfNotes *notes);
gboolean nwf_read_ipv6(NwfValue *value, const NwfTypeRow *row, const char *text, NwfNotes *notes);
gboolean nwf_read_ipv6_mask(NwfValue *value, const NwfTypeRow *row, const char *text, NwfNotes *notes);
void nwf_write_mac(GString *out, const NwfValue *value, const NwfTypeRow *row);
void nwf_write_ipv4(GString *out, const NwfValue *value, const NwfTypeRow *row);
void nwf_write_ipv6(GString *out, const NwfValue *value, const NwfTypeRow *row);

gboolean nwf_read_states(NwfValue *value, const NwfTypeRow *row, const char *text, NwfNotes *notes);
gboolean nwf_read_tcp_flags(NwfValue *value, const NwfTypeRow *row, const char *text, NwfNotes *notes);
gboolean nwf_read_set_flags(NwfValue *value, const NwfTypeRow *row, const char *text, NwfNotes *notes);
gboolean nwf_read_set_name(NwfValue *value, const NwfTypeRow *row, const char *text, NwfNotes *notes);
gboolean nwf_read_comment(NwfValue *value, const NwfTypeRow *row, const char *text, NwfNotes *notes);
void nwf_write_states(GString *out, const NwfValue *value, const NwfTypeRow *row);
void nwf_write_tcp_flags(GString *out, const NwfValue *value, const NwfTypeRow *row);
void nwf_write_set_flags(GString *out, const NwfValue *value, const NwfTypeRow *row);
void nwf_write_text(GString *out, const NwfValue *value, const NwfTypeRow *row);
