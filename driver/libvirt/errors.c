/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * errors.c: which libvirt error number and domain each kind of failure has
 *
 * Callers decide by these numbers, so they are the stock driver's, of the same release. They changed once,
 * between 9.0.0 and 11.3.0, for what is missing or misspelt in a rule.
 */
#include "driver/libvirt/errors.h"
#include "driver/libvirt/message.h"
#include "driver/libvirt/symbols.h"

#include <glib/gi18n-lib.h>
#include <libvirt/virterror.h>

typedef struct NwfNumbers {
    int code; /* 0: no own numbers */
    int domain;
} NwfNumbers;

typedef struct NwfErrorRow {
    NwfNumbers numbers;
    NwfNumbers from_11; /* where NWF_DIALECT_11 and later differ */
} NwfErrorRow;

static const NwfErrorRow error_rows[NWF_ERROR_CODES] = {
    [NWF_ERROR_INTERNAL] = {{VIR_ERR_INTERNAL_ERROR, VIR_FROM_NWFILTER}},
    [NWF_ERROR_ARGUMENT] = {{VIR_ERR_INVALID_ARG, VIR_FROM_NWFILTER}},
    [NWF_ERROR_OPERATION_FAILED] = {{VIR_ERR_OPERATION_FAILED, VIR_FROM_NWFILTER}},
    [NWF_ERROR_OPERATION_INVALID] = {{VIR_ERR_OPERATION_INVALID, VIR_FROM_NWFILTER}},
    [NWF_ERROR_UNSUPPORTED] = {{VIR_ERR_CONFIG_UNSUPPORTED, VIR_FROM_NWFILTER}},
    [NWF_ERROR_RULE_INCOMPLETE] = {{VIR_ERR_INTERNAL_ERROR, VIR_FROM_NWFILTER}, {VIR_ERR_XML_ERROR, VIR_FROM_XML}},
    [NWF_ERROR_RULE_WORD] = {{VIR_ERR_CONFIG_UNSUPPORTED, VIR_FROM_NWFILTER}, {VIR_ERR_XML_ERROR, VIR_FROM_XML}},
    [NWF_ERROR_RULE_PRIORITY] = {{VIR_ERR_XML_ERROR, VIR_FROM_XML}},
    [NWF_ERROR_XML_VALUE] = {{VIR_ERR_XML_ERROR, VIR_FROM_NWFILTER}},
    [NWF_ERROR_XML_ROOT] = {{VIR_ERR_XML_ERROR, VIR_FROM_XML}},
    [NWF_ERROR_XML_SYNTAX] = {{VIR_ERR_XML_DETAIL, VIR_FROM_NWFILTER}},
    [NWF_ERROR_XML_SCHEMA] = {{VIR_ERR_XML_INVALID_SCHEMA, VIR_FROM_XML}},
    [NWF_ERROR_PARSE] = {{VIR_ERR_PARSE_FAILED, VIR_FROM_NWFILTER}},
    [NWF_ERROR_NO_FILTER] = {{VIR_ERR_NO_NWFILTER, VIR_FROM_NWFILTER}},
    [NWF_ERROR_NO_BINDING] = {{VIR_ERR_NO_NWFILTER_BINDING, VIR_FROM_NWFILTER}},
    [NWF_ERROR_FIREWALL] = {{VIR_ERR_INTERNAL_ERROR, VIR_FROM_FIREWALL}},
    [NWF_ERROR_SYSTEM] = {{VIR_ERR_SYSTEM_ERROR, VIR_FROM_NONE}},
};

static NwfDialect error_dialect = NWF_DIALECT_9;

void
nwf_errors_set_dialect(NwfDialect dialect)
{
    error_dialect = dialect;
}

/* An error of another domain (GLib's own) is an internal one. */
static NwfNumbers
numbers_of(const GError *error)
{
    gboolean known = error->domain == NWF_ERROR && error->code >= 0 && error->code < NWF_ERROR_CODES;
    const NwfErrorRow *row = &error_rows[known ? error->code : NWF_ERROR_INTERNAL];

    return error_dialect >= NWF_DIALECT_11 && row->from_11.code ? row->from_11 : row->numbers;
}

void
nwf_report_from(const GError *error, const char *function, int line)
{
    NwfNumbers numbers = numbers_of(error);
    g_autofree char *message = nwf_message_fit(error->message);

    nwf_symbols.virReportErrorHelper(numbers.domain, numbers.code, "nwfilter", function, line, "%s", message);
}

gboolean
nwf_flags_fit(const char *call, unsigned int flags, unsigned int allowed)
{
    if ((flags & ~allowed) == 0)
        return TRUE;
    nwf_symbols.virRaiseErrorFull(
        "nwfilter", call, __LINE__, VIR_FROM_NWFILTER, VIR_ERR_INVALID_ARG, VIR_ERR_ERROR, call, "flags", NULL, 0, 0,
        _("unsupported flags 0x%x in function %s; accepted are 0x%x"), flags & ~allowed, call, allowed);
    return FALSE;
}
