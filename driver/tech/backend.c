/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * backend.c: one port's part of a batch
 */
#include "driver/tech/backend.h"

NwfPortChange *
nwf_port_change_new(const char *port, NwfPlan *old_plan, NwfPlan *new_plan)
{
    NwfPortChange *change = g_new0(NwfPortChange, 1);

    change->port = g_strdup(port);
    change->old_plan = old_plan ? nwf_plan_ref(old_plan) : NULL;
    change->new_plan = new_plan ? nwf_plan_ref(new_plan) : NULL;
    return change;
}

void
nwf_port_change_free(NwfPortChange *change)
{
    if (!change)
        return;
    g_free(change->port);
    g_clear_pointer(&change->old_plan, nwf_plan_unref);
    g_clear_pointer(&change->new_plan, nwf_plan_unref);
    g_free(change);
}
