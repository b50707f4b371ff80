/*-------------------------------------------------------------------------
 *
 * data_flow.c
 *		From which relations a statement's data come.
 *
 * A statement may have several parts, in data-modifying WITH queries, and its
 * range table has the relations of all of them.  So the plan of each part is
 * followed down to its scans, through WITH queries and subqueries.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_class.h"
#include "channel/read/data_flow.h"
#include "channel/read/plan_expressions.h"
#include "miscadmin.h"
#include "nodes/nodeFuncs.h"
#include "parser/parsetree.h"

typedef struct FlowSearch
{
	const PlannedStmt *stmt;
	List	   *relations;
	Bitmapset  *visited;		/* subplans, by number from 1 */
} FlowSearch;

static void follow_plan(Plan *plan, FlowSearch *search);

static void
add_relation(Index rti, FlowSearch *search)
{
	RangeTblEntry *rte;

	if (rti == 0 || rti > list_length(search->stmt->rtable))
		return;
	rte = rt_fetch(rti, search->stmt->rtable);
	if (OidIsValid(rte->relid) &&
		(rte->rtekind == RTE_RELATION || rte->rtekind == RTE_SUBQUERY))
		search->relations = list_append_unique_oid(search->relations,
												   rte->relid);
}

static void
add_relations(const Bitmapset *rtis, FlowSearch *search)
{
	int			rti = -1;

	while ((rti = bms_next_member(rtis, rti)) >= 0)
		add_relation(rti, search);
}

static void
follow_subplan(int plan_id, FlowSearch *search)
{
	if (bms_is_member(plan_id, search->visited))
		return;
	search->visited = bms_add_member(search->visited, plan_id);
	follow_plan(list_nth(search->stmt->subplans, plan_id - 1), search);
}

static bool
follow_expression(Node *node, FlowSearch *search)
{
	if (node == NULL)
		return false;
	if (IsA(node, SubPlan))
		follow_subplan(((SubPlan *) node)->plan_id, search);
	return expression_tree_walker(node, follow_expression, search);
}

/*
 * What a part that writes hands on is its rows as they are now.  Those of an
 * INSERT were given to it by the statement, unless it may have met others.
 */
static void
follow_modification(ModifyTable *modify, FlowSearch *search)
{
	ListCell   *lc;

	if (modify->operation == CMD_INSERT &&
		modify->onConflictAction != ONCONFLICT_UPDATE)
		return;
	foreach(lc, modify->resultRelations)
		add_relation(lfirst_int(lc), search);
}

static void
follow_scan(Plan *plan, FlowSearch *search)
{
	switch (nodeTag(plan))
	{
		case T_SeqScan:
		case T_SampleScan:
		case T_IndexScan:
		case T_IndexOnlyScan:
		case T_BitmapHeapScan:
		case T_TidScan:
		case T_TidRangeScan:
		case T_SubqueryScan:
			add_relation(((Scan *) plan)->scanrelid, search);
			break;
		case T_ForeignScan:
			add_relation(((Scan *) plan)->scanrelid, search);
			add_relations(((ForeignScan *) plan)->fs_relids, search);
			break;
		case T_CustomScan:
			add_relation(((Scan *) plan)->scanrelid, search);
			add_relations(((CustomScan *) plan)->custom_relids, search);
			break;
		case T_CteScan:
			follow_subplan(((CteScan *) plan)->ctePlanId, search);
			break;
		default:
			break;
	}
}

static void
follow_plan(Plan *plan, FlowSearch *search)
{
	bool		complete = true;
	List	   *expressions;
	List	   *children;
	ListCell   *lc;

	if (plan == NULL)
		return;
	check_stack_depth();
	follow_scan(plan, search);
	if (IsA(plan, ModifyTable))
		follow_modification((ModifyTable *) plan, search);
	foreach(lc, plan->initPlan)
	{
		SubPlan    *subplan = lfirst_node(SubPlan, lc);

		/*
		 * WITH queries stand here as well, whether or not they are used here.
		 */
		if (subplan->subLinkType != CTE_SUBLINK)
			follow_subplan(subplan->plan_id, search);
	}
	(void) follow_expression((Node *) plan->targetlist, search);
	(void) follow_expression((Node *) plan->qual, search);
	expressions = sg_plan_expressions(plan, &complete);
	foreach(lc, expressions)
		(void) follow_expression(lfirst(lc), search);
	list_free(expressions);
	children = sg_plan_children(plan);
	foreach(lc, children)
		follow_plan(lfirst(lc), search);
	list_free(children);
}

/* Subqueries of a plan's nodes whose values a part of it may use. */
static void
follow_parameters(Plan *plan, const Bitmapset *used, FlowSearch *search)
{
	List	   *children;
	ListCell   *lc;
	ListCell   *id;

	if (plan == NULL)
		return;
	check_stack_depth();
	foreach(lc, plan->initPlan)
	{
		SubPlan    *subplan = lfirst_node(SubPlan, lc);

		foreach(id, subplan->setParam)
		{
			if (subplan->subLinkType != CTE_SUBLINK &&
				bms_is_member(lfirst_int(id), used))
				follow_subplan(subplan->plan_id, search);
		}
	}
	children = sg_plan_children(plan);
	foreach(lc, children)
		follow_parameters(lfirst(lc), used, search);
	list_free(children);
}

/* One part of a statement. */
static void
follow_part(Plan *part, FlowSearch *search)
{
	ListCell   *lc;

	follow_plan(part, search);
	follow_parameters(search->stmt->planTree, part->extParam, search);
	foreach(lc, search->stmt->subplans)
		follow_parameters(lfirst(lc), part->extParam, search);
}

/* What a part writes to a relation, a DELETE excepted, which writes nothing. */
static void
follow_writing(Plan *part, Oid relid, FlowSearch *search)
{
	ModifyTable *modify = (ModifyTable *) part;
	ListCell   *lc;
	bool		found = false;

	if (part == NULL || !IsA(part, ModifyTable) ||
		modify->operation == CMD_DELETE)
		return;
	foreach(lc, modify->resultRelations)
		found |= rt_fetch(lfirst_int(lc), search->stmt->rtable)->relid == relid;
	if (modify->rootRelation != 0)
		found |= rt_fetch(modify->rootRelation,
						  search->stmt->rtable)->relid == relid;
	if (found)
		follow_part(part, search);
}

/*
 * Views that are guarded themselves are no part of the plan any more; only the
 * range table still has them.  So they count for everything.
 */
static void
add_views(FlowSearch *search)
{
	ListCell   *lc;

	foreach(lc, search->stmt->rtable)
	{
		RangeTblEntry *rte = lfirst_node(RangeTblEntry, lc);

		if (OidIsValid(rte->relid) &&
			(rte->rtekind == RTE_SUBQUERY ||
			 (rte->rtekind == RTE_RELATION && rte->relkind == RELKIND_VIEW)))
			search->relations = list_append_unique_oid(search->relations,
													   rte->relid);
	}
}

List *
sg_flow_to_result(const PlannedStmt *stmt)
{
	FlowSearch	search = {0};

	search.stmt = stmt;
	add_views(&search);
	follow_part(stmt->planTree, &search);
	return search.relations;
}

List *
sg_flow_to_relation(const PlannedStmt *stmt, Oid relid)
{
	FlowSearch	search = {0};
	ListCell   *lc;

	search.stmt = stmt;
	add_views(&search);
	follow_writing(stmt->planTree, relid, &search);
	foreach(lc, stmt->subplans)
		follow_writing(lfirst(lc), relid, &search);
	return search.relations;
}
