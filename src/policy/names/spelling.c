/*-------------------------------------------------------------------------
 *
 * spelling.c
 *		What the name of an organisation gives away, as vendors write it.
 *
 * Vendors call agencies "Houston TX PD", "AR - Alma PD", "Arlington PD (WA)",
 * "Mendocino County SO-CA" or "[Federal] US Border Patrol [Inactive]".  A
 * reading of such a name looks for the state, for the sort of body, and for
 * remarks; what is left is the core, by which two spellings of one agency can
 * be told to be the same.
 *
 * Whoever sends data writes the name, so a reading may make things worse: it
 * is believed at once that a body is federal, private or inactive.  That it is
 * a public agency of the home state takes a state and a kind, or a place that
 * no other state has, and nothing that speaks against it; and even then the
 * reading says no more than that it seems so.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <ctype.h>

#include "lib/stringinfo.h"
#include "utils/memutils.h"

#include "policy/names/fold.h"
#include "policy/names/jurisdiction.h"
#include "base/table_load.h"
#include "policy/names/places.h"
#include "policy/names/spelling.h"

/*
 * A longer text is no organisation's name, and is not looked into: readings
 * are made for single rows.
 */
#define NAME_LENGTH_MAX 1000

/* No state's name has more words than this, or more letters. */
#define STATE_WORDS_MAX 4
#define STATE_LETTERS_MAX 31

/* Nor any county's, "County" not counted. */
#define COUNTY_WORDS_MAX 4

/* What a word or several may mean; name_meanings has the SQL spellings. */
typedef enum NameMeaning
{
	NAME_NOTHING,
	NAME_FILLER,				/* no part of the name proper */
	NAME_PLACE,					/* part of a place's name, whatever it says */
	NAME_INACTIVE,
	NAME_NOBODY,				/* no organisation at all */
	NAME_UNCLEAR,				/* may be public or not */
	NAME_FEDERAL,
	NAME_TRIBAL,
	NAME_PRIVATE,
	NAME_FOREIGN,
	NAME_POLICE,
	NAME_SHERIFF,
	NAME_PROSECUTOR,
	NAME_PROBATION,
	NAME_GOVERNMENT,
	NAME_DISTRICT,
	NAME_STATE_AGENCY,
	NAME_IN_STATE_AGENCY,		/* an agency by itself, and of the home state */
	NAME_CAMPUS,
	NAME_PUBLIC_CAMPUS
} NameMeaning;

/* In the order of the enum; the first is no word. */
static const char *const name_meanings[] = {
	NULL, "filler", "place", "inactive", "nobody", "unclear", "federal",
	"tribal", "private", "foreign", "police", "sheriff", "prosecutor",
	"probation", "government", "district", "state_agency", "in_state_agency",
	"campus", "public_campus"
};

StaticAssertDecl(lengthof(name_meanings) == NAME_PUBLIC_CAMPUS + 1,
				 "every meaning has a word");

/* A term, as a list of words such as read_words() makes of a name. */
typedef struct Term
{
	int			nwords;
	const char **words;
	NameMeaning meaning;
	bool		local;			/* counts in the home state alone */
} Term;

struct NameTerms
{
	const char *home;			/* postal code; "" where not of the US */
	int			count;
	Term	   *terms;			/* by first word, those of most words first */
};

/* A word of a name. */
typedef struct NameWord
{
	const char *text;			/* folded, abbreviations written out */
	const char *written;		/* folded, as it stands there */
	bool		upper;			/* all of it capitals */
	bool		title;			/* the first letter alone */
	int			bracket;		/* 0: in none; else which one */
	bool		dash_before;	/* a hyphen, comma, colon or slash */
	bool		dash_after;

	/* What it was found to be, alone or with its neighbours. */
	NameMeaning meaning;
	bool		local;			/* a term of the home state's */
	int			extent;			/* words of the term or state's name, if this
								 * is the first of them; else 0 */
	const char *state_name;		/* part of this state's name */
	const char *state;			/* names this state */
} NameWord;

typedef struct OrgName
{
	const NameTerms *terms;
	bool		one_case;		/* case tells nothing */
	int			nwords;
	NameWord   *words;
} OrgName;

/* Abbreviations that stand for one word, whatever the kind of body. */
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

/*
 * Postal codes that are words, or parts of names, as well.  They need more to
 * be taken for a state than the others.
 */
static const char word_codes[] =
"AL AS CO DE HI ID IN LA MA ME MO MP MS MT OH OK OR PA PR SD UM VI";

/* Behind a state's name these make a town or county of it. */
static const char *const place_words[] = {
	"bay", "beach", "borough", "center", "city", "county", "creek", "falls",
	"grove", "harbor", "heights", "hills", "island", "junction", "lake",
	"mills", "park", "point", "ridge", "river", "springs", "township",
	"valley", "village"
};

/* Behind a state's name these make a body of that state's of it. */
static const char *const state_words[] = {
	"attorney", "board", "bureau", "commission", "department", "division",
	"office", "state"
};

/* Many bodies are called these, so by themselves they tell none from another. */
static const char *const common_words[] = {
	"city", "county", "district", "elementary", "high", "joint", "local",
	"metro", "metropolitan", "municipal", "regional", "school", "schools",
	"state", "town", "unified", "village"
};

/* Colleges are called with and without these. */
static const char *const campus_words[] = {
	"campus", "community", "district", "police", "public", "safety", "security"
};

static bool
is_one_of(const char *text, const char *const *list, int count)
{
	for (int i = 0; i < count; i++)
	{
		if (list[i][0] == text[0] && strcmp(text, list[i]) == 0)
			return true;
	}
	return false;
}

static bool
is_word_code(const char *code)
{
	const char *found = strstr(word_codes, code);

	/* Two capitals cannot match across the blanks between codes. */
	return found != NULL;
}

/* ----------------------------------------------------------------
 *		Words
 * ----------------------------------------------------------------
 */

/* The apostrophe, and the one that word processors make of it, in UTF-8. */
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
 * The words of a name: letters with dots between them are one (P.D.), what an
 * apostrophe parts is one (Sheriff's), and "and" is none, so that it is the
 * same as "&".
 *
 * Folding keeps every byte of ASCII text in its place, so there the case can
 * be told; elsewhere it is taken to be unknown.
 */
static void
read_words(OrgName *name, TextSlice text)
{
	Size		len;
	char	   *folded = sg_fold(text.data, text.len, &len);
	bool		ascii = len == text.len;
	bool		small = false;
	bool		capital = false;
	int			bracket = 0;
	int			brackets = 0;
	bool		dash = false;
	bool		initials = false;
	char	   *letters;
	Size		i = 0;

	for (Size k = 0; k < text.len; k++)
	{
		unsigned char c = text.data[k];

		if (c & 0x80)
			ascii = false;
		small = small || (c >= 'a' && c <= 'z');
		capital = capital || (c >= 'A' && c <= 'Z');
	}
	name->one_case = !ascii || !small || !capital;
	name->words = palloc((len / 2 + 1) * sizeof(NameWord));
	name->nwords = 0;

	/* All words, each with its end: there are not as many as letters. */
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
			/* Only a dot keeps single letters together. */
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
			/* P.D.: the letters before are one word already. */
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
		{
			w->upper = w->title = true;
			for (Size k = start; k < i; k++)
			{
				bool		is_capital = text.data[k] >= 'A' && text.data[k] <= 'Z';
				bool		is_small = text.data[k] >= 'a' && text.data[k] <= 'z';

				if (is_small)
					w->upper = false;
				if (k == start ? !is_capital : is_capital)
					w->title = false;
			}
		}
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
	/* What the home state's vocabulary says of a term comes first. */
	return (int) y->local - (int) x->local;
}

/*
 * The terms that count everywhere and those of the home state.
 */
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
		read_words(&name, slice);
		MemoryContextSwitchTo(caller);

		term->local = strcmp(jurisdiction, "US") != 0;
		if (name.nwords == 0 ||
			(term->local && strcmp(jurisdiction, home_jurisdiction) != 0))
			continue;
		/* Not a word that we know: nothing good can be made of it. */
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

/* The longest term that begins at this word, within one bracket; or NULL. */
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

/* The state whose name begins at this word, and of how many words it is. */
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

/*
 * Find terms and names of states, from left to right, the longest first.
 */
static void
find_terms(OrgName *name)
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

/* ----------------------------------------------------------------
 *		States
 * ----------------------------------------------------------------
 */

/* The kinds of bodies that may be public agencies. */
static bool
is_public_kind(NameMeaning meaning)
{
	switch (meaning)
	{
		case NAME_POLICE:
		case NAME_SHERIFF:
		case NAME_PROSECUTOR:
		case NAME_PROBATION:
		case NAME_GOVERNMENT:
		case NAME_DISTRICT:
		case NAME_STATE_AGENCY:
		case NAME_IN_STATE_AGENCY:
			return true;
		default:
			return false;
	}
}

/* Is there a kind of agency here, or a word that stands for a county? */
static bool
is_kind_at(const OrgName *name, int at)
{
	NameMeaning meaning;

	if (at < 0 || at >= name->nwords)
		return false;
	meaning = name->words[at].meaning;
	return is_public_kind(meaning) || meaning == NAME_TRIBAL ||
		meaning == NAME_CAMPUS || meaning == NAME_PUBLIC_CAMPUS;
}

static bool
is_county_word(const NameWord *word)
{
	return strcmp(word->text, "county") == 0 ||
		strcmp(word->text, "parish") == 0 || strcmp(word->text, "co") == 0;
}

/* Is it all that stands in its bracket, from this word on? */
static bool
is_alone_in_bracket(const OrgName *name, int at, int nwords)
{
	const NameWord *words = name->words;
	int			bracket = words[at].bracket;

	return bracket != 0 &&
		(at == 0 || words[at - 1].bracket != bracket) &&
		(at + nwords >= name->nwords || words[at + nwords].bracket != bracket);
}

/* Does anything but remarks in brackets follow? */
static bool
is_last(const OrgName *name, int at)
{
	for (int i = at + 1; i < name->nwords; i++)
	{
		if (name->words[i].bracket == 0)
			return false;
	}
	return true;
}

/*
 * Does this word stand where vendors put the state?  Alone in brackets, at
 * the end, before a hyphen at the beginning, behind a county, or beside the
 * kind of agency.
 */
static bool
is_where_states_stand(const OrgName *name, int at)
{
	const NameWord *word = &name->words[at];

	if (is_alone_in_bracket(name, at, 1))
		return true;
	if (at == 0)
		return word->dash_after;
	return is_last(name, at) || word->dash_before != word->dash_after ||
		is_kind_at(name, at + 1) ||
		(is_kind_at(name, at - 1) && strcmp(word[-1].text, "of") != 0) ||
		is_county_word(word - 1);
}

/*
 * Is this word of two letters a state's code?
 *
 * "In", "La" and "Co" are words as well.  Such are codes only where states
 * stand, and in small letters hardly ever.
 */
static bool
is_state_code(const OrgName *name, int at)
{
	const NameWord *word = &name->words[at];
	const char *code = strlen(word->written) == 2 ?
	sg_us_state_code(word->written) : NULL;

	if (code == NULL || (word->meaning != NAME_NOTHING &&
						 word->meaning != NAME_SHERIFF))
		return false;
	if (name->one_case)
		return !is_word_code(code) || is_where_states_stand(name, at);
	if (word->upper)
		return !is_word_code(code) || at > 0 ||
			is_where_states_stand(name, at);
	return word->title && !is_word_code(code) &&
		is_where_states_stand(name, at);
}

/*
 * Is a state's name that begins here more than a part of a town's name?
 * "Nevada County" is not of Nevada, nor "Indiana PA PD" of Indiana; but the
 * "Kansas Department of Corrections" is of Kansas.
 */
static bool
is_state_of_body(const OrgName *name, int at, int nwords)
{
	const NameWord *words = name->words;
	const NameWord *next = at + nwords < name->nwords ?
	&words[at + nwords] : NULL;

	if (is_alone_in_bracket(name, at, nwords))
		return true;
	/* But "PA - California PD" begins with the state. */
	if (at > 0 && words[at].dash_before && words[at - 1].state == NULL)
		return true;
	/* The State of Nevada, but not the County of Nevada. */
	if (at > 0 && strcmp(words[at - 1].text, "of") == 0)
		return words[at - 1].meaning != NAME_GOVERNMENT;
	if (next == NULL || next->bracket != words[at].bracket)
		return false;
	return next->meaning == NAME_STATE_AGENCY ||
		next->meaning == NAME_PUBLIC_CAMPUS ||
		is_one_of(next->text, state_words, lengthof(state_words));
}

/*
 * What became of the states in a name.
 */
typedef struct States
{
	const char *one;			/* the only one, or NULL */
	bool		several;
	const char *passing;		/* may be but a town's name; or NULL */
	bool		passing_first;	/* and the name begins with it */
} States;

static void
take_state(States *states, const char *state)
{
	if (states->one != NULL && strcmp(states->one, state) != 0)
		states->several = true;
	states->one = state;
}

/*
 * Find the states that a name names.
 *
 * "SD" is South Dakota or a sheriff's department, and "CO" is Colorado or a
 * county: where another state is named they are not one.
 */
static void
find_states(OrgName *name, States *states)
{
	bool		sure = false;

	for (int pass = 0; pass < 2; pass++)
	{
		for (int i = 0; i < name->nwords; i++)
		{
			NameWord   *word = &name->words[i];
			bool		either = strcmp(word->written, "sd") == 0 ||
			strcmp(word->written, "co") == 0;

			if (either != (pass == 1) || !is_state_code(name, i))
				continue;
			if (either)
			{
				/* Behind a county and before no other kind it is the kind. */
				if (sure || (strcmp(word->written, "sd") == 0 && i > 0 &&
							 is_county_word(word - 1) &&
							 !is_kind_at(name, i + 1)))
					continue;
				word->meaning = NAME_NOTHING;
			}
			word->state = sg_us_state_code(word->written);
			take_state(states, word->state);
			sure = true;
		}
	}

	for (int i = 0; i < name->nwords; i++)
	{
		NameWord   *word = &name->words[i];
		const NameWord *next;

		if (word->state_name == NULL || word->extent == 0)
			continue;
		next = i + word->extent < name->nwords ? word + word->extent : NULL;
		if (next != NULL && next->bracket == word->bracket &&
			next->meaning != NAME_STATE_AGENCY &&
			is_one_of(next->text, place_words, lengthof(place_words)))
			continue;
		if (is_state_of_body(name, i, word->extent))
		{
			for (int k = 0; k < word->extent; k++)
				name->words[i + k].state = word->state_name;
			take_state(states, word->state_name);
		}
		else
		{
			states->passing_first = i == 0;
			states->passing = word->state_name;
		}
	}

	/* What is left of these is not a state. */
	for (int i = 0; i < name->nwords; i++)
	{
		NameWord   *word = &name->words[i];

		if (strcmp(word->written, "co") == 0 && word->state == NULL)
			word->text = "county";
	}
}

/* ----------------------------------------------------------------
 *		The core
 * ----------------------------------------------------------------
 */

/*
 * The kind by which agencies of one place are told apart; 0 if none is named.
 */
static char
kind_of(const uint32 found)
{
	if (found & ((1u << NAME_CAMPUS) | (1u << NAME_PUBLIC_CAMPUS)))
		return 'c';
	if (found & (1u << NAME_SHERIFF))
		return 's';
	if (found & (1u << NAME_PROSECUTOR))
		return 'd';
	if (found & (1u << NAME_PROBATION))
		return 'b';
	if (found & (1u << NAME_POLICE))
		return 'p';
	if (found & ((1u << NAME_STATE_AGENCY) | (1u << NAME_IN_STATE_AGENCY)))
		return 'a';
	if (found & ((1u << NAME_GOVERNMENT) | (1u << NAME_DISTRICT)))
		return 'g';
	return 0;
}

/*
 * What is left of a name without its state, its kind, and brackets; palloc'd,
 * and empty if nothing is left.
 *
 * The words that name a kind which is all in the letter kind_of() gives are
 * dropped; other kinds are what tells agencies apart.  A core of nothing but
 * words that many bodies have in common is none: "Park District" is any.
 */
static char *
make_core(const OrgName *name, char kind)
{
	StringInfoData core;
	Size		county = 0;
	bool		county_of = false;
	bool		proper = false;

	initStringInfo(&core);
	for (int i = 0; i < name->nwords; i++)
	{
		const NameWord *word = &name->words[i];

		if (word->bracket != 0)
			continue;
		/* "County of Yuba" is Yuba County. */
		if (word->meaning == NAME_GOVERNMENT && i + 1 < name->nwords &&
			strcmp(word->text, "county") == 0 &&
			strcmp(word[1].text, "of") == 0)
			county_of = true;
		if (word->state != NULL && (kind != 'c' || word->state_name == NULL))
			continue;
		switch (word->meaning)
		{
			case NAME_NOTHING:
			case NAME_PLACE:
			case NAME_CAMPUS:
			case NAME_PUBLIC_CAMPUS:
				break;
			case NAME_STATE_AGENCY:
			case NAME_IN_STATE_AGENCY:
				if (kind == 'a')
					break;
				continue;
			case NAME_DISTRICT:
				if (kind == 'g' || kind == 'p')
					break;
				continue;
			case NAME_TRIBAL:
			case NAME_PRIVATE:
			case NAME_FEDERAL:
			case NAME_UNCLEAR:
				break;
			default:
				continue;
		}
		if (word->meaning == NAME_NOTHING && strcmp(word->text, "of") == 0 &&
			kind != 'c')
			continue;
		if (kind == 'c' &&
			is_one_of(word->text, campus_words, lengthof(campus_words)))
			continue;
		county = 0;
		if (strcmp(word->text, "county") == 0)
			county = strlen("county");
		proper |= word->meaning == NAME_PLACE ||
			(word->meaning != NAME_DISTRICT && word->meaning != NAME_CAMPUS &&
			 !is_one_of(word->text, common_words, lengthof(common_words)));
		appendStringInfoString(&core, word->text);
	}
	if (!proper)
	{
		resetStringInfo(&core);
		return core.data;
	}

	if (county_of && kind == 'g' && core.len > 0)
		appendStringInfoString(&core, "county");

	/* Sheriffs and prosecutors are a county's in any case. */
	if (county > 0 && (kind == 's' || kind == 'd' || kind == 'b') &&
		core.len > county)
		core.data[core.len -= county] = '\0';
	return core.data;
}

/* The states that have a place of which this is the core; false if none. */
static bool
find_place(const char *core, char kind, PlaceStates *found)
{
	char	   *key;

	if (kind == 's' || kind == 'd' || kind == 'b')
	{
		key = psprintf("%scounty", core);
		if (sg_place_find(key, found))
			return true;
	}
	if (sg_place_find(core, found))
		return true;
	return false;
}

/* ----------------------------------------------------------------
 *		The reading
 * ----------------------------------------------------------------
 */

/*
 * Which part of the name is neither a bracket with a remark in it at either
 * end, nor blank.  No copy is made: brackets in the middle stay.
 */
static TextSlice
without_brackets(TextSlice name)
{
	static const char open[] = "([{";
	static const char close[] = ")]}";
	bool		again = true;

	while (again)
	{
		const char *kind;

		again = false;
		while (name.len > 0 &&
			   strchr(" \t\r\n-", name.data[0]) != NULL && name.data[0])
		{
			name.data++;
			name.len--;
		}
		while (name.len > 0 && name.data[name.len - 1] &&
			   strchr(" \t\r\n-", name.data[name.len - 1]) != NULL)
			name.len--;
		if (name.len == 0)
			break;
		if (name.data[0] && (kind = strchr(open, name.data[0])) != NULL)
		{
			const char *end = memchr(name.data, close[kind - open], name.len);

			if (end != NULL)
			{
				name.len -= end + 1 - name.data;
				name.data = end + 1;
				again = true;
				continue;
			}
		}
		if (name.data[name.len - 1] &&
			(kind = strchr(close, name.data[name.len - 1])) != NULL)
		{
			Size		i = name.len - 1;

			while (i > 0 && name.data[i] != open[kind - close])
				i--;
			if (name.data[i] == open[kind - close])
			{
				name.len = i;
				again = true;
			}
		}
	}
	return name;
}

/*
 * Is the name, as far as this word, or the end of that, the name of a county
 * in this state?  "Co" may as well be a company.
 */
static bool
is_county_of(const OrgName *name, int at, const char *state)
{
	for (int from = at - 1; from >= Max(0, at - COUNTY_WORDS_MAX); from--)
	{
		StringInfoData key;
		PlaceStates place;

		initStringInfo(&key);
		for (int i = from; i <= at; i++)
			appendStringInfoString(&key, name->words[i].text);
		if (sg_place_find(key.data, &place) && sg_place_is_in(&place, state))
			return true;
		pfree(key.data);
	}
	return false;
}

/*
 * Which meanings there are, as a set of bits.  The state is the one that the
 * name names, or else the home state.
 */
static uint32
meanings_found(const OrgName *name, const char *state)
{
	uint32		found = 0;
	bool		outside = false;

	for (int i = 0; i < name->nwords; i++)
		outside = outside || name->words[i].bracket == 0;
	for (int i = 0; i < name->nwords; i++)
	{
		const NameWord *word = &name->words[i];

		/* "(Stark County)" and "[Law Enforcement]" are no kind of agency. */
		if (word->bracket != 0 && outside &&
			(is_public_kind(word->meaning) || word->meaning == NAME_CAMPUS ||
			 word->meaning == NAME_PUBLIC_CAMPUS))
			continue;
		if (word->meaning == NAME_NOTHING && word->bracket == 0 && i > 0 &&
			is_county_word(word) && word->state == NULL &&
			is_county_of(name, i, state))
			found |= 1u << NAME_GOVERNMENT;
		found |= 1u << word->meaning;
	}
	return found;
}

/* Is there a term that only bodies of the home state are called by? */
static bool
is_of_home_state(const OrgName *name)
{
	for (int i = 0; i < name->nwords; i++)
	{
		if (name->words[i].local &&
			(name->words[i].meaning == NAME_IN_STATE_AGENCY ||
			 name->words[i].meaning == NAME_PUBLIC_CAMPUS))
			return true;
	}
	return false;
}

/*
 * Is it called a university of this state by the state's own name?  Those are
 * public; the few that are not are terms of their own.
 */
static bool
is_state_university(const OrgName *name, const char *state)
{
	const NameWord *words = name->words;

	for (int i = 0; i < name->nwords; i++)
	{
		int			next = i + words[i].extent;

		if (words[i].state_name == NULL || words[i].extent == 0 ||
			strcmp(words[i].state_name, state) != 0)
			continue;
		if (i == 0 && next < name->nwords &&
			strcmp(words[next].text, "university") == 0)
			return true;
		if (i == 2 && strcmp(words[0].text, "university") == 0 &&
			strcmp(words[1].text, "of") == 0)
			return true;
	}
	return false;
}

/*
 * The class that speaks against a public agency of any state, if the name has
 * a word for one; unregistered if it has several, or says that it is nobody.
 */
static bool
is_something_else(uint32 found, DestinationClass *class)
{
	static const struct
	{
		NameMeaning meaning;
		DestinationClass class;
	}			others[] =

	{
		{NAME_FEDERAL, DESTINATION_FEDERAL},
		{NAME_TRIBAL, DESTINATION_TRIBAL},
		{NAME_PRIVATE, DESTINATION_PRIVATE},
		{NAME_FOREIGN, DESTINATION_NON_US},
		{NAME_UNCLEAR, DESTINATION_UNREGISTERED},
		{NAME_NOBODY, DESTINATION_UNREGISTERED}
	};
	bool		any = false;

	for (int i = 0; i < lengthof(others); i++)
	{
		if ((found & (1u << others[i].meaning)) == 0)
			continue;
		*class = any ? DESTINATION_UNREGISTERED : others[i].class;
		any = true;
	}
	return any;
}

/*
 * The class of a body that nothing speaks against.  The state is the one it
 * names, or NULL.
 */
static DestinationClass
class_by_state(const NameTerms *terms, const char *state, uint32 found,
			   char kind, const char *core, const PlaceStates *place)
{
	bool		public_campus = (found & (1u << NAME_PUBLIC_CAMPUS)) != 0;
	const char *home = terms->home;

	if (state != NULL && strcmp(state, home) != 0)
		return kind != 0 ? DESTINATION_OUT_OF_STATE : DESTINATION_UNREGISTERED;

	if (state != NULL)
	{
		/* Universities are private as often as not. */
		if (kind == 'c')
			return public_campus ? DESTINATION_IN_STATE_INFERRED :
				DESTINATION_UNREGISTERED;
		if (kind != 0 && core[0] != '\0')
			return DESTINATION_IN_STATE_INFERRED;
		/* "Cal Expo PD", by the one word that says which. */
		if ((found & (1u << NAME_IN_STATE_AGENCY)) != 0)
			return DESTINATION_IN_STATE_INFERRED;
		/* A city's or county's name and nothing else. */
		if (place != NULL && sg_place_is_in(place, home))
			return DESTINATION_IN_STATE_INFERRED;
		return DESTINATION_UNREGISTERED;
	}

	/*
	 * Without a state, only a place tells it that one state alone has; or, of
	 * a police, one of the home state that is so much greater than all others
	 * of the name that nobody thinks of them: vendors write "Sacramento PD".
	 */
	if (kind == 0 || kind == 'c' || place == NULL)
		return DESTINATION_UNREGISTERED;
	if (kind == 'p' && sg_place_means(place, home, true))
		return DESTINATION_IN_STATE_INFERRED;
	if (place->nothers > 0)
		return DESTINATION_UNREGISTERED;
	return sg_place_is_in(place, home) ? DESTINATION_IN_STATE_INFERRED :
		DESTINATION_OUT_OF_STATE;
}

void
sg_spelling_read(const NameTerms *terms, TextSlice text, TextSlice state,
				 NameReading *reading)
{
	OrgName		name = {.terms = terms};
	States		states = {0};
	uint32		found;
	char		kind;
	char	   *core;
	PlaceStates place_states;
	const PlaceStates *place = NULL;

	memset(reading, 0, sizeof(NameReading));
	reading->class = DESTINATION_UNREGISTERED;
	reading->bare = text;

	if (text.data == NULL)
		return;
	reading->bare = without_brackets(text);
	if (text.len > NAME_LENGTH_MAX)
	{
		reading->settled = true;
		return;
	}

	read_words(&name, text);
	find_terms(&name);
	find_states(&name, &states);
	if (sg_is_given(state))
	{
		const char *given = sg_us_state_read(state);

		/* One that cannot be read may be any other. */
		if (given == NULL)
			states.several = true;
		else
			take_state(&states, given);
	}

	reading->only_inactive = true;
	for (int i = 0; i < name.nwords; i++)
	{
		if (name.words[i].bracket != 0 &&
			name.words[i].meaning != NAME_INACTIVE)
			reading->only_inactive = false;
	}
	found = meanings_found(&name, states.one ? states.one : terms->home);
	if (is_state_university(&name, terms->home))
		found |= 1u << NAME_PUBLIC_CAMPUS;
	reading->inactive = (found & (1u << NAME_INACTIVE)) != 0;
	kind = kind_of(found);
	core = make_core(&name, kind);
	if (core[0] != '\0')
		reading->core = psprintf("%c:%s", kind ? kind : 'g', core);
	if (find_place(core, kind, &place_states))
		place = &place_states;

	/*
	 * Speedway in Indiana is a town, and State College in Pennsylvania, whose
	 * police are as public as any.
	 */
	if (place != NULL && states.one != NULL && !states.several &&
		sg_place_is_in(place, states.one) && (found & (1u << NAME_POLICE)))
	{
		found &= ~((1u << NAME_PRIVATE) | (1u << NAME_UNCLEAR) |
				   (1u << NAME_CAMPUS) | (1u << NAME_PUBLIC_CAMPUS));
		kind = kind_of(found);
	}

	/* What is called by a home state's own term is in that. */
	if (is_of_home_state(&name))
		take_state(&states, terms->home);
	reading->state = states.several ? NULL : states.one;

	if (is_something_else(found, &reading->class))
	{
		reading->settled = true;
		return;
	}
	if (states.several)
	{
		reading->settled = true;
		return;
	}
	if (states.one == NULL && states.passing != NULL)
	{
		/* "California Exposition Police": there is no such town. */
		if (states.passing_first && place == NULL &&
			strcmp(states.passing, terms->home) == 0)
			states.one = reading->state = states.passing;
		else
		{
			reading->elsewhere = true;
			if (place == NULL || place->nothers > 0)
				return;
		}
	}
	if (states.one == NULL && place != NULL)
	{
		reading->elsewhere = !sg_place_means(place, terms->home, false);
		reading->greatest = sg_place_means(place, terms->home, true);
	}
	reading->class = class_by_state(terms, states.one, found, kind, core,
									place);
}
