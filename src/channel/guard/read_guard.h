/*-------------------------------------------------------------------------
 *
 * read_guard.h
 *		Which relations' reads are guarded.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHARING_GUARD_READ_GUARD_H
#define SHARING_GUARD_READ_GUARD_H

#include "channel/guard/guard_catalog.h"
#include "nodes/pg_list.h"

/* Called once, at library load. */
extern void sg_read_guard_init(void);

struct PlannedStmt;

/*
 * A plan that is about to start and names no guarded relation, so that its run
 * need not look again; NULL if that is not known.  Every invalidation of a
 * relation or a schema clears it.
 */
extern PGDLLIMPORT const struct PlannedStmt *sg_plain_plan;

/*
 * Counts the invalidations of relations that have come.  What was looked up in
 * the catalogs of relations still holds while this stays the same.
 */
extern uint64 sg_read_guard_invalidations(void);

extern bool sg_read_guard_any_loaded(void);

/* Is any table guarded?  Loads the catalog if it is stale. */
static inline bool
sg_read_guard_any(void)
{
	const GuardCatalog *catalog = sg_guard_catalog_as_read();

	if (unlikely(!sg_guard_catalog_is_current()))
		return sg_read_guard_any_loaded();
	return catalog != NULL && catalog->guards != NIL;
}

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

/* Is a COPY without a declared destination refused? */
extern bool sg_read_guard_refuse_undeclared(void);

#endif							/* SHARING_GUARD_READ_GUARD_H */
