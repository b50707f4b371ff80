/*-------------------------------------------------------------------------
 *
 * change.h
 *		Notices every change of a policy table.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHARING_GUARD_CHANGE_H
#define SHARING_GUARD_CHANGE_H

#include "disclosure.h"

/* One changed row, or one TRUNCATE (both rows NULL). */
typedef struct PolicyChange
{
	const char *operation;		/* INSERT, UPDATE, DELETE, TRUNCATE */
	const char *relation;		/* sharing_guard.rule, ... */
	const char *key;			/* the row's key, as text; NULL for TRUNCATE */
	const char *old_row;		/* as JSON; NULL where there is none */
	const char *new_row;
	int64		policy_revision;	/* the revision that the change makes */
	TimestampTz at;
} PolicyChange;

/*
 * Who is told of each change.  policy/ knows nothing of audit/, so the front
 * door hangs audit's recorder in here at library load.
 */
typedef void (*PolicyChangeCallback) (const PolicyChange *change);
extern PGDLLIMPORT PolicyChangeCallback sg_policy_change_callback;

/*
 * Is the policy, as this session sees it, one that is not committed yet?  An
 * event that outlives the transaction must not name its revision.
 */
extern bool sg_policy_changed_in_transaction(void);

#endif							/* SHARING_GUARD_CHANGE_H */
