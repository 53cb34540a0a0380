/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * interim.c: the rules of a port whose address is not known yet, see interim.h
 *
 * They are filter documents, parsed and compiled like any other filter. All rules are at the Ethernet layer, in root
 * chains; 'out' is what the VM sends.
 *
 * The announcement is what QEMU sends for a VM that has just moved here: a reverse ARP request from and about its own
 * MAC.
 */
#include "plan/interim.h"

#include <string.h>

#define FILTER(rules) "<filter name='" NAME "' chain='root'>" rules "</filter>"
#define NAME          "address-unknown" /* seen in messages only: these filters are in no table */

#define DHCP_FROM_VM                                                                                                   \
    "<rule action='accept' direction='out'><ip srcmacaddr='$MAC' protocol='udp' srcportstart='68' "                    \
    "dstportstart='67'/></rule>"
#define ARP_PROBE_FROM_VM                                                                                              \
    "<rule action='accept' direction='out'><arp srcmacaddr='$MAC' hwtype='1' protocoltype='0x0800' opcode='Request' "  \
    "arpsrcmacaddr='$MAC' arpsrcipaddr='0.0.0.0'/></rule>"
#define ANNOUNCEMENT_FROM_VM                                                                                           \
    "<rule action='accept' direction='out'><rarp srcmacaddr='$MAC' hwtype='1' protocoltype='0x0800' "                  \
    "opcode='Request_Reverse' arpsrcmacaddr='$MAC' arpdstmacaddr='$MAC' arpsrcipaddr='0.0.0.0' "                       \
    "arpdstipaddr='0.0.0.0'/></rule>"
#define ALL_IPV4_FROM_VM                                                                                               \
    "<rule action='accept' direction='out'><mac srcmacaddr='$MAC' protocolid='ipv4'/></rule>"                          \
    "<rule action='accept' direction='out'><mac srcmacaddr='$MAC' protocolid='arp'/></rule>"
#define DROP_REST(direction) "<rule action='drop' direction='" direction "'/>"
#define DHCP_TO(mac, source)                                                                                           \
    "<rule action='accept' direction='in'><ip dstmacaddr='" mac "' protocol='udp' " source                             \
    "srcportstart='67' dstportstart='68'/></rule>"
#define DHCP_TO_VM(source) DHCP_TO("$MAC", source) DHCP_TO("ff:ff:ff:ff:ff:ff", source)
#define SERVERS            "srcipaddr='$DHCPSERVER[@1]' "

enum { WITHOUT_SERVERS, WITH_SERVERS, FORMS };

static const char *const documents[NWF_INTERIMS][FORMS] = {
    [NWF_INTERIM_ANY] = {FILTER(DHCP_FROM_VM ARP_PROBE_FROM_VM ANNOUNCEMENT_FROM_VM DROP_REST("out"))},
    [NWF_INTERIM_OPEN] = {FILTER(ALL_IPV4_FROM_VM ANNOUNCEMENT_FROM_VM DROP_REST("out"))},
    [NWF_INTERIM_DHCP] = {FILTER(DHCP_FROM_VM DROP_REST("out") DHCP_TO_VM("") DROP_REST("in")),
                          FILTER(DHCP_FROM_VM DROP_REST("out") DHCP_TO_VM(SERVERS) DROP_REST("in"))},
};

static NwfFilter *
lookup(const char *name, gpointer data)
{
    return strcmp(name, NAME) == 0 ? data : NULL;
}

NwfRules *
nwf_rules_new_interim(NwfInterim interim, const NwfParams *params, GError **error)
{
    const NwfReading reading = {.dialect = NWF_DIALECT_12};
    guint form =
        nwf_params_get(params, "DHCPSERVER") && documents[interim][WITH_SERVERS] ? WITH_SERVERS : WITHOUT_SERVERS;
    g_autoptr(NwfFilter) filter = nwf_filter_parse(documents[interim][form], &reading, NULL, error);
    g_autoptr(NwfTree) tree = filter ? nwf_tree_new(NAME, lookup, filter, error) : NULL;

    return tree ? nwf_rules_of_tree(tree, params, NULL, NULL, error) : NULL;
}
