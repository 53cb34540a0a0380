/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test-reconcile.c: what another program changes in the firewall is noticed, and put right
 *
 * Whether something was written to the kernel shows in the number of its last transaction.
 */
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "driver/engine/inbox.h"
#include "driver/run/netlink.h"
#include "tests/unit/engine/world.h"

#define RULES  ETHER("1001") TCP("1")
#define OTHERS ETHER("1002") TCP("2")
#define LAST   ETHER("1003") TCP("3")

static guint32
generation(void)
{
    guint32 number;

    g_assert_true(nwf_nft_generation(&number));
    return number;
}

/* Two ports with rules at two layers. */
static World *
world_with_ports(void)
{
    World *world = world_new();
    g_autoptr(GError) error = NULL;

    expect_done(engine_define(world->engine, "web", RULES, &error));
    expect_done(engine_bind(world->engine, "va", "web", NULL, &error));
    expect_done(engine_bind(world->engine, "vb", "web", NULL, &error));
    engine_forget_log();
    world_runs();
    return world;
}

/* Waits until the kernel is as it was. */
static void
assert_reconciled(const char *right, guint seconds)
{
    gint64 end = g_get_monotonic_time() + seconds * G_TIME_SPAN_SECOND;
    g_autofree char *now = world_kernel();

    while (strcmp(now, right) != 0 && g_get_monotonic_time() < end) {
        g_usleep(20 * 1000);
        g_free(now);
        now = world_kernel();
    }
    g_assert_cmpstr(now, ==, right);
}

/* The sentinel behind what must not be noticed: a change that must be is undone, and the log has a warning of it alone.
 */
static void
assert_observer_lives(const char *right)
{
    g_free(sandbox_run("iptables -F FI-va"));
    assert_reconciled(right, 10);
    for (guint i = 0; i < 100 && engine_logged(NWF_LOG_WARNING, "outside") == 0; i++)
        g_usleep(50 * 1000); /* it is logged when all is done */
    g_assert_cmpuint(engine_logged(NWF_LOG_WARNING, "changed from outside by '"), ==, 1);
}

static void
test_a_change_is_undone(gconstpointer script)
{
    g_autoptr(World) world = world_with_ports();
    g_autofree char *right = world_kernel();

    g_free(sandbox_run(script));
    assert_reconciled(right, 10);
    for (guint i = 0; i < 100 && engine_logged(NWF_LOG_WARNING, "outside") == 0; i++)
        g_usleep(50 * 1000); /* it is told when all is done */
    g_assert_cmpuint(engine_logged(NWF_LOG_WARNING, "changed from outside by '"), ==, 1);
    world_agrees(world);
}

/* Our own changes are announced, too. */
static void
test_own_changes_are_no_news(void)
{
    g_autoptr(World) world = world_with_ports();
    g_autoptr(GError) error = NULL;

    for (guint i = 0; i < 10; i++)
        expect_done(engine_define(world->engine, "web", i % 2 ? RULES : OTHERS, &error));
    expect_done(engine_unbind(world->engine, "vb", &error));
    world_runs();
    g_autofree char *right = world_kernel();
    guint32 before = generation();
    g_usleep(G_USEC_PER_SEC);
    g_assert_cmpuint(world_runs(), ==, 0);
    g_assert_cmpuint(generation(), ==, before);
    g_assert_cmpuint(engine_logged(NWF_LOG_DEBUG, "outside"), ==, 0);
    assert_observer_lives(right);
}

/* ---- announcements that are lost ---- */

enum { LARGE = 2000, SMALL_BUFFER = 1 /* the kernel makes it its smallest */ };

/* The inode of the socket on which this process listens to changes of nf_tables, after its buffer was made small. */
static guint64
shrink_monitor(void)
{
    const int size = SMALL_BUFFER;
    guint64 inode = 0;

    for (int fd = 3; fd < 256; fd++) {
        guint32 groups = 0;
        int domain = 0, protocol = 0;
        socklen_t length = sizeof(domain);
        struct stat status;
        if (getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &length) < 0 || domain != AF_NETLINK ||
            getsockopt(fd, SOL_SOCKET, SO_PROTOCOL, &protocol, &length) < 0 || protocol != NETLINK_NETFILTER ||
            getsockopt(fd, SOL_NETLINK, NETLINK_LIST_MEMBERSHIPS, &groups, &length) < 0 ||
            !(groups & 1u << (NFNLGRP_NFTABLES - 1)))
            continue;
        g_assert_cmpint(setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size)), ==, 0);
        g_assert_cmpint(fstat(fd, &status), ==, 0);
        inode = status.st_ino;
    }
    g_assert_cmpuint(inode, !=, 0);
    return inode;
}

/* How many announcements the socket has lost. */
static guint64
lost(guint64 inode)
{
    g_autofree char *script =
        g_strdup_printf("awk '$10 == %" G_GUINT64_FORMAT " { print $9 }' /proc/net/netlink", inode);
    g_autofree char *text = sandbox_run(script);

    return g_ascii_strtoull(text, NULL, 10);
}

static char *
large_filter(const char *protocol)
{
    g_autoptr(GString) body = g_string_new(RULES);

    for (guint i = 0; i < LARGE; i++)
        g_string_append(body, protocol);
    return g_string_free(g_steal_pointer(&body), FALSE);
}

/* Defines "web" with one body and the other until announcements are lost; @spoiled: what comes before the tool each
 * time. */
static void
define_until_lost(World *world, guint64 inode, const char *spoiled)
{
    g_autofree char *one = large_filter(ETHER("1001")), *other = large_filter(ETHER("1002"));
    guint64 before = lost(inode);
    g_autoptr(GError) error = NULL;

    for (guint i = 0; i < 20 && lost(inode) == before; i++) {
        if (spoiled)
            sandbox_spoil("ebtables-restore", spoiled);
        expect_done(engine_define(world->engine, "web", i % 2 ? other : one, &error));
    }
    g_assert_cmpuint(lost(inode), >, before);
}

/* Our own large transactions overflow the socket: nobody is blamed, nothing is read. What somebody did among them is
 * found and put right. */
static void
test_lost_announcements(void)
{
    g_autoptr(World) world = world_with_ports();
    g_autoptr(GError) error = NULL;
    guint64 inode = shrink_monitor();

    define_until_lost(world, inode, NULL);
    g_usleep(G_USEC_PER_SEC);
    g_autofree char *record = sandbox_record();
    g_assert_nonnull(strstr(record, "ebtables-restore"));
    g_assert_null(strstr(record, "-save"));
    g_assert_cmpuint(engine_logged(NWF_LOG_DEBUG, "outside"), ==, 0);

    define_until_lost(world, inode, "rm $INSTEAD; iptables -F FI-va; exec $REAL \"$@\"");
    expect_done(engine_define(world->engine, "web", RULES, &error));
    for (guint i = 0; i < 100 && engine_logged(NWF_LOG_WARNING, "outside") == 0; i++)
        g_usleep(50 * 1000);
    g_assert_cmpuint(engine_logged(NWF_LOG_WARNING, "changed from outside by"), ==, 1);
    g_assert_true(world_holds("va", "-A FI-va", 20));
    world_agrees(world);
}

static void
test_others_may_do_as_they_like(gconstpointer script)
{
    g_autoptr(World) world G_GNUC_UNUSED = world_with_ports();

    g_free(sandbox_run(script));
    g_autofree char *right = world_kernel();
    guint32 before = generation();
    g_usleep(G_USEC_PER_SEC / 2);
    g_assert_cmpuint(world_runs(), ==, 0);
    g_assert_cmpuint(generation(), ==, before);
    assert_observer_lives(right);
}

/* Who does it again and again: many times is put right less often, and told twice. */
static void
test_a_storm(void)
{
    g_autoptr(World) world G_GNUC_UNUSED = world_with_ports();
    g_autofree char *right = world_kernel();
    guint32 before = generation();

    for (guint i = 0; i < 60; i++) {
        g_free(sandbox_run("ebtables -t nat -F POSTROUTING"));
        g_usleep(50 * 1000);
    }
    g_assert_cmpuint(generation() - before, <=, 24); /* flushing what is flushed is no transaction */
    assert_reconciled(right, 20);
    g_assert_cmpuint(engine_logged(NWF_LOG_WARNING, "outside"), ==, 2);
    g_assert_cmpuint(engine_logged(NWF_LOG_WARNING, "again and again"), ==, 1);
}

/* A daemon that finds all as it should be writes nothing; one that does not, only what is wrong. */
static void
test_a_start_reads(void)
{
    g_autoptr(World) world = world_with_ports();
    g_autofree char *right = world_kernel();

    world_stop(world);
    guint32 before = generation();
    world_start(world);
    g_assert_cmpuint(generation(), ==, before);
    world_stop(world);
    g_free(sandbox_run("iptables -I FI-vb -j ACCEPT"));
    world_start(world);
    g_assert_cmpuint(generation(), ==, before + 2);
    assert_reconciled(right, 0);
}

static void
test_a_reload_reads(void)
{
    g_autoptr(World) world = world_with_ports();
    g_autoptr(GError) error = NULL;
    guint32 before = generation();

    g_assert_true(nwf_engine_reload(world->engine, &error));
    g_assert_cmpuint(generation(), ==, before);
}

/* --- a table that tells nothing --- */

#define LEGACY_SAVE "iptables-legacy-save -t filter | sed -e '/^#/d' -e 's/ \\[[0-9:]*\\]$//'"

/* iptables in its older form; ebtables stays as it is. */
static gboolean
use_legacy(void)
{
    g_autofree char *works = sandbox_run("iptables-legacy -S > /dev/null 2>&1 && echo yes || true");

    if (*works)
        g_free(sandbox_run("cd /etc/alternatives; for i in restore save; do readlink iptables-$i > /run/was-$i;"
                           "ln -sfn /usr/sbin/xtables-legacy-multi iptables-$i; done"));
    return *works != '\0';
}

static void
use_legacy_no_more(void)
{
    g_free(sandbox_run("cd /etc/alternatives; for i in restore save; do ln -sfn $(cat /run/was-$i) iptables-$i; done"));
}

/* Somebody changes a chain of one port, and before it was asked for we change the table for another. */
static void
test_a_mute_table(void)
{
    g_autoptr(GError) error = NULL;

    sandbox_fresh();
    if (!use_legacy()) {
        g_test_skip("there is no iptables-legacy here");
        return;
    }
    {
        g_autoptr(World) world = world_with_ports();
        g_autofree char *right = sandbox_run(LEGACY_SAVE), *now = NULL;

        g_free(sandbox_run("iptables-legacy -F FI-va"));
        expect_done(engine_bind(world->engine, "vc", "web", NULL, &error));
        expect_done(engine_unbind(world->engine, "vc", &error));
        for (guint i = 0; i < 100 && g_strcmp0(now, right) != 0; i++) {
            g_free(now);
            g_usleep(50 * 1000);
            now = sandbox_run(LEGACY_SAVE);
        }
        g_assert_cmpstr(now, ==, right);
    }
    use_legacy_no_more();
}

/* --- in the middle of changes --- */

typedef struct Hand {
    gint end;
    guint done;
} Hand;

static gpointer
flush_at_random(gpointer data)
{
    static const char *const scripts[] = {
        "nft flush ruleset",
        "ebtables -t nat -F || true",
        "iptables -F libvirt-in || true",
        "iptables -I FORWARD 1 -j ACCEPT; iptables -D FORWARD -j ACCEPT || true",
    };
    Hand *hand = data;

    while (!g_atomic_int_get(&hand->end)) {
        g_free(sandbox_run(scripts[g_random_int_range(0, G_N_ELEMENTS(scripts))]));
        hand->done++;
        g_usleep((gulong)g_random_int_range(20, 200) * 1000);
    }
    return NULL;
}

/* What the flushes leave of a running change is put right in the end, with the last definition. */
static void
test_in_the_middle_of_changes(void)
{
    g_autoptr(World) world = world_with_ports();
    g_autoptr(GError) error = NULL;
    Hand hand = {0};

    expect_done(engine_define(world->engine, "web", LAST, &error));
    g_autofree char *right = world_kernel();
    gint64 end = g_get_monotonic_time() + 4 * G_TIME_SPAN_SECOND;
    GThread *thread = g_thread_new("hand", flush_at_random, &hand);

    for (guint i = 0; g_get_monotonic_time() < end; i++) {
        engine_define(world->engine, "web", i % 2 ? RULES : OTHERS, &error);
        g_clear_error(&error); /* somebody may have flushed twice while it was tried */
    }
    g_atomic_int_set(&hand.end, 1);
    g_thread_join(thread);
    g_assert_cmpuint(hand.done, >, 3);
    expect_done(engine_define(world->engine, "web", LAST, &error));
    assert_reconciled(right, 100);
    world_agrees(world);
}

/*
 * Somebody's change comes between our reading and our writing, so that our batch is refused and the table is read
 * again: ports that the batch is not about are put right, too.
 */
static void
test_in_the_same_moment(gconstpointer script)
{
    g_autoptr(World) world = world_with_ports();
    g_autoptr(GError) error = NULL;
    g_autofree char *before_ours = g_strdup_printf("rm $INSTEAD; %s; exec $REAL \"$@\"", (const char *)script);

    g_autofree char *right = world_kernel();
    expect_done(engine_bind(world->engine, "vc", "web", NULL, &error));
    sandbox_spoil("ebtables-restore", before_ours);
    expect_done(engine_unbind(world->engine, "vc", &error));
    assert_reconciled(right, 10);
    world_agrees(world);
}

/* What belongs to no port and cannot be put right is tried again. */
static void
test_a_tool_fails_once(void)
{
    g_autoptr(World) world G_GNUC_UNUSED = world_with_ports();
    g_autofree char *right = world_kernel();

    sandbox_spoil("iptables-restore", "rm $INSTEAD; exit 4");
    g_free(sandbox_run("iptables -F FORWARD"));
    assert_reconciled(right, 10);
}

/* Rules that the kernel once had are tried again when they are refused: meanwhile their port is closed. */
static void
test_a_tool_fails_for_a_while(void)
{
    g_autoptr(World) world G_GNUC_UNUSED = world_with_ports();
    g_autofree char *right = world_kernel();

    sandbox_spoil("iptables-restore",
                  "t=$(mktemp -p /run); cat > $t; grep -q dport $t && exit 4; exec $REAL \"$@\" < $t");
    g_free(sandbox_run("iptables -F FI-va"));
    for (guint i = 0; i < 100 && engine_logged(NWF_LOG_ERROR, "'va' is closed") == 0; i++)
        g_usleep(50 * 1000);
    g_assert_cmpuint(engine_logged(NWF_LOG_ERROR, "'va' is closed"), ==, 1);
    sandbox_spoil("iptables-restore", NULL);
    assert_reconciled(right, 10);
    g_assert_cmpuint(engine_logged(NWF_LOG_INFO, "'va' is filtered again"), ==, 1);
}

/* Events that nobody takes become one about the transactions of all. @chains: that each is about; @nameless: one of
 * them is about no transaction, and then nobody knows any more which they were. */
static void
too_many_events(guint32 number, guint chains, guint32 nameless)
{
    static const NwfTable table = {7, "filter"};
    const NwfTimers now = {.events_at = 1};
    NwfInbox *inbox = nwf_inbox_new();
    g_auto(NwfTurn) turn = {0};

    for (guint32 i = 1; i <= number; i++) {
        NwfChangeEvent *event = nwf_change_event_new(FALSE);
        event->first = event->last = i == nameless ? 0 : i;
        event->process = i;
        for (guint j = 0; j < chains; j++)
            nwf_change_event_touch(event, &table, "chain");
        nwf_inbox_post_event(inbox, event);
    }
    g_assert_true(nwf_inbox_take(inbox, &now, &turn));
    g_assert_cmpuint(turn.events->len, ==, 1);
    const NwfChangeEvent *all = g_ptr_array_index(turn.events, 0);
    g_assert_true(all->everything);
    g_assert_cmpuint(all->first, ==, nameless ? 0 : 1);
    g_assert_cmpuint(all->last, ==, nameless ? 0 : number);
    g_assert_cmpuint(all->process, ==, 0);
    nwf_inbox_free(inbox);
}

static void
test_too_many_events(void)
{
    too_many_events(1001, 0, 0);
    too_many_events(11, 20000, 0);
    too_many_events(1001, 0, 500);
    too_many_events(1001, 0, 1001);
}

static const char *const moments[][2] = {
    {"flush-ruleset", "nft flush ruleset"},
    {"flush-nat", "ebtables -t nat -F"},
    {"flush-one", "ebtables -t nat -F POSTROUTING"},
};

static const char *const harms[][2] = {
    {"flush-ruleset", "nft flush ruleset"},
    {"flush-nat", "ebtables -t nat -F"},
    {"flush-filter", "iptables -F"},
    {"flush-base", "iptables -F libvirt-in"},
    {"delete-rule", "ebtables -t nat -D libvirt-O-va -p 0x1001 -j DROP"},
    {"accept-in-ours", "iptables -I FI-vb 1 -j ACCEPT"},
    {"jump-out-of-order", "printf '*filter\\n-D FORWARD -j libvirt-out\\n-A FORWARD -j libvirt-out\\nCOMMIT\\n' |"
                          "iptables-restore --noflush"},
    {"policy", "ebtables -t nat -P libvirt-O-va DROP"},
};

static const char *const others[][2] = {
    {"own-table", "nft add table inet mine; nft add chain inet mine c '{ type filter hook forward priority 0; }';"
                  "nft add rule inet mine c counter accept"},
    {"own-chain", "iptables -N DOCKER; iptables -A DOCKER -j RETURN; ip6tables -N x"},
    {"ipv4-nat", "iptables -t nat -A POSTROUTING -s 10.0.0.0/8 -j RETURN"},
    {"bridge-filter", "ebtables -A FORWARD -p 0x1234 -j DROP"},
};

static void
add(void)
{
    for (guint i = 0; i < G_N_ELEMENTS(harms); i++) {
        g_autofree char *path = g_strconcat("/engine/reconcile/", harms[i][0], NULL);
        g_test_add_data_func(path, harms[i][1], test_a_change_is_undone);
    }
    for (guint i = 0; i < G_N_ELEMENTS(others); i++) {
        g_autofree char *path = g_strconcat("/engine/reconcile/others/", others[i][0], NULL);
        g_test_add_data_func(path, others[i][1], test_others_may_do_as_they_like);
    }
    g_test_add_func("/engine/reconcile/own", test_own_changes_are_no_news);
    g_test_add_func("/engine/reconcile/lost", test_lost_announcements);
    g_test_add_func("/engine/reconcile/storm", test_a_storm);
    g_test_add_func("/engine/reconcile/start", test_a_start_reads);
    g_test_add_func("/engine/reconcile/reload", test_a_reload_reads);
    for (guint i = 0; i < G_N_ELEMENTS(moments); i++) {
        g_autofree char *path = g_strconcat("/engine/reconcile/moment/", moments[i][0], NULL);
        g_test_add_data_func(path, moments[i][1], test_in_the_same_moment);
    }
    g_test_add_func("/engine/reconcile/mute", test_a_mute_table);
    g_test_add_func("/engine/reconcile/fails-once", test_a_tool_fails_once);
    g_test_add_func("/engine/reconcile/fails-a-while", test_a_tool_fails_for_a_while);
    g_test_add_func("/engine/reconcile/too-much", test_too_many_events);
    g_test_add_func("/engine/reconcile/middle", test_in_the_middle_of_changes);
}

int
main(int argc, char **argv)
{
    return world_main(argc, argv, add);
}
