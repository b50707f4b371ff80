/*-------------------------------------------------------------------------
 *
 * computed.c
 *		Functions that the server itself calls with rows of guarded tables,
 *		and the commands that make it do so.
 *
 * An index on an expression, statistics, a check or the operators of a type
 * call functions with what is in a table, and no query of the table is
 * executed: ANALYZE, autovacuum, REINDEX, CLUSTER, VACUUM FULL and amcheck do
 * it.  Such a function can copy what it is given.  So the command is recorded,
 * with the function, before it runs; a ROLLBACK would not undo what the
 * function has sent elsewhere.
 *
 * sharing_guard.code_on_rows() finds the functions.  Those in C are left out,
 * because only a superuser can make them.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/parallel.h"
#include "access/xact.h"
#include "catalog/index.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_type.h"
#include "channel/command/computed.h"
#include "channel/command/command_record.h"
#include "channel/guard/inheritance.h"
#include "commands/extension.h"
#include "commands/tablecmds.h"
#include "base/compat.h"
#include "base/fixed_form.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "nodes/parsenodes.h"
#include "base/run_as_owner.h"
#include "parser/parse_type.h"
#include "postmaster/autovacuum.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

/* The kinds of code_on_rows() that a command calls the functions of. */
#define BY_ANALYZE "{index,statistics,type}"
#define BY_INDEXES "{index,type}"
#define BY_REWRITE "{index,type,constraint,generated column}"

/* ----------------------------------------------------------------
 *		What is used where
 * ----------------------------------------------------------------
 */

/*
 * Upwards from an object: to the relations that use it.  (Not by way of views:
 * what is read through them is read by a query.)  Three steps are not in
 * pg_depend: from a function to the operator class that has it, from a
 * constraint to its domain, and from a type to what sorts it.
 */
static const char used_on_query[] =
"WITH RECURSIVE used (classid, objid) AS ("
" SELECT $1, $2"
" UNION"
" SELECT x.classid, x.objid FROM used u CROSS JOIN LATERAL ("
" SELECT d.classid, d.objid FROM pg_catalog.pg_depend d"
" WHERE d.refclassid OPERATOR(pg_catalog.=) u.classid"
" AND d.refobjid OPERATOR(pg_catalog.=) u.objid"
" AND d.classid OPERATOR(pg_catalog.<>) 'pg_catalog.pg_rewrite'::pg_catalog.regclass::pg_catalog.oid"
" UNION ALL"
" SELECT o.tableoid, o.oid FROM pg_catalog.pg_amproc m JOIN pg_catalog.pg_opclass o"
" ON o.opcfamily OPERATOR(pg_catalog.=) m.amprocfamily"
" WHERE u.classid OPERATOR(pg_catalog.=) 'pg_catalog.pg_proc'::pg_catalog.regclass::pg_catalog.oid"
" AND m.amproc::pg_catalog.oid OPERATOR(pg_catalog.=) u.objid"
" UNION ALL"
" SELECT o.tableoid, o.oid FROM pg_catalog.pg_amop m JOIN pg_catalog.pg_opclass o"
" ON o.opcfamily OPERATOR(pg_catalog.=) m.amopfamily"
" WHERE u.classid OPERATOR(pg_catalog.=) 'pg_catalog.pg_operator'::pg_catalog.regclass::pg_catalog.oid"
" AND m.amopopr OPERATOR(pg_catalog.=) u.objid"
" UNION ALL"
" SELECT 'pg_catalog.pg_type'::pg_catalog.regclass, o.opcintype"
" FROM pg_catalog.pg_opclass o"
" WHERE u.classid OPERATOR(pg_catalog.=) o.tableoid"
" AND o.oid OPERATOR(pg_catalog.=) u.objid AND o.opcdefault"
" UNION ALL"
" SELECT 'pg_catalog.pg_type'::pg_catalog.regclass, c.contypid"
" FROM pg_catalog.pg_constraint c"
" WHERE u.classid OPERATOR(pg_catalog.=) c.tableoid"
" AND c.oid OPERATOR(pg_catalog.=) u.objid"
" AND c.contypid OPERATOR(pg_catalog.<>) 0::pg_catalog.oid) x (classid, objid)"
" WHERE u.classid OPERATOR(pg_catalog.<>) 'pg_catalog.pg_class'::pg_catalog.regclass::pg_catalog.oid)"
" SELECT DISTINCT coalesce(i.indrelid, t.tgrelid, c.conrelid, a.adrelid,"
" s.stxrelid, p.polrelid, r.oid)"
" FROM used u"
" LEFT JOIN pg_catalog.pg_class r ON u.classid OPERATOR(pg_catalog.=) r.tableoid AND r.oid OPERATOR(pg_catalog.=) u.objid"
" LEFT JOIN pg_catalog.pg_index i ON i.indexrelid OPERATOR(pg_catalog.=) r.oid"
" LEFT JOIN pg_catalog.pg_trigger t ON u.classid OPERATOR(pg_catalog.=) t.tableoid AND t.oid OPERATOR(pg_catalog.=) u.objid"
" LEFT JOIN pg_catalog.pg_constraint c ON u.classid OPERATOR(pg_catalog.=) c.tableoid AND c.oid OPERATOR(pg_catalog.=) u.objid"
" LEFT JOIN pg_catalog.pg_attrdef a ON u.classid OPERATOR(pg_catalog.=) a.tableoid AND a.oid OPERATOR(pg_catalog.=) u.objid"
" LEFT JOIN pg_catalog.pg_statistic_ext s ON u.classid OPERATOR(pg_catalog.=) s.tableoid AND s.oid OPERATOR(pg_catalog.=) u.objid"
" LEFT JOIN pg_catalog.pg_policy p ON u.classid OPERATOR(pg_catalog.=) p.tableoid AND p.oid OPERATOR(pg_catalog.=) u.objid"
" WHERE coalesce(i.indrelid, t.tgrelid, c.conrelid, a.adrelid,"
" s.stxrelid, p.polrelid, r.oid) OPERATOR(pg_catalog.>) 0::pg_catalog.oid";

/* Downwards: the functions that are called for these relations. */
static const char code_on_rows_query[] =
"SELECT DISTINCT relid, function FROM sharing_guard.code_on_rows($1)"
" WHERE kind OPERATOR(pg_catalog.=) ANY ($2)";

/* Takes columns of OIDs over from SPI, into lists of the caller's memory. */
typedef struct OidResult
{
	MemoryContext context;
	List	   *oids;
	List	   *second;			/* where the query has two columns */
} OidResult;

static void
take_oids(void *arg)
{
	OidResult  *result = arg;
	MemoryContext spi_context = MemoryContextSwitchTo(result->context);
	TupleDesc	desc = SPI_tuptable->tupdesc;

	for (uint64 i = 0; i < SPI_processed; i++)
	{
		HeapTuple	row = SPI_tuptable->vals[i];
		bool		isnull;

		result->oids = lappend_oid(result->oids,
								   DatumGetObjectId(SPI_getbinval(row, desc, 1, &isnull)));
		if (desc->natts > 1)
			result->second = lappend_oid(result->second,
										 DatumGetObjectId(SPI_getbinval(row, desc, 2, &isnull)));
	}
	MemoryContextSwitchTo(spi_context);
}

List *
sg_computed_relations_using(const GuardCatalog *state, Oid classId, Oid objectId)
{
	OidResult	result = {CurrentMemoryContext, NIL, NIL};
	Oid			argtypes[2] = {OIDOID, OIDOID};
	Datum		args[2];

	args[0] = ObjectIdGetDatum(classId);
	args[1] = ObjectIdGetDatum(objectId);
	sg_query_as_owner(state->event_table, used_on_query, 2, argtypes, args,
					  take_oids, &result);
	return result.oids;
}

/* The function's name, always with its schema. */
static char *
function_name(Oid function)
{
	char	   *name = get_func_name(function);
	char	   *schema = name ? get_namespace_name(get_func_namespace(function)) : NULL;

	return schema ? sg_qualified_name(schema, name) :
		psprintf("function %u", function);
}

/*
 * Record a command that calls functions of these kinds for the relations, or
 * for any guarded table where there are none: an event for each guard and
 * function.
 */
static void
computed(const GuardCatalog *state, const char *operation, List *relids,
		 const char *kinds)
{
	OidResult	result = {CurrentMemoryContext, NIL, NIL};
	Oid			argtypes[2] = {OIDARRAYOID, TEXTARRAYOID};
	Datum		args[2];
	Datum	   *roots;
	List	   *told = NIL;
	int			nroots = 0;
	ListCell   *lc;
	ListCell   *function;

	roots = palloc(sizeof(Datum) * (list_length(relids) +
									list_length(state->guards) + 1));
	foreach(lc, relids)
		roots[nroots++] = ObjectIdGetDatum(lfirst_oid(lc));
	if (relids == NIL)
	{
		foreach(lc, state->guards)
			roots[nroots++] = ObjectIdGetDatum(((GuardedTable *) lfirst(lc))->read.relid);
	}
	args[0] = PointerGetDatum(construct_array(roots, nroots, OIDOID, sizeof(Oid),
											  true, TYPALIGN_INT));
	args[1] = OidFunctionCall3(F_ARRAY_IN, CStringGetDatum(kinds),
							   ObjectIdGetDatum(TEXTOID), Int32GetDatum(-1));
	sg_query_as_owner(state->event_table, code_on_rows_query, 2, argtypes, args,
					  take_oids, &result);

	forboth(lc, result.oids, function, result.second)
	{
		const GuardedTable *guard = sg_ddl_guard_of(state, lfirst_oid(lc));
		char	   *what;
		ListCell   *before;
		bool		known = false;

		if (guard == NULL)
			continue;

		/* Partitions have one each. */
		what = psprintf("%s %s", guard->read.guard_id, function_name(lfirst_oid(function)));
		foreach(before, told)
			known |= strcmp(lfirst(before), what) == 0;
		if (known)
			continue;
		told = lappend(told, what);
		sg_ddl_rows_seen(operation, guard->relation,
						 function_name(lfirst_oid(function)));
	}
}

void
sg_computed_rewrite(const GuardCatalog *state, Oid relid)
{
	computed(state, "ALTER TABLE", list_make1_oid(relid), BY_REWRITE);
}

/* ----------------------------------------------------------------
 *		Commands
 * ----------------------------------------------------------------
 */

/* A constraint of a domain is checked on every row of every table with it. */
static void
alter_domain(const GuardCatalog *state, const AlterDomainStmt *stmt)
{
	Oid			domain;
	ListCell   *lc;

	if (stmt->subtype != 'C' && stmt->subtype != 'V')
		return;
	domain = typenameTypeId(NULL, makeTypeNameFromNameList(stmt->typeName));
	foreach(lc, sg_computed_relations_using(state, TypeRelationId, domain))
	{
		const GuardedTable *guard = sg_ddl_guard_of(state, lfirst_oid(lc));

		if (guard != NULL)
			sg_ddl_rows_seen("ALTER DOMAIN", guard->relation,
							 NameListToString(stmt->typeName));
	}
}

/* The table of an index, or the relation itself. */
static Oid
table_of(const RangeVar *relation)
{
	Oid			relid = relation ? RangeVarGetRelid(relation, NoLock, true) :
	InvalidOid;
	char		relkind = OidIsValid(relid) ? get_rel_relkind(relid) : '\0';

	if (relkind == RELKIND_INDEX || relkind == RELKIND_PARTITIONED_INDEX)
		relid = IndexGetRelation(relid, true);
	return relid;
}

/*
 * CLUSTER and REINDEX: of one relation, or of any where none is named.  Where
 * it is not found the server says so.
 */
static void
on_relation(const GuardCatalog *state, const char *operation,
			const RangeVar *relation)
{
	Oid			relid = table_of(relation);

	if (OidIsValid(relid))
		computed(state, operation, list_make1_oid(relid), BY_INDEXES);
	else if (relation == NULL)
		computed(state, operation, NIL, BY_INDEXES);
}

static void
vacuum(const GuardCatalog *state, const VacuumStmt *stmt)
{
	bool		analyzes = !stmt->is_vacuumcmd;
	bool		rewrites = false;
	List	   *relids = NIL;
	ListCell   *lc;

	foreach(lc, stmt->options)
	{
		DefElem    *option = lfirst_node(DefElem, lc);

		rewrites |= strcmp(option->defname, "full") == 0;
		analyzes |= strcmp(option->defname, "analyze") == 0;
	}
	if (!analyzes && !rewrites)
		return;
	foreach(lc, stmt->rels)
	{
		VacuumRelation *rel = lfirst_node(VacuumRelation, lc);
		Oid			relid = OidIsValid(rel->oid) ? rel->oid : table_of(rel->relation);

		if (OidIsValid(relid))
			relids = lappend_oid(relids, relid);
	}
	if (relids == NIL && stmt->rels != NIL)
		return;
	computed(state, stmt->is_vacuumcmd ? "VACUUM" : "ANALYZE", relids,
			 analyzes ? BY_ANALYZE : BY_INDEXES);
}

/* An index or statistics on expressions that are computed for each row. */
static void
expressions_on(const GuardCatalog *state, const char *operation,
			   const RangeVar *relation, const char *name)
{
	Oid			relid = RangeVarGetRelid(relation, NoLock, true);
	ListCell   *lc;

	if (!OidIsValid(relid))
		return;
	foreach(lc, sg_ddl_guards_touched(state, relid))
		sg_ddl_rows_seen(operation,
						 ((GuardedTable *) lfirst(lc))->relation, name);
}

static void
create_index(const GuardCatalog *state, const IndexStmt *stmt)
{
	/* Where it is not unique, an error names the value. */
	bool		looks = stmt->whereClause != NULL || stmt->unique ||
	stmt->excludeOpNames != NIL;
	ListCell   *lc;

	foreach(lc, stmt->indexParams)
	{
		IndexElem  *elem = lfirst_node(IndexElem, lc);

		/* An operator class consists of functions, too. */
		looks |= elem->expr != NULL || elem->opclass != NIL;
	}
	if (looks)
		expressions_on(state, "CREATE INDEX", stmt->relation, stmt->idxname);
}

static void
create_statistics(const GuardCatalog *state, const CreateStatsStmt *stmt)
{
	bool		expressions = false;
	ListCell   *lc;

	foreach(lc, stmt->exprs)
		expressions |= lfirst_node(StatsElem, lc)->expr != NULL;
	if (expressions && stmt->relations != NIL &&
		IsA(linitial(stmt->relations), RangeVar))
		expressions_on(state, "CREATE STATISTICS", linitial(stmt->relations),
					   stmt->defnames ? strVal(llast(stmt->defnames)) : NULL);
}

void
sg_computed_command(const GuardCatalog *state, const Node *command)
{
	if (state == NULL || state->guards == NIL)
		return;
	switch (nodeTag(command))
	{
		case T_AlterDomainStmt:
			alter_domain(state, (const AlterDomainStmt *) command);
			break;
		case SG_T_CLUSTER_STMT:
			on_relation(state, SG_CLUSTER_COMMAND(command),
						SG_CLUSTER_RELATION(command));
			break;
		case T_CreateStatsStmt:
			create_statistics(state, (const CreateStatsStmt *) command);
			break;
		case T_IndexStmt:
			create_index(state, (const IndexStmt *) command);
			break;
		case T_ReindexStmt:
			on_relation(state, "REINDEX",
						((const ReindexStmt *) command)->relation);
			break;
		case T_VacuumStmt:
			vacuum(state, (const VacuumStmt *) command);
			break;
		default:
			break;
	}
}

/*
 * A function that was there before may be used on a guarded table: what it did
 * there it may now do otherwise.
 */
void
sg_computed_function_made(const GuardCatalog *state, const Node *command,
						  Oid function)
{
	const char *operation;
	ListCell   *lc;

	if (IsA(command, CreateFunctionStmt))
	{
		if (!((const CreateFunctionStmt *) command)->replace)
			return;
		operation = "CREATE FUNCTION";
	}
	else if (IsA(command, AlterFunctionStmt))
		operation = "ALTER FUNCTION";
	else
		return;
	foreach(lc, sg_computed_relations_using(state, ProcedureRelationId, function))
	{
		const GuardedTable *guard = sg_ddl_guard_of(state, lfirst_oid(lc));

		if (guard != NULL)
			sg_ddl_note_for_good(operation, guard->relation,
								 get_func_name(function));
	}
}

/* ----------------------------------------------------------------
 *		What is not a command
 * ----------------------------------------------------------------
 */

/* Functions of the server that compute what is in an index. */
static bool
computes_index(Oid function)
{
	Oid			extension;
	char	   *name;

	switch (function)
	{
		case F_BRIN_SUMMARIZE_NEW_VALUES:
		case F_BRIN_SUMMARIZE_RANGE:
		case F_GIN_CLEAN_PENDING_LIST:
			return true;
		default:
			if (function < FirstNormalObjectId)
				return false;
	}
	extension = getExtensionOfObject(ProcedureRelationId, function);
	name = OidIsValid(extension) ? get_extension_name(extension) : NULL;
	return name != NULL && strcmp(name, "amcheck") == 0;
}

/* An autovacuum worker runs ANALYZE, which calls a user's function. */
static void
autovacuum_calls(const GuardCatalog *state, Oid function)
{
	static Oid	last_function = InvalidOid;
	static TimestampTz last_transaction = 0;
	List	   *told = NIL;
	ListCell   *lc;

	/* A table is a transaction, and the function is made ready many times. */
	if (function == last_function &&
		last_transaction == GetCurrentTransactionStartTimestamp())
		return;
	foreach(lc, sg_computed_relations_using(state, ProcedureRelationId, function))
	{
		const GuardedTable *guard = sg_ddl_guard_of(state, lfirst_oid(lc));

		if (guard == NULL || list_member_ptr(told, guard))
			continue;
		told = lappend(told, (void *) guard);
		sg_ddl_rows_seen("autovacuum ANALYZE", guard->relation,
						 function_name(function));
	}
	last_function = function;
	last_transaction = GetCurrentTransactionStartTimestamp();
}

/*
 * Called for each function of each expression of each statement, so most pay
 * two comparisons.
 */
bool
sg_computed_function(Oid function)
{
	const GuardCatalog *state;

	if (likely(function < FirstNormalObjectId) ?
		!computes_index(function) :
		!SG_IS_AUTOVACUUM_WORKER() && !computes_index(function))
		return false;
	if (IsParallelWorker() || sg_owner_query_running())
		return true;
	state = sg_ddl_state();
	if (state == NULL || state->guards == NIL)
		return true;
	if (SG_IS_AUTOVACUUM_WORKER())
		autovacuum_calls(state, function);
	else
		computed(state, get_func_name(function), NIL, BY_INDEXES);
	return true;
}
