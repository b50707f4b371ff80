/*-------------------------------------------------------------------------
 *
 * row_log.c
 *		Rows that were decided on and not recorded yet, in the order in which
 *		they came.
 *
 * An export to a thousand agencies comes back to one of them after 999 others.
 * Were each row added to its event at once, the event's memory would have left
 * the processor's cache each time, several lines of it.  So rows are written
 * one behind the other, and sorted by their events when these are written: a
 * counting sort, since by then it is known how many rows each has.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "channel/export/row_log.h"
#include "utils/memutils.h"

struct RowLogChunk
{
	RowLogChunk *next;
	char	   *used;			/* the end of the last row; of all but the
								 * last */
	Size		size;
};

#define CHUNK_HEADER	MAXALIGN(sizeof(RowLogChunk))

/* Few rows are what most transactions have; many are what some have. */
#define FIRST_CHUNK_BYTES	512
#define CHUNK_BYTES_MAX		(256 * 1024)

#define FIRST_PURPOSES		4

/*
 * A row has its fields in the order of RowField, but for the purpose: all rows
 * of one purpose share what stands behind the first of them.
 */
static inline Size
field_size(const TextSlice *field)
{
	return sizeof(uint32) + field->len;
}

static inline char *
put_field(char *to, const TextSlice *field)
{
	uint32		len = (uint32) field->len;

	memcpy(to, &len, sizeof(len));
	to += sizeof(len);
	memcpy(to, field->data, len);
	return to + len;
}

static inline const char *
get_field(const char *from, TextSlice *field)
{
	uint32		len;

	memcpy(&len, from, sizeof(len));
	field->data = from + sizeof(len);
	field->len = len;
	return field->data + len;
}

/* A further chunk, with room for a row of this size at least. */
static void
add_chunk(RowLog *log, Size needed)
{
	Size		size = FIRST_CHUNK_BYTES;
	RowLogChunk *chunk = log->spare;

	if (chunk != NULL && chunk->size >= CHUNK_HEADER + needed)
	{
		log->spare = chunk->next;
		log->spare_bytes -= chunk->size;
	}
	else
	{
		if (log->last_chunk != NULL)
			size = Min(2 * log->last_chunk->size, CHUNK_BYTES_MAX);
		size = Max(size, CHUNK_HEADER + needed);
		chunk = MemoryContextAllocHuge(log->context, size);
		chunk->size = size;
	}
	chunk->next = NULL;
	chunk->used = NULL;
	if (log->last_chunk != NULL)
	{
		log->last_chunk->used = log->free;
		log->last_chunk->next = chunk;
	}
	else
		log->first_chunk = chunk;
	log->last_chunk = chunk;
	log->free = (char *) chunk + CHUNK_HEADER;
	log->end = (char *) chunk + chunk->size;
}

/* Makes room for the number of one more purpose. */
static void
enlarge_purposes(RowLog *log, RowSet *set)
{
	int			size = set->purposes_size == 0 ? FIRST_PURPOSES :
	2 * set->purposes_size;
	Size		bytes = size * sizeof(TextSlice);

	if (set->purposes == NULL)
		set->purposes = MemoryContextAlloc(log->context, bytes);
	else
		set->purposes = repalloc_huge(set->purposes, bytes);
	set->purposes_size = size;
}

int
sg_row_log_append(RowLog *log, RowSet *set, const Disclosure *disclosure,
				  int purpose, bool *grown)
{
	int			has = set->fields;
	Size		size = sizeof(LoggedRow);
	bool		new_purpose = (has & HAS_FIELD(ROW_PURPOSE)) != 0 && purpose < 0;
	LoggedRow  *row;
	char	   *to;

	if (has & HAS_FIELD(ROW_RECORD_KEY))
		size += field_size(&disclosure->record_key);
	if (has & HAS_FIELD(ROW_QUERY_ELEMENTS))
		size += field_size(&disclosure->query_elements);
	if (has & HAS_FIELD(ROW_CASE_NUMBER))
		size += field_size(&disclosure->case_number);
	if (has & HAS_FIELD(ROW_PERSON))
		size += field_size(&disclosure->requesting_person);
	if (has & HAS_FIELD(ROW_RECIPIENT))
		size += field_size(&disclosure->recipient_person);
	if (new_purpose)
		size += field_size(&disclosure->purpose);
	size = MAXALIGN(size);

	/*
	 * First what may fail.  No event could hold a longer value: better known
	 * now than when the row has gone out.
	 */
	if (unlikely(size > (Size) (log->end - log->free)))
	{
		sg_rows_check_length(disclosure->record_key.len);
		sg_rows_check_length(disclosure->query_elements.len);
		sg_rows_check_length(disclosure->case_number.len);
		sg_rows_check_length(disclosure->requesting_person.len);
		sg_rows_check_length(disclosure->recipient_person.len);
		sg_rows_check_length(disclosure->purpose.len);
		add_chunk(log, size);
		*grown = true;
	}
	if (new_purpose && set->npurposes >= set->purposes_size)
	{
		enlarge_purposes(log, set);
		*grown = true;
	}

	row = (LoggedRow *) log->free;
	row->set = set;
	row->at = disclosure->at;
	row->words = size / MAXIMUM_ALIGNOF;
	to = (char *) (row + 1);
	if (has & HAS_FIELD(ROW_RECORD_KEY))
		to = put_field(to, &disclosure->record_key);
	if (has & HAS_FIELD(ROW_QUERY_ELEMENTS))
		to = put_field(to, &disclosure->query_elements);
	if (has & HAS_FIELD(ROW_CASE_NUMBER))
		to = put_field(to, &disclosure->case_number);
	if (has & HAS_FIELD(ROW_PERSON))
		to = put_field(to, &disclosure->requesting_person);
	if (has & HAS_FIELD(ROW_RECIPIENT))
		to = put_field(to, &disclosure->recipient_person);
	if (new_purpose)
	{
		/* Behind all other fields, where only this function looks for it. */
		put_field(to, &disclosure->purpose);
		purpose = set->npurposes++;
		get_field(to, &set->purposes[purpose]);
	}
	row->purpose = purpose;

	log->free += size;
	log->nrows++;
	if (set->nrows++ == 0)
	{
		set->next = NULL;
		if (log->first_set == NULL)
			log->first_set = set;
		else
			log->last_set->next = set;
		log->last_set = set;
	}
	return purpose;
}

void
sg_row_log_sort(RowLog *log)
{
	LoggedRow **rows = MemoryContextAllocHuge(CurrentMemoryContext,
											  log->nrows * sizeof(LoggedRow *));

	for (RowSet *set = log->first_set; set != NULL; set = set->next)
	{
		set->rows = rows;
		set->nsorted = 0;
		rows += set->nrows;
	}
	for (RowLogChunk *chunk = log->first_chunk; chunk != NULL;
		 chunk = chunk->next)
	{
		const char *end = chunk->next != NULL ? chunk->used : log->free;

		for (char *at = (char *) chunk + CHUNK_HEADER; at < end;)
		{
			LoggedRow  *row = (LoggedRow *) at;

			row->set->rows[row->set->nsorted++] = row;
			at += (Size) row->words * MAXIMUM_ALIGNOF;
		}
	}
}

void
sg_row_fields(TextSlice *fields, const LoggedRow *row)
{
	const char *from = (const char *) (row + 1);

	for (int i = ROW_RECORD_KEY; i < ROW_FIELDS; i++)
	{
		if (row->set->fields & HAS_FIELD(i))
			from = get_field(from, &fields[i]);
	}
}

void
sg_row_log_reset(RowLog *log)
{
	RowLog		empty = {0};

	for (RowSet *set = log->first_set; set != NULL;)
	{
		RowSet	   *next = set->next;

		if (set->purposes != NULL)
			pfree(set->purposes);
		set->nrows = 0;
		set->nrecorded = 0;
		set->npurposes = 0;
		set->rows = NULL;
		set->purposes = NULL;
		set->purposes_size = 0;
		set->next = NULL;
		set = next;
	}

	empty.context = log->context;
	empty.spare = log->spare;
	empty.spare_bytes = log->spare_bytes;
	for (RowLogChunk *chunk = log->first_chunk; chunk != NULL;)
	{
		RowLogChunk *next = chunk->next;

		/* What was made for one huge row is no use to others. */
		if (chunk->size > CHUNK_BYTES_MAX)
			pfree(chunk);
		else
		{
			chunk->next = empty.spare;
			empty.spare = chunk;
			empty.spare_bytes += chunk->size;
		}
		chunk = next;
	}
	*log = empty;
}

void
sg_row_log_trim(RowLog *log)
{
	while (log->spare != NULL)
	{
		RowLogChunk *chunk = log->spare;

		log->spare = chunk->next;
		pfree(chunk);
	}
	log->spare_bytes = 0;
}
