/*-------------------------------------------------------------------------
 *
 * guc.h
 *		Settings, and whether the library can work in this database.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHARING_GUARD_GUC_H
#define SHARING_GUARD_GUC_H

#include "access/xact.h"
#include "nodes/pg_list.h"
#include "utils/elog.h"

/* Settings. */
extern PGDLLIMPORT int sg_pending_memory;	/* kB */
extern PGDLLIMPORT int sg_lock_timeout; /* ms */

/* Called once, at library load by shared_preload_libraries. */
extern void sg_operational_init(void);

/* Called after every room has defined its settings. */
extern void sg_operational_settings_defined(void);

/* The databases to guard, as a list of names (char *); not to be changed. */
extern List *sg_guarded_databases(void);

/*
 * Errors out unless the library was preloaded and the current database is
 * listed in sharing_guard.databases; pg_upgrade is let through.
 */
extern void sg_require_operational(void);

/* The same as an answer. */
extern bool sg_is_operational(void);

/*
 * Has these called at the end of (sub)transactions from now on, unless they
 * are: *following is the caller's, false at first.  Most sessions never do what
 * such callbacks are there for, and each costs every transaction; so they are
 * registered by the first that needs them, and not at library load.
 */
extern void sg_follow_transactions(bool *following, XactCallback at_end,
								   SubXactCallback at_subtransaction_end);

/* Is a database of this name listed in sharing_guard.databases? */
extern bool sg_database_is_guarded(const char *name);

#endif							/* SHARING_GUARD_GUC_H */
