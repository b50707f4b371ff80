/*-------------------------------------------------------------------------
 *
 * guard_catalog.h
 *		Which tables are guarded, which roles, servers and publications stand
 *		for which agency, and the settings that channels need.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHARING_GUARD_GUARD_CATALOG_H
#define SHARING_GUARD_GUARD_CATALOG_H

#include "base/inval.h"
#include "datatype/timestamp.h"
#include "nodes/pg_list.h"
#include "utils/hsearch.h"

/* The part of a guard that readers copy; it points to nothing. */
typedef struct ReadGuard
{
	char		guard_id[37];	/* as text */
	Oid			relid;			/* the protected table itself */
	bool		is_export;		/* an export table: its rows were decided on
								 * when they were written */
	bool		record_self_access;
	bool		filter_reads;
} ReadGuard;

/* One row of sharing_guard.guard. */
typedef struct GuardedTable
{
	ReadGuard	read;
	const char *relation;		/* schema-qualified, quoted as needed */
	const char *data_class;		/* or NULL: a column says */
	bool		enforce;		/* the guard's own mode */
	bool		skip_row;		/* skips a blocked row instead of refusing it */
} GuardedTable;

/* One row of sharing_guard.role_binding, by OID because roles are renamed. */
typedef struct LoadedBinding
{
	Oid			role;
	const char *agency_id;
	const char *agency_name;	/* or NULL */
	bool		own;			/* the agency that keeps this database */
	bool		shared;			/* several people use the login */
	bool		backup;
	bool		service;
} LoadedBinding;

/* A foreign server or a publication that stands for an agency. */
typedef struct NamedBinding
{
	const char *name;
	const char *agency;			/* agency.agency_id */
} NamedBinding;

/* What becomes of a copy of a protected table's rows. */
typedef enum CopiedTables
{
	COPIED_FLAG,
	COPIED_REFUSE,
	COPIED_PROTECT
} CopiedTables;

/* All of it as of one moment. */
typedef struct GuardCatalog
{
	uint64		generation;		/* another for each load */
	MemoryContext context;		/* it is freed with this */
	List	   *guards;			/* GuardedTable * */
	HTAB	   *by_relid;		/* the same */
	HTAB	   *relations;		/* answers that read_guard.c keeps, or NULL */
	bool		any_records;
	List	   *roles;			/* LoadedBinding * */
	List	   *servers;		/* NamedBinding * */
	List	   *publications;
	CopiedTables copied_tables;
	bool		refuse_undeclared;	/* a COPY without a declared destination */
	bool		configured;		/* there is a policy to decide by */
	Oid			schema;			/* of the extension */
	Oid			event_table;
	Oid			trigger_functions[3];	/* those that a guard's triggers call */

	/*
	 * The number of disclosures and attempts that prepare_drop() was told of.
	 */
	int64		kept_events;

	/* Approved maintenance that was not closed; 0: none. */
	TimestampTz maintenance_from;
	TimestampTz maintenance_until;	/* exclusive */
} GuardCatalog;

/* For the functions below, which statements that are not guarded call, too. */
extern PGDLLIMPORT TableCache sg_guard_catalog_cache;

/*
 * False only where the catalog that was read last is up to date and has no
 * guards.  Where nothing is guarded, reading this is all that a statement
 * pays.
 */
extern PGDLLIMPORT bool sg_guard_possible;

extern void sg_guard_catalog_init(void);
extern const GuardCatalog *sg_guard_catalog_load(void);
extern const GuardedTable *sg_guard_catalog_find(const GuardCatalog *catalog,
												 Oid relid);

/* Is the catalog up to date, as of the last invalidation that was accepted? */
static inline bool
sg_guard_catalog_is_current(void)
{
	return sg_table_cache_is_current(&sg_guard_catalog_cache);
}

/* Changes whenever the catalog may have changed. */
static inline uint64
sg_guard_catalog_generation(void)
{
	return sg_guard_catalog_cache.generation;
}

/*
 * Returns the catalog as it was read last, for hooks that are called in the
 * midst of a change of the system catalogs, where no query may run.
 */
static inline const GuardCatalog *
sg_guard_catalog_as_read(void)
{
	return sg_guard_catalog_cache.content;
}

/*
 * Returns the catalog as of the last invalidation that was accepted; NULL where
 * the extension is not in this database.  Raises what reading our tables
 * raises.
 *
 * The catalog is valid until the end of the transaction, though it may become
 * stale before.
 */
static inline const GuardCatalog *
sg_guard_catalog(void)
{
	return likely(sg_guard_catalog_is_current()) ?
		sg_guard_catalog_as_read() : sg_guard_catalog_load();
}

#endif							/* SHARING_GUARD_GUARD_CATALOG_H */
