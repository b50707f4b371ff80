/*-------------------------------------------------------------------------
 *
 * bypass.c
 *		Guarded tables whose rows do not pass their triggers.
 *
 * An export table is guarded by triggers, and the server's own ModifyTable and
 * COPY fire them.  An extension may put something else in the place of
 * ModifyTable, or of COPY: a distributed table's rows are sent to the nodes
 * that keep its shards, where there is neither a policy nor a guard.  A read
 * guard sees what is read here, and nothing of what is read there.
 *
 * Such tables cannot be protected, and one that has become such a table since
 * is left alone: its rows are refused in any mode, because their destination
 * could not be told.
 *
 * A plan is looked at before it begins.  Its range table still names the
 * relation that the statement wanted to write, with the permission that takes;
 * so a plan in which no ModifyTable has this relation is one that writes it in
 * another way.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/namespace.h"
#include "catalog/pg_am.h"
#include "catalog/pg_class.h"
#include "catalog/pg_namespace.h"
#include "catalog/pg_type.h"
#include "base/enum_names.h"
#include "base/errcodes.h"
#include "channel/guard/command_event.h"
#include "channel/guard/bypass.h"
#include "channel/guard/read_guard.h"
#include "base/compat.h"
#include "base/fixed_form.h"
#include "miscadmin.h"
#include "base/run_as_owner.h"
#include "parser/parsetree.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/syscache.h"

PG_FUNCTION_INFO_V1(sg_sql_bypass_reason);

/* ----------------------------------------------------------------
 *		Relations
 * ----------------------------------------------------------------
 */

/*
 * A catalog of distributed tables.  Citus keeps its own in pg_catalog; before
 * its sixth version they were made in a schema of their own.
 */
static Oid
distribution_catalog(const char *name)
{
	Oid			catalog = get_relname_relid(name, PG_CATALOG_NAMESPACE);
	Oid			schema;

	if (OidIsValid(catalog))
		return catalog;
	schema = get_namespace_oid("citus", true);
	return OidIsValid(schema) ? get_relname_relid(name, schema) : InvalidOid;
}

/*
 * The column "wanted" of the first row of such a catalog in which the column
 * "by" has this value; InvalidOid where there is none.  A catalog that does not
 * have these columns with these types has no such row.
 */
static Oid
find_in_catalog(const char *name, const char *by, Oid by_type,
				RegProcedure equal, Datum value)
{
	Oid			catalog = distribution_catalog(name);
	AttrNumber	by_attnum;
	AttrNumber	wanted;
	Oid			type;
	Relation	rel;
	SysScanDesc scan;
	ScanKeyData key;
	HeapTuple	tuple;
	Oid			found = InvalidOid;
	bool		isnull;

	if (!OidIsValid(catalog) || get_rel_relkind(catalog) != RELKIND_RELATION)
		return InvalidOid;
	by_attnum = get_attnum(catalog, by);
	wanted = get_attnum(catalog, "logicalrelid");
	if (by_attnum == InvalidAttrNumber || wanted == InvalidAttrNumber)
		return InvalidOid;
	type = get_atttype(catalog, by_attnum);
	if (type != by_type && !(by_type == OIDOID && type == REGCLASSOID))
		return InvalidOid;
	type = get_atttype(catalog, wanted);
	if (type != OIDOID && type != REGCLASSOID)
		return InvalidOid;

	rel = table_open(catalog, AccessShareLock);
	ScanKeyInit(&key, by_attnum, BTEqualStrategyNumber, equal, value);
	scan = systable_beginscan(rel, InvalidOid, false, NULL, 1, &key);
	tuple = systable_getnext(scan);
	if (HeapTupleIsValid(tuple))
	{
		Datum		datum = heap_getattr(tuple, wanted, RelationGetDescr(rel),
										 &isnull);

		if (!isnull)
			found = DatumGetObjectId(datum);
	}
	systable_endscan(scan);
	table_close(rel, AccessShareLock);
	return found;
}

static bool
is_distributed(Oid relid)
{
	return OidIsValid(find_in_catalog("pg_dist_partition", "logicalrelid",
									  OIDOID, F_OIDEQ,
									  ObjectIdGetDatum(relid)));
}

/*
 * The distributed table that this relation is a shard of, or InvalidOid.
 * Shards are named after their table and their number, in its schema.
 */
static Oid
shard_of(Oid relid)
{
	const char *name;
	const char *digits;
	Oid			table;

	if (!OidIsValid(distribution_catalog("pg_dist_shard")))
		return InvalidOid;
	name = get_rel_name(relid);
	digits = name != NULL ? strrchr(name, '_') : NULL;
	if (digits == NULL)
		return InvalidOid;
	digits++;
	if (*digits == '\0' || strlen(digits) > 18 ||
		strspn(digits, "0123456789") != strlen(digits))
		return InvalidOid;
	table = find_in_catalog("pg_dist_shard", "shardid", INT8OID, F_INT8EQ,
							Int64GetDatum(strtoll(digits, NULL, 10)));
	if (!OidIsValid(table) || table == relid ||
		get_rel_namespace(table) != get_rel_namespace(relid))
		return InvalidOid;
	return table;
}

/*
 * The name of an access method that is not known to pass each row to its
 * table's triggers; NULL where it is, or where the relation has none.
 *
 * The server fires the triggers, and reads the row for them again by its
 * address, which not every access method can do.  Heap under another name is
 * heap.
 */
static const char *
strange_access_method(Oid relid)
{
	static const char *const known[] = {"tde_heap", "orioledb"};
	HeapTuple	tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(relid));
	Oid			method;
	const char *name;

	if (!HeapTupleIsValid(tuple))
		return NULL;
	method = ((Form_pg_class) GETSTRUCT(tuple))->relam;
	if (!RELKIND_HAS_TABLE_AM(((Form_pg_class) GETSTRUCT(tuple))->relkind))
		method = InvalidOid;
	ReleaseSysCache(tuple);
	if (!OidIsValid(method) || method == HEAP_TABLE_AM_OID)
		return NULL;

	tuple = SearchSysCache1(AMOID, ObjectIdGetDatum(method));
	if (!HeapTupleIsValid(tuple))
		return NULL;
	name = pstrdup(NameStr(((Form_pg_am) GETSTRUCT(tuple))->amname));
	if (((Form_pg_am) GETSTRUCT(tuple))->amhandler == F_HEAP_TABLEAM_HANDLER)
		name = NULL;
	ReleaseSysCache(tuple);
	for (int i = 0; name != NULL && i < lengthof(known); i++)
	{
		if (strcmp(name, known[i]) == 0)
			name = NULL;
	}
	return name;
}

/*
 * Is there no catalog of distributed tables at all?  Kept until some relation
 * changes, for it is asked at each statement that touches a guarded table.
 */
static bool
nothing_is_distributed(void)
{
	static uint64 absent_at = PG_UINT64_MAX;
	uint64		now = sg_read_guard_invalidations();

	if (absent_at == now)
		return true;
	if (OidIsValid(distribution_catalog("pg_dist_partition")) ||
		OidIsValid(distribution_catalog("pg_dist_shard")))
		return false;

	/* What came while we looked may be out of date already. */
	if (sg_read_guard_invalidations() == now)
		absent_at = now;
	return true;
}

const char *
sg_bypass_reason(Oid relid, bool written)
{
	Oid			table = InvalidOid;
	const char *method;

	if (!nothing_is_distributed())
	{
		if (is_distributed(relid))
			return "it is distributed: its rows are kept on other nodes, where there is neither a policy nor a guard";
		table = shard_of(relid);
	}
	if (OidIsValid(table))
		return psprintf("it is a shard of the distributed table %s, whose rows come by other ways",
						get_rel_name(table) ? get_rel_name(table) : "that is gone");
	method = written ? strange_access_method(relid) : NULL;
	if (method != NULL)
		return psprintf("its access method \"%s\" is not known to pass each row to the table's triggers",
						method);
	return NULL;
}

/*
 * sharing_guard.bypass_reason(relation regclass, written boolean) returns text
 */
Datum
sg_sql_bypass_reason(PG_FUNCTION_ARGS)
{
	const char *reason = sg_bypass_reason(PG_GETARG_OID(0), PG_GETARG_BOOL(1));

	if (reason == NULL)
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(cstring_to_text(reason));
}

/* ----------------------------------------------------------------
 *		Statements
 * ----------------------------------------------------------------
 */

/* Records the attempt and ends the statement. */
static void
refuse(const char *operation, Oid relid, const char *reason)
{
	const char *relation = sg_relation_name(relid);
	const char *event_id = sg_command_record_refused(operation, relation, NULL);

	ereport(ERROR,
			(errcode(ERRCODE_SG_AUDIT_UNAVAILABLE),
			 errmsg("rows of protected table %s do not pass its guard",
					relation),
			 errdetail("The guard could neither decide on them nor record them: %s. The attempt is recorded as event %s.",
					   reason, event_id),
			 errhint("Make it a plain table again, or take its guard off with sharing_guard.unprotect(); sharing_guard.exposure names what is in the way.")));
}

/* What the ModifyTable nodes of a plan write, by index in the range table. */
typedef struct ModifiedRelations
{
	Bitmapset  *fired;			/* their triggers are fired */
	Bitmapset  *direct;			/* another server modifies them by itself */
} ModifiedRelations;

static void
			find_modified_in_list(ModifiedRelations *modified, List *plans);

static void
add_modified(ModifiedRelations *modified, const ModifyTable *node)
{
	ListCell   *lc;

	if (node->rootRelation > 0)
		modified->fired = bms_add_member(modified->fired, node->rootRelation);
	if (node->nominalRelation > 0)
		modified->fired = bms_add_member(modified->fired, node->nominalRelation);
	foreach(lc, node->resultRelations)
	{
		if (node->operation != CMD_DELETE &&
			bms_is_member(foreach_current_index(lc), node->fdwDirectModifyPlans))
			modified->direct = bms_add_member(modified->direct, lfirst_int(lc));
		else
			modified->fired = bms_add_member(modified->fired, lfirst_int(lc));
	}
}

/*
 * Where a ModifyTable may stand: on top, in a WITH query, or below what an
 * extension has put above it.
 */
static void
find_modified(ModifiedRelations *modified, Plan *plan)
{
	if (plan == NULL)
		return;
	check_stack_depth();
	switch (nodeTag(plan))
	{
		case T_ModifyTable:
			add_modified(modified, (ModifyTable *) plan);
			break;
		case T_CustomScan:
			find_modified_in_list(modified, ((CustomScan *) plan)->custom_plans);
			break;
		case T_Append:
			find_modified_in_list(modified, ((Append *) plan)->appendplans);
			break;
		case T_SubqueryScan:
			find_modified(modified, ((SubqueryScan *) plan)->subplan);
			break;
		default:
			break;
	}
	find_modified(modified, plan->lefttree);
	find_modified(modified, plan->righttree);
}

static void
find_modified_in_list(ModifiedRelations *modified, List *plans)
{
	ListCell   *lc;

	foreach(lc, plans)
		find_modified(modified, lfirst(lc));
}

/* Is it only locked, by FOR UPDATE or the like, which takes the same right? */
static bool
is_locked_only(const PlannedStmt *plan, int rti)
{
	ListCell   *lc;

	foreach(lc, plan->rowMarks)
	{
		if (lfirst_node(PlanRowMark, lc)->rti == rti)
			return true;
	}
	return false;
}

/*
 * Is the relation only named by a rule's action?  The server keeps the
 * permission of the statement that the rule is made for in the plan of each of
 * its actions, which write other tables.
 */
static bool
is_named_by_rule(Oid relid, const ModifiedRelations *modified)
{
	HeapTuple	tuple;
	bool		has_rules;

	if (modified->fired == NULL)
		return false;
	tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(relid));
	if (!HeapTupleIsValid(tuple))
		return false;
	has_rules = ((Form_pg_class) GETSTRUCT(tuple))->relhasrules;
	ReleaseSysCache(tuple);
	return has_rules;
}

/*
 * Why the statement may not touch this relation of its range table, or NULL.
 * "modified" is not needed for statements that only read.
 */
static const char *
reason_of_entry(const PlannedStmt *plan, int rti, const ReadGuard *guard,
				const ModifiedRelations *modified)
{
	const RangeTblEntry *rte = rt_fetch(rti, plan->rtable);
	Oid			check_as_user;
	AclMode		permissions = sg_rte_permissions(plan, rte, &check_as_user);
	bool		written = modified != NULL && !is_locked_only(plan, rti) &&
	(permissions & (ACL_INSERT | ACL_UPDATE)) != 0;

	if (guard->is_export && !written)
		return NULL;

	/* DELETE and TRUNCATE bring no row to anybody. */
	if (!written && (permissions & ACL_SELECT) == 0)
		return NULL;
	if (guard->is_export && bms_is_member(rti, modified->direct))
		return "the plan has another server modify it, and no trigger is fired";
	if (guard->is_export && !bms_is_member(rti, modified->fired) &&
		!is_named_by_rule(rte->relid, modified))
		return "an extension has put something else in the place of the server's own way to write it, and no trigger is fired";
	return sg_bypass_reason(rte->relid, guard->is_export);
}

void
sg_bypass_check_plan(const QueryDesc *queryDesc)
{
	const PlannedStmt *plan = queryDesc->plannedstmt;
	ModifiedRelations modified = {0};
	bool		writes = plan->commandType != CMD_SELECT || plan->hasModifyingCTE;
	bool		plain = true;
	ListCell   *lc;
	int			rti = 0;

	if (sg_owner_query_running() || !sg_read_guard_any())
	{
		sg_plain_plan = NULL;
		return;
	}
	foreach(lc, plan->rtable)
	{
		RangeTblEntry *rte = lfirst_node(RangeTblEntry, lc);
		const ReadGuard *guard;
		const char *reason;

		rti++;
		if (!OidIsValid(rte->relid))
			continue;

		/*
		 * A view, or a table that may have guarded partitions, is looked at
		 * again.
		 */
		if (rte->rtekind != RTE_RELATION)
		{
			plain = false;
			continue;
		}
		guard = sg_read_guard_find(rte->relid);
		if (guard == NULL)
		{
			plain &= rte->relkind != RELKIND_PARTITIONED_TABLE;
			continue;
		}
		plain = false;
		if (guard->is_export && !writes)
			continue;
		if (writes && modified.fired == NULL && modified.direct == NULL)
		{
			find_modified(&modified, plan->planTree);
			find_modified_in_list(&modified, plan->subplans);
		}
		reason = reason_of_entry(plan, rti, guard, writes ? &modified : NULL);
		if (reason != NULL)
			refuse(sg_command_type_name(plan->commandType), rte->relid, reason);
	}
	sg_plain_plan = plain ? plan : NULL;
}

void
sg_bypass_check_copy(const CopyStmt *copy)
{
	const ReadGuard *guard;
	const char *reason;
	Oid			relid;

	if (copy->relation == NULL || sg_owner_query_running() || !sg_read_guard_any())
		return;
	relid = RangeVarGetRelid(copy->relation, NoLock, true);
	if (!OidIsValid(relid) || (guard = sg_read_guard_find(relid)) == NULL ||
		(guard->is_export && !copy->is_from))
		return;
	reason = sg_bypass_reason(relid, copy->is_from && guard->is_export);
	if (reason != NULL)
		refuse("COPY", relid, reason);
}

void
sg_bypass_check_trigger(Oid relid)
{
	const char *reason = sg_bypass_reason(relid, false);

	if (reason != NULL)
		refuse("INSERT", relid, reason);
}
