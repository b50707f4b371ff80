/*-------------------------------------------------------------------------
 *
 * purpose.c
 *		Finds the tags of a purpose text.
 *
 * The text is folded and split into words once.  From each word on, the tagger
 * follows a tree of the terms, whose steps are words of the lexicon, until no
 * term continues like the text.  A step is one hash look-up, and so is a word,
 * so the cost grows with the text, and not with the number of terms.
 *
 * A term matches where the text has its words, each of them whole, joined from
 * chained words, or (if long) with one letter wrong.  In a series of single
 * letters any part may spell a word (x I C E), and exceptions list the series
 * that spell another (P O L I C E).  ICE123 is not split, because it may be a
 * license plate.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <ctype.h>
#include <limits.h>

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "nodes/pg_list.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "policy/names/fold.h"
#include "policy/terms/lexicon.h"
#include "base/table_load.h"
#include "policy/terms/purpose.h"

PG_FUNCTION_INFO_V1(sg_sql_purpose_words);

/* The tags for a purpose that has no words, or only vague ones. */
static char tag_no_purpose[] = "no_purpose";
static char tag_vague_purpose[] = "vague_purpose";

/* The effect of finding a term. */
typedef enum Effect
{
	EFFECT_TAG,
	EFFECT_EXCEPTION,			/* suppresses the tag where it stands */
	EFFECT_VAGUE,				/* its words are vague */
	EFFECT_FILLER				/* its words have no meaning */
} Effect;

/*
 * The fewest letters of a word that is recognized with one letter wrong, by
 * term.  Words with less context need more, because more ordinary words are
 * one letter away.
 */
#define MISSPELT_IN_PHRASE LEXICON_MISSPELT_MIN
#define MISSPELT_ALONE 8
#define MISSPELT_VAGUE 10

typedef struct Term
{
	int			next;			/* next at the same node; -1: the last */
	Effect		effect;
	const char *tag;			/* interned: one string for each tag */
	const char *name;			/* "tag: term" */
	int			misspelt_from;	/* minimal letters of a misspelt word */
} Term;

/*
 * A node of the tree, reached by a sequence of words.  There are two trees,
 * because codes are read with their punctuation and all other terms without.
 */
typedef struct TermNode
{
	int			first_term;		/* the first that ends here; -1: none */
	bool		goes_on;
} TermNode;

#define ROOT_OF_WORDS 0
#define ROOT_OF_CODES 1

/* An edge from a node: a word of the lexicon, or a byte of punctuation. */
typedef struct TermStep
{
	uint64		key;			/* see step_key() */
	int			to;
	char		status;
} TermStep;

#define PUNCTUATION UINT64CONST(0x80000000)

#define SH_PREFIX step_table
#define SH_ELEMENT_TYPE TermStep
#define SH_KEY_TYPE uint64
#define SH_KEY key
#define SH_HASH_KEY(tb, key) ((uint32) (((key) * UINT64CONST(0x9E3779B97F4A7C15)) >> 32))
#define SH_EQUAL(tb, a, b) ((a) == (b))
#define SH_SCOPE static inline
#define SH_DECLARE
#define SH_DEFINE
#include "lib/simplehash.h"

struct Tagger
{
	Lexicon    *lexicon;
	step_table_hash *steps;
	int			nnodes;
	int			nodes_capacity;
	TermNode   *nodes;
	int			nterms;
	int			terms_capacity;
	Term	   *terms;
	WordList	tags;			/* each once; sorted when finished */
	int			tags_capacity;
};

/* A term that was found; these are in the order of their beginnings. */
typedef struct Found
{
	const Term *term;
	int			from;
	int			to;				/* exclusive */
} Found;

typedef struct FoundList
{
	int			count;
	int			capacity;
	Found	   *items;
} FoundList;

/* A purpose, and the terms found in it so far. */
typedef struct Reading
{
	const Tagger *tagger;
	char	   *folded;
	Size		len;
	Word	   *words;
	int			nwords;
	FoundList	found;
	FoundList	exceptions;
	int			vague_until;	/* end of the words covered by vague terms */
	int			filler_until;	/* end of the words covered by fillers */
	int			code_at;		/* the last word that begins a code */
} Reading;

/* The state of following a path in the tree and in the text. */
typedef struct Path
{
	Reading    *reading;
	int			node;
	int			from;			/* the first word of the text */
	int			second;			/* where the term's second word begins */
	int			last;			/* where its last or next word begins */
	bool		together;		/* a reader takes its words as one unit */
	int			misspelt;		/* letters of the shortest one; or INT_MAX */
} Path;

static uint64
step_key(int node, uint64 by)
{
	return ((uint64) node << 32) | by;
}

static inline int
find_step(const Tagger *tagger, int node, uint64 by)
{
	TermStep   *step = step_table_lookup(tagger->steps, step_key(node, by));

	return step == NULL ? -1 : step->to;
}

static int
add_node(Tagger *tagger)
{
	if (tagger->nnodes == tagger->nodes_capacity)
	{
		tagger->nodes_capacity *= 2;
		tagger->nodes = repalloc_huge(tagger->nodes, tagger->nodes_capacity *
									  sizeof(TermNode));
	}
	tagger->nodes[tagger->nnodes].first_term = -1;
	tagger->nodes[tagger->nnodes].goes_on = false;
	return tagger->nnodes++;
}

static int
add_step(Tagger *tagger, int node, uint64 by)
{
	bool		found;
	TermStep   *step = step_table_insert(tagger->steps, step_key(node, by),
										 &found);

	if (!found)
	{
		tagger->nodes[node].goes_on = true;
		step->to = -1;
		step->to = add_node(tagger);
	}
	return step->to;
}

/*
 * Returns the one string for this tag.  Searches a list, because tags are few.
 */
static const char *
intern_tag(Tagger *tagger, const char *tag)
{
	for (int i = 0; i < tagger->tags.count; i++)
	{
		if (strcmp(tagger->tags.words[i], tag) == 0)
			return tagger->tags.words[i];
	}
	if (tagger->tags.count == tagger->tags_capacity)
	{
		tagger->tags_capacity *= 2;
		tagger->tags.words = repalloc(tagger->tags.words,
									  tagger->tags_capacity * sizeof(char *));
	}
	tagger->tags.words[tagger->tags.count++] = unconstify(char *, tag);
	return tag;
}

Tagger *
sg_tagger_create(void)
{
	Tagger	   *tagger = palloc0(sizeof(Tagger));

	tagger->lexicon = sg_lexicon_create();
	tagger->steps = step_table_create(CurrentMemoryContext, 256, NULL);
	tagger->nodes_capacity = 256;
	tagger->nodes = palloc(tagger->nodes_capacity * sizeof(TermNode));
	tagger->terms_capacity = 256;
	tagger->terms = palloc(tagger->terms_capacity * sizeof(Term));
	tagger->tags_capacity = 16;
	tagger->tags.words = palloc(tagger->tags_capacity * sizeof(char *));
	intern_tag(tagger, tag_no_purpose);
	intern_tag(tagger, tag_vague_purpose);

	/* The order gives the roots their numbers. */
	add_node(tagger);			/* ROOT_OF_WORDS */
	add_node(tagger);			/* ROOT_OF_CODES */
	return tagger;
}

/* Adds a code to the tree: its words and its punctuation. */
static int
add_code(Tagger *tagger, const char *folded, Size len, const Word *words,
		 int nwords)
{
	int			node = ROOT_OF_CODES;
	Size		i = words[0].start;

	for (int w = 0; i < len;)
	{
		if (w < nwords && words[w].start == i)
		{
			node = add_step(tagger, node,
							sg_lexicon_add(tagger->lexicon, folded + i,
										   words[w].end - words[w].start,
										   false, false));
			i = words[w++].end;
			continue;
		}
		if (!isspace((unsigned char) folded[i]))
			node = add_step(tagger, node,
							PUNCTUATION | (unsigned char) folded[i]);
		i++;
	}
	return node;
}

static bool
says_nothing(const char *tag)
{
	return strcmp(tag, tag_no_purpose) == 0 ||
		strcmp(tag, tag_vague_purpose) == 0;
}

void
sg_tagger_add(Tagger *tagger, const char *text, const char *tag,
			  const char *match)
{
	bool		prefix = strcmp(match, "prefix") == 0;
	Term	   *term;
	Size		len;
	char	   *folded = sg_fold(text, strlen(text), &len);
	int			nwords;
	Word	   *words = sg_split_words(folded, len, &nwords);
	int			node = ROOT_OF_WORDS;
	int			misspelt_from;

	if (strcmp(match, "code") != 0)
		nwords = sg_join_letters(words, nwords);
	misspelt_from = says_nothing(tag) ? MISSPELT_VAGUE :
		nwords > 1 ? MISSPELT_IN_PHRASE : MISSPELT_ALONE;

	/* The table's check refuses this; never drop a term silently. */
	if (nwords == 0 || (prefix && words[0].len < LEXICON_PREFIX_LEN))
		ereport(ERROR,
				(errcode(ERRCODE_DATA_CORRUPTED),
				 errmsg("a purpose term of the tag \"%s\" cannot match anything",
						tag),
				 errhint("Correct it in sharing_guard.purpose_term.")));

	if (strcmp(match, "code") == 0)
		node = add_code(tagger, folded, len, words, nwords);
	else
	{
		for (int i = 0; i < nwords; i++)
		{
			const Word *word = &words[i];
			int			letters = sg_letters_of(word->data, word->len);

			node = add_step(tagger, node,
							sg_lexicon_add(tagger->lexicon, word->data,
										   word->len, prefix,
										   letters >= misspelt_from));
		}
	}

	if (tagger->nterms == tagger->terms_capacity)
	{
		tagger->terms_capacity *= 2;
		tagger->terms = repalloc_huge(tagger->terms, tagger->terms_capacity *
									  sizeof(Term));
	}
	term = &tagger->terms[tagger->nterms];
	term->tag = intern_tag(tagger, tag);
	term->misspelt_from = misspelt_from;
	term->name = psprintf("%s: %s%s", tag, text, prefix ? "*" : "");
	if (strcmp(match, "exception") == 0)
		term->effect = EFFECT_EXCEPTION;
	else if (strcmp(tag, tag_no_purpose) == 0)
		term->effect = EFFECT_FILLER;
	else if (strcmp(tag, tag_vague_purpose) == 0)
		term->effect = EFFECT_VAGUE;
	else
		term->effect = EFFECT_TAG;
	term->next = tagger->nodes[node].first_term;
	tagger->nodes[node].first_term = tagger->nterms++;
}

void
sg_tagger_finish(Tagger *tagger)
{
	sg_lexicon_finish(tagger->lexicon);
	sg_words_sort(&tagger->tags);
}

Tagger *
sg_tagger_load(void)
{
	Tagger	   *tagger = sg_tagger_create();
	uint64		count;

	count = sg_load_query("SELECT t.term, t.tag, t.match"
						  " FROM sharing_guard.purpose_term AS t"
						  " WHERE t.enabled");
	for (uint64 row = 0; row < count; row++)
		sg_tagger_add(tagger, sg_load_text(row, 1), sg_load_text(row, 2),
					  sg_load_text(row, 3));
	sg_tagger_finish(tagger);
	return tagger;
}

bool
sg_tagger_knows(const Tagger *tagger, TextSlice tag)
{
	return sg_words_contain(&tagger->tags, tag.data, tag.len);
}

static bool
is_letter(const Word *word)
{
	return word->len == 1 && word->data[0] >= 'a' && word->data[0] <= 'z';
}

/* Is this a blank? sg_fold()'s vertical tab behind a letter is not one. */
static bool
is_blank(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r' && c != '\v');
}

/* Is there a blank between this word and the next? */
static bool
has_blank(const char *folded, const Word *word)
{
	for (int i = word[0].end; i < word[1].start; i++)
	{
		if (is_blank(folded[i]) || folded[i] == '\v')
			return true;
	}
	return false;
}

/*
 * Do both words have the same separator behind them?  Compares whether there
 * is a blank, and which punctuation, but not how often it is repeated.
 */
static bool
same_between(const char *folded, const Word *word, const Word *other)
{
	const char *a = folded + word[0].end;
	const char *a_end = folded + word[1].start;
	const char *b = folded + other[0].end;
	const char *b_end = folded + other[1].start;
	bool		a_blank = false;
	bool		b_blank = false;
	char		last = '\0';

	for (;;)
	{
		for (; a < a_end && (is_blank(*a) || *a == last); a++)
			a_blank |= is_blank(*a);
		for (; b < b_end && (is_blank(*b) || *b == last); b++)
			b_blank |= is_blank(*b);
		if (a == a_end || b == b_end)
			return a == a_end && b == b_end && a_blank == b_blank;
		if (*a != *b)
			return false;
		last = *a;
	}
}

/* Are all separators between the words "from" and "to" the same? */
static bool
spelled_alike(const Reading *reading, int from, int to)
{
	for (int i = from + 1; i + 1 < to; i++)
	{
		if (!same_between(reading->folded, &reading->words[from],
						  &reading->words[i]))
			return false;
	}
	return true;
}

/*
 * Does a line, sentence, or item of a list end before this word?  A dot behind
 * a short word is read as an abbreviation's.
 */
static bool
ends_before(const Reading *reading, int word)
{
	const Word *before = &reading->words[word - 1];

	for (int i = before->end; i < reading->words[word].start; i++)
	{
		char		c = reading->folded[i];

		if (c == '\n' || c == '\r' || c == ';' || c == ',' || c == '!' ||
			c == '?' || c == '|' ||
			(c == '.' && before->end - before->start > 3))
			return true;
	}
	return false;
}

/*
 * Is the separator between this word and the next more visible than those
 * between the words "from" and "to"?  It must be where a term begins or ends
 * with a word of one letter and other single letters are beside it.
 */
static bool
is_parted(const Reading *reading, int word, int from, int to)
{
	const Word *words = reading->words;

	if (word < 0 || word + 1 >= reading->nwords ||
		!is_letter(&words[word]) || !is_letter(&words[word + 1]))
		return true;

	for (int i = from; i + 1 < to; i++)
	{
		if (same_between(reading->folded, &words[word], &words[i]))
			return false;

		/* The last letter of D.U.I. 247A is one of the three. */
		if (!(is_letter(&words[i]) && is_letter(&words[i + 1])) &&
			!has_blank(reading->folded, &words[word]))
			return false;
	}
	return true;
}

static void
remember(FoundList *list, const Term *term, int from, int to)
{
	if (list->count == list->capacity)
	{
		list->capacity = Max(8, list->capacity * 2);
		list->items = list->items == NULL ?
			palloc(list->capacity * sizeof(Found)) :
			repalloc_huge(list->items, list->capacity * sizeof(Found));
	}
	list->items[list->count].term = term;
	list->items[list->count].from = from;
	list->items[list->count].to = to;
	list->count++;
}

/*
 * Notes the terms that end at this node, and in the text before the word "to".
 */
static void
find_terms(const Path *path, int to)
{
	Reading    *reading = path->reading;
	const Tagger *tagger = reading->tagger;

	if (tagger->nodes[path->node].first_term < 0)
		return;

	/*
	 * A phrase's word of one letter belongs to the phrase, and not to other
	 * single letters around it.
	 */
	if (path->second < to &&
		((path->second == path->from + 1 &&
		  !is_parted(reading, path->from - 1, path->from, path->from + 2)) ||
		 (path->last == to - 1 &&
		  !is_parted(reading, to - 1, to - 2, to))))
		return;

	for (int i = tagger->nodes[path->node].first_term; i >= 0;
		 i = tagger->terms[i].next)
	{
		const Term *term = &tagger->terms[i];

		/* Another term may accept the same word misspelt. */
		if (path->misspelt < term->misspelt_from)
			continue;
		switch (term->effect)
		{
			case EFFECT_TAG:
				remember(&reading->found, term, path->from, to);
				break;
			case EFFECT_EXCEPTION:
				if (path->together)
					remember(&reading->exceptions, term, path->from, to);
				break;
			case EFFECT_VAGUE:
				reading->vague_until = Max(reading->vague_until, to);
				break;
			case EFFECT_FILLER:
				reading->filler_until = Max(reading->filler_until, to);
				break;
		}
	}
}

/* Follows the path along a word of the lexicon that the text has here. */
static void
follow(void *arg, int word, int to, bool misspelt)
{
	const Path *path = arg;
	Reading    *reading = path->reading;
	Path		next = *path;

	/* Codes are read separately, and begin with a whole word. */
	if (path->second < 0 && to == path->from + 1 && !misspelt &&
		reading->tagger->nodes[ROOT_OF_CODES].goes_on &&
		find_step(reading->tagger, ROOT_OF_CODES, word) >= 0)
		reading->code_at = path->from;

	next.node = find_step(reading->tagger, path->node, word);
	if (next.node < 0)
		return;

	if (misspelt)
		next.misspelt = Min(next.misspelt,
							sg_lexicon_letters(reading->tagger->lexicon, word));
	if (path->second < 0)
		next.second = to;

	/*
	 * "Doe v. I.C.E." does not spell another word, and "sheet; ICE hold" is
	 * not about a sheet.  An exception needs clearer evidence than a tag.
	 */
	if (to - next.last > 2)
		next.together &= spelled_alike(reading, next.last, to);
	if (next.last > path->from)
		next.together &= !ends_before(reading, next.last);
	find_terms(&next, to);

	if (reading->tagger->nodes[next.node].goes_on && to < reading->nwords)
	{
		check_stack_depth();
		next.last = to;
		sg_lexicon_read(reading->tagger->lexicon, reading->words, to, follow,
						&next);
	}
}

/*
 * Finds codes that begin at this word.  The words must match exactly, and so
 * must the characters between them, except blanks.
 */
static void
follow_codes(Reading *reading, int from)
{
	const Tagger *tagger = reading->tagger;
	const Word *words = reading->words;
	Path		path = {.reading = reading,.node = ROOT_OF_CODES,.from = from,
	.together = true,.misspelt = INT_MAX};
	Size		i = words[from].start;
	int			at = from;

	while (i < reading->len)
	{
		if (at < reading->nwords && words[at].start == i)
		{
			int			word = sg_lexicon_find(tagger->lexicon,
											   words[at].data, words[at].len);

			if (word < 0)
				return;
			path.node = find_step(tagger, path.node, word);
			path.last = at;
			i = words[at++].end;
			if (path.second == 0)
				path.second = at;
		}
		else if (isspace((unsigned char) reading->folded[i]))
		{
			i++;
			continue;
		}
		else
			path.node = find_step(tagger, path.node, PUNCTUATION |
								  (unsigned char) reading->folded[i++]);
		if (path.node < 0)
			return;
		find_terms(&path, at);
		if (!tagger->nodes[path.node].goes_on)
			return;
		CHECK_FOR_INTERRUPTS();
	}
}

/*
 * Does an exception suppress this term?  An exception that is only a part of
 * the term does not, because the longer match is more specific.
 *
 * Callers ask in the order of the terms' beginnings, so that passed exceptions
 * can be dropped.  Otherwise a long text full of them would take quadratic
 * time.
 */
static bool
is_excepted(const FoundList *exceptions, int *first, const Found *found)
{
	while (*first < exceptions->count &&
		   exceptions->items[*first].to <= found->from)
		(*first)++;

	for (int i = *first; i < exceptions->count &&
		 exceptions->items[i].from < found->to; i++)
	{
		const Found *exception = &exceptions->items[i];
		bool		part_of_it = exception->from >= found->from &&
		exception->to <= found->to &&
		exception->to - exception->from < found->to - found->from;

		if (found->from < exception->to && !part_of_it &&
			exception->term->tag == found->term->tag)
			return true;
	}
	return false;
}

/* Is this very string (by its address) in the list? */
static bool
is_member(const List *list, const char *string)
{
	ListCell   *lc;

	foreach(lc, list)
	{
		if (lfirst(lc) == string)
			return true;
	}
	return false;
}

/*
 * Returns the terms that are found and not suppressed, each once, and their
 * tags.
 */
static Tagging
conclude(const Reading *reading)
{
	Tagging		tagging = {NIL, NIL};
	bool	   *told = NULL;
	int			first = 0;

	for (int i = 0; i < reading->found.count; i++)
	{
		const Found *found = &reading->found.items[i];
		int			number = found->term - reading->tagger->terms;

		if (told != NULL ? told[number] :
			is_member(tagging.terms, found->term->name))
			continue;
		if (is_excepted(&reading->exceptions, &first, found))
			continue;

		/* Allocate the per-term array only for long texts. */
		if (told == NULL && list_length(tagging.terms) >= 16)
		{
			told = palloc0(reading->tagger->nterms * sizeof(bool));
			for (int k = 0; k < i; k++)
				told[reading->found.items[k].term - reading->tagger->terms] =
					is_member(tagging.terms,
							  reading->found.items[k].term->name);
		}
		if (told != NULL)
			told[number] = true;
		tagging.terms = lappend(tagging.terms,
								unconstify(char *, found->term->name));
		if (tagging.tags == NIL || llast(tagging.tags) != found->term->tag)
			tagging.tags = lappend(tagging.tags,
								   unconstify(char *, found->term->tag));
	}
	return tagging;
}

static bool
is_number(const Word *word)
{
	for (int i = 0; i < word->len; i++)
	{
		if (word->data[i] < '0' || word->data[i] > '9')
			return false;
	}
	return true;
}

Tagging
sg_tag_purpose(const Tagger *tagger, TextSlice purpose)
{
	Reading		reading = {.tagger = tagger,.code_at = -1};
	Tagging		tagging = {NIL, NIL};
	bool		filler = true;
	bool		vague = true;

	if (purpose.data != NULL)
	{
		reading.folded = sg_fold(purpose.data, purpose.len, &reading.len);
		reading.words = sg_split_words(reading.folded, reading.len,
									   &reading.nwords);
	}

	for (int i = 0; i < reading.nwords; i++)
	{
		Path		path = {.reading = &reading,.node = ROOT_OF_WORDS,
			.from = i,.second = -1,.last = i,.together = true,
		.misspelt = INT_MAX};

		CHECK_FOR_INTERRUPTS();
		sg_lexicon_read(tagger->lexicon, reading.words, i, follow, &path);
		if (reading.code_at == i)
			follow_codes(&reading, i);

		filler &= i < reading.filler_until;
		vague &= i < reading.vague_until || i < reading.filler_until ||
			is_number(&reading.words[i]);
	}

	if (reading.found.count > 0)
		tagging = conclude(&reading);
	if (filler)
		tagging.tags = lappend(tagging.tags, tag_no_purpose);
	else if (vague)
		tagging.tags = lappend(tagging.tags, tag_vague_purpose);
	return tagging;
}

/* sharing_guard.purpose_words(purpose text) returns text[] */
Datum
sg_sql_purpose_words(PG_FUNCTION_ARGS)
{
	text	   *purpose = PG_GETARG_TEXT_PP(0);
	Size		len;
	char	   *folded = sg_fold(VARDATA_ANY(purpose),
								 VARSIZE_ANY_EXHDR(purpose), &len);
	int			nwords;
	Word	   *words = sg_split_words(folded, len, &nwords);
	Datum	   *datums = palloc_extended(Max(nwords, 1) * sizeof(Datum),
										 MCXT_ALLOC_HUGE);

	nwords = sg_join_letters(words, nwords);
	for (int i = 0; i < nwords; i++)
		datums[i] = PointerGetDatum(sg_folded_text(words[i].data, words[i].len,
												   false));
	PG_RETURN_ARRAYTYPE_P(construct_array(datums, nwords, TEXTOID, -1, false,
										  TYPALIGN_INT));
}
