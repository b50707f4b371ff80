/*-------------------------------------------------------------------------
 *
 * window.c
 *		Where an auditor's rolling window begins.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "fmgr.h"
#include "pgtime.h"
#include "utils/builtins.h"
#include "utils/datetime.h"
#include "utils/timestamp.h"

PG_FUNCTION_INFO_V1(sg_sql_audit_window_start);

/* Days before today that the rolling window reaches back. */
#define WINDOW_DAYS 90

/* Seconds from the Unix to the PostgreSQL epoch. */
#define EPOCH_SHIFT \
	((int64) (POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE) * SECS_PER_DAY)

/* Offset from UTC, in seconds east, in force at a moment. */
static long
offset_at(pg_time_t at, const pg_tz *zone)
{
	return pg_localtime(&at, zone)->tm_gmtoff;
}

/*
 * The first moment at which clocks in the zone show a local time of at least
 * "local" (seconds, as if it were UTC).
 *
 * Not what AT TIME ZONE gives.  Where midnight occurs twice (Havana sets its
 * clocks back at 1:00, to 0:00) that picks the second one, which would leave
 * an hour's events out of the window.  So walk through the stretches of
 * constant offset, and take the first that contains such a moment.
 */
static pg_time_t
first_moment(int64 local, const pg_tz *zone)
{
	/* Early enough: no offset from UTC is as much as a day. */
	pg_time_t	start = local - 2 * SECS_PER_DAY;

	for (;;)
	{
		pg_time_t	end;
		pg_time_t	moment;
		long		offset,
					after;
		int			is_dst,
					after_is_dst;
		int			found;

		found = pg_next_dst_boundary(&start, &offset, &is_dst, &end,
									 &after, &after_is_dst, zone);
		if (found < 0)
			ereport(ERROR,
					(errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
					 errmsg("timestamp out of range")));

		/* A stretch that begins later than "local" is right from its start. */
		moment = Max(start, (pg_time_t) (local - offset));
		if (found == 0 || moment < end)
			return moment;
		start = end;
	}
}

/*
 * sharing_guard.audit_window_start(at timestamptz, zone text)
 *		returns timestamptz
 */
Datum
sg_sql_audit_window_start(PG_FUNCTION_ARGS)
{
	TimestampTz at = PG_GETARG_TIMESTAMPTZ(0);
	char	   *name = text_to_cstring(PG_GETARG_TEXT_PP(1));
	pg_tz	   *zone = pg_tzset(name);
	int64		seconds;
	int64		local;
	TimestampTz result;

	if (zone == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("time zone \"%s\" not recognized", name),
				 errhint("The view pg_timezone_names lists the names there are.")));

	if (TIMESTAMP_NOT_FINITE(at))
		PG_RETURN_TIMESTAMPTZ(at);

	/* Rounded down, also before the year 2000. */
	seconds = at / USECS_PER_SEC - (at % USECS_PER_SEC < 0 ? 1 : 0);
	seconds += EPOCH_SHIFT;

	/* Today's midnight on the local clock, then so many days back. */
	local = seconds + offset_at(seconds, zone);
	local -= ((local % SECS_PER_DAY) + SECS_PER_DAY) % SECS_PER_DAY;
	local -= (int64) WINDOW_DAYS * SECS_PER_DAY;

	result = (first_moment(local, zone) - EPOCH_SHIFT) * USECS_PER_SEC;
	if (!IS_VALID_TIMESTAMP(result))
		ereport(ERROR,
				(errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
				 errmsg("timestamp out of range")));
	PG_RETURN_TIMESTAMPTZ(result);
}
