/*-------------------------------------------------------------------------
 *
 * context.c
 *		What the session declared of the disclosures in its transaction.
 *
 * A declaration belongs to the transaction (or subtransaction) that made it:
 * behind a pooler the next transaction on the same connection may be another
 * person's.
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

static void context_xact_callback(XactEvent event, void *arg);
static void context_subxact_callback(SubXactEvent event,
									 SubTransactionId mySubid,
									 SubTransactionId parentSubid, void *arg);

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
 * Declares, for the rest of the transaction, what the columns of an export table
 * do not say themselves.  A second call replaces the first.
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

	/*
	 * One for each subtransaction: called for every row, it must not pile up.
	 */
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
