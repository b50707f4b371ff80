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
#include "catalog/pg_inherits.h"
#include "channel/guard/inheritance.h"
#include "miscadmin.h"
#include "utils/fmgroids.h"

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
