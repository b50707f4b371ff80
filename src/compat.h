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

#include "catalog/pg_database.h"
#include "postmaster/bgworker_internals.h"
#include "storage/proc.h"
#include "storage/procarray.h"
#include "storage/sinvaladt.h"
#include "utils/acl.h"

/*
 * Has the server taken note of a background worker of this name?  It leaves
 * out those beyond max_worker_processes.  While libraries are preloaded.
 */
static inline bool
sg_background_worker_is_registered(const char *name)
{
	/* PostgreSQL 18 made a doubly linked list of it. */
#if PG_VERSION_NUM >= 180000
	dlist_iter	iter;

	dlist_foreach(iter, &BackgroundWorkerList)
	{
		RegisteredBgWorker *worker = dlist_container(RegisteredBgWorker,
													 rw_lnode, iter.cur);
#else
	slist_iter	iter;

	slist_foreach(iter, &BackgroundWorkerList)
	{
		RegisteredBgWorker *worker = slist_container(RegisteredBgWorker,
													 rw_lnode, iter.cur);
#endif

		if (strcmp(worker->rw_worker.bgw_name, name) == 0)
			return true;
	}
	return false;
}

/* PostgreSQL 16 has one function for the owners of all kinds of objects. */
static inline bool
sg_owns_database(Oid database, Oid role)
{
#if PG_VERSION_NUM >= 160000
	return object_ownercheck(DatabaseRelationId, database, role);
#else
	return pg_database_ownercheck(database, role);
#endif
}

/*
 * The process of a virtual transaction; 0 where it has ended, or has none
 * (a prepared transaction).
 */
static inline int
sg_virtual_transaction_pid(VirtualTransactionId vxid)
{
	PGPROC	   *proc;

	/* PostgreSQL 17 numbers processes instead of backends. */
#if PG_VERSION_NUM >= 170000
	if (vxid.procNumber == INVALID_PROC_NUMBER)
		return 0;
	proc = ProcNumberGetProc(vxid.procNumber);
#else
	if (vxid.backendId == InvalidBackendId)
		return 0;
	proc = BackendIdGetProc(vxid.backendId);
#endif
	return proc == NULL ? 0 : proc->pid;
}

#endif							/* SHARING_GUARD_COMPAT_H */
