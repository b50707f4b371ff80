/*-------------------------------------------------------------------------
 *
 * run_as_owner.c
 *		Runs queries on our own tables as their owner.
 *
 * Guards, bindings and settings are read in the middle of other users'
 * statements, and those users have no rights on our tables.  So the tables are
 * read as their owner.  They are also read with a current snapshot, because a
 * right that was revoked after a REPEATABLE READ transaction began is revoked
 * in it, too.
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

/* The nesting depth of our running queries. */
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
 * Allow our own views in sessions of pg_dump, which sets
 * restrict_nonsystem_relation_kind so that only the server's views can be
 * read.  This is safe because the extension reads them, not the session.
 * Returns the nest level for AtEOXact_GUC().
 */
static int
allow_own_views(void)
{
	int			nest_level = NewGUCNestLevel();

	/* Not all minor versions have this setting. */
	if (GetConfigOption("restrict_nonsystem_relation_kind", true, false) != NULL)
		(void) set_config_option("restrict_nonsystem_relation_kind", "",
								 PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE,
								 true, 0, false);
	return nest_level;
}

/*
 * SECURITY_LOCAL_USERID_CHANGE forbids SET ROLE in the work.
 * SECURITY_NOFORCE_RLS makes the owner see all rows of a table that has FORCE
 * ROW LEVEL SECURITY.
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

		/* After an error the end of the transaction restores the settings. */
		AtEOXact_GUC(false, nest_level);
	}
	PG_FINALLY();
	{
		/*
		 * Restore these here, because error handlers run before the
		 * subtransaction's abort.
		 */
		SetUserIdAndSecContext(save_userid, save_sec_context);
		running--;
	}
	PG_END_TRY();
}

/* Raise an error, because without the policy no decision is possible. */
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
 * The bound keeps a session that locks a policy table, perhaps in an idle
 * transaction, from blocking every export for as long.
 *
 * Catches an error without a subtransaction, which is right only because it
 * always raises another.
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

	/* After an error the end of the transaction restores the setting. */
	AtEOXact_GUC(true, nest_level);
}

/*
 * A parallel leader may not take a latest snapshot, because its workers would
 * not have it.  It takes a catalog snapshot instead, which is current as well.
 * (A relation without a syscache always gets a fresh one.)
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
