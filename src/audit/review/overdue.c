/*-------------------------------------------------------------------------
 *
 * overdue.c
 *		Reviews that are not signed in time.
 *
 * The worker says so once a day.  Where the settings ask for more, channels
 * ask here before each row that would leave the agency: so what is asked for is
 * kept in the session, as one moment from which on all is refused, and looked
 * up again when the settings, a period or a signature change.
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

/* The tables whose change makes us look again; see forget_deadline(). */
static const char *const watched_tables[] = {"setting", "period", "signature"};
static Oid	watched[lengthof(watched_tables)];

/*
 * From when on disclosures are refused, and for want of which signature;
 * DT_NOEND where nothing is ever refused as things are.
 */
static bool deadline_known = false;
static TimestampTz deadline;
static int64 deadline_period;

/* How long the worker waits for a lock here, in milliseconds. */
#define TICK_PATIENCE "100"

/* Counts invalidations, so that one during the lookup is not missed. */
static uint64 invalidations = 0;

/*
 * A relcache callback: no catalog access, no errors.  Every row that is
 * written to the tables of acts invalidates them, and every change of a
 * setting does.
 */
static void
forget_deadline(Datum arg, Oid relid)
{
	if (OidIsValid(relid))
	{
		int			i;

		for (i = 0; i < lengthof(watched); i++)
		{
			if (relid == watched[i])
				break;
		}
		if (i == lengthof(watched))
			return;
	}
	invalidations++;
	deadline_known = false;
}

void
sg_review_init(void)
{
	sg_on_relation_change(forget_deadline);
}

/* Which tables a change of is to be heard of; errors out without them. */
static void
find_tables(void)
{
	for (int i = 0; i < lengthof(watched); i++)
		watched[i] = sg_own_table(watched_tables[i]);
	if (!OidIsValid(watched[0]))
		ereport(ERROR,
				(errcode(ERRCODE_SG_NOT_CONFIGURED),
				 errmsg("the settings of sharing_guard are missing"),
				 errhint("Create the extension sharing_guard in this database.")));
}

/* Takes the deadline over from SPI; see sg_query_as_owner(). */
static void
take_deadline(void *arg)
{
	HeapTuple	row;
	bool		isnull;

	if (SPI_processed != 1)
		ereport(ERROR,
				(errcode(ERRCODE_SG_AUDIT_UNAVAILABLE),
				 errmsg("the state of the reviews cannot be read"),
				 errhint("Ask the administrator of this database to restore the extension sharing_guard.")));
	row = SPI_tuptable->vals[0];
	deadline = DatumGetTimestampTz(SPI_getbinval(row, SPI_tuptable->tupdesc,
												 1, &isnull));
	if (isnull)
		TIMESTAMP_NOEND(deadline);
	deadline_period = DatumGetInt64(SPI_getbinval(row, SPI_tuptable->tupdesc,
												  2, &isnull));
}

/*
 * Looks the deadline up.  By the latest snapshot: a signature frees a
 * transaction that is older than it, too.
 */
static void
find_deadline(void)
{
	uint64		invalidations_before = invalidations;

	find_tables();
	sg_query_as_owner(watched[0], "SELECT at, period FROM sharing_guard.refused_since()",
					  0, NULL, NULL, take_deadline, NULL);
	deadline_known = (invalidations == invalidations_before);
}

TimestampTz
sg_review_refuses_from(void)
{
	if (!deadline_known)
		find_deadline();
	return deadline;
}

bool
sg_review_refuses(TimestampTz at, int64 *period, TimestampTz *since)
{
	(void) sg_review_refuses_from();
	if (at < deadline || TIMESTAMP_IS_NOEND(deadline))
		return false;
	*period = deadline_period;
	*since = deadline;
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
