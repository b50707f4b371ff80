/*-------------------------------------------------------------------------
 *
 * lock_order.c
 *		Locks a table that is about to be protected, or no longer, before its
 *		guard.
 *
 * A command that renames or drops a table holds its strongest lock when we are
 * called, and then changes its guard.  So everything that we do takes its
 * locks in the same order: first the table and all below it, then its guard,
 * then other tables of ours, then the counter of revisions and the log
 * (doc/architecture.md).
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/transam.h"
#include "catalog/namespace.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_trigger.h"
#include "base/errcodes.h"
#include "channel/guard/lock_order.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "base/run_as_owner.h"
#include "storage/lmgr.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/uuid.h"

PG_FUNCTION_INFO_V1(sg_sql_lock_tree);

/* Errors out where this is no mode that we take. */
static LOCKMODE
lock_mode(const char *name)
{
	static const struct
	{
		const char *name;
		LOCKMODE	mode;
	}			modes[] = {
		{"access share", AccessShareLock},
		{"share row exclusive", ShareRowExclusiveLock},
		{"access exclusive", AccessExclusiveLock}
	};

	for (int i = 0; i < lengthof(modes); i++)
	{
		if (strcmp(name, modes[i].name) == 0)
			return modes[i].mode;
	}
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("unknown lock mode \"%s\"", name)));
}

/*
 * The relations outside of a tree that have triggers of this guard, by their
 * OIDs: they have left the tree.
 */
static List *
relations_outside(List *tree, const char *guard_id)
{
	Relation	pg_trigger = table_open(TriggerRelationId, AccessShareLock);
	SysScanDesc scan = systable_beginscan(pg_trigger, InvalidOid, false, NULL,
										  0, NULL);
	Size		length = strlen(guard_id) + 1;	/* arguments end with NUL */
	List	   *outside = NIL;
	HeapTuple	tuple;

	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		Form_pg_trigger form = (Form_pg_trigger) GETSTRUCT(tuple);
		bool		isnull;
		Datum		value = heap_getattr(tuple, Anum_pg_trigger_tgargs,
										 RelationGetDescr(pg_trigger), &isnull);
		bytea	   *args;

		if (isnull || list_member_oid(tree, form->tgrelid))
			continue;
		args = DatumGetByteaPP(value);
		if (VARSIZE_ANY_EXHDR(args) == length &&
			memcmp(VARDATA_ANY(args), guard_id, length) == 0)
			outside = list_append_unique_oid(outside, form->tgrelid);
	}
	systable_endscan(scan);
	table_close(pg_trigger, AccessShareLock);
	list_sort(outside, list_oid_cmp);
	return outside;
}

/*
 * sharing_guard.lock_tree(relation regclass, guard_id uuid, mode text) returns
 * void
 *
 * Locks a table and all below it in this mode, and all tables with triggers of
 * the guard (NULL: of none), until the end of the transaction.  Keeps others
 * who call it for any of these tables waiting, in any mode.
 *
 * Errors out for system tables and our own, which must not be locked in this
 * way.
 */
Datum
sg_sql_lock_tree(PG_FUNCTION_ARGS)
{
	Oid			relid;
	LOCKMODE	mode;
	List	   *tree;
	ListCell   *lc;
	Oid			guard_table = sg_own_table("guard");

	if (PG_ARGISNULL(0) || PG_ARGISNULL(2))
		PG_RETURN_VOID();
	relid = PG_GETARG_OID(0);
	mode = lock_mode(text_to_cstring(PG_GETARG_TEXT_PP(2)));
	if (relid < FirstNormalObjectId ||
		(mode != AccessShareLock && OidIsValid(guard_table) &&
		 get_rel_namespace(relid) == get_rel_namespace(guard_table)))
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("this table belongs to the system, or to sharing_guard itself")));

	/* The parent first, so that no child is made meanwhile. */
	LockRelationOid(relid, mode);
	tree = find_all_inheritors(relid, mode, NULL);
	if (!PG_ARGISNULL(1))
	{
		List	   *outside = relations_outside(tree,
												DatumGetCString(DirectFunctionCall1(uuid_out,
																					PG_GETARG_DATUM(1))));

		foreach(lc, outside)
			LockRelationOid(lfirst_oid(lc), mode);
	}

	/* An object number that nothing else of the guard's table has. */
	foreach(lc, tree)
		LockDatabaseObject(guard_table, lfirst_oid(lc), 1, ExclusiveLock);
	PG_RETURN_VOID();
}

void
sg_lock_command(const LockStmt *command)
{
	ListCell   *lc;

	if (command->mode != AccessExclusiveLock || superuser())
		return;
	foreach(lc, command->relations)
	{
		Oid			relid = RangeVarGetRelid(lfirst_node(RangeVar, lc), NoLock,
											 true);

		if (OidIsValid(relid) &&
			get_rel_namespace(relid) == get_namespace_oid("sharing_guard", true))
			ereport(ERROR,
					(errcode(ERRCODE_SG_GUARD_PROTECTED),
					 errmsg("table \"%s\" may not be locked in ACCESS EXCLUSIVE mode",
							get_rel_name(relid)),
					 errdetail("Every session that moves rows has to read it, and would wait until the lock is released."),
					 errhint("LOCK TABLE ... IN SHARE ROW EXCLUSIVE MODE keeps others from changing it.")));
	}
}
