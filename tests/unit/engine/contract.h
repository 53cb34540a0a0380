/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * contract.h: what every backend must do, as driver/tech/backend.h says
 */
#pragma once

#include "driver/tech/backend.h"

/* A backend to be held against the contract. */
typedef struct ContractSubject {
    const char *name;
    gboolean reasserts;        /* it has reassert(), which is optional */
    const char *bad;           /* a rule that check() lets pass and the kernel refuses */
    void (*fresh)(void);       /* an empty kernel */
    NwfBackend *(*open)(void); /* (transfer full): a backend that knows nothing of this kernel yet, as after a start */
    char *(*listing)(void);    /* (transfer full): all that the kernel holds, in one order */
    void (*harm)(const char *port);           /* somebody else takes rules of @port away… */
    const char *(*touched)(const char *port); /* …from a chain of this name, in the first table */
    guint32 (*generation)(void);              /* the kernel's number of the last transaction */
    guint doubts;                             /* in how many ways it can become unknown what the kernel took */
    void (*doubt)(guint way);                 /* from now on it does, whenever rules of both layers are exchanged… */
    void (*settle)(void);                     /* …until now */
} ContractSubject;

/** contract_add: adds the tests of @subject under /contract/NAME/. */
void contract_add(const ContractSubject *subject);
