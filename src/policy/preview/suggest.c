/*-------------------------------------------------------------------------
 *
 * suggest.c
 *		Suggests the agencies of the registry that a name may mean.
 *
 * The suggestions are for people, who go through the unmatched names and
 * accept some as aliases.  No decision depends on similarity.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "fmgr.h"
#include "funcapi.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/tuplestore.h"
#include "utils/varlena.h"

#include "policy/rules/compiled.h"
#include "policy/rules/policy.h"
#include "policy/names/destination.h"
#include "policy/names/fold.h"
#include "policy/names/spelling.h"
#include "base/compat.h"
#include "base/guc.h"
#include "base/enum_names.h"

PG_FUNCTION_INFO_V1(sg_sql_resolve_destination);
PG_FUNCTION_INFO_V1(sg_sql_suggest_agencies);
PG_FUNCTION_INFO_V1(sg_sql_is_spelled_elsewhere);
PG_FUNCTION_INFO_V1(sg_sql_name_jurisdiction);

/* The limit of the server's Levenshtein distance. */
#define COMPARED_LENGTH_MAX 255

/* One of so many letters may be wrong. */
#define LETTERS_PER_MISTAKE 4

/*
 * The added distance between a sheriff and a police department of one place.
 */
#define OTHER_KIND_DISTANCE 2

typedef struct Suggestion
{
	const Agency *agency;
	const char *spelling;
	int			distance;
} Suggestion;

/*
 * Returns a folded text as plain ASCII, so that the distance counts bytes in
 * every encoding.  Folded text is UTF-8, which the database's encoding may not
 * be.
 */
static char *
as_ascii(const char *folded)
{
	char	   *copy = pstrdup(folded);

	for (char *c = copy; *c; c++)
	{
		if (IS_HIGHBIT_SET(*c))
			*c = '?';
	}
	return copy;
}

/*
 * Returns the distance, or -1 if it is larger than the texts' length allows.
 */
static int
distance_between(const char *a, const char *b)
{
	int			a_len = strlen(a);
	int			b_len = strlen(b);
	int			limit = Max(1, Min(a_len, b_len) / LETTERS_PER_MISTAKE);
	int			distance;

	if (a_len == 0 || b_len == 0 || abs(a_len - b_len) > limit ||
		a_len > COMPARED_LENGTH_MAX || b_len > COMPARED_LENGTH_MAX)
		return -1;
	distance = varstr_levenshtein_less_equal(a, a_len, b, b_len, 1, 1, 1,
											 limit, false);
	return distance > limit ? -1 : distance;
}

/* Keeps the best suggestion for each agency. */
static void
suggest(List **suggestions, const Agency *agency, const char *spelling,
		int distance)
{
	ListCell   *lc;
	Suggestion *suggestion;

	foreach(lc, *suggestions)
	{
		suggestion = lfirst(lc);
		if (suggestion->agency != agency)
			continue;
		if (distance < suggestion->distance)
		{
			suggestion->distance = distance;
			suggestion->spelling = spelling;
		}
		return;
	}
	suggestion = palloc(sizeof(Suggestion));
	suggestion->agency = agency;
	suggestion->spelling = spelling;
	suggestion->distance = distance;
	*suggestions = lappend(*suggestions, suggestion);
}

/*
 * Orders the nearest first; the order is total, so that the answer is stable.
 */
static int
compare_suggestions(const ListCell *a, const ListCell *b)
{
	const Suggestion *x = lfirst(a);
	const Suggestion *y = lfirst(b);

	if (x->distance != y->distance)
		return x->distance - y->distance;
	return strcmp(x->agency->agency_id, y->agency->agency_id);
}

/*
 * Does the name say that it is of another state than this one?  It may name
 * that state, or a place that other states have as well and that does not
 * obviously mean the one in this state.
 */
static bool
is_spelled_elsewhere(const NameReading *reading, const char *jurisdiction)
{
	if (strncmp(jurisdiction, "US-", 3) != 0)
		return false;
	if (reading->state != NULL)
		return strcmp(jurisdiction + 3, reading->state) != 0;
	return reading->elsewhere && !reading->greatest;
}

/*
 * Returns agencies whose names or aliases are similar to this one, as a whole
 * or in their cores.  An agency of another state than the name gives is
 * skipped.  A name that fits a place of another state is not a misspelling of
 * one of the home state: the police of Reno are not the police of Fresno.
 */
static List *
find_like(const Policy *policy, TextSlice name)
{
	TextSlice	no_state = {NULL, 0};
	List	   *suggestions = NIL;
	NameReading reading;
	char	   *folded;
	char	   *core = NULL;
	const char *home = policy->home_jurisdiction;
	RegistrySpelling spelling;

	sg_registry_read(policy->registry, name, no_state, &reading);
	folded = as_ascii(sg_fold_name(reading.bare.data, reading.bare.len));
	if (reading.core != NULL)
		core = as_ascii(reading.core);

	for (int i = 0; sg_registry_spelling(policy->registry, i, &spelling); i++)
	{
		const char *jurisdiction = spelling.agency->jurisdiction;
		int			distance;

		CHECK_FOR_INTERRUPTS();
		if ((reading.state != NULL || strcmp(jurisdiction, home) == 0) &&
			is_spelled_elsewhere(&reading, jurisdiction))
			continue;
		if (!spelling.is_core)
		{
			distance = distance_between(folded, as_ascii(spelling.text));

			/*
			 * The cores must be similar too, because "Police Department"
			 * always is.
			 */
			if (core != NULL &&
				distance > Max(1, (int) strlen(core + 2) / LETTERS_PER_MISTAKE))
				distance = -1;
		}
		else if (core == NULL)
			continue;
		else
		{
			/* The letter before the colon is the kind. */
			distance = distance_between(core + 2,
										as_ascii(spelling.text) + 2);
			if (distance >= 0 && core[0] != spelling.text[0])
				distance += OTHER_KIND_DISTANCE;
		}
		if (distance >= 0)
			suggest(&suggestions, spelling.agency, spelling.agency->name,
					distance);
	}
	list_sort(suggestions, compare_suggestions);
	return suggestions;
}

/*
 * sharing_guard.suggest_agencies(name text, at_most integer)
 *		returns setof record (agency_id, name, distance)
 */
Datum
sg_sql_suggest_agencies(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	text	   *name = PG_GETARG_TEXT_PP(0);
	int			at_most = PG_GETARG_INT32(1);
	TextSlice	slice;
	ListCell   *lc;
	MemoryContext scratch;
	MemoryContext caller;
	List	   *suggestions;

	sg_require_operational();
	InitMaterializedSRF(fcinfo, 0);

	slice.data = VARDATA_ANY(name);
	slice.len = VARSIZE_ANY_EXHDR(name);
	/* Each name makes many copies, and a view may ask for a thousand names. */
	scratch = AllocSetContextCreate(CurrentMemoryContext,
									"sharing_guard suggestions",
									ALLOCSET_DEFAULT_SIZES);
	caller = MemoryContextSwitchTo(scratch);
	suggestions = find_like(sg_policy_current(), slice);
	foreach(lc, suggestions)
	{
		const Suggestion *suggestion = lfirst(lc);
		Datum		values[3];
		bool		nulls[3] = {false};

		if (at_most-- <= 0)
			break;
		values[0] = CStringGetTextDatum(suggestion->agency->agency_id);
		values[1] = CStringGetTextDatum(suggestion->spelling);
		values[2] = Int32GetDatum(suggestion->distance);
		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
	}
	MemoryContextSwitchTo(caller);
	MemoryContextDelete(scratch);
	return (Datum) 0;
}

/*
 * sharing_guard.is_spelled_elsewhere(name text) returns boolean
 *
 * Does the name fit a place of another state than the home state?
 */
Datum
sg_sql_is_spelled_elsewhere(PG_FUNCTION_ARGS)
{
	text	   *name = PG_GETARG_TEXT_PP(0);
	TextSlice	slice = {VARDATA_ANY(name), VARSIZE_ANY_EXHDR(name)};
	TextSlice	no_state = {NULL, 0};
	const Policy *policy;
	NameReading reading;

	sg_require_operational();
	policy = sg_policy_current();
	sg_registry_read(policy->registry, slice, no_state, &reading);
	PG_RETURN_BOOL(is_spelled_elsewhere(&reading,
										policy->home_jurisdiction));
}

/*
 * sharing_guard.name_jurisdiction(name text) returns text
 *
 * NULL where the name has no state.
 */
Datum
sg_sql_name_jurisdiction(PG_FUNCTION_ARGS)
{
	text	   *name = PG_GETARG_TEXT_PP(0);
	TextSlice	slice = {VARDATA_ANY(name), VARSIZE_ANY_EXHDR(name)};
	TextSlice	no_state = {NULL, 0};
	NameReading reading;

	sg_require_operational();
	sg_registry_read(sg_policy_current()->registry, slice, no_state, &reading);
	if (reading.state == NULL)
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(cstring_to_text(psprintf("US-%s", reading.state)));
}

/*
 * sharing_guard.resolve_destination(destination text, destination_state text)
 *		returns record (agency_id, destination_class, agency_status,
 *		like_agency)
 */
Datum
sg_sql_resolve_destination(PG_FUNCTION_ARGS)
{
	TextSlice	slices[2] = {{NULL, 0}, {NULL, 0}};
	Destination found;
	TupleDesc	desc;
	Datum		values[4];
	bool		nulls[4] = {false};
	const char *status;

	sg_require_operational();
	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("resolve_destination() returns a record")));
	for (int i = 0; i < 2; i++)
	{
		if (!PG_ARGISNULL(i))
		{
			text	   *value = PG_GETARG_TEXT_PP(i);

			slices[i].data = VARDATA_ANY(value);
			slices[i].len = VARSIZE_ANY_EXHDR(value);
		}
	}
	found = sg_registry_resolve(sg_policy_current()->registry,
								slices[0], slices[1]);

	nulls[0] = found.agency == NULL || found.inferred;
	values[0] = nulls[0] ? (Datum) 0 :
		CStringGetTextDatum(found.agency->agency_id);
	values[1] = CStringGetTextDatum(sg_destination_class_name(found.class));
	status = sg_agency_status_name(found.status);
	nulls[2] = status == NULL;
	values[2] = status ? CStringGetTextDatum(status) : (Datum) 0;
	nulls[3] = found.agency == NULL || !found.inferred;
	values[3] = nulls[3] ? (Datum) 0 :
		CStringGetTextDatum(found.agency->agency_id);
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc),
													  values, nulls)));
}
