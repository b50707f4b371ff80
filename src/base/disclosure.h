/*-------------------------------------------------------------------------
 *
 * disclosure.h
 *		Defines the structs that the rooms pass to each other.  No code.
 *
 * A channel notices that rows leave and fills in a Disclosure.  The policy
 * room makes a Decision from it.  The channel obeys the Decision and gives
 * both to audit.  The rooms exchange nothing else, and nothing flows back.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHARING_GUARD_DISCLOSURE_H
#define SHARING_GUARD_DISCLOSURE_H

#include "datatype/timestamp.h"

/*
 * A piece of text in the database encoding, which the struct does not own.  It
 * is not NUL-terminated.  data == NULL is SQL NULL, which is not the empty
 * string.
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
	OUTCOME_FLAG,				/* goes out and is shown to the auditor */
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
	AGENCY_STATUS_NONE,			/* unknown: not in the registry */
	AGENCY_ACTIVE,
	AGENCY_INACTIVE
} AgencyStatus;
#define AGENCY_STATUS_COUNT (AGENCY_INACTIVE + 1)

/* The ways by which rows leave, with the names that the manual uses. */
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
 * Stands between the parts of a purpose that several columns make, as ASCII's
 * unit separator is meant to.  It is in no part, so the parts can be told
 * apart.
 */
#define PURPOSE_SEPARATOR	'\x1F'

/*
 * Rows (or one row) leaving through one channel, to one destination, for one
 * purpose, under one legal basis.
 *
 * Strings are NUL-terminated and NULL where not given; slices may point into
 * the current tuple.  A caller that keeps a Disclosure beyond the row must
 * copy the data that it points to.
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
	int			purpose_parts;	/* how many columns made it: see
								 * PURPOSE_SEPARATOR */
	TextSlice	legal_basis;	/* legal_basis.legal_basis_id */
	bool		legal_basis_used_up;	/* its limits leave no more use */
	TextSlice	on_behalf_of;	/* an agency, spelled like a destination */
	TextSlice	case_number;
	TextSlice	record_key;
	TextSlice	requesting_person;	/* on our side */
	TextSlice	recipient_person;	/* at the destination */
	TextSlice	query_elements;

	/*
	 * Tags that the application declares (a purpose column of type text[]),
	 * in addition to those found in the purpose text.
	 */
	int			ndeclared_tags;
	const TextSlice *declared_tags;

	/* The time of the decision.  Policy reads no other clock. */
	TimestampTz at;
} Disclosure;

/*
 * The policy's decision on a Disclosure, with enough to replay it later.  All
 * its pointers are allocated in the memory context that it was made in.
 */
typedef struct Decision
{
	Outcome		outcome;

	DestinationClass destination_class;
	AgencyStatus agency_status;
	const char *agency_id;		/* NULL: unregistered */
	const char *agency_name;	/* the registry's spelling; NULL likewise */

	/* Set only where the disclosure is made on behalf of an agency. */
	DestinationClass on_behalf_of_class;
	const char *on_behalf_of_agency_id;

	/* Arrays of NUL-terminated strings, sorted, without duplicates. */
	int			ntags;
	const char **tags;
	int			nmatched_terms; /* "tag: term", from the purpose text only */
	const char **matched_terms;
	int			nrules;			/* every rule that matched */
	const char **rule_ids;

	/*
	 * One sentence for each matched rule that flags or blocks, strictest
	 * first, for an error's detail.  Never contains row data.
	 */
	int			nreasons;
	int			nblocking;		/* number of blocking ones, which come first */
	const char **reasons;

	/* Sentences that name lawful alternatives to what is blocked. */
	int			nlawful_ways;
	const char **lawful_ways;

	const char *authority;		/* citations of the matched rules; or NULL */
	const char *legal_basis_id; /* the basis that lifted a block; or NULL */

	/*
	 * The basis has limits that outgoing rows use up, so the channel must
	 * take its use before it obeys (policy/rules/legal_basis.h).
	 */
	bool		legal_basis_limited;

	int64		policy_revision;

	/*
	 * The decision is valid from the disclosure's own time until this time
	 * (exclusive), which is the next edge of any validity window that the
	 * decision depends on.
	 */
	TimestampTz valid_until;

	/*
	 * The decision depends on the record key or the text of the case number
	 * (a legal basis has such a scope), so it is valid for this row only.
	 * Every decision may depend on whether there is a case number at all.
	 */
	bool		depends_on_record;
} Decision;

#endif							/* SHARING_GUARD_DISCLOSURE_H */
