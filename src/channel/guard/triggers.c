/*-------------------------------------------------------------------------
 *
 * triggers.c
 *		Puts the triggers of a guard on its table, and keeps them there.
 *
 * Row triggers on a partitioned table are cloned by the server to all its
 * partitions, present and future; statement triggers are not, nor is any
 * trigger passed on to inheritance children.  So the whole tree is walked
 * here, when a table is protected and again when DDL may have grown it.
 *
 * Triggers are ENABLE ALWAYS: session_replication_role must not switch them
 * off, and logical replication apply fires no others.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/relation.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/dependency.h"
#include "catalog/namespace.h"
#include "catalog/objectaddress.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_trigger.h"
#include "catalog/pg_type.h"
#include "base/errcodes.h"
#include "channel/guard/triggers.h"
#include "base/compat.h"
#include "commands/trigger.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "nodes/parsenodes.h"
#include "parser/parse_func.h"
#include "storage/lmgr.h"
#include "base/guc.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"
#include "utils/uuid.h"

PG_FUNCTION_INFO_V1(sg_sql_install_triggers);
PG_FUNCTION_INFO_V1(sg_sql_complete_triggers);
PG_FUNCTION_INFO_V1(sg_sql_remove_triggers);

/* A trigger that a guard may need. */
typedef struct GuardTrigger
{
	const char *name;
	const char *function;
	int16		timing;			/* TRIGGER_TYPE_BEFORE or _AFTER */
	bool		row;
	bool		always;			/* else see trigger_needed() */
} GuardTrigger;

static const GuardTrigger guard_triggers[] = {
	{SKIP_TRIGGER_NAME, "export_row_before", TRIGGER_TYPE_BEFORE, true, false},
	{EXPORT_TRIGGER_NAME, "export_row_after", TRIGGER_TYPE_AFTER, true, true},
	{STATEMENT_TRIGGER_NAME, "export_statement_after", TRIGGER_TYPE_AFTER, false, false},
};

/* What a relation has of one of these triggers. */
typedef enum TriggerState
{
	TRIGGER_MISSING,
	TRIGGER_DEFECTIVE,			/* ours, but disabled or altered */
	TRIGGER_INTACT,
	TRIGGER_FOREIGN				/* another trigger under our name */
} TriggerState;

/* A function of ours that takes no arguments. */
static Oid
trigger_function(const char *name)
{
	return LookupFuncName(list_make2(makeString("sharing_guard"),
									 makeString(pstrdup(name))),
						  0, NULL, false);
}

static int16
trigger_type(const GuardTrigger *wanted)
{
	return wanted->timing | (wanted->row ? TRIGGER_TYPE_ROW : 0) |
		TRIGGER_TYPE_INSERT | TRIGGER_TYPE_UPDATE;
}

/* Looks at a relation's trigger; *oid is set if there is one of the name. */
static TriggerState
inspect_trigger(Relation rel, const GuardTrigger *wanted, const char *guard_id,
				Oid *oid)
{
	TriggerDesc *trigdesc = rel->trigdesc;

	*oid = InvalidOid;
	for (int i = 0; trigdesc != NULL && i < trigdesc->numtriggers; i++)
	{
		Trigger    *trigger = &trigdesc->triggers[i];

		if (strcmp(trigger->tgname, wanted->name) != 0)
			continue;
		*oid = trigger->tgoid;
		if (trigger->tgfoid != trigger_function(wanted->function) ||
			trigger->tgnargs != 1 ||
			strcmp(trigger->tgargs[0], guard_id) != 0)
			return TRIGGER_FOREIGN;

		/*
		 * A WHEN or a column list would let rows by; a deferred trigger would
		 * decide when the session may act as another role.
		 */
		if (trigger->tgenabled != TRIGGER_FIRES_ALWAYS ||
			trigger->tgtype != trigger_type(wanted) ||
			trigger->tgqual != NULL || trigger->tgnattr != 0 ||
			OidIsValid(trigger->tgconstraint) || trigger->tgdeferrable ||
			trigger->tgoldtable != NULL || trigger->tgnewtable != NULL)
			return TRIGGER_DEFECTIVE;
		return TRIGGER_INTACT;
	}
	return TRIGGER_MISSING;
}

static void
drop_trigger(Oid trigger)
{
	ObjectAddress address;

	ObjectAddressSet(address, TriggerRelationId, trigger);
	performDeletion(&address, DROP_RESTRICT, PERFORM_DELETION_INTERNAL);
	CommandCounterIncrement();
}

static void
create_trigger(Oid relid, const GuardTrigger *wanted, const char *guard_id)
{
	CreateTrigStmt *stmt = makeNode(CreateTrigStmt);

	stmt->trigname = pstrdup(wanted->name);
	stmt->relation = NULL;		/* relid says it */
	stmt->funcname = list_make2(makeString("sharing_guard"),
								makeString(pstrdup(wanted->function)));
	stmt->args = list_make1(makeString(pstrdup(guard_id)));
	stmt->row = wanted->row;
	stmt->timing = wanted->timing;
	stmt->events = TRIGGER_TYPE_INSERT | TRIGGER_TYPE_UPDATE;

	(void) CreateTriggerFiringOn(stmt, NULL, relid, InvalidOid, InvalidOid,
								 InvalidOid, trigger_function(wanted->function),
								 InvalidOid, NULL, false, false,
								 TRIGGER_FIRES_ALWAYS);
	CommandCounterIncrement();
}

/*
 * Puts one kind of trigger right on one relation: there and intact, or gone
 * where it is not wanted.  Returns whether anything was to be done.
 *
 * Looks under the weakest lock first.  A session that has just changed one
 * partition must not wait for those that write to the others.
 */
static bool
mend_trigger(Oid relid, const GuardTrigger *wanted, const char *guard_id,
			 bool needed)
{
	Relation	rel = table_open(relid, AccessShareLock);
	Oid			oid;
	TriggerState state = inspect_trigger(rel, wanted, guard_id, &oid);

	if (state == TRIGGER_FOREIGN)
		ereport(ERROR,
				(errcode(ERRCODE_DUPLICATE_OBJECT),
				 errmsg("trigger \"%s\" on table \"%s\" is not that of this guard",
						wanted->name, RelationGetRelationName(rel)),
				 errdetail("A table can have one guard only, its own or that of a table it inherits from, and the name of the trigger is reserved for it."),
				 errhint("Drop the trigger, or remove the other guard with sharing_guard.unprotect().")));

	if (needed ? state == TRIGGER_INTACT : state == TRIGGER_MISSING)
	{
		table_close(rel, NoLock);
		return false;
	}
	table_close(rel, NoLock);

	rel = table_open(relid, ShareRowExclusiveLock);
	(void) inspect_trigger(rel, wanted, guard_id, &oid);
	table_close(rel, NoLock);
	if (OidIsValid(oid))
		drop_trigger(oid);
	if (needed)
		create_trigger(relid, wanted, guard_id);
	return true;
}

static bool
tree_has_foreign_table(List *tree)
{
	ListCell   *lc;

	foreach(lc, tree)
	{
		if (get_rel_relkind(lfirst_oid(lc)) == RELKIND_FOREIGN_TABLE)
			return true;
	}
	return false;
}

/*
 * Must this relation of the tree have this trigger?
 *
 * Rows are skipped before they are stored, and rows of a foreign table are
 * decided on before they leave; at the end of the statement both are recorded.
 * A statement's triggers are those of the table that it names, so with one
 * foreign table in the tree all have them.
 */
static bool
trigger_needed(const GuardTrigger *wanted, Oid relid, bool skip_row,
			   bool foreign_in_tree)
{
	if (wanted->always || skip_row)
		return true;
	if (!wanted->row)
		return foreign_in_tree;
	return foreign_in_tree &&
		get_rel_relkind(relid) == RELKIND_FOREIGN_TABLE;
}

/* Is this trigger right on all relations of a tree? */
static bool
tree_is_intact(List *tree, const GuardTrigger *wanted, const char *guard_id,
			   bool needed)
{
	ListCell   *lc;

	foreach(lc, tree)
	{
		Relation	rel = table_open(lfirst_oid(lc), AccessShareLock);
		Oid			oid;
		TriggerState state = inspect_trigger(rel, wanted, guard_id, &oid);

		table_close(rel, NoLock);
		if (state != (needed ? TRIGGER_INTACT : TRIGGER_MISSING))
			return false;
	}
	return true;
}

/*
 * Gives a guard's table, and all below it, the triggers they must have and no
 * others of ours; returns whether anything was to be done.  The lock keeps
 * children from being made meanwhile; or, where the tree is only looked at
 * because it has just grown, it does not block writers.
 */
bool
sg_mend_trigger_tree(Oid relid, const char *guard_id, bool skip_row, LOCKMODE lockmode)
{
	bool		partitioned;
	bool		foreign_in_tree;
	List	   *tree;
	bool		mended = false;

	/*
	 * The lock first and the list then: a session that makes a child holds a
	 * lock on the parent until the child can be seen.
	 */
	LockRelationOid(relid, lockmode);
	tree = find_all_inheritors(relid, lockmode, NULL);
	partitioned = get_rel_relkind(relid) == RELKIND_PARTITIONED_TABLE;
	foreign_in_tree = tree_has_foreign_table(tree);

	for (int i = 0; i < lengthof(guard_triggers); i++)
	{
		const GuardTrigger *wanted = &guard_triggers[i];
		bool		needed = trigger_needed(wanted, relid, skip_row,
											foreign_in_tree);
		ListCell   *lc;

		/*
		 * The server clones a partitioned table's row triggers.  Where a
		 * clone was disabled, the whole set is created again from the top.
		 */
		if (wanted->row && partitioned && (needed || !foreign_in_tree))
		{
			if (tree_is_intact(tree, wanted, guard_id, needed))
				continue;
			if (mend_trigger(relid, wanted, guard_id, false) || needed)
				mended = true;

			/* A foreign table may have one of its own, in the clone's way. */
			foreach(lc, tree)
				(void) mend_trigger(lfirst_oid(lc), wanted, guard_id, false);
			if (needed)
				(void) mend_trigger(relid, wanted, guard_id, true);

			/* Raises an error where another trigger is still in the way. */
			foreach(lc, tree)
				(void) mend_trigger(lfirst_oid(lc), wanted, guard_id, needed);
			continue;
		}

		foreach(lc, tree)
		{
			if (mend_trigger(lfirst_oid(lc), wanted, guard_id,
							 trigger_needed(wanted, lfirst_oid(lc), skip_row,
											foreign_in_tree)))
				mended = true;
		}
	}
	return mended;
}

/* Is this trigger's one argument the guard's id? */
static bool
names_guard(HeapTuple tuple, TupleDesc desc, const char *guard_id)
{
	bool		isnull;
	Datum		value = heap_getattr(tuple, Anum_pg_trigger_tgargs, desc,
									 &isnull);
	bytea	   *args;

	if (isnull)
		return false;
	args = DatumGetByteaPP(value);

	/* Arguments are stored with the NUL that ends each. */
	return VARSIZE_ANY_EXHDR(args) == strlen(guard_id) + 1 &&
		memcmp(VARDATA_ANY(args), guard_id, strlen(guard_id) + 1) == 0;
}

static bool
has_trigger(Relation rel, Oid oid)
{
	for (int i = 0; rel->trigdesc != NULL && i < rel->trigdesc->numtriggers; i++)
	{
		if (rel->trigdesc->triggers[i].tgoid == oid)
			return true;
	}
	return false;
}

/*
 * Drops a guard's triggers wherever they are; or, where a tree is given, only
 * those on relations outside of it.  Searched for by their functions: a child
 * may have left the tree, or the table may have been dropped.
 */
void
sg_drop_guard_triggers(const char *guard_id, List *except_tree)
{
	Relation	pg_trigger = table_open(TriggerRelationId, AccessShareLock);
	SysScanDesc scan = systable_beginscan(pg_trigger, InvalidOid, false, NULL,
										  0, NULL);
	Oid			functions[lengthof(guard_triggers)];
	List	   *relids = NIL;
	List	   *triggers = NIL;
	HeapTuple	tuple;

	for (int i = 0; i < lengthof(guard_triggers); i++)
		functions[i] = trigger_function(guard_triggers[i].function);

	/* Reads the catalog alone, so as not to lock tables that are not ours. */
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		Form_pg_trigger form = (Form_pg_trigger) GETSTRUCT(tuple);

		if (OidIsValid(form->tgparentid) ||
			list_member_oid(except_tree, form->tgrelid) ||
			!names_guard(tuple, RelationGetDescr(pg_trigger), guard_id))
			continue;
		for (int i = 0; i < lengthof(guard_triggers); i++)
		{
			if (form->tgfoid != functions[i])
				continue;
			relids = lappend_oid(relids, form->tgrelid);
			triggers = lappend_oid(triggers, form->oid);
		}
	}
	systable_endscan(scan);
	table_close(pg_trigger, AccessShareLock);

	for (int i = 0; i < list_length(relids); i++)
	{
		Oid			trigger = list_nth_oid(triggers, i);

		/* The table, or the trigger, may be gone when we have waited. */
		Relation	rel = try_relation_open(list_nth_oid(relids, i),
											ShareRowExclusiveLock);
		bool		found;

		if (rel == NULL)
			continue;
		found = has_trigger(rel, trigger);
		relation_close(rel, NoLock);
		if (found)
			drop_trigger(trigger);
	}
}

/* ----------------------------------------------------------------
 *		With the rights of the extension's owner
 * ----------------------------------------------------------------
 */

/* The owner of our functions, who may put a trigger on any table. */
static Oid
extension_owner(FunctionCallInfo fcinfo)
{
	HeapTuple	tuple = SearchSysCache1(PROCOID,
										ObjectIdGetDatum(fcinfo->flinfo->fn_oid));
	Oid			owner;

	if (!HeapTupleIsValid(tuple))
		ereport(ERROR,
				(errcode(ERRCODE_SG_NOT_OPERATIONAL),
				 errmsg("a function of sharing_guard was dropped while it ran")));
	owner = ((Form_pg_proc) GETSTRUCT(tuple))->proowner;
	ReleaseSysCache(tuple);
	return owner;
}

void
sg_begin_owner_rights(OwnerRights *rights, FunctionCallInfo fcinfo)
{
	GetUserIdAndSecContext(&rights->save_userid, &rights->save_sec_context);
	SetUserIdAndSecContext(extension_owner(fcinfo),
						   rights->save_sec_context |
						   SECURITY_LOCAL_USERID_CHANGE |
						   SECURITY_NOFORCE_RLS);
}

void
sg_end_owner_rights(const OwnerRights *rights)
{
	SetUserIdAndSecContext(rights->save_userid, rights->save_sec_context);
}

/* The guards that a query of ours selects, in CurrentMemoryContext. */
List *
sg_select_guards(const char *query, int nargs, Oid *argtypes, Datum *args)
{
	MemoryContext caller = CurrentMemoryContext;
	List	   *guards = NIL;
	SPIPlanPtr	plan;

	SPI_connect();

	/*
	 * See what the command has just done, and also what others have committed
	 * since our snapshot was taken: a table that was protected meanwhile is
	 * protected.
	 */
	CommandCounterIncrement();
	plan = SPI_prepare(query, nargs, argtypes);
	if (plan == NULL ||
		SPI_execute_snapshot(plan, args, NULL, GetLatestSnapshot(),
							 InvalidSnapshot, true, false, 0) != SPI_OK_SELECT)
		ereport(ERROR,
				(errcode(ERRCODE_SG_NOT_OPERATIONAL),
				 errmsg("could not read sharing_guard.guard")));
	for (uint64 i = 0; i < SPI_processed; i++)
	{
		HeapTuple	row = SPI_tuptable->vals[i];
		TupleDesc	desc = SPI_tuptable->tupdesc;
		MemoryContext oldcontext = MemoryContextSwitchTo(caller);
		GuardRow   *guard = palloc(sizeof(GuardRow));
		bool		isnull;

		guard->relid = DatumGetObjectId(SPI_getbinval(row, desc, 1, &isnull));
		guard->guard_id = SPI_getvalue(row, desc, 2);
		guard->skip_row = DatumGetBool(SPI_getbinval(row, desc, 3, &isnull));
		guards = lappend(guards, guard);
		MemoryContextSwitchTo(oldcontext);
	}
	SPI_finish();
	return guards;
}

/*
 * sharing_guard.install_triggers(guard_id uuid) returns boolean
 *
 * Gives the guard's table the triggers it must have; true if anything was to
 * be done.  The guard's own row says which they are, so a caller can only
 * repair with it.  Works with the rights of the extension's
 * owner: a policy administrator need not own the tables that are protected.
 */
static bool
install_triggers(FunctionCallInfo fcinfo, LOCKMODE lockmode)
{
	Oid			argtypes[1] = {UUIDOID};
	Datum		args[1] = {PG_GETARG_DATUM(0)};
	OwnerRights rights;
	List	   *guards;
	ListCell   *lc;
	bool		mended = false;

	sg_require_operational();
	sg_begin_owner_rights(&rights, fcinfo);
	guards = sg_select_guards("SELECT relation::pg_catalog.oid, guard_id,"
							  " on_block OPERATOR(pg_catalog.=) 'skip_row'"
							  " FROM sharing_guard.guard"
							  " WHERE guard_id OPERATOR(pg_catalog.=) $1"
							  " AND kind OPERATOR(pg_catalog.=) 'export'",
							  1, argtypes, args);
	foreach(lc, guards)
	{
		GuardRow   *guard = lfirst(lc);

		mended |= sg_mend_trigger_tree(guard->relid, guard->guard_id, guard->skip_row,
									   lockmode);
	}
	sg_end_owner_rights(&rights);
	return mended;
}

Datum
sg_sql_install_triggers(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(install_triggers(fcinfo, ShareRowExclusiveLock));
}

/*
 * sharing_guard.complete_triggers(guard_id uuid) returns boolean
 *
 * The same where the tree has just grown: does not block writers.
 */
Datum
sg_sql_complete_triggers(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(install_triggers(fcinfo, AccessShareLock));
}

/*
 * sharing_guard.remove_triggers(guard_id uuid) returns void
 *
 * Only of a guard that is there no more, which is on record: the triggers of
 * one that is cannot be taken off.
 */
Datum
sg_sql_remove_triggers(PG_FUNCTION_ARGS)
{
	Oid			argtypes[1] = {UUIDOID};
	Datum		args[1] = {PG_GETARG_DATUM(0)};
	char	   *guard_id = DatumGetCString(DirectFunctionCall1(uuid_out,
															   args[0]));
	OwnerRights rights;
	List	   *guards;

	sg_begin_owner_rights(&rights, fcinfo);
	guards = sg_select_guards("SELECT relation::pg_catalog.oid, guard_id, true"
							  " FROM sharing_guard.guard"
							  " WHERE guard_id OPERATOR(pg_catalog.=) $1",
							  1, argtypes, args);
	if (guards != NIL)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("the guard of table \"%s\" is in use",
						get_rel_name(((GuardRow *) linitial(guards))->relid)),
				 errhint("sharing_guard.unprotect() removes a guard and its triggers.")));
	sg_drop_guard_triggers(guard_id, NIL);
	sg_end_owner_rights(&rights);
	PG_RETURN_VOID();
}
