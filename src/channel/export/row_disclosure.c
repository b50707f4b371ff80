/*-------------------------------------------------------------------------
 *
 * row_disclosure.c
 *		The disclosure that a row of an export table is.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <time.h>

#include "channel/export/row_disclosure.h"
#include "channel/guard/column_text.h"
#include "channel/guard/context.h"
#include "lib/stringinfo.h"
#include "policy/names/fold.h"
#include "utils/timestamp.h"

/*
 * The time of a row.  To read the clock is a good part of what a row costs; so
 * where the system has one that is cheaper and ticks every few milliseconds,
 * rows of one statement within one tick have the time of the first of them.
 * Each statement begins with the exact time.
 */
static struct timespec row_clock_tick;
static TimestampTz row_clock_at;

static inline TimestampTz
row_clock(void)
{
#ifdef CLOCK_REALTIME_COARSE
	struct timespec tick;

	if (clock_gettime(CLOCK_REALTIME_COARSE, &tick) == 0)
	{
		if (likely(tick.tv_nsec == row_clock_tick.tv_nsec &&
				   tick.tv_sec == row_clock_tick.tv_sec))
			return row_clock_at;
		row_clock_tick = tick;
		return row_clock_at = GetCurrentTimestamp();
	}
#endif
	return GetCurrentTimestamp();
}

/* Give the next row the exact time: a statement begins. */
void
sg_row_clock_reset(void)
{
	row_clock_tick.tv_sec = 0;
}

/*
 * Where a column says nothing, what the transaction declared: a blank says
 * nothing either, and must not stand in the way of what was said.
 *
 * A copy, because the declaration may be replaced while the row is being
 * recorded, by a trigger on the log.
 */
static void
or_declared(TextSlice *value, const TextSlice *declared)
{
	if (sg_is_given(*value) || !sg_is_given(*declared))
		return;
	value->data = pnstrdup(declared->data, declared->len);
	value->len = declared->len;
}

static void
add_declared(Disclosure *disclosure, const DeclaredContext *declared)
{
	or_declared(&disclosure->destination, &declared->destination);
	or_declared(&disclosure->purpose, &declared->purpose);
	or_declared(&disclosure->legal_basis, &declared->legal_basis);
	or_declared(&disclosure->case_number, &declared->case_number);
	or_declared(&disclosure->requesting_person, &declared->requesting_person);
	or_declared(&disclosure->recipient_person, &declared->recipient_person);
	or_declared(&disclosure->on_behalf_of, &declared->on_behalf_of);
}

/*
 * Leave one person where one column names both: of a row for the agency itself
 * the person on our side, of any other the person at the destination.  Then the
 * person on our side is the one that was declared.
 */
void
sg_leave_one_person(const Guard *guard, Disclosure *disclosure,
					const Decision *decision)
{
	const DeclaredContext *declared = sg_context_declared();

	if (decision->destination_class == DESTINATION_SELF)
		disclosure->recipient_person.data = NULL;
	else
	{
		disclosure->requesting_person.data = NULL;
		disclosure->requesting_person.len = 0;
		if (declared != NULL)
			or_declared(&disclosure->requesting_person,
						&declared->requesting_person);
	}
}

/*
 * The purpose that several columns make; not given where none of them is.
 *
 * Allocated in CurrentMemoryContext, because each part is copied.
 */
static TextSlice
joined_purpose(const Guard *guard, TupleTableSlot *slot)
{
	StringInfoData text;
	TextSlice	purpose = {NULL, 0};
	bool		given = false;

	initStringInfo(&text);
	for (int i = 0; i < guard->npurpose; i++)
	{
		TextSlice	part = sg_guard_column_text_at_hand(&guard->purpose[i],
														slot);
		int			start;

		if (i > 0)
			appendStringInfoChar(&text, PURPOSE_SEPARATOR);
		if (!sg_is_given(part))
			continue;
		given = true;
		start = text.len;

		appendBinaryStringInfo(&text, part.data, part.len);

		/* No encoding of a database has this byte within a character. */
		for (int at = start; at < text.len; at++)
		{
			if (text.data[at] == PURPOSE_SEPARATOR)
				text.		data[at] = ' ';
		}
	}
	if (given)
	{
		purpose.data = text.data;
		purpose.len = text.len;
	}
	return purpose;
}

/*
 * Fills in the disclosure that a row of an export table is: to be written, or
 * to be read by those for whom it was written.
 */
void
sg_export_row_disclosure(Disclosure *disclosure, TextSlice **tags,
						 const Guard *guard, const char *operation,
						 TupleTableSlot *slot)
{
	const DeclaredContext *declared = sg_context_declared();
	const TextSlice not_given = {NULL, 0};

	/* At once, and not up to one column after the other. */
	slot_getsomeattrs(slot, guard->last_attnum);

	disclosure->channel = CHANNEL_EXPORT_ROW;
	disclosure->operation = operation;
	disclosure->relation = guard->relation;
	disclosure->at = row_clock();
	disclosure->legal_basis_used_up = false;
	disclosure->ndeclared_tags = 0;
	disclosure->purpose_parts = 1;
	*tags = NULL;

	/* To clear all of it at once takes longer than the rest of this. */
	disclosure->data_class = not_given;
	disclosure->destination = not_given;
	disclosure->destination_state = not_given;
	disclosure->purpose = not_given;
	disclosure->legal_basis = not_given;
	disclosure->on_behalf_of = not_given;
	disclosure->case_number = not_given;
	disclosure->requesting_person = not_given;
	disclosure->recipient_person = not_given;
	for (int i = 0; i < guard->nsingle; i++)
	{
		const GuardColumn *column = &guard->single[i];

		*(TextSlice *) ((char *) disclosure + column->field) =
			sg_guard_column_text_at_hand(column, slot);
		if (unlikely(column->form == COLUMN_TAGS &&
					 column->field == offsetof(Disclosure, purpose)))
			disclosure->ndeclared_tags =
				sg_guard_column_tags(column, slot, tags);
	}
	disclosure->declared_tags = *tags;
	if (disclosure->data_class.data == NULL)
	{
		disclosure->data_class.data = guard->data_class;
		disclosure->data_class.len = guard->data_class_len;
	}
	if (unlikely(guard->npurpose > 0))
	{
		disclosure->purpose = joined_purpose(guard, slot);
		if (disclosure->purpose.data != NULL)
			disclosure->purpose_parts = guard->npurpose;
	}
	if (declared != NULL)
		add_declared(disclosure, declared);

	/* A blank names no person. */
	if (disclosure->requesting_person.data != NULL &&
		!sg_is_given(disclosure->requesting_person))
		disclosure->requesting_person.data = NULL;
	if (disclosure->recipient_person.data != NULL &&
		!sg_is_given(disclosure->recipient_person))
		disclosure->recipient_person.data = NULL;
	disclosure->record_key = sg_guard_columns_text(guard->record_key,
												   guard->nrecord_key, slot,
												   true);
	disclosure->query_elements =
		sg_guard_columns_text(guard->query_elements, guard->nquery_elements,
							  slot, false);
}
