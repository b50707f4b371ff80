/*-------------------------------------------------------------------------
 *
 * name_words.h
 *		Splits an organization's name into words and finds their meanings.
 *
 * Only policy/names may include this.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHARING_GUARD_NAME_WORDS_H
#define SHARING_GUARD_NAME_WORDS_H

#include "base/disclosure.h"

/* The most words and letters that a state's name has. */
#define STATE_WORDS_MAX 4
#define STATE_LETTERS_MAX 31

/* The meaning of a word or a phrase; name_meanings has the SQL spellings. */
typedef enum NameMeaning
{
	NAME_NOTHING,
	NAME_FILLER,				/* not part of the name proper */
	NAME_PLACE,					/* part of a place's name, in any other
								 * meaning */
	NAME_INACTIVE,
	NAME_NOBODY,				/* not an organization */
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
	NAME_IN_STATE_AGENCY,		/* alone means an agency of the home state */
	NAME_CAMPUS,
	NAME_PUBLIC_CAMPUS
} NameMeaning;

/* A term, as a list of words in the form that sg_name_words() gives a name. */
typedef struct Term
{
	int			nwords;
	const char **words;
	NameMeaning meaning;
	bool		local;			/* of the home state only */
} Term;

/* The compiled terms that tell what sort of body a name is of. */
typedef struct NameTerms
{
	const char *home;			/* postal code; "" outside the US */
	int			count;
	Term	   *terms;			/* sorted by first word, then the most words
								 * first */
} NameTerms;

/* A word of a name. */
typedef struct NameWord
{
	const char *text;			/* folded, abbreviations written out */
	const char *written;		/* folded, as written */
	bool		upper;			/* all capitals */
	bool		title;			/* only the first letter is a capital */
	int			bracket;		/* number of its bracket; 0: none */
	bool		dash_before;	/* follows a hyphen, comma, colon or slash */
	bool		dash_after;

	/* The meaning that was found, alone or with its neighbors. */
	NameMeaning meaning;
	bool		local;			/* a term of the home state's */
	int			extent;			/* number of words of the term or state's name
								 * on its first word; else 0 */
	const char *state_name;		/* part of this state's name */
	const char *state;			/* names this state */
} NameWord;

typedef struct OrgName
{
	const NameTerms *terms;
	bool		one_case;		/* case carries no information */
	int			nwords;
	NameWord   *words;
} OrgName;

/* The states that were found in a name. */
typedef struct States
{
	const char *one;			/* the only one, or NULL */
	bool		several;
	const char *passing;		/* may be only a town's name; or NULL */
	bool		passing_first;	/* and the name begins with it */
} States;

/* Reads the table, during a load of the policy, into CurrentMemoryContext. */
extern NameTerms *sg_name_terms_load(const char *home_jurisdiction);

/* Is this text in the list? */
static inline bool
sg_is_one_of(const char *text, const char *const *list, int count)
{
	for (int i = 0; i < count; i++)
	{
		if (list[i][0] == text[0] && strcmp(text, list[i]) == 0)
			return true;
	}
	return false;
}

extern void sg_name_words(OrgName *name, TextSlice text);
extern void sg_name_find_terms(OrgName *name);

static inline bool
sg_name_is_county_word(const NameWord *word)
{
	return strcmp(word->text, "county") == 0 ||
		strcmp(word->text, "parish") == 0 || strcmp(word->text, "co") == 0;
}

/* May a body of this kind be a public agency? */
static inline bool
sg_name_is_public_kind(NameMeaning meaning)
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

#endif							/* SHARING_GUARD_NAME_WORDS_H */
