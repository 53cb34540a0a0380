/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test-services.c: names of services as ports
 */
#include "driver/tech/services.h"

#include <netdb.h>

static int
port_of(GHashTable *table, const char *name)
{
    return (int)GPOINTER_TO_UINT(g_hash_table_lookup(table, name)) - 1;
}

static void
test_lines(void)
{
    static const struct {
        const char *text, *name;
        int port;
    } rows[] = {
        {"http 80/tcp www # web", "http", 80},
        {"http 80/tcp www # web", "www", 80},
        {"http 80/tcp www # web", "web", -1},
        {"http\t\t80/tcp\twww\r\n", "www", 80},
        {"# http 80/tcp", "http", -1},
        {"http 80/tcp\nhttp 81/udp\n", "http", 80},
        {"a 1/tcp\nb 2/tcp", "b", 2},
        {"low 0/tcp", "low", 0},
        {"high 65535/udp", "high", 65535},
        {"high 65536/udp", "high", -1},
        {"wrap 4294967376/tcp", "wrap", -1},
        {"minus -1/tcp", "minus", -1},
        {"none /tcp", "none", -1},
        {"none tcp/80", "none", -1},
        {"none 80", "none", -1},
        {"none 80x/tcp", "none", -1},
        {"alone", "alone", -1},
        {" indented 5/tcp", "indented", 5},
        {"", "", -1},
    };

    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GHashTable) table = nwf_services_parse(rows[i].text);
        g_test_message("%s", rows[i].text);
        g_assert_cmpint(port_of(table, rows[i].name), ==, rows[i].port);
    }
}

/* The machine's own file, as the C library reads it; it is not asked elsewhere. */
static void
test_the_file_of_this_machine(void)
{
    guint n = 0;

    if (!g_file_test("/etc/services", G_FILE_TEST_EXISTS)) {
        g_test_skip("there is no /etc/services");
        return;
    }
    setservent(1);
    for (const struct servent *entry = getservent(); entry; entry = getservent()) {
        g_assert_cmpint(nwf_service_port(entry->s_name, NULL), >=, 0);
        n++;
    }
    endservent();
    g_assert_cmpuint(n, >, 0);
    g_assert_cmpint(nwf_service_port("ssh", NULL), ==, 22);
    g_assert_cmpint(nwf_service_port("no-such-service", NULL), ==, -1);
    g_assert_cmpint(nwf_service_port("", NULL), ==, -1);
    g_assert_cmpint(nwf_service_port("22", NULL), ==, -1);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/services/lines", test_lines);
    g_test_add_func("/services/machine", test_the_file_of_this_machine);
    return g_test_run();
}
