/*-------------------------------------------------------------------------
 *
 * plan_expressions.h
 *		The expressions and the children of a plan's node.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHARING_GUARD_PLAN_EXPRESSIONS_H
#define SHARING_GUARD_PLAN_EXPRESSIONS_H

#include "nodes/plannodes.h"

/*
 * The node's expressions other than its target list and its qual, as a new list
 * in CurrentMemoryContext.  *complete is set to false where the node may have
 * others that only its provider knows.
 */
extern List *sg_plan_expressions(const Plan *plan, bool *complete);

/* The node's children, subplans not counted, as a new list likewise. */
extern List *sg_plan_children(const Plan *plan);

/*
 * The child whose columns an OUTER_VAR or INNER_VAR of the node means, or
 * NULL.
 */
extern Plan *sg_plan_outer(const Plan *plan);
extern Plan *sg_plan_inner(const Plan *plan);

/*
 * Can the statement disclose what it looks at, or store it, before its rows
 * reach their recipient?  It can by a function that a user wrote, and by those
 * of the server's own that have effects.
 */
extern bool sg_plan_has_effects(const PlannedStmt *plannedstmt);

#endif							/* SHARING_GUARD_PLAN_EXPRESSIONS_H */
