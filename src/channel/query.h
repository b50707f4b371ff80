/*-------------------------------------------------------------------------
 *
 * query.h
 *		Queries that read guarded tables.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHARING_GUARD_QUERY_H
#define SHARING_GUARD_QUERY_H

/* Called once, at library load. */
extern void sg_query_init(void);

#endif							/* SHARING_GUARD_QUERY_H */
