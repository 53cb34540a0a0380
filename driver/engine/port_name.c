/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * port_name.c: what a port may be called
 *
 * A name that no device can have (too long, with a colon) is a name nobody can send a frame from: it is listed and has
 * no rules, as with the stock driver. A name that a device could have but the tools would take for something else (a
 * pattern, an option, a comment) is refused, because the rules would not mean this port.
 */
#include <glib/gi18n-lib.h>
#include <net/if.h>
#include <string.h>

#include "driver/engine/internal.h"

/* The kernel's own rule. */
gboolean
nwf_port_name_is_possible(const char *name)
{
    return *name && strlen(name) < IFNAMSIZ && strcmp(name, ".") != 0 && strcmp(name, "..") != 0 &&
           !strpbrk(name, "/: \t\n\v\f\r");
}

gboolean
nwf_port_name_is_usable(const char *name, GError **error)
{
    if (!nwf_store_check_name(name, NWF_ERROR_INTERNAL, error))
        return FALSE;
    if (!nwf_port_name_is_possible(name))
        return TRUE;
    gboolean plain = !strchr("-!#", name[0]) && !g_str_has_suffix(name, "+");
    for (const char *c = name; plain && *c; c++)
        plain = g_ascii_isgraph(*c) && !strchr("\"'\\`", *c);
    if (plain)
        return TRUE;
    return nwf_set_error(
        error, NWF_ERROR_INTERNAL,
        _("the port name '%s' cannot be used in firewall rules: it may not begin with '-', '!' or '#', end with "
          "'+', or contain quotes, a backslash or characters outside of ASCII"),
        name);
}
