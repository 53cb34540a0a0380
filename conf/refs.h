/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * refs.h: objects that are counted by reference
 *
 * Such an object has a member `gatomicrefcount refs`, which whoever makes it sets to one with
 * g_atomic_ref_count_init().
 */
#pragma once

#include <glib.h>

/* name_ref(), which returns its argument, name_unref(), to which NULL is nothing, and g_autoptr() for @Type. */
#define NWF_DECLARE_REFS(Type, name)                                                                                   \
    Type *name##_ref(Type *object);                                                                                    \
    void name##_unref(Type *object);                                                                                   \
    G_DEFINE_AUTOPTR_CLEANUP_FUNC(Type, name##_unref)

/* @free_last is called with the object when nobody holds it any more. */
#define NWF_DEFINE_REFS(Type, name, free_last)                                                                         \
    Type *name##_ref(Type *object)                                                                                     \
    {                                                                                                                  \
        g_atomic_ref_count_inc(&object->refs);                                                                         \
        return object;                                                                                                 \
    }                                                                                                                  \
    void name##_unref(Type *object)                                                                                    \
    {                                                                                                                  \
        if (object && g_atomic_ref_count_dec(&object->refs))                                                           \
            free_last(object);                                                                                         \
    }
