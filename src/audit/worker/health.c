/*-------------------------------------------------------------------------
 *
 * health.c
 *		How the writer is, and the traces it leaves in the log.
 *
 * An audit log in which nothing stands may mean that nothing happened, or that
 * nothing could be recorded.  So the writer says at intervals that it is
 * there, in the log itself, where it is sealed like everything else; and it
 * says when it came, when it went, and that one before it was lost.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/datetime.h"
#include "utils/guc.h"
#include "utils/json.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "audit/log/event_insert.h"
#include "audit/worker/health.h"

PG_FUNCTION_INFO_V1(sg_sql_writer_health);

/* Setting: seconds. */
static int	heartbeat_interval = 300;

void
sg_health_init(void)
{
	DefineCustomIntVariable("sharing_guard.heartbeat_interval",
							"Sets how often the writer says in the audit log that it is there.",
							"A gap between two heartbeats that is longer is a time when nothing could be recorded apart from its transaction.",
							&heartbeat_interval,
							300,
							1,
							24 * 3600,
							PGC_SIGHUP,
							GUC_UNIT_S,
							NULL, NULL, NULL);
}

int
sg_health_interval(void)
{
	return heartbeat_interval * 1000;
}

/* Is the emergency switch on?  The setting is policy's. */
static bool
emergency_is_on(void)
{
	const char *value = GetConfigOption("sharing_guard.emergency_observe", true,
										false);

	return value != NULL && strcmp(value, "on") == 0;
}

/*
 * The figures of this moment, as the event's new_row: what the view health
 * shows of now, health_history shows of then.
 */
static char *
figures(const Queue *queue, const char *more)
{
	const QueueHealth *health = &queue->health;

	return psprintf("{\"writer_pid\":%d,\"heartbeat_interval\":%d,\"queue_depth\":%d,\"queue_high_water\":%d,\"open_disclosures\":%d,\"open_high_water\":%d,\"events_written\":%lld,\"events_failed\":%lld,\"refusals\":%lld,\"events_put_aside\":%lld,\"emergency_observe\":%s%s}",
					MyProcPid, heartbeat_interval,
					queue->slots_used, health->slots_high_water,
					queue->places_used - queue->places_aside,
					health->places_high_water,
					(long long) health->events_written,
					(long long) health->events_failed,
					(long long) health->refusals,
					(long long) health->events_put_aside,
					emergency_is_on() ? "true" : "false", more);
}

static void
write_event(const Queue *queue, const char *what, const char *more)
{
	ChangeEvent event = {.type = EVENT_CHANGE};
	EventInserter *writer;

	event.occurred_at = GetCurrentTimestamp();
	sg_event_new_id(&event.event_id, event.occurred_at);
	event.kind = "health";
	event.operation = what;
	event.new_row = figures(queue, more);

	writer = sg_event_inserter_open();
	sg_event_insert(writer, (Event *) &event);
	sg_event_inserter_close(writer);
}

void
sg_health_write(const Queue *queue, const char *what)
{
	write_event(queue, what, "");
}

/*
 * The last thing that a writer said, and when; false if none ever said
 * anything.
 */
static bool
last_sign_of_life(char **what, TimestampTz *at)
{
	bool		found;

	if (SPI_execute("SELECT e.operation, e.occurred_at FROM sharing_guard.event e "
					"WHERE e.kind OPERATOR(pg_catalog.=) 'health' "
					"ORDER BY e.occurred_at DESC, e.event_id DESC LIMIT 1",
					true, 1) != SPI_OK_SELECT)
		return false;
	found = SPI_processed > 0;
	if (found)
	{
		bool		isnull;
		Datum		value;

		*what = SPI_getvalue(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1);
		value = SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 2,
							  &isnull);
		*at = DatumGetTimestampTz(value);
	}
	return found;
}

/* Was the emergency switch on when a writer last said anything? */
static bool
emergency_was_on(void)
{
	char	   *value;

	if (SPI_execute("SELECT e.new_row OPERATOR(pg_catalog.->>) 'emergency_observe' FROM sharing_guard.event e "
					"WHERE e.kind OPERATOR(pg_catalog.=) 'health' "
					"ORDER BY e.occurred_at DESC, e.event_id DESC LIMIT 1",
					true, 1) != SPI_OK_SELECT || SPI_processed == 0)
		return false;
	value = SPI_getvalue(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1);
	return value != NULL && strcmp(value, "true") == 0;
}

/*
 * Records that the emergency switch was turned, if it was: as a change of
 * policy, which it is.  Who did it only the server's files can say.  Returns
 * whether there was anything to record.  Needs SPI.
 */
static bool
record_emergency(void)
{
	bool		is_on = emergency_is_on();
	ChangeEvent event = {.type = EVENT_CHANGE};
	EventInserter *writer;

	if (is_on == emergency_was_on())
		return false;

	event.occurred_at = GetCurrentTimestamp();
	sg_event_new_id(&event.event_id, event.occurred_at);
	event.operation = is_on ? "EMERGENCY ON" : "EMERGENCY OFF";
	event.relation = "sharing_guard.emergency_observe";
	event.key = "server";
	event.old_row = is_on ? "{\"emergency_observe\":false}" : "{\"emergency_observe\":true}";
	event.new_row = is_on ? "{\"emergency_observe\":true}" : "{\"emergency_observe\":false}";

	writer = sg_event_inserter_open();
	sg_event_insert(writer, (Event *) &event);
	sg_event_inserter_close(writer);
	return true;
}

void
sg_health_note_emergency(const Queue *queue)
{
	SPI_connect();
	if (record_emergency())
		write_event(queue, "heartbeat", "");
	SPI_finish();
}

bool
sg_health_emergency(void)
{
	return emergency_is_on();
}

/*
 * Disclosures that are still open in the log were left so by sessions that
 * ended with the server.  The number of rows that had left is not known.
 *
 * Only those since the last writer came: older ones it has closed itself.  A
 * day more, should the clock have been put back meanwhile.  None of this
 * server either: sessions may have begun some before we could say anything.
 *
 * Each gets a place, as if its session had just gone: so one whose completion
 * the log will not take keeps no other from being closed.
 */
bool
sg_health_close_open(Queue *queue)
{
	bool		all = true;

	SPI_connect();
	if (SPI_execute("SELECT e.event_id FROM sharing_guard.event e "
					"WHERE e.kind OPERATOR(pg_catalog.=) 'disclosure' "
					"AND e.rows_disclosed IS NULL "
					"AND e.occurred_at OPERATOR(pg_catalog.>=) COALESCE("
					"(SELECT s.occurred_at OPERATOR(pg_catalog.-) '1 day'::pg_catalog.interval "
					"FROM sharing_guard.event s "
					"WHERE s.kind OPERATOR(pg_catalog.=) 'health' "
					"AND s.operation OPERATOR(pg_catalog.=) 'writer_started' "
					"ORDER BY s.occurred_at DESC LIMIT 1), '-infinity') "
					"AND NOT EXISTS (SELECT FROM sharing_guard.event c "
					"WHERE c.completes OPERATOR(pg_catalog.=) e.event_id)",
					true, 0) != SPI_OK_SELECT)
		all = false;
	for (uint64 i = 0; all && i < SPI_processed; i++)
	{
		bool		isnull;
		Datum		intent = SPI_getbinval(SPI_tuptable->vals[i],
										   SPI_tuptable->tupdesc, 1, &isnull);

		all = sg_queue_has_place(queue, DatumGetUUIDP(intent)) ||
			sg_queue_end_forgotten(queue, DatumGetUUIDP(intent));
	}
	SPI_finish();
	return all;
}

void
sg_health_announce(Queue *queue)
{
	char	   *what = NULL;
	TimestampTz at = 0;

	SPI_connect();

	/* First: what follows says how the switch is now. */
	(void) record_emergency();
	if (last_sign_of_life(&what, &at) && strcmp(what, "writer_stopped") != 0)
	{
		char		datetime[MAXDATELEN + 1];
		int			utc = 0;

		JsonEncodeDateTime(datetime, TimestampTzGetDatum(at), TIMESTAMPTZOID,
						   &utc);
		write_event(queue, "writer_lost",
					psprintf(",\"last_sign_of_life\":\"%s\"", datetime));
	}
	write_event(queue, "writer_started", "");
	SPI_finish();
}

/* ----------------------------------------------------------------
 *		The view
 * ----------------------------------------------------------------
 */

/* A time, or NULL where there was none yet. */
static void
set_time(Datum *values, bool *nulls, int column, TimestampTz at)
{
	nulls[column] = at == 0;
	values[column] = TimestampTzGetDatum(at);
}

static const char *
state_name(bool registered, WriterState state)
{
	if (!registered)
		return "not_registered";
	switch (state)
	{
		case WRITER_RUNNING:
			return "running";
		case WRITER_WAITING:
			return "waiting";
		case WRITER_NOT_RUNNING:
			break;
	}
	return "not_running";
}

/* Since when the event waits that has waited longest; 0: none does. */
static TimestampTz
waiting_since(const Queue *queue)
{
	TimestampTz since = 0;

	for (int i = 0; i < sg_queue_slots; i++)
	{
		const QueueSlot *slot = &queue->slots[i];

		if ((slot->state == SLOT_READY || slot->state == SLOT_TAKEN) &&
			(since == 0 || slot->ready_at < since))
			since = slot->ready_at;
	}
	return since;
}

/*
 * sharing_guard.writer_health() returns record
 *
 * One row, of the current database; none where it is not guarded.
 */
Datum
sg_sql_writer_health(PG_FUNCTION_ARGS)
{
	Queue	   *queue = sg_queue_mine();
	TupleDesc	tupdesc;
	Datum		values[18];
	bool		nulls[18] = {0};
	int			i = 0;
	Queue		now;
	TimestampTz waiting;
	const QueueHealth *health = &now.health;

	if (get_call_result_type(fcinfo, NULL, &tupdesc) != TYPEFUNC_COMPOSITE)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("function returning record called in context that cannot accept type record")));
	if (queue == NULL)
		PG_RETURN_NULL();

	LWLockAcquire(queue->lock, LW_SHARED);
	now = *queue;
	waiting = waiting_since(queue);
	LWLockRelease(queue->lock);

	values[i++] = CStringGetTextDatum(state_name(now.registered,
												 now.writer_state));
	nulls[i] = now.writer_pid == 0;
	values[i++] = Int32GetDatum(now.writer_pid);
	set_time(values, nulls, i++, health->writer_started_at);
	values[i++] = Int64GetDatum(health->writer_starts);
	values[i++] = Int32GetDatum(sg_queue_slots);
	values[i++] = Int32GetDatum(now.slots_used);
	values[i++] = Int32GetDatum(health->slots_high_water);
	set_time(values, nulls, i++, waiting);
	values[i++] = Int32GetDatum(now.places_used - now.places_aside);
	values[i++] = Int32GetDatum(health->places_high_water);
	set_time(values, nulls, i++, health->last_write_at);
	values[i++] = Int64GetDatum(health->events_written);
	values[i++] = Int64GetDatum(health->events_failed);
	values[i++] = Int64GetDatum(health->refusals);
	nulls[i] = health->last_error_code == 0;
	values[i++] = CStringGetTextDatum(unpack_sql_state(health->last_error_code));
	set_time(values, nulls, i++, health->last_error_at);
	values[i++] = Int32GetDatum(heartbeat_interval);
	values[i++] = Int64GetDatum(health->events_put_aside);
	Assert(i == lengthof(values) && i == tupdesc->natts);

	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(tupdesc),
													  values, nulls)));
}
