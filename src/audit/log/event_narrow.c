/*-------------------------------------------------------------------------
 *
 * event_narrow.c
 *		An event in the form in which the table keeps it.
 *
 * Most events are of one kind: a read in the agency's own name, which is
 * allowed, and it ends well.  Written out, more than half of such an event is
 * what all of them have.  So the table does not keep what other columns of the
 * same event imply.  legible.sql fills it in, from the event alone: a rule
 * here without its counterpart there loses something.
 *
 * Each rule takes out all of its fields or none, and one of them, which is
 * never NULL otherwise, tells by its absence that the rule was applied.  An
 * event that is written out in full, such as a line of the server log that was
 * loaded into the table, is read as it stands.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "utils/array.h"
#include "utils/builtins.h"

#include "audit/log/event_narrow.h"

static inline void
take_out(EventFields *fields, EventColumn column)
{
	fields->values[column] = (Datum) 0;
	fields->nulls[column] = true;
}

static bool
text_is(const EventFields *fields, EventColumn column, const char *text,
		size_t len)
{
	const struct varlena *value;

	if (fields->nulls[column])
		return false;
	value = (const struct varlena *) DatumGetPointer(fields->values[column]);
	return VARSIZE_ANY_EXHDR(value) == len &&
		memcmp(VARDATA_ANY(value), text, len) == 0;
}

#define IS_WORD(fields, column, word) \
	text_is(fields, column, word, sizeof(word) - 1)

/* Neither is NULL, and both are the same text. */
static bool
same_text(const EventFields *fields, EventColumn a, EventColumn b)
{
	const struct varlena *value;

	if (fields->nulls[b])
		return false;
	value = (const struct varlena *) DatumGetPointer(fields->values[b]);
	return text_is(fields, a, VARDATA_ANY(value), VARSIZE_ANY_EXHDR(value));
}

static bool
is_empty_array(const EventFields *fields, EventColumn column)
{
	return !fields->nulls[column] &&
		ARR_NDIM(DatumGetArrayTypeP(fields->values[column])) == 0;
}

/*
 * The element of an array that has one, and that not NULL.  It is part of the
 * array, or of a copy of it in CurrentMemoryContext.
 */
static bool
only_element(const EventFields *fields, EventColumn column, Datum *element)
{
	ArrayType  *array;

	if (fields->nulls[column])
		return false;
	array = DatumGetArrayTypeP(fields->values[column]);
	if (ARR_NDIM(array) != 1 || ARR_DIMS(array)[0] != 1 ||
		ARR_LBOUND(array)[0] != 1 || ARR_HASNULL(array))
		return false;
	*element = PointerGetDatum(ARR_DATA_PTR(array));
	return true;
}

/* One value for all rows is kept as a text: an array has 24 bytes more. */
static void
narrow_rows(EventFields *fields)
{
	static const struct
	{
		EventColumn values;		/* its index is the next column */
		EventColumn value;
	}			columns[] = {
		{COL_RECORD_KEYS, COL_RECORD_KEY},
		{COL_PURPOSES, COL_PURPOSE},
		{COL_QUERY_ELEMENTS, COL_QUERY_ELEMENT},
		{COL_CASE_NUMBERS, COL_CASE_NUMBER},
		{COL_REQUESTING_PERSONS, COL_REQUESTING_PERSON},
		{COL_RECIPIENT_PERSONS, COL_RECIPIENT_PERSON}
	};

	for (int i = 0; i < lengthof(columns); i++)
	{
		Datum		value;

		if (fields->nulls[columns[i].values + 1] &&
			only_element(fields, columns[i].values, &value))
		{
			sg_set_field(fields, columns[i].value, value);
			take_out(fields, columns[i].values);
		}
	}
}

/*
 * A login that is what the session acts as, and the user that it names or the
 * one person that the rows name.
 */
static void
narrow_actor(EventFields *fields)
{
	bool		login = IS_WORD(fields, COL_USERNAME_SOURCE, "login") &&
	fields->nulls[COL_REQUESTING_PERSON] &&
	same_text(fields, COL_USERNAME, COL_SESSION_ROLE);
	bool		person = IS_WORD(fields, COL_USERNAME_SOURCE, "person") &&
	same_text(fields, COL_USERNAME, COL_REQUESTING_PERSON);

	if ((login || person) &&
		same_text(fields, COL_ACTING_ROLE, COL_SESSION_ROLE) &&
		same_text(fields, COL_AUTHENTICATED_LOGIN, COL_SESSION_ROLE))
	{
		take_out(fields, COL_USERNAME_SOURCE);
		take_out(fields, COL_USERNAME);
		take_out(fields, COL_ACTING_ROLE);
		take_out(fields, COL_AUTHENTICATED_LOGIN);
	}
}

/* Is this column an array with nothing but the default of the class? */
static bool
is_default_rule(const EventFields *fields, EventColumn column)
{
	static const char prefix[] = "default:";
	const Size	prefix_len = sizeof(prefix) - 1;
	Datum		rule;
	const char *data;

	if (!only_element(fields, column, &rule))
		return false;
	data = VARDATA_ANY(DatumGetPointer(rule));
	if (VARSIZE_ANY_EXHDR(DatumGetPointer(rule)) < prefix_len ||
		memcmp(data, prefix, prefix_len) != 0)
		return false;
	return text_is(fields, COL_DESTINATION_CLASS, data + prefix_len,
				   VARSIZE_ANY_EXHDR(DatumGetPointer(rule)) - prefix_len);
}

/* What happened is what was decided. */
static void
narrow_decision(EventFields *fields)
{
	bool		allowed = IS_WORD(fields, COL_OUTCOME, "allow");
	bool		counted = !fields->nulls[COL_ROWS_DISCLOSED];
	bool		is_read = IS_WORD(fields, COL_CHANNEL, "self_access") ||
	IS_WORD(fields, COL_CHANNEL, "query");

	if (!same_text(fields, COL_WOULD_BE_OUTCOME, COL_OUTCOME) ||
		fields->nulls[COL_TAGS] || fields->nulls[COL_RULE_IDS] ||
		fields->nulls[COL_FLAG_REASONS])
		return;

	/* An allowed read that was counted has ended in some way. */
	if (is_read && allowed && counted && fields->nulls[COL_ENDING])
		return;

	take_out(fields, COL_WOULD_BE_OUTCOME);
	if (is_empty_array(fields, COL_TAGS))
		take_out(fields, COL_TAGS);
	if (is_empty_array(fields, COL_FLAG_REASONS))
		take_out(fields, COL_FLAG_REASONS);
	if (is_default_rule(fields, COL_RULE_IDS))
		take_out(fields, COL_RULE_IDS);
	if (counted && DatumGetInt64(fields->values[COL_ROWS_BLOCKED]) == 0)
		take_out(fields, COL_ROWS_BLOCKED);
	if (is_read && allowed && counted && IS_WORD(fields, COL_ENDING, "completed"))
		take_out(fields, COL_ENDING);
	if (allowed)
		take_out(fields, COL_OUTCOME);
}

/*
 * Is the agency's id what configure() makes of the name that the organization
 * has?  Asked of names in ASCII alone, which are the same in every encoding.
 */
static bool
id_is_of_organization(const EventFields *fields)
{
	const char *name;
	const char *id;
	Size		name_len;
	Size		id_len;
	Size		at = 0;
	bool		gap = false;

	if (fields->nulls[COL_ORGANIZATION] || fields->nulls[COL_AGENCY_ID])
		return false;
	name = VARDATA_ANY(DatumGetPointer(fields->values[COL_ORGANIZATION]));
	name_len = VARSIZE_ANY_EXHDR(DatumGetPointer(fields->values[COL_ORGANIZATION]));
	id = VARDATA_ANY(DatumGetPointer(fields->values[COL_AGENCY_ID]));
	id_len = VARSIZE_ANY_EXHDR(DatumGetPointer(fields->values[COL_AGENCY_ID]));

	for (Size i = 0; i < name_len; i++)
	{
		char		c = name[i];

		if (IS_HIGHBIT_SET(c))
			return false;
		c = pg_ascii_tolower((unsigned char) c);
		if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')))
		{
			gap = at > 0;
			continue;
		}
		if (gap && (at >= id_len || id[at++] != '-'))
			return false;
		gap = false;
		if (at >= id_len || id[at++] != c)
			return false;
	}
	return at > 0 && at == id_len;
}

/* The agency's own people read. */
static void
narrow_self_access(EventFields *fields)
{
	if (!IS_WORD(fields, COL_CHANNEL, "self_access") ||
		!IS_WORD(fields, COL_OPERATION, "SELECT") ||
		!IS_WORD(fields, COL_DESTINATION_CLASS, "self") ||
		!IS_WORD(fields, COL_AGENCY_STATUS, "active") ||
		!same_text(fields, COL_DESTINATION, COL_AGENCY_ID))
		return;

	take_out(fields, COL_CHANNEL);
	take_out(fields, COL_OPERATION);
	take_out(fields, COL_DESTINATION_CLASS);
	take_out(fields, COL_AGENCY_STATUS);
	take_out(fields, COL_DESTINATION);
	if (id_is_of_organization(fields))
		take_out(fields, COL_AGENCY_ID);
}

/* In this order: what a rule looks at must not be taken out before. */
void
sg_event_narrow(EventFields *fields)
{
	narrow_rows(fields);
	narrow_actor(fields);

	/* Both tell by the session's role that they were applied. */
	if (!IS_WORD(fields, COL_KIND, "disclosure") ||
		fields->nulls[COL_SESSION_ROLE])
		return;
	narrow_decision(fields);
	narrow_self_access(fields);
}
