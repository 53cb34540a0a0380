/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test-config.c: nwfilter.conf, line by line
 */
#include "driver/libvirt/config.h"

#include <glib/gstdio.h>
#include <string.h>

typedef struct Answer {
    NwfConfig config;
    NwfNotes *notes;
    GError *error;
} Answer;

static void
answer_clear(Answer *answer)
{
    g_ptr_array_unref(answer->notes);
    g_clear_error(&answer->error);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Answer, answer_clear)

static Answer
ask(const char *text, gssize length)
{
    Answer answer = {.config = {NULL, TRUE, TRUE, TRUE}, .notes = nwf_notes_new()};
    g_autofree char *path = NULL;
    int fd = g_file_open_tmp("nwf-config-XXXXXX", &path, NULL);

    g_assert_cmpint(fd, >=, 0);
    g_close(fd, NULL);
    g_assert_true(g_file_set_contents(path, text, length, NULL));
    g_assert_true(nwf_config_read(path, &answer.config, answer.notes, &answer.error) == !answer.error);
    g_unlink(path);
    return answer;
}

/* What each text means: both switches, and how many remarks there are. */
static void
test_texts_that_are_read(void)
{
    static const struct {
        const char *text;
        gboolean bridge, open;
        guint notes;
    } rows[] = {
        {"", FALSE, FALSE, 0},
        {"\n\n  \n\t\n", FALSE, FALSE, 0},
        {"# require_bridge_netfilter = 1\n   # another\n#\n", FALSE, FALSE, 0},
        {"require_bridge_netfilter = 1", TRUE, FALSE, 0},
        {"require_bridge_netfilter=1", TRUE, FALSE, 0},
        {"  require_bridge_netfilter\t =  1  # why\r\n", TRUE, FALSE, 0},
        {"require_bridge_netfilter = 0\n", FALSE, FALSE, 0},
        {"require_bridge_netfilter = 1\nrequire_bridge_netfilter = 0\n", FALSE, FALSE, 0},
        {"learning_open_until_known = 1\n", FALSE, TRUE, 0},
        {"learning_open_until_known = 1\nrequire_bridge_netfilter = 1\n", TRUE, TRUE, 0},
        {"firewall_backend = \"iptables\"\n", FALSE, FALSE, 0},
        {"firewall_backend = 'iptables'\n", FALSE, FALSE, 0},
        {"firewall_backend = \"nftables\"\n", FALSE, FALSE, 1},
        {"enable_trace = 0\nenable_counters = 0\n", FALSE, FALSE, 0},
        {"enable_trace = 1\n", FALSE, FALSE, 1},
        {"enable_counters = 1\n", FALSE, FALSE, 1},
        {"surprise = 1\nmore = \"x # y\"\nlist = [ \"a\", \"b\" ] # c\nnegative = -5\nempty = \"\"\n", FALSE, FALSE, 5},
    };

    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_auto(Answer) answer = ask(rows[i].text, -1);
        g_test_message("%s", rows[i].text);
        g_assert_no_error(answer.error);
        g_assert_cmpint(answer.config.require_bridge_netfilter, ==, rows[i].bridge);
        g_assert_cmpint(answer.config.learning_open_until_known, ==, rows[i].open);
        g_assert_cmpuint(answer.notes->len, ==, rows[i].notes);
    }
}

static void
test_strict(void)
{
    g_auto(Answer) unsaid = ask("", -1);
    g_auto(Answer) no = ask("strict = 0\n", -1);
    g_auto(Answer) yes = ask("strict = 1\n", -1);

    g_assert_false(unsaid.config.strict);
    g_assert_false(no.config.strict);
    g_assert_true(yes.config.strict);
    g_assert_cmpuint(yes.notes->len, ==, 0);
}

/* What is refused, and which line the message names. */
static void
test_texts_that_are_refused(void)
{
    static const struct {
        const char *text, *place;
    } rows[] = {
        {"nonsense\n", "line 1"},
        {"# fine\n\nrequire_bridge_netfilter 1\n", "line 3"},
        {"require_bridge_netfilter =\n", "line 1"},
        {"= 1\n", "line 1"},
        {"require_bridge_netfilter = yes\n", "line 1"},
        {"require_bridge_netfilter = 2\n", "0, 1"},
        {"require_bridge_netfilter = -1\n", "0, 1"},
        {"require_bridge_netfilter = 01\n", "0, 1"},
        {"require_bridge_netfilter = \"1\n", "line 1"},
        {"require_bridge_netfilter = 1 0\n", "line 1"},
        {"require_bridge_netfilter = [ 1 ]\n", "0, 1"},
        {"learning_open_until_known = 3\n", "learning_open_until_known"},
        {"enable_trace = 2\n", "enable_trace"},
        {"enable_counters = \"x\"\n", "enable_counters"},
        {"firewall_backend = \"\"\n", "'iptables', 'nftables'"},
        {"firewall_backend = \"IPTABLES\"\n", "firewall_backend"},
        {"firewall_backend = 1\n", "firewall_backend"},
        {"strict = 2\n", "line 1: the value '2' of 'strict' is wrong; expected one of 0, 1"},
        {"a-b = 1\n", "line 1"},
        {"key = value # x\n", "line 1"},
    };

    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_auto(Answer) answer = ask(rows[i].text, -1);
        g_test_message("%s", rows[i].text);
        g_assert_error(answer.error, NWF_ERROR, NWF_ERROR_UNSUPPORTED);
        if (!strstr(answer.error->message, rows[i].place))
            g_error("'%s' is not in: %s", rows[i].place, answer.error->message);
    }
}

/* A zero byte would hide what stands behind it. */
static void
test_zero_bytes_are_refused(void)
{
    static const char text[] = "enable_trace = 0\n\0require_bridge_netfilter = 1\n";
    g_auto(Answer) answer = ask(text, sizeof(text) - 1);

    g_assert_error(answer.error, NWF_ERROR, NWF_ERROR_UNSUPPORTED);
}

static void
test_files_that_are_none(void)
{
    NwfConfig config = {NULL, TRUE, TRUE, TRUE};
    g_autoptr(GError) error = NULL;

    g_assert_true(nwf_config_read("/nowhere/nwfilter.conf", &config, NULL, &error));
    g_assert_no_error(error);
    g_assert_false(config.require_bridge_netfilter || config.learning_open_until_known);
    config = (NwfConfig){NULL, TRUE, TRUE, TRUE};
    g_assert_false(nwf_config_read("/", &config, NULL, &error));
    g_assert_error(error, NWF_ERROR, NWF_ERROR_SYSTEM);
    g_assert_false(config.require_bridge_netfilter || config.learning_open_until_known);
}

/* A long line costs no more than its length. */
static void
test_long_lines(void)
{
    g_autofree char *brackets = g_strnfill(200000, '['), *blanks = g_strnfill(200000, ' ');
    g_autofree char *text = g_strconcat("key = ", brackets, blanks, "x\n", NULL);
    gint64 begin = g_get_monotonic_time();
    g_auto(Answer) answer = ask(text, -1);

    g_assert_error(answer.error, NWF_ERROR, NWF_ERROR_UNSUPPORTED);
    g_assert_cmpint(g_get_monotonic_time() - begin, <, 5 * G_TIME_SPAN_SECOND);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/config/strict", test_strict);
    g_test_add_func("/config/read", test_texts_that_are_read);
    g_test_add_func("/config/refused", test_texts_that_are_refused);
    g_test_add_func("/config/zero-bytes", test_zero_bytes_are_refused);
    g_test_add_func("/config/no-file", test_files_that_are_none);
    g_test_add_func("/config/long", test_long_lines);
    return g_test_run();
}
