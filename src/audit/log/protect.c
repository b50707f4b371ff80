/*-------------------------------------------------------------------------
 *
 * protect.c
 *		Refuses changes of what is on record.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "commands/trigger.h"
#include "fmgr.h"
#include "utils/rel.h"

#include "audit/log/protect.h"
#include "base/errcodes.h"

PG_FUNCTION_INFO_V1(sg_sql_protect_record);

bool		sg_record_purging = false;

/*
 * sharing_guard.protect_record() returns trigger
 *
 * For every table whose rows must not change once written, not even by
 * superusers.
 *
 * Always errors out.  The table's owner or a superuser can disable the trigger
 * first; it cannot prevent that.
 */
Datum
sg_sql_protect_record(PG_FUNCTION_ARGS)
{
	TriggerData *trigdata = (TriggerData *) fcinfo->context;
	const char *operation = "change of";

	if (CALLED_AS_TRIGGER(fcinfo))
	{
		if (sg_record_purging && TRIGGER_FIRED_FOR_ROW(trigdata->tg_event))
		{
			const char *table = RelationGetRelationName(trigdata->tg_relation);

			if (TRIGGER_FIRED_BY_DELETE(trigdata->tg_event) &&
				strcmp(table, "event") == 0)
				return PointerGetDatum(trigdata->tg_trigtuple);
			if (TRIGGER_FIRED_BY_UPDATE(trigdata->tg_event) &&
				strcmp(table, "nonce") == 0)
				return PointerGetDatum(trigdata->tg_newtuple);
		}
		if (TRIGGER_FIRED_BY_UPDATE(trigdata->tg_event))
			operation = "UPDATE of";
		else if (TRIGGER_FIRED_BY_DELETE(trigdata->tg_event))
			operation = "DELETE from";
		else if (TRIGGER_FIRED_BY_TRUNCATE(trigdata->tg_event))
			operation = "TRUNCATE of";
	}

	ereport(ERROR,
			(errcode(ERRCODE_SG_RECORD_PROTECTED),
			 errmsg("%s the audit record is not allowed", operation),
			 errdetail("Events are written once and kept as they are, for every role, superusers included."),
			 errhint("A mistake is put right by a new event or a reviewer's note. Nothing was changed.")));
	PG_RETURN_NULL();			/* keep compiler quiet */
}
