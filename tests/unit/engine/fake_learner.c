/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * fake_learner.c: the functions of driver/learn/learner.h over a table that a test fills
 */
#include "tests/unit/engine/fake_learner.h"

struct NwfLearner {
    NwfLearnerConfig config;
};

static struct {
    GMutex lock;
    NwfLearner *learner;
    GHashTable *addresses; /* port -> addresses in words */
    GHashTable *watched;   /* set of ports */
    guint64 version;       /* grows with each change */
} fake = {.version = 1};

NwfLearner *
nwf_learner_new(const NwfLearnerConfig *config, GError **error G_GNUC_UNUSED)
{
    fake.learner = g_new0(NwfLearner, 1);
    fake.learner->config = *config;
    fake.addresses = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    fake.watched = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    return fake.learner;
}

void
nwf_learner_free(NwfLearner *learner)
{
    if (!learner)
        return;
    g_clear_pointer(&fake.addresses, g_hash_table_unref);
    g_clear_pointer(&fake.watched, g_hash_table_unref);
    fake.learner = NULL;
    g_free(learner);
}

void
nwf_learner_begin(NwfLearner *learner G_GNUC_UNUSED)
{
}

void
nwf_learner_watch(NwfLearner *learner G_GNUC_UNUSED, NwfLearnTerms *terms)
{
    g_mutex_lock(&fake.lock);
    g_hash_table_add(fake.watched, g_strdup(terms->portdev));
    g_mutex_unlock(&fake.lock);
}

void
nwf_learner_unwatch(NwfLearner *learner G_GNUC_UNUSED, const char *portdev)
{
    g_mutex_lock(&fake.lock);
    g_hash_table_remove(fake.watched, portdev);
    g_mutex_unlock(&fake.lock);
}

GArray *
nwf_learner_addresses(NwfLearner *learner G_GNUC_UNUSED, const NwfLearnTerms *terms, guint64 *version)
{
    GArray *list = g_array_new(FALSE, FALSE, sizeof(NwfAddress));

    g_mutex_lock(&fake.lock);
    const char *text = g_hash_table_lookup(fake.addresses, terms->portdev);
    g_auto(GStrv) words = g_strsplit(text ? text : "", " ", -1);
    for (guint i = 0; words[i]; i++) {
        NwfAddress address;
        if (nwf_address_parse(&address, words[i]))
            g_array_append_val(list, address);
    }
    *version = fake.version;
    g_mutex_unlock(&fake.lock);
    return list;
}

guint64
nwf_learner_version(NwfLearner *learner G_GNUC_UNUSED, const NwfLearnTerms *terms G_GNUC_UNUSED)
{
    g_mutex_lock(&fake.lock);
    guint64 version = fake.version;
    g_mutex_unlock(&fake.lock);
    return version;
}

void
nwf_learner_reserve(NwfLearner *learner G_GNUC_UNUSED, const char *portdev G_GNUC_UNUSED,
                    const GArray *addresses G_GNUC_UNUSED)
{
}

void
fake_learner_learn(const char *portdev, const char *text)
{
    g_mutex_lock(&fake.lock);
    if (text)
        g_hash_table_replace(fake.addresses, g_strdup(portdev), g_strdup(text));
    else
        g_hash_table_remove(fake.addresses, portdev);
    fake.version++;
    gboolean watched = g_hash_table_contains(fake.watched, portdev);
    g_mutex_unlock(&fake.lock);
    if (watched)
        fake.learner->config.changed(portdev, fake.learner->config.data);
}

char *
fake_learner_addresses(const char *portdev)
{
    g_mutex_lock(&fake.lock);
    char *text = g_strdup(g_hash_table_lookup(fake.addresses, portdev));
    g_mutex_unlock(&fake.lock);
    return text;
}
