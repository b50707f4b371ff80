/*-------------------------------------------------------------------------
 *
 * name_words.c
 *		Splits an organization's name into words and finds their meanings.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <ctype.h>
#include "lib/stringinfo.h"
#include "utils/memutils.h"

#include "base/table_load.h"
#include "policy/names/fold.h"
#include "policy/names/jurisdiction.h"
#include "policy/names/name_words.h"

static const char *const name_meanings[] = {
	NULL, "filler", "place", "inactive", "nobody", "unclear", "federal",
	"tribal", "private", "foreign", "police", "sheriff", "prosecutor",
	"probation", "government", "district", "state_agency", "in_state_agency",
	"campus", "public_campus"
};

StaticAssertDecl(lengthof(name_meanings) == NAME_PUBLIC_CAMPUS + 1,
				 "every meaning has a word");

/* Abbreviations that stand for one word in the name of any kind of body. */
static const struct
{
	const char *written;
	const char *text;
}			abbreviations[] =

{
	{"calif", "california"}, {"cnty", "county"}, {"ctr", "center"},
	{"dep", "department"}, {"dept", "department"}, {"dist", "district"},
	{"div", "division"}, {"dpt", "department"}, {"ft", "fort"},
	{"hwy", "highway"}, {"intl", "international"}, {"mt", "mount"},
	{"ofc", "office"}, {"sherrif", "sheriff"}, {"sherrifs", "sheriffs"},
	{"st", "saint"}, {"ste", "sainte"}, {"twp", "township"},
	{"univ", "university"}
};

/* ----------------------------------------------------------------
 *		Words
 * ----------------------------------------------------------------
 */

/*
 * Returns the width of an apostrophe, either ASCII or the UTF-8 form that word
 * processors use; else 0.
 */
static int
apostrophe_width(const char *s, Size remaining)
{
	if (s[0] == '\'' || s[0] == '`')
		return 1;
	if (remaining >= 3 && memcmp(s, "\xE2\x80\x99", 3) == 0)
		return 3;
	return 0;
}

static const char *
write_out(const char *written)
{
	for (int i = 0; i < lengthof(abbreviations); i++)
	{
		if (abbreviations[i].written[0] == written[0] &&
			strcmp(abbreviations[i].written, written) == 0)
			return abbreviations[i].text;
	}
	return written;
}

/*
 * Does case carry no information in this text: all capitals, all small, or not
 * ASCII?
 */
static inline bool
has_one_case(TextSlice text)
{
	bool		small = false;
	bool		capital = false;

	for (Size i = 0; i < text.len; i++)
	{
		unsigned char c = text.data[i];

		if (IS_HIGHBIT_SET(c))
			return true;
		small = small || (c >= 'a' && c <= 'z');
		capital = capital || (c >= 'A' && c <= 'Z');
	}
	return !small || !capital;
}

/* Sets how the word is capitalized in the text. */
static inline void
note_case(NameWord *word, const char *text, Size len)
{
	word->upper = word->title = true;
	for (Size i = 0; i < len; i++)
	{
		bool		is_capital = text[i] >= 'A' && text[i] <= 'Z';
		bool		is_small = text[i] >= 'a' && text[i] <= 'z';

		if (is_small)
			word->upper = false;
		if (i == 0 ? !is_capital : is_capital)
			word->title = false;
	}
}

/*
 * Splits a name into words.  Letters with dots between them are one word
 * (P.D.), and so are parts with an apostrophe between them (Sheriff's).  "and"
 * is dropped, so that it is the same as "&".
 *
 * Folding keeps every byte of ASCII text in its place, so the case of such
 * text is known.  The case of other text is unknown.
 */
void
sg_name_words(OrgName *name, TextSlice text)
{
	Size		len;
	char	   *folded = sg_fold(text.data, text.len, &len);
	int			bracket = 0;
	int			brackets = 0;
	bool		dash = false;
	bool		initials = false;
	char	   *letters;
	Size		i = 0;

	name->one_case = len != text.len || has_one_case(text);

	name->words = palloc((len / 2 + 1) * sizeof(NameWord));
	name->nwords = 0;

	/*
	 * Holds all words with their terminators; there are fewer words than
	 * letters.
	 */
	letters = palloc(2 * len + 1);

	while (i < len)
	{
		const char *word = letters;
		NameWord   *w;
		NameWord   *before = name->nwords > 0 ?
		&name->words[name->nwords - 1] : NULL;
		Size		start = i;
		bool		single;
		int			width;

		if (!sg_is_word_char(folded + i, len - i, &width))
		{
			char		c = folded[i];

			if (c == '(' || c == '[' || c == '{')
				bracket = ++brackets;
			else if (c == ')' || c == ']' || c == '}')
				bracket = 0;
			else if (strchr("-,:/|", c) != NULL)
			{
				dash = true;
				if (before != NULL)
					before->dash_after = true;
			}
			/* Only a dot joins single letters. */
			if (c != '.')
				initials = false;
			i += width;
			continue;
		}

		while (i < len)
		{
			int			apostrophe;

			if (sg_is_word_char(folded + i, len - i, &width))
			{
				memcpy(letters, folded + i, width);
				letters += width;
			}
			else if ((apostrophe = apostrophe_width(folded + i, len - i)) > 0)
				width = apostrophe;
			else
				break;
			i += width;
		}
		single = letters - word == 1;
		*letters++ = '\0';
		if (strcmp(word, "and") == 0)
			continue;

		if (initials && single && before != NULL)
		{
			/* P.D.: the preceding letters are already one word. */
			before->written = psprintf("%s%s", before->written, word);
			before->text = write_out(before->written);
			continue;
		}
		initials = single;

		w = &name->words[name->nwords++];
		memset(w, 0, sizeof(NameWord));
		w->written = word;
		w->text = write_out(word);
		w->bracket = bracket;
		w->dash_before = dash;
		dash = false;
		if (!name->one_case)
			note_case(w, text.data + start, i - start);
	}
}

/* ----------------------------------------------------------------
 *		Vocabulary
 * ----------------------------------------------------------------
 */

static int
compare_terms(const void *a, const void *b)
{
	const Term *x = a;
	const Term *y = b;
	int			cmp = strcmp(x->words[0], y->words[0]);

	if (cmp != 0)
		return cmp;
	if (x->nwords != y->nwords)
		return y->nwords - x->nwords;
	/* The home state's term takes precedence. */
	return (int) y->local - (int) x->local;
}

/* Loads the terms that are valid everywhere and those of the home state. */
NameTerms *
sg_name_terms_load(const char *home_jurisdiction)
{
	NameTerms  *terms = palloc0(sizeof(NameTerms));
	MemoryContext scratch;
	uint64		count = sg_load_query("SELECT t.term, t.meaning, t.jurisdiction"
									  " FROM sharing_guard.name_term AS t WHERE t.enabled");

	terms->home = "";
	if (strncmp(home_jurisdiction, "US-", 3) == 0)
		terms->home = home_jurisdiction + 3;
	terms->terms = palloc_extended(Max(count, 1) * sizeof(Term),
								   MCXT_ALLOC_HUGE);
	scratch = AllocSetContextCreate(CurrentMemoryContext,
									"sharing_guard name terms",
									ALLOCSET_SMALL_SIZES);
	for (uint64 row = 0; row < count; row++)
	{
		MemoryContext caller;
		Term	   *term = &terms->terms[terms->count];
		char	   *text;
		char	   *meaning;
		char	   *jurisdiction;
		TextSlice	slice;
		OrgName		name = {0};

		MemoryContextReset(scratch);
		caller = MemoryContextSwitchTo(scratch);
		text = sg_load_text(row, 1);

		meaning = sg_load_text(row, 2);
		jurisdiction = sg_load_text(row, 3);
		slice.data = text;

		slice.len = strlen(text);
		sg_name_words(&name, slice);
		MemoryContextSwitchTo(caller);

		term->local = strcmp(jurisdiction, "US") != 0;
		if (name.nwords == 0 ||
			(term->local && strcmp(jurisdiction, home_jurisdiction) != 0))
			continue;
		/* An unknown word gets a meaning that cannot make the class better. */
		term->meaning = NAME_UNCLEAR;
		for (int i = 1; i < lengthof(name_meanings); i++)
		{
			if (strcmp(name_meanings[i], meaning) == 0)
				term->meaning = (NameMeaning) i;
		}
		term->nwords = name.nwords;
		term->words = palloc(name.nwords * sizeof(char *));
		for (int i = 0; i < name.nwords; i++)
			term->words[i] = pstrdup(name.words[i].text);
		terms->count++;
	}
	MemoryContextDelete(scratch);
	qsort(terms->terms, terms->count, sizeof(Term), compare_terms);
	return terms;
}

/*
 * Returns the longest term that begins at this word, within one bracket; or
 * NULL.
 */
static const Term *
find_term(const OrgName *name, int at)
{
	const NameTerms *terms = name->terms;
	const NameWord *words = name->words;
	int			low = 0;
	int			high = terms->count;

	while (low < high)
	{
		int			middle = low + (high - low) / 2;

		if (strcmp(terms->terms[middle].words[0], words[at].text) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	for (; low < terms->count; low++)
	{
		const Term *term = &terms->terms[low];
		int			k;

		if (strcmp(term->words[0], words[at].text) != 0)
			return NULL;
		for (k = 1; k < term->nwords; k++)
		{
			if (at + k >= name->nwords ||
				words[at + k].bracket != words[at].bracket ||
				strcmp(term->words[k], words[at + k].text) != 0)
				break;
		}
		if (k == term->nwords)
			return term;
	}
	return NULL;
}

/* Returns the state whose name begins at this word, and sets *nwords. */
static const char *
find_state_name(const OrgName *name, int at, int *nwords)
{
	char		joined[STATE_LETTERS_MAX + 1];
	Size		len = 0;
	const char *found = NULL;

	for (int k = 0; k < STATE_WORDS_MAX && at + k < name->nwords; k++)
	{
		const char *word = name->words[at + k].text;
		Size		word_len = strlen(word);
		const char *state;
		bool		goes_on;

		if (name->words[at + k].bracket != name->words[at].bracket ||
			len + word_len > STATE_LETTERS_MAX)
			break;
		memcpy(joined + len, word, word_len + 1);
		len += word_len;
		state = sg_us_state_named(joined, &goes_on);
		if (state != NULL)
		{
			found = state;
			*nwords = k + 1;
		}
		if (!goes_on)
			break;
	}
	return found;
}

/* Finds terms and names of states, from left to right, the longest first. */
void
sg_name_find_terms(OrgName *name)
{
	for (int i = 0; i < name->nwords;)
	{
		const Term *term = find_term(name, i);
		int			nwords = 0;
		const char *state = find_state_name(name, i, &nwords);

		if (term != NULL && term->nwords >= nwords)
		{
			for (int k = 0; k < term->nwords; k++)
			{
				name->words[i + k].meaning = term->meaning;
				name->words[i + k].local = term->local;
			}
			nwords = term->nwords;
		}
		else if (state != NULL)
		{
			for (int k = 0; k < nwords; k++)
				name->words[i + k].state_name = state;
		}
		else
			nwords = 1;
		name->words[i].extent = nwords;
		i += nwords;
	}
}
