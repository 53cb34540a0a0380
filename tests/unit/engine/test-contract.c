/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test-contract.c: the backends, and the fake one, held against the contract
 */
#include "driver/tech/backends.h"
#include "driver/run/netlink.h"
#include "tests/unit/engine/contract.h"
#include "tests/unit/engine/fake_backend.h"
#include "tests/unit/engine/world.h"

/* ---- the fake backend: its kernel is part of it, so there is one for all starts ---- */

static FakeBackend *fake;
static void (*really_free)(NwfBackend *backend);

static void
keep(NwfBackend *backend G_GNUC_UNUSED)
{
}

static void
fake_fresh(void)
{
    if (fake)
        really_free(fake_backend_base(fake));
    fake = fake_backend_new();
    really_free = fake_backend_base(fake)->free;
    fake_backend_base(fake)->free = keep;
    fake_backend_refuse_line(fake, 2, FALSE);
}

static NwfBackend *
fake_open(void)
{
    return fake_backend_base(fake);
}

static char *
fake_listing(void)
{
    return fake_backend_listing(fake);
}

static void
fake_harm(const char *port)
{
    fake_backend_set(fake, port, NULL);
}

static const char *
fake_touched(const char *port)
{
    return port;
}

static guint32
fake_generation(void)
{
    return fake_backend_generation(fake);
}

/* Of two ports the first gets the new rules. */
static void
fake_doubt(guint way G_GNUC_UNUSED)
{
    for (guint i = 0; i < 3; i++)
        fake_backend_then(fake, (FakeStep){.outcome = FAKE_LOSES});
}

static void
fake_settle(void)
{
    fake_backend_forget(fake);
}

static const ContractSubject fake_subject = {
    .name = "fake",
    .reasserts = TRUE,
    .bad = "\n" ETHER("9999"),
    .fresh = fake_fresh,
    .open = fake_open,
    .listing = fake_listing,
    .harm = fake_harm,
    .touched = fake_touched,
    .generation = fake_generation,
    .doubts = 1,
    .doubt = fake_doubt,
    .settle = fake_settle,
};

/* ---- ebtables, iptables and ip6tables ---- */

/* The listing of a table that was used differs from that of one that never was. */
static void
ebiptables_fresh(void)
{
    sandbox_fresh();
    g_free(sandbox_run("ebtables -t nat -N x; ebtables -t nat -X x"));
}

static NwfBackend *
ebiptables_open(void)
{
    const NwfBackendOptions options = {FALSE, NULL};

    return nwf_backend_kind("iptables")->new (&options);
}

static void
ebiptables_harm(const char *port)
{
    g_autofree char *script = g_strdup_printf("ebtables -t nat -F libvirt-O-%s", port);

    g_free(sandbox_run(script));
}

static const char *
ebiptables_touched(const char *port)
{
    static char name[32];

    g_snprintf(name, sizeof(name), "libvirt-O-%s", port);
    return name;
}

static guint32
ebiptables_generation(void)
{
    guint32 number = 0;

    g_assert_true(nwf_nft_generation(&number));
    return number;
}

/* A tool dies after the kernel took its batch, or refuses what would lead back; from the first batch on, or later. */
#define DIES         "$REAL \"$@\"; kill -KILL $$"
#define REFUSES      "echo 'not now' >&2; exit 1"
#define FROM_2ND(it) "if [ -e $INSTEAD.2nd ]; then " it "; fi; touch $INSTEAD.2nd; exec $REAL \"$@\""

static const struct {
    const char *iptables, *ebtables; /* NULL: works */
} ebiptables_ways[] = {
    {DIES, NULL},                          /* the IP layer, while the port is closed */
    {NULL, DIES},                          /* the closing */
    {NULL, FROM_2ND(DIES)},                /* the Ethernet layer, as the last */
    {FROM_2ND(REFUSES), FROM_2ND(REFUSES)} /* the last stage is refused, and the way back */
};

static void
ebiptables_doubt(guint way)
{
    sandbox_spoil("iptables-restore", ebiptables_ways[way].iptables);
    sandbox_spoil("ebtables-restore", ebiptables_ways[way].ebtables);
    g_free(sandbox_run("rm -f /run/nwf-kernel/*.2nd"));
}

static void
ebiptables_settle(void)
{
    sandbox_spoil("iptables-restore", NULL);
    sandbox_spoil("ebtables-restore", NULL);
}

static const ContractSubject ebiptables_subject = {
    .name = "iptables",
    .reasserts = FALSE,
    .bad = BAD,
    .fresh = ebiptables_fresh,
    .open = ebiptables_open,
    .listing = world_kernel,
    .harm = ebiptables_harm,
    .touched = ebiptables_touched,
    .generation = ebiptables_generation,
    .doubts = G_N_ELEMENTS(ebiptables_ways),
    .doubt = ebiptables_doubt,
    .settle = ebiptables_settle,
};

static void
add(void)
{
    contract_add(&fake_subject);
    contract_add(&ebiptables_subject);
}

int
main(int argc, char **argv)
{
    return world_main(argc, argv, add);
}
