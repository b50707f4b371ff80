/*-------------------------------------------------------------------------
 *
 * event_fields.c
 *		An event as the fields of a row.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"
#include "utils/xid8.h"

#include "audit/log/event_fields.h"
#include "audit/log/identity.h"
#include "base/enum_names.h"

const EventColumnType sg_event_columns[] = {
	[COL_EVENT_ID] = {"event_id", UUIDOID},
	[COL_LOG_ID] = {"log_id", UUIDOID},
	[COL_OCCURRED_AT] = {"occurred_at", TIMESTAMPTZOID},
	[COL_TRANSACTION_ID] = {"transaction_id", XID8OID},
	[COL_POLICY_REVISION] = {"policy_revision", INT8OID},
	[COL_ROWS_DISCLOSED] = {"rows_disclosed", INT8OID},
	[COL_ROWS_BLOCKED] = {"rows_blocked", INT8OID},
	[COL_SEARCHED_AT] = {"searched_at", TIMESTAMPTZOID},
	[COL_PURPOSE_PARTS] = {"purpose_parts", INT2OID},
	[COL_KIND] = {"kind", TEXTOID},
	[COL_USERNAME] = {"username", TEXTOID},
	[COL_USERNAME_SOURCE] = {"username_source", TEXTOID},
	[COL_ORGANIZATION] = {"organization", TEXTOID},
	[COL_SESSION_ROLE] = {"session_role", TEXTOID},
	[COL_ACTING_ROLE] = {"acting_role", TEXTOID},
	[COL_AUTHENTICATED_LOGIN] = {"authenticated_login", TEXTOID},
	[COL_AUTHENTICATED_IDENTITY] = {"authenticated_identity", TEXTOID},
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
	[COL_RECORD_KEY] = {"record_key", TEXTOID},
	[COL_PURPOSE] = {"purpose", TEXTOID},
	[COL_QUERY_ELEMENT] = {"query_element", TEXTOID},
	[COL_CASE_NUMBER] = {"case_number", TEXTOID},
	[COL_REQUESTING_PERSON] = {"requesting_person", TEXTOID},
	[COL_RECIPIENT_PERSON] = {"recipient_person", TEXTOID},
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
	[COL_RECIPIENT_PERSONS] = {"recipient_persons", TEXTARRAYOID},
	[COL_RECIPIENT_PERSON_INDEX] = {"recipient_person_index", INT2ARRAYOID},
	[COL_SEARCH_DETAILS] = {"search_details", JSONOID},
	[COL_COMPLETES] = {"completes", UUIDOID},
	[COL_ENDING] = {"ending", TEXTOID},
	[COL_CHANGED_KEY] = {"changed_key", TEXTOID},
	[COL_OLD_ROW] = {"old_row", JSONOID},
	[COL_NEW_ROW] = {"new_row", JSONOID}
};

StaticAssertDecl(lengthof(sg_event_columns) == EVENT_COLUMNS,
				 "every column of the event table is described");

/*
 * The setters leave a field NULL where there is nothing to set; NULL and the
 * empty string stay apart.
 */
static void
set_text(EventFields *fields, EventColumn column, const char *string)
{
	if (string != NULL)
		sg_set_field(fields, column, CStringGetTextDatum(string));
}

/* A slice is not NUL-terminated, and may contain any byte. */
static void
set_slice(EventFields *fields, EventColumn column, const TextSlice *slice)
{
	if (slice->data != NULL)
		sg_set_field(fields, column,
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
	sg_set_field(fields, column, PointerGetDatum(array));
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

	sg_set_field(fields, column, sg_rows_values(rows));
	index = sg_rows_index(rows, &index_null);
	if (!index_null)
		sg_set_field(fields, column + 1, index);
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
	set_row_column(fields, COL_RECIPIENT_PERSONS, rows->column[ROW_RECIPIENT]);
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
	set_text(fields, COL_AUTHENTICATED_LOGIN, actor->authenticated_login);
	set_text(fields, COL_AUTHENTICATED_IDENTITY,
			 actor->authenticated_identity);
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

	sg_set_field(fields, COL_EVENT_ID, UUIDPGetDatum(event_id));
	if (sg_log_id_if_known(&log_id))
		sg_set_field(fields, COL_LOG_ID, UUIDPGetDatum(&log_id));
	sg_set_field(fields, COL_OCCURRED_AT, TimestampTzGetDatum(occurred_at));
	if (FullTransactionIdIsValid(transaction_id))
		sg_set_field(fields, COL_TRANSACTION_ID,
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
set_disclosure(EventFields *fields, const DisclosureEvent *event,
			   FullTransactionId transaction_id)
{
	const Disclosure *disclosure = event->disclosure;
	const Decision *decision = event->decision;

	start_fields(fields, &event->event_id, event->occurred_at,
				 transaction_id, "disclosure", &event->actor);

	/* One that is not committed yet may never be, or be another's. */
	if (decision->policy_revision > 0)
		sg_set_field(fields, COL_POLICY_REVISION,
					 Int64GetDatum(decision->policy_revision));
	if (event->rows_disclosed != ROWS_UNKNOWN)
	{
		sg_set_field(fields, COL_ROWS_DISCLOSED,
					 Int64GetDatum(event->rows_disclosed));
		sg_set_field(fields, COL_ROWS_BLOCKED,
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

	set_text(fields, COL_ENDING, event->ending);
	if (disclosure->purpose_parts > 1)
		sg_set_field(fields, COL_PURPOSE_PARTS,
					 Int16GetDatum(disclosure->purpose_parts));

	/* This does not read the disclosure's own per-row fields: see event.h. */
	set_rows(fields, &event->rows);
}

/* A change of policy, or of anything else that decides who gets what. */
static void
set_change(EventFields *fields, const ChangeEvent *event,
		   FullTransactionId transaction_id)
{
	start_fields(fields, &event->event_id, event->occurred_at,
				 transaction_id, event->kind ? event->kind : "policy_change",
				 &event->actor);

	if (event->policy_revision > 0)
		sg_set_field(fields, COL_POLICY_REVISION,
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
set_completion(EventFields *fields, const CompletionEvent *event,
			   FullTransactionId transaction_id)
{
	Actor		no_actor = {0};

	start_fields(fields, &event->event_id, event->occurred_at,
				 transaction_id, "completion", &no_actor);

	sg_set_field(fields, COL_COMPLETES, UUIDPGetDatum(&event->completes));
	set_text(fields, COL_ENDING, event->ending);
	if (event->rows_disclosed != ROWS_UNKNOWN)
	{
		sg_set_field(fields, COL_ROWS_DISCLOSED,
					 Int64GetDatum(event->rows_disclosed));
		sg_set_field(fields, COL_ROWS_BLOCKED,
					 Int64GetDatum(event->rows_blocked));
	}
	set_rows(fields, &event->rows);
}

void
sg_event_fields(EventFields *fields, const Event *event,
				FullTransactionId transaction_id)
{
	switch (event->type)
	{
		case EVENT_DISCLOSURE:
			set_disclosure(fields, (const DisclosureEvent *) event,
						   transaction_id);
			break;
		case EVENT_CHANGE:
			set_change(fields, (const ChangeEvent *) event, transaction_id);
			break;
		case EVENT_COMPLETION:
			set_completion(fields, (const CompletionEvent *) event,
						   transaction_id);
			break;
		default:
			elog(ERROR, "unrecognized type of event: %d", (int) event->type);
	}
}
