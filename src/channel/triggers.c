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
#include "access/table.h"
#include "access/xact.h"
#include "catalog/dependency.h"
#include "catalog/namespace.h"
#include "catalog/objectaddress.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_trigger.h"
#include "catalog/pg_type.h"
#include "commands/event_trigger.h"
#include "commands/extension.h"
#include "commands/trigger.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "nodes/parsenodes.h"
#include "parser/parse_func.h"
#include "sharing_guard.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/syscache.h"
#include "utils/uuid.h"

PG_FUNCTION_INFO_V1(sg_sql_install_triggers);
PG_FUNCTION_INFO_V1(sg_sql_remove_triggers);
PG_FUNCTION_INFO_V1(sg_follow_ddl);
PG_FUNCTION_INFO_V1(sg_follow_drop);

/* A trigger that a guard may need. */
typedef struct GuardTrigger
{
	const char *name;
	const char *function;
	int16		timing;			/* TRIGGER_TYPE_BEFORE or _AFTER */
	bool		row;
	bool		skip_row_only;
} GuardTrigger;

/*
 * BEFORE triggers fire in the order of their names, and ours has to see the
 * row as the others leave it.
 */
static const GuardTrigger guard_triggers[] = {
	{"zzz_sharing_guard_skip", "export_row_before", TRIGGER_TYPE_BEFORE, true, true},
	{"sharing_guard_export", "export_row_after", TRIGGER_TYPE_AFTER, true, false},
	{"zzz_sharing_guard_statement", "export_statement_after", TRIGGER_TYPE_AFTER, false, true},
};

/* A function of ours that takes no arguments. */
static Oid
trigger_function(const char *name)
{
	return LookupFuncName(list_make2(makeString("sharing_guard"),
									 makeString(pstrdup(name))),
						  0, NULL, false);
}

/*
 * The trigger of this name on a relation, if it is this guard's; InvalidOid
 * if there is none.  Another's trigger of that name is in the way.
 */
static Oid
find_trigger(Relation rel, const GuardTrigger *wanted, const char *guard_id,
			 Oid function, bool *intact)
{
	Oid			found = InvalidOid;
	TriggerDesc *trigdesc = rel->trigdesc;

	*intact = false;
	if (trigdesc == NULL)
		return InvalidOid;
	for (int i = 0; i < trigdesc->numtriggers; i++)
	{
		Trigger    *trigger = &trigdesc->triggers[i];

		if (strcmp(trigger->tgname, wanted->name) != 0)
			continue;
		if (trigger->tgfoid != function || trigger->tgnargs != 1 ||
			strcmp(trigger->tgargs[0], guard_id) != 0)
			ereport(ERROR,
					(errcode(ERRCODE_DUPLICATE_OBJECT),
					 errmsg("trigger \"%s\" on table \"%s\" belongs to another guard",
							wanted->name, RelationGetRelationName(rel)),
					 errdetail("A table can have one guard only, its own or that of a table it inherits from."),
					 errhint("Remove the other guard with sharing_guard.unprotect().")));
		found = trigger->tgoid;
		*intact = trigger->tgenabled == TRIGGER_FIRES_ALWAYS;
	}
	return found;
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
create_trigger(Oid relid, const GuardTrigger *wanted, const char *guard_id,
			   Oid function)
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
								 InvalidOid, function, InvalidOid, NULL,
								 false, false, TRIGGER_FIRES_ALWAYS);
	CommandCounterIncrement();
}

/* Gives one relation of the tree the triggers it must have, and no others. */
static bool
complete_relation(Oid relid, const char *guard_id, bool skip_row,
				  bool row_triggers_cloned)
{
	bool		changed = false;

	for (int i = 0; i < lengthof(guard_triggers); i++)
	{
		const GuardTrigger *wanted = &guard_triggers[i];
		bool		needed = skip_row || !wanted->skip_row_only;
		Oid			function = trigger_function(wanted->function);
		Relation	rel;
		Oid			trigger;
		bool		intact;

		/* The server looks after a partition's row triggers. */
		if (wanted->row && row_triggers_cloned)
			continue;

		rel = table_open(relid, ShareRowExclusiveLock);
		if (rel->rd_rel->relkind == RELKIND_FOREIGN_TABLE)
			ereport(ERROR,
					(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
					 errmsg("foreign table \"%s\" cannot be an export table, or part of one",
							RelationGetRelationName(rel)),
					 errdetail("Its rows would reach the other server whether or not their record is kept here."),
					 errhint("Export to a local table and let a feed read that one.")));
		trigger = find_trigger(rel, wanted, guard_id, function, &intact);
		table_close(rel, NoLock);

		if (OidIsValid(trigger) && (!needed || !intact))
		{
			drop_trigger(trigger);
			trigger = InvalidOid;
			changed = true;
		}
		if (needed && !OidIsValid(trigger))
		{
			create_trigger(relid, wanted, guard_id, function);
			changed = true;
		}
	}
	return changed;
}

/* Gives the guard's table, and all below it, the triggers they must have. */
static bool
complete_tree(Oid relid, const char *guard_id, bool skip_row)
{
	bool		partitioned = get_rel_relkind(relid) == RELKIND_PARTITIONED_TABLE;
	bool		changed = false;
	List	   *tree = find_all_inheritors(relid, ShareRowExclusiveLock, NULL);
	ListCell   *lc;

	foreach(lc, tree)
	{
		Oid			member = lfirst_oid(lc);

		if (complete_relation(member, guard_id, skip_row,
							  partitioned && member != relid))
			changed = true;
	}
	return changed;
}

/* The owner of our functions, who may put a trigger on any table. */
static Oid
extension_owner(Oid function)
{
	HeapTuple	tuple = SearchSysCache1(PROCOID, ObjectIdGetDatum(function));
	Oid			owner = ((Form_pg_proc) GETSTRUCT(tuple))->proowner;

	ReleaseSysCache(tuple);
	return owner;
}

/*
 * sharing_guard.install_triggers(relation regclass, guard_id uuid,
 *		skip_row boolean) returns boolean
 *
 * Completes the triggers of a guard; true if anything was missing.  Works
 * with the rights of the extension's owner: a policy administrator need not
 * own the tables that are protected.
 */
Datum
sg_sql_install_triggers(PG_FUNCTION_ARGS)
{
	Oid			relid = PG_GETARG_OID(0);
	char	   *guard_id = DatumGetCString(DirectFunctionCall1(uuid_out,
															   PG_GETARG_DATUM(1)));
	bool		skip_row = PG_GETARG_BOOL(2);
	Oid			save_userid;
	int			save_sec_context;
	bool		changed;

	sg_require_operational();

	GetUserIdAndSecContext(&save_userid, &save_sec_context);
	SetUserIdAndSecContext(extension_owner(fcinfo->flinfo->fn_oid),
						   save_sec_context | SECURITY_LOCAL_USERID_CHANGE);
	changed = complete_tree(relid, guard_id, skip_row);
	SetUserIdAndSecContext(save_userid, save_sec_context);
	PG_RETURN_BOOL(changed);
}

/*
 * sharing_guard.remove_triggers(relation regclass, guard_id uuid) returns void
 */
Datum
sg_sql_remove_triggers(PG_FUNCTION_ARGS)
{
	Oid			relid = PG_GETARG_OID(0);
	char	   *guard_id = DatumGetCString(DirectFunctionCall1(uuid_out,
															   PG_GETARG_DATUM(1)));
	bool		partitioned = get_rel_relkind(relid) == RELKIND_PARTITIONED_TABLE;
	List	   *tree = find_all_inheritors(relid, ShareRowExclusiveLock, NULL);
	ListCell   *lc;

	foreach(lc, tree)
	{
		Oid			member = lfirst_oid(lc);

		for (int i = 0; i < lengthof(guard_triggers); i++)
		{
			const GuardTrigger *unwanted = &guard_triggers[i];
			Relation	rel;
			Oid			trigger;
			bool		intact;

			if (unwanted->row && partitioned && member != relid)
				continue;
			rel = table_open(member, ShareRowExclusiveLock);
			trigger = find_trigger(rel, unwanted, guard_id,
								   trigger_function(unwanted->function),
								   &intact);
			table_close(rel, NoLock);
			if (OidIsValid(trigger))
				drop_trigger(trigger);
		}
	}
	PG_RETURN_VOID();
}

/* Runs one statement of ours with the rights of our owner. */
static void
run_as_owner(FunctionCallInfo fcinfo, const char *query)
{
	Oid			save_userid;
	int			save_sec_context;

	GetUserIdAndSecContext(&save_userid, &save_sec_context);
	SetUserIdAndSecContext(extension_owner(fcinfo->flinfo->fn_oid),
						   save_sec_context | SECURITY_LOCAL_USERID_CHANGE |
						   SECURITY_NOFORCE_RLS);
	SPI_connect();
	(void) SPI_execute(query, false, 0);
	SPI_finish();
	SetUserIdAndSecContext(save_userid, save_sec_context);
}

/*
 * Can this command have renamed a guarded column or grown a guarded tree?
 * Most CREATE TABLEs cannot, temporary ones among them, and pay nothing.
 */
static bool
may_touch_guards(Node *parsetree)
{
	if (IsA(parsetree, CreateStmt))
		return ((CreateStmt *) parsetree)->inhRelations != NIL;
	if (IsA(parsetree, CreateForeignTableStmt))
		return ((CreateForeignTableStmt *) parsetree)->base.inhRelations != NIL;
	return IsA(parsetree, AlterTableStmt) || IsA(parsetree, RenameStmt);
}

/*
 * sharing_guard.follow_ddl(): event trigger ON ddl_command_end
 *
 * Follows renamed columns, and completes the triggers of trees that have
 * grown.
 */
Datum
sg_follow_ddl(PG_FUNCTION_ARGS)
{
	EventTriggerData *trigdata;

	if (!CALLED_AS_EVENT_TRIGGER(fcinfo))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("function follow_ddl() was not called by the event trigger manager"),
				 errhint("It belongs to an event trigger of the extension sharing_guard.")));
	trigdata = (EventTriggerData *) fcinfo->context;

	if (creating_extension || IsBinaryUpgrade ||
		!may_touch_guards(trigdata->parsetree))
		PG_RETURN_NULL();

	run_as_owner(fcinfo,
				 "UPDATE sharing_guard.guard_column AS c"
				 " SET column_name = a.attname"
				 " FROM sharing_guard.guard g, pg_catalog.pg_attribute a"
				 " WHERE g.guard_id OPERATOR(pg_catalog.=) c.guard_id"
				 " AND a.attrelid OPERATOR(pg_catalog.=) g.relation::pg_catalog.oid"
				 " AND a.attnum OPERATOR(pg_catalog.=) c.attnum"
				 " AND NOT a.attisdropped"
				 " AND a.attname OPERATOR(pg_catalog.<>) c.column_name");

	/* Only trees can lack a trigger after DDL that was let through. */
	run_as_owner(fcinfo,
				 "SELECT sharing_guard.install_triggers(g.relation, g.guard_id,"
				 " g.on_block OPERATOR(pg_catalog.=) 'skip_row')"
				 " FROM sharing_guard.guard g"
				 " WHERE EXISTS (SELECT FROM pg_catalog.pg_inherits i"
				 " WHERE i.inhparent OPERATOR(pg_catalog.=) g.relation::pg_catalog.oid)");
	PG_RETURN_NULL();
}

/*
 * sharing_guard.follow_drop(): event trigger ON sql_drop
 *
 * Takes the guards of dropped tables out of the table of guards, which
 * records that they are gone.
 */
Datum
sg_follow_drop(PG_FUNCTION_ARGS)
{
	if (!CALLED_AS_EVENT_TRIGGER(fcinfo))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("function follow_drop() was not called by the event trigger manager"),
				 errhint("It belongs to an event trigger of the extension sharing_guard.")));

	/* Our own tables may be what is being dropped. */
	if (IsBinaryUpgrade ||
		!OidIsValid(get_relname_relid("guard_column",
									  get_namespace_oid("sharing_guard", true))))
		PG_RETURN_NULL();

	run_as_owner(fcinfo,
				 "DELETE FROM sharing_guard.guard g WHERE NOT EXISTS"
				 " (SELECT FROM pg_catalog.pg_class c"
				 " WHERE c.oid OPERATOR(pg_catalog.=) g.relation::pg_catalog.oid)");
	PG_RETURN_NULL();
}
