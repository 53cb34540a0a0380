/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * message.h: what the driver says to libvirt
 */
#pragma once

#include <glib.h>

enum { NWF_MESSAGE_MAX = 8192 };

/** nwf_message_fit: (transfer full): @message as UTF-8 of about NWF_MESSAGE_MAX bytes; of a longer one both ends. */
char *nwf_message_fit(const char *message);
