/*-------------------------------------------------------------------------
 *
 * overdue.c
 *		Reviews that are not signed in time.
 *
 * The worker says so once a day.  Where the settings ask for more, channels
 * ask here before each row that would leave the agency.  So the answer is
 * cached in the session, as one moment from which on all is refused.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "storage/lmgr.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

#include "audit/review/overdue.h"
#include "base/errcodes.h"
#include "base/inval.h"
#include "base/guc.h"
#include "base/run_as_owner.h"

PG_FUNCTION_INFO_V1(sg_sql_review_tick);

static void *load_deadline(TableCache *cache, MemoryContext context);

/* The moment from which on disclosures are refused, and the reason. */
typedef struct Deadline
{
	TimestampTz at;				/* DT_NOEND: nothing is refused as things are */
	int64		period;			/* its signature is missing */
} Deadline;

static TableCache deadline_cache = {
	.name = "deadline of reviews",
	.generation = 1,
	.tables = {"setting", "period", "signature"},
	.load = load_deadline
};

/* How long the worker waits for a lock here, in milliseconds. */
#define TICK_PATIENCE "100"

void
sg_review_init(void)
{
	sg_table_cache_register(&deadline_cache);
}

/* Takes the deadline over from SPI; see sg_query_as_owner(). */
static void
take_deadline(void *arg)
{
	Deadline   *deadline = arg;
	HeapTuple	row;
	bool		isnull;

	if (SPI_processed != 1)
		ereport(ERROR,
				(errcode(ERRCODE_SG_AUDIT_UNAVAILABLE),
				 errmsg("the state of the reviews cannot be read"),
				 errhint("Ask the administrator of this database to restore the extension sharing_guard.")));
	row = SPI_tuptable->vals[0];
	deadline->at = DatumGetTimestampTz(SPI_getbinval(row, SPI_tuptable->tupdesc,
													 1, &isnull));
	if (isnull)
		TIMESTAMP_NOEND(deadline->at);
	deadline->period = DatumGetInt64(SPI_getbinval(row, SPI_tuptable->tupdesc,
												   2, &isnull));
}

/*
 * Looks the deadline up by the latest snapshot, because a signature frees a
 * transaction that is older than it, too.  Errors out without our tables.
 */
static void *
load_deadline(TableCache *cache, MemoryContext context)
{
	Deadline   *deadline = MemoryContextAllocZero(context, sizeof(Deadline));

	if (!OidIsValid(cache->relids[0]))
		ereport(ERROR,
				(errcode(ERRCODE_SG_NOT_CONFIGURED),
				 errmsg("the settings of sharing_guard are missing"),
				 errhint("Create the extension sharing_guard in this database.")));
	sg_query_as_owner(cache->relids[0],
					  "SELECT at, period FROM sharing_guard.refused_since()",
					  0, NULL, NULL, take_deadline, deadline);
	return deadline;
}

static inline const Deadline *
current_deadline(void)
{
	if (likely(sg_table_cache_is_current(&deadline_cache)))
		return deadline_cache.content;
	return sg_table_cache_get(&deadline_cache);
}

TimestampTz
sg_review_refuses_from(void)
{
	return current_deadline()->at;
}

bool
sg_review_refuses(TimestampTz at, int64 *period, TimestampTz *since)
{
	const Deadline *deadline = current_deadline();

	if (at < deadline->at || TIMESTAMP_IS_NOEND(deadline->at))
		return false;
	*period = deadline->period;
	*since = deadline->at;
	return true;
}

void
sg_review_tick(bool wait)
{
	Oid			periods;
	bool		isnull;
	Datum		alert;

	/* The worker may be there before, or after, the extension. */
	periods = get_relname_relid("period",
								get_namespace_oid("sharing_guard", true));
	if (!OidIsValid(periods))
		return;
	if (!wait)
	{
		/* The same lock that the function takes where there is work to do. */
		if (!ConditionalLockRelationOid(periods, ShareRowExclusiveLock))
			return;
		(void) set_config_option("lock_timeout", TICK_PATIENCE,
								 PGC_SUSET, PGC_S_SESSION, GUC_ACTION_LOCAL,
								 true, 0, false);
	}

	PushActiveSnapshot(GetTransactionSnapshot());
	SPI_connect();
	if (SPI_execute("SELECT sharing_guard.open_periods(pg_catalog.clock_timestamp(), NULL)",
					false, 1) == SPI_OK_SELECT &&
		SPI_execute("SELECT sharing_guard.raise_alert()", false, 1) == SPI_OK_SELECT &&
		SPI_processed == 1)
	{
		alert = SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc,
							  1, &isnull);
		if (!isnull)
			ereport(LOG_SERVER_ONLY,
					(errmsg("review overdue: %s",
							TextDatumGetCString(alert)),
					 errhidestmt(true),
					 errhidecontext(true)));
	}
	SPI_finish();
	PopActiveSnapshot();
}

/*
 * sharing_guard.review_tick() returns void
 *
 * What the worker does about once a minute, by hand.
 */
Datum
sg_sql_review_tick(PG_FUNCTION_ARGS)
{
	sg_require_operational();
	sg_review_tick(true);
	PG_RETURN_VOID();
}
