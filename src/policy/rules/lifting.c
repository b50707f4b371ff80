/*-------------------------------------------------------------------------
 *
 * lifting.c
 *		Decides whether a legal basis lifts a rule's block.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <ctype.h>
#include "fmgr.h"
#include "lib/stringinfo.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "policy/rules/compiled.h"
#include "policy/rules/deliberation.h"
#include "policy/rules/lifting.h"

/*
 * Does a slice equal a string?  NULL equals no string, not even the empty one.
 */
static bool
slice_is(TextSlice slice, const char *string)
{
	return slice.data != NULL && strlen(string) == slice.len &&
		memcmp(slice.data, string, slice.len) == 0;
}

/*
 * Returns "a judicial warrant" for "judicial_warrant", for a sentence;
 * palloc'd.
 */
static char *
kind_in_words(const char *kind)
{
	char	   *words = psprintf("%s %s", strchr("aeiou", kind[0]) ? "an" : "a",
								 kind);

	for (char *c = words; *c; c++)
	{
		if (*c == '_')
			*c = ' ';
	}
	return words;
}

/*
 * Must the basis cover this party for the rule to be lifted?
 *
 * A rule about purposes (whose party is NULL) concerns every party except
 * ourselves.  It concerns ourselves only where there is no other party.
 */
static bool
is_concerned(const Deliberation *d, const Party *other, const Party *party)
{
	if (party != NULL)
		return other == party;
	if (other->class != DESTINATION_SELF)
		return true;
	for (int i = 0; i < d->nparties; i++)
	{
		if (d->parties[i].class != DESTINATION_SELF)
			return false;
	}
	return true;
}

/*
 * Returns why no task force supports an agreement, as the end of a sentence.
 * Returns NULL if one does.  Also returns NULL if none is on file, because
 * then the agreement stands by its own scope.
 *
 * The same task force must have a primary purpose other than immigration, be
 * active at the time of the disclosure, and have as members all parties that
 * the rule concerns, except ourselves.
 */
static const char *
why_no_task_force(Deliberation *d, const LegalBasis *basis,
				  const Party *party)
{
	const char *why_not = NULL;

	for (int i = 0; i < d->policy->ntask_forces; i++)
	{
		const TaskForce *force = &d->policy->task_forces[i];
		bool		members = true;

		if (strcmp(force->agreement, basis->legal_basis_id) != 0)
			continue;
		sg_deliberation_edge(d, force->starts);
		sg_deliberation_edge(d, force->ends);
		for (int k = 0; k < d->nparties; k++)
		{
			const Party *other = &d->parties[k];

			if (is_concerned(d, other, party) &&
				other->class != DESTINATION_SELF &&
				(other->agency == NULL || other->inferred ||
				 !sg_words_contain(&force->agencies, other->agency->agency_id,
								   strlen(other->agency->agency_id))))
				members = false;
		}
		if (force->for_immigration)
			why_not = psprintf("the primary purpose of task force \"%s\" is immigration enforcement",
							   force->name);
		else if (d->disclosure->at < force->starts)
			why_not = psprintf("task force \"%s\" has not begun", force->name);
		else if (d->disclosure->at >= force->ends)
			why_not = psprintf("task force \"%s\" has ended", force->name);
		else if (!members)
			why_not = psprintf("the agency is not a member of task force \"%s\"",
							   force->name);
		else
			return NULL;
	}
	return why_not;
}

/*
 * Returns why the named legal basis does not lift this rule for this party, as
 * the end of a sentence; NULL if it does.
 *
 * Every scope that the basis has must cover the disclosure.
 *
 * The checks of the basis itself come first, then the checks of its recipient
 * and purpose, and the checks of the record last.  Once the record is looked
 * at, the answer is valid for this row only and cannot be cached for the next
 * (depends_on_record).  All earlier answers are the same for every row.
 *
 * The text may quote the registry and the basis, but never the row, because it
 * becomes part of error messages.
 */
const char *
sg_why_not_lifted(Deliberation *d, const Rule *rule, const Party *party)
{
	const Disclosure *disclosure = d->disclosure;
	const LegalBasis *basis = d->basis;
	const char *why_not;

	if (basis == NULL)
		return "it is not on file";

	/* Every answer below may change at these moments. */
	sg_deliberation_edge(d, basis->valid_from);
	sg_deliberation_edge(d, basis->valid_until);
	sg_deliberation_edge(d, basis->revoked_at);

	/*
	 * The rule names the kinds of basis that its own authority accepts; no
	 * other kind lifts it.
	 */
	if (!sg_words_contain(&rule->lifted_by, basis->kind, strlen(basis->kind)))
		return psprintf("this rule is not lifted by %s",
						kind_in_words(basis->kind));
	if (disclosure->at >= basis->revoked_at)
		return psprintf("it was revoked on %s", basis->revoked_at_text);
	if (disclosure->at >= basis->valid_until)
		return psprintf("it expired on %s", basis->valid_until_text);
	if (disclosure->at < basis->valid_from)
		return psprintf("it is valid only from %s", basis->valid_from_text);

	for (int i = 0; basis->destination != NULL && i < d->nparties; i++)
	{
		const Party *other = &d->parties[i];

		if (!is_concerned(d, other, party))
			continue;
		if (other->agency == NULL || other->inferred ||
			strcmp(other->agency->agency_id, basis->destination) != 0)
			return "it is for another destination";
	}

	if (strcmp(basis->kind, "task_force_agreement") == 0)
	{
		why_not = why_no_task_force(d, basis, party);
		if (why_not != NULL)
			return why_not;
	}

	/* A scope is not met where the disclosure does not give the value. */
	if (basis->data_classes.count > 0)
	{
		if (disclosure->data_class.data == NULL)
			return "it is for certain data classes, and none was given";
		if (!sg_words_contain(&basis->data_classes,
							  disclosure->data_class.data,
							  disclosure->data_class.len))
			return "it does not cover this class of data";
	}

	/*
	 * Set this first, because the next row may give a key where this one does
	 * not.
	 */
	if (basis->record_keys.count > 0)
	{
		d->depends_on_record = true;
		if (disclosure->record_key.data == NULL)
			return "it is for certain records, and none was given";
		if (!sg_words_contain(&basis->record_keys, disclosure->record_key.data,
							  disclosure->record_key.len))
			return "it does not cover this record";
	}
	if (basis->case_number != NULL)
	{
		d->depends_on_record = true;
		if (!d->has_case_number)
			return "it is for one case, and no case number was given";
		if (!slice_is(sg_trimmed(disclosure->case_number), basis->case_number))
			return "it is for another case";
	}

	/* The channel has found this out; policy does not count the uses. */
	if (disclosure->legal_basis_used_up)
	{
		if (basis->row_limit == 0)
			return "it was for a single use, and has been used";
		if (basis->single_use)
			return psprintf("it was for a single use of at most " INT64_FORMAT " rows, and nothing is left of that",
							basis->row_limit);
		return psprintf("its limit of " INT64_FORMAT " rows is used up",
						basis->row_limit);
	}
	return NULL;
}
