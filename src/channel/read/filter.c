/*-------------------------------------------------------------------------
 *
 * filter.c
 *		filter_reads: rows that the policy now blocks do not come out.
 *
 * A row of an export table was decided on when it was written.  Since then a
 * warrant may have run out, or an agency have left the state; and a role that
 * reads the table may be another than the row was meant for.  The condition of
 * a restrictive policy of row-level security, which the server itself puts
 * into every query of the table, asks here for each row.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/pg_type.h"
#include "channel/guard/binding.h"
#include "channel/guard/guard_catalog.h"
#include "channel/guard/lone_event.h"
#include "channel/guard/refusal.h"
#include "channel/guard/context.h"
#include "channel/guard/decision.h"
#include "channel/export/row_disclosure.h"
#include "channel/guard/guard.h"
#include "executor/tuptable.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "base/guc.h"
#include "utils/builtins.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/typcache.h"
#include "utils/uuid.h"

PG_FUNCTION_INFO_V1(sg_sql_row_may_leave);

/* What is kept from row to row, as long as the statement lasts. */
typedef struct FilterState
{
	/* The agencies that rows are read for, and the roles they were found by. */
	bool		known;
	uint64		generation;
	Oid			roles[3];
	List	   *agencies;		/* of their agency_id */

	Oid			row_type;		/* InvalidOid: no row has been looked at */
	Oid			relid;
	TupleTableSlot *slot;
	char	   *guard_id;
	MemoryContext row_context;
} FilterState;

/*
 * Finds the other agencies that the session reads for.  There are none for the
 * agency's own people and for those who make its backups.
 */
static void
find_agencies(FilterState *state, MemoryContext context)
{
	const Oid	roles[] = {GetSessionUserId(), GetOuterUserId(), GetUserId()};
	uint64		generation = sg_guard_catalog_generation();
	MemoryContext oldcontext;
	ListCell   *lc;

	if (state->known && state->generation == generation &&
		memcmp(state->roles, roles, sizeof(roles)) == 0)
		return;

	state->known = false;
	oldcontext = MemoryContextSwitchTo(context);
	list_free(state->agencies);
	state->agencies = NIL;
	foreach(lc, sg_binding_agencies(roles, lengthof(roles)))
	{
		const RoleBinding *binding = lfirst(lc);

		if (!binding->own && !binding->backup)
			state->agencies = lappend(state->agencies,
									  (char *) binding->agency_id);
	}
	MemoryContextSwitchTo(oldcontext);
	memcpy(state->roles, roles, sizeof(roles));

	/* Reading the bindings may have taken in that they have changed. */
	state->generation = generation;
	state->known = true;
}

/* Makes the slot for rows of this type. */
static void
prepare_slot(FilterState *state, Oid type, int32 typmod, MemoryContext context)
{
	MemoryContext oldcontext;
	TupleDesc	desc;

	state->row_type = InvalidOid;
	state->relid = get_typ_typrelid(type);
	if (!OidIsValid(state->relid))
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("row_may_leave() was not given the row of a table"),
				 errhint("It belongs to the policies that filter_reads => true makes.")));
	oldcontext = MemoryContextSwitchTo(context);
	desc = lookup_rowtype_tupdesc_copy(type, typmod);
	state->slot = MakeSingleTupleTableSlot(desc, &TTSOpsHeapTuple);
	MemoryContextSwitchTo(oldcontext);
	state->row_type = type;
}

/*
 * May this row be read?  A row that the policy refuses is held back; on another
 * ground the statement is refused.
 */
static bool
passes(const Guard *guard, const Disclosure *disclosure)
{
	Verdict		verdict = sg_decision_verdict(guard,
											  sg_decision_ask(guard, disclosure));

	if (verdict.outcome != OUTCOME_BLOCK)
		return true;
	if (verdict.ground != REFUSED_BY_POLICY)
		sg_raise_refusal(&verdict, disclosure,
						 sg_lone_event_refused_read(verdict.decision,
													disclosure),
						 NULL, NULL, NULL);
	return false;
}

/* Does the policy let this row go to this agency? */
static bool
may_go_to(const Guard *guard, Disclosure *disclosure, const char *agency_id)
{
	disclosure->channel = CHANNEL_QUERY;
	disclosure->destination.data = agency_id;
	disclosure->destination.len = strlen(agency_id);
	disclosure->destination_state.data = NULL;
	disclosure->destination_state.len = 0;
	return passes(guard, disclosure);
}

/*
 * sharing_guard.row_may_leave(guard_id uuid, "row" record) returns boolean
 *
 * Both must let the row pass: what it says of itself, as when it was written,
 * and that it goes to the reader's agency.
 */
Datum
sg_sql_row_may_leave(PG_FUNCTION_ARGS)
{
	FilterState *state = fcinfo->flinfo->fn_extra;
	HeapTupleHeader header;
	HeapTupleData tuple;
	const Guard *guard;
	Disclosure	disclosure;
	TextSlice  *tags;
	MemoryContext oldcontext;
	bool		pass;
	ListCell   *lc;

	sg_require_operational();
	if (state == NULL)
	{
		state = MemoryContextAllocZero(fcinfo->flinfo->fn_mcxt,
									   sizeof(FilterState));
		state->row_context = AllocSetContextCreate(fcinfo->flinfo->fn_mcxt,
												   "sharing_guard filtered row",
												   ALLOCSET_SMALL_SIZES);
		oldcontext = MemoryContextSwitchTo(fcinfo->flinfo->fn_mcxt);
		state->guard_id =
			DatumGetCString(DirectFunctionCall1(uuid_out,
												PG_GETARG_DATUM(0)));
		MemoryContextSwitchTo(oldcontext);
		fcinfo->flinfo->fn_extra = state;
	}

	/* A change of policy or of bindings counts at the next row. */
	AcceptInvalidationMessages();
	find_agencies(state, fcinfo->flinfo->fn_mcxt);
	if (state->agencies == NIL)
		PG_RETURN_BOOL(true);

	MemoryContextReset(state->row_context);
	oldcontext = MemoryContextSwitchTo(state->row_context);
	header = PG_GETARG_HEAPTUPLEHEADER(1);
	if (state->row_type != HeapTupleHeaderGetTypeId(header))
		prepare_slot(state, HeapTupleHeaderGetTypeId(header),
					 HeapTupleHeaderGetTypMod(header),
					 fcinfo->flinfo->fn_mcxt);
	tuple.t_len = HeapTupleHeaderGetDatumLength(header);
	ItemPointerSetInvalid(&tuple.t_self);
	tuple.t_tableOid = state->relid;
	tuple.t_data = header;
	ExecStoreHeapTuple(&tuple, state->slot, false);

	/* The statement that reads the row has the relation open. */
	guard = sg_guard_if_known(state->relid);
	if (unlikely(guard == NULL))
	{
		Relation	rel = table_open(state->relid, AccessShareLock);

		guard = sg_guard_lookup(rel, state->guard_id);
		table_close(rel, AccessShareLock);
	}

	sg_export_row_disclosure(&disclosure, &tags, guard, "SELECT", state->slot);

	/* A table of records says nothing of where its rows go. */
	pass = !guard->has_destination || passes(guard, &disclosure);
	foreach(lc, state->agencies)
		pass = pass && may_go_to(guard, &disclosure, lfirst(lc));

	ExecClearTuple(state->slot);
	MemoryContextSwitchTo(oldcontext);
	PG_RETURN_BOOL(pass);
}
