/*-------------------------------------------------------------------------
 *
 * relation_leaks.h
 *		Whether what belongs to a guarded relation leaks its columns.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHARING_GUARD_RELATION_LEAKS_H
#define SHARING_GUARD_RELATION_LEAKS_H

#include "channel/guard/read_guard.h"
#include "nodes/plannodes.h"
#include "nodes/bitmapset.h"
#include "nodes/nodes.h"

/*
 * Is a column of this relation handed to a function that may leak it when rows
 * are updated, deleted or merged?  False for a relation that is not guarded.
 */
extern bool sg_relation_leaks(Oid relid, CmdType operation);

/*
 * Does an INSERT into this relation, or into partitions of it, tell what is in
 * guarded rows, though it does not fail?
 */
extern bool sg_insert_tells(Oid relid);

/*
 * The columns of a guarded relation that are query elements or generated from
 * them, offset as in selectedCols.
 */
extern Bitmapset *sg_relation_elements(Oid relid, const ReadGuard *guard);

/* May an UPDATE of this table move rows from one partition to another? */
extern bool sg_moves_rows(const PlannedStmt *plan, const RangeTblEntry *rte);

extern bool sg_written_relations_leak(const PlannedStmt *plan,
									  const ModifyTable *modify);

#endif							/* SHARING_GUARD_RELATION_LEAKS_H */
