/*-------------------------------------------------------------------------
 *
 * data_flow.h
 *		From which relations a statement's data come.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHARING_GUARD_DATA_FLOW_H
#define SHARING_GUARD_DATA_FLOW_H

#include "nodes/plannodes.h"

/*
 * The relations (a list of OIDs) that are read for what a statement returns,
 * or for what it writes to this relation.  One that is only written to is not
 * among them, nor one that is read for another part of the statement.
 */
extern List *sg_flow_to_result(const PlannedStmt *stmt);
extern List *sg_flow_to_relation(const PlannedStmt *stmt, Oid relid);

#endif							/* SHARING_GUARD_DATA_FLOW_H */
