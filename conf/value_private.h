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

/* Fills @value from @text; FALSE if the text does not fit. */
typedef gboolean NwfValueReader(NwfValue *value, const NwfTypeRow *row, const char *text, NwfNotes *notes);
typedef void NwfValueWriter(GString *out, const NwfValue *value, const NwfTypeRow *row);

struct NwfTypeRow {
    NwfValueReader *read;
    NwfValueWriter *write;
    gsize size;           /* bytes of the member that is in force, from its start; 0: a text */
    guint32 min, max;     /* of numbers and of prefix lengths */
    const NwfName *names; /* of numbers or of words in a list, ended by NULL; names are read in any case */
    const char *expects;  /* for messages; to be translated */
};

/*
 * nwf_number_read: a number with all of @text, in @base 10 or 16 ("0x" allowed). Blanks and a sign may lead; a negative
 * number counts back from 2^32.
 */
gboolean nwf_number_read(const char *text, guint base, guint32 *number);

/* value_number.c */
NwfValueReader nwf_read_number, nwf_read_decimal, nwf_read_opcode, nwf_read_bool, nwf_read_port;
NwfValueWriter nwf_write_number, nwf_write_port;

/* value_address.c */
NwfValueReader nwf_read_mac, nwf_read_mac_mask, nwf_read_ipv4, nwf_read_ipv6, nwf_read_ip_mask;
NwfValueWriter nwf_write_mac, nwf_write_ipv4, nwf_write_ipv6;

/* value_list.c */
NwfValueReader nwf_read_states, nwf_read_tcp_flags, nwf_read_set_flags, nwf_read_set_name, nwf_read_comment;
NwfValueWriter nwf_write_states, nwf_write_tcp_flags, nwf_write_set_flags, nwf_write_text;
