/*-------------------------------------------------------------------------
 *
 * table_load.c
 *		Reads the rows of policy tables, for whoever compiles them.
 *
 * Each part of the policy (registry, tagger, rules) reads its own tables, but
 * all must read one moment; so the snapshot is kept here, and they ask for
 * rows without knowing of it.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/timestamp.h"

#include "base/table_load.h"

/* What the load that is under way sees; NULL outside of one. */
static Snapshot load_snapshot = NULL;

/*
 * The row that was looked at last, taken apart: callers go from row to row and
 * ask for every column.  In SPI's memory, and gone with its rows.
 */
static Datum *row_values = NULL;
static bool *row_nulls = NULL;
static uint64 row_number = PG_UINT64_MAX;

/*
 * When a day begins, as found before: of thousands of agencies many have
 * attested on the same day.
 */
#define DAYS_KEPT 64

typedef struct DayBegins
{
	DateADT		day;
	int			days_after;
	TimestampTz begins;
} DayBegins;

static Datum day_zone;
static DayBegins day_begins[DAYS_KEPT];

void
sg_load_begin(Snapshot snapshot)
{
	load_snapshot = snapshot;
}

void
sg_load_end(void)
{
	load_snapshot = NULL;
}

/*
 * Run one query of a load and return how many rows it found.  The rows are
 * SPI's, until the next query: whatever is to stay is copied out by the
 * functions below, into the context that was current, which is left current.
 *
 * Only between sg_load_begin() and sg_load_end(), and with SPI connected.
 */
uint64
sg_load_query(const char *query)
{
	MemoryContext context = CurrentMemoryContext;
	SPIPlanPtr	plan = SPI_prepare(query, 0, NULL);

	/*
	 * One snapshot for all tables, taken just now: a REPEATABLE READ
	 * transaction too must see a warrant that was revoked since it began.
	 */
	if (plan == NULL ||
		SPI_execute_snapshot(plan, NULL, NULL, load_snapshot,
							 InvalidSnapshot, true, false, 0) != SPI_OK_SELECT)
		ereport(ERROR,
				(errcode(ERRCODE_INTERNAL_ERROR),
				 errmsg("could not read the policy tables of sharing_guard"),
				 errdetail_internal("%s",
									SPI_result_code_string(SPI_result))));

	/* SPI leaves us in a context of its own. */
	MemoryContextSwitchTo(context);

	row_values = MemoryContextAlloc(SPI_tuptable->tuptabcxt,
									SPI_tuptable->tupdesc->natts * sizeof(Datum));
	row_nulls = MemoryContextAlloc(SPI_tuptable->tuptabcxt,
								   SPI_tuptable->tupdesc->natts * sizeof(bool));
	row_number = PG_UINT64_MAX;
	return SPI_processed;
}

/* Columns count from 1.  What is passed by reference is SPI's own. */
Datum
sg_load_datum(uint64 row, int column, bool *isnull)
{
	if (row != row_number)
	{
		heap_deform_tuple(SPI_tuptable->vals[row], SPI_tuptable->tupdesc,
						  row_values, row_nulls);
		row_number = row;
	}
	*isnull = row_nulls[column - 1];
	return row_values[column - 1];
}

/* As a string, palloc'd in CurrentMemoryContext; NULL for null. */
char *
sg_load_text(uint64 row, int column)
{
	bool		isnull;
	Datum		value = sg_load_datum(row, column, &isnull);

	return isnull ? NULL : TextDatumGetCString(value);
}

/* Null is false. */
bool
sg_load_bool(uint64 row, int column)
{
	bool		isnull;
	Datum		value = sg_load_datum(row, column, &isnull);

	return !isnull && DatumGetBool(value);
}

/*
 * What a null means depends on the column: for ever, or never.  The caller
 * says.
 */
TimestampTz
sg_load_time(uint64 row, int column, TimestampTz if_null)
{
	bool		isnull;
	Datum		value = sg_load_datum(row, column, &isnull);

	return isnull ? if_null : DatumGetTimestampTz(value);
}

/* Days are those of this time zone from here on. */
void
sg_load_in_zone(const char *time_zone)
{
	day_zone = CStringGetTextDatum(time_zone);
	for (int i = 0; i < DAYS_KEPT; i++)
		day_begins[i].begins = DT_NOBEGIN;
}

/*
 * A date as the moment in which that day begins, or a later one, so many days
 * after.  Days are added before the zone comes in, for not every one is 24
 * hours long.
 */
TimestampTz
sg_load_day(uint64 row, int column, int days_after, TimestampTz if_null)
{
	bool		isnull;
	Datum		value = sg_load_datum(row, column, &isnull);
	DayBegins  *kept;

	if (isnull)
		return if_null;
	kept = &day_begins[(uint32) DatumGetDateADT(value) % DAYS_KEPT];
	if (kept->begins == DT_NOBEGIN || kept->day != DatumGetDateADT(value) ||
		kept->days_after != days_after)
	{
		Datum		day = DirectFunctionCall2(date_pli, value,
											  Int32GetDatum(days_after));
		Datum		local = DirectFunctionCall1(date_timestamp, day);

		kept->begins = DatumGetTimestampTz(DirectFunctionCall2(timestamp_zone,
															   day_zone, local));
		kept->day = DatumGetDateADT(value);
		kept->days_after = days_after;
	}
	return kept->begins;
}

/*
 * For qsort(): the order in which sg_words_find() searches.  By bytes, and
 * no collation's.
 */
static int
compare_words(const void *a, const void *b)
{
	return strcmp(*(char *const *) a, *(char *const *) b);
}

/*
 * A text[] as a sorted list in CurrentMemoryContext.  Null is the list without
 * words, which is no condition at all.
 */
void
sg_load_words(uint64 row, int column, WordList *list)
{
	bool		isnull;
	Datum		value = sg_load_datum(row, column, &isnull);
	Datum	   *datums;
	bool	   *nulls;
	int			count;

	list->count = 0;
	list->words = NULL;
	if (isnull)
		return;

	deconstruct_array(DatumGetArrayTypeP(value), TEXTOID, -1, false,
					  TYPALIGN_INT, &datums, &nulls, &count);

	/*
	 * The tables' checks refuse this.  Taking it for "any" could open what
	 * was meant to be closed, and for "none" the other way round.
	 */
	if (count == 0)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_CORRUPTED),
				 errmsg("a policy table of sharing_guard holds an empty list"),
				 errhint("Look for '{}' in sharing_guard.rule and sharing_guard.legal_basis, and make it NULL where any is meant.")));

	list->words = palloc(count * sizeof(char *));
	for (int i = 0; i < count; i++)
	{
		if (!nulls[i])
			list->words[list->count++] = TextDatumGetCString(datums[i]);
	}
	sg_words_sort(list);
}

/* Puts a list in the order that sg_words_find() needs. */
void
sg_words_sort(WordList *list)
{
	qsort(list->words, list->count, sizeof(char *), compare_words);
}

/* Order of a piece of text and a string, as strcmp() has it. */
int
sg_compare_slice(const char *data, Size len, const char *string)
{
	Size		string_len = strlen(string);
	int			cmp = memcmp(data, string, Min(len, string_len));

	if (cmp != 0)
		return cmp;
	return len < string_len ? -1 : len > string_len;
}

/*
 * Where in the list this text is, which need not end in NUL; -1 where it is not.
 * By bisection, for lists can be long: the records that a warrant covers, say.
 */
int
sg_words_find(const WordList *list, const char *data, Size len)
{
	int			low = 0;
	int			high = list->count;

	while (low < high)
	{
		int			middle = low + (high - low) / 2;
		int			cmp = sg_compare_slice(data, len, list->words[middle]);

		if (cmp == 0)
			return middle;
		if (cmp < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return -1;
}

bool
sg_words_contain(const WordList *list, const char *data, Size len)
{
	return sg_words_find(list, data, len) >= 0;
}
