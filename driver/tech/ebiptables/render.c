/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * render.c: plans as input of ebtables-restore, iptables-restore and ip6tables-restore
 *
 * A batch is one transaction of one tool. For each port whose layer changes it declares the chains of the new plan,
 * which makes or empties them in place, fills them, puts its dispatch rules right and deletes the chains that are no
 * longer needed. Nothing else in the table is touched, and what is not there is never deleted, for that would make the
 * tool refuse the whole batch.
 *
 * A chain that is the same in the old plan is left out, if our own batch has put it there: most changes of a filter
 * touch one of a port's ten chains, and a tool needs time for each line. Once a table was read again, because
 * somebody else had changed it, chains are written again, whatever the old plan says.
 *
 * A batch that only declares and fills would succeed on a table that somebody has flushed. So it removes and adds again
 * the dispatch rules of the first port that keeps its own (at the IP layers: the base jumps). If they are gone, the
 * tool refuses the batch, and the table is read again. One port is enough: the tools search a rule from the beginning
 * of its chain.
 *
 * That is not done in a table that is outlined, since there the tools may fail to find what stands behind others'
 * rules. For the same reason dispatch rules that may stand behind such rules stay, and chains to which they lead are
 * emptied and stay.
 *
 * Base chains of the IP layers are declared only if they are missing, since declaring empties. Their jumps are taken
 * out, as many as there are, and put back in first place: other software inserts its rules there too. If they are not
 * where they belong, a batch about no port at all puts them right.
 *
 * A chain to be deleted that a foreign rule leads to is left alone: deleting is impossible and emptying is not asked
 * for. A chain that another port needs under the same name (ports "a" and "a-mac") is refused: sharing it would mix two
 * guests.
 */
#include "driver/tech/ebiptables/render.h"

#include "driver/tech/ebiptables/print.h"

#include <glib/gi18n-lib.h>

/*
 * A batch has an order that makes every name exist before it is used and unused before it goes: first chains are
 * declared, old ones emptied, rules written, dispatch rules put right, and last the old chains deleted. Ports are
 * written one after the other, each into all these sections; the sections are joined at the end.
 */
typedef enum Section {
    SECTION_DECLARE,
    SECTION_FLUSH,
    SECTION_RULES,
    SECTION_DISPATCH,
    SECTION_DELETE,
    SECTIONS
} Section;

/* A batch while it is written. */
typedef struct Writer {
    const NwfModel *model;
    NwfLayer layer;
    NwfBatch *batch;
    GString *text[SECTIONS];
    GArray *origins[SECTIONS]; /* (element-type NwfOrigin): one for each line */
    GHashTable *needed;        /* name of a chain -> port of this batch that needs it */
    gboolean fills;            /* some port gets chains, so base chains are needed */
    gboolean asks;             /* whether the table is as we know it */
} Writer;

/* --- lines --- */

static Writer
writer_new(const NwfModel *model, NwfLayer layer)
{
    Writer writer = {.model = model, .layer = layer, .batch = g_new0(NwfBatch, 1)};

    writer.needed = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    writer.batch->layer = layer;
    writer.batch->text = g_string_new(NULL);
    writer.batch->origins = g_array_new(FALSE, TRUE, sizeof(NwfOrigin));
    writer.batch->names = g_string_chunk_new(256);
    for (guint i = 0; i < SECTIONS; i++) {
        writer.text[i] = g_string_new(NULL);
        writer.origins[i] = g_array_new(FALSE, TRUE, sizeof(NwfOrigin));
    }
    return writer;
}

static void
writer_clear(Writer *writer)
{
    g_hash_table_unref(writer->needed);
    g_clear_pointer(&writer->batch, nwf_batch_free);
    for (guint i = 0; i < SECTIONS; i++) {
        g_string_free(writer->text[i], TRUE);
        g_array_unref(writer->origins[i]);
    }
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Writer, writer_clear)

/* Begins a line of @port (may be NULL), of @rule (may be NULL). The next line of the section, or the joining, ends it.
 */
static GString *
begin_line(Writer *writer, Section section, const char *port, const NwfPlanRule *rule)
{
    GStringChunk *names = writer->batch->names;
    const char *filter = rule && rule->filter ? g_string_chunk_insert_const(names, rule->filter) : NULL;
    NwfOrigin origin = {port ? g_string_chunk_insert_const(names, port) : NULL, filter, rule ? rule->line : 0};

    if (writer->origins[section]->len > 0)
        g_string_append_c(writer->text[section], '\n');
    g_array_append_val(writer->origins[section], origin);
    return writer->text[section];
}

G_GNUC_PRINTF(4, 5)
static void
write_line(Writer *writer, Section section, const char *port, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    g_string_append_vprintf(begin_line(writer, section, port, NULL), format, args);
    va_end(args);
}

/* A line that frames the batch. */
static void
frame(NwfBatch *batch, const char *sign, const char *word)
{
    NwfOrigin none = {0};

    g_string_append_printf(batch->text, "%s%s\n", sign, word);
    g_array_append_val(batch->origins, none);
}

/*
 * (transfer full): the finished batch. ebtables-restore commits at the end of its input and in its old form knows no
 * COMMIT; the other two need the word.
 */
static NwfBatch *
join(Writer *writer)
{
    NwfBatch *batch = writer->batch;

    for (guint i = 0; i < SECTIONS; i++) {
        if (writer->origins[i]->len == 0)
            continue;
        if (batch->origins->len == 0)
            frame(batch, "*", nwf_layer_table(batch->layer));
        g_string_append_printf(batch->text, "%s\n", writer->text[i]->str);
        g_array_append_vals(batch->origins, writer->origins[i]->data, writer->origins[i]->len);
    }
    if (batch->origins->len > 0 && nwf_layer_is_ip(batch->layer))
        frame(batch, "", "COMMIT");
    batch->n_lines = batch->origins->len;
    batch->n_dispatch = writer->origins[SECTION_DISPATCH]->len;
    batch->n_deleted = writer->origins[SECTION_DELETE]->len;
    return g_steal_pointer(&writer->batch);
}

/* --- rules --- */

/* Begins the line of one rule: chain and matches. */
static GString *
begin_rule(Writer *writer, const char *port, const char *chain, const NwfPlanRule *rule)
{
    GString *line = begin_line(writer, SECTION_RULES, port, rule);

    g_string_append_printf(line, "-A %s", chain);
    if (nwf_layer_is_ip(writer->layer))
        nwf_print_iptables(line, rule);
    else
        nwf_print_ebtables(line, rule);
    return line;
}

static void
append_tos(GString *line, const NwfPlanRule *rule, guint tos)
{
    gboolean ipv4 = nwf_protocol_find("ip") == rule->protocol;

    g_string_append_printf(line, " %s 0x%02x", ipv4 ? "--ip-tos" : "--ip6-tclass", tos);
}

static void
write_plain(Writer *writer, const char *port, const char *chain, const NwfPlanRule *rule)
{
    GString *line = begin_rule(writer, port, chain, rule);

    if (rule->verdict != NWF_VERDICT_JUMP) {
        nwf_print_verdict(line, writer->layer, rule->verdict);
        return;
    }
    g_autofree char *target = nwf_chain_name(rule->target, port);
    if (rule->target->kind)
        nwf_print_guard(line, rule->target->kind);
    g_string_append_printf(line, " -j %s", target);
}

/* One rule for each TOS byte that belongs to @dscp, or for each that does not. */
static void
write_bytes(Writer *writer, const char *port, const char *chain, const NwfPlanRule *rule, guint dscp, gboolean equal)
{
    for (guint tos = 0; tos < NWF_TOS_BYTES; tos++) {
        if ((tos / NWF_TOS_PER_DSCP == dscp) != equal)
            continue;
        GString *line = begin_rule(writer, port, chain, rule);
        append_tos(line, rule, tos);
        nwf_print_verdict(line, writer->layer, rule->verdict);
    }
}

/*
 * A chain that exists or not, and is empty afterwards. All tools but one empty a chain that is declared: the older form
 * of ebtables-restore only sets its policy.
 */
static void
declare(Writer *writer, const char *port, const char *name, const char *policy)
{
    write_line(writer, SECTION_DECLARE, port, ":%s %s", name, policy);
    if (!nwf_layer_is_ip(writer->layer) && nwf_model_chain(writer->model, name))
        write_line(writer, SECTION_FLUSH, port, "-F %s", name);
}

static void
write_helper(Writer *writer, const char *port, const char *chain, const NwfPlanRule *rule, guint dscp,
             const char *helper)
{
    declare(writer, port, helper, "RETURN");
    g_string_append_printf(begin_rule(writer, port, chain, rule), " -j %s", helper);
    for (guint i = 0; i < NWF_TOS_PER_DSCP; i++) {
        GString *line = begin_line(writer, SECTION_RULES, port, rule);
        g_string_append_printf(line, "-A %s -p 0x%04x", helper, rule->protocol->ethertype);
        append_tos(line, rule, dscp * NWF_TOS_PER_DSCP + i);
        nwf_print_verdict(line, writer->layer, NWF_VERDICT_RETURN);
    }
    GString *line = begin_line(writer, SECTION_RULES, port, rule);
    g_string_append_printf(line, "-A %s", helper);
    nwf_print_verdict(line, writer->layer, rule->verdict);
}

static void
write_chain(Writer *writer, const char *port, const char *name, const NwfChain *chain, guint *helpers)
{
    guint dscp = 0;

    declare(writer, port, name, nwf_layer_is_ip(writer->layer) ? "- [0:0]" : "ACCEPT");
    for (guint i = 0; i < chain->rules->len; i++) {
        const NwfPlanRule *rule = g_ptr_array_index(chain->rules, i);
        NwfForm form = nwf_form(writer->layer, rule, &dscp);

        if (form == NWF_FORM_PLAIN) {
            write_plain(writer, port, name, rule);
        } else if (form == NWF_FORM_HELPER) {
            g_autofree char *helper = nwf_helper_name(chain->hook, port, helpers[chain->hook]++);
            write_helper(writer, port, name, rule, dscp, helper);
        } else {
            write_bytes(writer, port, name, rule, dscp, form == NWF_FORM_EQUAL);
        }
    }
}

/* --- one port --- */

/* (transfer full) (element-type utf8): names of the chains that @plan (may be NULL) needs for @port. */
static GPtrArray *
chain_names(const NwfPlan *plan, NwfLayer layer, const char *port)
{
    GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
    guint helpers[NWF_HOOKS] = {0};

    for (guint i = 0; plan && i < plan->chains->len; i++) {
        const NwfChain *chain = g_ptr_array_index(plan->chains, i);
        if (chain->layer != layer)
            continue;
        g_ptr_array_add(names, nwf_chain_name(chain, port));
        for (guint j = 0; j < chain->rules->len; j++)
            if (nwf_form(layer, g_ptr_array_index(chain->rules, j), NULL) == NWF_FORM_HELPER)
                g_ptr_array_add(names, nwf_helper_name(chain->hook, port, helpers[chain->hook]++));
    }
    return names;
}

static gboolean
has_helper(const Writer *writer, const NwfChain *chain)
{
    for (guint i = 0; i < chain->rules->len; i++)
        if (nwf_form(writer->layer, g_ptr_array_index(chain->rules, i), NULL) == NWF_FORM_HELPER)
            return TRUE;
    return FALSE;
}

/* Whether @old (may be NULL) has the same chain, and its text depends on nothing else: helpers are numbered. */
static gboolean
is_unchanged(const Writer *writer, const NwfPlan *old, const NwfChain *chain)
{
    for (guint i = 0; old && i < old->chains->len; i++)
        if (nwf_chain_equal(g_ptr_array_index(old->chains, i), chain))
            return !has_helper(writer, chain);
    return FALSE;
}

static void
write_chains(Writer *writer, const NwfPlanChange *change)
{
    guint helpers[NWF_HOOKS] = {0};

    for (guint i = 0; change->new_plan && i < change->new_plan->chains->len; i++) {
        const NwfChain *chain = g_ptr_array_index(change->new_plan->chains, i);
        if (chain->layer != writer->layer)
            continue;
        g_autofree char *name = nwf_chain_name(chain, change->port);
        const NwfModelChain *held = nwf_model_chain(writer->model, name);
        if (!held || !held->written || !is_unchanged(writer, change->old_plan, chain))
            write_chain(writer, change->port, name, chain, helpers);
    }
}

/* Takes the names for @port in this batch, unless another port has one of them. */
static gboolean
claim(Writer *writer, const char *port, GPtrArray *names, GError **error)
{
    for (guint i = 0; i < names->len; i++) {
        const char *name = g_ptr_array_index(names, i);
        const char *in_batch = g_hash_table_lookup(writer->needed, name);
        g_autofree char *other = in_batch ? g_strdup(in_batch) : nwf_model_other_owner(writer->model, name, port);

        if (other)
            return nwf_set_error(
                error, NWF_ERROR_FIREWALL,
                _("the ports '%s' and '%s' would share the chain '%s': rename a port, or the chain in the "
                  "filter"),
                port, other, name);
        g_hash_table_insert(writer->needed, g_strdup(name), g_strdup(port));
    }
    return TRUE;
}

/* Whether the chain @name of @port must stay, since a dispatch rule that leads there cannot be taken out now. */
static gboolean
must_stay(const Writer *writer, const char *port, const char *name)
{
    gboolean stays = FALSE;

    for (guint i = 0; i < NWF_DISPATCHES; i++) {
        g_autofree char *target = nwf_dispatch_target(&nwf_dispatches[i], port);
        stays = stays || (g_strcmp0(target, name) == 0 && nwf_model_dispatch(writer->model, port, i) > 0 &&
                          nwf_model_is_undeletable(writer->model, port, i));
    }
    return stays;
}

/*
 * Empties and deletes the existing chains of @port that its new plan does not need: those reachable from its roots, and
 * those of its old plan, which may have been cut off from their root by somebody.
 */
static void
write_deletions(Writer *writer, const NwfPlanChange *change)
{
    g_autoptr(GHashTable) gone = nwf_model_owned(writer->model, change->port);
    g_autoptr(GPtrArray) old = chain_names(change->old_plan, writer->layer, change->port);

    for (guint i = 0; i < old->len; i++)
        if (nwf_model_chain(writer->model, g_ptr_array_index(old, i)))
            g_hash_table_add(gone, g_strdup(g_ptr_array_index(old, i)));
    g_autoptr(GPtrArray) names = nwf_sorted_names(gone);
    for (guint i = 0; i < names->len; i++) {
        const char *name = g_ptr_array_index(names, i);
        if (g_hash_table_contains(writer->needed, name) || nwf_model_shared(writer->model, name, gone))
            continue;
        if (must_stay(writer, change->port, name)) {
            if (nwf_model_chain(writer->model, name)->foreign_rules)
                declare(writer, change->port, name, nwf_layer_is_ip(writer->layer) ? "- [0:0]" : "RETURN");
            continue;
        }
        write_line(writer, SECTION_FLUSH, change->port, "-F %s", name);
        write_line(writer, SECTION_DELETE, change->port, "-X %s", name);
    }
}

static gboolean
has_root(const NwfPlan *plan, NwfLayer layer, NwfHook hook)
{
    for (guint i = 0; plan && i < plan->chains->len; i++) {
        const NwfChain *chain = g_ptr_array_index(plan->chains, i);
        if (chain->layer == layer && chain->hook == hook && !chain->suffix)
            return TRUE;
    }
    return FALSE;
}

static void
write_dispatch_line(Writer *writer, const char *port, const NwfDispatch *dispatch, const char *command)
{
    GString *line = begin_line(writer, SECTION_DISPATCH, port, NULL);

    g_string_append(line, command);
    nwf_dispatch_spec(line, dispatch, port);
}

/*
 * Exactly one dispatch rule of our form for each root chain, and none of any other form. In base chains of ours they
 * stand before the rules of others.
 */
static void
write_dispatch(Writer *writer, const NwfPlanChange *change)
{
    gboolean asks = !writer->asks && !nwf_layer_is_ip(writer->layer) && !writer->model->outlined;

    for (guint i = 0; i < NWF_DISPATCHES; i++) {
        const NwfDispatch *dispatch = &nwf_dispatches[i];
        guint have = nwf_model_dispatch(writer->model, change->port, i);
        guint want = dispatch->ours && dispatch->ip == nwf_layer_is_ip(writer->layer) &&
                     has_root(change->new_plan, writer->layer, dispatch->hook);

        const char *add = nwf_model_has_foreign_rules(writer->model, i) ? "-I " : "-A ";
        if (nwf_model_is_undeletable(writer->model, change->port, i)) {
            if (want > 0 && (have == 0 || nwf_model_is_shadowed(writer->model, change->port, i)))
                write_dispatch_line(writer, change->port, dispatch, add);
            continue;
        }
        for (; have > 0 && nwf_model_is_shadowed(writer->model, change->port, i); have--)
            write_dispatch_line(writer, change->port, dispatch, "-D ");
        if (asks && want > 0 && have == want) {
            write_dispatch_line(writer, change->port, dispatch, "-D ");
            have--;
            writer->asks = TRUE;
        }
        for (; have != want; have < want ? have++ : have--)
            write_dispatch_line(writer, change->port, dispatch, have < want ? add : "-D ");
    }
}

static gboolean
write_port(Writer *writer, const NwfPlanChange *change, GError **error)
{
    g_autoptr(GPtrArray) names = chain_names(change->new_plan, writer->layer, change->port);

    if (!claim(writer, change->port, names, error))
        return FALSE;
    writer->fills = writer->fills || names->len > 0;
    write_chains(writer, change);
    write_deletions(writer, change);
    write_dispatch(writer, change);
    return TRUE;
}

/* --- base chains of the IP layers --- */

static void
write_base(Writer *writer)
{
    gboolean takes_out = !writer->model->outlined;
    guint place = 0;

    for (guint i = 0; i < NWF_BASE_JUMPS; i++)
        for (guint n = takes_out ? writer->model->base_jumps[i] : 0; n > 0; n--)
            write_line(writer, SECTION_DISPATCH, NULL, "-D %s -j %s", nwf_base_jumps[i].builtin,
                       nwf_base_jumps[i].base);
    for (guint i = 0; i < NWF_BASE_JUMPS; i++) {
        const NwfBaseJump *jump = &nwf_base_jumps[i];
        gboolean exists = nwf_model_chain(writer->model, jump->base) != NULL;

        if (!exists && !writer->fills)
            continue;
        if (!exists)
            write_line(writer, SECTION_DECLARE, NULL, ":%s - [0:0]", jump->base);
        place = i > 0 && g_str_equal(jump->builtin, nwf_base_jumps[i - 1].builtin) ? place + 1 : 1;
        write_line(writer, SECTION_DISPATCH, NULL, "-I %s %u -j %s", jump->builtin, place, jump->base);
    }
}

/*
 * Whether base chains and jumps are to be written: with every batch that changes something (@works), since they ask,
 * too; in a table that is outlined only where they are missing or not in their place.
 */
static gboolean
needs_base(const Writer *writer, gboolean works)
{
    gboolean lacks = FALSE;

    for (guint i = 0; writer->fills && i < NWF_BASE_JUMPS; i++)
        lacks = lacks || !nwf_model_chain(writer->model, nwf_base_jumps[i].base);
    if (!nwf_layer_is_ip(writer->layer))
        return FALSE;
    return !nwf_model_base_is_right(writer->model) || (writer->model->outlined ? lacks : works);
}

/* --- batches --- */

NwfPlanChange *
nwf_plan_change_new(const char *port, NwfPlan *old_plan, NwfPlan *new_plan)
{
    NwfPlanChange *change = g_new0(NwfPlanChange, 1);

    change->port = g_strdup(port);
    change->old_plan = old_plan ? nwf_plan_ref(old_plan) : NULL;
    change->new_plan = new_plan ? nwf_plan_ref(new_plan) : NULL;
    return change;
}

void
nwf_plan_change_free(NwfPlanChange *change)
{
    g_free(change->port);
    g_clear_pointer(&change->old_plan, nwf_plan_unref);
    g_clear_pointer(&change->new_plan, nwf_plan_unref);
    g_free(change);
}

void
nwf_batch_free(NwfBatch *batch)
{
    g_string_free(batch->text, TRUE);
    g_array_unref(batch->origins);
    g_string_chunk_free(batch->names);
    g_free(batch);
}

NwfBatch *
nwf_render(const NwfModel *model, NwfLayer layer, GPtrArray *changes, GError **error)
{
    g_auto(Writer) writer = writer_new(model, layer);
    gboolean fits = TRUE, works = FALSE;

    for (guint i = 0; fits && i < changes->len; i++) {
        const NwfPlanChange *change = g_ptr_array_index(changes, i);
        if (!change->old_plan || !nwf_plan_layer_equal(change->old_plan, change->new_plan, layer))
            fits = write_port(&writer, change, error);
    }
    for (guint i = 0; i < SECTIONS; i++)
        works = works || writer.origins[i]->len > 0;
    if (needs_base(&writer, works))
        write_base(&writer);
    return fits ? join(&writer) : NULL;
}

NwfBatch *
nwf_render_no_base(const NwfModel *model, NwfLayer layer)
{
    g_auto(Writer) writer = writer_new(model, layer);

    for (guint i = 0; i < NWF_BASE_JUMPS; i++) {
        const NwfBaseJump *jump = &nwf_base_jumps[i];
        if (!nwf_model_base_is_empty(model, i))
            continue;
        for (guint n = model->base_jumps[i]; n > 0; n--)
            write_line(&writer, SECTION_DISPATCH, NULL, "-D %s -j %s", jump->builtin, jump->base);
        write_line(&writer, SECTION_DELETE, NULL, "-X %s", jump->base);
    }
    return join(&writer);
}
