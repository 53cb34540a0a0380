/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * lease_db.h: which addresses each port may use, and until when
 *
 * The database is the only truth about learned addresses. Everything else asks it and keeps no copy to act on, so that
 * an address can never outlive its lease somewhere.
 *
 * any: one address, the port's own. The first usable one is taken at once and then stays for the life of the binding:
 * no time and no message ends it. Within NWF_GRACE of the first it may be replaced once or more: an address in
 * 169.254/16 by any later one outside of it, any address by that of a believed ACK if it was itself learned from less.
 *
 * dhcp: a set of leases that belongs to the key (owner and MAC), not to the port: ports of one key share it, and it
 * outlives them all until the leases end. The server is followed, also to a shorter time. Over the cap a new address is
 * refused and the old ones stay, so that a forger cannot push out a good lease.
 *
 * Time is CLOCK_BOOTTIME in microseconds, given by the caller; the stock file holds wall clock, which is converted
 * where it is read and written (NwfClock). A lease without end is a flag, not a large number.
 *
 * The caller serializes all calls. The version of a port's set grows with each change of its addresses, so that many
 * changes in a short time are one report.
 */
#pragma once

#include "driver/learn/transactions.h"

/* From what an address was learned, least trusted first. */
typedef enum NwfLeaseSource { NWF_SOURCE_IP, NWF_SOURCE_ARP, NWF_SOURCE_ACK, NWF_SOURCES } NwfLeaseSource;
extern const char *const nwf_lease_source_words[NWF_SOURCES]; /* for files; never translated */

enum { NWF_KEY_LENGTH = 36 + 1 + 17 };  /* nwf_lease_key_format() */
#define NWF_GRACE (60 * G_USEC_PER_SEC) /* how long mode any may replace its first address */
#define NWF_NEVER G_MAXINT64

typedef struct NwfLease {
    NwfAddress address;
    NwfLeaseSource source;
    gboolean infinite;      /* always in mode any */
    gint64 expiry;          /* CLOCK_BOOTTIME; 0 if infinite */
    gint64 learned;         /* CLOCK_BOOTTIME: when the address came; mode any: when the first one came */
    gint64 granted;         /* CLOCK_BOOTTIME: when it was learned or renewed last */
    NwfAddress server;      /* of an ACK: option 54, which its sender may forge */
    NwfAddress listed;      /* source of its packet, which was in DHCPSERVER; none: there was no list, or not known */
    NwfAddress next_server; /* siaddr of it */
    NwfClientId client;     /* of the question */
} NwfLease;

/* One list of addresses, of a port in mode any or of a key in mode dhcp; lease_db.c alone changes it. */
typedef struct NwfLeaseSet {
    GArray *entries;              /* of NwfLease, in order of arrival */
    guint64 version;              /* grows when an address comes, goes or is replaced by another */
    guint64 renewals;             /* grows when times and sources alone change */
    guint64 *last_version;        /* highest version of any set of the database */
    char key[NWF_KEY_LENGTH + 1]; /* mode dhcp */
    guint ports;                  /* of mode dhcp that have this set */
    GList *abandoned;             /* its place among the sets without ports */
} NwfLeaseSet;

enum { NWF_VERSION_NOTHING = 1, NWF_VERSION_REMEMBERED = 2 }; /* of a new set, and of one with a remembered address */

/* Keys without a port that are kept; over it the one left longest ago is forgotten. Not before nwf_lease_db_settle().
 */
enum { NWF_ABANDONED_MAX = 4096 };
/** Longest lease that is not without end, in seconds. */
#define NWF_LEASE_SECONDS_MAX (G_MAXUINT32 - 1)

typedef struct NwfClock {
    gint64 boot; /* CLOCK_BOOTTIME, microseconds */
    gint64 wall; /* CLOCK_REALTIME, microseconds since the epoch */
} NwfClock;

typedef struct NwfLeaseDb NwfLeaseDb;

/* A port that learns. Others read its fields, lease_db.c alone changes them. */
typedef struct NwfLeasePort {
    char *name; /* of its interface */
    char key[NWF_KEY_LENGTH + 1];
    guint ifindex; /* of the device that is there, or was there last */
    NwfLearnMode mode;
    guint max;
    GArray *servers;  /* (element-type NwfAddress): in its DHCPSERVER now */
    NwfLeaseSet *set; /* any: the port's own; dhcp: that of the key */
} NwfLeasePort;

NwfLeaseDb *nwf_lease_db_new(void);
void nwf_lease_db_free(NwfLeaseDb *db); /* and all its ports */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(NwfLeaseDb, nwf_lease_db_free)

/** nwf_lease_key_format: "uuid-mac", lower case: owner and MAC of a binding. */
void nwf_lease_key_format(char out[NWF_KEY_LENGTH + 1], const guint8 uuid[16], const guint8 mac[6]);
/** nwf_lease_key_parse: checks the form and puts it in lower case. */
gboolean nwf_lease_key_parse(char out[NWF_KEY_LENGTH + 1], const char *text);

/**
 * nwf_lease_db_open:
 * @name: of the port's interface
 * @ifindex: of it; 0 if it does not exist now
 * @key: nwf_lease_key_format()
 * @max: most addresses (dhcp), 1 to NWF_LEARN_MAX; clamped
 *
 * Mode dhcp: the port has what its key has. Mode any: it has what nwf_lease_db_restore() remembers of a port
 * with the same name, index and key, otherwise nothing. While the device is away (index 0) its index is not compared:
 * nwf_lease_db_device() does that when one comes.
 *
 * Returns: (transfer none): valid until nwf_lease_db_close()
 */
NwfLeasePort *nwf_lease_db_open(NwfLeaseDb *db, const char *name, guint ifindex, const char *key, NwfLearnMode mode,
                                guint max);
/** nwf_lease_db_close: the binding is gone. Leases of a key stay until they end. */
void nwf_lease_db_close(NwfLeaseDb *db, NwfLeasePort *port);
/**
 * nwf_lease_db_device: the port's interface came with another index, or went (0). What mode any learned belongs to the
 * device: it is kept while the device is away and forgotten when another one comes.
 */
void nwf_lease_db_device(NwfLeaseDb *db, NwfLeasePort *port, guint ifindex);
/** nwf_lease_db_forget: what the port learned (dhcp: also for the other ports of its key). */
void nwf_lease_db_forget(NwfLeaseDb *db, NwfLeasePort *port);
/** nwf_lease_db_limit: another cap from now on; what is over it is kept and not shown. */
void nwf_lease_db_limit(NwfLeasePort *port, guint max);

/** nwf_lease_db_trust: @servers (element-type NwfAddress) are those in DHCPSERVER from now on; nobody changes it. */
void nwf_lease_db_trust(NwfLeasePort *port, GArray *servers);

/** nwf_lease_db_learn: @port was seen to use @address. Mode any alone. @source: not NWF_SOURCE_ACK. */
NwfRefusal nwf_lease_db_learn(NwfLeaseDb *db, NwfLeasePort *port, const NwfAddress *address, NwfLeaseSource source,
                              gint64 now);
/** nwf_lease_db_apply: an event of transactions.h. */
NwfRefusal nwf_lease_db_apply(NwfLeaseDb *db, NwfLeasePort *port, const NwfLeaseEvent *event, gint64 now);

/**
 * nwf_lease_db_has_listed: whether the port has @address by a lease of a server in DHCPSERVER: one whose packet came
 * from an address that was in the list when it was believed, and still is. Of a lease that was believed without a list,
 * of the stock driver, or of a server that is not in the list any more it is not known who gave it.
 */
gboolean nwf_lease_db_has_listed(const NwfLeasePort *port, const NwfAddress *address);
/** nwf_lease_db_drop: the port (dhcp: its key) has @address no more, whatever the mode. */
void nwf_lease_db_drop(NwfLeaseDb *db, NwfLeasePort *port, const NwfAddress *address);

/** nwf_lease_db_expire: ends what is over at @now. Returns: TRUE if anything was */
gboolean nwf_lease_db_expire(NwfLeaseDb *db, gint64 now);
/** nwf_lease_db_next_expiry: when to call it next, or NWF_NEVER. */
gint64 nwf_lease_db_next_expiry(const NwfLeaseDb *db);

/** nwf_lease_db_changes: grows with anything that files hold, of any port. */
guint64 nwf_lease_db_changes(const NwfLeaseDb *db);

/** nwf_lease_db_leases: (element-type NwfLease) (transfer full): in order of arrival, at most the port's cap. */
GArray *nwf_lease_db_leases(const NwfLeasePort *port);
/**
 * nwf_lease_db_peek: what nwf_lease_db_open() with these arguments would begin with, without opening anything.
 * @version: (out): the version that the set of that port would have
 *
 * Returns: (transfer full) (element-type NwfLease): maybe empty, valid until the next change; without regard to any cap
 */
GArray *nwf_lease_db_peek(const NwfLeaseDb *db, const char *name, guint ifindex, const char *key, NwfLearnMode mode,
                          guint64 *version);
/** nwf_lease_db_first: (transfer none): the first address, valid until the next change, or NULL. */
const NwfLease *nwf_lease_db_first(const NwfLeasePort *port);

typedef gboolean (*NwfLeasePortFilter)(const NwfLeasePort *port, gpointer data);
/**
 * nwf_lease_db_owner: (transfer none): the first port in order of opening with another key than @key that has @address
 * and passes @filter (which may look at the bridge; NULL: all), or NULL
 */
NwfLeasePort *nwf_lease_db_owner(const NwfLeaseDb *db, const NwfAddress *address, const char *key,
                                 NwfLeasePortFilter filter, gpointer data);

/* ---- for the files ---- */

/* One address as files know it: all they hold, times still in CLOCK_BOOTTIME. */
typedef struct NwfRecord {
    NwfLearnMode mode;
    char key[NWF_KEY_LENGTH + 1];
    char name[64]; /* mode any; empty: leases belong to the key */
    guint ifindex;
    NwfLease lease;
} NwfRecord;

/** nwf_lease_db_records: (element-type NwfRecord) (transfer full): all there is, by key, name and order of arrival. */
GArray *nwf_lease_db_records(const NwfLeaseDb *db);
/**
 * nwf_lease_db_restore:
 * @records: (element-type NwfRecord): as read from a file of this boot
 *
 * Before the first port is opened. Leases are in force at once for their key, at most NWF_LEARN_MAX of each; what
 * ports of mode any had learned is remembered, also in files, until a port of the name is opened.
 */
void nwf_lease_db_restore(NwfLeaseDb *db, const GArray *records);
/**
 * nwf_lease_db_settle: the ports that there were when the records were written are open again, if they are at all. From
 * now on NWF_ABANDONED_MAX counts; until now no key that was restored is forgotten, however many there are.
 */
void nwf_lease_db_settle(NwfLeaseDb *db);
