/*-------------------------------------------------------------------------
 *
 * retag.c
 *		Tags purposes by the terms in force and by other terms.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "nodes/execnodes.h"
#include "nodes/pg_list.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/tuplestore.h"

#include "policy/rules/compiled.h"
#include "policy/rules/policy.h"
#include "base/guc.h"

PG_FUNCTION_INFO_V1(sg_sql_tag_purpose);
PG_FUNCTION_INFO_V1(sg_sql_tag_purposes);

static int
compare_strings(const ListCell *a, const ListCell *b)
{
	return strcmp(lfirst(a), lfirst(b));
}

/* Makes a text[] without duplicates from a List of strings. */
static Datum
text_array(List *strings)
{
	Datum	   *datums = palloc((list_length(strings) + 1) * sizeof(Datum));
	const char *last = NULL;
	int			count = 0;
	ListCell   *lc;

	list_sort(strings, compare_strings);
	foreach(lc, strings)
	{
		const char *string = lfirst(lc);

		if (last == NULL || strcmp(last, string) != 0)
			datums[count++] = CStringGetTextDatum(string);
		last = string;
	}
	return PointerGetDatum(construct_array(datums, count, TEXTOID, -1, false,
										   TYPALIGN_INT));
}

/* sharing_guard.tag_purpose(purpose text) returns record */
Datum
sg_sql_tag_purpose(PG_FUNCTION_ARGS)
{
	TextSlice	purpose = {NULL, 0};
	Tagging		tagging;
	TupleDesc	desc;
	Datum		values[2];
	bool		nulls[2] = {false, false};

	/*
	 * Without the preloaded library this session would miss changes of
	 * policy.
	 */
	sg_require_operational();
	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("tag_purpose() returns a record")));

	if (!PG_ARGISNULL(0))
	{
		text	   *value = PG_GETARG_TEXT_PP(0);

		purpose.data = VARDATA_ANY(value);
		purpose.len = VARSIZE_ANY_EXHDR(value);
	}
	tagging = sg_tag_purpose(sg_policy_current()->tagger, purpose);
	values[0] = text_array(tagging.tags);
	values[1] = text_array(tagging.terms);
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc),
													  values, nulls)));
}

/*
 * Returns the elements of a text[]; errors out on NULLs unless "nulls" is
 * given.
 */
static int
elements(Datum array, Datum **values, bool **nulls)
{
	ArrayType  *given = DatumGetArrayTypeP(array);
	int			count;

	if (nulls == NULL && array_contains_nulls(given))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("a purpose term has no NULLs")));
	deconstruct_array(given, TEXTOID, -1, false, TYPALIGN_INT, values, nulls,
					  &count);
	return count;
}

/*
 * sharing_guard.tag_purposes(terms text[], tags text[], matches text[],
 * 		purposes text[]) returns setof record
 *
 * Tags the purposes by exactly these terms.  Reads no table.
 */
Datum
sg_sql_tag_purposes(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	Datum	   *terms;
	Datum	   *tags;
	Datum	   *matches;
	Datum	   *purposes;
	bool	   *nulls;
	int			nterms = elements(PG_GETARG_DATUM(0), &terms, NULL);
	int			npurposes;
	Tagger	   *tagger;
	MemoryContext work;

	if (elements(PG_GETARG_DATUM(1), &tags, NULL) != nterms ||
		elements(PG_GETARG_DATUM(2), &matches, NULL) != nterms)
		ereport(ERROR,
				(errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
				 errmsg("each purpose term needs a tag and a match")));
	npurposes = elements(PG_GETARG_DATUM(3), &purposes, &nulls);

	tagger = sg_tagger_create();
	for (int i = 0; i < nterms; i++)
		sg_tagger_add(tagger, TextDatumGetCString(terms[i]),
					  TextDatumGetCString(tags[i]),
					  TextDatumGetCString(matches[i]));
	sg_tagger_finish(tagger);

	InitMaterializedSRF(fcinfo, 0);
	work = AllocSetContextCreate(CurrentMemoryContext,
								 "sharing_guard purpose",
								 ALLOCSET_SMALL_SIZES);
	for (int i = 0; i < npurposes; i++)
	{
		MemoryContext caller = MemoryContextSwitchTo(work);
		TextSlice	purpose = {NULL, 0};
		Tagging		tagging;
		Datum		row[3];
		bool		row_nulls[3] = {false, false, false};

		CHECK_FOR_INTERRUPTS();
		if (!nulls[i])
		{
			text	   *value = DatumGetTextPP(purposes[i]);

			purpose.data = VARDATA_ANY(value);
			purpose.len = VARSIZE_ANY_EXHDR(value);
		}
		tagging = sg_tag_purpose(tagger, purpose);
		row[0] = Int32GetDatum(i + 1);
		row[1] = text_array(tagging.tags);
		row[2] = text_array(tagging.terms);
		MemoryContextSwitchTo(caller);
		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, row,
							 row_nulls);
		MemoryContextReset(work);
	}
	MemoryContextDelete(work);
	return (Datum) 0;
}
