/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * sandbox.c: a network of our own with the real tools in it
 *
 * The process moves into a mount namespace of its own, where the names under /etc/alternatives that lead to the tools
 * lead to wrappers: each writes its name into a record, does what a test has told it to do instead, and else becomes
 * the real tool. So a test sees how many tools ran, and can make one fail, while all that succeed are real. Each test
 * begins with a network namespace without any rule. Nothing outside is touched, and nothing is left when the process
 * ends.
 */
#include "tests/unit/tech/kernel/sandbox.h"

#include "driver/run/command.h"

#include <glib/gstdio.h>
#include <sched.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

static const char *const tools[] = {"ebtables-restore", "ebtables-save",     "iptables-restore",
                                    "iptables-save",    "ip6tables-restore", "ip6tables-save"};

/* Of record, wrappers and what they should do instead; in a file system that ends with this process. */
static const char folder[] = "/run/nwf-kernel";

static char *
in_folder(const char *name, const char *ending)
{
    g_autofree char *file = g_strconcat(name, ending, NULL);

    return g_build_filename(folder, file, NULL);
}

static void
write_wrapper(const char *tool)
{
    g_autofree char *real = g_strdup_printf("/etc/alternatives/%s", tool);
    g_autofree char *path = in_folder(tool, "");
    g_autofree char *multi = realpath(real, NULL);
    g_autofree char *script = g_strdup_printf("#!/bin/sh\n"
                                              "echo %s >> %s/record\n"
                                              "REAL='%s %s' INSTEAD=%s.instead\n"
                                              "if [ -e $INSTEAD ]; then . $INSTEAD; fi\n"
                                              "exec $REAL \"$@\"\n",
                                              tool, folder, multi, tool, path);

    g_assert_nonnull(multi);
    g_assert_true(g_file_set_contents(path, script, -1, NULL));
    g_assert_cmpint(g_chmod(path, 0755), ==, 0);
}

/* /etc/alternatives as it is, but for the tools. */
static void
cover_alternatives(void)
{
    g_autofree char *copy = in_folder("alternatives", "");
    g_autoptr(GPtrArray) names = harness_names("/etc/alternatives");

    g_assert_cmpint(g_mkdir(copy, 0755), ==, 0);
    for (guint i = 0; i < names->len; i++) {
        const char *name = g_ptr_array_index(names, i);
        g_autofree char *from = g_build_filename("/etc/alternatives", name, NULL);
        g_autofree char *to = g_build_filename(copy, name, NULL);
        g_autofree char *target = g_file_read_link(from, NULL);
        gboolean is_tool = FALSE;

        for (guint j = 0; j < G_N_ELEMENTS(tools); j++)
            is_tool = is_tool || g_str_equal(name, tools[j]);
        g_autofree char *wrapper = is_tool ? in_folder(name, "") : NULL;
        if (target)
            g_assert_cmpint(symlink(wrapper ? wrapper : target, to), ==, 0);
    }
    g_assert_cmpint(mount(copy, "/etc/alternatives", NULL, MS_BIND, NULL), ==, 0);
}

gboolean
sandbox_enter(void)
{
    if (geteuid() != 0 || unshare(CLONE_NEWNS | CLONE_NEWNET) != 0)
        return FALSE;
    if (mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 || mount("none", "/run", "tmpfs", 0, NULL) != 0)
        return FALSE;
    for (guint i = 0; i < G_N_ELEMENTS(tools); i++) {
        g_autofree char *alternative = g_build_filename("/etc/alternatives", tools[i], NULL);
        if (!g_file_test(alternative, G_FILE_TEST_EXISTS))
            return FALSE;
    }
    g_assert_cmpint(g_mkdir(folder, 0755), ==, 0);
    for (guint i = 0; i < G_N_ELEMENTS(tools); i++)
        write_wrapper(tools[i]);
    cover_alternatives();
    return TRUE;
}

void
sandbox_fresh(void)
{
    g_assert_cmpint(unshare(CLONE_NEWNET), ==, 0);
    for (guint i = 0; i < G_N_ELEMENTS(tools); i++)
        sandbox_spoil(tools[i], NULL);
    g_free(sandbox_record());
}

char *
sandbox_run(const char *script)
{
    const char *const argv[] = {"/bin/sh", "-ec", script, NULL};
    g_auto(NwfCommandResult) result = {0};
    g_autoptr(GError) error = NULL;

    nwf_command_run(NULL, argv, NULL, 0, 60000, &result, &error);
    g_assert_no_error(error);
    return g_steal_pointer(&result.out);
}

/* Comments carry the time, brackets the counters; empty tables come and go. */
char *
sandbox_listing(NwfLayer layer)
{
    static const char *const scripts[NWF_LAYERS] = {
        [NWF_LAYER_ETHERNET] = "/usr/sbin/ebtables-nft-save",
        [NWF_LAYER_IPV4] = "/usr/sbin/iptables-nft-save -t filter",
        [NWF_LAYER_IPV6] = "/usr/sbin/ip6tables-nft-save -t filter",
    };
    g_autofree char *script = g_strdup_printf("%s | sed -e '/^#/d' -e 's/ \\[[0-9:]*\\]$//'", scripts[layer]);

    return sandbox_run(script);
}

char *
sandbox_record(void)
{
    g_autofree char *path = in_folder("record", "");
    char *text = NULL;

    if (!g_file_get_contents(path, &text, NULL, NULL))
        return g_strdup("");
    g_assert_cmpint(g_unlink(path), ==, 0);
    return g_strstrip(g_strdelimit(text, "\n", ' '));
}

void
sandbox_spoil(const char *tool, const char *instead)
{
    g_autofree char *path = in_folder(tool, ".instead");

    if (instead)
        g_assert_true(g_file_set_contents(path, instead, -1, NULL));
    else
        g_unlink(path);
}
