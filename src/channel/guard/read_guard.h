/*-------------------------------------------------------------------------
 *
 * read_guard.h
 *		Which relations' reads are guarded.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHARING_GUARD_READ_GUARD_H
#define SHARING_GUARD_READ_GUARD_H

#include "nodes/pg_list.h"

/*
 * A guard as its reader meets it.  Columns and data class are those of
 * sg_guard_lookup(), which takes the id.
 */
typedef struct ReadGuard
{
	char		guard_id[37];	/* as text */
	Oid			relid;			/* the protected table itself */
	bool		is_export;		/* an export table: its rows were decided on
								 * when they were written */
	bool		record_self_access;
	bool		filter_reads;
} ReadGuard;

/* Called once, at library load. */
extern void sg_read_guard_init(void);

struct PlannedStmt;

/*
 * Notes that a plan which is about to start names no guarded relation (NULL: that
 * of none this is known), so that its run need not look again.  Good until a guard,
 * a relation or another plan comes.
 */
extern void sg_read_guard_note_plain(const struct PlannedStmt *plan);
extern bool sg_read_guard_is_plain(const struct PlannedStmt *plan);

/*
 * Counts the invalidations of relations that have come.  What was looked up in
 * the catalogs of relations still holds while this stays the same.
 */
extern uint64 sg_read_guard_invalidations(void);

/*
 * May any table be guarded, as far as was heard by now?  Where none is, and
 * nothing has changed, this is all that a statement pays.  Where it says yes,
 * sg_read_guard_any() knows.
 */
extern PGDLLIMPORT bool sg_read_guard_possible;
extern bool sg_read_guard_any(void);

/*
 * The guard of this relation, its own or that of a table it is a partition or
 * a child of; NULL if there is none.  Valid until the next call of
 * sg_read_guard_any().
 */
extern const ReadGuard *sg_read_guard_find(Oid relid);

/*
 * The guards of source tables that are partitions of this one, which has no
 * guard itself, as a list of const ReadGuard *; NIL for most tables.  Valid as
 * long as what sg_read_guard_find() returns.
 */
extern List *sg_read_guard_below(Oid relid);

/*
 * The table whose long values are kept in this relation; InvalidOid for one
 * that keeps none.
 */
extern Oid	sg_table_of_toast(Oid relid);

/* Is a COPY refused whose destination nobody has declared? */
extern bool sg_read_guard_refuse_undeclared(void);

#endif							/* SHARING_GUARD_READ_GUARD_H */
