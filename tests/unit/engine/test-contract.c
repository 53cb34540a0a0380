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

static const ContractSubject fake_subject = {"fake",       TRUE,      "\n" ETHER("9999"), fake_fresh,     fake_open,
                                             fake_listing, fake_harm, fake_touched,       fake_generation};

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

static const ContractSubject ebiptables_subject = {"iptables",
                                                   FALSE,
                                                   BAD,
                                                   ebiptables_fresh,
                                                   ebiptables_open,
                                                   world_kernel,
                                                   ebiptables_harm,
                                                   ebiptables_touched,
                                                   ebiptables_generation};

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
