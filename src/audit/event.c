/*-------------------------------------------------------------------------
 *
 * event.c
 *		Events: built here, written with the transaction or to the log.
 *
 * An event becomes the fields of one row of sharing_guard.event, in one
 * place for both destinations.  So the table and the server log never
 * disagree on what an event holds, and json_populate_record() reads a line
 * of the log as a row of the table.
 *
 * A row that goes out and its event share their transaction's fate.  A refusal
 * ends the transaction, so what is to be known of it cannot be written with
 * it: that goes to the server log.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/table.h"
#include "access/transam.h"
#include "access/xact.h"
#include "catalog/pg_type.h"
#include "commands/trigger.h"
#include "common/cryptohash.h"
#include "common/sha2.h"
#include "executor/executor.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/datetime.h"
#include "utils/guc.h"
#include "utils/json.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"
#include "utils/xid8.h"

#include "audit/event.h"
#include "audit/identity.h"
#include "audit/log_indexes.h"
#include "operational.h"
#include "vocabulary.h"

PG_FUNCTION_INFO_V1(sg_protect_record);

#define EVENT_SCHEMA "sharing_guard"
#define EVENT_TABLE "event"

/*
 * The columns of the table, in its order; event.sql says what they mean.  An
 * index column stands right behind the values it belongs to, where set_rows()
 * puts it.
 */
typedef enum EventColumn
{
	COL_EVENT_ID,
	COL_LOG_ID,
	COL_OCCURRED_AT,
	COL_TRANSACTION_ID,
	COL_POLICY_REVISION,
	COL_ROWS_DISCLOSED,
	COL_ROWS_BLOCKED,
	COL_KIND,
	COL_USERNAME,
	COL_USERNAME_SOURCE,
	COL_ORGANIZATION,
	COL_SESSION_ROLE,
	COL_ACTING_ROLE,
	COL_CLIENT_ADDRESS,
	COL_APPLICATION,
	COL_OPERATION,
	COL_RELATION,
	COL_CHANNEL,
	COL_DATA_CLASS,
	COL_DESTINATION,
	COL_AGENCY_ID,
	COL_DESTINATION_CLASS,
	COL_AGENCY_STATUS,
	COL_ON_BEHALF_OF_AGENCY,
	COL_ON_BEHALF_OF_AGENCY_ID,
	COL_ON_BEHALF_OF_CLASS,
	COL_OUTCOME,
	COL_WOULD_BE_OUTCOME,
	COL_LEGAL_BASIS_ID,
	COL_LIFTED_BY,
	COL_AUTHORITY,
	COL_TAGS,
	COL_MATCHED_TERMS,
	COL_RULE_IDS,
	COL_FLAG_REASONS,
	COL_RECORD_KEYS,
	COL_RECORD_KEY_INDEX,
	COL_PURPOSES,
	COL_PURPOSE_INDEX,
	COL_QUERY_ELEMENTS,
	COL_QUERY_ELEMENT_INDEX,
	COL_CASE_NUMBERS,
	COL_CASE_NUMBER_INDEX,
	COL_REQUESTING_PERSONS,
	COL_REQUESTING_PERSON_INDEX,
	COL_COMPLETES,
	COL_ENDING,
	COL_CHANGED_KEY,
	COL_OLD_ROW,
	COL_NEW_ROW
} EventColumn;
#define EVENT_COLUMNS (COL_NEW_ROW + 1)

static const struct
{
	const char *name;
	Oid			type;
}			event_columns[] = {
	[COL_EVENT_ID] = {"event_id", UUIDOID},
	[COL_LOG_ID] = {"log_id", UUIDOID},
	[COL_OCCURRED_AT] = {"occurred_at", TIMESTAMPTZOID},
	[COL_TRANSACTION_ID] = {"transaction_id", XID8OID},
	[COL_POLICY_REVISION] = {"policy_revision", INT8OID},
	[COL_ROWS_DISCLOSED] = {"rows_disclosed", INT8OID},
	[COL_ROWS_BLOCKED] = {"rows_blocked", INT8OID},
	[COL_KIND] = {"kind", TEXTOID},
	[COL_USERNAME] = {"username", TEXTOID},
	[COL_USERNAME_SOURCE] = {"username_source", TEXTOID},
	[COL_ORGANIZATION] = {"organization", TEXTOID},
	[COL_SESSION_ROLE] = {"session_role", TEXTOID},
	[COL_ACTING_ROLE] = {"acting_role", TEXTOID},
	[COL_CLIENT_ADDRESS] = {"client_address", TEXTOID},
	[COL_APPLICATION] = {"application", TEXTOID},
	[COL_OPERATION] = {"operation", TEXTOID},
	[COL_RELATION] = {"relation", TEXTOID},
	[COL_CHANNEL] = {"channel", TEXTOID},
	[COL_DATA_CLASS] = {"data_class", TEXTOID},
	[COL_DESTINATION] = {"destination", TEXTOID},
	[COL_AGENCY_ID] = {"agency_id", TEXTOID},
	[COL_DESTINATION_CLASS] = {"destination_class", TEXTOID},
	[COL_AGENCY_STATUS] = {"agency_status", TEXTOID},
	[COL_ON_BEHALF_OF_AGENCY] = {"on_behalf_of_agency", TEXTOID},
	[COL_ON_BEHALF_OF_AGENCY_ID] = {"on_behalf_of_agency_id", TEXTOID},
	[COL_ON_BEHALF_OF_CLASS] = {"on_behalf_of_class", TEXTOID},
	[COL_OUTCOME] = {"outcome", TEXTOID},
	[COL_WOULD_BE_OUTCOME] = {"would_be_outcome", TEXTOID},
	[COL_LEGAL_BASIS_ID] = {"legal_basis_id", TEXTOID},
	[COL_LIFTED_BY] = {"lifted_by", TEXTOID},
	[COL_AUTHORITY] = {"authority", TEXTOID},
	[COL_TAGS] = {"tags", TEXTARRAYOID},
	[COL_MATCHED_TERMS] = {"matched_terms", TEXTARRAYOID},
	[COL_RULE_IDS] = {"rule_ids", TEXTARRAYOID},
	[COL_FLAG_REASONS] = {"flag_reasons", TEXTARRAYOID},
	[COL_RECORD_KEYS] = {"record_keys", TEXTARRAYOID},
	[COL_RECORD_KEY_INDEX] = {"record_key_index", INT2ARRAYOID},
	[COL_PURPOSES] = {"purposes", TEXTARRAYOID},
	[COL_PURPOSE_INDEX] = {"purpose_index", INT2ARRAYOID},
	[COL_QUERY_ELEMENTS] = {"query_elements", TEXTARRAYOID},
	[COL_QUERY_ELEMENT_INDEX] = {"query_element_index", INT2ARRAYOID},
	[COL_CASE_NUMBERS] = {"case_numbers", TEXTARRAYOID},
	[COL_CASE_NUMBER_INDEX] = {"case_number_index", INT2ARRAYOID},
	[COL_REQUESTING_PERSONS] = {"requesting_persons", TEXTARRAYOID},
	[COL_REQUESTING_PERSON_INDEX] = {"requesting_person_index", INT2ARRAYOID},
	[COL_COMPLETES] = {"completes", UUIDOID},
	[COL_ENDING] = {"ending", TEXTOID},
	[COL_CHANGED_KEY] = {"changed_key", TEXTOID},
	[COL_OLD_ROW] = {"old_row", JSONOID},
	[COL_NEW_ROW] = {"new_row", JSONOID}
};

StaticAssertDecl(lengthof(event_columns) == EVENT_COLUMNS,
				 "every column of the event table is described");

/*
 * One row of the table, as its values.  What they point to belongs to the
 * memory context they were filled in.
 */
typedef struct EventFields
{
	Datum		values[EVENT_COLUMNS];
	bool		nulls[EVENT_COLUMNS];
} EventFields;

/* Lives in its executor state's memory, so that one call frees it all. */
struct EventWriter
{
	Relation	rel;
	EState	   *estate;
	ResultRelInfo *target;
	const LogIndexes *indexes;
	TupleTableSlot *slot;
	bool		pushed_snapshot;
	bool		in_query;		/* AFTER triggers are being queued */
};

static void log_fields(const EventFields *fields, const char *why);

/*-------------------------------------------------------------------------
 * Event ids
 *-------------------------------------------------------------------------
 */

/* Random bits are fetched for so many ids at once: a call costs more. */
#define RANDOM_BATCH 128

/*
 * 64 random bits, and strong ones: a refused client is told the id of its
 * event, and must not be able to work out those of others from it.
 *
 * Errors out where the system has none to give: no id, no event, no
 * disclosure.
 */
static uint64
random_bits(void)
{
	static uint64 batch[RANDOM_BATCH];
	static int	left = 0;

	if (left == 0)
	{
		if (!pg_strong_random(batch, sizeof(batch)))
			ereport(ERROR,
					(errcode(ERRCODE_SG_AUDIT_UNAVAILABLE),
					 errmsg("could not generate random values"),
					 errdetail("The audit event needs an identifier, and without the event nothing is disclosed."),
					 errhint("Try again; if this persists, the operating system's source of randomness has failed.")));
		left = RANDOM_BATCH;
	}
	return batch[--left];
}

/*
 * A new event id, for something that happened at this time.
 *
 * Made here and not by a sequence: an event has its id before anything is
 * written, so a refusal can quote it.  In the order of time, so that the log's
 * index grows at its end.
 *
 * RFC 9562, section 5.7: 48 bits of Unix milliseconds, the version, 12 bits,
 * the variant, 62 random bits.  The 12 bits are the fraction of the
 * millisecond (section 6.2, method 3), so that 60 bits are one clock that
 * ticks about four times in a microsecond.
 */
void
sg_event_new_id(pg_uuid_t *id, TimestampTz at)
{
	static uint64 last = 0;
	int64		unix_us;
	uint64		clock;
	uint64		random;

	unix_us = at + (int64) (POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE) *
		USECS_PER_DAY;
	unix_us = Max(unix_us, 0);
	clock = ((uint64) (unix_us / 1000)) << 12 |
		((uint64) (unix_us % 1000)) * 4096 / 1000;

	/*
	 * Two events in one tick, or a clock that was set back: count on from the
	 * last id rather than return to where we were.
	 */
	if (clock <= last)
		clock = last + 1;
	last = clock;

	random = random_bits();

	/* Big-endian, the version in front of the low 12 bits of the clock. */
	for (int i = 0; i < 6; i++)
		id->data[i] = (unsigned char) (clock >> (52 - 8 * i));
	id->data[6] = 0x70 | ((clock >> 8) & 0x0F);
	id->data[7] = clock & 0xFF;
	memcpy(&id->data[8], &random, 8);
	id->data[8] = 0x80 | (id->data[8] & 0x3F);
}

/*
 * As uuid_out() writes it, but fit for use outside a function call; palloc'd.
 */
char *
sg_event_id_text(const pg_uuid_t *id)
{
	static const char digits[] = "0123456789abcdef";
	char	   *text = palloc(2 * UUID_LEN + 4 + 1);
	char	   *p = text;

	for (int i = 0; i < UUID_LEN; i++)
	{
		if (i == 4 || i == 6 || i == 8 || i == 10)
			*p++ = '-';
		*p++ = digits[id->data[i] >> 4];
		*p++ = digits[id->data[i] & 0x0F];
	}
	*p = '\0';
	return text;
}

/*-------------------------------------------------------------------------
 * Actors
 *-------------------------------------------------------------------------
 */

/*
 * A role's name, palloc'd; a role that was dropped meanwhile is still told
 * apart by its OID.  The record has names, since a dropped role leaves nothing
 * to look an OID up by.
 */
static const char *
role_name(Oid role)
{
	char	   *name = GetUserNameFromId(role, true);

	return name != NULL ? name : psprintf("oid %u", role);
}

/*
 * The client's address, or NULL for a local socket and for a worker, which
 * has no client.  It cannot change while we are connected, so it is looked
 * up once.
 */
static const char *
client_address(void)
{
	static bool known = false;
	static char *address = NULL;

	if (!known)
	{
		LOCAL_FCINFO(fcinfo, 0);
		Datum		inet;

		/*
		 * Not MyProcPort->remote_host: with log_hostname on, that is whatever
		 * name the client's side has put into the DNS.  The SQL function, so
		 * that building needs no header of the libraries that libpq uses.
		 */
		InitFunctionCallInfoData(*fcinfo, NULL, 0, InvalidOid, NULL, NULL);
		inet = inet_client_addr(fcinfo);
		if (!fcinfo->isnull)
		{
			Datum		host = DirectFunctionCall1(network_host, inet);
			char	   *name = TextDatumGetCString(host);

			address = MemoryContextStrdup(TopMemoryContext, name);
		}
		known = true;
	}
	return address;
}

/*
 * Safe in background workers and logical replication's apply workers, which
 * have roles but neither a client nor, always, an application name.  Strings
 * are allocated in CurrentMemoryContext.
 *
 * The roles are arguments: an event is written when its rows have long gone
 * out, and SET ROLE may have come between.
 */
void
sg_actor_from_session(Actor *actor, Oid session_role,
					  Oid acting_role)
{

	/* Both are kept: SET ROLE and SECURITY DEFINER must not hide the login. */
	actor->session_role = role_name(session_role);
	actor->acting_role = acting_role == session_role ?
		actor->session_role : role_name(acting_role);
	actor->client_address = client_address();
	actor->application = NULL;
	if (application_name != NULL && application_name[0] != '\0')
		actor->application = pstrdup(application_name);
	actor->username = actor->session_role;
	actor->username_source = "login";
}

/*-------------------------------------------------------------------------
 * An event as the fields of a row
 *-------------------------------------------------------------------------
 */

/*
 * The setters leave a field NULL where there is nothing to set; NULL and the
 * empty string stay apart.
 */
static inline void
set_field(EventFields *fields, EventColumn column, Datum value)
{
	fields->values[column] = value;
	fields->nulls[column] = false;
}

static void
set_text(EventFields *fields, EventColumn column, const char *string)
{
	if (string != NULL)
		set_field(fields, column, CStringGetTextDatum(string));
}

/* A slice is not NUL-terminated, and may contain any byte. */
static void
set_slice(EventFields *fields, EventColumn column, const TextSlice *slice)
{
	if (slice->data != NULL)
		set_field(fields, column,
				  PointerGetDatum(cstring_to_text_with_len(slice->data,
														   slice->len)));
}

/* A list of the decision's, as a text[]. */
static void
set_text_array(EventFields *fields, EventColumn column,
			   int count, const char **texts)
{
	ArrayType  *array;

	/* Empty rather than NULL, so that "not tagged so" is plain SQL. */
	if (count == 0)
		array = construct_empty_array(TEXTOID);
	else
	{
		Datum	   *elements = palloc(count * sizeof(Datum));

		for (int i = 0; i < count; i++)
			elements[i] = CStringGetTextDatum(texts[i]);
		array = construct_array(elements, count, TEXTOID, -1, false,
								TYPALIGN_INT);
	}
	set_field(fields, column, PointerGetDatum(array));
}

/*
 * A column of per-row values and, in the table's next column, its index.
 *
 * A column that was never started (NULL) is a field that was not given.
 */
static void
set_row_column(EventFields *fields, EventColumn column, const RowColumn *rows)
{
	TextSlice	shared;
	bool		index_null;
	Datum		index;

	if (rows == NULL || sg_rows_count(rows) == 0)
		return;

	/* Given for no row at all is the same as not given, and smaller. */
	if (sg_rows_shared_value(rows, &shared) && shared.data == NULL)
		return;

	set_field(fields, column, sg_rows_values(rows));
	index = sg_rows_index(rows, &index_null);
	if (!index_null)
		set_field(fields, column + 1, index);
}

static void
set_rows(EventFields *fields, const RowColumns *rows)
{
	set_row_column(fields, COL_PURPOSES, rows->column[ROW_PURPOSE]);
	set_row_column(fields, COL_RECORD_KEYS, rows->column[ROW_RECORD_KEY]);
	set_row_column(fields, COL_QUERY_ELEMENTS,
				   rows->column[ROW_QUERY_ELEMENTS]);
	set_row_column(fields, COL_CASE_NUMBERS, rows->column[ROW_CASE_NUMBER]);
	set_row_column(fields, COL_REQUESTING_PERSONS, rows->column[ROW_PERSON]);
}

/* Who acted: the same fields for events of every kind. */
static void
set_actor(EventFields *fields, const Actor *actor)
{
	set_text(fields, COL_USERNAME, actor->username);
	set_text(fields, COL_USERNAME_SOURCE, actor->username_source);
	set_text(fields, COL_ORGANIZATION, actor->organization);
	set_text(fields, COL_SESSION_ROLE, actor->session_role);
	set_text(fields, COL_ACTING_ROLE, actor->acting_role);
	set_text(fields, COL_CLIENT_ADDRESS, actor->client_address);
	set_text(fields, COL_APPLICATION, actor->application);
}

/*
 * What events of every kind have; all other fields are NULL.
 *
 * The transaction's number is left out where it has none, as of an event that
 * goes to the server log from a transaction that has written nothing.
 */
static void
start_fields(EventFields *fields, const pg_uuid_t *event_id,
			 TimestampTz occurred_at, FullTransactionId transaction_id,
			 const char *kind, const Actor *actor)
{
	static pg_uuid_t log_id;

	memset(fields->values, 0, sizeof(fields->values));
	memset(fields->nulls, true, sizeof(fields->nulls));

	set_field(fields, COL_EVENT_ID, UUIDPGetDatum(event_id));
	if (sg_log_id_if_known(&log_id))
		set_field(fields, COL_LOG_ID, UUIDPGetDatum(&log_id));
	set_field(fields, COL_OCCURRED_AT, TimestampTzGetDatum(occurred_at));
	if (FullTransactionIdIsValid(transaction_id))
		set_field(fields, COL_TRANSACTION_ID,
				  FullTransactionIdGetDatum(transaction_id));
	set_text(fields, COL_KIND, kind);
	set_actor(fields, actor);
}

/*
 * Everything is allocated in CurrentMemoryContext.
 *
 * Outcome is what happened and would_be_outcome what policy decided: where
 * policy is only observed, a block goes out, flagged.
 *
 * No OIDs and no references: the record must be readable when agencies, rules
 * and roles have changed or gone.
 */
static void
fill_disclosure(EventFields *fields, const DisclosureEvent *event,
				FullTransactionId transaction_id)
{
	const Disclosure *disclosure = event->disclosure;
	const Decision *decision = event->decision;

	start_fields(fields, &event->event_id, event->occurred_at,
				 transaction_id, "disclosure", &event->actor);

	if (decision->policy_revision != 0)
		set_field(fields, COL_POLICY_REVISION,
				  Int64GetDatum(decision->policy_revision));
	if (event->rows_disclosed != ROWS_UNKNOWN)
	{
		set_field(fields, COL_ROWS_DISCLOSED,
				  Int64GetDatum(event->rows_disclosed));
		set_field(fields, COL_ROWS_BLOCKED,
				  Int64GetDatum(event->rows_blocked));
	}

	set_text(fields, COL_OPERATION, disclosure->operation);
	set_text(fields, COL_RELATION, disclosure->relation);
	set_text(fields, COL_CHANNEL, sg_channel_name(disclosure->channel));
	set_slice(fields, COL_DATA_CLASS, &disclosure->data_class);
	set_slice(fields, COL_DESTINATION, &disclosure->destination);
	set_text(fields, COL_AGENCY_ID, decision->agency_id);
	set_text(fields, COL_DESTINATION_CLASS,
			 sg_destination_class_name(decision->destination_class));
	set_text(fields, COL_AGENCY_STATUS,
			 sg_agency_status_name(decision->agency_status));

	/* Without an agency named, the decision's class for it means nothing. */
	if (disclosure->on_behalf_of.data != NULL)
	{
		set_slice(fields, COL_ON_BEHALF_OF_AGENCY, &disclosure->on_behalf_of);
		set_text(fields, COL_ON_BEHALF_OF_AGENCY_ID,
				 decision->on_behalf_of_agency_id);
		set_text(fields, COL_ON_BEHALF_OF_CLASS,
				 sg_destination_class_name(decision->on_behalf_of_class));
	}

	set_text(fields, COL_OUTCOME, sg_outcome_name(event->outcome));
	set_text(fields, COL_WOULD_BE_OUTCOME,
			 sg_outcome_name(decision->outcome));
	set_slice(fields, COL_LEGAL_BASIS_ID, &disclosure->legal_basis);
	set_text(fields, COL_LIFTED_BY, decision->legal_basis_id);
	set_text(fields, COL_AUTHORITY, decision->authority);
	set_text_array(fields, COL_TAGS, decision->ntags, decision->tags);
	if (decision->nmatched_terms > 0)
		set_text_array(fields, COL_MATCHED_TERMS, decision->nmatched_terms,
					   decision->matched_terms);
	set_text_array(fields, COL_RULE_IDS, decision->nrules,
				   decision->rule_ids);
	set_text_array(fields, COL_FLAG_REASONS, decision->nreasons,
				   decision->reasons);

	/* Of the disclosure's own per-row fields nothing is read: see event.h. */
	set_rows(fields, &event->rows);
}

/* A change of policy, or of anything else that decides who gets what. */
static void
fill_change(EventFields *fields, const ChangeEvent *event,
			FullTransactionId transaction_id)
{
	start_fields(fields, &event->event_id, event->occurred_at,
				 transaction_id, event->kind ? event->kind : "policy_change",
				 &event->actor);

	if (event->policy_revision != 0)
		set_field(fields, COL_POLICY_REVISION,
				  Int64GetDatum(event->policy_revision));
	set_text(fields, COL_OPERATION, event->operation);
	set_text(fields, COL_RELATION, event->relation);
	set_text(fields, COL_CHANGED_KEY, event->key);

	/* A json value is its text. */
	set_text(fields, COL_OLD_ROW, event->old_row);
	set_text(fields, COL_NEW_ROW, event->new_row);
}

/*
 * The end of a disclosure.  Who disclosed what to whom is in the event that it
 * completes, and not said twice.
 */
static void
fill_completion(EventFields *fields, const CompletionEvent *event,
				FullTransactionId transaction_id)
{
	Actor		nobody = {0};

	start_fields(fields, &event->event_id, event->occurred_at,
				 transaction_id, "completion", &nobody);

	set_field(fields, COL_COMPLETES, UUIDPGetDatum(&event->completes));
	set_text(fields, COL_ENDING, event->ending);
	if (event->rows_disclosed != ROWS_UNKNOWN)
	{
		set_field(fields, COL_ROWS_DISCLOSED,
				  Int64GetDatum(event->rows_disclosed));
		set_field(fields, COL_ROWS_BLOCKED,
				  Int64GetDatum(event->rows_blocked));
	}
	set_rows(fields, &event->rows);
}

/*-------------------------------------------------------------------------
 * Writing with the transaction
 *-------------------------------------------------------------------------
 */

/*
 * There is no log, or not the one we know: nothing may go out unrecorded, so
 * everything stops.  The detail is ours and never contains row data.
 */
static void
report_log_unusable(const char *detail)
{
	ereport(ERROR,
			(errcode(ERRCODE_SG_AUDIT_UNAVAILABLE),
			 errmsg("the audit log %s.%s cannot be written to",
					EVENT_SCHEMA, EVENT_TABLE),
			 errdetail("%s Without a record nothing is disclosed.", detail),
			 errhint("Ask the administrator of this database to restore the extension sharing_guard: its library and its SQL objects must be of one version and unaltered.")));
}

/*
 * Values of the wrong type, stored as they are, would crash whoever reads
 * them: make sure that the table is the one we know.  Columns added behind
 * ours stay NULL.
 *
 * Errors out if it is not.  Looked at again when the log has changed.
 */
static void
check_event_table(Relation rel)
{
	TupleDesc	desc = RelationGetDescr(rel);

	if (rel->rd_rel->relkind != RELKIND_RELATION)
		report_log_unusable("It is not a plain table.");

	if (desc->natts < EVENT_COLUMNS)
		report_log_unusable("It lacks columns.");

	for (int i = 0; i < EVENT_COLUMNS; i++)
	{
		Form_pg_attribute att = TupleDescAttr(desc, i);

		if (att->attisdropped || att->atttypid != event_columns[i].type)
			report_log_unusable("A column was dropped or has another type.");
	}
}

/*
 * The log, opened for writing.  Needs a transaction; errors out where the log
 * is not what it should be.  What it allocates goes with
 * sg_event_writer_close() or, after an error, with the transaction; the lock
 * on the log stays until commit.
 *
 * The executor's own insertion, as logical replication uses it, and not SPI:
 * it asks for no privilege of the role that happens to be acting (and none
 * could be granted without opening the log to forgery), it is not seen by
 * other extensions' hooks, and it is several times cheaper.
 */
EventWriter *
sg_event_writer_open(void)
{
	EventWriter *writer;
	EState	   *estate;
	MemoryContext oldcontext;
	Oid			relid;
	bool		pushed = false;
	pg_uuid_t	log_id;

	/* There is none in a pre-commit callback; detoasting etc. may ask. */
	if (!ActiveSnapshotSet())
	{
		PushActiveSnapshot(GetTransactionSnapshot());
		pushed = true;
	}

	relid = sg_log_relid();
	if (!OidIsValid(relid))
		report_log_unusable("It does not exist.");

	estate = CreateExecutorState();
	oldcontext = MemoryContextSwitchTo(estate->es_query_cxt);

	/* From here on it is known, to events for the server log as well. */
	if (!sg_log_id(&log_id))
		report_log_unusable("The table sharing_guard.log is empty, so it cannot be told whose log it is.");

	writer = palloc0(sizeof(EventWriter));
	writer->pushed_snapshot = pushed;
	writer->estate = estate;
	writer->rel = table_open(relid, RowExclusiveLock);

	/*
	 * Range table index 0: the log is in no range table, so there are no
	 * permissions for the executor to look at.
	 */
	writer->target = makeNode(ResultRelInfo);
	InitResultRelInfo(writer->target, writer->rel, 0, NULL, 0);
	writer->indexes = sg_log_open_indexes(writer->target, check_event_table);

	/* Where AFTER triggers look for the table they were queued for. */
	estate->es_opened_result_relations =
		lappend(estate->es_opened_result_relations, writer->target);
	writer->slot = MakeSingleTupleTableSlot(RelationGetDescr(writer->rel),
											&TTSOpsHeapTuple);

	/*
	 * None of ours, but a DBA may hang AFTER triggers on the log, to notify
	 * somebody or to copy events elsewhere.
	 */
	if (writer->rel->trigdesc != NULL &&
		writer->rel->trigdesc->trig_insert_after_row)
	{
		AfterTriggerBeginQuery();
		writer->in_query = true;
	}

	MemoryContextSwitchTo(oldcontext);
	return writer;
}

/*
 * Errors that say nothing about the log and that applications act on by
 * themselves (they retry, or they asked for it) keep their own code.
 *
 * Serialization failures and deadlocks are of this kind, and so is a statement
 * that was cancelled.
 */
static bool
error_is_transient(int sqlerrcode)
{
	return sqlerrcode == ERRCODE_QUERY_CANCELED ||
		ERRCODE_TO_CATEGORY(sqlerrcode) == ERRCODE_TRANSACTION_ROLLBACK;
}

/*
 * Stores one row, or errors out.  Fires the log's row triggers, if somebody
 * has made any, and keeps its indexes.
 */
static void
insert_fields(EventWriter *writer, const EventFields *fields)
{
	TupleTableSlot *slot = writer->slot;
	int			natts = slot->tts_tupleDescriptor->natts;
	MemoryContext oldcontext;
	HeapTuple	tuple;

	ExecClearTuple(slot);
	memcpy(slot->tts_values, fields->values, sizeof(fields->values));
	memcpy(slot->tts_isnull, fields->nulls, sizeof(fields->nulls));
	for (int i = EVENT_COLUMNS; i < natts; i++)
		slot->tts_isnull[i] = true;

	/* Of a slot of values, the server would copy each before it does this. */
	oldcontext = MemoryContextSwitchTo(slot->tts_mcxt);
	tuple = heap_form_tuple(slot->tts_tupleDescriptor, slot->tts_values,
							slot->tts_isnull);
	MemoryContextSwitchTo(oldcontext);
	ExecStoreHeapTuple(tuple, slot, true);

	sg_log_open_awaited(writer->indexes, writer->target, writer->estate, slot);
	ExecSimpleRelationInsert(writer->target, writer->estate, slot);

	/* A BEFORE trigger that returned NULL has made the event disappear. */
	if (!ItemPointerIsValid(&slot->tts_tid))
		report_log_unusable("A trigger on it suppressed the event.");
}

/*
 * Stores the row.  Where that fails, the event goes to the server log, and
 * the statement fails with a code of our own: the data stays.
 *
 * Catches an error without a subtransaction around it, which is right only
 * because another always follows: nothing is done in between but to write to
 * the server log.
 */
static void
write_fields(EventWriter *writer, const EventFields *fields)
{
	MemoryContext oldcontext = CurrentMemoryContext;

	PG_TRY();
	{
		insert_fields(writer, fields);
	}
	PG_CATCH();
	{
		ErrorData  *cause;

		if (error_is_transient(geterrcode()))
			PG_RE_THROW();

		MemoryContextSwitchTo(oldcontext);
		cause = CopyErrorData();
		FlushErrorState();

		log_fields(fields, "could not be written to the audit log; nothing was disclosed");

		/* Said by ourselves, and complete. */
		if (cause->sqlerrcode == ERRCODE_SG_AUDIT_UNAVAILABLE)
			ReThrowError(cause);

		/*
		 * The cause is for the server log alone: a failing row, or another's
		 * trigger, may have put row data into it.
		 */
		ereport(ERROR,
				(errcode(ERRCODE_SG_AUDIT_UNAVAILABLE),
				 errmsg("the audit log %s.%s cannot be written to",
						EVENT_SCHEMA, EVENT_TABLE),
				 errdetail("Writing to it failed with SQLSTATE %s. Without a record nothing is disclosed.",
						   unpack_sql_state(cause->sqlerrcode)),
				 errdetail_log("Writing to it failed with SQLSTATE %s: %s",
							   unpack_sql_state(cause->sqlerrcode),
							   cause->message ? cause->message : "no message"),
				 errhint("The administrator of this server finds the cause, and the event, in the server log.")));
	}
	PG_END_TRY();
}

/*
 * Both run in the executor's per-tuple memory, which end_event() empties: a
 * statement may write thousands of events.
 *
 * The transaction's number, not the subtransaction's: it is what all events
 * that stand or fall together have in common.
 */
static MemoryContext
begin_event(EventWriter *writer)
{
	return MemoryContextSwitchTo(GetPerTupleMemoryContext(writer->estate));
}

static void
end_event(EventWriter *writer, MemoryContext oldcontext)
{
	MemoryContextSwitchTo(oldcontext);
	ExecClearTuple(writer->slot);
	ResetPerTupleExprContext(writer->estate);
}

/*
 * Writes one event with the transaction.  Errors out where that fails, and
 * then nothing of the transaction goes out.
 */
void
sg_event_write_disclosure(EventWriter *writer, const DisclosureEvent *event)
{
	MemoryContext oldcontext = begin_event(writer);
	EventFields fields;

	fill_disclosure(&fields, event, GetTopFullTransactionId());
	write_fields(writer, &fields);
	end_event(writer, oldcontext);
}

/* The same for a change of policy. */
void
sg_event_write_change(EventWriter *writer, const ChangeEvent *event)
{
	MemoryContext oldcontext = begin_event(writer);
	EventFields fields;

	fill_change(&fields, event, GetTopFullTransactionId());
	write_fields(writer, &fields);
	end_event(writer, oldcontext);
}

/* The same for the end of a disclosure. */
void
sg_event_write_completion(EventWriter *writer, const CompletionEvent *event)
{
	MemoryContext oldcontext = begin_event(writer);
	EventFields fields;

	fill_completion(&fields, event, GetTopFullTransactionId());
	write_fields(writer, &fields);
	end_event(writer, oldcontext);
}

/*
 * Not called after an error: then the transaction, or the subtransaction,
 * releases everything.
 *
 * May run what a DBA has put on the log as AFTER triggers.
 */
void
sg_event_writer_close(EventWriter *writer)
{
	EState	   *estate = writer->estate;
	Relation	rel = writer->rel;
	bool		pop_snapshot = writer->pushed_snapshot;

	/* Fires them now, as at the end of any statement. */
	if (writer->in_query)
		AfterTriggerEndQuery(estate);

	ExecDropSingleTupleTableSlot(writer->slot);
	sg_log_close_indexes(writer->target);
	ExecCloseResultRelations(estate);
	ExecResetTupleTable(estate->es_tupleTable, false);	/* triggers' slots */
	table_close(rel, NoLock);	/* the lock is held until commit */
	FreeExecutorState(estate);	/* the writer lives in there */
	if (pop_snapshot)
		PopActiveSnapshot();
}

/*-------------------------------------------------------------------------
 * The server log
 *-------------------------------------------------------------------------
 */

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

/* A value of one of the types in event_columns, arrays apart. */
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

				/* In UTC, whatever the session's time zone. */
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
static void
log_fields(const EventFields *fields, const char *why)
{
	int			saved_level = log_min_messages;
	StringInfoData buf;

	initStringInfo(&buf);
	appendStringInfoChar(&buf, '{');
	for (int i = 0; i < EVENT_COLUMNS; i++)
	{
		if (fields->nulls[i])
			continue;

		appendStringInfo(&buf, "\"%s\":", event_columns[i].name);
		if (event_columns[i].type == TEXTARRAYOID)
			append_json_array(&buf, fields->values[i], TEXTOID);
		else if (event_columns[i].type == INT2ARRAYOID)
			append_json_array(&buf, fields->values[i], INT2OID);
		else
			append_json_value(&buf, fields->values[i], event_columns[i].type);
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
		if (log_min_messages > ERROR)
			log_min_messages = LOG;
		ereport(LOG_SERVER_ONLY,
				(errmsg_internal("sharing_guard event: %s", buf.data),
				 errhidestmt(true),
				 errhidecontext(true)));
	}
	PG_FINALLY();
	{
		log_min_messages = saved_level;
	}
	PG_END_TRY();

	pfree(buf.data);
}

/*
 * One event to the server log alone, whatever becomes of the transaction;
 * "why" is a few words of ours.  Leaves nothing behind in
 * CurrentMemoryContext.
 */
void
sg_event_to_server_log(const DisclosureEvent *event, const char *why)
{
	MemoryContext context;
	MemoryContext oldcontext;
	EventFields fields;

	context = AllocSetContextCreate(CurrentMemoryContext,
									"sharing_guard event for the server log",
									ALLOCSET_DEFAULT_SIZES);
	oldcontext = MemoryContextSwitchTo(context);

	/* A transaction that has no number yet is not given one for this. */
	fill_disclosure(&fields, event, GetTopFullTransactionIdIfAny());
	log_fields(&fields, why);

	MemoryContextSwitchTo(oldcontext);
	MemoryContextDelete(context);
}

/*-------------------------------------------------------------------------
 * Handing over to another process
 *-------------------------------------------------------------------------
 */

/* What stands before each event's tuple; of MAXALIGNed size itself. */
typedef struct SerializedHeader
{
	uint64		tuple_length;
} SerializedHeader;

StaticAssertDecl(sizeof(SerializedHeader) == MAXALIGN(sizeof(SerializedHeader)),
				 "a tuple behind the header is aligned");

/*
 * The row type of the log, as this library knows it.  Made once, from types
 * that are built in: it needs no log, and no transaction later on.
 */
static TupleDesc
event_row_type(void)
{
	static TupleDesc row_type = NULL;

	if (row_type == NULL)
	{
		MemoryContext oldcontext = MemoryContextSwitchTo(TopMemoryContext);
		TupleDesc	desc = CreateTemplateTupleDesc(EVENT_COLUMNS);

		for (int i = 0; i < EVENT_COLUMNS; i++)
			TupleDescInitEntry(desc, i + 1, event_columns[i].name,
							   event_columns[i].type, -1, 0);
		MemoryContextSwitchTo(oldcontext);
		row_type = desc;
	}
	return row_type;
}

void
sg_event_prepare(void)
{
	(void) event_row_type();
}

/*
 * As a tuple: the server's own form for a row as bytes.  Neither compressed
 * nor moved out of line, so that nobody needs a table to read it.
 */
static void
serialize_fields(StringInfo buf, EventFields *fields)
{
	HeapTuple	tuple = heap_form_tuple(event_row_type(), fields->values,
										fields->nulls);
	SerializedHeader header = {tuple->t_len};
	Size		padding = MAXALIGN(tuple->t_len) - tuple->t_len;
	static const char zeroes[MAXIMUM_ALIGNOF] = {0};

	appendBinaryStringInfo(buf, (char *) &header, sizeof(header));
	appendBinaryStringInfo(buf, (char *) tuple->t_data, tuple->t_len);
	appendBinaryStringInfo(buf, zeroes, padding);
	heap_freetuple(tuple);
}

/*
 * The next event of the buffer, at *offset, which is moved on; false at the
 * end.  The fields point into the buffer.
 */
static bool
next_serialized(const char *data, Size length, Size *offset,
				EventFields *fields)
{
	const SerializedHeader *header;
	HeapTupleData tuple = {0};

	if (*offset >= length)
		return false;
	header = (const SerializedHeader *) (data + *offset);
	tuple.t_len = (uint32) header->tuple_length;
	tuple.t_data = (HeapTupleHeader) (data + *offset + sizeof(*header));
	heap_deform_tuple(&tuple, event_row_type(), fields->values, fields->nulls);
	*offset += sizeof(*header) + MAXALIGN(header->tuple_length);
	return true;
}

/* What they need besides the buffer is left in CurrentMemoryContext. */
void
sg_event_serialize_disclosure(StringInfo buf, const DisclosureEvent *event)
{
	EventFields fields;

	fill_disclosure(&fields, event, InvalidFullTransactionId);
	serialize_fields(buf, &fields);
}

void
sg_event_serialize_change(StringInfo buf, const ChangeEvent *event)
{
	EventFields fields;

	fill_change(&fields, event, InvalidFullTransactionId);
	serialize_fields(buf, &fields);
}

void
sg_event_serialize_completion(StringInfo buf, const CompletionEvent *event)
{
	EventFields fields;

	fill_completion(&fields, event, InvalidFullTransactionId);
	serialize_fields(buf, &fields);
}

/*
 * Is this event in the log?  Asked only of events whose writer has died, so it
 * need not be fast.
 */
static bool
is_written(const EventFields *fields)
{
	Oid			types[1] = {UUIDOID};
	Datum		values[1] = {fields->values[COL_EVENT_ID]};
	bool		found;

	SPI_connect();
	if (SPI_execute_with_args("SELECT FROM sharing_guard.event WHERE event_id OPERATOR(pg_catalog.=) $1",
							  1, types, values, NULL, true, 1) != SPI_OK_SELECT)
		report_log_unusable("It could not be searched.");
	found = SPI_processed > 0;
	SPI_finish();
	return found;
}

int
sg_event_write_serialized(EventWriter *writer, const char *data, Size length,
						  bool unless_written)
{
	EventFields fields;
	Size		offset = 0;
	int			written = 0;
	pg_uuid_t	log_id;

	while (next_serialized(data, length, &offset, &fields))
	{
		MemoryContext oldcontext = begin_event(writer);

		if (!unless_written || !is_written(&fields))
		{
			/* Whoever sent it need not have known which log this is. */
			if (sg_log_id_if_known(&log_id))
				set_field(&fields, COL_LOG_ID, UUIDPGetDatum(&log_id));
			set_field(&fields, COL_TRANSACTION_ID,
					  FullTransactionIdGetDatum(GetTopFullTransactionId()));
			insert_fields(writer, &fields);
			written++;
		}
		end_event(writer, oldcontext);
	}
	return written;
}

void
sg_event_serialized_to_server_log(const char *data, Size length,
								  const char *why)
{
	EventFields fields;
	Size		offset = 0;

	while (next_serialized(data, length, &offset, &fields))
		log_fields(&fields, why);
}

/*-------------------------------------------------------------------------
 * Protection
 *-------------------------------------------------------------------------
 */

bool		sg_record_purging = false;

/*
 * sharing_guard.protect_record() returns trigger
 *
 * For every table that nobody may change once written, superusers included.
 *
 * Always errors out.  Whoever may disable the trigger, the table's owner or a
 * superuser, can do so first: that it cannot stop.
 */
Datum
sg_protect_record(PG_FUNCTION_ARGS)
{
	TriggerData *trigdata = (TriggerData *) fcinfo->context;
	const char *operation = "change of";

	if (CALLED_AS_TRIGGER(fcinfo))
	{
		if (sg_record_purging && TRIGGER_FIRED_FOR_ROW(trigdata->tg_event))
		{
			const char *table = RelationGetRelationName(trigdata->tg_relation);

			if (TRIGGER_FIRED_BY_DELETE(trigdata->tg_event) &&
				strcmp(table, EVENT_TABLE) == 0)
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
