/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * story.c: frames at a port, one after the other; see story.h
 */
#include "story.h"

#include <string.h>

#define START (1000 * G_USEC_PER_SEC)

/* Who has which addresses, and what the port is. */
typedef struct Stage {
    NwfLeaseDb *db;
    NwfInspector *inspector;
    GArray *host, *others, *shown; /* of NwfAddress */
    gint64 now;
} Stage;

static GArray *
addresses_of(GStrv words, const char *name)
{
    GArray *list = g_array_new(FALSE, FALSE, sizeof(NwfAddress));
    NwfAddress address;

    for (guint i = 0; words[i] != NULL; i++) {
        g_auto(GStrv) pair = g_strsplit(words[i], "=", 2);
        g_auto(GStrv) texts = pair[0] && strcmp(pair[0], name) == 0 ? g_strsplit(pair[1], ",", -1) : NULL;
        for (guint n = 0; texts != NULL && texts[n] != NULL; n++) {
            g_assert_true(nwf_address_parse(&address, texts[n]));
            g_array_append_val(list, address);
        }
    }
    return list;
}

static NwfRefusal
holder(const NwfAddress *address, gboolean listed, gpointer data)
{
    const Stage *stage = data;

    if (nwf_addresses_have(stage->host, address))
        return NWF_REFUSAL_HELD_BY_HOST;
    if (nwf_addresses_have(stage->others, address) || (!listed && nwf_addresses_have(stage->shown, address)))
        return NWF_REFUSAL_HELD_BY_PORT;
    return NWF_REFUSAL_NONE;
}

static void
taken(const NwfAddress *address, gpointer data)
{
    Stage *stage = data;

    for (guint i = stage->shown->len; i-- > 0;)
        if (nwf_address_equal(&g_array_index(stage->shown, NwfAddress, i), address))
            g_array_remove_index(stage->shown, i);
}

static NwfAllowed *
allowed_of(GStrv words)
{
    g_autoptr(GPtrArray) texts = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GError) error = NULL;
    NwfAllowed *allowed = NULL;

    for (guint i = 0; words[i] != NULL; i++) {
        g_auto(GStrv) list = g_str_has_prefix(words[i], "allowed=") ? g_strsplit(words[i] + 8, ",", -1) : NULL;
        for (guint n = 0; list != NULL && list[n] != NULL; n++)
            g_ptr_array_add(texts, g_strdup(list[n]));
    }
    if (texts->len == 0)
        return NULL;
    allowed = nwf_allowed_parse(texts, &error);
    g_assert_no_error(error);
    return allowed;
}

static guint
max_of(GStrv words)
{
    for (guint i = 0; words[i] != NULL; i++)
        if (g_str_has_prefix(words[i], "max="))
            return (guint)atoi(words[i] + strlen("max="));
    return NWF_LEARN_MAX_DEFAULT;
}

static void
stage_init(Stage *stage, const char *port)
{
    static const guint8 owner[16] = {0xd5, 0x4d, 0xf4, 0x6f};
    g_auto(GStrv) words = g_strsplit(port, " ", -1);
    NwfLearnMode mode = strcmp(words[0], "dhcp") == 0 ? NWF_LEARN_DHCP : NWF_LEARN_ANY;
    g_autoptr(NwfLearnTerms) terms = nwf_learn_terms_new(mode, "vnet0", owner, vm_mac);

    g_array_unref(terms->servers);
    terms->servers = addresses_of(words, "servers");
    terms->allowed = allowed_of(words);
    terms->max = max_of(words);
    stage->host = addresses_of(words, "host");
    stage->others = addresses_of(words, "others");
    stage->shown = addresses_of(words, "shown");
    stage->now = START;
    stage->db = nwf_lease_db_new();
    stage->inspector = nwf_inspector_new(stage->db, terms, 5, holder, taken, stage);
}

static void
stage_clear(Stage *stage)
{
    nwf_inspector_free(stage->inspector);
    nwf_lease_db_free(stage->db);
    g_array_unref(stage->host);
    g_array_unref(stage->others);
    g_array_unref(stage->shown);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Stage, stage_clear)

char *
story_addresses(const NwfLeasePort *port)
{
    g_autoptr(GArray) leases = nwf_lease_db_leases(port);
    GString *text = g_string_new(NULL);
    char address[NWF_ADDRESS_TEXT];

    for (guint i = 0; i < leases->len; i++)
        g_string_append_printf(text, "%s%s", i > 0 ? " " : "",
                               nwf_address_format(address, &g_array_index(leases, NwfLease, i).address));
    return g_string_free(text, FALSE);
}

/* What one step came to: "reason: addresses", without what is empty. */
static char *
play(Stage *stage, const char *line)
{
    NwfOutcome outcome = {0};
    g_autofree char *addresses = NULL;

    if (g_str_has_prefix(line, "wait ")) {
        stage->now += g_ascii_strtoll(line + 5, NULL, 10) * G_USEC_PER_SEC;
        nwf_lease_db_expire(stage->db, stage->now);
    } else {
        g_autoptr(GByteArray) bytes = NULL;
        FrameSpec spec;
        gsize wire;
        frame_parse(&spec, line);
        bytes = frame_build(&spec, &wire);
        stage->now += G_USEC_PER_SEC / 10;
        outcome = nwf_inspector_frame(stage->inspector, (NwfBytes){bytes->data, bytes->len}, wire, spec.direction,
                                      stage->now);
    }
    addresses = story_addresses(stage->inspector->port);
    return g_strconcat(outcome.refusal == NWF_REFUSAL_NONE ? "" : nwf_refusal_word(outcome.refusal),
                       *addresses ? ": " : "", addresses, NULL);
}

char *
story_run(const Story *story)
{
    g_auto(Stage) stage = {0};

    stage_init(&stage, story->port);
    for (guint i = 0; i < STORY_STEPS && story->steps[i].frame != NULL; i++) {
        const StoryStep *step = &story->steps[i];
        g_autofree char *came = play(&stage, step->frame);
        if (strcmp(came, step->expected) != 0)
            return g_strdup_printf("%s, step %u (%s): '%s' instead of '%s'", story->name, i + 1, step->frame, came,
                                   step->expected);
    }
    return NULL;
}
