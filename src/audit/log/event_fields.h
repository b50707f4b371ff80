/*-------------------------------------------------------------------------
 *
 * event_fields.h
 *		An event as the fields of a row.
 *
 * The one form of an event on its way to the log, to the server log and to
 * another process.  So the table and the server log never disagree on what an
 * event holds, and json_populate_record() reads a line of the log as a row of
 * the table.
 *
 * For audit/ alone: other rooms fill in the structs of event.h.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHARING_GUARD_EVENT_FIELDS_H
#define SHARING_GUARD_EVENT_FIELDS_H

#include "access/transam.h"

#include "audit/log/event.h"

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
	COL_SEARCHED_AT,
	COL_PURPOSE_PARTS,
	COL_KIND,
	COL_USERNAME,
	COL_USERNAME_SOURCE,
	COL_ORGANIZATION,
	COL_SESSION_ROLE,
	COL_ACTING_ROLE,
	COL_AUTHENTICATED_LOGIN,
	COL_AUTHENTICATED_IDENTITY,
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
	COL_RECORD_KEY,
	COL_PURPOSE,
	COL_QUERY_ELEMENT,
	COL_CASE_NUMBER,
	COL_REQUESTING_PERSON,
	COL_RECIPIENT_PERSON,
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
	COL_RECIPIENT_PERSONS,
	COL_RECIPIENT_PERSON_INDEX,
	COL_SEARCH_DETAILS,
	COL_COMPLETES,
	COL_ENDING,
	COL_CHANGED_KEY,
	COL_OLD_ROW,
	COL_NEW_ROW
} EventColumn;
#define EVENT_COLUMNS (COL_NEW_ROW + 1)

typedef struct EventColumnType
{
	const char *name;
	Oid			type;
} EventColumnType;

/* By EventColumn. */
extern const EventColumnType sg_event_columns[];

/*
 * One row of the table, as its values.  What they point to belongs to the
 * memory context they were filled in.
 */
typedef struct EventFields
{
	Datum		values[EVENT_COLUMNS];
	bool		nulls[EVENT_COLUMNS];
} EventFields;

static inline void
sg_set_field(EventFields *fields, EventColumn column, Datum value)
{
	fields->values[column] = value;
	fields->nulls[column] = false;
}

/*
 * Sets all fields of an event; what is allocated for them is in
 * CurrentMemoryContext.  An event that is not written by this transaction, or
 * not yet, has InvalidFullTransactionId.
 */
extern void sg_event_fields(EventFields *fields, const Event *event,
							FullTransactionId transaction_id);

#endif							/* SHARING_GUARD_EVENT_FIELDS_H */
