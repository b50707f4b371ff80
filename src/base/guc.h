/*-------------------------------------------------------------------------
 *
 * guc.h
 *		Defines the base settings and checks whether this database is guarded.
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

/*
 * Returns the names of the guarded databases (char *); do not change the list.
 */
extern List *sg_guarded_databases(void);

/*
 * Errors out unless the library was preloaded and the current database is
 * listed in sharing_guard.databases.  Never errors out in pg_upgrade.
 */
extern void sg_require_operational(void);

/* Would sg_require_operational() return without an error? */
extern bool sg_is_operational(void);

/*
 * Registers these callbacks for the end of (sub)transactions, unless
 * *following says that they are registered.  *following is the caller's
 * variable, false at first.  The callbacks are registered when a session first
 * needs them and not at library load, because each callback costs every
 * transaction, and most sessions never need one.
 */
extern void sg_follow_transactions(bool *following, XactCallback at_end,
								   SubXactCallback at_subtransaction_end);

/* Is a database of this name listed in sharing_guard.databases? */
extern bool sg_database_is_guarded(const char *name);

#endif							/* SHARING_GUARD_GUC_H */
