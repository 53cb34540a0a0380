/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test-compile.c: the companion command shows what the driver would do, and says clearly when it cannot
 */
#include "tests/unit/tech/harness.h"

#include "driver/run/command.h"

#include <string.h>
#include <unistd.h>

static const char *tool;

/* Runs virt-nwfilter compile with @arguments, in which CASES stands for the folder of cases. */
static gboolean
compile(const char *arguments, NwfCommandResult *result)
{
    g_autofree char *cases = harness_path("cases", NULL);
    g_autofree char *script = g_strdup_printf("CASES='%s'; exec '%s' compile %s", cases, tool, arguments);
    const char *const argv[] = {"/bin/sh", "-c", script, NULL};

    return nwf_command_run(NULL, argv, NULL, 0, 20000, result, NULL);
}

static void
assert_refused(const char *arguments, const char *word)
{
    g_auto(NwfCommandResult) result = {0};

    g_assert_false(compile(arguments, &result));
    g_assert_cmpint(result.exit_status, ==, 1);
    g_assert_cmpstr(result.out, ==, "");
    if (!strstr(result.err, word))
        g_error("'%s' is not in: %s", word, result.err);
}

/* With the same binding the command prints the very batches that the golden files hold, but for the heading. */
static void
test_it_prints_the_batches(void)
{
    g_auto(NwfCommandResult) result = {0};
    g_autofree char *path = harness_path("cases", "e19-sub-chain", "expected.batch", NULL);
    g_autofree char *expected = harness_text(path);

    g_assert_true(compile("$CASES/e19-sub-chain/*er.xml -b $CASES/e19-sub-chain/binding.xml", &result));
    g_assert_true(g_str_has_prefix(result.out, "# ebtables-restore --noflush\n"));
    g_assert_cmpstr(strchr(result.out, '\n'), ==, strchr(expected, '\n'));
}

static void
test_annotations_name_filter_and_line(void)
{
    g_auto(NwfCommandResult) plain = {0}, annotated = {0};

    g_assert_true(compile("$CASES/e19-sub-chain/*er.xml -b $CASES/e19-sub-chain/binding.xml", &plain));
    g_assert_true(compile("$CASES/e19-sub-chain/*er.xml -b $CASES/e19-sub-chain/binding.xml --annotate", &annotated));
    g_assert_nonnull(strstr(annotated.out, "# filter 'inner' line 2\n-A I-vnet0-ipv4 -p 0x0800 "));
    g_assert_nonnull(strstr(annotated.out, "# filter 'root' line 5\n-A libvirt-I-vnet0 -j DROP\n"));

    g_auto(GStrv) lines = g_strsplit(annotated.out, "\n", -1);
    g_autoptr(GString) without = g_string_new(NULL);
    for (guint i = 0; lines[i] && lines[i + 1]; i++)
        if (!g_str_has_prefix(lines[i], "# filter "))
            g_string_append_printf(without, "%s\n", lines[i]);
    g_assert_cmpstr(without->str, ==, plain.out);
}

/* A port may be said in options as well as in a binding; lists are repeated parameters. */
static void
test_options_make_a_binding(void)
{
    g_auto(NwfCommandResult) options = {0}, binding = {0};

    g_assert_true(compile("$CASES/e29-two-lists/filter.xml -b $CASES/e29-two-lists/binding.xml", &binding));
    g_assert_true(compile("$CASES/e29-two-lists/filter.xml -i vnet0 -m 52:54:00:7b:35:93 -p A=1.1.1.1 -p B=5.5.5.5 "
                          "-p A=2.2.2.2 -p B=6.6.6.6",
                          &options));
    g_assert_cmpstr(options.out, ==, binding.out);
}

static void
test_filters_are_found_in_a_directory(void)
{
    g_auto(NwfCommandResult) result = {0};

    g_assert_true(compile("-i v -m 52:54:00:7b:35:93 -f in-mac -d $CASES/e30-order", &result));
    g_assert_nonnull(strstr(result.out, "-A I-v-mac -j DROP\n"));
    assert_refused("-i v -m 52:54:00:7b:35:93 -f ../e30-order/in-mac -d $CASES/e30-order", "../e30-order/in-mac");
}

static void
test_trouble_is_named(void)
{
    static const struct {
        const char *arguments, *word;
    } rows[] = {
        {"$CASES/e29-two-lists/filter.xml -i v -m 52:54:00:7b:35:93", "these variables have no value: A[@1], B[@2]"},
        {"$CASES/e29-two-lists/filter.xml -i v -m 52:54:00:7b:35:93 -p A", "NAME=VALUE"},
        {"$CASES/e29-two-lists/filter.xml -i v -m 52:54:00:7b:35:93 -p A=x -p B=1.1.1.1", "srcipaddr"},
        {"$CASES/e01-tcp-out/filter.xml", "--binding"},
        {"$CASES/e01-tcp-out/filter.xml -i v -m nonsense", "'nonsense' is not a MAC address"},
        {"$CASES/e01-tcp-out/filter.xml -i 'v v' -m 52:54:00:7b:35:93", "port name 'v v'"},
        {"$CASES/e01-tcp-out/filter.xml -i v -m 52:54:00:7b:35:93 --dialect x", "'x' is not a version"},
        {"$CASES/e01-tcp-out/expected.save -i v -m 52:54:00:7b:35:93", "expected.save"},
        {"$CASES/none.xml -i v -m 52:54:00:7b:35:93", "none.xml"},
        {"$CASES/e19-sub-chain/filter.xml -i v -m 52:54:00:7b:35:93", "'inner'"},
        {"$CASES/two-ports/filter.xml -b $CASES/two-ports/binding1.xml -b $CASES/two-ports/binding1.xml",
         "several bindings"},
        {"--no-such-option", "no-such-option"},
    };

    for (guint i = 0; i < G_N_ELEMENTS(rows); i++)
        assert_refused(rows[i].arguments, rows[i].word);
}

/* Services are looked up in the file, as the daemon does, whatever the host's name service switch says. */
static void
test_services_are_those_of_the_file(void)
{
    static const char script[] = "d=$(mktemp -d) && trap 'rm -r $d' EXIT && echo 'services: nothing' > $d/switch &&"
                                 "echo 'web 8080/tcp' > $d/services &&"
                                 "echo \"<filter name='f'><rule action='drop' direction='out'><tcp dstportstart='\\$P'/>"
                                 "</rule></filter>\" > $d/f.xml && mount --bind $d/switch /etc/nsswitch.conf &&"
                                 "mount --bind $d/services /etc/services &&"
                                 "$TOOL compile -i v -m 52:54:00:7b:35:93 -p P=web $d/f.xml";
    g_autofree char *with_tool = g_strdup_printf("TOOL='%s'; %s", tool, script);
    const char *const argv[] = {"/usr/bin/unshare", "--mount", "/bin/sh", "-c", with_tool, NULL};
    g_auto(NwfCommandResult) result = {0};
    g_autoptr(GError) error = NULL;

    if (geteuid() != 0 || !g_file_test("/etc/nsswitch.conf", G_FILE_TEST_EXISTS) ||
        !g_file_test("/etc/services", G_FILE_TEST_EXISTS)) {
        g_test_skip("needs root, and files to put others in place of");
        return;
    }
    nwf_command_run(NULL, argv, NULL, 0, 20000, &result, &error);
    g_assert_no_error(error);
    g_assert_nonnull(strstr(result.out, "-A FI-v -p tcp --dport 8080 -j DROP\n"));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    tool = g_getenv("NWF_TOOL");
    g_assert_nonnull(tool);
    g_test_add_func("/tools/compile/batches", test_it_prints_the_batches);
    g_test_add_func("/tools/compile/annotate", test_annotations_name_filter_and_line);
    g_test_add_func("/tools/compile/options", test_options_make_a_binding);
    g_test_add_func("/tools/compile/directory", test_filters_are_found_in_a_directory);
    g_test_add_func("/tools/compile/trouble", test_trouble_is_named);
    g_test_add_func("/tools/compile/services", test_services_are_those_of_the_file);
    return g_test_run();
}
