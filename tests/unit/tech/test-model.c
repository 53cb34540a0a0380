/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test-model.c: what listings of the -save tools say about us
 */
#include "tests/unit/tech/harness.h"

#include <string.h>

static NwfModel *
state_of(NwfLayer layer, const char *listing)
{
    NwfModel *model = nwf_model_new(layer);
    g_autoptr(GError) error = NULL;

    nwf_model_read(model, listing, &error);
    g_assert_no_error(error);
    return model;
}

static void
assert_ports(const NwfModel *model, const char *expected)
{
    g_autoptr(GPtrArray) ports = nwf_model_ports(model);
    g_ptr_array_add(ports, NULL);
    g_autofree char *names = g_strjoinv(" ", (char **)ports->pdata);

    g_assert_cmpstr(names, ==, expected);
}

static int
compare_names(gconstpointer a, gconstpointer b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void
assert_owned(const NwfModel *model, const char *port, const char *expected)
{
    g_autoptr(GHashTable) owned = nwf_model_owned(model, port);
    g_autofree gpointer *keys = g_hash_table_get_keys_as_array(owned, NULL);
    guint n = g_hash_table_size(owned);

    qsort(keys, n, sizeof(*keys), compare_names);
    g_autofree char *names = g_strjoinv(" ", (char **)keys);
    g_assert_cmpstr(names, ==, expected);
}

/* A dispatch rule of the stock form makes a port ours; anything more or less in it does not. */
static void
test_only_the_stock_form_is_ours(void)
{
    static const struct {
        const char *rule, *ports;
    } rows[] = {
        {"-A PREROUTING -i v -j libvirt-I-v", "v"},
        {"-A PREROUTING -i v -j libvirt-J-v", "v"},
        {"-A POSTROUTING -o v -j libvirt-O-v", "v"},
        {"-A POSTROUTING -o a-b -j libvirt-P-a-b", "a-b"},
        {"-A PREROUTING -i v -j libvirt-I-w", ""},
        {"-A PREROUTING -o v -j libvirt-I-v", ""},
        {"-A POSTROUTING -i v -j libvirt-O-v", ""},
        {"-A OUTPUT -i v -j libvirt-I-v", ""},
        {"-A PREROUTING -p IPv4 -i v -j libvirt-I-v", ""},
        {"-A PREROUTING -i v --logical-in br0 -j libvirt-I-v", ""},
        {"-A PREROUTING -i v -j libvirt-O-v", ""},
        {"-A PREROUTING -j libvirt-I-v", ""},
        {"-A PREROUTING -i v", ""},
    };

    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *listing =
            g_strdup_printf("# Generated\n*nat\n:PREROUTING ACCEPT\n%s\n# Completed\n", rows[i].rule);
        g_autoptr(NwfModel) model = state_of(NWF_LAYER_ETHERNET, listing);
        g_test_message("%s", rows[i].rule);
        assert_ports(model, rows[i].ports);
    }
}

static void
test_forms_of_the_ip_layers(void)
{
    static const struct {
        const char *rule, *ports;
    } rows[] = {
        {"-A libvirt-in -m physdev --physdev-in v -g FI-v", "v"},
        {"-A libvirt-in -m physdev  --physdev-in v -g FJ-v", "v"},
        {"-A libvirt-out -m physdev --physdev-out v --physdev-is-bridged -g FO-v", "v"},
        {"-A libvirt-out -m physdev --physdev-is-bridged --physdev-out v -g FP-v", "v"},
        {"-A libvirt-out -m physdev --physdev-out v -g FO-v", "v"},
        {"-A libvirt-in-post -m physdev --physdev-in v -j ACCEPT", "v"},
        {"-A libvirt-host-in -m physdev --physdev-in v -g HI-v", "v"},
        {"-A libvirt-host-in -m physdev --physdev-in v -g HJ-v", "v"},
        {"-A libvirt-in -m physdev --physdev-in v -j FI-v", ""},
        {"-A libvirt-in -m physdev --physdev-in v -m comment --comment x -g FI-v", ""},
        {"-A libvirt-in -m physdev ! --physdev-in v -g FI-v", ""},
        {"-A libvirt-in-post -m physdev --physdev-in v -j DROP", ""},
        {"-A FORWARD -m physdev --physdev-in v -g FI-v", ""},
    };

    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *listing = g_strdup_printf("*filter\n:libvirt-in - [0:0]\n%s\nCOMMIT\n", rows[i].rule);
        g_autoptr(NwfModel) model = state_of(NWF_LAYER_IPV6, listing);
        g_test_message("%s", rows[i].rule);
        assert_ports(model, rows[i].ports);
    }
}

/* From the root over names of this port, helper chains and temporary sets included; nothing by its beginning alone. */
static void
test_chains_are_owned_by_reach(void)
{
    g_autoptr(NwfModel) model =
        state_of(NWF_LAYER_ETHERNET, "*nat\n"
                                     ":libvirt-I-v ACCEPT\n:I-v-mac ACCEPT\n:I-v-dscp12 RETURN\n"
                                     ":I-v-ipv4-x ACCEPT\n:I-v-mine ACCEPT\n:I-v-arp ACCEPT\n"
                                     ":O-v-mac ACCEPT\n:I-w-mac ACCEPT\n:libvirt-P-v ACCEPT\n"
                                     ":P-v-rarp ACCEPT\n:I-v-dscp RETURN\n:I-v-root ACCEPT\n"
                                     "-A libvirt-I-v -j I-v-mac\n-A I-v-mac -p IPv4 -j I-v-dscp12\n"
                                     "-A libvirt-I-v -p IPv4 -j I-v-ipv4-x\n"
                                     "-A libvirt-I-v -j I-v-mine\n-A libvirt-I-v -j O-v-mac\n"
                                     "-A libvirt-I-v -j I-w-mac\n-A libvirt-I-v -j I-v-dscp\n"
                                     "-A libvirt-I-v -j I-v-root\n-A libvirt-P-v -j P-v-rarp\n");

    assert_owned(model, "v", "I-v-dscp12 I-v-ipv4-x I-v-mac P-v-rarp libvirt-I-v libvirt-P-v");
    assert_owned(model, "w", "");
    assert_ports(model, "");
    g_assert_true(nwf_model_holds(model, "v"));
    g_assert_false(nwf_model_holds(model, "w"));
}

/* A loop among chains, which no kernel takes but a listing may hold, ends the walk. */
static void
test_a_loop_ends(void)
{
    g_autoptr(NwfModel) model = state_of(NWF_LAYER_ETHERNET, "*nat\n:libvirt-I-v ACCEPT\n:I-v-mac ACCEPT\n"
                                                             "-A libvirt-I-v -j I-v-mac\n-A I-v-mac -j I-v-mac\n");

    assert_owned(model, "v", "I-v-mac libvirt-I-v");
}

static void
test_other_tables_do_not_count(void)
{
    g_autoptr(NwfModel) model =
        state_of(NWF_LAYER_ETHERNET, "*filter\n:libvirt-I-v ACCEPT\n"
                                     "-A PREROUTING -i v -j libvirt-I-v\n*nat\n:PREROUTING ACCEPT\n");

    assert_ports(model, "");
    g_assert_null(nwf_model_chain(model, "libvirt-I-v"));
    g_assert_nonnull(nwf_model_chain(model, "PREROUTING"));
}

/* Comments are the one free text in a listing: quotes, options, whole commands and newlines inside them mean nothing.
 */
static void
test_comments_cannot_speak(void)
{
    g_autoptr(NwfModel) model =
        state_of(NWF_LAYER_IPV4, "*filter\n:libvirt-in - [0:0]\n:FI-v - [0:0]\n:FI-w - [0:0]\n:FI-x - [0:0]\n"
                                 "-A FI-v -m comment --comment \"\\\" -j FI-w\" -j DROP\n"
                                 "-A FI-v -m comment --comment -j -j FI-x\n"
                                 "-A FI-v -m comment --comment \"two\n-A libvirt-in -m physdev --physdev-in w -g FI-w"
                                 "\nlines\" -j DROP\n"
                                 "-A FI-v -m comment --comment \"it\\'s\" -j FI-w\n"
                                 "-A libvirt-in -m physdev --physdev-in v -g FI-v\n"
                                 "COMMIT\n");
    g_autoptr(GHashTable) nobody = g_hash_table_new(g_str_hash, g_str_equal);

    assert_ports(model, "v");
    g_assert_true(nwf_model_shared(model, "FI-w", nobody));
    g_assert_true(nwf_model_shared(model, "FI-x", nobody));
}

static void
test_counts_follow_a_batch(void)
{
    g_autoptr(NwfModel) model = nwf_model_new(NWF_LAYER_IPV4);

    nwf_model_applied(model,
                      "*filter\n:libvirt-in - [0:0]\n:FI-v - [0:0]\n-A libvirt-in -m physdev --physdev-in v -g FI-v\n"
                      "-I FORWARD 1 -j libvirt-in\nCOMMIT\n");
    g_assert_cmpuint(model->base_jumps[0], ==, 1);
    assert_ports(model, "v");
    nwf_model_applied(model, "*filter\n-D FORWARD -j libvirt-in\n-I FORWARD 1 -j libvirt-in\nCOMMIT\n");
    g_assert_cmpuint(model->base_jumps[0], ==, 1);
    nwf_model_applied(model, "*filter\n-F FI-v\n-D libvirt-in -m physdev --physdev-in v -g FI-v\n-X FI-v\nCOMMIT\n");
    assert_ports(model, "");
    g_assert_null(nwf_model_chain(model, "FI-v"));
    g_assert_nonnull(nwf_model_chain(model, "libvirt-in"));
    nwf_model_applied(model, "*filter\n-F FORWARD\nCOMMIT\n");
    g_assert_cmpuint(model->base_jumps[0], ==, 0);
}

/* Emptying a base chain takes every port's rule in it. */
static void
test_a_flushed_base_chain_is_empty(void)
{
    g_autoptr(NwfModel) model = nwf_model_new(NWF_LAYER_ETHERNET);

    nwf_model_applied(model, "*nat\n:libvirt-I-a ACCEPT\n:libvirt-O-b ACCEPT\n-A PREROUTING -i a -j libvirt-I-a\n"
                             "-A POSTROUTING -o b -j libvirt-O-b\n");
    assert_ports(model, "a b");
    nwf_model_applied(model, "*nat\n-F PREROUTING\n");
    assert_ports(model, "b");
    g_assert_true(nwf_model_holds(model, "a")); /* its root chain is still there under its own name */
}

/* Reading after the batch gives what following the batch gave. */
static void
test_following_equals_reading(gconstpointer name)
{
    g_autofree char *folder = harness_path("cases", name, NULL);
    g_autoptr(GPtrArray) changes = harness_changes(folder);

    for (NwfLayer layer = 0; layer < NWF_LAYERS; layer++) {
        g_autoptr(NwfModel) followed = nwf_model_new(layer);
        g_autoptr(NwfModel) read = nwf_model_new(layer);
        g_autoptr(NwfBatch) batch = nwf_render(followed, layer, changes, NULL);
        nwf_model_applied(followed, batch->text->str);
        g_assert_true(nwf_model_read(read, batch->text->str, NULL));
        for (guint i = 0; i < changes->len; i++) {
            const char *port = ((NwfPlanChange *)g_ptr_array_index(changes, i))->port;
            g_autoptr(GHashTable) a = nwf_model_owned(followed, port);
            g_autoptr(GHashTable) b = nwf_model_owned(read, port);
            g_autoptr(GPtrArray) declared = harness_lines(batch->text->str, ":");
            g_assert_cmpuint(g_hash_table_size(a), ==, g_hash_table_size(b));
            if (changes->len == 1)
                g_assert_cmpuint(g_hash_table_size(a) + (declared->len && nwf_layer_is_ip(layer) ? NWF_BASE_JUMPS : 0),
                                 ==, declared->len);
        }
    }
}

static void
test_no_listing_is_no_state(void)
{
    g_autoptr(NwfModel) model = nwf_model_new(NWF_LAYER_IPV4);
    g_autoptr(GError) error = NULL;

    g_assert_true(nwf_model_read(model, "", &error));
    g_assert_no_error(error);
    g_assert_false(nwf_model_read(model, "Segmentation fault", &error));
    g_assert_error(error, NWF_ERROR, NWF_ERROR_FIREWALL);
    g_clear_error(&error);
    g_assert_false(nwf_model_read(model, "# Table `filter' is incompatible, use 'nft' tool.\n", &error));
    g_assert_error(error, NWF_ERROR, NWF_ERROR_UNSUPPORTED);
}

/* ebtables-save lists all its tables, so that one of them may be missing among others. */
/* A base chain that somebody has deleted, while no port needs it, leaves no hole. */
static void
test_base_without_one_chain(void)
{
    g_autoptr(NwfModel) model = nwf_model_new(NWF_LAYER_IPV4);

    g_assert_true(nwf_model_read(model,
                                 "*filter\n:INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n:libvirt-host-in - [0:0]\n"
                                 ":libvirt-in-post - [0:0]\n:libvirt-out - [0:0]\n-A INPUT -j libvirt-host-in\n"
                                 "-A FORWARD -j libvirt-out\n-A FORWARD -j libvirt-in-post\nCOMMIT\n",
                                 NULL));
    g_assert_true(nwf_model_base_is_right(model));
}

static void
test_an_unlisted_table_is_not_empty(void)
{
    static const char filter[] = "# Generated by ebtables-save\n*filter\n:INPUT ACCEPT\n:FOO ACCEPT\n# Completed\n";
    g_autofree char *ours = g_strconcat(filter, "# Table `nat' is incompatible, use 'nft' tool.\n", NULL);
    g_autofree char *another = g_strconcat(filter, "# Table `broute' is incompatible, use 'nft' tool.\n", NULL);
    g_autoptr(NwfModel) model = nwf_model_new(NWF_LAYER_ETHERNET);
    g_autoptr(GError) error = NULL;

    g_assert_true(nwf_model_read(model, filter, &error));
    g_assert_true(nwf_model_read(model, another, &error));
    g_assert_no_error(error);
    g_assert_false(nwf_model_read(model, ours, &error));
    g_assert_error(error, NWF_ERROR, NWF_ERROR_UNSUPPORTED);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_autofree char *folder = harness_path("cases", NULL);
    g_autoptr(GPtrArray) cases = harness_names(folder);

    for (guint i = 0; i < cases->len; i++) {
        const char *name = g_ptr_array_index(cases, i);
        g_autofree char *path = g_strconcat("/tech/model/following/", name, NULL);
        g_test_add_data_func(path, name, test_following_equals_reading);
    }
    g_test_add_func("/tech/model/stock-form", test_only_the_stock_form_is_ours);
    g_test_add_func("/tech/model/ip-forms", test_forms_of_the_ip_layers);
    g_test_add_func("/tech/model/reach", test_chains_are_owned_by_reach);
    g_test_add_func("/tech/model/loop", test_a_loop_ends);
    g_test_add_func("/tech/model/tables", test_other_tables_do_not_count);
    g_test_add_func("/tech/model/comments", test_comments_cannot_speak);
    g_test_add_func("/tech/model/counts", test_counts_follow_a_batch);
    g_test_add_func("/tech/model/flushed-base", test_a_flushed_base_chain_is_empty);
    g_test_add_func("/tech/model/no-listing", test_no_listing_is_no_state);
    g_test_add_func("/tech/model/base-without-one", test_base_without_one_chain);
    g_test_add_func("/tech/model/unlisted", test_an_unlisted_table_is_not_empty);
    return g_test_run();
}
