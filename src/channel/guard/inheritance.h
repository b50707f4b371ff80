/*-------------------------------------------------------------------------
 *
 * inheritance.h
 *		The tables above a table: what it is a partition or a child of.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHARING_GUARD_INHERITANCE_H
#define SHARING_GUARD_INHERITANCE_H

#include "nodes/pg_list.h"

/*
 * The tables that this one is a partition or a child of, as OIDs; NIL for most.
 * Reads the catalog and takes no lock on any of them.
 */
extern List *sg_inheritance_parents(Oid relid);

/* Is this relation that one, or below it? */
extern bool sg_is_under(Oid relid, Oid above);

extern bool sg_inheritance_has_rows(Oid relid);

#endif							/* SHARING_GUARD_INHERITANCE_H */
