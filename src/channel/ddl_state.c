/*-------------------------------------------------------------------------
 *
 * ddl_state.c
 *		What the hooks on commands need to know: which tables are guarded,
 *		who is bound to which agency, whether maintenance is open.
 *
 * Every session has these hooks, whether or not its database is guarded, and
 * nearly all that they are called for is nobody's business.  So all there is
 * to know is read at once, kept, and read again only when it has changed: an
 * answer of "nothing is protected here" costs a comparison.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/namespace.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_type.h"
#include "channel/ddl_state.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "operational.h"
#include "utils/acl.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"
#include "utils/timestamp.h"

/* The tables that this is read from, in the schema sharing_guard. */
static const char *const state_tables[] = {
	"guard", "guard_column", "role_binding", "server_binding",
	"publication_binding", "setting", "maintenance"
};

static Oid	state_table_oids[lengthof(state_tables)];

static MemoryContext state_context = NULL;
static DdlState *state = NULL;

/*
 * The callbacks only count; what was read under another number is read again.
 */
static uint64 state_generation = 1;
static uint64 state_loaded_generation = 0;

/* We read by executing queries, which must not ask for what is being read. */
static bool loading = false;

static void state_invalidate(Datum arg, Oid relid);
static void state_invalidate_schema(Datum arg, int cacheid, uint32 hashvalue);

void
sg_ddl_state_init(void)
{
	CacheRegisterRelcacheCallback(state_invalidate, (Datum) 0);
	CacheRegisterSyscacheCallback(NAMESPACEOID, state_invalidate_schema,
								  (Datum) 0);
}

/* No catalog access, no allocation, no error: see guard.c. */
static void
state_invalidate(Datum arg, Oid relid)
{
	if (relid == InvalidOid)
	{
		state_generation++;
		return;
	}
	for (int i = 0; i < lengthof(state_tables); i++)
	{
		if (state_table_oids[i] == relid)
			state_generation++;
	}
}

/* Our own schema may have come or gone. */
static void
state_invalidate_schema(Datum arg, int cacheid, uint32 hashvalue)
{
	state_generation++;
}

/* ----------------------------------------------------------------
 *		Reading
 * ----------------------------------------------------------------
 */

/* Runs a query as of now; its rows are in SPI_tuptable. */
static uint64
run_query(const char *query)
{
	SPIPlanPtr	plan = SPI_prepare(query, 0, NULL);

	if (plan == NULL ||
		SPI_execute_snapshot(plan, NULL, NULL, GetLatestSnapshot(),
							 InvalidSnapshot, true, false, 0) != SPI_OK_SELECT)
		ereport(ERROR,
				(errcode(ERRCODE_SG_NOT_OPERATIONAL),
				 errmsg("could not read what sharing_guard protects")));
	return SPI_processed;
}

/* A column of the result as text in CurrentMemoryContext; NULL for NULL. */
static char *
result_text(uint64 row, int column)
{
	return SPI_getvalue(SPI_tuptable->vals[row], SPI_tuptable->tupdesc, column);
}

static Datum
result_datum(uint64 row, int column)
{
	bool		isnull;

	return SPI_getbinval(SPI_tuptable->vals[row], SPI_tuptable->tupdesc,
						 column, &isnull);
}

static void
read_guards(DdlState *into, MemoryContext context)
{
	uint64		nrows;
	MemoryContext spi_context;

	/* Read as JSON: a database may be a version older than its library. */
	nrows = run_query("SELECT g.relation::pg_catalog.oid, g.guard_id,"
					  " g.table_name, g.data_class,"
					  " g.kind OPERATOR(pg_catalog.=) 'records',"
					  " g.mode OPERATOR(pg_catalog.=) 'enforce',"
					  " coalesce((pg_catalog.to_jsonb(g) OPERATOR(pg_catalog.->>) 'filter_reads')::pg_catalog.bool, false)"
					  " FROM sharing_guard.guard g");
	spi_context = MemoryContextSwitchTo(context);
	for (uint64 i = 0; i < nrows; i++)
	{
		GuardedTable *guard = palloc0(sizeof(GuardedTable));

		guard->relid = DatumGetObjectId(result_datum(i, 1));
		guard->guard_id = result_text(i, 2);
		guard->relation = result_text(i, 3);
		guard->data_class = result_text(i, 4);
		guard->records = DatumGetBool(result_datum(i, 5));
		guard->enforce = DatumGetBool(result_datum(i, 6));
		guard->filter_reads = DatumGetBool(result_datum(i, 7));
		into->guards = lappend(into->guards, guard);
		into->any_records |= guard->records;
	}
	MemoryContextSwitchTo(spi_context);

	nrows = run_query("SELECT guard_id, column_name FROM sharing_guard.guard_column"
					  " WHERE role OPERATOR(pg_catalog.<>) 'bookkeeping'");
	spi_context = MemoryContextSwitchTo(context);
	for (uint64 i = 0; i < nrows; i++)
	{
		char	   *guard_id = result_text(i, 1);
		ListCell   *lc;

		foreach(lc, into->guards)
		{
			GuardedTable *guard = lfirst(lc);

			if (strcmp(guard->guard_id, guard_id) == 0)
				guard->columns = lappend(guard->columns, result_text(i, 2));
		}
	}
	MemoryContextSwitchTo(spi_context);
}

/* A query of (oid, name, agency) as bindings. */
static List *
read_bindings(const char *query, MemoryContext context)
{
	uint64		nrows = run_query(query);
	MemoryContext spi_context = MemoryContextSwitchTo(context);
	List	   *bindings = NIL;

	for (uint64 i = 0; i < nrows; i++)
	{
		Binding    *binding = palloc0(sizeof(Binding));

		binding->role = DatumGetObjectId(result_datum(i, 1));
		binding->name = result_text(i, 2);
		binding->agency = result_text(i, 3);
		bindings = lappend(bindings, binding);
	}
	MemoryContextSwitchTo(spi_context);
	return bindings;
}

static void
read_settings(DdlState *into)
{
	if (run_query("SELECT copied_tables FROM sharing_guard.setting") > 0)
	{
		char	   *word = result_text(0, 1);

		into->configured = true;
		if (strcmp(word, "refuse") == 0)
			into->copied_tables = COPIED_REFUSE;
		else if (strcmp(word, "protect") == 0)
			into->copied_tables = COPIED_PROTECT;
	}
	if (run_query("SELECT approved_at, until FROM sharing_guard.maintenance"
				  " WHERE approved_at IS NOT NULL AND closed_at IS NULL"
				  " ORDER BY until DESC LIMIT 1") > 0)
	{
		into->maintenance_from = DatumGetTimestampTz(result_datum(0, 1));
		into->maintenance_until = DatumGetTimestampTz(result_datum(0, 2));
	}
}

/* The functions that the triggers of guards call, which must be left alone. */
static void
find_trigger_functions(DdlState *into)
{
	static const char *const names[] = {
		"export_row_before", "export_row_after", "export_statement_after"
	};

	for (int i = 0; i < lengthof(names); i++)
		into->trigger_functions[i] =
			GetSysCacheOid3(PROCNAMEARGSNSP, Anum_pg_proc_oid,
							CStringGetDatum(names[i]),
							PointerGetDatum(buildoidvector(NULL, 0)),
							ObjectIdGetDatum(into->schema));
}

/*
 * Reads everything into a new state, which is put in place when it is
 * complete.  As the owner of our tables, since whoever runs the command has no
 * rights on them.
 */
static void
load_state(void)
{
	MemoryContext context;
	MemoryContext oldcontext;
	DdlState   *loaded;
	Relation	table;
	Oid			owner;
	Oid			save_userid;
	int			save_sec_context;
	Oid			schema = get_namespace_oid("sharing_guard", true);
	bool		complete = OidIsValid(schema);

	for (int i = 0; i < lengthof(state_tables); i++)
	{
		state_table_oids[i] = complete ?
			get_relname_relid(state_tables[i], schema) : InvalidOid;
		complete &= OidIsValid(state_table_oids[i]);
	}

	/* None here, or not yet: the install script is running. */
	if (!complete)
	{
		if (state_context != NULL)
			MemoryContextSetParent(state_context, TopTransactionContext);
		state_context = NULL;
		state = NULL;
		return;
	}

	table = table_open(state_table_oids[0], AccessShareLock);
	owner = table->rd_rel->relowner;
	table_close(table, NoLock);

	/* Goes with the transaction if the load fails. */
	context = AllocSetContextCreate(CurTransactionContext,
									"sharing_guard protected objects",
									ALLOCSET_SMALL_SIZES);
	loaded = MemoryContextAllocZero(context, sizeof(DdlState));
	loaded->schema = schema;
	loaded->event_table = get_relname_relid("event", schema);
	find_trigger_functions(loaded);

	oldcontext = CurrentMemoryContext;
	SPI_connect();
	GetUserIdAndSecContext(&save_userid, &save_sec_context);
	SetUserIdAndSecContext(owner, save_sec_context |
						   SECURITY_LOCAL_USERID_CHANGE |
						   SECURITY_NOFORCE_RLS);
	read_guards(loaded, context);
	loaded->roles = read_bindings("SELECT role::pg_catalog.oid, NULL, agency_id"
								  " FROM sharing_guard.role_binding", context);
	loaded->servers = read_bindings("SELECT 0::pg_catalog.oid, server, agency_id"
									" FROM sharing_guard.server_binding", context);
	loaded->publications =
		read_bindings("SELECT 0::pg_catalog.oid, publication, agency_id"
					  " FROM sharing_guard.publication_binding", context);
	read_settings(loaded);
	SetUserIdAndSecContext(save_userid, save_sec_context);
	SPI_finish();
	MemoryContextSwitchTo(oldcontext);

	/* Whoever is in the midst of a command may still look at the old one. */
	if (state_context != NULL)
		MemoryContextSetParent(state_context, TopTransactionContext);
	MemoryContextSetParent(context, CacheMemoryContext);
	state_context = context;
	state = loaded;
}

const DdlState *
sg_ddl_state(void)
{
	if (loading || !IsTransactionState() || !OidIsValid(MyDatabaseId))
		return NULL;

	/* No snapshot can be taken then; the leader looked when it began. */
	if (IsInParallelMode())
		return state;

	AcceptInvalidationMessages();
	if (likely(state_loaded_generation == state_generation))
		return state;

	loading = true;
	PG_TRY();
	{
		/* Reading may itself take in a change; then it is read once more. */
		for (int attempt = 0;
			 attempt < 3 && state_loaded_generation != state_generation;
			 attempt++)
		{
			uint64		generation = state_generation;

			load_state();
			state_loaded_generation = generation;
		}
	}
	PG_FINALLY();
	{
		loading = false;
	}
	PG_END_TRY();
	return state;
}

bool
sg_ddl_any_records(void)
{
	if (unlikely(state_loaded_generation != state_generation))
		(void) sg_ddl_state();
	return state != NULL && state->any_records;
}

const DdlState *
sg_ddl_state_as_read(void)
{
	return loading ? NULL : state;
}

/* ----------------------------------------------------------------
 *		Asking
 * ----------------------------------------------------------------
 */

/*
 * Upwards: a partitioned table may have thousands of others below it, and a
 * relation seldom more than one above.
 */
const GuardedTable *
sg_ddl_guard_of(const DdlState *ddl, Oid relid)
{
	const GuardedTable *found = NULL;
	Relation	inherits;
	SysScanDesc scan;
	ScanKeyData key;
	HeapTuple	tuple;
	ListCell   *lc;

	if (ddl == NULL || ddl->guards == NIL || relid < FirstNormalObjectId)
		return NULL;
	foreach(lc, ddl->guards)
	{
		if (((GuardedTable *) lfirst(lc))->relid == relid)
			return lfirst(lc);
	}

	check_stack_depth();
	inherits = table_open(InheritsRelationId, AccessShareLock);
	ScanKeyInit(&key, Anum_pg_inherits_inhrelid, BTEqualStrategyNumber,
				F_OIDEQ, ObjectIdGetDatum(relid));
	scan = systable_beginscan(inherits, InheritsRelidSeqnoIndexId, true,
							  NULL, 1, &key);
	while (found == NULL && HeapTupleIsValid(tuple = systable_getnext(scan)))
		found = sg_ddl_guard_of(ddl,
								((Form_pg_inherits) GETSTRUCT(tuple))->inhparent);
	systable_endscan(scan);
	table_close(inherits, AccessShareLock);
	return found;
}

/*
 * By the role's own binding first.  By real membership alone: a superuser is
 * a member of every role, and no partner agency for it.
 */
const char *
sg_ddl_agency_of_role(const DdlState *ddl, Oid role)
{
	ListCell   *lc;

	if (ddl == NULL)
		return NULL;
	foreach(lc, ddl->roles)
	{
		Binding    *binding = lfirst(lc);

		if (binding->role == role)
			return binding->agency;
	}
	foreach(lc, ddl->roles)
	{
		Binding    *binding = lfirst(lc);

		if (SearchSysCacheExists1(AUTHOID, ObjectIdGetDatum(binding->role)) &&
			is_member_of_role_nosuper(role, binding->role))
			return binding->agency;
	}
	return NULL;
}

const char *
sg_ddl_agency_of_name(List *bindings, const char *name)
{
	ListCell   *lc;

	foreach(lc, bindings)
	{
		Binding    *binding = lfirst(lc);

		if (name != NULL && strcmp(binding->name, name) == 0)
			return binding->agency;
	}
	return NULL;
}

bool
sg_ddl_maintenance_pending(void)
{
	if (unlikely(state_loaded_generation != state_generation))
		(void) sg_ddl_state();
	return state != NULL && state->maintenance_until != 0;
}

bool
sg_ddl_maintenance_open(const DdlState *ddl)
{
	TimestampTz now;

	if (ddl == NULL || ddl->maintenance_until == 0)
		return false;
	now = GetCurrentTimestamp();
	return now >= ddl->maintenance_from && now < ddl->maintenance_until;
}
