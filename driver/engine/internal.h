/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * internal.h: what the files of the engine share
 *
 * State is made of immutable, reference-counted objects: filters (conf/) and ports (below). Hash tables say which are
 * in force. Only the applier thread changes the tables, always with the lock held; so the applier may read them without
 * the lock, and everybody else reads them with it, never for longer than a look-up.
 *
 * A change is a group: what one API call asks for. Preparing a group works out the new objects and touches nothing that
 * counts; the kernel is changed then; then the files are put in place; then the new objects are published, and the
 * caller is answered.
 */
#pragma once

#include "driver/engine/engine.h"
#include "driver/learn/learner.h"
#include "driver/store/store.h"
#include "plan/interim.h"

/* A bound port as it stands in the kernel. */
typedef struct NwfPort {
    gatomicrefcount refs;
    NwfBinding *binding;
    NwfTree *tree;   /* of its filter, also while it is closed; NULL if there is none, because a filter is missing */
    NwfPlan *plan;   /* what the kernel was asked to hold; NULL: nothing, or not yet acknowledged */
    gboolean closed; /* the plan drops everything because the right one could not be made or placed */
    gboolean instantiated; /* the device was there: MAC is shown among the parameters */
    gboolean unplaced;     /* nobody knows whether the kernel holds the plan: tried again later */
    unsigned ifindex;      /* of the device when it was first seen; 0: never */

    NwfLearnTerms *request; /* its address is learned; NULL: it is configured, or of no interest */
    guint64 addresses_version; /* of the learned addresses that the plan was made with; 0: none were asked for */
    gboolean has_addresses;    /* there were some */
    gboolean postponed; /* the kernel did not take the right plan and has the interim or the closed one: tried again later */
} NwfPort;

NwfPort *nwf_port_new(NwfBinding *binding);
NwfPort *nwf_port_copy(const NwfPort *port);
NwfPort *nwf_port_ref(NwfPort *port);
void nwf_port_unref(NwfPort *port);
void nwf_port_saw_device(NwfPort *port, unsigned ifindex);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(NwfPort, nwf_port_unref)

typedef struct NwfGroup NwfGroup;
typedef struct NwfGuard NwfGuard;

/* A transaction that somebody has made in the firewall's tables, or another reason to look there. */
typedef struct NwfNews {
    guint32 generation; /* 0: no transaction */
    guint32 process;    /* 0: not known */
    char *program;      /* may be NULL */
    GPtrArray *touched; /* (element-type NwfTouched) */
    gboolean everything; /* who knows what was changed */
} NwfNews;

/* When and how often the kernel was put right. */
typedef struct NwfHealing {
    gint64 not_before; /* monotonic time of the next look */
    gint64 poll_at;    /* when tables that tell nothing are asked; 0: there are none */
    gint64 peace_at;   /* since when nothing had to be put right that might have been */
    guint times;       /* since there was peace */
    guint failures;    /* of the last looks, one after the other; the first was said */
} NwfHealing;

typedef struct NwfGroupKind {
    gboolean exclusive; /* changes definitions: alone in its batch */
    /* Fills the group from the tables: new objects, files to come. */
    gboolean (*prepare)(NwfEngine *engine, NwfGroup *group, GError **error);
    /* After the kernel refused: TRUE if the group was changed into one that asks for less. May be NULL. */
    gboolean (*yield)(NwfEngine *engine, NwfGroup *group, const GError *why);
    /* Nothing can be placed: the group is changed into one that marks its ports unplaced. NULL: its caller gets the
     * error. */
    void (*wait)(NwfEngine *engine, NwfGroup *group, const GError *why);
} NwfGroupKind;

/* One port's part of a group. */
typedef struct NwfSwap {
    char *name;
    NwfPort *old;    /* NULL: none in force */
    NwfPort *new;    /* NULL: released */
    gboolean unsure; /* the kernel may not hold what @old says */
} NwfSwap;

struct NwfGroup {
    const NwfGroupKind *kind;

    /* what is asked */
    char *portdev; /* NULL for groups that are about no single port */
    char *file;    /* name of a filter file to be read, without ending */
    NwfBinding *binding;
    NwfFilter *filter;
    gboolean keep_file; /* the definition came from its file, and that is complete */
    gboolean unsure;    /* nobody knows what the kernel holds of the port: it is looked */
    gboolean unasked;   /* by nobody: notes that were logged before are no news */

    /* what was prepared */
    GPtrArray *swaps;      /* (element-type NwfSwap) */
    NwfFilter *old_filter; /* to be taken out of the tables */
    NwfFilter *new_filter; /* to be put in */
    gboolean changed;      /* the new filter means something else than the old one */
    GHashTable *new_shapes; /* made with @filter, which is not in force yet: nobody else's; NULL: nothing is defined */
    NwfPending *pending;   /* file to put in place */
    NwfStore *remove_from; /* file to remove… */
    char *remove_name;     /* …and its name */
    NwfNotes *notes;
    GPtrArray *in_kernel; /* names of ports with rules of ours, see nwf_reread_kind */

    /* the answer */
    gboolean answered;
    GError *error;
};

struct NwfEngine {
    NwfEngineConfig config;
    NwfStore *filter_store;
    NwfStore *binding_store;
    GThread *applier;
    NwfLearner *learner;
    NwfGuard *guard;

    GMutex lock;         /* over all below; never held while a program runs or a file is synced */
    GCond wake;          /* the applier: there is work */
    GCond answered;      /* callers: a group was answered */
    GHashTable *filters; /* name -> NwfFilter */
    GHashTable *uuids;   /* uuid -> NwfFilter */
    GHashTable *ports;   /* interface name -> NwfPort */
    GHashTable *unread;  /* set of names of binding files that could not be read; fixed after the start */
    GQueue queue;        /* of NwfGroup */
    GHashTable *changed; /* set of names of ports whose learned addresses changed */
    GQueue news;         /* of NwfNews */
    gboolean stock_nft;  /* a binding says that the stock driver filtered its port with nft; applier's alone after the start */
    gboolean begun;      /* what the last run left was taken over */
    gboolean stopping;
    gboolean inhibited;

    /* the applier's alone */
    GHashTable *leftovers; /* set of names of unbound ports of which a failed change may have left rules */
    GHashTable *templates; /* root filter and names of parameters -> NwfShape, see build.c */
    GHashTable *told;      /* set of notes that were logged */
    NwfHealing heal;
    guint64 writes;        /* transactions of our own */
    gint64 retry_at;       /* monotonic time of the next try for ports that wait for one and leftovers; 0: none */
    gint64 retry_delay;
};

/* engine.c */
void nwf_engine_log(NwfEngine *engine, NwfLogLevel level, const char *source, const char *format, ...)
    G_GNUC_PRINTF(4, 5);
void nwf_engine_log_notes(NwfEngine *engine, const char *source, const char *subject, NwfNotes *notes);
NwfFilter *nwf_engine_lookup_filter(const char *name, gpointer engine);

/* build.c: from a binding to a plan */
gboolean nwf_build_port(NwfEngine *engine, NwfPort *port, NwfGroup *group, GError **error);
gboolean nwf_build_or_close(NwfEngine *engine, NwfPort *port, NwfGroup *group, GError **error);
void nwf_build_closed(NwfPort *port);
gboolean nwf_build_interim(NwfEngine *engine, NwfPort *port, GError **error);
void nwf_build_forget(NwfEngine *engine, const char *filter);
NwfParams *nwf_build_params(const NwfBinding *binding);
gpointer nwf_shape_table_new(void);

/* learning.c: addresses that nobody configured */
NwfLearner *nwf_learning_start(NwfEngine *engine, GError **error);
NwfLearnTerms *nwf_learning_request(const NwfBinding *binding, GError **error);
gboolean nwf_learning_add(NwfEngine *engine, NwfPort *port, NwfParams *params);
NwfPlan *nwf_learning_interim(NwfEngine *engine, const NwfPort *port, GError **error);
void nwf_learning_follow(NwfEngine *engine, const NwfSwap *swap);

/* group.c: groups, from outside */
NwfGroup *nwf_group_new(const NwfGroupKind *kind);
void nwf_group_free(NwfGroup *group);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(NwfGroup, nwf_group_free)
void nwf_group_swap(NwfGroup *group, const char *name, NwfPort *old, NwfPort *new);
gboolean nwf_group_run(NwfEngine *engine, NwfGroup *group, GError **error);
void nwf_group_run_all(NwfEngine *engine, GPtrArray *groups);

/* applier.c, execute.c */
gpointer nwf_applier_thread(gpointer engine);
void nwf_execute(NwfEngine *engine, GPtrArray *groups);

/* guard.c: what others do to the firewall */
NwfGuard *nwf_guard_new(NwfEngine *engine);
void nwf_guard_begin(NwfGuard *guard);
void nwf_guard_free(NwfGuard *guard);
void nwf_guard_tell(NwfEngine *engine, NwfNews *news);
gboolean nwf_guard_apply(NwfEngine *engine, GPtrArray *changes, NwfNotes *notes, GError **error);
gboolean nwf_guard_is_own(NwfEngine *engine, const NwfNews *news);
NwfNews *nwf_news_new_everything(void);
void nwf_news_free(NwfNews *news);

/* heal.c: and what we do about it */
gint64 nwf_heal_due_locked(NwfEngine *engine);
void nwf_heal_plan(NwfEngine *engine);
void nwf_heal(NwfEngine *engine, GPtrArray *news);

/* port_name.c */
gboolean nwf_port_name_is_possible(const char *name);
gboolean nwf_port_name_is_usable(const char *name, GError **error);

/* define.c: name, clashes and loops of a definition; @old: (out) what it would replace */
gboolean nwf_define_check(NwfEngine *engine, const NwfFilter *filter, const NwfFilter **old, GError **error);
gboolean nwf_define_prepare(NwfEngine *engine, NwfGroup *group, GError **error);

/* bind.c, define.c, restore.c: the kinds of groups */
extern const NwfGroupKind nwf_bind_kind, nwf_unbind_kind;
extern const NwfGroupKind nwf_define_kind, nwf_undefine_kind, nwf_reload_kind;
extern const NwfGroupKind nwf_restore_kind, nwf_release_kind, nwf_reread_kind;
void nwf_restore_take_over(NwfEngine *engine);
void nwf_restore_retire_stock(NwfEngine *engine);
void nwf_restore_log_failures(NwfEngine *engine, GPtrArray *groups);
GPtrArray *nwf_restore_groups(NwfEngine *engine, GPtrArray *in_kernel);
NwfGroup *nwf_restore_group(NwfEngine *engine, const char *portdev);

/* load.c: from the files */
gboolean nwf_load_filters(NwfEngine *engine, GError **error);
gboolean nwf_load_bindings(NwfEngine *engine, GError **error);
gboolean nwf_reload_filters(NwfEngine *engine, GError **error);
gboolean nwf_reload_prepare(NwfEngine *engine, NwfGroup *group, GError **error);
