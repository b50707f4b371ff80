/*-------------------------------------------------------------------------
 *
 * table_insert.h
 *		Rows inserted into a table of ours, as logical replication does it.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHARING_GUARD_TABLE_INSERT_H
#define SHARING_GUARD_TABLE_INSERT_H

#include "executor/tuptable.h"
#include "nodes/execnodes.h"
#include "utils/rel.h"

/*
 * The memory of "estate" holds all that this needs, so that one call frees it.
 */
typedef struct TableInsert
{
	Relation	rel;
	EState	   *estate;
	ResultRelInfo *target;
	TupleTableSlot *slot;
	bool		in_query;		/* AFTER triggers are being queued */
} TableInsert;

extern void sg_table_insert_begin(TableInsert *insert, EState *estate,
								  Relation rel,
								  const TupleTableSlotOps *slot_type);
extern bool sg_table_insert_slot(TableInsert *insert);
extern void sg_table_insert_end(TableInsert *insert);

#endif							/* SHARING_GUARD_TABLE_INSERT_H */
