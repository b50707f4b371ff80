/*-------------------------------------------------------------------------
 *
 * jurisdiction.c
 *		Looks up states of the United States and countries by their codes.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "fmgr.h"
#include "utils/builtins.h"

#include "policy/names/fold.h"
#include "policy/names/jurisdiction.h"

PG_FUNCTION_INFO_V1(sg_sql_is_jurisdiction);

/*
 * ISO 3166-2:US: states, the district and outlying areas, each with the name
 * that applications may use for it.
 */
static const struct
{
	const char *code;
	const char *name;			/* folded */
}			us_states[] =

{
	{"AK", "alaska"}, {"AL", "alabama"}, {"AR", "arkansas"},
	{"AS", "americansamoa"}, {"AZ", "arizona"}, {"CA", "california"},
	{"CO", "colorado"}, {"CT", "connecticut"}, {"DC", "districtofcolumbia"},
	{"DE", "delaware"}, {"FL", "florida"}, {"GA", "georgia"}, {"GU", "guam"},
	{"HI", "hawaii"}, {"IA", "iowa"}, {"ID", "idaho"}, {"IL", "illinois"},
	{"IN", "indiana"}, {"KS", "kansas"}, {"KY", "kentucky"},
	{"LA", "louisiana"}, {"MA", "massachusetts"}, {"MD", "maryland"},
	{"ME", "maine"}, {"MI", "michigan"}, {"MN", "minnesota"},
	{"MO", "missouri"}, {"MP", "northernmarianaislands"},
	{"MS", "mississippi"}, {"MT", "montana"}, {"NC", "northcarolina"},
	{"ND", "northdakota"}, {"NE", "nebraska"}, {"NH", "newhampshire"},
	{"NJ", "newjersey"}, {"NM", "newmexico"}, {"NV", "nevada"},
	{"NY", "newyork"}, {"OH", "ohio"}, {"OK", "oklahoma"}, {"OR", "oregon"},
	{"PA", "pennsylvania"}, {"PR", "puertorico"}, {"RI", "rhodeisland"},
	{"SC", "southcarolina"}, {"SD", "southdakota"}, {"TN", "tennessee"},
	{"TX", "texas"}, {"UM", "usminoroutlyingislands"}, {"UT", "utah"},
	{"VA", "virginia"}, {"VI", "usvirginislands"}, {"VT", "vermont"},
	{"WA", "washington"}, {"WI", "wisconsin"}, {"WV", "westvirginia"},
	{"WY", "wyoming"}
};

/* ISO 3166-1 alpha-2. */
static const char countries[] =
"AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ "
"BL BM BN BO BQ BR BS BT BV BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR "
"CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR "
"GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU "
"ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ "
"LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ "
"MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF "
"PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI "
"SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR "
"TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW";

static bool
is_us_state_code(const char *code)
{
	for (int i = 0; i < lengthof(us_states); i++)
	{
		if (strcmp(us_states[i].code, code) == 0)
			return true;
	}
	return false;
}

static bool
is_country_code(const char *code)
{
	/* Two capitals cannot match across the blank between two codes. */
	return strlen(code) == 2 &&
		code[0] >= 'A' && code[0] <= 'Z' && code[1] >= 'A' && code[1] <= 'Z' &&
		strstr(countries, code) != NULL;
}

/*
 * Is this 'US-CA' or 'FR', a state of the United States or a country?  'US' is
 * the country itself, the jurisdiction of federal agencies.
 */
static bool
is_jurisdiction(const char *code)
{
	if (strncmp(code, "US-", 3) == 0)
		return is_us_state_code(code + 3);
	return is_country_code(code);
}

/*
 * Returns the code 'CA' for the state that an application writes as 'CA',
 * 'us-ca' or 'California'; NULL if it is no state.
 *
 * The result is a constant.  Names are folded, because people and vendors'
 * programs write the state beside an agency's name in any spelling.
 */
const char *
sg_us_state_read(TextSlice state)
{
	char	   *folded = sg_fold_name(state.data, state.len);
	const char *code = folded;
	const char *found;
	bool		goes_on;

	if (strlen(folded) == 4 && strncmp(folded, "us", 2) == 0)
		code += 2;
	found = sg_us_state_code(code);
	if (found == NULL)
		found = sg_us_state_named(folded, &goes_on);
	pfree(folded);
	return found;
}

/*
 * Returns the postal code that these two letters are, in small letters or
 * capitals, as a constant; NULL if they are none.
 */
const char *
sg_us_state_code(const char *letters)
{
	char		first;
	char		second;

	if (letters[0] == '\0' || letters[1] == '\0' || letters[2] != '\0')
		return NULL;
	first = pg_ascii_toupper((unsigned char) letters[0]);
	second = pg_ascii_toupper((unsigned char) letters[1]);
	for (int i = 0; i < lengthof(us_states); i++)
	{
		if (us_states[i].code[0] == first && us_states[i].code[1] == second)
			return us_states[i].code;
	}
	/* NCIC and Nlets have a code of their own for Nebraska. */
	return first == 'N' && second == 'B' ? "NE" : NULL;
}

/*
 * Returns the postal code of the state with this folded name; NULL if none.
 * Sets *goes_on to whether another state's longer name begins with this name.
 */
const char *
sg_us_state_named(const char *folded, bool *goes_on)
{
	const char *found = NULL;
	Size		len = strlen(folded);

	*goes_on = false;
	for (int i = 0; i < lengthof(us_states); i++)
	{
		/* The first letter excludes nearly all states. */
		if (us_states[i].name[0] != folded[0] ||
			strncmp(us_states[i].name, folded, len) != 0)
			continue;
		if (us_states[i].name[len] == '\0')
			found = us_states[i].code;
		else
			*goes_on = true;
	}
	return found;
}

/*
 * sharing_guard.is_jurisdiction(code text) returns boolean
 *
 * Used by the checks of tables with a jurisdiction.
 */
Datum
sg_sql_is_jurisdiction(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(is_jurisdiction(text_to_cstring(PG_GETARG_TEXT_PP(0))));
}
