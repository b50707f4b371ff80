/*-------------------------------------------------------------------------
 *
 * name_states.c
 *		Finds the states that an organization's name names.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <ctype.h>
#include "lib/stringinfo.h"
#include "utils/memutils.h"

#include "base/table_load.h"
#include "policy/names/jurisdiction.h"
#include "policy/names/name_states.h"
#include "policy/names/name_words.h"

/*
 * Postal codes that are also words or parts of names.  They need more evidence
 * than other codes to be read as a state.
 */
static const char word_codes[] =
"AL AS CO DE HI ID IN LA MA ME MO MP MS MT OH OK OR PA PR SD UM VI";

/* A state's name followed by one of these is the name of a town or county. */
static const char *const place_words[] = {
	"bay", "beach", "borough", "center", "city", "county", "creek", "falls",
	"grove", "harbor", "heights", "hills", "island", "junction", "lake",
	"mills", "park", "point", "ridge", "river", "springs", "township",
	"valley", "village"
};

/*
 * A state's name followed by one of these is the name of a body of that state.
 */
static const char *const state_words[] = {
	"attorney", "board", "bureau", "commission", "department", "division",
	"office", "state"
};

static bool
is_word_code(const char *code)
{
	const char *found = strstr(word_codes, code);

	/* Two capitals cannot match across the blank between two codes. */
	return found != NULL;
}


/* Is there a kind of agency here, or a word that stands for a county? */
static bool
is_kind_at(const OrgName *name, int at)
{
	NameMeaning meaning;

	if (at < 0 || at >= name->nwords)
		return false;
	meaning = name->words[at].meaning;
	return sg_name_is_public_kind(meaning) || meaning == NAME_TRIBAL ||
		meaning == NAME_CAMPUS || meaning == NAME_PUBLIC_CAMPUS;
}

/* Are these words, from this position on, all that is in their bracket? */
static bool
is_alone_in_bracket(const OrgName *name, int at, int nwords)
{
	const NameWord *words = name->words;
	int			bracket = words[at].bracket;

	return bracket != 0 &&
		(at == 0 || words[at - 1].bracket != bracket) &&
		(at + nwords >= name->nwords || words[at + nwords].bracket != bracket);
}

/* Is this the last word, except for remarks in brackets? */
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
 * Is this word where vendors put the state: alone in brackets, at the end,
 * before a hyphen at the beginning, behind a county, or beside the kind of
 * agency?
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
		sg_name_is_county_word(word - 1);
}

/*
 * Is this word of two letters a state's code?
 *
 * "In", "La" and "Co" are words as well.  They are codes only where vendors
 * put the state, and hardly ever in small letters.
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
 * Does a state's name that begins here name the state, and not a part of a
 * town's name?  "Nevada County" is not in Nevada, nor "Indiana PA PD" in
 * Indiana, but the "Kansas Department of Corrections" is of Kansas.
 */
static bool
is_state_of_body(const OrgName *name, int at, int nwords)
{
	const NameWord *words = name->words;
	const NameWord *next = at + nwords < name->nwords ?
	&words[at + nwords] : NULL;

	if (is_alone_in_bracket(name, at, nwords))
		return true;
	/* But "PA - California PD" begins with the state's code. */
	if (at > 0 && words[at].dash_before && words[at - 1].state == NULL)
		return true;

	/*
	 * The State of Nevada names the state, but the County of Nevada does not.
	 */
	if (at > 0 && strcmp(words[at - 1].text, "of") == 0)
		return words[at - 1].meaning != NAME_GOVERNMENT;
	if (next == NULL || next->bracket != words[at].bracket)
		return false;
	return next->meaning == NAME_STATE_AGENCY ||
		next->meaning == NAME_PUBLIC_CAMPUS ||
		sg_is_one_of(next->text, state_words, lengthof(state_words));
}

void
sg_name_take_state(States *states, const char *state)
{
	if (states->one != NULL && strcmp(states->one, state) != 0)
		states->several = true;
	states->one = state;
}

/*
 * Finds the states that a name names.
 *
 * "SD" is South Dakota or a sheriff's department, and "CO" is Colorado or a
 * county.  Where the name has another state, they are not read as states.
 */
void
sg_name_find_states(OrgName *name, States *states)
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
				/*
				 * Behind a county and before no other kind, "SD" is a
				 * sheriff's department.
				 */
				if (sure || (strcmp(word->written, "sd") == 0 && i > 0 &&
							 sg_name_is_county_word(word - 1) &&
							 !is_kind_at(name, i + 1)))
					continue;
				word->meaning = NAME_NOTHING;
			}
			word->state = sg_us_state_code(word->written);
			sg_name_take_state(states, word->state);
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
			sg_is_one_of(next->text, place_words, lengthof(place_words)))
			continue;
		if (is_state_of_body(name, i, word->extent))
		{
			for (int k = 0; k < word->extent; k++)
				name->words[i + k].state = word->state_name;
			sg_name_take_state(states, word->state_name);
		}
		else
		{
			states->passing_first = i == 0;
			states->passing = word->state_name;
		}
	}

	/* The remaining ambiguous words are not states. */
	for (int i = 0; i < name->nwords; i++)
	{
		NameWord   *word = &name->words[i];

		if (strcmp(word->written, "co") == 0 && word->state == NULL)
			word->text = "county";
	}
}
