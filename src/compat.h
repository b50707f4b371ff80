/*-------------------------------------------------------------------------
 *
 * compat.h
 *		Every difference between the server versions we build against.
 *
 * No other file looks at PG_VERSION_NUM.  Differences are inline functions
 * where a function can hide them and macros where it cannot (hook signatures,
 * the module magic); no core name is redefined.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHARING_GUARD_COMPAT_H
#define SHARING_GUARD_COMPAT_H

#if PG_VERSION_NUM < 150000 || PG_VERSION_NUM >= 190000
#error "sharing_guard supports PostgreSQL 15 to 18"
#endif

/* Since PostgreSQL 16 the macros of varlena types are no part of postgres.h. */
#if PG_VERSION_NUM >= 160000
#include "varatt.h"
#endif

/* PostgreSQL 18 took ExecutorRun's last argument away. */
#if PG_VERSION_NUM >= 180000
#define EXECUTOR_RUN_PARAMS \
	QueryDesc *queryDesc, ScanDirection direction, uint64 count
#define EXECUTOR_RUN_ARGS queryDesc, direction, count
#else
#define EXECUTOR_RUN_PARAMS \
	QueryDesc *queryDesc, ScanDirection direction, uint64 count, \
	bool execute_once
#define EXECUTOR_RUN_ARGS queryDesc, direction, count, execute_once
#endif

/* PostgreSQL 18 lets a module say who it is in its magic block. */
#ifdef PG_MODULE_MAGIC_EXT
#define SG_MODULE_MAGIC() \
	PG_MODULE_MAGIC_EXT(.name = "sharing_guard", .version = SHARING_GUARD_VERSION)
#else
#define SG_MODULE_MAGIC() PG_MODULE_MAGIC
#endif

/*
 * ALTER TABLE ... ALTER COLUMN ... SET EXPRESSION came with PostgreSQL 17: it
 * computes a generated column anew for each row.  (A macro, so that nobody
 * needs the parse tree's types for the rest of this file.)
 */
#if PG_VERSION_NUM >= 170000
#define SG_IS_SET_EXPRESSION(subtype) ((subtype) == AT_SetExpression)
#else
#define SG_IS_SET_EXPRESSION(subtype) false
#endif

#endif							/* SHARING_GUARD_COMPAT_H */
