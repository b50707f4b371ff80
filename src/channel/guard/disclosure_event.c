/*-------------------------------------------------------------------------
 *
 * disclosure_event.c
 *		Fills in the event of a disclosure: who acted, what was decided, which
 *		rows.
 *
 * Rows that share the transaction's fate wait in groups (channel/export) until
 * their event is written.  Refusals, reads and commands have an event of their
 * own at once (lone_event.c).  Both are filled in here.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "channel/guard/binding.h"
#include "channel/guard/context.h"
#include "channel/guard/disclosure_event.h"
#include "policy/rules/policy.h"

/* ----------------------------------------------------------------
 *		Copies that outlive the decision cache
 * ----------------------------------------------------------------
 */

static char *
copy_string(const char *string)
{
	return string == NULL ? NULL : pstrdup(string);
}

static TextSlice
copy_slice(const TextSlice *slice)
{
	TextSlice	copy = {NULL, 0};

	if (slice->data != NULL)
	{
		copy.data = pnstrdup(slice->data, slice->len);
		copy.len = slice->len;
	}
	return copy;
}

static const char **
copy_strings(const char **strings, int count)
{
	const char **copy;

	if (count == 0)
		return NULL;
	copy = palloc(sizeof(char *) * count);
	for (int i = 0; i < count; i++)
		copy[i] = pstrdup(strings[i]);
	return copy;
}

/*
 * Into CurrentMemoryContext.
 *
 * A group may be written long after the decision cache was emptied, with the
 * policy as it was when its rows went out.
 */
Decision *
sg_copy_decision(const Decision *decision)
{
	Decision   *copy = palloc(sizeof(Decision));

	*copy = *decision;
	copy->agency_id = copy_string(decision->agency_id);
	copy->agency_name = copy_string(decision->agency_name);
	copy->on_behalf_of_agency_id = copy_string(decision->on_behalf_of_agency_id);
	copy->tags = copy_strings(decision->tags, decision->ntags);
	copy->matched_terms = copy_strings(decision->matched_terms,
									   decision->nmatched_terms);
	copy->rule_ids = copy_strings(decision->rule_ids, decision->nrules);
	copy->reasons = copy_strings(decision->reasons, decision->nreasons);
	copy->lawful_ways = copy_strings(decision->lawful_ways,
									 decision->nlawful_ways);
	copy->authority = copy_string(decision->authority);
	copy->legal_basis_id = copy_string(decision->legal_basis_id);
	return copy;
}

/*
 * What all rows of a group share, into CurrentMemoryContext.
 *
 * The other fields differ from row to row, and are in the group's columns.
 */
Disclosure
sg_copy_shared_fields(const Disclosure *disclosure)
{
	Disclosure	copy = {0};

	copy.channel = disclosure->channel;
	copy.operation = copy_string(disclosure->operation);
	copy.relation = copy_string(disclosure->relation);
	copy.data_class = copy_slice(&disclosure->data_class);
	copy.destination = copy_slice(&disclosure->destination);
	copy.destination_state = copy_slice(&disclosure->destination_state);
	copy.purpose_parts = disclosure->purpose_parts;
	copy.legal_basis = copy_slice(&disclosure->legal_basis);
	copy.on_behalf_of = copy_slice(&disclosure->on_behalf_of);
	copy.at = disclosure->at;
	return copy;
}

/* ----------------------------------------------------------------
 *		Events
 * ----------------------------------------------------------------
 */

/*
 * Who acts, in CurrentMemoryContext.  A login that several people share must
 * never pass for one of them.
 *
 * Looked up when the first row comes: an event may have to be written where
 * the catalog can be looked at no more.
 */
void
sg_set_actor(Actor *actor, Oid session_role, Oid acting_role)
{
	sg_binding_set_actor(actor, session_role, acting_role);
	if (actor->organization == NULL)
		actor->organization = sg_policy_home_agency_name(sg_policy_current());
	actor->organization = copy_string(actor->organization);
}

/*
 * Fill in the event of these rows, which points to all that it is given; the
 * rest is allocated in CurrentMemoryContext.  The event's id and time are the
 * caller's to set.
 */
void
sg_event_of_rows(DisclosureEvent *event, const Actor *actor,
				 const Disclosure *disclosure, const Decision *decision,
				 Outcome outcome, const RowColumns *rows, int64 nrows)
{
	const RowColumn *persons = rows->column[ROW_PERSON];
	TextSlice	person;

	memset(event, 0, sizeof(*event));
	event->type = EVENT_DISCLOSURE;
	event->actor = *actor;

	/* A person named by the application comes before the login. */
	if (persons != NULL)
	{
		event->actor.username_source = "person";
		event->actor.username = NULL;
		if (sg_rows_shared_value(persons, &person))
			event->actor.username = pnstrdup(person.data, person.len);
	}

	event->disclosure = disclosure;
	event->decision = decision;
	event->outcome = outcome;
	event->rows_disclosed = outcome == OUTCOME_BLOCK ? 0 : nrows;
	event->rows_blocked = outcome == OUTCOME_BLOCK ? nrows : 0;
	event->rows = *rows;
}

/*
 * Fill in the event of one row, with the row's fields of this set, an id and
 * the time of the disclosure.  Memory as in sg_event_of_rows().
 */
void
sg_event_of_row(DisclosureEvent *event, const Actor *actor,
				const Disclosure *shared, const Decision *decision,
				Outcome outcome, const Disclosure *row, int fields)
{
	const TextSlice *values[ROW_FIELDS] = {
		[ROW_PURPOSE] = &row->purpose,
		[ROW_RECORD_KEY] = &row->record_key,
		[ROW_QUERY_ELEMENTS] = &row->query_elements,
		[ROW_CASE_NUMBER] = &row->case_number,
		[ROW_PERSON] = &row->requesting_person,
		[ROW_RECIPIENT] = &row->recipient_person
	};
	RowColumns	columns;

	sg_rows_columns(&columns, fields);
	for (int i = 0; i < ROW_FIELDS; i++)
	{
		if (columns.column[i] != NULL)
			sg_rows_append(columns.column[i], values[i]);
	}
	sg_event_of_rows(event, actor, shared, decision, outcome, &columns, 1);
	event->occurred_at = row->at;
	sg_event_new_id(&event->event_id, row->at);
}
