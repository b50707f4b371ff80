/*-------------------------------------------------------------------------
 *
 * bench.c
 *		What the benchmark has to do in C: the floors, and the inner loop by
 *		itself.
 *
 * Calls into the extension's library, which is loaded already.  Never
 * installed.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <sys/resource.h>

#include "access/htup_details.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/indexing.h"
#include "catalog/namespace.h"
#include "commands/trigger.h"
#include "fmgr.h"
#include "portability/instr_time.h"
#include "utils/builtins.h"
#include "utils/float.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/timestamp.h"
#include "utils/varlena.h"

#include "channel/guard/decision.h"
#include "channel/guard/guard.h"
#include "policy/rules/compiled.h"
#include "policy/rules/decide.h"

PG_MODULE_MAGIC;

PG_FUNCTION_INFO_V1(noop_trigger);
PG_FUNCTION_INFO_V1(record_trigger);
PG_FUNCTION_INFO_V1(bench_cpu);
PG_FUNCTION_INFO_V1(bench_decide);
PG_FUNCTION_INFO_V1(bench_load);
PG_FUNCTION_INFO_V1(bench_first);
PG_FUNCTION_INFO_V1(bench_tag);

/*
 * noop_trigger() returns trigger
 *
 * What any C trigger costs at least, BEFORE or AFTER ROW.
 */
Datum
noop_trigger(PG_FUNCTION_ARGS)
{
	TriggerData *trigdata = (TriggerData *) fcinfo->context;

	if (!CALLED_AS_TRIGGER(fcinfo))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("noop_trigger() was not called by the trigger manager")));
	if (TRIGGER_FIRED_BEFORE(trigdata->tg_event))
		return PointerGetDatum(trigdata->tg_trigtuple);
	return PointerGetDatum(NULL);
}

/*
 * record_trigger(table) returns trigger
 *
 * What any record costs at least that shares the row's fate: one row more,
 * with the transaction's number, the time, and the columns of the row itself,
 * written as the server writes its catalogs.  Nothing is decided, and the time
 * stands in for all that would have to be made out.
 */
Datum
record_trigger(PG_FUNCTION_ARGS)
{
	TriggerData *trigdata = (TriggerData *) fcinfo->context;
	TupleTableSlot *row;
	Relation	record;
	Datum		values[6];
	bool		nulls[6] = {0};

	if (!CALLED_AS_TRIGGER(fcinfo))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("record_trigger() was not called by the trigger manager")));
	record = table_open(RelnameGetRelid(trigdata->tg_trigger->tgargs[0]),
						RowExclusiveLock);
	row = trigdata->tg_trigslot;
	slot_getallattrs(row);
	values[0] = Int64GetDatum((int64) U64FromFullTransactionId(GetTopFullTransactionId()));
	values[1] = TimestampTzGetDatum(GetCurrentTimestamp());
	for (int i = 0; i < 4; i++)
	{
		values[2 + i] = row->tts_values[i];
		nulls[2 + i] = row->tts_isnull[i];
	}
	CatalogTupleInsert(record, heap_form_tuple(RelationGetDescr(record),
											   values, nulls));
	table_close(record, NoLock);
	return PointerGetDatum(NULL);
}

/*
 * bench_cpu() returns float8
 *
 * The seconds of processor time that this backend has had.
 */
Datum
bench_cpu(PG_FUNCTION_ARGS)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	PG_RETURN_FLOAT8(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec +
					 (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6);
}

/* The trigger of a protected table has the guard's id as its argument. */
static const Guard *
guard_of(Relation rel)
{
	for (int i = 0; rel->trigdesc != NULL && i < rel->trigdesc->numtriggers; i++)
	{
		Trigger    *trigger = &rel->trigdesc->triggers[i];

		if (trigger->tgnargs == 1)
			return sg_guard_lookup(rel, trigger->tgargs[0]);
	}
	ereport(ERROR,
			(errcode(ERRCODE_WRONG_OBJECT_TYPE),
			 errmsg("table \"%s\" is not protected",
					RelationGetRelationName(rel))));
	return NULL;
}

/* A disclosure as the channel of export tables fills it in. */
static void
fill_disclosure(Disclosure *disclosure, const Guard *guard, text *destination,
				text *purpose)
{
	memset(disclosure, 0, sizeof(*disclosure));
	disclosure->channel = CHANNEL_EXPORT_ROW;
	disclosure->operation = "INSERT";
	disclosure->relation = guard->relation;
	disclosure->data_class.data = guard->data_class;
	disclosure->data_class.len = strlen(guard->data_class);
	disclosure->destination.data = VARDATA_ANY(destination);
	disclosure->destination.len = VARSIZE_ANY_EXHDR(destination);
	disclosure->purpose.data = VARDATA_ANY(purpose);
	disclosure->purpose.len = VARSIZE_ANY_EXHDR(purpose);
	disclosure->at = GetCurrentTimestamp();
}

/* How long it is since then, in nanoseconds. */
static double
nanoseconds_since(instr_time start)
{
	instr_time	now;

	INSTR_TIME_SET_CURRENT(now);
	INSTR_TIME_SUBTRACT(now, start);
	return INSTR_TIME_GET_DOUBLE(now) * 1e9;
}

/*
 * bench_decide(relation text, purpose text, count integer) returns float8
 *
 * How many nanoseconds a decision takes that is in the cache: count of them,
 * to the destinations bench-pd-1, bench-pd-2, ... bench-pd-1000 in turn, as
 * rows of a feed come.  The least of batches of ten thousand: what is above it
 * was something else that the machine had to do.
 */
Datum
bench_decide(PG_FUNCTION_ARGS)
{
	Relation	rel = table_openrv(makeRangeVarFromNameList(textToQualifiedNameList(PG_GETARG_TEXT_PP(0))),
								   AccessShareLock);
	const Guard *guard = guard_of(rel);
	int			count = PG_GETARG_INT32(2);
	Disclosure *disclosures = palloc(sizeof(Disclosure) * 1000);
	double		least = get_float8_infinity();

	for (int i = 0; i < 1000; i++)
	{
		fill_disclosure(&disclosures[i], guard,
						cstring_to_text(psprintf("bench-pd-%d", i + 1)),
						PG_GETARG_TEXT_PP(1));
		sg_decision_ask(guard, &disclosures[i]);
	}

	for (int done = 0; done < count; done += 10000)
	{
		instr_time	start;

		INSTR_TIME_SET_CURRENT(start);
		for (int i = 0; i < 10000; i++)
			sg_decision_ask(guard, &disclosures[i % 1000]);
		least = Min(least, nanoseconds_since(start) / 10000);
	}

	table_close(rel, AccessShareLock);
	PG_RETURN_FLOAT8(least);
}

/*
 * bench_load() returns float8
 *
 * How many nanoseconds it takes to have the policy at hand: to read it, where
 * it has changed.
 */
Datum
bench_load(PG_FUNCTION_ARGS)
{
	instr_time	start;

	INSTR_TIME_SET_CURRENT(start);
	sg_policy_current();
	PG_RETURN_FLOAT8(nanoseconds_since(start));
}

/*
 * bench_first(destination text, purpose text, count integer) returns float8
 *
 * How many nanoseconds a decision takes that is in no cache, the least of so
 * many: the policy's own work.  Where the destination has a %d in it, each goes
 * to another one: to a name that has not been read before.
 */
Datum
bench_first(PG_FUNCTION_ARGS)
{
	const Policy *policy = sg_policy_current();
	char	   *destination = text_to_cstring(PG_GETARG_TEXT_PP(0));
	char	   *number = strstr(destination, "%d");
	int			count = PG_GETARG_INT32(2);
	Guard		guard = {.relation = "bench", .data_class = "alpr"};
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext,
												  "bench", ALLOCSET_DEFAULT_SIZES);
	MemoryContext oldcontext = MemoryContextSwitchTo(context);
	double		least = get_float8_infinity();

	for (int i = 0; i < count; i++)
	{
		Disclosure	disclosure;
		instr_time	start;

		fill_disclosure(&disclosure, &guard,
						cstring_to_text(number == NULL ? destination :
										psprintf("%.*s%d%s", (int) (number - destination),
												 destination, i + 1, number + 2)),
						PG_GETARG_TEXT_PP(1));
		INSTR_TIME_SET_CURRENT(start);
		sg_decide(policy, &disclosure);
		least = Min(least, nanoseconds_since(start));
		MemoryContextReset(context);
	}
	MemoryContextSwitchTo(oldcontext);
	PG_RETURN_FLOAT8(least);
}

/*
 * bench_tag(purpose text) returns float8
 *
 * How many nanoseconds it takes to find the tags of this purpose.
 */
Datum
bench_tag(PG_FUNCTION_ARGS)
{
	const Policy *policy = sg_policy_current();
	text	   *purpose = PG_GETARG_TEXT_PP(0);
	TextSlice	slice;
	instr_time	start;

	slice.data = VARDATA_ANY(purpose);
	slice.len = VARSIZE_ANY_EXHDR(purpose);
	INSTR_TIME_SET_CURRENT(start);
	sg_tag_purpose(policy->tagger, slice);
	PG_RETURN_FLOAT8(nanoseconds_since(start));
}
