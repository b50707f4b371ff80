/*-------------------------------------------------------------------------
 *
 * disclosure.h
 *		The structs that flow through sharing_guard.  No code.
 *
 * A channel notices that rows are leaving and fills in a Disclosure; policy
 * turns it into a Decision; the channel obeys the Decision and hands both to
 * audit.  Nothing else passes between the rooms, and nothing passes back.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHARING_GUARD_DISCLOSURE_H
#define SHARING_GUARD_DISCLOSURE_H

#include "datatype/timestamp.h"

/*
 * A piece of text owned by somebody else, in the database encoding and not
 * NUL-terminated.  data == NULL is SQL NULL, which is not the empty string.
 */
typedef struct TextSlice
{
	const char *data;
	Size		len;
} TextSlice;

/* Ordered: the strictest of several outcomes is the greatest. */
typedef enum Outcome
{
	OUTCOME_ALLOW,
	OUTCOME_FLAG,				/* goes out, and the auditor is shown it */
	OUTCOME_BLOCK
} Outcome;

/* Relative to the home jurisdiction; enum_names.c has the SQL spellings. */
typedef enum DestinationClass
{
	DESTINATION_SELF,
	DESTINATION_IN_STATE_PUBLIC_AGENCY,
	DESTINATION_IN_STATE_INFERRED,
	DESTINATION_OUT_OF_STATE,
	DESTINATION_FEDERAL,
	DESTINATION_TRIBAL,
	DESTINATION_NON_US,
	DESTINATION_PRIVATE,
	DESTINATION_SERVICE_PROVIDER,
	DESTINATION_UNREGISTERED
} DestinationClass;
#define DESTINATION_CLASS_COUNT (DESTINATION_UNREGISTERED + 1)

typedef enum AgencyStatus
{
	AGENCY_STATUS_NONE,			/* nothing known: not in the registry */
	AGENCY_ACTIVE,
	AGENCY_INACTIVE
} AgencyStatus;
#define AGENCY_STATUS_COUNT (AGENCY_INACTIVE + 1)

/* The ways out, as design and manual name them. */
typedef enum Channel
{
	CHANNEL_EXPORT_ROW,
	CHANNEL_COPY,
	CHANNEL_QUERY,
	CHANNEL_FOREIGN_TABLE,
	CHANNEL_REPLICATION,
	CHANNEL_GRANT,
	CHANNEL_COPIED_TABLE,
	CHANNEL_SELF_ACCESS
} Channel;
#define CHANNEL_COUNT (CHANNEL_SELF_ACCESS + 1)

/*
 * Rows (or one row) leaving through one channel, to one destination, for one
 * purpose, under one legal basis.
 *
 * Strings are NUL-terminated and NULL where not given; slices may point into
 * the tuple that is being looked at.  Whoever keeps a Disclosure beyond the
 * row copies what it points to.
 */
typedef struct Disclosure
{
	Channel		channel;
	const char *operation;		/* INSERT, UPDATE, COPY, SELECT, ... */
	const char *relation;		/* schema-qualified and quoted as needed */

	TextSlice	data_class;
	TextSlice	destination;	/* as the application spells it */
	TextSlice	destination_state;	/* ISO 3166-2 or a postal code; optional */
	TextSlice	purpose;
	TextSlice	legal_basis;	/* legal_basis.legal_basis_id */
	bool		legal_basis_used_up;	/* nothing is left of its limits */
	TextSlice	on_behalf_of;	/* an agency, spelled like a destination */
	TextSlice	case_number;
	TextSlice	record_key;
	TextSlice	requesting_person;
	TextSlice	query_elements;

	/*
	 * Tags that the application gave as such (a purpose column of type
	 * text[]), besides those found in the purpose text.
	 */
	int			ndeclared_tags;
	const TextSlice *declared_tags;

	/* The clock of the decision: the only time that policy ever looks at. */
	TimestampTz at;
} Disclosure;

/*
 * What policy says of a Disclosure, and enough to replay it later.  All that
 * it points to lives in the memory context it was made in.
 */
typedef struct Decision
{
	Outcome		outcome;

	DestinationClass destination_class;
	AgencyStatus agency_status;
	const char *agency_id;		/* NULL: unregistered */
	const char *agency_name;	/* the registry's spelling; NULL likewise */

	/* Set only where the disclosure named an agency it was made for. */
	DestinationClass on_behalf_of_class;
	const char *on_behalf_of_agency_id;

	/* Arrays of NUL-terminated strings, sorted, without duplicates. */
	int			ntags;
	const char **tags;
	int			nmatched_terms; /* "tag: term", of the purpose's own words */
	const char **matched_terms;
	int			nrules;			/* every rule that matched */
	const char **rule_ids;

	/*
	 * One sentence for each matched rule that flags or blocks, strictest
	 * first: fit for an error's detail.  Never contains row data.
	 */
	int			nreasons;
	int			nblocking;		/* how many of them block: the first ones */
	const char **reasons;

	/* What a person could lawfully do instead of what is blocked; sentences. */
	int			nlawful_ways;
	const char **lawful_ways;

	const char *authority;		/* citations of the matched rules; or NULL */
	const char *legal_basis_id; /* the basis that lifted a block; or NULL */

	/*
	 * Rows that go out use that basis up, so the channel has to use it before
	 * it obeys (policy/rules/legal_basis.h).
	 */
	bool		legal_basis_limited;

	int64		policy_revision;

	/*
	 * The decision holds from the disclosure's own time until (exclusive)
	 * this one: the next edge of any validity window that was looked at.
	 */
	TimestampTz valid_until;

	/*
	 * The record key or the text of the case number was looked at (a legal
	 * basis with such a scope), so the decision holds for that row alone.
	 * Whether there is a case number at all is always part of the decision.
	 */
	bool		depends_on_record;
} Decision;

#endif							/* SHARING_GUARD_DISCLOSURE_H */
