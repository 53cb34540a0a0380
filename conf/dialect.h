/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * dialect.h: in what the releases of libvirt differ in the language
 *
 * The driver speaks as the libvirt that hosts it: a few error codes and the printed form of rules that mix signs changed
 * between the releases 9.0.0 and 11.3.0, bindings got a <backend/> element by 12.8.0. Dialects are ordered.
 */
#pragma once

typedef enum NwfDialect {
    NWF_DIALECT_9,  /* 9.0.0: mixed signs print as runs; a rule priority that is no number is 500 */
    NWF_DIALECT_11, /* 11.3.0: positive attributes first, then negative; such a priority is an error */
    NWF_DIALECT_12, /* 12.8.0: bindings carry <backend name='iptables'/> */
} NwfDialect;

/**
 * nwf_dialect_of_version:
 * @version: libvirt's version number as virGetVersion() gives it: major * 1000000 + minor * 1000 + release
 *
 * Returns: the dialect that this release speaks
 */
NwfDialect nwf_dialect_of_version(unsigned long version);
