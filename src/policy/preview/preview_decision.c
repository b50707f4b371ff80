/*-------------------------------------------------------------------------
 *
 * preview_decision.c
 *		Shows the decision on a disclosure that is not made:
 *		preview_decision().
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <ctype.h>
#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "funcapi.h"
#include "lib/stringinfo.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "base/enum_names.h"
#include "base/guc.h"
#include "policy/rules/decide.h"
#include "policy/rules/legal_basis.h"
#include "policy/rules/policy.h"

PG_FUNCTION_INFO_V1(sg_sql_preview_decision);

/*
 * Returns an argument's text, with NULL data for NULL.  Detoasts it into
 * CurrentMemoryContext where necessary.
 */
static TextSlice
text_argument(FunctionCallInfo fcinfo, int n)
{
	TextSlice	slice = {NULL, 0};

	if (!PG_ARGISNULL(n))
	{
		text	   *value = PG_GETARG_TEXT_PP(n);

		slice.data = VARDATA_ANY(value);
		slice.len = VARSIZE_ANY_EXHDR(value);
	}
	return slice;
}

/* Makes a text[] in CurrentMemoryContext; empty, not NULL, without strings. */
static Datum
text_array(const char **strings, int count)
{
	Datum	   *datums = palloc((count + 1) * sizeof(Datum));

	for (int i = 0; i < count; i++)
		datums[i] = CStringGetTextDatum(strings[i]);
	return PointerGetDatum(construct_array(datums, count, TEXTOID, -1, false,
										   TYPALIGN_INT));
}

/*
 * sharing_guard.preview_decision(destination text, purpose text,
 * 		data_class text, legal_basis text, channel text,
 * 		on_behalf_of_agency text, at timestamptz, case_number text,
 * 		record_key text, destination_state text) returns record
 *
 * Returns the decision on such a disclosure, now or at another time.  Calls
 * sg_decide() like any row, and records nothing.  The default channel is that
 * of export tables.
 */
Datum
sg_sql_preview_decision(PG_FUNCTION_ARGS)
{
	Disclosure	disclosure = {0};
	Decision   *decision;
	TupleDesc	desc;
	Datum		values[8];
	bool		nulls[8] = {false};
	const char *status;
	const char **sentences;
	int			nsentences = 0;

	/*
	 * Without the preloaded library this session would miss changes of
	 * policy.
	 */
	sg_require_operational();

	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("preview_decision() returns a record")));

	disclosure.channel = CHANNEL_EXPORT_ROW;
	if (!PG_ARGISNULL(4))
	{
		char	   *channel = text_to_cstring(PG_GETARG_TEXT_PP(4));

		if (!sg_channel_from_name(channel, &disclosure.channel))
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("unknown channel \"%s\"", channel),
					 errhint("The channels are export_row, copy, query, foreign_table, replication, grant, copied_table and self_access.")));
	}
	disclosure.operation = "PREVIEW";
	disclosure.destination = text_argument(fcinfo, 0);
	disclosure.purpose = text_argument(fcinfo, 1);
	disclosure.data_class = text_argument(fcinfo, 2);
	disclosure.legal_basis = text_argument(fcinfo, 3);
	disclosure.on_behalf_of = text_argument(fcinfo, 5);
	disclosure.at = PG_ARGISNULL(6) ? GetCurrentTimestamp() :
		PG_GETARG_TIMESTAMPTZ(6);
	disclosure.case_number = text_argument(fcinfo, 7);
	disclosure.record_key = text_argument(fcinfo, 8);
	disclosure.destination_state = text_argument(fcinfo, 9);

	decision = sg_decide(sg_policy_current(), &disclosure);

	/* The current count of uses does not apply to another time. */
	if (decision->legal_basis_limited && PG_ARGISNULL(6) &&
		sg_legal_basis_is_used_up(sg_policy_current(),
								  decision->legal_basis_id))
	{
		disclosure.legal_basis_used_up = true;
		decision = sg_decide(sg_policy_current(), &disclosure);
	}

	/* In the order of the function's OUT columns. */
	values[0] = CStringGetTextDatum(sg_outcome_name(decision->outcome));
	values[1] = CStringGetTextDatum(sg_destination_class_name(decision->destination_class));
	status = sg_agency_status_name(decision->agency_status);
	nulls[2] = status == NULL;
	values[2] = status ? CStringGetTextDatum(status) : (Datum) 0;
	nulls[3] = decision->agency_id == NULL;
	values[3] = decision->agency_id ?
		CStringGetTextDatum(decision->agency_id) : (Datum) 0;
	values[4] = text_array(decision->tags, decision->ntags);
	values[5] = text_array(decision->rule_ids, decision->nrules);
	nulls[6] = decision->authority == NULL;
	values[6] = decision->authority ?
		CStringGetTextDatum(decision->authority) : (Datum) 0;

	/* The reasons, followed by the lawful ways. */
	sentences = palloc((decision->nreasons + decision->nlawful_ways + 1) *
					   sizeof(char *));
	for (int i = 0; i < decision->nreasons; i++)
		sentences[nsentences++] = decision->reasons[i];
	for (int i = 0; i < decision->nlawful_ways; i++)
		sentences[nsentences++] = decision->lawful_ways[i];
	values[7] = text_array(sentences, nsentences);

	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc),
													  values, nulls)));
}
