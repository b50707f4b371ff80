/*-------------------------------------------------------------------------
 *
 * purpose.c
 *		Text -> tags.
 *
 * The text is folded and split into words once.  Each word, and whatever it
 * spells together with those chained to it, is then looked up in two hash
 * tables: whole first words of terms, and the first bytes of prefixes.  What
 * is longer than any first word is not, so the cost grows with the text and
 * hardly with the terms.
 *
 * In a row of single letters a term is a group of its own: it begins where the
 * row does, or behind what visibly parts it from the letters before (Agent John
 * Q. I.C.E. hold), and so it ends.  V.I.C.E. spells another word.  Letters and
 * digits that are glued stay so: ICE123 may be a licence plate.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <ctype.h>

#include "catalog/pg_type.h"
#include "common/hashfn.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "nodes/pg_list.h"
#include "utils/array.h"
#include "utils/builtins.h"

#include "policy/fold.h"
#include "policy/load.h"
#include "policy/purpose.h"

PG_FUNCTION_INFO_V1(sg_sql_purpose_words);

/* purpose_term_check() refuses shorter prefixes; counted in bytes. */
#define PREFIX_KEY_LEN 4

/* The tags that are given without a term, or by the lack of other words. */
static char tag_no_purpose[] = "no_purpose";
static char tag_vague_purpose[] = "vague_purpose";

typedef enum TermKind
{
	TERM_WORDS,					/* a word or phrase */
	TERM_PREFIX,
	TERM_CODE,
	TERM_EXCEPTION
} TermKind;

typedef struct Term
{
	struct Term *next;			/* in the same bucket */
	TermKind	kind;
	bool		vague;			/* says nothing by itself */
	const char *tag;
	int			nwords;
	Word	   *words;
	const char *code;			/* folded, without blanks */
} Term;

struct Tagger
{
	uint32		mask;			/* number of buckets - 1 */
	int			longest;		/* first word of a term, in bytes */
	Term	  **by_first_word;
	Term	  **by_prefix;
	bool		has_exceptions;
	WordList	tags;
};

/* An exception that was found: these words do not give this tag. */
typedef struct Excepted
{
	const char *tag;
	int			from;
	int			to;				/* exclusive */
} Excepted;

/* A purpose, and what has been found in it. */
typedef struct Reading
{
	const Tagger *tagger;
	char	   *folded;
	Size		len;
	Word	   *words;
	int			nwords;
	struct Exceptions *exceptions;
	List	   *tags;
	int			vague_until;	/* the words before it have been spoken of */
} Reading;

/* In the order in which they begin. */
typedef struct Exceptions
{
	int			count;
	int			capacity;
	int			first;			/* those before it lie behind us */
	Excepted   *items;
} Exceptions;

static Term **
bucket(Term **buckets, uint32 mask, const char *data, int len)
{
	return &buckets[hash_bytes((const unsigned char *) data, len) & mask];
}

/* Without the blanks, in place. */
static void
squeeze_blanks(char *s)
{
	char	   *out = s;

	for (; *s; s++)
	{
		if (!isspace((unsigned char) *s))
			*out++ = *s;
	}
	*out = '\0';
}

static int
compare_strings(const void *a, const void *b)
{
	return strcmp(*(char *const *) a, *(char *const *) b);
}

Tagger *
sg_tagger_load(void)
{
	Tagger	   *tagger = palloc0(sizeof(Tagger));
	uint64		count;
	uint32		size = 64;

	count = sg_load_query("SELECT t.term, t.tag, t.match"
						  " FROM sharing_guard.purpose_term AS t"
						  " WHERE t.enabled");
	while (size < count * 2)
		size *= 2;
	tagger->mask = size - 1;
	tagger->by_first_word = palloc0(size * sizeof(Term *));
	tagger->by_prefix = palloc0(size * sizeof(Term *));
	tagger->tags.words = palloc((count + 2) * sizeof(char *));
	tagger->tags.words[0] = tag_no_purpose;
	tagger->tags.words[1] = tag_vague_purpose;
	tagger->tags.count = 2;

	for (uint64 row = 0; row < count; row++)
	{
		Term	   *term = palloc0(sizeof(Term));
		char	   *text = sg_load_text(row, 1);
		char	   *match = sg_load_text(row, 3);
		Size		len;
		char	   *folded = sg_fold(text, strlen(text), &len);
		Term	  **head;

		term->tag = sg_load_text(row, 2);
		term->vague = strcmp(term->tag, tag_vague_purpose) == 0;
		term->words = sg_split_words(folded, len, &term->nwords);
		term->nwords = sg_join_letters(term->words, term->nwords);
		tagger->tags.words[tagger->tags.count++] = (char *) term->tag;

		if (strcmp(match, "prefix") == 0)
			term->kind = TERM_PREFIX;
		else if (strcmp(match, "code") == 0)
		{
			term->kind = TERM_CODE;
			squeeze_blanks(folded + term->words[0].start);
			term->code = folded + term->words[0].start;
		}
		else if (strcmp(match, "exception") == 0)
		{
			term->kind = TERM_EXCEPTION;
			tagger->has_exceptions = true;
		}
		else
			term->kind = TERM_WORDS;

		/* The table's check sees to it; a term is not dropped in silence. */
		if (term->nwords == 0 ||
			(term->kind == TERM_PREFIX && term->words[0].len < PREFIX_KEY_LEN))
			ereport(ERROR,
					(errcode(ERRCODE_DATA_CORRUPTED),
					 errmsg("a purpose term of the tag \"%s\" cannot match anything",
							term->tag),
					 errhint("Correct it in sharing_guard.purpose_term.")));

		if (term->kind == TERM_PREFIX)
			head = bucket(tagger->by_prefix, tagger->mask,
						  term->words[0].data, PREFIX_KEY_LEN);
		else
		{
			head = bucket(tagger->by_first_word, tagger->mask,
						  term->words[0].data, term->words[0].len);
			tagger->longest = Max(tagger->longest, term->words[0].len);
		}
		term->next = *head;
		*head = term;
	}

	qsort(tagger->tags.words, tagger->tags.count, sizeof(char *),
		  compare_strings);
	return tagger;
}

bool
sg_tagger_knows(const Tagger *tagger, TextSlice tag)
{
	return sg_words_contain(&tagger->tags, tag.data, tag.len);
}

/*
 * Does the code stand here, blanks aside, and end where it ends?  *end is
 * where that is in the folded text.
 */
static bool
code_stands_at(const char *folded, Size len, int start, const char *code,
			   int *end)
{
	Size		i = start;
	int			width;

	for (; *code; code++)
	{
		CHECK_FOR_INTERRUPTS();
		while (i < len && isspace((unsigned char) folded[i]))
			i++;
		if (i >= len || folded[i] != *code)
			return false;
		i++;
	}
	*end = i;

	/* A code that ends in a letter must not go on in one. */
	return i >= len ||
		!sg_is_word_char(folded + i - 1, 1, &width) ||
		!sg_is_word_char(folded + i, len - i, &width);
}

/*
 * Does this word, or the beginning of one, stand here, perhaps in pieces?  It
 * begins and, but for a beginning, ends where words of the text do.  *to is
 * the word after it.
 */
static bool
word_stands_at(const Word *wanted, bool beginning, const Word *words,
			   int from, int *to)
{
	int			len = 0;

	if (words[from].chain < wanted->len ||
		memcmp(words[from].data, wanted->data, wanted->len) != 0)
		return false;
	for (*to = from; len < wanted->len; (*to)++)
		len += words[*to].len;
	return beginning || len == wanted->len;
}

static bool
is_letter(const Word *word)
{
	return word->len == 1 && word->data[0] >= 'a' && word->data[0] <= 'z';
}

/* Blanks are alike, but for the one that sg_fold() puts behind an article. */
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
 * Does the same stand between this word and the next as between that one and
 * its next: a blank or none, and which punctuation, however often?
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

/*
 * Is this word parted from the next more visibly than the words from "from" to
 * "to" are from each other?  Asked at the edges of a term; only between single
 * letters it may not be.
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

/*
 * Does the term stand at this word?  *to is the word after it.
 */
static bool
term_stands_at(const Term *term, const Reading *reading, int from, int *to)
{
	int			end;
	int			begin = from;

	switch (term->kind)
	{
		case TERM_PREFIX:
			return word_stands_at(&term->words[0], true, reading->words,
								  from, to) &&
				is_parted(reading, from - 1, from, *to);

		case TERM_CODE:
			if (!code_stands_at(reading->folded, reading->len,
								reading->words[from].start, term->code, &end))
				return false;
			*to = from + 1;
			while (*to < reading->nwords && reading->words[*to].start < end)
				(*to)++;
			return is_parted(reading, from - 1, from, *to);

		case TERM_WORDS:
		case TERM_EXCEPTION:
			*to = from;
			for (int i = 0; i < term->nwords; i++)
			{
				begin = *to;
				if (*to >= reading->nwords ||
					!word_stands_at(&term->words[i], false, reading->words,
									*to, to))
					return false;

				/*
				 * A letter that is a whole word of a phrase belongs to the
				 * next word of it, or to the one before.
				 */
				if (i == 0 &&
					!is_parted(reading, from - 1, from,
							   term->nwords > 1 && *to == from + 1 ?
							   Min(*to + 1, reading->nwords) : *to))
					return false;
				if (i > 0 && begin == *to - 1)
					begin--;
			}
			return is_parted(reading, *to - 1, begin, *to);
	}
	return false;
}

/*
 * Do the words between these two give no such tag?  Asked with "from" never
 * going back, so exceptions that lie behind it are dropped: a long text full
 * of them must not take time in the square of its length.
 */
static bool
is_excepted(Exceptions *exceptions, const char *tag, int from, int to)
{
	while (exceptions->first < exceptions->count &&
		   exceptions->items[exceptions->first].to <= from)
		exceptions->first++;

	for (int i = exceptions->first;
		 i < exceptions->count && exceptions->items[i].from < to; i++)
	{
		if (from < exceptions->items[i].to &&
			strcmp(exceptions->items[i].tag, tag) == 0)
			return true;
	}
	return false;
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

/* These words do not give this tag. */
static void
add_exception(Reading *reading, const Term *term, int from, int to)
{
	Exceptions *exceptions = reading->exceptions;
	Excepted   *excepted;

	if (term->kind != TERM_EXCEPTION)
		return;
	if (exceptions->count == exceptions->capacity)
	{
		exceptions->capacity = Max(8, exceptions->capacity * 2);
		exceptions->items = exceptions->items == NULL ?
			palloc(exceptions->capacity * sizeof(Excepted)) :
			repalloc_huge(exceptions->items,
						  exceptions->capacity * sizeof(Excepted));
	}
	excepted = &exceptions->items[exceptions->count++];
	excepted->tag = term->tag;
	excepted->from = from;
	excepted->to = to;
}

/* These words give this tag, or say nothing. */
static void
add_tag(Reading *reading, const Term *term, int from, int to)
{
	if (term->kind == TERM_EXCEPTION)
		return;
	if (term->vague)
		reading->vague_until = Max(reading->vague_until, to);
	else if (!is_excepted(reading->exceptions, term->tag, from, to) &&
			 (reading->tags == NIL || llast(reading->tags) != term->tag))
		reading->tags = lappend(reading->tags, unconstify(char *, term->tag));
}

/* Tells of every term that stands at this word. */
static void
find_terms(Reading *reading, int from,
		   void (*found) (Reading *reading, const Term *term, int from, int to))
{
	const Tagger *tagger = reading->tagger;
	const Word *word = &reading->words[from];
	int			to;

	/* The word alone, and with one chained word more each time. */
	for (int end = from, len = 0; len < word->chain; end++)
	{
		len += reading->words[end].len;
		if (len > tagger->longest)
			break;
		for (const Term *term = *bucket(tagger->by_first_word, tagger->mask,
										word->data, len);
			 term != NULL; term = term->next)
		{
			/* Different words may share a bucket. */
			if (term->words[0].len == len &&
				memcmp(term->words[0].data, word->data, len) == 0 &&
				term_stands_at(term, reading, from, &to))
				found(reading, term, from, to);
		}
	}

	if (word->chain < PREFIX_KEY_LEN)
		return;
	for (const Term *term = *bucket(tagger->by_prefix, tagger->mask,
									word->data, PREFIX_KEY_LEN);
		 term != NULL; term = term->next)
	{
		if (term_stands_at(term, reading, from, &to))
			found(reading, term, from, to);
	}
}

List *
sg_tag_purpose(const Tagger *tagger, TextSlice purpose)
{
	Exceptions	exceptions = {0};
	Reading		reading = {.tagger = tagger,.exceptions = &exceptions};
	bool		vague = true;

	if (purpose.data == NULL)
		return list_make1(tag_no_purpose);

	reading.folded = sg_fold(purpose.data, purpose.len, &reading.len);
	reading.words = sg_split_words(reading.folded, reading.len,
								   &reading.nwords);
	if (reading.nwords == 0)
		return list_make1(tag_no_purpose);

	for (int i = 0; tagger->has_exceptions && i < reading.nwords; i++)
	{
		CHECK_FOR_INTERRUPTS();
		find_terms(&reading, i, add_exception);
	}

	for (int i = 0; i < reading.nwords; i++)
	{
		CHECK_FOR_INTERRUPTS();
		find_terms(&reading, i, add_tag);
		if (i >= reading.vague_until && !is_number(&reading.words[i]))
			vague = false;
	}

	if (vague)
		reading.tags = lappend(reading.tags, tag_vague_purpose);
	return reading.tags;
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
