/*-------------------------------------------------------------------------
 *
 * query.h
 *		Queries that read guarded tables.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHARING_GUARD_QUERY_H
#define SHARING_GUARD_QUERY_H

#include "nodes/execnodes.h"

/* Called once, at library load. */
extern void sg_query_init(void);

/*
 * A statement that writes, and is about to be run, calls functions that can
 * tell what they are shown: it reads, whatever it returns.
 */
extern void sg_query_tells(EState *estate);

#endif							/* SHARING_GUARD_QUERY_H */
