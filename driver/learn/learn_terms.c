/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * learn_terms.c: how a port may learn, and which addresses that lets in; see learn_terms.h
 *
 * Sources of the special ranges: RFC 1122 and 6890.
 */
#include "driver/learn/learn_terms.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#include "packet/check_private.h"

enum { BITS = 32 };

typedef struct Network {
    guint32 address, mask;
} Network;

static const Network special[] = {
    {0x00000000, 0xff000000}, /* 0/8: this network */
    {0x7f000000, 0xff000000}, /* 127/8: loopback */
    {0xe0000000, 0xf0000000}, /* 224/4: multicast */
    {0xf0000000, 0xf0000000}, /* 240/4: reserved, with 255.255.255.255 */
};

static gboolean
networks_have(const Network *networks, guint n, const NwfAddress *address)
{
    for (guint i = 0; i < n; i++)
        if ((nwf_address_number(address) & networks[i].mask) == networks[i].address)
            return TRUE;
    return FALSE;
}

/* ---- CTRL_IP_ALLOWED ---- */

static gboolean
parse_network(Network *network, const char *text)
{
    gsize length = strcspn(text, "/_");
    g_autofree char *quad = g_strndup(text, length);
    guint64 bits = BITS;
    NwfAddress address;

    if (!nwf_address_parse(&address, quad) ||
        (text[length] != '\0' && !g_ascii_string_to_unsigned(text + length + 1, 10, 0, BITS, &bits, NULL)))
        return FALSE;
    network->mask = bits == 0 ? 0 : G_MAXUINT32 << (BITS - bits);
    network->address = nwf_address_number(&address) & network->mask;
    return TRUE;
}

NwfAllowed *
nwf_allowed_parse(const GPtrArray *texts, GError **error)
{
    g_autoptr(NwfAllowed) allowed = g_array_new(FALSE, FALSE, sizeof(Network));

    for (guint i = 0; i < texts->len; i++) {
        const char *text = g_ptr_array_index(texts, i);
        g_autofree char *shown = nwf_clip(text);
        Network network;
        if (!parse_network(&network, text)) {
            nwf_set_error(error, NWF_ERROR_PARSE,
                          _("CTRL_IP_ALLOWED is '%s'; expected an IPv4 address, with _ and the length of its prefix "
                            "(0-32) for a network: 192.0.2.0_24"),
                          shown);
            return NULL;
        }
        g_array_append_val(allowed, network);
    }
    return g_steal_pointer(&allowed);
}

gboolean
nwf_allowed_has(const NwfAllowed *allowed, const NwfAddress *address)
{
    return networks_have((const Network *)(const void *)allowed->data, allowed->len, address);
}

/* ---- lists of addresses ---- */

gboolean
nwf_addresses_have(const GArray *list, const NwfAddress *address)
{
    for (guint i = 0; i < list->len; i++)
        if (nwf_address_equal(&g_array_index(list, NwfAddress, i), address))
            return TRUE;
    return FALSE;
}

gboolean
nwf_addresses_equal(const GArray *a, const GArray *b)
{
    if (!a || !b || a->len != b->len)
        return a == b;
    return a->len == 0 || memcmp(a->data, b->data, a->len * g_array_get_element_size((GArray *)a)) == 0;
}

/* ---- terms ---- */

const char *const nwf_learn_mode_words[NWF_LEARN_MODES] = {[NWF_LEARN_ANY] = "any", [NWF_LEARN_DHCP] = "dhcp"};

NwfLearnTerms *
nwf_learn_terms_new(NwfLearnMode mode, const char *portdev, const guint8 owner[16], const guint8 mac[6])
{
    NwfLearnTerms *terms = g_new0(NwfLearnTerms, 1);

    g_atomic_ref_count_init(&terms->references);
    terms->mode = mode;
    terms->portdev = g_strdup(portdev);
    memcpy(terms->owner, owner, sizeof(terms->owner));
    memcpy(terms->mac, mac, sizeof(terms->mac));
    terms->servers = g_array_new(FALSE, FALSE, sizeof(NwfAddress));
    terms->max = NWF_LEARN_MAX_DEFAULT;
    return terms;
}

NwfLearnTerms *
nwf_learn_terms_ref(NwfLearnTerms *terms)
{
    g_atomic_ref_count_inc(&terms->references);
    return terms;
}

void
nwf_learn_terms_unref(NwfLearnTerms *terms)
{
    if (!terms || !g_atomic_ref_count_dec(&terms->references))
        return;
    g_free(terms->portdev);
    g_array_unref(terms->servers);
    g_clear_pointer(&terms->allowed, g_array_unref);
    g_free(terms);
}

gboolean
nwf_learn_terms_equal(const NwfLearnTerms *a, const NwfLearnTerms *b)
{
    return nwf_learn_terms_same_client(a, b) && a->max == b->max && nwf_addresses_equal(a->servers, b->servers) &&
           nwf_addresses_equal(a->allowed, b->allowed);
}

gboolean
nwf_learn_terms_same_client(const NwfLearnTerms *a, const NwfLearnTerms *b)
{
    return a->mode == b->mode && strcmp(a->portdev, b->portdev) == 0 &&
           memcmp(a->owner, b->owner, sizeof(a->owner)) == 0 && memcmp(a->mac, b->mac, sizeof(a->mac)) == 0;
}

/* ---- one address ---- */

/* Prefixes of 31 and 32 bits have neither address (RFC 3021); a mask with holes says nothing. */
static gboolean
is_edge_of_network(const NwfAddress *address, const NwfAddress *mask)
{
    guint32 hosts = mask && nwf_address_is_set(mask) ? ~nwf_address_number(mask) : 0;
    guint32 host = nwf_address_number(address) & hosts;

    return hosts > 1 && (hosts & (hosts + 1)) == 0 && (host == 0 || host == hosts);
}

NwfRefusal
nwf_address_policy(const NwfAddressPolicy *policy, const NwfAddress *address, const NwfAddress *mask, gboolean listed)
{
    NwfRefusal held = NWF_REFUSAL_NONE;

    NWF_REFUSE_UNLESS(!networks_have(special, G_N_ELEMENTS(special), address), SPECIAL);
    NWF_REFUSE_UNLESS(!is_edge_of_network(address, mask), NETWORK);
    if (!policy)
        return NWF_REFUSAL_NONE;
    const NwfAllowed *allowed = policy->terms->allowed;
    NWF_REFUSE_UNLESS(!allowed || nwf_allowed_has(allowed, address), NOT_ALLOWED);
    if (policy->owner)
        held = policy->owner(address, listed, policy->owner_data);
    return NWF_FAILS(held == NWF_REFUSAL_NONE, held) ? held : NWF_REFUSAL_NONE;
}
