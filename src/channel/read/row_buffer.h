/*-------------------------------------------------------------------------
 *
 * row_buffer.h
 *		The first rows of a query, kept back until its event is on record.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHARING_GUARD_ROW_BUFFER_H
#define SHARING_GUARD_ROW_BUFFER_H

#include "executor/tuptable.h"
#include "nodes/pg_list.h"
#include "tcop/dest.h"

/* Empty where it is zero.  The rows are in a context of their own. */
typedef struct RowBuffer
{
	MemoryContext context;
	List	   *rows;			/* MinimalTuple */
	Size		bytes;
} RowBuffer;

/*
 * Keeps a copy of a row; false where it would not fit, and then it is not kept.
 * The context is made in "parent".
 */
extern bool sg_row_buffer_add(RowBuffer *buffer, TupleTableSlot *slot,
							  MemoryContext parent);

/*
 * Hands all rows to a receiver, in the order in which they came, and empties
 * the buffer.  *sent counts each that was taken.  False where the receiver
 * wants no more.
 */
extern bool sg_row_buffer_send(RowBuffer *buffer, TupleDesc tupdesc,
							   DestReceiver *receiver, uint64 *sent);

extern void sg_row_buffer_free(RowBuffer *buffer);

#endif							/* SHARING_GUARD_ROW_BUFFER_H */
