/*-------------------------------------------------------------------------
 *
 * query.h
 *		Queries that read guarded tables.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHARING_GUARD_QUERY_H
#define SHARING_GUARD_QUERY_H

#include "channel/read/after_error.h"

/* Called once, at library load. */
extern void sg_query_init(void);

/*
 * Can the error that is being handled have told somebody what is in a guarded
 * relation?  To be called in PG_CATCH(); if it can, sg_after_error() is done, and
 * the event may be made and waited for there.
 */
extern bool sg_query_error_tells(const StatementRole *role);

#endif							/* SHARING_GUARD_QUERY_H */
