/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * firewalld.c: reports that firewalld starts, stops, or makes its rules anew
 *
 * There are two signals: the bus reports a new owner of the name of firewalld, and firewalld that it has reloaded. Only
 * the owner of the name is believed; anybody may send a signal.
 *
 * The connection to the bus is the one that the whole process shares. It must not end the process when the bus ends,
 * which is what such connections do by default.
 *
 * The connection is made asynchronously. If the caller frees the object before that, the answer frees its memory.
 */
#include "driver/watch/firewalld.h"

#include <gio/gio.h>

#define FIREWALLD      "org.fedoraproject.FirewallD1"
#define FIREWALLD_PATH "/org/fedoraproject/FirewallD1"
#define BUS            "org.freedesktop.DBus"
#define BUS_PATH       "/org/freedesktop/DBus"

enum { SUBSCRIPTIONS = 2 };

struct NwfFirewalld {
    void (*changed)(gpointer data); /* NULL: freed */
    gpointer data;
    GCancellable *cancellable;
    GDBusConnection *bus;
    guint subscriptions[SUBSCRIPTIONS];
};

static void
on_signal(GDBusConnection *bus G_GNUC_UNUSED, const char *sender G_GNUC_UNUSED, const char *path G_GNUC_UNUSED,
          const char *interface G_GNUC_UNUSED, const char *signal G_GNUC_UNUSED, GVariant *arguments G_GNUC_UNUSED,
          gpointer data)
{
    NwfFirewalld *firewalld = data;

    if (firewalld->changed)
        firewalld->changed(firewalld->data);
}

static void
clear(gpointer data)
{
    NwfFirewalld *firewalld = data;

    g_clear_object(&firewalld->bus);
    g_clear_object(&firewalld->cancellable);
}

static void
release(gpointer firewalld)
{
    g_rc_box_release_full(firewalld, clear);
}

/* A signal that is on its way while the subscription ends finds the memory there. */
static guint
subscribe(NwfFirewalld *firewalld, const char *sender, const char *signal, const char *path, const char *first)
{
    return g_dbus_connection_signal_subscribe(firewalld->bus, sender, sender, signal, path, first,
                                              G_DBUS_SIGNAL_FLAGS_NONE, on_signal, g_rc_box_acquire(firewalld),
                                              release);
}

static void
on_bus(GObject *source G_GNUC_UNUSED, GAsyncResult *result, gpointer data)
{
    NwfFirewalld *firewalld = data;
    g_autoptr(GDBusConnection) bus = g_bus_get_finish(result, NULL);

    if (bus)
        g_dbus_connection_set_exit_on_close(bus, FALSE);
    if (bus && firewalld->changed) {
        firewalld->bus = g_steal_pointer(&bus);
        firewalld->subscriptions[0] = subscribe(firewalld, BUS, "NameOwnerChanged", BUS_PATH, FIREWALLD);
        firewalld->subscriptions[1] = subscribe(firewalld, FIREWALLD, "Reloaded", FIREWALLD_PATH, NULL);
    }
    release(firewalld);
}

NwfFirewalld *
nwf_firewalld_new(void (*changed)(gpointer data), gpointer data)
{
    NwfFirewalld *firewalld = g_rc_box_new0(NwfFirewalld);

    firewalld->changed = changed;
    firewalld->data = data;
    firewalld->cancellable = g_cancellable_new();
    g_bus_get(G_BUS_TYPE_SYSTEM, firewalld->cancellable, on_bus, g_rc_box_acquire(firewalld));
    return firewalld;
}

void
nwf_firewalld_free(NwfFirewalld *firewalld)
{
    if (!firewalld)
        return;
    firewalld->changed = NULL;
    g_cancellable_cancel(firewalld->cancellable);
    for (guint i = 0; firewalld->bus && i < SUBSCRIPTIONS; i++)
        g_dbus_connection_signal_unsubscribe(firewalld->bus, firewalld->subscriptions[i]);
    release(firewalld);
}
