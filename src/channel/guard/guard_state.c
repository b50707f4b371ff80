/*-------------------------------------------------------------------------
 *
 * guard_state.c
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

#include "access/htup_details.h"
#include "access/xact.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_proc.h"
#include "audit/log/actor.h"
#include "channel/guard/guard_state.h"
#include "channel/guard/inheritance.h"
#include "channel/guard/read_guard.h"
#include "base/inval.h"
#include "base/compat.h"
#include "miscadmin.h"
#include "base/run_as_owner.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/syscache.h"
#include "utils/timestamp.h"

/* The tables that this is read from, in the schema sharing_guard. */
static const char *const state_tables[] = {
	"guard", "guard_column", "role_binding", "server_binding",
	"publication_binding", "setting", "maintenance", "drop_preparation"
};

static Oid	state_table_oids[lengthof(state_tables)];

static MemoryContext state_context = NULL;
static DdlState *state = NULL;

/*
 * The callbacks only count; what was read under another number is read again.
 */
static uint64 state_generation = 1;
static uint64 state_loaded_generation = 0;

/* How often all is read again because it changed while it was read. */
#define RELOAD_ATTEMPTS 3

static void state_invalidate(Datum arg, Oid relid);
static void state_invalidate_schema(Datum arg, int cacheid, uint32 hashvalue);

void
sg_ddl_state_init(void)
{
	sg_on_relation_change(state_invalidate);
	CacheRegisterSyscacheCallback(NAMESPACEOID, state_invalidate_schema,
								  (Datum) 0);
}

/* No catalog access, no allocation, no error: see guard.c. */
static void
state_invalidate(Datum arg, Oid relid)
{
	bool		ours = relid == InvalidOid;

	for (int i = 0; i < lengthof(state_tables); i++)
		ours |= state_table_oids[i] == relid;
	if (ours)
		state_generation++;
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

/* What is being read, and where it is to stay. */
typedef struct Loading
{
	DdlState   *state;
	MemoryContext context;
	List	  **bindings;		/* of this kind */
} Loading;

static void
take_guards(void *arg)
{
	Loading    *loading = arg;
	MemoryContext spi_context = MemoryContextSwitchTo(loading->context);

	for (uint64 i = 0; i < SPI_processed; i++)
	{
		GuardedTable *guard = palloc0(sizeof(GuardedTable));

		guard->relid = DatumGetObjectId(result_datum(i, 1));
		guard->guard_id = result_text(i, 2);
		guard->relation = result_text(i, 3);
		guard->data_class = result_text(i, 4);
		guard->records = DatumGetBool(result_datum(i, 5));
		guard->enforce = DatumGetBool(result_datum(i, 6));
		guard->filter_reads = DatumGetBool(result_datum(i, 7));
		loading->state->guards = lappend(loading->state->guards, guard);
		loading->state->any_records |= guard->records;
	}
	MemoryContextSwitchTo(spi_context);
}

static void
take_guard_columns(void *arg)
{
	Loading    *loading = arg;
	MemoryContext spi_context = MemoryContextSwitchTo(loading->context);

	for (uint64 i = 0; i < SPI_processed; i++)
	{
		char	   *guard_id = result_text(i, 1);
		ListCell   *lc;

		foreach(lc, loading->state->guards)
		{
			GuardedTable *guard = lfirst(lc);

			if (strcmp(guard->guard_id, guard_id) == 0)
				guard->columns = lappend(guard->columns, result_text(i, 2));
		}
	}
	MemoryContextSwitchTo(spi_context);
}

/* Rows of (oid, name, agency). */
static void
take_bindings(void *arg)
{
	Loading    *loading = arg;
	MemoryContext spi_context = MemoryContextSwitchTo(loading->context);

	for (uint64 i = 0; i < SPI_processed; i++)
	{
		Binding    *binding = palloc0(sizeof(Binding));

		binding->role = DatumGetObjectId(result_datum(i, 1));
		binding->name = result_text(i, 2);
		binding->agency = result_text(i, 3);
		*loading->bindings = lappend(*loading->bindings, binding);
	}
	MemoryContextSwitchTo(spi_context);
}

static void
take_setting(void *arg)
{
	Loading    *loading = arg;
	char	   *word;

	if (SPI_processed == 0)
		return;
	loading->state->configured = true;
	word = result_text(0, 1);
	if (strcmp(word, "refuse") == 0)
		loading->state->copied_tables = COPIED_REFUSE;
	else if (strcmp(word, "protect") == 0)
		loading->state->copied_tables = COPIED_PROTECT;
}

static void
take_maintenance(void *arg)
{
	Loading    *loading = arg;

	if (SPI_processed == 0)
		return;
	loading->state->maintenance_from = DatumGetTimestampTz(result_datum(0, 1));
	loading->state->maintenance_until = DatumGetTimestampTz(result_datum(0, 2));
}

static void
take_preparation(void *arg)
{
	Loading    *loading = arg;

	if (SPI_processed > 0)
		loading->state->kept_events = DatumGetInt64(result_datum(0, 1));
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
 * Whoever is in the midst of a command may still look at the old state, which
 * goes with the transaction.
 */
static void
replace_state(DdlState *loaded, MemoryContext context)
{
	if (state_context != NULL)
		MemoryContextSetParent(state_context, TopTransactionContext);
	if (context != NULL)
		MemoryContextSetParent(context, CacheMemoryContext);
	state_context = context;
	state = loaded;
}

/*
 * Reads everything into a new state, which is put in place when it is
 * complete.
 */
static void
load_state(void)
{
	Loading		loading = {0};
	Oid			guard_table;
	bool		complete = true;

	for (int i = 0; i < lengthof(state_tables); i++)
	{
		state_table_oids[i] = sg_own_table(state_tables[i]);
		complete &= OidIsValid(state_table_oids[i]);
	}

	/* None here; or the tables are those of a version before this one. */
	guard_table = state_table_oids[0];
	if (!complete ||
		get_attnum(guard_table, "filter_reads") == InvalidAttrNumber ||
		get_attnum(sg_own_table("setting"), "copied_tables") == InvalidAttrNumber)
	{
		replace_state(NULL, NULL);
		return;
	}

	/* Goes with the transaction if the load fails. */
	loading.context = AllocSetContextCreate(CurTransactionContext,
											"sharing_guard protected objects",
											ALLOCSET_SMALL_SIZES);
	loading.state = MemoryContextAllocZero(loading.context, sizeof(DdlState));
	loading.state->schema = get_rel_namespace(guard_table);
	loading.state->event_table = sg_own_table("event");
	find_trigger_functions(loading.state);

	sg_query_as_owner(guard_table,
					  "SELECT relation::pg_catalog.oid, guard_id, table_name, data_class,"
					  " kind OPERATOR(pg_catalog.=) 'records',"
					  " mode OPERATOR(pg_catalog.=) 'enforce', filter_reads"
					  " FROM sharing_guard.guard",
					  0, NULL, NULL, take_guards, &loading);
	sg_query_as_owner(guard_table,
					  "SELECT guard_id, column_name FROM sharing_guard.guard_column"
					  " WHERE role OPERATOR(pg_catalog.<>) 'bookkeeping'",
					  0, NULL, NULL, take_guard_columns, &loading);
	loading.bindings = &loading.state->roles;
	sg_query_as_owner(guard_table,
					  "SELECT role::pg_catalog.oid, NULL, agency_id"
					  " FROM sharing_guard.role_binding",
					  0, NULL, NULL, take_bindings, &loading);
	loading.bindings = &loading.state->servers;
	sg_query_as_owner(guard_table,
					  "SELECT 0::pg_catalog.oid, server, agency_id"
					  " FROM sharing_guard.server_binding",
					  0, NULL, NULL, take_bindings, &loading);
	loading.bindings = &loading.state->publications;
	sg_query_as_owner(guard_table,
					  "SELECT 0::pg_catalog.oid, publication, agency_id"
					  " FROM sharing_guard.publication_binding",
					  0, NULL, NULL, take_bindings, &loading);
	sg_query_as_owner(guard_table,
					  "SELECT copied_tables FROM sharing_guard.setting",
					  0, NULL, NULL, take_setting, &loading);
	sg_query_as_owner(guard_table,
					  "SELECT approved_at, until FROM sharing_guard.maintenance"
					  " WHERE approved_at IS NOT NULL AND closed_at IS NULL"
					  " ORDER BY until DESC LIMIT 1",
					  0, NULL, NULL, take_maintenance, &loading);
	sg_query_as_owner(guard_table,
					  "SELECT events FROM sharing_guard.drop_preparation"
					  " ORDER BY prepared_at DESC LIMIT 1",
					  0, NULL, NULL, take_preparation, &loading);
	replace_state(loading.state, loading.context);
}

/* Reading may itself take in a change; then it is read once more. */
static pg_noinline void
read_state(void)
{
	for (int attempt = 1;
		 attempt <= RELOAD_ATTEMPTS && state_loaded_generation != state_generation;
		 attempt++)
	{
		uint64		generation = state_generation;

		load_state();
		state_loaded_generation = generation;
	}
}

const DdlState *
sg_ddl_state(void)
{
	if (!IsTransactionState() || !OidIsValid(MyDatabaseId))
		return NULL;

	/*
	 * No snapshot can be taken in parallel mode; the leader looked when it
	 * began.  And what is being read asks for nothing itself.
	 */
	if (IsInParallelMode() || sg_owner_query_running())
		return state;

	AcceptInvalidationMessages();
	if (unlikely(state_loaded_generation != state_generation))
		read_state();
	return state;
}

/* Where nothing at all is guarded, all the rest need not be read to know. */
bool
sg_ddl_any_records(void)
{
	if (!IsTransactionState() || !OidIsValid(MyDatabaseId) ||
		!sg_read_guard_any())
		return false;
	if (unlikely(state_loaded_generation != state_generation))
		(void) sg_ddl_state();
	return state != NULL && state->any_records;
}

const DdlState *
sg_ddl_state_as_read(void)
{
	return state;
}

/* ----------------------------------------------------------------
 *		Asking
 * ----------------------------------------------------------------
 */

const GuardedTable *
sg_ddl_guard_of(const DdlState *ddl, Oid relid)
{
	ListCell   *lc;

	if (ddl == NULL || ddl->guards == NIL || relid < FirstNormalObjectId)
		return NULL;
	foreach(lc, ddl->guards)
	{
		if (((GuardedTable *) lfirst(lc))->relid == relid)
			return lfirst(lc);
	}

	check_stack_depth();
	foreach(lc, sg_inheritance_parents(relid))
	{
		const GuardedTable *found = sg_ddl_guard_of(ddl, lfirst_oid(lc));

		if (found != NULL)
			return found;
	}
	return NULL;
}

List *
sg_ddl_guards_touched(const DdlState *ddl, Oid relid)
{
	const GuardedTable *own = sg_ddl_guard_of(ddl, relid);
	List	   *touched = own ? list_make1((void *) own) : NIL;
	ListCell   *lc;

	/* Most tables have never had any below them. */
	if (ddl == NULL || !has_subclass(relid))
		return touched;
	foreach(lc, ddl->guards)
	{
		GuardedTable *guard = lfirst(lc);

		if (guard != own && sg_is_under(guard->relid, relid))
			touched = lappend(touched, guard);
	}
	return touched;
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
			sg_acts_for(role, binding->role))
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

/*
 * The agency of any role under which this session works: its own, that of a
 * function's caller, the current one, the login.  NULL: our own agency.
 */
const char *
sg_ddl_acting_agency(const DdlState *state)
{
	const char *agency = sg_ddl_agency_of_role(state, GetSessionUserId());

	if (agency == NULL)
		agency = sg_ddl_agency_of_role(state, GetOuterUserId());
	if (agency == NULL)
		agency = sg_ddl_agency_of_role(state, GetUserId());
	if (agency == NULL)
		agency = sg_ddl_agency_of_role(state, sg_actor_login(GetSessionUserId()));
	return agency;
}

bool
sg_ddl_guard_has_column(const GuardedTable *guard, const char *column)
{
	ListCell   *lc;

	foreach(lc, guard->columns)
	{
		if (column != NULL && strcmp(lfirst(lc), column) == 0)
			return true;
	}
	return false;
}
