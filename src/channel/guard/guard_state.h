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

#include "datatype/timestamp.h"
#include "nodes/pg_list.h"

/* One row of sharing_guard.guard. */
typedef struct GuardedTable
{
	Oid			relid;
	const char *guard_id;
	const char *relation;		/* schema-qualified, quoted as needed */
	const char *data_class;		/* or NULL: a column says */
	bool		records;		/* a source table; else an export table */
	bool		enforce;		/* the guard's own mode */
	bool		filter_reads;
	List	   *columns;		/* char *: those that the guard needs */
} GuardedTable;

/* A role, a foreign server or a publication that stands for an agency. */
typedef struct Binding
{
	Oid			role;			/* of roles alone */
	const char *name;			/* of servers and publications */
	const char *agency;			/* agency.agency_id */
} Binding;

/* What becomes of a copy of a protected table's rows. */
typedef enum CopiedTables
{
	COPIED_FLAG,
	COPIED_REFUSE,
	COPIED_PROTECT
} CopiedTables;

/* All of it as of one moment. */
typedef struct DdlState
{
	List	   *guards;			/* GuardedTable * */
	bool		any_records;
	List	   *roles;			/* Binding * */
	List	   *servers;
	List	   *publications;
	CopiedTables copied_tables;
	bool		configured;		/* there is a policy to decide by */
	Oid			schema;			/* our own; invalid: no extension here */
	Oid			event_table;
	Oid			trigger_functions[3];	/* what a guard's triggers call */

	/*
	 * How many disclosures and attempts prepare_drop() has been told are
	 * kept.
	 */
	int64		kept_events;

	/* Approved maintenance that was not closed; 0: none. */
	TimestampTz maintenance_from;
	TimestampTz maintenance_until;	/* exclusive */
} DdlState;

/* Called once, at library load. */
extern void sg_ddl_state_init(void);

/*
 * As of now: accepts invalidations and reads again where there were any.
 * Valid until the end of the transaction, though perhaps no longer up to date.
 * NULL where the extension is not in this
 * database, or where no catalog can be read.
 */
extern const DdlState *sg_ddl_state(void);

/*
 * The same as it was read last, for hooks that are called in the midst of a
 * change of the catalogs, where nothing may be executed.
 */
extern const DdlState *sg_ddl_state_as_read(void);

/*
 * Is any source table protected?  For what is asked with every statement and
 * every function; those ask for sg_read_guard_possible before.
 */
extern bool sg_ddl_any_records(void);

/* The guard of this relation, its own or that of a table above it; or NULL. */
extern const GuardedTable *sg_ddl_guard_of(const DdlState *state, Oid relid);

/*
 * The same, and the guards of tables below it: those of all that a command on
 * it may touch.
 */
extern List *sg_ddl_guards_touched(const DdlState *state, Oid relid);

/* Does the guard need this column?  False for NULL. */
extern bool sg_ddl_guard_has_column(const GuardedTable *guard,
									const char *column);

/* The agency that this role discloses to, by membership; or NULL. */
extern const char *sg_ddl_agency_of_role(const DdlState *state, Oid role);

extern const char *sg_ddl_acting_agency(const DdlState *state);

/* The agency that a server or a publication of this name stands for; or NULL. */
extern const char *sg_ddl_agency_of_name(List *bindings, const char *name);

/*
 * Is there an approved maintenance that was not closed?  As of the last
 * invalidation that was accepted: for whoever accepts them anyway.
 */
extern bool sg_ddl_maintenance_pending(void);

/* Is an approved maintenance open at this moment? */
extern bool sg_ddl_maintenance_open(const DdlState *state);

#endif							/* SHARING_GUARD_GUARD_STATE_H */
