/*-------------------------------------------------------------------------
 *
 * deliberation.c
 *		Prepares a decision's input: the parties, the tags and the data class.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <ctype.h>
#include "fmgr.h"
#include "lib/stringinfo.h"
#include "utils/timestamp.h"

#include "policy/names/fold.h"
#include "policy/rules/compiled.h"
#include "policy/rules/deliberation.h"
#include "policy/rules/policy.h"
#include "policy/rules/rule_index.h"

/*
 * Add a party by the name that the application gives.  Where a state is given
 * beside the name, it must be the agency's own (destination.c).
 */
void
sg_deliberation_party(Deliberation *d, TextSlice name, TextSlice state, bool on_behalf)
{
	Party	   *party = &d->parties[d->nparties++];
	Destination found = sg_registry_resolve(d->policy->registry, name, state);

	party->agency = found.agency;
	party->class = found.class;
	party->status = found.status;
	party->inferred = found.inferred;
	party->on_behalf = on_behalf;

	if (party->agency != NULL)
	{
		sg_deliberation_edge(d, party->agency->attested_from);
		sg_deliberation_edge(d, party->agency->attested_until);
		sg_deliberation_edge(d, party->agency->contract_until);
	}
}

static int
compare_strings(const void *a, const void *b)
{
	return strcmp(*(char *const *) a, *(char *const *) b);
}

/*
 * Sort strings in place and drop duplicates; returns how many are left.
 *
 * A decision's lists are part of the key by which rows share an event, so the
 * same set must always give the same list.
 */
int
sg_sort_unique(char **strings, int count)
{
	int			kept = 0;

	qsort(strings, count, sizeof(char *), compare_strings);
	for (int i = 0; i < count; i++)
	{
		if (kept == 0 || strcmp(strings[kept - 1], strings[i]) != 0)
			strings[kept++] = strings[i];
	}
	return kept;
}

/*
 * Does some term give this tag, or does some rule ask for it?  A rule may ask
 * for a tag that no term gives, because applications can declare it.
 */
static bool
tag_is_known(const Policy *policy, TextSlice tag)
{
	return sg_tagger_knows(policy->tagger, tag) ||
		sg_rule_index_has_tag(policy->rule_index, tag);
}

/* Set a sorted word list without duplicates from a List of strings. */
static void
set_words(WordList *words, const List *strings)
{
	ListCell   *lc;

	words->count = 0;
	words->words = palloc((list_length(strings) + 1) * sizeof(char *));
	foreach(lc, strings)
		words->words[words->count++] = lfirst(lc);
	words->count = sg_sort_unique(words->words, words->count);
}

/*
 * Set d->tags to the tags that the purpose's words match and the tags that the
 * application declared, and d->matched_terms to the terms; both sorted.
 *
 * A declared tag that the policy does not know is treated as words.  It is
 * part of the purpose text, and must not be shown as one of the policy's tags.
 */
void
sg_deliberation_tags(Deliberation *d)
{
	const Disclosure *disclosure = d->disclosure;
	Tagging		tagging = {NIL, NIL};
	List	   *tags = NIL;

	for (int i = 0; i < disclosure->ndeclared_tags; i++)
	{
		TextSlice	declared = disclosure->declared_tags[i];

		if (sg_is_given(declared) && tag_is_known(d->policy, declared))
			tags = lappend(tags, pnstrdup(declared.data, declared.len));
	}
	/* A purpose may consist of declared tags only. */
	if (tags == NIL || sg_is_given(disclosure->purpose))
		tagging = sg_tag_purpose(d->policy->tagger, disclosure->purpose);
	set_words(&d->tags, list_concat(tags, tagging.tags));
	set_words(&d->matched_terms, tagging.terms);
}

int
sg_deliberation_data_class(const Policy *policy, TextSlice data_class)
{
	int			place;

	if (data_class.data == NULL)
		return DATA_CLASS_ANY;
	place = sg_words_find(&policy->data_classes, data_class.data,
						  data_class.len);
	return place < 0 ? DATA_CLASS_UNKNOWN : place;
}
