/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * ebiptables.h: the backend of ebtables, iptables and ip6tables, as the list of backends sees it
 */
#pragma once

#include "driver/tech/backends.h"

/** nwf_ebiptables_new: (transfer full), freed by its own free(). Cannot fail. */
NwfBackend *nwf_ebiptables_new(const NwfBackendOptions *options);

/** nwf_ebiptables_check: whether the tools can take @rules, see nwf_render_check(). */
gboolean nwf_ebiptables_check(const char *port, NwfRules *rules, GError **error);

/** nwf_ebiptables_preview: (transfer full): batches as text, see NwfBackendKind. */
char *nwf_ebiptables_preview(const NwfPortChange *changes, guint n, gboolean annotate, GError **error);

/** nwf_stock_nft_remove: removes the tables in which the stock driver of libvirt 12.8 and newer keeps rules of nft. */
gboolean nwf_stock_nft_remove(GError **error);
