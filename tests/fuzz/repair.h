/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * repair.h: headers made right, without which most frames would be refused before anything interesting is read
 */
#pragma once

#include <glib.h>

/** repair_frame: makes length and checksum of an IPv4 header behind the Ethernet header right, and those of UDP behind
 * it. */
void repair_frame(guint8 *frame, gsize size);
