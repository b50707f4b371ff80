/*-------------------------------------------------------------------------
 *
 * table_load.c
 *		Reads the rows of policy tables for the compilers of the policy.
 *
 * Each part of the policy (registry, tagger, rules) reads its own tables, but
 * all of them must use one snapshot.  So this file keeps the snapshot, and the
 * callers only ask for rows.
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

/* The snapshot of the running load; NULL when there is none. */
static Snapshot load_snapshot = NULL;

/*
 * The last row that was read, deformed, because callers go from row to row and
 * read every column.  Allocated in SPI's memory and freed with its rows.
 */
static Datum *row_values = NULL;
static bool *row_nulls = NULL;
static uint64 row_number = PG_UINT64_MAX;

/*
 * Cache of the beginnings of days, because thousands of agencies have attested
 * on few different days.
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
 * Run one query of a load and return how many rows it found.  SPI owns the
 * rows until the next query.  The functions below copy values out into the
 * caller's memory context, which is current again after the return.  Call this
 * only between sg_load_begin() and sg_load_end(), with SPI connected.
 */
uint64
sg_load_query(const char *query)
{
	MemoryContext context = CurrentMemoryContext;
	SPIPlanPtr	plan = SPI_prepare(query, 0, NULL);

	/*
	 * All tables are read with one current snapshot, because a REPEATABLE
	 * READ transaction, too, must see a warrant that was revoked after it
	 * began.
	 */
	if (plan == NULL ||
		SPI_execute_snapshot(plan, NULL, NULL, load_snapshot,
							 InvalidSnapshot, true, false, 0) != SPI_OK_SELECT)
		ereport(ERROR,
				(errcode(ERRCODE_INTERNAL_ERROR),
				 errmsg("could not read the policy tables of sharing_guard"),
				 errdetail_internal("%s",
									SPI_result_code_string(SPI_result))));

	/* SPI has switched to a context of its own. */
	MemoryContextSwitchTo(context);

	row_values = MemoryContextAlloc(SPI_tuptable->tuptabcxt,
									SPI_tuptable->tupdesc->natts * sizeof(Datum));
	row_nulls = MemoryContextAlloc(SPI_tuptable->tuptabcxt,
								   SPI_tuptable->tupdesc->natts * sizeof(bool));
	row_number = PG_UINT64_MAX;
	return SPI_processed;
}

/*
 * Returns a column's value.  Columns count from 1.  A value that is passed by
 * reference belongs to SPI.
 */
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

/*
 * Returns a column as a string, palloc'd in CurrentMemoryContext; NULL for
 * null.
 */
char *
sg_load_text(uint64 row, int column)
{
	bool		isnull;
	Datum		value = sg_load_datum(row, column, &isnull);

	return isnull ? NULL : TextDatumGetCString(value);
}

/* Returns a boolean column; false for null. */
bool
sg_load_bool(uint64 row, int column)
{
	bool		isnull;
	Datum		value = sg_load_datum(row, column, &isnull);

	return !isnull && DatumGetBool(value);
}

/*
 * Returns a timestamp column.  The caller gives the value for null, because
 * null means "forever" in some columns and "never" in others.
 */
TimestampTz
sg_load_time(uint64 row, int column, TimestampTz if_null)
{
	bool		isnull;
	Datum		value = sg_load_datum(row, column, &isnull);

	return isnull ? if_null : DatumGetTimestampTz(value);
}

/* Sets the time zone that sg_load_day() uses from here on. */
void
sg_load_in_zone(const char *time_zone)
{
	day_zone = CStringGetTextDatum(time_zone);
	for (int i = 0; i < DAYS_KEPT; i++)
		day_begins[i].begins = DT_NOBEGIN;
}

/*
 * Returns a date column as the moment in which the day begins that is
 * days_after days later.  The days are added before the conversion to the time
 * zone, because not every day has 24 hours.
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
 * Comparator for qsort(), in the order in which sg_words_find() searches: by
 * bytes and not by a collation.
 */
static int
compare_words(const void *a, const void *b)
{
	return strcmp(*(char *const *) a, *(char *const *) b);
}

/*
 * Sets a sorted list in CurrentMemoryContext from a text[] column.  Null gives
 * the list without words, which is no condition.
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
	 * The tables' checks refuse an empty array.  Reading it as "any" could
	 * open what was meant to be closed, and reading it as "none" the reverse.
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

/* Sorts a list for sg_words_find(). */
void
sg_words_sort(WordList *list)
{
	qsort(list->words, list->count, sizeof(char *), compare_words);
}

/* Compares a piece of text and a string as strcmp() does. */
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
 * Returns the position of a text, which need not end in NUL, in the list; -1
 * where it is not there.  Uses binary search, because a list may be long, such
 * as the records that a warrant covers.
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
