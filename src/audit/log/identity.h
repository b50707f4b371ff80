/*-------------------------------------------------------------------------
 *
 * identity.h
 *		Which log is this: the id that events and checkpoints carry.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHARING_GUARD_IDENTITY_H
#define SHARING_GUARD_IDENTITY_H

#include "nodes/pg_list.h"
#include "utils/timestamp.h"
#include "utils/uuid.h"

/* One row of sharing_guard.log. */
typedef struct LogIdentity
{
	pg_uuid_t	log_id;
	pg_uuid_t	parent;			/* if has_parent */
	bool		has_parent;
	TimestampTz created_at;
	uint64		system_identifier;
	Oid			database_oid;
	bool		received;		/* another database's, replicated */
	const char *cause;
} LogIdentity;

/* Called once, at library load. */
extern void sg_identity_init(void);

/*
 * The id under which this database writes.  False, and zeroes, where the
 * extension has no identity at all, which only a superuser can bring about.
 */
extern bool sg_log_id(pg_uuid_t *log_id);

/* The same, but never looks at a table: false where it is not known yet. */
extern bool sg_log_id_if_known(pg_uuid_t *log_id);

/* All rows of sharing_guard.log, as LogIdentity; palloc'd. */
extern List *sg_log_identities(void);

/*
 * Of those rows ours.  Where none is (a copied or upgraded database), false,
 * and what ours would be.
 */
extern bool sg_log_own(List *identities, LogIdentity *own);

/* Records such an identity. */
extern void sg_log_register(const LogIdentity *own);

extern bool sg_uuid_equal(const pg_uuid_t *a, const pg_uuid_t *b);

#endif							/* SHARING_GUARD_IDENTITY_H */
