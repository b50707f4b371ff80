/*-------------------------------------------------------------------------
 *
 * bypass.h
 *		Guarded tables whose rows do not pass their triggers.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHARING_GUARD_BYPASS_H
#define SHARING_GUARD_BYPASS_H

#include "executor/execdesc.h"
#include "nodes/parsenodes.h"

/*
 * Says, as the end of a sentence, why the rows of this relation are out of a
 * guard's reach; NULL where they are not.  With "written", also why rows that
 * are written to it may not pass its triggers.  Reads catalogs; the relation
 * need not be locked.
 */
extern const char *sg_bypass_reason(Oid relid, bool written);

/*
 * Refuses a statement, before it has begun, that writes a guarded relation in
 * a way that its triggers do not see, or that touches one whose rows are out of
 * the guard's reach.  For statements in databases where something is guarded.
 */
extern void sg_bypass_check_plan(const QueryDesc *queryDesc);

/* The same for COPY of a table, in either direction. */
extern void sg_bypass_check_copy(const CopyStmt *copy);

/* The same for a trigger of a guard that is about to decide on a row. */
extern void sg_bypass_check_trigger(Oid relid);

#endif							/* SHARING_GUARD_BYPASS_H */
