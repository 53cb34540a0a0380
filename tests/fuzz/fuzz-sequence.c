/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * fuzz-sequence.c: whatever is sent at two ports in whatever order, no address is believed that was not earned
 *
 * The input is a list of steps: time passes, a frame is seen, the daemon starts again. Frames are made from a few
 * addresses, numbers and faults, so that conversations happen. A model, simpler than the book and independent of it,
 * keeps which addresses each port can have earned: by an ACK that answers an open question of its own and has no fault,
 * in mode any also by a source. After each step the ports must have no others, no more than their cap, none twice, none
 * that another has, and no lease longer than a lease can be. The whole is played twice and must come out the same.
 */
#include "driver/learn/port.h"
#include "driver/learn/state_file.h"

#include <string.h>

#include "fuzz.h"
#include "frames.h"

#define BOOT "0f2b9e3a-1c1d-4e55-9b5e-8a1f6b6f0a01"

enum { PORTS = 2, ADDRESSES = 12, XIDS = 8, STEPS_MAX = 200, CAP = 3 };

static const guint32 addresses[ADDRESSES] = {
    0,          0x0a000001, 0x0a000002, 0x0a000003, 0x0a000004, 0x0a000005,
    0x0a000006, 0xa9fe0101, 0xa9fe0102, 0xe0000005, 0x7f000001, 0x0a0000ff,
};
static const char *const keys[PORTS] = {"d54df46f-1ab5-4a22-8618-4560ef5f0001-52:54:00:00:00:01",
                                        "d54df46f-1ab5-4a22-8618-4560ef5f0002-52:54:00:00:00:02"};
static const char *const names[PORTS] = {"vnet0", "vnet1"};
enum { SERVER = 0x0a000001, OTHER_SERVER = 0x0a000002 };

/* A question as the model knows it. */
typedef struct Question {
    gboolean open, rapid;
    gint64 asked;
    guint32 wanted, server;
} Question;

typedef struct Model {
    Question questions[XIDS];
    gboolean earned[ADDRESSES];
} Model;

typedef struct World {
    const uint8_t *at, *end;
    gboolean trusted; /* DHCPSERVER is given */
    NwfLearnMode modes[PORTS];
    NwfBook *book;
    NwfLearnPort *ports[PORTS];
    Model models[PORTS];
    gint64 now;
    GString *story;
} World;

static guint
next(World *world, guint n)
{
    return world->at < world->end ? *world->at++ % n : 0;
}

static guint
index_of(guint32 address)
{
    for (guint i = 0; i < ADDRESSES; i++)
        if (addresses[i] == address)
            return i;
    g_assert_not_reached();
}

static const guint8 *
mac_of(guint port)
{
    return port == 0 ? vm_mac : other_mac;
}

/* ---- the world ---- */

typedef struct Asker {
    World *world;
    guint port;
} Asker;

static NwfReason
holder(const NwfAddress *address, gpointer data)
{
    const Asker *asker = data;

    return nwf_book_holder(asker->world->book, address, keys[asker->port], NULL, NULL) ? NWF_REASON_HELD_BY_PORT
                                                                                       : NWF_REASON_NONE;
}

static void
open_ports(World *world, Asker askers[PORTS])
{
    NwfAddress server = nwf_address_ipv4(SERVER);

    for (guint i = 0; i < PORTS; i++) {
        NwfLearnOptions options = {.name = names[i], .ifindex = 5 + i, .key = keys[i], .mode = world->modes[i]};
        memcpy(options.mac, mac_of(i), 6);
        options.max = CAP;
        options.servers = &server;
        options.n_servers = world->trusted ? 1 : 0;
        options.holder = holder;
        askers[i] = (Asker){world, i};
        options.holder_data = &askers[i];
        world->ports[i] = nwf_learn_port_new(world->book, &options);
    }
}

static void
close_world(World *world)
{
    for (guint i = 0; i < PORTS; i++)
        nwf_learn_port_free(world->ports[i]);
    nwf_book_free(world->book);
}

static gboolean
same_lease(const NwfLease *a, const NwfLease *b)
{
    return nwf_address_equal(&a->address, &b->address) && a->how == b->how && a->infinite == b->infinite &&
           a->expiry == b->expiry && a->learned == b->learned && a->granted == b->granted &&
           nwf_address_equal(&a->server, &b->server) && nwf_address_equal(&a->next_server, &b->next_server) &&
           a->client.length == b->client.length && memcmp(a->client.bytes, b->client.bytes, a->client.length) == 0;
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
    g_autoptr(NwfStateFile) file = nwf_state_file_new();
    g_autofree char *text = NULL;

    nwf_book_expire(world->book, world->now);
    records = nwf_book_records(world->book);
    text = nwf_state_file_format(records, BOOT);
    close_world(world);
    nwf_state_file_parse(file, (NwfBytes){(const guint8 *)text, strlen(text)}, BOOT, &clock);
    g_assert_cmpuint(file->bad, ==, 0);
    world->book = nwf_book_new();
    nwf_book_restore(world->book, file->records);
    open_ports(world, askers);
    after = nwf_book_records(world->book);
    check_same(records, after);
    for (guint i = 0; i < PORTS; i++)
        memset(world->models[i].questions, 0, sizeof(world->models[i].questions));
}

/* ---- frames ---- */

/* A fault that no frame may have. */
static gboolean
damage(World *world, FrameSpec *spec)
{
    switch (next(world, 24)) {
    case 1:
        spec->tagged = TRUE;
        break;
    case 2:
        spec->fragment = 0x2000;
        break;
    case 3:
        spec->sum = SUM_BAD;
        break;
    case 4:
        spec->bad_ip_sum = TRUE;
        break;
    case 5:
        spec->udp_length = 3;
        break;
    case 6:
        spec->cut = 200;
        break;
    case 7:
        spec->op ^= 3;
        break;
    case 8:
        spec->chaddr[5] ^= 0x40;
        break;
    case 9:
        spec->cookie++;
        break;
    case 10:
        frame_option_number(spec, 51, 60);
        frame_option_number(spec, 51, 60);
        break;
    default:
        return FALSE;
    }
    return TRUE;
}

static void
ask(World *world, Model *model, FrameSpec *spec)
{
    gboolean rapid = next(world, 4) == 0;
    Question question = {.open = TRUE, .rapid = rapid, .asked = world->now};
    guint32 wanted = addresses[next(world, ADDRESSES)], renewed = addresses[next(world, ADDRESSES)];

    frame_begin(spec, FRAME_DHCP, NWF_WAY_FROM_VM, rapid ? NWF_DHCP_DISCOVER : NWF_DHCP_REQUEST);
    spec->xid = next(world, XIDS);
    question.server = next(world, 3) == 0 ? SERVER : 0;
    spec->ci = next(world, 2) ? renewed : 0;
    spec->ip_src = spec->ci;
    if (wanted != 0)
        frame_option_number(spec, 50, wanted);
    if (question.server != 0)
        frame_option_number(spec, 54, question.server);
    if (rapid)
        frame_option(spec, 80, NULL, 0);
    question.wanted = rapid ? 0 : wanted ? wanted : spec->ci;
    if (!damage(world, spec))
        model->questions[spec->xid] = question;
}

static void
answer(World *world, Model *model, FrameSpec *spec)
{
    static const guint8 types[] = {NWF_DHCP_ACK, NWF_DHCP_ACK, NWF_DHCP_ACK, NWF_DHCP_NAK, NWF_DHCP_OFFER, 0};
    static const guint32 times[] = {60, 1, 0, 3600, G_MAXUINT32, G_MAXUINT32 - 1};
    guint8 type = types[next(world, G_N_ELEMENTS(types))];
    guint32 time = times[next(world, G_N_ELEMENTS(times))];
    guint32 server = next(world, 4) ? SERVER : OTHER_SERVER;
    gboolean rapid = next(world, 3) == 0, timed = next(world, 8) != 1;
    const Question *question;

    frame_begin(spec, FRAME_DHCP, NWF_WAY_TO_VM, type);
    spec->xid = next(world, XIDS);
    spec->yi = addresses[next(world, ADDRESSES)];
    spec->ip_src = server;
    spec->si = OTHER_SERVER;
    if (timed)
        frame_option_number(spec, 51, time);
    frame_option_number(spec, 54, server);
    if (rapid)
        frame_option(spec, 80, NULL, 0);
    question = &model->questions[spec->xid];
    if (!damage(world, spec) && type == NWF_DHCP_ACK && question->open && timed && time > 0 &&
        world->now - question->asked <= NWF_TRANSACTION_LIFE && (!world->trusted || server == SERVER) &&
        (question->server == 0 || question->server == server) && (!question->rapid || rapid) &&
        (question->wanted == 0 || question->wanted == spec->yi))
        model->earned[index_of(spec->yi)] = TRUE;
}

static void
end(World *world, FrameSpec *spec)
{
    gboolean release = next(world, 2) == 0;
    guint32 address = addresses[next(world, ADDRESSES)];

    frame_begin(spec, FRAME_DHCP, NWF_WAY_FROM_VM, release ? NWF_DHCP_RELEASE : NWF_DHCP_DECLINE);
    spec->ci = release ? address : 0;
    spec->ip_src = spec->ci;
    if (!release)
        frame_option_number(spec, 50, address);
    damage(world, spec);
}

static void
source(World *world, FrameSpec *spec)
{
    frame_begin(spec, next(world, 2) ? FRAME_ARP : FRAME_IP, NWF_WAY_FROM_VM, 0);
    spec->ip_src = addresses[next(world, ADDRESSES)];
    spec->ip_dst = addresses[next(world, ADDRESSES)];
    if (next(world, 8) == 1)
        spec->way = NWF_WAY_TO_VM;
    if (next(world, 8) == 1)
        spec->tagged = TRUE;
}

/* Whatever the book makes of it, an answer that was believed closes its question. */
static gboolean
was_believed(NwfReason reason)
{
    return reason == NWF_REASON_NONE || reason == NWF_REASON_FULL || reason == NWF_REASON_LOCKED ||
           reason == NWF_REASON_NO_LEASE;
}

static void
send_frame(World *world, guint kind)
{
    guint port = next(world, PORTS);
    Model *model = &world->models[port];
    g_autoptr(GByteArray) bytes = NULL;
    NwfOutcome outcome;
    FrameSpec spec;
    gsize wire;

    if (kind == 0)
        ask(world, model, &spec);
    else if (kind == 1)
        answer(world, model, &spec);
    else if (kind == 2)
        end(world, &spec);
    else
        source(world, &spec);
    if (spec.way == NWF_WAY_FROM_VM) {
        memcpy(spec.src, mac_of(port), 6);
        memcpy(spec.arp_mac, mac_of(port), 6);
    }
    spec.chaddr[5] = (guint8)(spec.chaddr[5] - vm_mac[5] + mac_of(port)[5]);
    /* A source is shown by any frame from the VM whose headers are right. */
    if (world->modes[port] == NWF_LEARN_ANY && spec.way == NWF_WAY_FROM_VM && !spec.tagged && !spec.bad_ip_sum)
        model->earned[index_of(spec.ip_src)] = TRUE;
    bytes = frame_build(&spec, &wire);
    outcome = nwf_learn_port_frame(world->ports[port], (NwfBytes){bytes->data, bytes->len}, wire, spec.way, world->now);
    g_string_append_printf(world->story, "%s\n", nwf_reason_word(outcome.reason));
    if (kind == 1 && was_believed(outcome.reason))
        model->questions[spec.xid].open = FALSE;
}

/* ---- what must hold ---- */

static void
check_port(World *world, guint port)
{
    NwfBookPort *entry = nwf_learn_port_book(world->ports[port]);
    g_autoptr(GArray) leases = nwf_book_leases(entry);

    g_assert_cmpuint(leases->len, <=, world->modes[port] == NWF_LEARN_ANY ? 1 : CAP);
    for (guint i = 0; i < leases->len; i++) {
        const NwfLease *lease = &g_array_index(leases, NwfLease, i);
        guint which = index_of(nwf_address_number(&lease->address));
        g_assert_true(world->models[port].earned[which]);
        g_assert_cmpint(nwf_usable(&lease->address, NULL, NULL), ==, NWF_REASON_NONE);
        g_assert_true(lease->infinite || lease->expiry <= world->now + (G_GINT64_CONSTANT(1) << 32) * G_USEC_PER_SEC);
        g_assert_true(lease->infinite || world->modes[port] == NWF_LEARN_DHCP);
        for (guint n = 0; n < i; n++)
            g_assert_false(nwf_address_equal(&lease->address, &g_array_index(leases, NwfLease, n).address));
        for (guint n = 0; n < PORTS; n++)
            g_assert_true(n == port || !nwf_book_has(nwf_learn_port_book(world->ports[n]), &lease->address));
        g_string_append_printf(world->story, "%u %u %" G_GINT64_FORMAT "\n", port, which, lease->expiry);
    }
}

/* The cap holds in the book and not only for those who ask it. */
static void
check_records(World *world)
{
    g_autoptr(GArray) records = nwf_book_records(world->book);
    guint n[PORTS] = {0};

    for (guint i = 0; i < records->len; i++)
        for (guint port = 0; port < PORTS; port++)
            n[port] += strcmp(g_array_index(records, NwfRecord, i).key, keys[port]) == 0;
    for (guint port = 0; port < PORTS; port++)
        g_assert_cmpuint(n[port], <=, CAP);
}

static char *
play(const uint8_t *data, size_t size)
{
    World world = {.at = data, .end = data + size, .now = 1000 * G_USEC_PER_SEC, .story = g_string_new(NULL)};
    Asker askers[PORTS];
    guint options = next(&world, 8);

    world.trusted = options & 1;
    world.modes[0] = options & 2 ? NWF_LEARN_ANY : NWF_LEARN_DHCP;
    world.modes[1] = options & 4 ? NWF_LEARN_ANY : NWF_LEARN_DHCP;
    world.book = nwf_book_new();
    open_ports(&world, askers);
    for (guint i = 0; i < STEPS_MAX && world.at < world.end; i++) {
        guint kind = next(&world, 7);
        world.now +=
            G_USEC_PER_SEC / NWF_BUDGET_RATE; /* nothing is over the budget, of which the model knows nothing */
        if (kind == 5)
            world.now += next(&world, 256) * G_USEC_PER_SEC;
        else if (kind == 6)
            restart(&world, askers);
        else
            send_frame(&world, kind == 4 ? 3 : kind);
        if (kind == 5)
            nwf_book_expire(world.book, world.now);
        for (guint port = 0; port < PORTS; port++)
            check_port(&world, port);
        check_records(&world);
    }
    close_world(&world);
    return g_string_free(world.story, FALSE);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autofree char *once = play(data, size);
    g_autofree char *again = play(data, size);

    g_assert_cmpstr(once, ==, again);
    return 0;
}
