/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * acl.c: access control
 *
 * libvirt's checks take its own definition of a filter or binding and read a few members of it. They get one that has
 * these members and is zero otherwise.
 */
#include "driver/libvirt/acl.h"

#include <string.h>

static NwfAbiFilterDef
filter_def(const char *name, const guint8 uuid[16])
{
    NwfAbiFilterDef def = {.name = (char *)name};

    memcpy(def.uuid, uuid, sizeof def.uuid);
    return def;
}

static NwfAbiBindingDef
binding_def(const char *portdev, const char *linkdev, const char *filter)
{
    return (NwfAbiBindingDef){.portdev = (char *)portdev, .linkdev = (char *)linkdev, .filter = (char *)filter};
}

gboolean
nwf_acl_may(virConnectPtr conn, NwfConnectEnsure ensure)
{
    return ensure(conn) >= 0;
}

gboolean
nwf_acl_may_filter(virConnectPtr conn, NwfFilterEnsure ensure, const char *name, const guint8 uuid[16])
{
    NwfAbiFilterDef def = filter_def(name, uuid);

    return ensure(conn, &def) >= 0;
}

gboolean
nwf_acl_sees_filter(virConnectPtr conn, NwfFilterCheck check, const char *name, const guint8 uuid[16])
{
    NwfAbiFilterDef def = filter_def(name, uuid);

    return check(conn, &def);
}

gboolean
nwf_acl_may_binding(virConnectPtr conn, NwfBindingEnsure ensure, const char *portdev, const char *linkdev,
                    const char *filter)
{
    NwfAbiBindingDef def = binding_def(portdev, linkdev, filter);

    return ensure(conn, &def) >= 0;
}

gboolean
nwf_acl_sees_binding(virConnectPtr conn, NwfBindingCheck check, const char *portdev, const char *linkdev,
                     const char *filter)
{
    NwfAbiBindingDef def = binding_def(portdev, linkdev, filter);

    return check(conn, &def);
}
