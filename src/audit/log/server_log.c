/*-------------------------------------------------------------------------
 *
 * server_log.c
 *		Events that cannot be in the table, as lines of the server log.
 *
 * A refusal ends the transaction, so what is to be known of it cannot be
 * written with it.  Where the writer does not take it either, it goes to the
 * server log; and so does what the table has not taken.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/transam.h"
#include "access/xact.h"
#include "catalog/pg_type.h"
#include "common/cryptohash.h"
#include "common/sha2.h"
#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/datetime.h"
#include "utils/guc.h"
#include "utils/json.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"
#include "utils/xid8.h"

#include "base/compat.h"
#include "audit/log/server_log.h"

/*
 * Longer texts than this are not written to the log whole; of those so much
 * is.
 */
#define LOG_TEXT_MAX	(100 * 1000)
#define LOG_TEXT_KEPT	1000

/*
 * A text as a JSON string.  A line of the log cannot hold just anything: one
 * value of 200 MB would take the event down with it.  Of what is very long
 * the line has the beginning, and says how long it is and what its digest is,
 * so that the text can be recognized.
 */
static void
append_json_text(StringInfo buf, Datum value)
{
	text	   *whole = DatumGetTextPP(value);
	const char *data = VARDATA_ANY(whole);
	int			len = VARSIZE_ANY_EXHDR(whole);
	pg_cryptohash_ctx *ctx;
	uint8		digest[PG_SHA256_DIGEST_LENGTH];
	StringInfoData shortened;

	if (len <= LOG_TEXT_MAX)
	{
		escape_json(buf, TextDatumGetCString(value));
		return;
	}

	initStringInfo(&shortened);
	appendBinaryStringInfo(&shortened, data,
						   pg_mbcliplen(data, len, LOG_TEXT_KEPT));
	appendStringInfo(&shortened, "... [%d bytes in all", len);
	ctx = pg_cryptohash_create(PG_SHA256);
	if (ctx != NULL &&
		pg_cryptohash_init(ctx) >= 0 &&
		pg_cryptohash_update(ctx, (const uint8 *) data, len) >= 0 &&
		pg_cryptohash_final(ctx, digest, sizeof(digest)) >= 0)
	{
		appendStringInfoString(&shortened, ", SHA-256 ");
		for (int i = 0; i < PG_SHA256_DIGEST_LENGTH; i++)
			appendStringInfo(&shortened, "%02x", digest[i]);
	}
	pg_cryptohash_free(ctx);
	appendStringInfoChar(&shortened, ']');
	escape_json(buf, shortened.data);
	pfree(shortened.data);
}

/* A value of one of the types in sg_event_columns, arrays apart. */
static void
append_json_value(StringInfo buf, Datum value, Oid type)
{
	switch (type)
	{
		case TEXTOID:
		case JSONOID:
			/* JSON as a string, too: the event must stay one line. */
			append_json_text(buf, value);
			break;
		case UUIDOID:
			appendStringInfo(buf, "\"%s\"",
							 sg_event_id_text(DatumGetUUIDP(value)));
			break;
		case TIMESTAMPTZOID:
			{
				char		datetime[MAXDATELEN + 1];
				int			utc = 0;

				/* In UTC, not in the session's time zone. */
				JsonEncodeDateTime(datetime, value, TIMESTAMPTZOID, &utc);
				appendStringInfo(buf, "\"%s\"", datetime);
				break;
			}
		case XID8OID:
			{
				FullTransactionId xid = DatumGetFullTransactionId(value);

				/* A string: JSON readers round numbers beyond 2^53. */
				appendStringInfo(buf, "\"" UINT64_FORMAT "\"",
								 U64FromFullTransactionId(xid));
				break;
			}
		case INT8OID:
			appendStringInfo(buf, INT64_FORMAT, DatumGetInt64(value));
			break;
		case INT2OID:
			appendStringInfo(buf, "%d", DatumGetInt16(value));
			break;
		default:
			Assert(false);
			appendStringInfoString(buf, "null");
			break;
	}
}

/* The per-row columns and the lists of the decision; never a NULL array. */
static void
append_json_array(StringInfo buf, Datum value, Oid type)
{
	Datum	   *elements;
	bool	   *nulls;
	int			count;

	if (type == TEXTOID)
		deconstruct_array(DatumGetArrayTypeP(value), TEXTOID, -1, false,
						  TYPALIGN_INT, &elements, &nulls, &count);
	else
		deconstruct_array(DatumGetArrayTypeP(value), INT2OID, sizeof(int16),
						  true, TYPALIGN_SHORT, &elements, &nulls, &count);

	appendStringInfoChar(buf, '[');
	for (int i = 0; i < count; i++)
	{
		if (i > 0)
			appendStringInfoChar(buf, ',');
		if (nulls[i])
			appendStringInfoString(buf, "null");
		else
			append_json_value(buf, elements[i], type);
	}
	appendStringInfoChar(buf, ']');
}

/*
 * One line of the server log; a field that is not there is NULL.
 *
 * Everything is in the message itself, escaped as JSON: no line break can get
 * into it, nothing is cut off, and no client ever sees it.  Detail, context
 * and statement would become lines of their own.
 *
 * For events that cannot be in the table: a server log that is lost is a lost
 * record, and the manual says so.
 */
void
sg_event_fields_to_server_log(const EventFields *fields, const char *why)
{
	int			saved_level = SG_LOG_MIN_MESSAGES;
	StringInfoData buf;

	initStringInfo(&buf);
	appendStringInfoChar(&buf, '{');
	for (int i = 0; i < EVENT_COLUMNS; i++)
	{
		if (fields->nulls[i])
			continue;

		appendStringInfo(&buf, "\"%s\":", sg_event_columns[i].name);
		if (sg_event_columns[i].type == TEXTARRAYOID)
			append_json_array(&buf, fields->values[i], TEXTOID);
		else if (sg_event_columns[i].type == INT2ARRAYOID)
			append_json_array(&buf, fields->values[i], INT2OID);
		else
			append_json_value(&buf, fields->values[i], sg_event_columns[i].type);
		appendStringInfoChar(&buf, ',');
	}
	appendStringInfoString(&buf, "\"why\":");
	escape_json(&buf, why);
	appendStringInfoChar(&buf, '}');

	/*
	 * With log_min_messages at fatal or panic the line would vanish, and a
	 * role can be granted the right to set that.  This line is evidence, not
	 * a message.
	 */
	PG_TRY();
	{
		if (SG_LOG_MIN_MESSAGES > ERROR)
			SG_LOG_MIN_MESSAGES = LOG;
		ereport(LOG_SERVER_ONLY,
				(errmsg_internal("sharing_guard event: %s", buf.data),
				 errhidestmt(true),
				 errhidecontext(true)));
	}
	PG_FINALLY();
	{
		SG_LOG_MIN_MESSAGES = saved_level;
	}
	PG_END_TRY();

	pfree(buf.data);
}

/*
 * Writes one event to the server log alone, also if the transaction is rolled
 * back; "why" is a few words of ours.  Leaves nothing behind in
 * CurrentMemoryContext.
 */
void
sg_event_to_server_log(const Event *event, const char *why)
{
	MemoryContext context;
	MemoryContext oldcontext;
	EventFields fields;

	context = AllocSetContextCreate(CurrentMemoryContext,
									"sharing_guard event for the server log",
									ALLOCSET_DEFAULT_SIZES);
	oldcontext = MemoryContextSwitchTo(context);

	/* A transaction that has no number yet is not given one for this. */
	sg_event_fields(&fields, event, GetTopFullTransactionIdIfAny());
	sg_event_fields_to_server_log(&fields, why);

	MemoryContextSwitchTo(oldcontext);
	MemoryContextDelete(context);
}
