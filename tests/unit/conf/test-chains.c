/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test-chains.c: names and priorities of chains
 */
#include "story.h"

typedef struct Name {
    const char *name;
    const char *prefix; /* of its kind; NULL: refused */
    int priority;
} Name;

static const Name names[] = {
    {"root", "root", 0},
    {"stp", "stp", 0},
    {"mac", "mac", -800},
    {"vlan", "vlan", -750},
    {"ipv4", "ipv4", -700},
    {"ipv6", "ipv6", -600},
    {"arp", "arp", -500},
    {"rarp", "rarp", -400},
    {"macvlan", "mac", -800},
    {"arp-x", "arp", -500},
    {"arpfoo", "arp", -500},
    {"ipv6_.:-z", "ipv6", -600},
    {"ipv4-1234567", "ipv4", -700}, /* 12 characters */
    {"ipv4-12345678", NULL, 0},
    {"ARP", NULL, 0},
    {"arp x", NULL, 0},
    {"root-x", NULL, 0},
    {"rootx", NULL, 0},
    {"ip", NULL, 0},
    {"tcp", NULL, 0},
    {"", NULL, 0},
    {"arp\303\244", NULL, 0},
    {"xarp", NULL, 0},
};

static void
test_names(void)
{
    for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autoptr(GError) error = NULL;
        const NwfChainKind *kind = nwf_chain_kind(names[i].name, &error);
        g_test_message("'%s'", names[i].name);
        g_assert_cmpint(kind != NULL, ==, names[i].prefix != NULL);
        if (!kind) {
            g_assert_error(error, NWF_ERROR, NWF_ERROR_ARGUMENT);
            continue;
        }
        g_assert_cmpstr(kind->prefix, ==, names[i].prefix);
        g_assert_cmpint(kind->priority, ==, names[i].priority);
    }
    g_assert_true(nwf_chain_is_root("root"));
    g_assert_false(nwf_chain_is_root("roo"));
}

static void
test_guards(void)
{
    g_assert_cmpuint(nwf_chain_kind("vlan", NULL)->ethertype, ==, 0x8100);
    g_assert_cmpuint(nwf_chain_kind("ipv4", NULL)->ethertype, ==, 0x0800);
    g_assert_cmpuint(nwf_chain_kind("ipv6", NULL)->ethertype, ==, 0x86dd);
    g_assert_cmpuint(nwf_chain_kind("arp", NULL)->ethertype, ==, 0x0806);
    g_assert_cmpuint(nwf_chain_kind("rarp", NULL)->ethertype, ==, 0x8035);
    g_assert_cmpuint(nwf_chain_kind("mac", NULL)->ethertype, ==, 0);
    g_assert_true(nwf_chain_kind("stp", NULL)->stp);
    g_assert_false(nwf_chain_kind("mac", NULL)->stp);
}

/* How the attributes of the root element are printed. */
static const struct {
    const char *attributes;
    const char *printed; /* NULL: refused */
} priorities[] = {
    {"", " chain='root'"},
    {" chain=''", " chain='root'"},
    {" chain='root' priority='-5'", " chain='root' priority='-5'"},
    {" chain='root' priority='0'", " chain='root'"},
    {" chain='stp' priority='0'", " chain='stp'"},
    {" chain='stp' priority='-810'", " chain='stp' priority='-810'"},
    {" chain='arp'", " chain='arp' priority='-500'"},
    {" chain='arp' priority=''", " chain='arp' priority='-500'"},
    {" chain='arp' priority='0'", " chain='arp' priority='0'"}, /* stock prints none and forgets it at the next start */
    {" chain='arp' priority='-0'", " chain='arp' priority='0'"},
    {" chain='arp' priority='010'", " chain='arp' priority='10'"},
    {" chain='arp' priority=' +7'", " chain='arp' priority='7'"},
    {" chain='arp' priority='-1000'", " chain='arp' priority='-1000'"},
    {" chain='arp' priority='1000'", " chain='arp' priority='1000'"},
    {" priority='7'", " chain='root'"},
    {" priority='1001'", NULL},
    {" chain='arp' priority='1001'", NULL},
    {" chain='arp' priority='-1001'", NULL},
    {" chain='arp' priority='7 '", NULL},
    {" chain='arp' priority='0x7'", NULL},
    {" chain='arp' priority='1.5'", NULL},
    {" chain='arp' priority='99999999999'", NULL},
    {" chain='nonsense'", NULL},
};

static void
test_priorities(void)
{
    for (guint i = 0; i < G_N_ELEMENTS(priorities); i++) {
        g_autofree char *xml =
            g_strdup_printf("<filter name='f'%s><uuid>" STORY_UUID "</uuid></filter>", priorities[i].attributes);
        g_autofree char *dump = story_dump(xml, NWF_DIALECT_9);
        g_autofree char *expected = NULL;
        if (!priorities[i].printed) {
            story_refused(xml, NWF_DIALECT_9, NWF_ERROR_ARGUMENT, "filter 'f', line 1: ");
            continue;
        }
        expected =
            g_strdup_printf("<filter name='f'%s>\n  <uuid>" STORY_UUID "</uuid>\n</filter>\n", priorities[i].printed);
        g_assert_cmpstr(dump, ==, expected);
        story_settled(xml, NWF_DIALECT_9);
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/conf/chains/names", test_names);
    g_test_add_func("/conf/chains/guards", test_guards);
    g_test_add_func("/conf/chains/priorities", test_priorities);
    return g_test_run();
}
