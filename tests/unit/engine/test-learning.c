/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test-learning.c: what an engine does with addresses that are learned, when something else is wrong
 *
 * No frame is sent here: the files that a daemon starts with tell what was learned before.
 */
#include "tests/unit/engine/world.h"

#include <glib/gstdio.h>
#include <net/if.h>
#include <string.h>

#include "conf/value.h"
#include "driver/learn/lease_files.h"

#define USES_IP "<rule action='drop' direction='out'><ip match='no' srcipaddr='$IP'/></rule>"
#define GIVEN   "10.0.0.5"

/* What the files say of the one guest of these tests. */
static NwfRecord
record_of(const char *port, NwfLearnMode mode)
{
    NwfRecord record = {.mode = mode, .lease = {.source = NWF_SOURCE_ACK, .infinite = TRUE}};
    guint8 uuid[16], mac[6] = {0x52, 0x54, 0, 0, 0, 1};
    g_autofree char *digits = g_compute_checksum_for_string(G_CHECKSUM_MD5, "guest", -1);

    g_assert_true(nwf_uuid_parse(uuid, digits));
    nwf_lease_key_format(record.key, uuid, mac);
    g_assert_true(nwf_address_parse(&record.lease.address, GIVEN));
    if (mode == NWF_LEARN_ANY) {
        g_strlcpy(record.name, port, sizeof(record.name));
        record.ifindex = if_nametoindex(port);
    }
    return record;
}

static void
lay_state(World *world, const NwfRecord *record, guint n)
{
    g_autoptr(GArray) records = g_array_new(FALSE, FALSE, sizeof(NwfRecord));
    g_autofree char *path = g_build_filename(world->learned, "state", NULL);
    g_autofree char *boot = NULL;

    g_assert_true(g_file_get_contents("/proc/sys/kernel/random/boot_id", &boot, NULL, NULL));
    g_array_append_vals(records, record, n);
    g_assert_true(nwf_state_file_write(path, records, g_strstrip(boot), NULL));
}

/* The same guest as everywhere, in mode dhcp. */
static void
lay_dhcp_binding(World *world, const char *port, const char *filter)
{
    g_autofree char *uuid = g_compute_checksum_for_string(G_CHECKSUM_MD5, "guest", -1);
    g_autofree char *path = g_strdup_printf("%s/%s.xml", world->bindings, port);
    g_autofree char *text = g_strdup_printf(
        "<filterbindingstatus><filterbinding><owner><name>guest</name><uuid>%s</uuid></owner><portdev name='%s'/>"
        "<mac address='52:54:00:00:00:01'/><filterref filter='%s'><parameter name='CTRL_IP_LEARNING' value='dhcp'/>"
        "</filterref></filterbinding></filterbindingstatus>",
        uuid, port, filter);

    g_assert_true(g_file_set_contents(path, text, -1, NULL));
}

/* An address ends while the tool does not work: it is tried again, but with growing delays, and told once. */
static void
test_an_address_ends_while_there_is_no_tool(void)
{
    g_autoptr(World) world = world_new();
    g_autoptr(GError) error = NULL;
    NwfRecord record;

    world_device("va");
    expect_done(engine_define(world->engine, "own", USES_IP, &error));
    world_stop(world);
    record = record_of("va", NWF_LEARN_DHCP);
    record.lease.infinite = FALSE;
    record.lease.expiry = g_get_monotonic_time() + 3 * G_USEC_PER_SEC; /* of a host that did not sleep */
    lay_state(world, &record, 1);
    lay_dhcp_binding(world, "va", "own");
    world_start(world);
    g_assert_true(world_holds("va", GIVEN, 0));

    sandbox_spoil("ebtables-restore", "exit 4");
    g_free(sandbox_record());
    engine_forget_log();
    g_usleep(7 * G_USEC_PER_SEC);
    guint runs = world_runs(), told = engine_logged(NWF_LOG_ERROR, "'va'");
    g_test_message("%u tool runs, %u errors", runs, told);
    g_assert_cmpuint(runs, >, 0);
    g_assert_cmpuint(runs, <=, 40);
    g_assert_cmpuint(told, <=, 2);
    sandbox_spoil("ebtables-restore", NULL);
    for (guint i = 0; i < 100 && world_holds("va", GIVEN, 0); i++)
        g_usleep(100 * 1000);
    g_assert_false(world_holds("va", GIVEN, 0));
    g_assert_true(world_holds("va", "DROP", 0));
}

/* A VM changes its addresses as often as it likes; what there is to say about its filter is said once. */
static void
test_a_change_of_addresses_repeats_no_warning(void)
{
    enum { LEASES = 3 };
    g_autoptr(World) world = world_new();
    g_autoptr(GArray) records = g_array_new(FALSE, FALSE, sizeof(NwfRecord));
    g_autoptr(GError) error = NULL;
    NwfRecord record;

    world_device("va");
    expect_done(engine_define(world->engine, "own",
                              USES_IP "<rule action='drop' direction='out'><all srcipaddr='$IP'/></rule>", &error));
    world_stop(world);
    g_free(sandbox_run("echo 0 >/proc/sys/net/bridge/bridge-nf-call-iptables"));
    record = record_of("va", NWF_LEARN_DHCP);
    for (guint i = 0; i < LEASES; i++) {
        record.lease.address = nwf_address_ipv4(0x0a000005 + i);
        record.lease.infinite = i == 0;
        record.lease.expiry = g_get_monotonic_time() + (2 + i) * G_USEC_PER_SEC;
        g_array_append_val(records, record);
    }
    lay_state(world, (const NwfRecord *)(const void *)records->data, records->len);
    lay_dhcp_binding(world, "va", "own");
    engine_forget_log();
    world_start(world);
    g_assert_true(world_holds("va", "10.0.0.7", 0));
    g_assert_cmpuint(engine_logged(NWF_LOG_WARNING, "bridge-nf-call-iptables"), ==, 1);
    for (guint i = 0; i < 100 && world_holds("va", "10.0.0.7", 0); i++)
        g_usleep(100 * 1000);
    g_assert_false(world_holds("va", "10.0.0.7", 0));
    g_assert_true(
        world_holds("va", GIVEN, 20)); /* at once, but on a machine that is so slow that the port has to wait */
    g_assert_cmpuint(engine_logged(NWF_LOG_WARNING, "bridge-nf-call-iptables"), ==, 1);
    g_assert_cmpuint(engine_logged(NWF_LOG_WARNING, "'va': filter 'own'"), ==, 1);
    expect_done(nwf_engine_reload(world->engine, &error)); /* somebody asked */
    g_assert_cmpuint(engine_logged(NWF_LOG_WARNING, "bridge-nf-call-iptables"), ==, 2);
}

/* A port is closed at the start because its filter is damaged; its address is still its own when that is mended. */
static void
test_a_closed_port_keeps_its_address(void)
{
    g_autoptr(World) world = world_new();
    g_autoptr(GError) error = NULL;
    NwfRecord record;

    world_device("va");
    expect_done(engine_define(world->engine, "inner", USES_IP, &error));
    expect_done(engine_define(world->engine, "own", "<filterref filter='inner'/>", &error));
    world_stop(world);
    record = record_of("va", NWF_LEARN_ANY);
    lay_state(world, &record, 1);
    engine_lay_binding(world->bindings, "va", "va", "own");
    engine_lay_filter(world->filters, "own", "own", "<filterref filter='missing'/>");
    world_start(world);
    g_assert_true(world_holds("va", "-A libvirt-I-va -j DROP", 0));
    g_assert_false(world_holds("va", GIVEN, 0));
    engine_lay_filter(world->filters, "own", "own", "<filterref filter='inner'/>");
    expect_done(nwf_engine_reload(world->engine, &error));
    g_assert_true(world_holds("va", GIVEN, 0));
    expect_done(engine_unbind(world->engine, "va", &error));
    expect_done(engine_bind(world->engine, "va", "own", NULL, &error));
    g_assert_false(world_holds("va", GIVEN, 0)); /* another binding learns for itself */
}

static void
add_tests(void)
{
    g_test_add_func("/engine/learning/no-tool", test_an_address_ends_while_there_is_no_tool);
    g_test_add_func("/engine/learning/warnings", test_a_change_of_addresses_repeats_no_warning);
    g_test_add_func("/engine/learning/closed", test_a_closed_port_keeps_its_address);
}

int
main(int argc, char **argv)
{
    return world_main(argc, argv, add_tests);
}
