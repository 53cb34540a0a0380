/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * rule_internal.h: what the sources that read rules share
 */
#pragma once

#include "conf/filter_internal.h"

/** nwf_rule_label: (transfer full): "filter 'f', rule at line 17: <tcp dstportstart='70000'>"; @attribute may be NULL. */
char *nwf_rule_label(const NwfRulePlace *place, const char *element, const char *attribute, const char *value);
void nwf_rule_note(const NwfRulePlace *place, const char *label, const char *remark);

/**
 * nwf_rule_check_ports: ports of the elements ip and ipv6 need a literal protocol that has ports. The oldest dialect
 * asks for it after each element, the newer ones when the whole rule is known.
 */
gboolean nwf_rule_check_ports(const NwfRule *rule, const NwfRulePlace *place, GError **error);
