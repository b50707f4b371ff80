/*-------------------------------------------------------------------------
 *
 * event_split.c
 *		A group's rows, cut into pieces: as many as one event may hold.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "channel/export/event_split.h"
#include "base/prefetch.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

/*
 * All rows of one event were decided within this time of the first: an event
 * has one time for all of them, and an access record needs each one's (Cal.
 * Civ. Code 1798.90.52).
 */
#define EVENT_SPAN_USECS	USECS_PER_SEC

/* How many rows ahead the memory of a row is asked for. */
#define ROWS_AHEAD			8

/* No further row is added to an event whose rows' values take so much. */
#define EVENT_BYTES_MAX		(256 * 1024)

static inline void
start_pieces(EventPart *piece, const RowSet *set)
{
	memset(piece, 0, sizeof(*piece));
	piece->set = set;
	piece->next = set->nrecorded;
	if (set->npurposes > 1)
		piece->purposes = MemoryContextAllocExtended(CurrentMemoryContext,
													 set->npurposes * sizeof(int16),
													 MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
}

void
sg_event_split_start(EventPart *piece, const RowSet *set)
{
	start_pieces(piece, set);
}

static inline void
append_purpose(EventPart *piece, int number)
{
	RowColumn  *column = piece->columns.column[ROW_PURPOSE];

	if (piece->purposes == NULL)
		sg_rows_append(column, &piece->set->purposes[number]);
	else if (piece->purposes[number] != 0)
		sg_rows_append_index(column, piece->purposes[number]);
	else
		piece->purposes[number] =
			sg_rows_append(column, &piece->set->purposes[number]);
}

/*
 * Does this row fill an event by itself?  Such a one is not put beside others:
 * together they might be more than any event can hold.
 */
static inline bool
fills_event(const RowSet *set, const LoggedRow *row)
{
	return row->words > EVENT_BYTES_MAX / MAXIMUM_ALIGNOF ||
		((set->fields & HAS_FIELD(ROW_PURPOSE)) != 0 &&
		 set->purposes[row->purpose].len > EVENT_BYTES_MAX);
}

bool
sg_event_split_next(EventPart *piece)
{
	const RowSet *set = piece->set;
	int64		first = piece->next;
	Size		bytes = 0;

	if (first >= set->nrows)
		return false;
	sg_rows_columns(&piece->columns, set->fields);
	for (int64 i = first; i < set->nrows; i++)
	{
		const LoggedRow *row = set->rows[i];
		TextSlice	fields[ROW_FIELDS];

		/* Rows of one group lie far from one another. */
		if (i + ROWS_AHEAD < set->nrows)
		{
			sg_prefetch(set->rows[i + ROWS_AHEAD]);
			sg_prefetch((char *) set->rows[i + ROWS_AHEAD] + SG_CACHE_LINE);
		}
		if (i == first)
			piece->at = row->at;
		else if (row->at < piece->at || /* the clock was set back */
				 row->at - piece->at > EVENT_SPAN_USECS ||
				 bytes >= EVENT_BYTES_MAX || i - first >= ROWS_PER_EVENT_MAX ||
				 fills_event(set, row))
			break;
		sg_row_fields(fields, row);
		for (int field = ROW_RECORD_KEY; field < ROW_FIELDS; field++)
		{
			if (piece->columns.column[field] == NULL)
				continue;
			sg_rows_append(piece->columns.column[field], &fields[field]);
			bytes += fields[field].len;
		}
		if (piece->columns.column[ROW_PURPOSE] != NULL)
		{
			append_purpose(piece, row->purpose);
			bytes += set->purposes[row->purpose].len;
		}
		piece->next = i + 1;
	}
	piece->nrows = piece->next - first;

	/* The next piece has purposes of its own. */
	if (piece->purposes != NULL)
	{
		for (int64 i = first; i < piece->next; i++)
			piece->purposes[set->rows[i]->purpose] = 0;
	}
	return true;
}

void
sg_event_split_each(RowLog *log, void (*handle) (const EventPart *piece, void *arg),
					void *arg)
{
	MemoryContext scratch = AllocSetContextCreate(CurrentMemoryContext,
												  "sharing_guard rows by event",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext piece_context = AllocSetContextCreate(scratch,
														"sharing_guard rows of an event",
														ALLOCSET_DEFAULT_SIZES);
	MemoryContext oldcontext = MemoryContextSwitchTo(scratch);

	sg_row_log_sort(log);
	for (RowSet *set = log->first_set; set != NULL; set = set->next)
	{
		EventPart	piece;

		start_pieces(&piece, set);
		MemoryContextSwitchTo(piece_context);
		while (sg_event_split_next(&piece))
		{
			handle(&piece, arg);
			MemoryContextReset(piece_context);
		}
		MemoryContextSwitchTo(scratch);
		if (piece.purposes != NULL)
			pfree(piece.purposes);
	}
	MemoryContextSwitchTo(oldcontext);
	MemoryContextDelete(scratch);
}
