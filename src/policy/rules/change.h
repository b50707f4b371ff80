/*-------------------------------------------------------------------------
 *
 * change.h
 *		Notices every change of a policy table.
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
 * Who is told of each change.  policy/ knows nothing of audit/, so the front
 * door hangs audit's recorder in here at library load.
 */
typedef void (*PolicyChangeCallback) (const PolicyChange *change);
extern PGDLLIMPORT PolicyChangeCallback sg_policy_change_callback;

/*
 * Called when the commit of a transaction that has changed the policy has drawn
 * the numbers of its revisions: what was held back for want of them can be
 * recorded.
 */
extern PGDLLIMPORT void (*sg_policy_revisions_drawn_callback) (void);

/*
 * Draws the numbers of all revisions that the current transaction has made, which
 * locks the counter until its end, and calls that back.  For changes that are
 * made after the commit has begun; the others are seen to when it begins.
 */
extern void sg_policy_draw_revisions(void);
extern bool sg_policy_commit_has_begun(void);

/*
 * The number of the revision that the current transaction has made last, which
 * is negative, since it is provisional; 0 where it has made none, all were rolled
 * back, or the numbers are drawn.
 */
extern int64 sg_policy_provisional_revision(void);

/*
 * What a provisional number has become; 0 where the numbers are not drawn yet,
 * or the revision was rolled back.  Any other number is returned as it is.
 *
 * An event that outlives the transaction names no provisional revision, since
 * that may never be committed; see audit/log/event.h.
 */
extern int64 sg_policy_final_revision(int64 revision);

#endif							/* SHARING_GUARD_CHANGE_H */
