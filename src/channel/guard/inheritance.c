/*-------------------------------------------------------------------------
 *
 * inheritance.c
 *		The tables above a table: what it is a partition or a child of.
 *
 * A guard is asked for from below, upwards: a partitioned table may have
 * thousands of others below it, and a relation seldom more than one above.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/tableam.h"
#include "catalog/pg_inherits.h"
#include "base/compat.h"
#include "channel/guard/inheritance.h"
#include "executor/tuptable.h"
#include "miscadmin.h"
#include "storage/bufmgr.h"
#include "utils/fmgroids.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

List *
sg_inheritance_parents(Oid relid)
{
	List	   *parents = NIL;
	Relation	inherits = table_open(InheritsRelationId, AccessShareLock);
	SysScanDesc scan;
	ScanKeyData key;
	HeapTuple	tuple;

	ScanKeyInit(&key, Anum_pg_inherits_inhrelid, BTEqualStrategyNumber,
				F_OIDEQ, ObjectIdGetDatum(relid));
	scan = systable_beginscan(inherits, InheritsRelidSeqnoIndexId, true,
							  NULL, 1, &key);
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
		parents = lappend_oid(parents,
							  ((Form_pg_inherits) GETSTRUCT(tuple))->inhparent);
	systable_endscan(scan);
	table_close(inherits, AccessShareLock);
	return parents;
}

bool
sg_is_under(Oid relid, Oid above)
{
	ListCell   *lc;

	if (relid == above)
		return true;
	check_stack_depth();
	foreach(lc, sg_inheritance_parents(relid))
	{
		if (sg_is_under(lfirst_oid(lc), above))
			return true;
	}
	return false;
}

/*
 * Has this table, or one below it, rows that are visible now?  Locks all of
 * them in ACCESS SHARE mode until the end of the transaction.
 */
bool
sg_inheritance_has_rows(Oid relid)
{
	ListCell   *lc;
	bool		found = false;

	foreach(lc, find_all_inheritors(relid, AccessShareLock, NULL))
	{
		Relation	rel = table_open(lfirst_oid(lc), NoLock);

		if (!found && RELKIND_HAS_STORAGE(rel->rd_rel->relkind) &&
			RelationGetNumberOfBlocks(rel) > 0)
		{
			TableScanDesc scan = SG_TABLE_BEGINSCAN(rel, GetLatestSnapshot());
			TupleTableSlot *slot = table_slot_create(rel, NULL);

			found = table_scan_getnextslot(scan, ForwardScanDirection, slot);
			ExecDropSingleTupleTableSlot(slot);
			table_endscan(scan);
		}
		table_close(rel, NoLock);
	}
	return found;
}
