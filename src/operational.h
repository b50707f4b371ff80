/*-------------------------------------------------------------------------
 *
 * operational.h
 *		What every room needs to know: can we work, settings, error codes.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHARING_GUARD_OPERATIONAL_H
#define SHARING_GUARD_OPERATIONAL_H

#include "access/xact.h"
#include "nodes/pg_list.h"
#include "utils/elog.h"

/*
 * Our own SQLSTATEs, one for each refusal that an application must tell
 * apart.  Class SG is outside the classes that the SQL standard reserves
 * (those begin with 0-4 or A-H).
 */
#define ERRCODE_SG_BLOCKED_BY_POLICY		MAKE_SQLSTATE('S','G','0','0','1')
#define ERRCODE_SG_UNDECLARED_DISCLOSURE	MAKE_SQLSTATE('S','G','0','0','2')
#define ERRCODE_SG_AUDIT_UNAVAILABLE		MAKE_SQLSTATE('S','G','0','0','3')
#define ERRCODE_SG_REVIEW_OVERDUE			MAKE_SQLSTATE('S','G','0','0','4')
#define ERRCODE_SG_UNDER_MAINTENANCE		MAKE_SQLSTATE('S','G','0','0','5')
/* The library is not preloaded, or this database is not listed. */
#define ERRCODE_SG_NOT_OPERATIONAL			MAKE_SQLSTATE('S','G','0','0','6')
/* No configuration or no adopted policy yet, so nothing can be decided. */
#define ERRCODE_SG_NOT_CONFIGURED			MAKE_SQLSTATE('S','G','0','0','7')
/* An attempt to change the record itself. */
#define ERRCODE_SG_RECORD_PROTECTED			MAKE_SQLSTATE('S','G','0','0','8')
/* A command that would take a guard away, or part of it. */
#define ERRCODE_SG_GUARD_PROTECTED			MAKE_SQLSTATE('S','G','0','0','9')

/* Settings. */
extern PGDLLIMPORT int sg_gather_memory;	/* kB */
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

#endif							/* SHARING_GUARD_OPERATIONAL_H */
