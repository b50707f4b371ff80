/*-------------------------------------------------------------------------
 *
 * context.c
 *		What the session declared of the disclosures in its transaction, and
 *		what its role is bound to.
 *
 * A declaration belongs to the transaction (or subtransaction) that made it:
 * behind a pooler the next transaction on the same connection is somebody
 * else's.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "audit/log/actor.h"
#include "base/errcodes.h"
#include "channel/guard/context.h"
#include "base/inval.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "base/compat.h"
#include "base/guc.h"
#include "base/run_as_owner.h"
#include "tcop/pquery.h"
#include "nodes/plannodes.h"
#include "utils/builtins.h"
#include "utils/inval.h"
#include "utils/memutils.h"


PG_FUNCTION_INFO_V1(sg_sql_begin_disclosure);

/*
 * One declaration; a stack, since a savepoint may be rolled back to, and then
 * what was declared before it holds again.  All in the transaction's memory.
 */
typedef struct Declaration
{
	DeclaredContext context;
	SubTransactionId subid;
	struct Declaration *outer;
} Declaration;

static Declaration *declarations = NULL;

/*
 * What sharing_guard.role_binding says of a role.  By OID, for roles are
 * renamed.
 */
typedef struct LoadedBinding
{
	Oid			role;
	bool		shared;
	bool		service;
	const char *agency_name;	/* or NULL */
	RoleBinding public;
} LoadedBinding;

/* How often bindings are read again because they changed meanwhile. */
#define RELOAD_ATTEMPTS 3

static MemoryContext binding_context = NULL;
static LoadedBinding *bindings = NULL;
static int	nbindings = 0;

/*
 * As for guards: the callback only counts, and who asks next reads again.  The
 * bindings were read under binding_loaded_generation.
 */
static uint64 binding_generation = 1;
static uint64 binding_loaded_generation = 0;
static Oid	binding_table_oid = InvalidOid;
static Oid	agency_table_oid = InvalidOid;
static Oid	setting_table_oid = InvalidOid;

static void binding_invalidate(Datum arg, Oid relid);
static void context_xact_callback(XactEvent event, void *arg);
static void context_subxact_callback(SubXactEvent event,
									 SubTransactionId mySubid,
									 SubTransactionId parentSubid, void *arg);

/* Called once, at library load: each call would register another callback. */
void
sg_context_init(void)
{
	sg_on_relation_change(binding_invalidate);
}

/*
 * What this transaction has declared last, or NULL.  Good until the next
 * declaration or the end of a subtransaction.
 */
const DeclaredContext *
sg_context_declared(void)
{
	return declarations == NULL ? NULL : &declarations->context;
}

/*
 * An argument as a slice that lives as long as the transaction.
 *
 * A copy: what was handed to a function is gone when the call is over.
 */
static TextSlice
declared_argument(FunctionCallInfo fcinfo, int arg)
{
	TextSlice	slice = {NULL, 0};

	if (!PG_ARGISNULL(arg))
	{
		text	   *value = PG_GETARG_TEXT_PP(arg);

		slice.len = VARSIZE_ANY_EXHDR(value);
		slice.data = memcpy(MemoryContextAlloc(TopTransactionContext,
											   slice.len + 1),
							VARDATA_ANY(value), slice.len);
	}
	return slice;
}

static void
forget_slice(TextSlice *slice)
{
	if (slice->data != NULL)
		pfree((char *) slice->data);
	slice->data = NULL;
}

/* Is this expression a call of the function, and nothing else? */
static bool
is_call(const Node *expr, Oid function)
{
	return expr != NULL && IsA(expr, FuncExpr) &&
		((const FuncExpr *) expr)->funcid == function;
}

/*
 * Is the session's command this call alone, outside of a transaction block?
 * Then what it declares is gone when it ends.
 *
 * Called by a function or a DO block, or beside other expressions, it may well
 * be of use to what follows there.
 */
static bool
is_lost(Oid function)
{
	const PlannedStmt *stmt;
	const Plan *plan;

	if (IsTransactionBlock() || ActivePortal == NULL ||
		list_length(ActivePortal->stmts) != 1)
		return false;
	stmt = linitial_node(PlannedStmt, ActivePortal->stmts);
	plan = stmt->planTree;
	if (stmt->commandType != CMD_SELECT || plan == NULL)
		return false;
	if (IsA(plan, FunctionScan))
	{
		const List *functions = ((const FunctionScan *) plan)->functions;

		return list_length(functions) == 1 &&
			is_call(linitial_node(RangeTblFunction, functions)->funcexpr,
					function);
	}
	return IsA(plan, Result) && outerPlan(plan) == NULL &&
		list_length(plan->targetlist) == 1 &&
		is_call((Node *) linitial_node(TargetEntry, plan->targetlist)->expr,
				function);
}

/*
 * sharing_guard.begin_disclosure(destination text, purpose text,
 *		legal_basis text, case_number text, requesting_person text,
 *		on_behalf_of_agency text, recipient_person text) returns void
 *
 * Declares, for the rest of the transaction, whatever the columns of an
 * export table do not say themselves.  A second call replaces the first.
 *
 * Errors out where the library is not at work, for then no channel would look
 * at the declaration.
 */
Datum
sg_sql_begin_disclosure(PG_FUNCTION_ARGS)
{
	static bool following = false;
	Declaration *declaration;

	sg_require_operational();
	if (is_lost(fcinfo->flinfo->fn_oid))
		ereport(WARNING,
				(errcode(ERRCODE_NO_ACTIVE_SQL_TRANSACTION),
				 errmsg("begin_disclosure() has no effect outside of a transaction block"),
				 errdetail("What it declares is gone with the transaction, which is this statement alone."),
				 errhint("Call it after BEGIN, in the transaction that discloses.")));
	sg_follow_transactions(&following, context_xact_callback,
						   context_subxact_callback);

	/* One for each subtransaction: called for every row, it must not pile up. */
	if (declarations != NULL &&
		declarations->subid == GetCurrentSubTransactionId())
	{
		declaration = declarations;
		declarations = declaration->outer;
		forget_slice(&declaration->context.destination);
		forget_slice(&declaration->context.purpose);
		forget_slice(&declaration->context.legal_basis);
		forget_slice(&declaration->context.case_number);
		forget_slice(&declaration->context.requesting_person);
		forget_slice(&declaration->context.on_behalf_of);
		forget_slice(&declaration->context.recipient_person);
	}
	else
		declaration = MemoryContextAllocZero(TopTransactionContext,
											 sizeof(Declaration));
	declaration->context.destination = declared_argument(fcinfo, 0);
	declaration->context.purpose = declared_argument(fcinfo, 1);
	declaration->context.legal_basis = declared_argument(fcinfo, 2);
	declaration->context.case_number = declared_argument(fcinfo, 3);
	declaration->context.requesting_person = declared_argument(fcinfo, 4);
	declaration->context.on_behalf_of = declared_argument(fcinfo, 5);
	declaration->context.recipient_person = declared_argument(fcinfo, 6);
	declaration->subid = GetCurrentSubTransactionId();
	declaration->outer = declarations;
	declarations = declaration;
	PG_RETURN_VOID();
}

/*
 * The end of the transaction ends its declarations: behind a pooler the same
 * session is the next person's.
 */
static void
context_xact_callback(XactEvent event, void *arg)
{
	/*
	 * Gone only when all is over: events are written before the commit, and a
	 * deferred trigger may still export rows.
	 */
	if (event == XACT_EVENT_COMMIT || event == XACT_EVENT_ABORT ||
		event == XACT_EVENT_PREPARE)
		declarations = NULL;
}

/*
 * A subtransaction that is rolled back takes its declarations along; one that
 * commits leaves them to its parent, which may still be rolled back.
 */
static void
context_subxact_callback(SubXactEvent event, SubTransactionId mySubid,
						 SubTransactionId parentSubid, void *arg)
{
	if (event == SUBXACT_EVENT_ABORT_SUB)
	{
		while (declarations != NULL && declarations->subid == mySubid)
			declarations = declarations->outer;
	}
	else if (event == SUBXACT_EVENT_COMMIT_SUB)
	{
		for (Declaration *d = declarations;
			 d != NULL && d->subid == mySubid; d = d->outer)
			d->subid = parentSubid;
	}
}

/*
 * Relcache callback: counts, nothing else.  It may come at almost any moment.
 * An agency's name is part of a binding, and so is which agency is our own;
 * their tables count, too.
 */
static void
binding_invalidate(Datum arg, Oid relid)
{
	if (relid == InvalidOid || relid == binding_table_oid ||
		relid == agency_table_oid || relid == setting_table_oid)
		binding_generation++;
}

/* Takes the bindings over from SPI; see sg_query_as_owner(). */
static void
take_bindings(void *arg)
{
	MemoryContext spi_context = MemoryContextSwitchTo(arg);
	LoadedBinding *loaded = palloc0(sizeof(LoadedBinding) *
									Max(SPI_processed, 1));

	for (uint64 i = 0; i < SPI_processed; i++)
	{
		HeapTuple	row = SPI_tuptable->vals[i];
		TupleDesc	desc = SPI_tuptable->tupdesc;
		bool		isnull;

		loaded[i].role = DatumGetObjectId(SPI_getbinval(row, desc, 1, &isnull));
		loaded[i].shared = DatumGetBool(SPI_getbinval(row, desc, 2, &isnull));
		loaded[i].agency_name = SPI_getvalue(row, desc, 3);
		loaded[i].public.agency_id = SPI_getvalue(row, desc, 4);
		loaded[i].public.backup = DatumGetBool(SPI_getbinval(row, desc, 5,
															 &isnull));
		loaded[i].public.own = DatumGetBool(SPI_getbinval(row, desc, 6,
														  &isnull)) && !isnull;
		loaded[i].service = DatumGetBool(SPI_getbinval(row, desc, 7,
													   &isnull));
	}
	MemoryContextSwitchTo(spi_context);

	/* In place when complete. */
	nbindings = 0;
	bindings = loaded;
	nbindings = (int) SPI_processed;
}

/*
 * Reads all bindings, since there are few, and one is looked up for each
 * event.  After an error the old ones are still there, and still known to be
 * stale.
 */
static void
load_bindings(void)
{
	MemoryContext context;

	binding_table_oid = sg_own_table("role_binding");
	agency_table_oid = sg_own_table("agency");
	setting_table_oid = sg_own_table("setting");
	if (!OidIsValid(binding_table_oid))
		ereport(ERROR,
				(errcode(ERRCODE_SG_NOT_OPERATIONAL),
				 errmsg("the extension sharing_guard is not there"),
				 errhint("Create it in this database.")));

	/* Goes with the transaction if the load fails; see its end. */
	context = AllocSetContextCreate(CurTransactionContext,
									"sharing_guard role bindings",
									ALLOCSET_SMALL_SIZES);
	sg_query_as_owner(binding_table_oid,
					  "SELECT b.role::pg_catalog.oid, b.shared, a.name, b.agency_id,"
					  " b.kind OPERATOR(pg_catalog.=) 'backup',"
					  " b.agency_id OPERATOR(pg_catalog.=)"
					  " (SELECT s.agency FROM sharing_guard.setting s),"
					  " b.kind OPERATOR(pg_catalog.=) 'service'"
					  " FROM sharing_guard.role_binding b"
					  " LEFT JOIN sharing_guard.agency a"
					  " ON a.agency_id OPERATOR(pg_catalog.=) b.agency_id",
					  0, NULL, NULL, take_bindings, context);
	if (binding_context != NULL)
		MemoryContextDelete(binding_context);
	MemoryContextSetParent(context, CacheMemoryContext);
	binding_context = context;
}

/* Sees to it that the bindings are those of now. */
static void
refresh_bindings(void)
{
	AcceptInvalidationMessages();
	for (int attempt = 1;
		 attempt <= RELOAD_ATTEMPTS &&
		 binding_loaded_generation != binding_generation; attempt++)
	{
		uint64		generation = binding_generation;

		load_bindings();
		binding_loaded_generation = generation;
	}
}

/*
 * The binding of this very role, or NULL.  That others share a login, or that a
 * program uses it, is a property of that login only, so memberships do not count.
 * Valid until the bindings are read again.
 */
static const LoadedBinding *
binding_of(Oid role)
{
	refresh_bindings();
	for (int i = 0; i < nbindings; i++)
	{
		if (bindings[i].role == role)
			return &bindings[i];
	}
	return NULL;
}

/*
 * Fill in who acts, from the session and from the login's own binding: whether
 * several people share it, and the agency's name, or NULL.  The name belongs to
 * the bindings and is valid until they are read again.
 */
void
sg_context_set_actor(Actor *actor, Oid session_role, Oid acting_role)
{
	const LoadedBinding *binding;

	sg_actor_from_session(actor, session_role, acting_role);
	binding = binding_of(sg_actor_login(session_role));
	if (binding != NULL && binding->shared)
		actor->username_source = "shared_login";
	actor->organization = binding != NULL ? binding->agency_name : NULL;
}

bool
sg_context_role_is_service(Oid role)
{
	const LoadedBinding *binding = binding_of(role);

	return binding != NULL && binding->service && binding->public.own;
}

/*
 * The bindings of whoever acts: a list of RoleBinding *, one for each agency,
 * in CurrentMemoryContext.
 *
 * A partner's people are told by any of the roles, and by membership, for a
 * role is passed on by SET ROLE, by a function of another owner or by a view.
 * That a superuser is everybody does not count: else every DBA would be every
 * partner.  A backup is told by the role itself: it is a mark of what is being
 * done, not of who does it.
 *
 * The login counts as well, last: SET SESSION AUTHORIZATION does not make
 * somebody else of a partner's login.
 */
List *
sg_context_bindings(const Oid *roles, int nroles)
{
	List	   *found = NIL;

	refresh_bindings();
	for (int r = 0; r <= nroles; r++)
	{
		bool		is_login = r == nroles;
		Oid			role = is_login ? sg_actor_login(InvalidOid) : roles[r];
		bool		seen = false;

		if (!OidIsValid(role))
			continue;
		for (int i = 0; i < r; i++)
			seen |= roles[i] == role;
		if (seen)
			continue;

		for (int i = 0; i < nbindings; i++)
		{
			const RoleBinding *binding = &bindings[i].public;
			RoleBinding *copy;
			ListCell   *lc;
			bool		known = false;

			if (binding->backup ? is_login || role != bindings[i].role :
				!sg_acts_for(role, bindings[i].role))
				continue;
			foreach(lc, found)
			{
				const RoleBinding *other = lfirst(lc);

				known |= other->backup == binding->backup &&
					strcmp(other->agency_id, binding->agency_id) == 0;
			}
			if (known)
				continue;
			copy = palloc(sizeof(RoleBinding));
			*copy = *binding;
			copy->agency_id = pstrdup(binding->agency_id);
			found = lappend(found, copy);
		}
	}
	return found;
}

/* Changes whenever a binding may have changed. */
uint64
sg_context_binding_generation(void)
{
	return binding_generation;
}
