/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * fuzz-sequence.c: whatever is sent at two ports in whatever order, no address is believed that was not earned
 *
 * The input is a list of steps: time passes, a frame is seen, the daemon starts again. Frames are those of
 * sequence-frames.c. A model, simpler than the database and independent of it, keeps which addresses each port can have
 * earned: by an ACK that answers an open question of its own and has no fault, in mode any also by a source. Whenever
 * the database says that it changed, and at the end, the ports must have no others, no more than their cap, none twice,
 * none that another has, and no lease longer than a lease can be; the database must say so with each change, and when
 * time has passed none may be over. Where the first byte is 7 or less, as in the corpus, or happens to say so, the
 * whole is played twice and must come out the same.
 *
 * Speed: what a run costs is bounded (steps, restarts), nothing is looked at again that did not change, and a quarter
 * of random inputs is played twice.
 */
#include "driver/learn/lease_files.h"

#include <string.h>

#include "fuzz.h"
#include "sequence.h"

#define BOOT "0f2b9e3a-1c1d-4e55-9b5e-8a1f6b6f0a01"

enum { PORTS = 2, STEPS_MAX = 64, RESTARTS_MAX = 2, CAP = 3, NUMBERS_MAX = (STEPS_MAX + 2) * (1 + PORTS * CAP * 3) };

static const char *const keys[PORTS] = {"d54df46f-1ab5-4a22-8618-4560ef5f0001-52:54:00:00:00:01",
                                        "d54df46f-1ab5-4a22-8618-4560ef5f0002-52:54:00:00:00:02"};
static const char *const names[PORTS] = {"vnet0", "vnet1"};

/* All that came out. */
typedef struct Story {
    gsize n;
    gint64 numbers[NUMBERS_MAX];
} Story;

/* What the database says of changes. */
typedef struct Versions {
    guint64 db, sets[PORTS], times[PORTS];
} Versions;

typedef struct World {
    Choices choices;
    gboolean trusted;
    Model models[PORTS];
    NwfLeaseDb *db;
    NwfInspector *ports[PORTS];
    Versions checked;
    guint restarts;
    gint64 now;
    Story *story;
    GByteArray *frame;
} World;

static const guint8 *
mac_of(guint port)
{
    return port == 0 ? vm_mac : other_mac;
}

static void
tell(World *world, gint64 number)
{
    g_assert_cmpuint(world->story->n, <, NUMBERS_MAX);
    world->story->numbers[world->story->n++] = number;
}

/* ---- what must hold ---- */

static void
check_port(World *world, guint port)
{
    const Model *model = &world->models[port];
    g_autoptr(GArray) leases = nwf_lease_db_leases(world->ports[port]->port);

    g_assert_cmpuint(leases->len, <=, model->mode == NWF_LEARN_ANY ? 1 : CAP);
    for (guint i = 0; i < leases->len; i++) {
        const NwfLease *lease = &g_array_index(leases, NwfLease, i);
        guint place = sequence_place(nwf_address_number(&lease->address));
        g_assert_true(model->earned[place]);
        g_assert_cmpint(nwf_address_policy(NULL, &lease->address, NULL, FALSE), ==, NWF_REFUSAL_NONE);
        g_assert_true(lease->infinite || lease->expiry <= world->now + (G_GINT64_CONSTANT(1) << 32) * G_USEC_PER_SEC);
        g_assert_true(lease->infinite || model->mode == NWF_LEARN_DHCP);
        for (guint n = 0; n < i; n++)
            g_assert_false(nwf_address_equal(&lease->address, &g_array_index(leases, NwfLease, n).address));
        g_assert_null(nwf_lease_db_owner(world->db, &lease->address, keys[port], NULL, NULL));
        tell(world, port);
        tell(world, place);
        tell(world, lease->expiry);
    }
}

/* The cap holds in the database and not only for those who ask it. */
static void
check_records(const GArray *records)
{
    guint n[PORTS] = {0};

    for (guint i = 0; i < records->len; i++)
        for (guint port = 0; port < PORTS; port++)
            n[port] += strcmp(g_array_index(records, NwfRecord, i).key, keys[port]) == 0;
    for (guint port = 0; port < PORTS; port++)
        g_assert_cmpuint(n[port], <=, CAP);
}

static void
check_ports(World *world)
{
    for (guint port = 0; port < PORTS; port++)
        check_port(world, port);
}

static Versions
versions(const World *world)
{
    Versions now = {.db = nwf_lease_db_changes(world->db)};

    for (guint i = 0; i < PORTS; i++) {
        now.sets[i] = world->ports[i]->port->set->version;
        now.times[i] = world->ports[i]->port->set->renewals;
    }
    return now;
}

/* A port's list never changes without the database, or files would not hold it. */
static void
check_changes(World *world)
{
    Versions now = versions(world);

    if (memcmp(&now, &world->checked, sizeof(now)) == 0)
        return;
    g_assert_cmpuint(now.db, !=, world->checked.db);
    world->checked = now;
    check_ports(world);
}

/* ---- the world ---- */

typedef struct Asker {
    World *world;
    guint port;
} Asker;

static gboolean
has_listed(const NwfLeasePort *port, gpointer address)
{
    return nwf_lease_db_has_listed(port, address);
}

static NwfRefusal
holder(const NwfAddress *address, gboolean listed, gpointer data)
{
    const Asker *asker = data;
    NwfAddress at = *address;

    return nwf_lease_db_owner(asker->world->db, &at, keys[asker->port], listed ? has_listed : NULL, &at)
               ? NWF_REFUSAL_HELD_BY_PORT
               : NWF_REFUSAL_NONE;
}

static void
taken(const NwfAddress *address, gpointer data)
{
    const Asker *asker = data;
    NwfLeasePort *other;

    while ((other = nwf_lease_db_owner(asker->world->db, address, keys[asker->port], NULL, NULL)))
        nwf_lease_db_drop(asker->world->db, other, address);
}

static void
open_ports(World *world, Asker askers[PORTS])
{
    NwfAddress server = nwf_address_ipv4(SEQUENCE_SERVER);

    for (guint i = 0; i < PORTS; i++) {
        static const guint8 owners[PORTS][16] = {
            {0xd5, 0x4d, 0xf4, 0x6f, 0x1a, 0xb5, 0x4a, 0x22, 0x86, 0x18, 0x45, 0x60, 0xef, 0x5f, 0x00, 0x01},
            {0xd5, 0x4d, 0xf4, 0x6f, 0x1a, 0xb5, 0x4a, 0x22, 0x86, 0x18, 0x45, 0x60, 0xef, 0x5f, 0x00, 0x02}};
        g_autoptr(NwfLearnTerms) terms = nwf_learn_terms_new(world->models[i].mode, names[i], owners[i], mac_of(i));
        terms->max = CAP;
        if (world->trusted)
            g_array_append_val(terms->servers, server);
        askers[i] = (Asker){world, i};
        world->ports[i] = nwf_inspector_new(world->db, terms, 5 + i, holder, taken, &askers[i]);
    }
    world->checked = versions(world);
}

static void
close_world(World *world)
{
    for (guint i = 0; i < PORTS; i++)
        nwf_inspector_free(world->ports[i]);
    nwf_lease_db_free(world->db);
}

static gboolean
same_lease(const NwfLease *a, const NwfLease *b)
{
    return nwf_address_equal(&a->address, &b->address) && a->source == b->source && a->infinite == b->infinite &&
           a->expiry == b->expiry && a->learned == b->learned && a->granted == b->granted &&
           nwf_address_equal(&a->listed, &b->listed) && nwf_address_equal(&a->server, &b->server) &&
           nwf_address_equal(&a->next_server, &b->next_server) && a->client.length == b->client.length &&
           memcmp(a->client.bytes, b->client.bytes, a->client.length) == 0;
}

static void
check_same(const GArray *before, const GArray *after)
{
    g_assert_cmpuint(before->len, ==, after->len);
    for (guint i = 0; i < before->len; i++) {
        const NwfRecord *a = &g_array_index(before, NwfRecord, i), *b = &g_array_index(after, NwfRecord, i);
        g_assert_cmpstr(a->key, ==, b->key);
        g_assert_cmpstr(a->name, ==, b->name);
        g_assert_true(a->mode == b->mode && a->ifindex == b->ifindex && same_lease(&a->lease, &b->lease));
    }
}

/* The daemon ends and starts again at once: everything but the open questions is as it was. */
static void
restart(World *world, Asker askers[PORTS])
{
    NwfClock clock = {.boot = world->now, .wall = world->now + 1795425029 * (gint64)G_USEC_PER_SEC};
    g_autoptr(GArray) records = NULL;
    g_autoptr(GArray) after = NULL;
    g_autoptr(NwfLeaseFile) file = nwf_lease_file_new();
    g_autofree char *text = NULL;

    nwf_lease_db_expire(world->db, world->now);
    records = nwf_lease_db_records(world->db);
    check_records(records);
    text = nwf_state_file_format(records, BOOT);
    close_world(world);
    nwf_state_file_parse(file, (NwfBytes){(const guint8 *)text, strlen(text)}, BOOT, &clock);
    g_assert_cmpuint(file->bad, ==, 0);
    world->db = nwf_lease_db_new();
    nwf_lease_db_restore(world->db, file->records);
    open_ports(world, askers);
    after = nwf_lease_db_records(world->db);
    check_same(records, after);
    for (guint i = 0; i < PORTS; i++)
        memset(world->models[i].questions, 0, sizeof(world->models[i].questions));
    check_ports(world);
}

/* ---- steps ---- */

static void
send_frame(World *world, StepKind kind)
{
    guint port = sequence_choose(&world->choices, PORTS);
    GByteArray *bytes = world->frame;
    NwfOutcome outcome;
    FrameSpec spec;
    gsize wire;

    sequence_frame(&world->choices, kind, mac_of(port), &world->models[port], world->now, &spec);
    frame_build_in(bytes, &spec, &wire);
    outcome =
        nwf_inspector_frame(world->ports[port], (NwfBytes){bytes->data, bytes->len}, wire, spec.direction, world->now);
    tell(world, outcome.refusal);
    sequence_told(&world->models[port], kind, &spec, outcome.refusal);
}

static void
wait_a_while(World *world)
{
    world->now += sequence_choose(&world->choices, 256) * G_USEC_PER_SEC;
    nwf_lease_db_expire(world->db, world->now);
    g_assert_cmpint(nwf_lease_db_next_expiry(world->db), >, world->now);
}

static void
play(const uint8_t *data, size_t size, Story *story)
{
    g_autoptr(GByteArray) frame = g_byte_array_new();
    g_autoptr(GArray) records = NULL;
    World world = {.choices = {data, data + size}, .now = 1000 * G_USEC_PER_SEC, .story = story, .frame = frame};
    Asker askers[PORTS];
    guint options = sequence_choose(&world.choices, 8);

    story->n = 0;
    world.trusted = options & 1;
    for (guint i = 0; i < PORTS; i++) {
        world.models[i].trusted = world.trusted;
        world.models[i].mode = options & (2U << i) ? NWF_LEARN_ANY : NWF_LEARN_DHCP;
    }
    world.db = nwf_lease_db_new();
    open_ports(&world, askers);
    for (guint i = 0; i < STEPS_MAX && world.choices.at < world.choices.end; i++) {
        StepKind kind = sequence_choose(&world.choices, STEPS);
        world.now +=
            G_USEC_PER_SEC / NWF_RATELIMIT_RATE; /* nothing is over the budget, of which the model knows nothing */
        if (kind == STEP_WAIT)
            wait_a_while(&world);
        else if (kind != STEP_RESTART)
            send_frame(&world, kind);
        else if (world.restarts++ < RESTARTS_MAX)
            restart(&world, askers);
        check_changes(&world);
    }
    check_ports(&world);
    records = nwf_lease_db_records(world.db);
    check_records(records);
    close_world(&world);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static Story once, again;

    play(data, size, &once);
    if (size > 0 && data[0] / 8 % 4 != 0)
        return 0;
    play(data, size, &again);
    g_assert_cmpuint(once.n, ==, again.n);
    g_assert_cmpint(memcmp(once.numbers, again.numbers, once.n * sizeof(*once.numbers)), ==, 0);
    return 0;
}
