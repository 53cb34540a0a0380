/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * dialect.c: from libvirt's version to the dialect of the language
 *
 * Releases 9.0.0, 11.3.0 and 12.8.0 were looked at. A release between two of them speaks the newer dialect from the
 * next major version on; the forms read by both are the same, so that a wrong guess changes texts, not meanings.
 */
#include "conf/dialect.h"

NwfDialect
nwf_dialect_of_version(unsigned long version)
{
    if (version >= 12000000)
        return NWF_DIALECT_12;
    return version >= 10000000 ? NWF_DIALECT_11 : NWF_DIALECT_9;
}
