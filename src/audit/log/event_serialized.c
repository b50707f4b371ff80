/*-------------------------------------------------------------------------
 *
 * event_serialized.c
 *		Events as bytes, for handing them over to another process.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/transam.h"
#include "access/tupdesc.h"
#include "lib/stringinfo.h"
#include "utils/memutils.h"

#include "audit/log/event_serialized.h"
#include "audit/log/server_log.h"
#include "base/compat.h"

/* What stands before each event's tuple; of MAXALIGNed size itself. */
typedef struct SerializedHeader
{
	uint64		tuple_length;
} SerializedHeader;

StaticAssertDecl(sizeof(SerializedHeader) == MAXALIGN(sizeof(SerializedHeader)),
				 "a tuple behind the header is aligned");

/*
 * The row type of the log, as this library knows it.  Made once, from types
 * that are built in: it needs no log, and no transaction later on.
 */
static TupleDesc
event_row_type(void)
{
	static TupleDesc row_type = NULL;

	if (row_type == NULL)
	{
		MemoryContext oldcontext = MemoryContextSwitchTo(TopMemoryContext);
		TupleDesc	desc = CreateTemplateTupleDesc(EVENT_COLUMNS);

		for (int i = 0; i < EVENT_COLUMNS; i++)
			TupleDescInitEntry(desc, i + 1, sg_event_columns[i].name,
							   sg_event_columns[i].type, -1, 0);
		SG_TUPLE_DESC_FINALIZE(desc);
		MemoryContextSwitchTo(oldcontext);
		row_type = desc;
	}
	return row_type;
}

void
sg_event_prepare(void)
{
	(void) event_row_type();
}

/*
 * The event is a tuple, the server's own form for a row as bytes.  It is
 * neither compressed nor moved out of line, so that it can be read without a
 * table.
 */
static void
serialize_fields(StringInfo buf, EventFields *fields)
{
	HeapTuple	tuple = heap_form_tuple(event_row_type(), fields->values,
										fields->nulls);
	SerializedHeader header = {tuple->t_len};
	Size		padding = MAXALIGN(tuple->t_len) - tuple->t_len;
	static const char zeroes[MAXIMUM_ALIGNOF] = {0};

	appendBinaryStringInfo(buf, (char *) &header, sizeof(header));
	appendBinaryStringInfo(buf, (char *) tuple->t_data, tuple->t_len);
	appendBinaryStringInfo(buf, zeroes, padding);
	heap_freetuple(tuple);
}

bool
sg_event_next_serialized(const char *data, Size length, Size *offset,
						 EventFields *fields)
{
	const SerializedHeader *header;
	HeapTupleData tuple = {0};

	if (*offset >= length)
		return false;
	header = (const SerializedHeader *) (data + *offset);
	tuple.t_len = (uint32) header->tuple_length;
	tuple.t_data = (HeapTupleHeader) (data + *offset + sizeof(*header));
	heap_deform_tuple(&tuple, event_row_type(), fields->values, fields->nulls);
	*offset += sizeof(*header) + MAXALIGN(header->tuple_length);
	return true;
}

/* What it needs besides the buffer is left in CurrentMemoryContext. */
void
sg_event_serialize(StringInfo buf, const Event *event)
{
	EventFields fields;

	sg_event_fields(&fields, event, InvalidFullTransactionId);
	serialize_fields(buf, &fields);
}

void
sg_event_serialized_to_server_log(const char *data, Size length,
								  const char *why)
{
	EventFields fields;
	Size		offset = 0;

	while (sg_event_next_serialized(data, length, &offset, &fields))
		sg_event_fields_to_server_log(&fields, why);
}
