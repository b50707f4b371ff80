/*-------------------------------------------------------------------------
 *
 * rule_index.c
 *		Finds the rules that a disclosure can match.
 *
 * There may be thousands of rules, one for each agency or for each sort of
 * purpose.  Such a rule is filed under the agencies that it names, or else
 * under its tags, and a disclosure that has none of them never looks at it.
 * All other rules are compared with every disclosure; they are few.
 *
 * These conditions do not depend on the time of the disclosure, so a rule that
 * is skipped does not affect how long the decision is valid.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "policy/rules/rule_index.h"

/* A rule, and one of the words that it is filed under. */
typedef struct FiledRule
{
	const char *word;
	int			rule;
} FiledRule;

/* Filed rules, sorted by their words. */
typedef struct RuleFile
{
	int			count;
	FiledRule  *rules;
} RuleFile;

struct RuleIndex
{
	RuleFile	by_agency;
	RuleFile	by_tag;
	int			nothers;
	int		   *others;

	/*
	 * All tags that rules ask for, including rules filed under their
	 * agencies.
	 */
	WordList	tags;
};

static int
compare_filed(const void *a, const void *b)
{
	return strcmp(((const FiledRule *) a)->word, ((const FiledRule *) b)->word);
}

static int
compare_numbers(const void *a, const void *b)
{
	int			x = *(const int *) a;
	int			y = *(const int *) b;

	return x < y ? -1 : x > y;
}

static void
file_under(RuleFile *file, const WordList *words, int rule)
{
	for (int i = 0; i < words->count; i++)
	{
		file->rules[file->count].word = words->words[i];
		file->rules[file->count++].rule = rule;
	}
}

RuleIndex *
sg_rule_index_make(const Rule *rules, int nrules)
{
	RuleIndex  *index = palloc0(sizeof(RuleIndex));
	Size		nagencies = 0;
	Size		ntags = 0;

	for (int i = 0; i < nrules; i++)
	{
		nagencies += rules[i].agencies.count;
		ntags += rules[i].purpose_tags.count;
	}
	index->by_agency.rules = palloc_extended((nagencies + 1) * sizeof(FiledRule),
											 MCXT_ALLOC_HUGE);
	index->by_tag.rules = palloc_extended((ntags + 1) * sizeof(FiledRule),
										  MCXT_ALLOC_HUGE);
	index->tags.words = palloc_extended((ntags + 1) * sizeof(char *),
										MCXT_ALLOC_HUGE);
	index->others = palloc((nrules + 1) * sizeof(int));
	for (int i = 0; i < nrules; i++)
	{
		const Rule *rule = &rules[i];

		if (rule->agencies.count > 0)
			file_under(&index->by_agency, &rule->agencies, i);
		else if (rule->purpose_tags.count > 0)
			file_under(&index->by_tag, &rule->purpose_tags, i);
		else
			index->others[index->nothers++] = i;
		for (int k = 0; k < rule->purpose_tags.count; k++)
			index->tags.words[index->tags.count++] = rule->purpose_tags.words[k];
	}
	qsort(index->by_agency.rules, index->by_agency.count, sizeof(FiledRule),
		  compare_filed);
	qsort(index->by_tag.rules, index->by_tag.count, sizeof(FiledRule),
		  compare_filed);
	sg_words_sort(&index->tags);
	return index;
}

/*
 * Returns the first rule filed under this word and sets *count to their
 * number.
 */
static const FiledRule *
find_filed(const RuleFile *file, const char *word, int *count)
{
	FiledRule	key = {.word = word};
	const FiledRule *first = bsearch(&key, file->rules, file->count,
									 sizeof(FiledRule), compare_filed);
	const FiledRule *end = file->rules + file->count;
	const FiledRule *last = first;

	*count = 0;
	if (first == NULL)
		return NULL;
	while (first > file->rules && compare_filed(first - 1, &key) == 0)
		first--;
	while (last < end && compare_filed(last, &key) == 0)
		last++;
	*count = last - first;
	return first;
}

int *
sg_rule_index_find(const RuleIndex *index, const char *const *agencies,
				   int nagencies, const WordList *tags, int *count)
{
	int			nwords = nagencies + tags->count;
	const FiledRule **found = palloc((nwords + 1) * sizeof(FiledRule *));
	int		   *nfound = palloc((nwords + 1) * sizeof(int));
	Size		total = index->nothers;
	int		   *numbers;
	int			nfiled = 0;
	int			kept = 0;

	for (int i = 0; i < nwords; i++)
	{
		if (i < nagencies)
			found[i] = find_filed(&index->by_agency, agencies[i], &nfound[i]);
		else
			found[i] = find_filed(&index->by_tag, tags->words[i - nagencies],
								  &nfound[i]);
		total += nfound[i];
	}

	numbers = palloc_extended((total + 1) * sizeof(int), MCXT_ALLOC_HUGE);
	for (int i = 0; i < nwords; i++)
	{
		for (int k = 0; k < nfound[i]; k++)
			numbers[nfiled++] = found[i][k].rule;
	}

	/*
	 * One rule may be filed under both agencies, or under several of the
	 * tags.
	 */
	qsort(numbers, nfiled, sizeof(int), compare_numbers);
	for (int i = 0; i < nfiled; i++)
	{
		if (kept == 0 || numbers[kept - 1] != numbers[i])
			numbers[kept++] = numbers[i];
	}
	memcpy(numbers + kept, index->others, index->nothers * sizeof(int));
	*count = kept + index->nothers;
	return numbers;
}

bool
sg_rule_index_has_tag(const RuleIndex *index, TextSlice tag)
{
	return sg_words_contain(&index->tags, tag.data, tag.len);
}
