/*-------------------------------------------------------------------------
 *
 * change.h
 *		Records every change of a policy table and makes its revision.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHARING_GUARD_CHANGE_H
#define SHARING_GUARD_CHANGE_H

#include "base/disclosure.h"

/* One changed row, or one TRUNCATE (both rows NULL). */
typedef struct PolicyChange
{
	const char *operation;		/* INSERT, UPDATE, DELETE, TRUNCATE */
	const char *relation;		/* sharing_guard.rule, ... */
	const char *key;			/* the row's key, as text; NULL for TRUNCATE */
	const char *old_row;		/* as JSON; NULL where there is none */
	const char *new_row;
	int64		policy_revision;	/* provisional: the revision that the
									 * change makes */
	TimestampTz at;
} PolicyChange;

/*
 * Called for each change.  policy/ does not include audit/, so _PG_init() sets
 * this to a function that records the change.
 */
typedef void (*PolicyChangeCallback) (const PolicyChange *change);
extern PGDLLIMPORT PolicyChangeCallback sg_policy_change_callback;

/*
 * Called when the commit of a transaction that has changed the policy has
 * drawn the numbers of its revisions.  Changes that waited for their numbers
 * can be recorded then.
 */
extern PGDLLIMPORT void (*sg_policy_revisions_drawn_callback) (void);

/*
 * Draws the numbers of all revisions that the current transaction has made,
 * which locks the counter until the transaction ends, and then calls
 * sg_policy_revisions_drawn_callback.  Callers need it only for changes that
 * are made after the commit has begun; the beginning of the commit draws the
 * numbers of all earlier ones.
 */
extern void sg_policy_draw_revisions(void);
extern bool sg_policy_commit_has_begun(void);

/*
 * Returns the provisional (negative) number of the last revision that the
 * current transaction has made.  Returns 0 where it has made none, where all
 * of them were rolled back, or where their numbers are drawn.
 */
extern int64 sg_policy_provisional_revision(void);

/*
 * Returns the final number of a provisional revision.  Returns 0 where the
 * numbers are not drawn yet, or where the revision was rolled back.  Returns
 * any other number as it is.
 *
 * An event that outlives the transaction does not name a provisional revision,
 * because that may never be committed; see audit/log/event.h.
 */
extern int64 sg_policy_final_revision(int64 revision);

#endif							/* SHARING_GUARD_CHANGE_H */
