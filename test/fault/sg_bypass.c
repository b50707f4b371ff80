/*-------------------------------------------------------------------------
 *
 * sg_bypass.c
 *		Writes tables past their triggers, as an extension might.  No part of
 *		the product.
 *
 * sg_make_chunk() makes a table below another in the midst of a statement.
 * Once loaded, the setting sg_bypass.way says what is put in the place of
 * ModifyTable for INSERT and UPDATE of one table:
 *
 *	custom	a custom scan that stores the rows by itself
 *	bare	the same, in a plan that names no relation that it changes
 *	above	a custom scan with the server's ModifyTable below it
 *	direct	ModifyTable, marked as carried out by another server
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "catalog/pg_class.h"
#include "catalog/pg_trigger.h"
#include "commands/tablecmds.h"
#include "commands/trigger.h"
#include "executor/executor.h"
#include "fmgr.h"
#include "nodes/extensible.h"
#include "nodes/makefuncs.h"
#include "nodes/plannodes.h"
#include "optimizer/planner.h"
#include "parser/parser.h"
#include "parser/parsetree.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

PG_MODULE_MAGIC;

void		_PG_init(void);

static planner_hook_type prev_planner = NULL;
static char *way = NULL;

typedef struct BypassState
{
	CustomScanState css;
	Oid			relid;			/* InvalidOid: a ModifyTable is below */
}			BypassState;

static void
bypass_begin(CustomScanState *node, EState *estate, int eflags)
{
	CustomScan *scan = (CustomScan *) node->ss.ps.plan;

	node->custom_ps = list_make1(ExecInitNode(linitial(scan->custom_plans),
											  estate, eflags));
}

static TupleTableSlot *
bypass_exec(CustomScanState *node)
{
	BypassState *state = (BypassState *) node;
	PlanState  *below = linitial(node->custom_ps);
	TupleTableSlot *slot;

	while (slot = ExecProcNode(below), !TupIsNull(slot))
	{
		Relation	rel;
		TupleTableSlot *row;

		if (!OidIsValid(state->relid))
			continue;
		rel = table_open(state->relid, RowExclusiveLock);
		row = table_slot_create(rel, NULL);
		slot_getallattrs(slot);
		ExecClearTuple(row);
		for (int i = 0; i < RelationGetNumberOfAttributes(rel); i++)
		{
			row->tts_values[i] = slot->tts_values[i];
			row->tts_isnull[i] = slot->tts_isnull[i];
		}
		ExecStoreVirtualTuple(row);
		simple_table_tuple_insert(rel, row);
		ExecDropSingleTupleTableSlot(row);
		table_close(rel, NoLock);
	}
	return NULL;
}

static void
bypass_end(CustomScanState *node)
{
	ExecEndNode(linitial(node->custom_ps));
}

static void
bypass_rescan(CustomScanState *node)
{
}

static const CustomExecMethods exec_methods = {
	.CustomName = "bypass",
	.BeginCustomScan = bypass_begin,
	.ExecCustomScan = bypass_exec,
	.EndCustomScan = bypass_end,
	.ReScanCustomScan = bypass_rescan
};

static Node *
bypass_create_state(CustomScan *scan)
{
	BypassState *state = (BypassState *) newNode(sizeof(BypassState),
												 T_CustomScanState);

	state->css.methods = &exec_methods;
	state->relid = intVal(linitial(scan->custom_private));
	return (Node *) state;
}

static const CustomScanMethods scan_methods = {
	.CustomName = "bypass",
	.CreateCustomScanState = bypass_create_state
};

static PlannedStmt *
bypass_planner(Query *parse, const char *query_string, int cursorOptions,
			   ParamListInfo boundParams)
{
	PlannedStmt *plan = prev_planner ?
	prev_planner(parse, query_string, cursorOptions, boundParams) :
	standard_planner(parse, query_string, cursorOptions, boundParams);
	ModifyTable *modify = (ModifyTable *) plan->planTree;
	CustomScan *scan;
	bool		above = strcmp(way, "above") == 0;

	if (strcmp(way, "none") == 0 || !IsA(modify, ModifyTable) ||
		list_length(modify->resultRelations) != 1 ||
		(modify->operation != CMD_INSERT && modify->operation != CMD_UPDATE))
		return plan;
	if (strcmp(way, "direct") == 0)
	{
		modify->fdwDirectModifyPlans = bms_make_singleton(0);
		return plan;
	}
	scan = makeNode(CustomScan);
	scan->methods = &scan_methods;
	scan->custom_plans = list_make1(above ? (Plan *) modify :
									outerPlan(modify));
	scan->custom_private = list_make1(makeInteger(above ? InvalidOid :
												  rt_fetch(linitial_int(modify->resultRelations),
														   plan->rtable)->relid));
	plan->planTree = (Plan *) scan;
	if (strcmp(way, "bare") == 0)
		plan->resultRelations = NIL;
	return plan;
}

void
_PG_init(void)
{
	DefineCustomStringVariable("sg_bypass.way",
							   "What is put in the place of ModifyTable.",
							   NULL, &way, "none", PGC_USERSET, 0,
							   NULL, NULL, NULL);
	RegisterCustomScanMethods(&scan_methods);
	prev_planner = planner_hook;
	planner_hook = bypass_planner;
}

PG_FUNCTION_INFO_V1(strange_handler);

/* An access method that nobody knows, which is heap all the same. */
Datum
strange_handler(PG_FUNCTION_ARGS)
{
	PG_RETURN_POINTER(GetHeapamTableAmRoutine());
}

PG_FUNCTION_INFO_V1(sg_make_chunk);

/*
 * sg_make_chunk(parent regclass, name text, with_triggers boolean) returns void
 *
 * Makes a table below another, as an extension makes a chunk: not by a command,
 * and, if so wished, with triggers copied from their definitions.
 */
Datum
sg_make_chunk(PG_FUNCTION_ARGS)
{
	Oid			parent = PG_GETARG_OID(0);
	char	   *name = text_to_cstring(PG_GETARG_TEXT_PP(1));
	char	   *schema = get_namespace_name(get_rel_namespace(parent));
	CreateStmt *stmt = makeNode(CreateStmt);
	ObjectAddress child;
	Relation	rel;

	stmt->relation = makeRangeVar(schema, name, -1);
	stmt->inhRelations = list_make1(makeRangeVar(schema, get_rel_name(parent), -1));
	child = DefineRelation(stmt, RELKIND_RELATION, InvalidOid, NULL, NULL);
	CommandCounterIncrement();

	rel = table_open(parent, AccessShareLock);
	for (int i = 0; PG_GETARG_BOOL(2) && i < rel->trigdesc->numtriggers; i++)
	{
		Datum		source = DirectFunctionCall1(pg_get_triggerdef,
												 ObjectIdGetDatum(rel->trigdesc->triggers[i].tgoid));
		char	   *definition = TextDatumGetCString(source);
		List	   *parsed = raw_parser(definition, RAW_PARSE_DEFAULT);
		CreateTrigStmt *trigger = castNode(CreateTrigStmt,
										   linitial_node(RawStmt, parsed)->stmt);

		if (!trigger->row || trigger->timing == TRIGGER_TYPE_BEFORE)
			continue;
		trigger->relation = makeRangeVar(schema, name, -1);
		CreateTrigger(trigger, definition, child.objectId, InvalidOid,
					  InvalidOid, InvalidOid, InvalidOid, InvalidOid, NULL,
					  false, false);
		CommandCounterIncrement();
	}
	table_close(rel, NoLock);
	PG_RETURN_VOID();
}
