/*-------------------------------------------------------------------------
 *
 * act.c
 *		What auditors do is in the log, too.
 *
 * A review, a signature, a hold, a purge: each is a row of a table of its own,
 * where it can be looked up, and an event that has the whole row in it, so
 * that it is sealed with all other events.  Row and event have one id and
 * share one transaction: neither is there without the other.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_authid.h"
#include "catalog/pg_type.h"
#include "commands/trigger.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/inval.h"
#include "utils/json.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/syscache.h"
#include "utils/timestamp.h"

#include "audit/log/event_insert.h"
#include "base/errcodes.h"
#include "base/fixed_form.h"
#include "base/guc.h"

PG_FUNCTION_INFO_V1(sg_sql_record_act);
PG_FUNCTION_INFO_V1(sg_sql_new_event_id);
PG_FUNCTION_INFO_V1(sg_sql_acting_role);
PG_FUNCTION_INFO_V1(sg_sql_is_member);

/*
 * Is there such an event already?  A restored dump brings events first, and
 * then the rows that they tell of.
 *
 * Reads with the rights of the role that writes the row: the owner, in our own
 * functions and in a restore.
 */
static bool
event_exists(Datum event_id)
{
	Oid			types[] = {UUIDOID};
	bool		found;

	SPI_connect();
	if (SPI_execute_with_args("SELECT FROM sharing_guard.event"
							  " WHERE event_id OPERATOR(pg_catalog.=) $1",
							  1, types, &event_id, NULL, false, 1) != SPI_OK_SELECT)
		ereport(ERROR,
				(errcode(ERRCODE_SG_AUDIT_UNAVAILABLE),
				 errmsg("the audit log cannot be read"),
				 errhint("Ask the administrator of this database to look at the extension sharing_guard.")));
	found = SPI_processed > 0;
	SPI_finish();
	return found;
}

/*
 * sharing_guard.record_act() returns trigger
 *
 * AFTER INSERT of each row of a table of acts; the arguments are the columns
 * that hold the event's id and the key under which the event names the row.
 *
 * Not ALWAYS: an apply worker that brings another log's acts brings their
 * events as well.
 */
Datum
sg_sql_record_act(PG_FUNCTION_ARGS)
{
	TriggerData *trigdata = (TriggerData *) fcinfo->context;
	TupleDesc	desc;
	HeapTuple	row;
	int			id_column;
	int			key_column;
	Datum		event_id;
	bool		isnull;
	ChangeEvent event = {.type = EVENT_CHANGE};
	EventInserter *writer;

	if (!CALLED_AS_TRIGGER(fcinfo) ||
		!TRIGGER_FIRED_BY_INSERT(trigdata->tg_event) ||
		!TRIGGER_FIRED_FOR_ROW(trigdata->tg_event) ||
		trigdata->tg_trigger->tgnargs != 2)
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("record_act() can be called as an INSERT trigger only")));

	if (IsBinaryUpgrade)
		return PointerGetDatum(NULL);
	sg_require_operational();

	desc = RelationGetDescr(trigdata->tg_relation);
	row = trigdata->tg_trigtuple;
	id_column = SPI_fnumber(desc, trigdata->tg_trigger->tgargs[0]);
	key_column = SPI_fnumber(desc, trigdata->tg_trigger->tgargs[1]);
	if (id_column <= 0 || key_column <= 0 ||
		SPI_gettypeid(desc, id_column) != UUIDOID)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_COLUMN),
				 errmsg("trigger \"%s\" names a column that is not there",
						trigdata->tg_trigger->tgname),
				 errhint("Restore the extension's tables as they were.")));

	event_id = heap_getattr(row, id_column, desc, &isnull);
	if (isnull)
		ereport(ERROR,
				(errcode(ERRCODE_NOT_NULL_VIOLATION),
				 errmsg("an act without an event id")));

	/* Sessions that keep something of this table in mind look again. */
	CacheInvalidateRelcache(trigdata->tg_relation);

	if (event_exists(event_id))
		return PointerGetDatum(NULL);

	event.event_id = *DatumGetUUIDP(event_id);
	event.occurred_at = GetCurrentTimestamp();
	event.kind = "review";

	/*
	 * Not GetUserId(): in a SECURITY DEFINER function that is its owner, and
	 * who called it is what the record is for.
	 */
	sg_actor_from_session(&event.actor, GetSessionUserId(), GetOuterUserId());
	event.operation = "INSERT";
	event.relation = sg_relation_name(RelationGetRelid(trigdata->tg_relation));
	event.key = sg_row_value(row, desc, key_column);
	event.new_row = sg_row_as_json(row, desc);

	writer = sg_event_inserter_open();
	sg_event_insert(writer, (Event *) &event);
	sg_event_inserter_close(writer);
	return PointerGetDatum(NULL);
}

/* sharing_guard.new_event_id() returns uuid */
Datum
sg_sql_new_event_id(PG_FUNCTION_ARGS)
{
	pg_uuid_t  *id = palloc(sizeof(pg_uuid_t));

	sg_event_new_id(id, GetCurrentTimestamp());
	PG_RETURN_UUID_P(id);
}

/*
 * sharing_guard.acting_role() returns text
 *
 * Whom SET ROLE has made of the session, inside SECURITY DEFINER functions,
 * too.
 */
Datum
sg_sql_acting_role(PG_FUNCTION_ARGS)
{
	PG_RETURN_TEXT_P(cstring_to_text(GetUserNameFromId(GetOuterUserId(), false)));
}

/*
 * sharing_guard.is_member(member text, role oid) returns boolean
 *
 * pg_has_role() says yes of every superuser, who would so be an auditor.
 */
Datum
sg_sql_is_member(PG_FUNCTION_ARGS)
{
	Oid			member = get_role_oid(text_to_cstring(PG_GETARG_TEXT_PP(0)), true);
	Oid			role = PG_GETARG_OID(1);

	PG_RETURN_BOOL(OidIsValid(member) &&
				   SearchSysCacheExists1(AUTHOID, ObjectIdGetDatum(role)) &&
				   is_member_of_role_nosuper(member, role));
}
