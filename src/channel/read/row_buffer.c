/*-------------------------------------------------------------------------
 *
 * row_buffer.c
 *		The first rows of a query, kept back until its event is on record.
 *
 * The result of a look-up fits, so its event can say how many rows it were, and
 * no other need follow.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "channel/read/row_buffer.h"
#include "executor/executor.h"
#include "utils/memutils.h"

#define BUFFER_BYTES	(64 * 1024)

bool
sg_row_buffer_add(RowBuffer *buffer, TupleTableSlot *slot, MemoryContext parent)
{
	Size		size;
	MemoryContext oldcontext;

	slot_getallattrs(slot);
	size = heap_compute_data_size(slot->tts_tupleDescriptor, slot->tts_values,
								  slot->tts_isnull) +
		MAXALIGN(SizeofMinimalTupleHeader) + sizeof(ListCell);
	if (buffer->bytes + size > BUFFER_BYTES)
		return false;
	if (buffer->context == NULL)
		buffer->context = AllocSetContextCreate(parent,
												"sharing_guard rows kept back",
												ALLOCSET_DEFAULT_SIZES);
	oldcontext = MemoryContextSwitchTo(buffer->context);
	buffer->rows = lappend(buffer->rows, ExecCopySlotMinimalTuple(slot));
	MemoryContextSwitchTo(oldcontext);
	buffer->bytes += size;
	return true;
}

bool
sg_row_buffer_send(RowBuffer *buffer, TupleDesc tupdesc, DestReceiver *receiver,
				   uint64 *sent)
{
	bool		wanted = true;
	ListCell   *lc;

	if (buffer->rows != NIL)
	{
		TupleTableSlot *slot = MakeSingleTupleTableSlot(tupdesc,
														&TTSOpsMinimalTuple);

		foreach(lc, buffer->rows)
		{
			ExecStoreMinimalTuple(lfirst(lc), slot, false);
			wanted = receiver->receiveSlot(slot, receiver);
			if (!wanted)
				break;
			(*sent)++;
		}
		ExecDropSingleTupleTableSlot(slot);
	}
	sg_row_buffer_free(buffer);
	return wanted;
}

void
sg_row_buffer_free(RowBuffer *buffer)
{
	if (buffer->context != NULL)
		MemoryContextDelete(buffer->context);
	memset(buffer, 0, sizeof(*buffer));
}
