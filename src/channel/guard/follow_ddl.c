/*-------------------------------------------------------------------------
 *
 * follow_ddl.c
 *		Event triggers by which guards follow what commands do to their tables.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/dependency.h"
#include "catalog/namespace.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_type.h"
#include "commands/event_trigger.h"
#include "commands/trigger.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "nodes/parsenodes.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"

#include "base/compat.h"
#include "base/run_as_owner.h"
#include "channel/guard/triggers.h"

PG_FUNCTION_INFO_V1(sg_sql_follow_ddl);
PG_FUNCTION_INFO_V1(sg_sql_follow_drop);

/* What a command may have done to protected tables. */
typedef struct DdlEffect
{
	bool		renames;		/* a column, a table, a schema */
	bool		grows;			/* a tree */
	bool		shrinks;
} DdlEffect;

/*
 * Most CREATE TABLEs can do nothing, temporary ones among them, and pay
 * nothing.
 */
static DdlEffect
effect_of(Node *parsetree)
{
	DdlEffect	effect = {false, false, false};
	ListCell   *lc;

	if (IsA(parsetree, CreateStmt))
		effect.grows = ((CreateStmt *) parsetree)->inhRelations != NIL;
	else if (IsA(parsetree, CreateForeignTableStmt))
		effect.grows =
			((CreateForeignTableStmt *) parsetree)->base.inhRelations != NIL;
	else if (IsA(parsetree, CreateSchemaStmt))
		effect.grows = ((CreateSchemaStmt *) parsetree)->schemaElts != NIL;
	else if (IsA(parsetree, RenameStmt) || IsA(parsetree, AlterObjectSchemaStmt))
		effect.renames = true;
	else if (IsA(parsetree, AlterTableStmt))
	{
		foreach(lc, ((AlterTableStmt *) parsetree)->cmds)
		{
			switch (lfirst_node(AlterTableCmd, lc)->subtype)
			{
				case AT_AttachPartition:
				case AT_AddInherit:
					effect.grows = true;
					break;
				case AT_DetachPartition:
				case AT_DetachPartitionFinalize:
				case AT_DropInherit:
					effect.shrinks = true;
					break;
				default:
					break;
			}
		}
	}
	return effect;
}

/* Runs one statement of ours. */
static void
run_statement(const char *query)
{
	SPI_connect();
	(void) SPI_execute(query, false, 0);
	SPI_finish();
}

/*
 * Takes new names over into the guards.
 *
 * Looks first and changes then: other people's renames must not even wait for
 * a change of some guard.  The table of the command is locked already, and so
 * is waited for by others; so the waits are bounded.
 */
static void
follow_renames(void *arg)
{
	if (sg_select_guards("SELECT g.relation::pg_catalog.oid, g.guard_id, true"
						 " FROM sharing_guard.guard g, pg_catalog.pg_class c, pg_catalog.pg_namespace n"
						 " WHERE c.oid OPERATOR(pg_catalog.=) g.relation::pg_catalog.oid"
						 " AND n.oid OPERATOR(pg_catalog.=) c.relnamespace"
						 " AND g.table_name OPERATOR(pg_catalog.<>) pg_catalog.format('%I.%I', n.nspname, c.relname)",
						 0, NULL, NULL) != NIL)
		run_statement("UPDATE sharing_guard.guard AS g"
					  " SET table_name = pg_catalog.format('%I.%I', n.nspname, c.relname)"
					  " FROM pg_catalog.pg_class c, pg_catalog.pg_namespace n"
					  " WHERE c.oid OPERATOR(pg_catalog.=) g.relation::pg_catalog.oid"
					  " AND n.oid OPERATOR(pg_catalog.=) c.relnamespace"
					  " AND g.table_name OPERATOR(pg_catalog.<>) pg_catalog.format('%I.%I', n.nspname, c.relname)");
	if (sg_select_guards("SELECT g.relation::pg_catalog.oid, g.guard_id, true"
						 " FROM sharing_guard.guard_column c, sharing_guard.guard g, pg_catalog.pg_attribute a"
						 " WHERE g.guard_id OPERATOR(pg_catalog.=) c.guard_id"
						 " AND a.attrelid OPERATOR(pg_catalog.=) g.relation::pg_catalog.oid"
						 " AND a.attnum OPERATOR(pg_catalog.=) c.attnum"
						 " AND NOT a.attisdropped"
						 " AND a.attname OPERATOR(pg_catalog.<>) c.column_name",
						 0, NULL, NULL) != NIL)
		run_statement("UPDATE sharing_guard.guard_column AS c"
					  " SET column_name = a.attname"
					  " FROM sharing_guard.guard g, pg_catalog.pg_attribute a"
					  " WHERE g.guard_id OPERATOR(pg_catalog.=) c.guard_id"
					  " AND a.attrelid OPERATOR(pg_catalog.=) g.relation::pg_catalog.oid"
					  " AND a.attnum OPERATOR(pg_catalog.=) c.attnum"
					  " AND NOT a.attisdropped"
					  " AND a.attname OPERATOR(pg_catalog.<>) c.column_name");
}

/* Takes the guards of dropped tables out; bounded as follow_renames() is. */
static void
remove_dropped_guards(void *arg)
{
	run_statement("DELETE FROM sharing_guard.guard g WHERE NOT EXISTS"
				  " (SELECT FROM pg_catalog.pg_class c"
				  " WHERE c.oid OPERATOR(pg_catalog.=) g.relation::pg_catalog.oid)");
}

/*
 * sharing_guard.follow_ddl(): event trigger ON ddl_command_end
 *
 * Follows renamed columns, completes the triggers of trees that have grown and
 * takes them off what has left one.  Looks at those guards alone whose trees
 * the command has touched, so that other DDL neither waits nor fails here.
 */
Datum
sg_sql_follow_ddl(PG_FUNCTION_ARGS)
{
	EventTriggerData *trigdata;
	DdlEffect	effect;
	OwnerRights rights;
	List	   *guards;
	ListCell   *lc;

	if (!CALLED_AS_EVENT_TRIGGER(fcinfo))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("function follow_ddl() was not called by the event trigger manager"),
				 errhint("It belongs to an event trigger of the extension sharing_guard.")));
	trigdata = (EventTriggerData *) fcinfo->context;

	effect = effect_of(trigdata->parsetree);
	if (IsBinaryUpgrade ||
		!(effect.renames || effect.grows || effect.shrinks))
		PG_RETURN_NULL();

	sg_begin_owner_rights(&rights, fcinfo);
	if (effect.renames)
		sg_with_bounded_waits(follow_renames, NULL);

	if (effect.grows)
	{
		/* The touched relations and all that they inherit from. */
		guards = sg_select_guards("WITH RECURSIVE touched (relid) AS ("
								  " SELECT d.objid FROM pg_catalog.pg_event_trigger_ddl_commands() d"
								  " WHERE d.classid OPERATOR(pg_catalog.=) 'pg_catalog.pg_class'::pg_catalog.regclass::pg_catalog.oid"
								  " UNION"
								  " SELECT i.inhparent FROM touched t"
								  " JOIN pg_catalog.pg_inherits i ON i.inhrelid OPERATOR(pg_catalog.=) t.relid)"
								  " SELECT g.relation::pg_catalog.oid, g.guard_id,"
								  " g.on_block OPERATOR(pg_catalog.=) 'skip_row'"
								  " FROM sharing_guard.guard g JOIN touched t"
								  " ON t.relid OPERATOR(pg_catalog.=) g.relation::pg_catalog.oid"
								  " WHERE g.kind OPERATOR(pg_catalog.=) 'export'",
								  0, NULL, NULL);
		foreach(lc, guards)
		{
			GuardRow   *guard = lfirst(lc);

			(void) sg_mend_trigger_tree(guard->relid, guard->guard_id, guard->skip_row,
										AccessShareLock);
		}
	}

	if (effect.grows || effect.shrinks)
		run_statement("SELECT sharing_guard.mend_filters()");

	if (effect.shrinks)
	{
		guards = sg_select_guards("SELECT relation::pg_catalog.oid, guard_id, true"
								  " FROM sharing_guard.guard", 0, NULL, NULL);
		foreach(lc, guards)
		{
			GuardRow   *guard = lfirst(lc);

			sg_drop_guard_triggers(guard->guard_id,
								   find_all_inheritors(guard->relid, NoLock, NULL));
		}
	}
	sg_end_owner_rights(&rights);
	PG_RETURN_NULL();
}

/*
 * sharing_guard.follow_drop(): event trigger ON sql_drop
 *
 * Takes the guards of dropped tables out of the table of guards, which
 * records that they are gone.
 */
Datum
sg_sql_follow_drop(PG_FUNCTION_ARGS)
{
	static const char dropped[] =
	"SELECT relation::pg_catalog.oid, guard_id, true"
	" FROM sharing_guard.guard g WHERE NOT EXISTS"
	" (SELECT FROM pg_catalog.pg_class c"
	" WHERE c.oid OPERATOR(pg_catalog.=) g.relation::pg_catalog.oid)";
	OwnerRights rights;

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

	/* Looks first: most DROPs must not even wait for a policy change. */
	sg_begin_owner_rights(&rights, fcinfo);
	if (sg_select_guards(dropped, 0, NULL, NULL) != NIL)
		sg_with_bounded_waits(remove_dropped_guards, NULL);
	sg_end_owner_rights(&rights);
	PG_RETURN_NULL();
}
