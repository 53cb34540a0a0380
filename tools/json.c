/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* json.c: see json.h */
#include "tools/json.h"

void
nwf_json_text(JsonBuilder *out, const char *name, const char *text)
{
    json_builder_set_member_name(out, name);
    if (text)
        json_builder_add_string_value(out, text);
    else
        json_builder_add_null_value(out);
}

void
nwf_json_number(JsonBuilder *out, const char *name, gint64 number)
{
    json_builder_set_member_name(out, name);
    json_builder_add_int_value(out, number);
}

void
nwf_json_print(JsonBuilder *out)
{
    g_autoptr(JsonGenerator) generator = json_generator_new();
    g_autoptr(JsonNode) root = json_builder_get_root(out);

    json_generator_set_root(generator, root);
    json_generator_set_pretty(generator, TRUE);
    g_autofree char *text = json_generator_to_data(generator, NULL);
    g_print("%s\n", text);
}
