/*-------------------------------------------------------------------------
 *
 * relation_leaks.h
 *		Whether what belongs to a guarded relation leaks its columns.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHARING_GUARD_RELATION_LEAKS_H
#define SHARING_GUARD_RELATION_LEAKS_H

#include "nodes/nodes.h"

/*
 * Is a column of this relation handed to a function that may leak it when rows
 * are updated, deleted or merged?  False for a relation that is not guarded.
 */
extern bool sg_relation_leaks(Oid relid, CmdType operation);

#endif							/* SHARING_GUARD_RELATION_LEAKS_H */
