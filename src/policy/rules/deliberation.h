/*-------------------------------------------------------------------------
 *
 * deliberation.h
 *		What a decision is made from and into.
 *
 * For policy/rules alone.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHARING_GUARD_DELIBERATION_H
#define SHARING_GUARD_DELIBERATION_H

#include <ctype.h>

#include "policy/rules/compiled.h"
#include "policy/rules/policy.h"

/*
 * One who receives the data: the destination, or the agency that it acts for.
 */
typedef struct Party
{
	const Agency *agency;		/* NULL: not in the registry */
	DestinationClass class;
	AgencyStatus status;
	bool		inferred;		/* all this from the spelling of a name */
	bool		on_behalf;
	uint32		spoken_of;		/* the classes that rules have spoken of */
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
 * All that a decision is made from and into.  What hangs on it is the
 * policy's, the disclosure's or in the work context of sg_decide();
 * make_decision() copies what is to stay.
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
	int		   *rules;			/* numbers of those that can match */
	bool		has_case_number;
	bool		legal_basis_named;
	const LegalBasis *basis;	/* NULL: none named, or not on file */
	List	   *findings;
	const char *lifting_basis;
	bool		depends_on_record;
	TimestampTz valid_until;
} Deliberation;

/*
 * The decision cannot be kept beyond an edge that is still to come.
 *
 * Every window that an answer depends on has to come through here, whether it
 * is open or not: until valid_until the decision is used again without another
 * look at anything.
 */
static inline void
sg_deliberation_edge(Deliberation *d, TimestampTz edge)
{
	if (edge > d->disclosure->at && edge < d->valid_until)
		d->valid_until = edge;
}

/*
 * The same text without the blanks around it; nothing is copied.  For ids and
 * case numbers, which applications take from padded fields.
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

/* In lifting.c: why the legal basis does not lift this rule; NULL if it does. */
extern const char *sg_why_not_lifted(Deliberation *d, const Rule *rule,
									 const Party *party);

#endif							/* SHARING_GUARD_DELIBERATION_H */
