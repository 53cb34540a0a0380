/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * replay.c: runs a fuzz target over the files of the folders that are named as arguments
 */
#include "fuzz.h"

#include <glib.h>
#include <stdlib.h>

static guint
replay_folder(const char *path)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GDir) folder = g_dir_open(path, 0, &error);
    const char *name = NULL;
    guint n = 0;
    if (!folder) {
        g_printerr("%s\n", error->message);
        return 0;
    }
    while ((name = g_dir_read_name(folder))) {
        g_autofree char *file = g_build_filename(path, name, NULL);
        g_autofree char *text = NULL;
        gsize length = 0;
        if (!g_file_get_contents(file, &text, &length, &error)) {
            g_printerr("%s\n", error->message);
            return 0;
        }
        LLVMFuzzerTestOneInput((const uint8_t *)text, length);
        n++;
    }
    return n;
}

int
main(int argc, char **argv)
{
    guint n = 0;
    for (int i = 1; i < argc; i++) {
        guint found = replay_folder(argv[i]);
        if (found == 0)
            return EXIT_FAILURE;
        n += found;
    }
    g_print("%u files\n", n);
    return n > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
