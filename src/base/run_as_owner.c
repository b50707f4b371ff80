/*-------------------------------------------------------------------------
 *
 * run_as_owner.c
 *		Works on our own tables, whoever is acting.
 *
 * Guards, bindings and settings are asked for in the midst of other people's
 * statements, and those people have no rights on them.  So they are read as
 * the owner of the table; and as of now, because what was revoked since a
 * REPEATABLE READ transaction began is revoked in it, too.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "miscadmin.h"
#include "base/errcodes.h"
#include "base/guc.h"
#include "base/run_as_owner.h"
#include "storage/proc.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"

/* How many of our queries are under way, one within another. */
static int	running = 0;

Oid
sg_own_table(const char *name)
{
	Oid			namespace_oid = get_namespace_oid("sharing_guard", true);

	return OidIsValid(namespace_oid) ?
		get_relname_relid(name, namespace_oid) : InvalidOid;
}

static Oid
table_owner(Oid table)
{
	HeapTuple	tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(table));
	Oid			owner;

	if (!HeapTupleIsValid(tuple))
		ereport(ERROR,
				(errcode(ERRCODE_SG_NOT_OPERATIONAL),
				 errmsg("a table of sharing_guard was dropped while it was read")));
	owner = ((Form_pg_class) GETSTRUCT(tuple))->relowner;
	ReleaseSysCache(tuple);
	return owner;
}

/*
 * pg_dump lets its sessions read no views but the server's own.  Ours are read
 * on our behalf, not on theirs.  Returns what AtEOXact_GUC() takes to undo it.
 */
static int
allow_own_views(void)
{
	int			nest_level = NewGUCNestLevel();

	/* Not all minor versions have it. */
	if (GetConfigOption("restrict_nonsystem_relation_kind", true, false) != NULL)
		(void) set_config_option("restrict_nonsystem_relation_kind", "",
								 PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE,
								 true, 0, false);
	return nest_level;
}

/*
 * SECURITY_LOCAL_USERID_CHANGE: nothing that runs here may SET ROLE.
 * SECURITY_NOFORCE_RLS: row-level security that was forced on a table does not
 * hide its rows from its owner.
 */
void
sg_run_as_owner(Oid table, void (*work) (void *arg), void *arg)
{
	Oid			owner = table_owner(table);
	Oid			save_userid;
	int			save_sec_context;

	GetUserIdAndSecContext(&save_userid, &save_sec_context);
	running++;
	PG_TRY();
	{
		int			nest_level = allow_own_views();

		SetUserIdAndSecContext(owner, save_sec_context |
							   SECURITY_LOCAL_USERID_CHANGE |
							   SECURITY_NOFORCE_RLS);
		SPI_connect();
		work(arg);
		SPI_finish();

		/* After an error the end of the transaction does it. */
		AtEOXact_GUC(false, nest_level);
	}
	PG_FINALLY();
	{
		/* The abort of a subtransaction does not come before its handlers. */
		SetUserIdAndSecContext(save_userid, save_sec_context);
		running--;
	}
	PG_END_TRY();
}

/* Without the policy nothing can be decided, and so nothing goes out. */
static void
report_locked(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_SG_NOT_OPERATIONAL),
			 errmsg("a table of sharing_guard is locked by another session"),
			 errdetail("The lock was not to be had within sharing_guard.lock_timeout (%d ms).",
					   sg_lock_timeout),
			 errhint("The view pg_locks shows which session holds it; ALTER TABLE, LOCK TABLE, TRUNCATE and VACUUM FULL of these tables do, until their transaction ends.")));
}

/*
 * Who has a policy table locked, in a transaction that sits idle perhaps, must
 * not hold everybody's exports for as long.
 *
 * Catches an error without a subtransaction around it, which is right only
 * because another always follows.
 */
void
sg_with_bounded_waits(void (*work) (void *arg), void *arg)
{
	MemoryContext caller = CurrentMemoryContext;
	int			nest_level;
	char		timeout[32];

	if (LockTimeout > 0 && LockTimeout <= sg_lock_timeout)
	{
		work(arg);
		return;
	}

	nest_level = NewGUCNestLevel();
	snprintf(timeout, sizeof(timeout), "%d", sg_lock_timeout);
	(void) set_config_option("lock_timeout", timeout, PGC_USERSET,
							 PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false);
	PG_TRY();
	{
		work(arg);
	}
	PG_CATCH();
	{
		if (geterrcode() != ERRCODE_LOCK_NOT_AVAILABLE)
			PG_RE_THROW();
		MemoryContextSwitchTo(caller);
		FlushErrorState();
		report_locked();
	}
	PG_END_TRY();

	/* After an error the end of the transaction does it. */
	AtEOXact_GUC(true, nest_level);
}

/*
 * A parallel leader may take no snapshot of this kind, for its workers would
 * not have it; but one like those by which catalogs are read, which is of now
 * as well.  (Fresh, as this is no relation that has a syscache.)
 */
Snapshot
sg_own_snapshot(void)
{
	return IsInParallelMode() ? GetCatalogSnapshot(InvalidOid) :
		GetLatestSnapshot();
}

typedef struct OwnQuery
{
	Oid			table;
	const char *query;
	int			nargs;
	Oid		   *argtypes;
	Datum	   *args;
	void		(*take) (void *arg);
	void	   *arg;
} OwnQuery;

static void
run_own_query(void *arg)
{
	OwnQuery   *q = arg;
	SPIPlanPtr	plan = SPI_prepare(q->query, q->nargs, q->argtypes);

	if (plan == NULL ||
		SPI_execute_snapshot(plan, q->args, NULL, sg_own_snapshot(),
							 InvalidSnapshot, true, false,
							 0) != SPI_OK_SELECT)
		ereport(ERROR,
				(errcode(ERRCODE_SG_NOT_OPERATIONAL),
				 errmsg("could not read table \"sharing_guard.%s\"",
						get_rel_name(q->table))));
	q->take(q->arg);
}

static void
with_own_rights(void *arg)
{
	sg_run_as_owner(((OwnQuery *) arg)->table, run_own_query, arg);
}

void
sg_query_as_owner(Oid table, const char *query, int nargs, Oid *argtypes,
				  Datum *args, void (*take) (void *arg), void *arg)
{
	OwnQuery	q = {table, query, nargs, argtypes, args, take, arg};

	sg_with_bounded_waits(with_own_rights, &q);
}

bool
sg_owner_query_running(void)
{
	return running > 0;
}
