/*-------------------------------------------------------------------------
 *
 * deliberation.h
 *		Defines the working state of a decision.
 *
 * Only policy/rules may include this.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHARING_GUARD_DELIBERATION_H
#define SHARING_GUARD_DELIBERATION_H

#include <ctype.h>

#include "nodes/pg_list.h"
#include "policy/rules/compiled.h"
#include "policy/rules/policy.h"

/* A recipient of the data: the destination, or the agency that it acts for. */
typedef struct Party
{
	const Agency *agency;		/* NULL: not in the registry */
	DestinationClass class;
	AgencyStatus status;
	bool		inferred;		/* class and status come from the name only */
	bool		on_behalf;
	uint32		spoken_of;		/* the classes that rules cover */
} Party;

/* A rule that matched, or a default that applied. */
typedef struct Finding
{
	const char *rule_id;
	Outcome		outcome;
	const char *citation;		/* or NULL */
	const char *reason;			/* NULL for an allow */
	const char *lawful_way;		/* or NULL */
} Finding;

/*
 * The working state of a decision.  The pointers belong to the policy, the
 * disclosure or the work context of sg_decide(); make_decision() copies the
 * data that must outlive them.
 */
typedef struct Deliberation
{
	const Policy *policy;
	const Disclosure *disclosure;
	int			nparties;
	Party		parties[2];
	WordList	tags;
	WordList	matched_terms;
	int			data_class;		/* its place in the policy's list, or: */
#define DATA_CLASS_ANY		(-1)	/* none was given */
#define DATA_CLASS_UNKNOWN	(-2)	/* it is not on file */
	int			nrules;
	int		   *rules;			/* numbers of the rules that can match */
	bool		has_case_number;
	bool		legal_basis_named;
	const LegalBasis *basis;	/* NULL: none named, or not on file */
	List	   *findings;
	const char *lifting_basis;
	bool		depends_on_record;
	TimestampTz valid_until;
} Deliberation;

/*
 * Note a moment at which the answer may change; the decision is not valid
 * beyond it if it is still to come.
 *
 * Call this for every validity window that an answer depends on, open or not,
 * because the decision is reused without further checks until valid_until.
 */
static inline void
sg_deliberation_edge(Deliberation *d, TimestampTz edge)
{
	if (edge > d->disclosure->at && edge < d->valid_until)
		d->valid_until = edge;
}

/*
 * Returns the text without the blanks around it; nothing is copied.  Use it
 * for ids and case numbers, which applications may read from padded fields.
 */
static inline TextSlice
sg_trimmed(TextSlice slice)
{
	while (slice.len > 0 && isspace((unsigned char) slice.data[0]))
	{
		slice.data++;
		slice.len--;
	}
	while (slice.len > 0 &&
		   isspace((unsigned char) slice.data[slice.len - 1]))
		slice.len--;
	return slice;
}

extern int	sg_sort_unique(char **strings, int count);
extern void sg_deliberation_party(Deliberation *d, TextSlice name,
								  TextSlice state, bool on_behalf);
extern void sg_deliberation_tags(Deliberation *d);
extern int	sg_deliberation_data_class(const Policy *policy,
									   TextSlice data_class);

#endif							/* SHARING_GUARD_DELIBERATION_H */
