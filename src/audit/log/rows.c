/*-------------------------------------------------------------------------
 *
 * rows.c
 *		The per-row values of an event: parallel columns, built and read.
 *
 * An export of a million rows is recorded row by row, so appending has to
 * cost next to nothing: no Datum, no palloc per value, no list.  A column
 * under construction is the data area of the text[] that it will become,
 * and finishing it is one copy.
 *
 * The reading half takes nothing for granted: the columns may come from a row
 * of the log that another program has put there.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/tuplestore.h"

#include "audit/log/rows.h"

PG_FUNCTION_INFO_V1(sg_sql_event_rows);

/*
 * Without an index a column is in one of two shapes: one value that all rows
 * share, or one value for each row.  (With a single row it is both.)
 *
 * A statement fills thousands of columns in turn, so that none stays in the
 * processor's cache for its next row: what a row needs comes first, in one
 * line of it.
 */
struct RowColumn
{
	/* The values: array elements, each int-aligned; NULLs take no bytes. */
	char	   *data;
	uint32		used;
	uint32		size;

	int			nrows;
	int			nvalues;

	int16	   *index;
	int			index_size;		/* rows */

	/* The value added last: its length, or NULL_LEN. */
	uint32		last_len;
	uint64		last_tail;		/* its last bytes: see value_tail() */

	/*
	 * As in an array, a set bit stands for a value, and there is no bitmap
	 * without NULLs.
	 */
	uint8	   *present;
	uint32		present_size;	/* bytes */
};

/* The length of the value that is none. */
#define NULL_LEN PG_UINT32_MAX

/* For a few rows, which is what most events have. */
#define INITIAL_DATA_SIZE 128
#define INITIAL_INDEX_SIZE 64

/* Room that is left in an allocation for the header of a finished array. */
#define ARRAY_HEADER_RESERVE (1024 * 1024)

/* Where the rest of a column goes: to where the column itself is. */
static void *
column_alloc(RowColumn *column, Size size)
{
	return MemoryContextAlloc(GetMemoryChunkContext(column), size);
}

/* What a value of this length takes in the data area. */
static inline Size
element_size(Size len)
{
	return INTALIGN(VARHDRSZ + len);
}

static void add_value(RowColumn *column, const TextSlice *value, uint64 tail);
static void add_index(RowColumn *column, int16 index);
static void materialize_index(RowColumn *column);

/*
 * An empty column.  All that it ever allocates is in this context, which frees
 * it.
 */
RowColumn *
sg_rows_column(MemoryContext context)
{
	return MemoryContextAllocZero(context, sizeof(RowColumn));
}

/* The event would be larger than any value that the server can hold. */
static void
report_too_large(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
			 errmsg("row values are too large to be recorded in one audit event"),
			 errdetail("The values of one field, for all rows of an event together, are limited to 1 GB."),
			 errhint("Disclose fewer rows in one statement, or keep large documents out of the columns that are recorded.")));
}

void
sg_rows_check_length(Size len)
{
	if (unlikely(len > MaxAllocSize - ARRAY_HEADER_RESERVE - 2 * VARHDRSZ))
		report_too_large();
}

/*
 * Rows beyond what an int2 can number.  Callers start a new event at
 * ROWS_PER_EVENT_MAX, so this is a bug of ours, but one that must not be
 * allowed to scramble the record.
 */
static void
report_too_many(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
			 errmsg("too many rows for one audit event"),
			 errdetail("An event holds at most %d rows.", ROWS_PER_EVENT_MAX),
			 errhint("Please report this as a defect of sharing_guard.")));
}

/*
 * The last bytes of a value, as a number.  Keys, plates and the like that
 * differ do so at their end as a rule; then the value before, which long has
 * left the processor's cache, need not be fetched to see it.
 */
static inline uint64
value_tail(const TextSlice *value)
{
	uint64		tail = 0;

	if (value->len >= sizeof(tail))
		memcpy(&tail, value->data + value->len - sizeof(tail), sizeof(tail));
	else if (value->len >= sizeof(uint32))
	{
		uint32		first;
		uint32		last;

		/* They overlap: all of it is in one of the two. */
		memcpy(&first, value->data, sizeof(first));
		memcpy(&last, value->data + value->len - sizeof(last), sizeof(last));
		tail = (uint64) first << 32 | last;
	}
	else
	{
		for (Size i = 0; i < value->len; i++)
			tail = tail << 8 | (unsigned char) value->data[i];
	}
	return tail;
}

/*
 * Is this the value that was added last?  NULL equals NULL, and not the empty
 * string.
 */
static inline bool
is_last_value(const RowColumn *column, const TextSlice *value, uint64 tail)
{
	if (column->nvalues == 0)
		return false;
	if (value->data == NULL)
		return column->last_len == NULL_LEN;
	return column->last_len == value->len &&
		column->last_tail == tail &&
		memcmp(VARDATA(column->data + column->used - element_size(value->len)),
			   value->data, value->len) == 0;
}

/*
 * Append a row, and its value unless that is the one added last.  Returns the
 * value's number, for sg_rows_append_index().  Errors out where the event
 * would be too large.
 *
 * The one comparison per row is with the value added last: rows come in runs.
 * A caller that knows that a value was added before uses
 * sg_rows_append_index().
 */
int16
sg_rows_append(RowColumn *column, const TextSlice *value)
{
	uint64		tail = value_tail(value);

	if (is_last_value(column, value, tail))
		add_index(column, column->nvalues);
	else
	{
		if (unlikely(column->nvalues >= PG_INT16_MAX))
			report_too_many();

		/* Rows that share one value so far: from here on they do not. */
		if (column->index == NULL && column->nrows > column->nvalues)
			materialize_index(column);
		add_value(column, value, tail);
		add_index(column, column->nvalues);
	}
	return column->nvalues;
}

/*
 * Append a row with a value that is there already: spares the comparison of a
 * long purpose with itself, a million times.
 */
void
sg_rows_append_index(RowColumn *column, int16 index)
{
	Assert(index >= 1 && index <= column->nvalues);
	add_index(column, index);
}

/* Adds a row whose value is number "index" (from 1), which has been added. */
static inline void
add_index(RowColumn *column, int16 index)
{
	int			row = column->nrows;

	if (column->index == NULL)
	{
		/* Does the column stay in one of the shapes that need no index? */
		if (likely(index == row + 1 || column->nvalues == 1))
		{
			column->nrows++;
			return;
		}
		materialize_index(column);
	}

	/* Doubling, so that a row's share of the copying is constant. */
	if (unlikely(row >= column->index_size))
	{
		if (row >= PG_INT16_MAX)
			report_too_many();
		column->index_size *= 2;
		column->index = repalloc(column->index,
								 column->index_size * sizeof(int16));
	}
	column->index[row] = index;
	column->nrows++;
}

/*
 * Writes out the index that the column's shape stood for: from here on rows
 * and values go their own ways.
 */
static void
materialize_index(RowColumn *column)
{
	int			size = INITIAL_INDEX_SIZE;

	if (column->nrows >= PG_INT16_MAX)
		report_too_many();

	while (size <= column->nrows)
		size *= 2;
	column->index = column_alloc(column, size * sizeof(int16));
	column->index_size = size;
	for (int row = 0; row < column->nrows; row++)
		column->index[row] = column->nvalues == 1 ? 1 : row + 1;
}

/*
 * Makes room for so many more bytes of data.
 *
 * Not up to the largest possible allocation: the finished array needs its
 * header and its bitmap as well, and an event that is too large should be
 * known at the row, not when it is written.
 */
static void
enlarge_data(RowColumn *column, Size needed)
{
	Size		size = column->size;

	if (column->used > MaxAllocSize - ARRAY_HEADER_RESERVE ||
		needed > MaxAllocSize - ARRAY_HEADER_RESERVE - column->used)
		report_too_large();

	/* Small at first: most events are of one row or a few. */
	needed += column->used;
	if (size == 0)
		size = INITIAL_DATA_SIZE;
	while (size < needed)
		size *= 2;
	size = Min(size, MaxAllocSize);

	if (column->data == NULL)
		column->data = column_alloc(column, size);
	else
		column->data = repalloc(column->data, size);
	column->size = size;
}

/*
 * Notes for so many values from "first" (from 0) on whether they are NULL.
 * The bitmap begins with the first NULL; most columns never have one.
 */
static void
set_present(RowColumn *column, int first, int count, bool present)
{
	Size		needed = (first + count + 7) / 8;

	if (column->present == NULL)
	{
		/* Everything until now was a value. */
		column->present_size = Max(needed, INITIAL_INDEX_SIZE / 8);
		column->present = column_alloc(column, column->present_size);
		memset(column->present, 0xFF, column->present_size);
	}
	else if (needed > column->present_size)
	{
		Size		size = Max(needed, column->present_size * 2);

		column->present = repalloc(column->present, size);
		memset(column->present + column->present_size, 0xFF,
			   size - column->present_size);
		column->present_size = size;
	}

	for (int i = first; i < first + count; i++)
	{
		if (present)
			column->present[i / 8] |= 1 << (i % 8);
		else
			column->present[i / 8] &= ~(1 << (i % 8));
	}
}

static inline bool
value_is_null(const RowColumn *column, int i)
{
	return column->present != NULL &&
		(column->present[i / 8] & (1 << (i % 8))) == 0;
}

/* Adds a value to the array, but no row. */
static inline void
add_value(RowColumn *column, const TextSlice *value, uint64 tail)
{
	if (value->data == NULL)
	{
		set_present(column, column->nvalues, 1, false);
		column->last_len = NULL_LEN;
	}
	else
	{
		Size		needed;
		Size		end;
		char	   *element;

		/* Kept apart from the sum below, which must not overflow. */
		sg_rows_check_length(value->len);

		needed = element_size(value->len);
		if (unlikely(needed > column->size - column->used))
			enlarge_data(column, needed);
		if (unlikely(column->present != NULL))
			set_present(column, column->nvalues, 1, true);

		/*
		 * The last word is cleared before the bytes go in, so that what is
		 * stored does not depend on what was in memory: equal columns must be
		 * equal bytes, for they will be hashed.
		 */
		element = column->data + column->used;
		end = needed - sizeof(int32);
		memset(element + end, 0, sizeof(int32));
		SET_VARSIZE(element, VARHDRSZ + value->len);
		memcpy(VARDATA(element), value->data, value->len);

		column->last_len = value->len;
		column->last_tail = tail;
		column->used += needed;
	}
	column->nvalues++;
}

/* The column's first value; it must have one. */
static TextSlice
first_value(const RowColumn *column)
{
	TextSlice	value = {NULL, 0};

	if (!value_is_null(column, 0))
	{
		value.data = VARDATA(column->data);
		value.len = VARSIZE(column->data) - VARHDRSZ;
	}
	return value;
}

int
sg_rows_count(const RowColumn *column)
{
	return column->nrows;
}

/*
 * The value that all rows have in common; it points into the column.  An event
 * shows such a value as its own, where rows that differ leave it NULL.
 */
bool
sg_rows_shared_value(const RowColumn *column, TextSlice *value)
{
	/*
	 * A second value is only ever added when it differs from the first, or
	 * after one that does.
	 */
	if (column->nvalues != 1)
		return false;
	*value = first_value(column);
	return true;
}

/*
 * Both arrays are built by hand: construct_array() would want a Datum for
 * each of ten thousand values, and copy each of them on its own.
 *
 * palloc'd in CurrentMemoryContext; the column can still grow.
 */
Datum
sg_rows_values(const RowColumn *column)
{
	ArrayType  *array;
	Size		header;
	Size		size;

	if (column->nvalues == 0)
		return PointerGetDatum(construct_empty_array(TEXTOID));

	header = column->present != NULL ?
		ARR_OVERHEAD_WITHNULLS(1, column->nvalues) : ARR_OVERHEAD_NONULLS(1);
	size = header + column->used;

	/* Not zeroed as a whole: for a long column that would be a second pass. */
	array = palloc(size);
	memset(array, 0, header);
	SET_VARSIZE(array, size);
	array->ndim = 1;
	array->dataoffset = column->present != NULL ? header : 0;
	array->elemtype = TEXTOID;
	ARR_DIMS(array)[0] = column->nvalues;
	ARR_LBOUND(array)[0] = 1;
	if (column->present != NULL)
	{
		uint8	   *bitmap = ARR_NULLBITMAP(array);

		/* Bits beyond the last value stay zero, as array_in leaves them. */
		Assert(bitmap != NULL);
		memcpy(bitmap, column->present, (column->nvalues + 7) / 8);
		if (column->nvalues % 8 != 0)
			bitmap[column->nvalues / 8] &= (1 << (column->nvalues % 8)) - 1;
	}
	if (column->used > 0)
		memcpy(ARR_DATA_PTR(array), column->data, column->used);
	return PointerGetDatum(array);
}

/*
 * An index where there is none would only repeat the column's shape.
 *
 * Otherwise an int2[], palloc'd in CurrentMemoryContext.
 */
Datum
sg_rows_index(const RowColumn *column, bool *index_null)
{
	ArrayType  *array;
	Size		bytes = column->nrows * sizeof(int16);
	Size		size = ARR_OVERHEAD_NONULLS(1) + bytes;

	*index_null = column->index == NULL;
	if (*index_null)
		return (Datum) 0;

	array = palloc(size);
	memset(array, 0, ARR_OVERHEAD_NONULLS(1));
	SET_VARSIZE(array, size);
	array->ndim = 1;
	array->elemtype = INT2OID;
	ARR_DIMS(array)[0] = column->nrows;
	ARR_LBOUND(array)[0] = 1;
	memcpy(ARR_DATA_PTR(array), column->index, bytes);
	return PointerGetDatum(array);
}

/*-------------------------------------------------------------------------
 * Reading
 *-------------------------------------------------------------------------
 */

/* A stored column, taken apart once. */
typedef struct StoredColumn
{
	int			nvalues;
	Datum	   *values;			/* NULL: the field was not given */
	bool	   *nulls;
	const int16 *index;			/* NULL: none */
} StoredColumn;

#define STORED_COLUMNS ROW_FIELDS

/*
 * Columns that do not fit together: an event that was not written by us.
 * Its values are not guessed at, but an error would let one forged event take
 * all the others from the auditor's view.
 *
 * Leaves the column as one that was not given.
 */
static void
warn_bad_column(const char *what, const char *detail, StoredColumn *column)
{
	ereport(WARNING,
			(errcode(ERRCODE_DATA_CORRUPTED),
			 errmsg("\"%s\" of an audit event does not fit its number of rows",
					what),
			 errdetail_internal("%s", detail),
			 errhint("The values are shown as NULL. Look at the event's row in sharing_guard.event, and for who may have put it there.")));
	column->values = NULL;
}

/*
 * Reads arguments number argno and argno + 1: a column's values and index.
 * What does not fit is warned of, and the column left empty.
 *
 * Every number of the index is looked at here, so that the loop over the rows
 * can subscript by them unseen.
 */
static void
open_stored_column(FunctionCallInfo fcinfo, int argno, const char *what,
				   int64 nrows, StoredColumn *column)
{
	ArrayType  *array;

	memset(column, 0, sizeof(*column));
	if (PG_ARGISNULL(argno))
		return;

	array = PG_GETARG_ARRAYTYPE_P(argno);
	deconstruct_array(array, TEXTOID, -1, false, TYPALIGN_INT,
					  &column->values, &column->nulls, &column->nvalues);

	if (PG_ARGISNULL(argno + 1))
	{
		if (column->nvalues != 1 && column->nvalues < nrows)
			warn_bad_column(what, "Without an index there is one value for all rows, or one for each.",
							column);
		return;
	}

	array = PG_GETARG_ARRAYTYPE_P(argno + 1);
	if (ARR_NDIM(array) != 1 || ARR_DIMS(array)[0] < nrows ||
		array_contains_nulls(array))
	{
		warn_bad_column(what, "The index has one number for each row.",
						column);
		return;
	}

	column->index = (const int16 *) ARR_DATA_PTR(array);
	for (int64 row = 0; row < nrows; row++)
	{
		if (column->index[row] < 1 || column->index[row] > column->nvalues)
		{
			warn_bad_column(what, "Each number of the index is the number of a value.",
							column);
			return;
		}
	}
}

/*
 * sharing_guard.event_rows(row_count, six columns with their indexes)
 *		returns setof (row_number, six values)
 *
 * In C because SQL would have to subscript the arrays, which walks a text[]
 * from its beginning for each row: quadratic.  Here every array is taken
 * apart once.
 *
 * Errors out for nothing that is stored: see warn_bad_column().
 */
Datum
sg_sql_event_rows(PG_FUNCTION_ARGS)
{
	static const char *const names[STORED_COLUMNS] = {
		"record_keys", "purposes", "query_elements", "case_numbers",
		"requesting_persons", "recipient_persons"
	};
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	StoredColumn columns[STORED_COLUMNS];
	int64		nrows = PG_ARGISNULL(0) ? 0 : PG_GETARG_INT64(0);

	if (nrows < 0 || nrows > PG_INT32_MAX)
	{
		ereport(WARNING,
				(errcode(ERRCODE_DATA_CORRUPTED),
				 errmsg("number of rows of an audit event is out of range"),
				 errdetail("The event is shown as one row.")));
		nrows = 1;
	}

	for (int c = 0; c < STORED_COLUMNS; c++)
		open_stored_column(fcinfo, 1 + 2 * c, names[c], nrows, &columns[c]);

	/* All rows at once, in a tuplestore that goes to disk when it must. */
	InitMaterializedSRF(fcinfo, 0);

	for (int row = 0; row < nrows; row++)
	{
		Datum		values[1 + STORED_COLUMNS];
		bool		nulls[1 + STORED_COLUMNS];

		CHECK_FOR_INTERRUPTS();

		values[0] = Int32GetDatum(row + 1);
		nulls[0] = false;
		for (int c = 0; c < STORED_COLUMNS; c++)
		{
			const StoredColumn *column = &columns[c];
			int			i;

			if (column->values == NULL)
			{
				values[1 + c] = (Datum) 0;
				nulls[1 + c] = true;
				continue;
			}
			if (column->index != NULL)
				i = column->index[row] - 1;
			else
				i = column->nvalues == 1 ? 0 : row;
			values[1 + c] = column->values[i];
			nulls[1 + c] = column->nulls[i];
		}
		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc,
							 values, nulls);
	}
	return (Datum) 0;
}
