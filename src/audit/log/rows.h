/*-------------------------------------------------------------------------
 *
 * rows.h
 *		The per-row values of an event: parallel columns, built and read.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHARING_GUARD_ROWS_H
#define SHARING_GUARD_ROWS_H

#include "base/disclosure.h"

/*
 * A column of per-row values under construction.
 *
 * Values are kept once for a run of equal ones: "values" grows only when a
 * value differs from the one before, and "index" says for each row which
 * value (from 1) is its own.  An index is kept only from the first row whose
 * value is not values[row]: so a column with one value for all rows, and a
 * column with a new value for every row, both need none.
 *
 * Bytes are kept in the layout of a text[] array's data area, so that
 * finishing a column is one copy.
 */
typedef struct RowColumn RowColumn;

/* No more rows than this in one event: an index is an int2. */
#define ROWS_PER_EVENT_MAX 10000

/* The per-row values of an event, each in a column of its own. */
typedef enum RowField
{
	ROW_PURPOSE,
	ROW_RECORD_KEY,
	ROW_QUERY_ELEMENTS,
	ROW_CASE_NUMBER,
	ROW_PERSON,
	ROW_RECIPIENT
} RowField;
#define ROW_FIELDS (ROW_RECIPIENT + 1)

/* Indexed by RowField; NULL is a field that was not given at all. */
typedef struct RowColumns
{
	RowColumn  *column[ROW_FIELDS];
} RowColumns;

extern RowColumn *sg_rows_column(MemoryContext context);

/* Errors out where a value of this length would fit into no event. */
extern void sg_rows_check_length(Size len);

/* Appends a row with this value (NULL data: SQL NULL); returns its index. */
extern int16 sg_rows_append(RowColumn *column, const TextSlice *value);

/* Appends a row whose value is already there, at this index. */
extern void sg_rows_append_index(RowColumn *column, int16 index);

extern int	sg_rows_count(const RowColumn *column);

/* The one value all rows share; false where they do not. */
extern bool sg_rows_shared_value(const RowColumn *column, TextSlice *value);

/*
 * The finished column: values a text[], index an int2[] or, where
 * *index_null, none.  palloc'd in CurrentMemoryContext.
 */
extern Datum sg_rows_values(const RowColumn *column);
extern Datum sg_rows_index(const RowColumn *column, bool *index_null);

/*
 * A bit for each per-row field that a row has.  All rows of an event have the
 * same, so that each of its columns holds either all of them or none.
 */
#define HAS_FIELD(field)	(1 << (field))

/* Which fields this row has. */
static inline int
sg_row_has(const Disclosure *disclosure)
{
	return (disclosure->purpose.data ? HAS_FIELD(ROW_PURPOSE) : 0) |
		(disclosure->record_key.data ? HAS_FIELD(ROW_RECORD_KEY) : 0) |
		(disclosure->query_elements.data ? HAS_FIELD(ROW_QUERY_ELEMENTS) : 0) |
		(disclosure->case_number.data ? HAS_FIELD(ROW_CASE_NUMBER) : 0) |
		(disclosure->requesting_person.data ? HAS_FIELD(ROW_PERSON) : 0) |
		(disclosure->recipient_person.data ? HAS_FIELD(ROW_RECIPIENT) : 0);
}

/* Columns for these fields, in CurrentMemoryContext. */
static inline void
sg_rows_columns(RowColumns *columns, int fields)
{
	for (int i = 0; i < ROW_FIELDS; i++)
		columns->column[i] = (fields & HAS_FIELD(i)) ?
			sg_rows_column(CurrentMemoryContext) : NULL;
}

#endif							/* SHARING_GUARD_ROWS_H */
