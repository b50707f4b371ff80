/*-------------------------------------------------------------------------
 *
 * guard_state.h
 *		What the hooks on commands need to know: which tables are guarded,
 *		who is bound to which agency, whether maintenance is open.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHARING_GUARD_GUARD_STATE_H
#define SHARING_GUARD_GUARD_STATE_H

#include "channel/guard/guard_catalog.h"
#include "nodes/pg_list.h"

/* Called once, at library load. */
extern void sg_ddl_state_init(void);

/*
 * The catalog of guards as of now; see guard_state.c.
 */
extern const GuardCatalog *sg_ddl_state(void);

/*
 * The same as it was read last, for hooks that are called in the midst of a
 * change of the catalogs, where nothing may be executed.
 */
extern const GuardCatalog *sg_guard_catalog_as_read(void);

/*
 * Is any source table protected?  For what is asked with every statement and
 * every function; those ask for sg_guard_possible before.
 */
extern bool sg_ddl_any_records(void);

/* The guard of this relation, its own or that of a table above it; or NULL. */
extern const GuardedTable *sg_ddl_guard_of(const GuardCatalog *state, Oid relid);

/*
 * The same, and the guards of tables below it: those of all that a command on
 * it may touch.
 */
extern List *sg_ddl_guards_touched(const GuardCatalog *state, Oid relid);

/* Does the guard need this column?  False for NULL. */
extern bool sg_ddl_guard_has_column(const GuardedTable *guard,
									const char *column);

/* The agency that this role discloses to, by membership; or NULL. */
extern const char *sg_ddl_agency_of_role(const GuardCatalog *state, Oid role);

extern const char *sg_ddl_acting_agency(const GuardCatalog *state);

/*
 * The agency that a server or a publication of this name stands for; or NULL.
 */
extern const char *sg_ddl_agency_of_name(List *bindings, const char *name);

/*
 * Is there an approved maintenance that was not closed?  As of the last
 * invalidation that was accepted.  Called for each row.
 */
static inline bool
sg_ddl_maintenance_pending(void)
{
	const GuardCatalog *catalog = likely(sg_guard_catalog_is_current()) ?
	sg_guard_catalog_as_read() : sg_ddl_state();

	return catalog != NULL && unlikely(catalog->maintenance_until != 0);
}

/* Is an approved maintenance open at this moment? */
extern bool sg_ddl_maintenance_open(const GuardCatalog *state);

#endif							/* SHARING_GUARD_GUARD_STATE_H */
