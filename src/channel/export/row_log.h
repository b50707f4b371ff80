/*-------------------------------------------------------------------------
 *
 * row_log.h
 *		Rows that were decided on and not recorded yet, in the order in which
 *		they came.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHARING_GUARD_ROW_LOG_H
#define SHARING_GUARD_ROW_LOG_H

#include "audit/log/rows.h"
#include "base/disclosure.h"

/* A row; the fields that its set has follow, each behind its length. */
typedef struct LoggedRow
{
	struct RowSet *set;
	TimestampTz at;
	int32		purpose;		/* its number in the set's purposes */
	uint32		words;			/* of its size, in units of MAXALIGN */
} LoggedRow;

typedef struct RowLogChunk RowLogChunk;

/*
 * The rows that belong together in one log.  Kept by the owner of the log,
 * who sets "fields" and "nrecorded" and otherwise lets it be; zero but for the
 * first it is empty.
 */
typedef struct RowSet
{
	int64		nrows;
	int			fields;			/* HAS_FIELD() */
	int			npurposes;		/* how many different ones */
	LoggedRow **rows;			/* row_log_sort(): in the order of the log */
	TextSlice  *purposes;		/* in the rows' own memory */
	int			purposes_size;
	int			nsorted;
	struct RowSet *next;		/* the log's next one that has rows */
	int64		nrecorded;		/* the keeper's: so many of the first rows
								 * have their events */
} RowSet;

typedef struct RowLog
{
	MemoryContext context;		/* of all that the log allocates */
	int64		nrows;
	RowSet	   *first_set;		/* those that have rows, by their first ones */
	RowSet	   *last_set;
	char	   *free;			/* where the next row goes, and how far it may */
	char	   *end;
	RowLogChunk *first_chunk;
	RowLogChunk *last_chunk;
	RowLogChunk *spare;			/* what sg_row_log_reset() has left */
	Size		spare_bytes;
} RowLog;

/*
 * Adds a row to a set.  Purpose is the number of the row's purpose in it, or
 * -1 where the set has not met that yet; returns the number.  Sets *grown where
 * memory was allocated for it.
 */
extern int	sg_row_log_append(RowLog *log, RowSet *set,
							  const Disclosure *disclosure, int purpose,
							  bool *grown);

/*
 * Hands each set its rows, as arrays in the current memory context.  Changes
 * nothing else, so that it can be done again.
 */
extern void sg_row_log_sort(RowLog *log);

/* The row's fields, but for its purpose, by RowField. */
extern void sg_row_fields(TextSlice *fields, const LoggedRow *row);

/*
 * Forgets all rows; the sets are empty again, and in no list.  The memory is
 * kept for the rows to come.
 */
extern void sg_row_log_reset(RowLog *log);

/* Gives that memory back, where few rows are to come. */
extern void sg_row_log_trim(RowLog *log);

#endif							/* SHARING_GUARD_ROW_LOG_H */
