/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * acl.h: asking libvirt's access control
 *
 * The rule is chosen by the function of libvirt that is passed, a field of nwf_symbols. "may" functions report an error
 * when the answer is no; "sees" functions leave none.
 */
#pragma once

#include "driver/libvirt/symbols.h"

gboolean nwf_acl_may(virConnectPtr conn, NwfConnectEnsure ensure);

gboolean nwf_acl_may_filter(virConnectPtr conn, NwfFilterEnsure ensure, const char *name, const guint8 uuid[16]);
gboolean nwf_acl_sees_filter(virConnectPtr conn, NwfFilterCheck check, const char *name, const guint8 uuid[16]);

/* @linkdev may be NULL. */
gboolean nwf_acl_may_binding(virConnectPtr conn, NwfBindingEnsure ensure, const char *portdev, const char *linkdev,
                             const char *filter);
gboolean nwf_acl_sees_binding(virConnectPtr conn, NwfBindingCheck check, const char *portdev, const char *linkdev,
                              const char *filter);
