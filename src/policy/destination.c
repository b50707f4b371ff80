/*-------------------------------------------------------------------------
 *
 * destination.c
 *		Name or id -> agency -> class, status.
 *
 * A destination is what the registry says of it.  Its spelling only finds
 * the row: exactly by agency_id, exactly by ORI, or by an agency_id, ORI, name
 * or alias that is the same but for case, accents, spacing and punctuation,
 * and is no other agency's.
 *
 * What is not in the registry is unregistered, however well known its name
 * looks: whoever writes the row writes the name, too.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "fmgr.h"
#include "utils/builtins.h"

#include "policy/destination.h"
#include "policy/fold.h"
#include "policy/load.h"
#include "vocabulary.h"

PG_FUNCTION_INFO_V1(sg_sql_is_jurisdiction);
PG_FUNCTION_INFO_V1(sg_sql_agency_destination_class);

/*
 * One spelling that stands for an agency.  There is one of these for each
 * agency that has the spelling.
 */
typedef struct Spelling
{
	const char *folded;
	const Agency *agency;
} Spelling;

/*
 * The three ways from a spelling to an agency, each a sorted array: it is
 * built at once, searched for every new decision, and never changed.
 */
struct Registry
{
	int			nagencies;
	Agency	   *agencies;		/* by agency_id */
	int			noris;
	const Agency **oris;		/* those that have one, by ORI */
	int			nspellings;
	Spelling   *spellings;		/* by folded */
};

/*
 * ISO 3166-2:US: states, the district, outlying areas, each with the name by
 * which an application may call it.
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
	/* Two capitals cannot match across the blanks between codes. */
	return strlen(code) == 2 &&
		code[0] >= 'A' && code[0] <= 'Z' && code[1] >= 'A' && code[1] <= 'Z' &&
		strstr(countries, code) != NULL;
}

/*
 * 'US-CA' or 'FR': a state of the United States, or a country. 'US' is the
 * country as such, the jurisdiction of federal agencies.
 */
static bool
is_jurisdiction(const char *code)
{
	if (strncmp(code, "US-", 3) == 0)
		return is_us_state_code(code + 3);
	return is_country_code(code);
}

/*
 * The US state that an application means by 'CA', 'us-ca' or 'California',
 * as 'CA'; NULL if none.
 *
 * The result is a constant.  Names are folded, since this is what people and
 * vendors' programs put beside an agency's name, in any spelling.
 */
static const char *
read_us_state(TextSlice state)
{
	char	   *folded = sg_fold_name(state.data, state.len);
	const char *code = folded;
	const char *found = NULL;

	if (strlen(folded) == 4 && strncmp(folded, "us", 2) == 0)
		code += 2;
	for (int i = 0; i < lengthof(us_states) && found == NULL; i++)
	{
		if (pg_strcasecmp(us_states[i].code, code) == 0 ||
			strcmp(us_states[i].name, folded) == 0)
			found = us_states[i].code;
	}
	/* NCIC and Nlets have a code of their own for Nebraska. */
	if (found == NULL && strcmp(folded, "nb") == 0)
		found = "NE";
	pfree(folded);
	return found;
}

/*
 * The class of an agency other than the home agency.  Abroad is abroad,
 * whatever the level; what cannot be told is no better than unregistered.
 *
 * The state tells only local and state agencies apart.
 */
static DestinationClass
class_of_agency(const char *level, const char *jurisdiction,
				const char *home_jurisdiction)
{
	if (strcmp(level, "foreign") == 0 ||
		(strcmp(jurisdiction, "US") != 0 &&
		 strncmp(jurisdiction, "US-", 3) != 0))
		return DESTINATION_NON_US;
	if (strcmp(level, "federal") == 0)
		return DESTINATION_FEDERAL;
	if (strcmp(level, "tribal") == 0)
		return DESTINATION_TRIBAL;
	if (strcmp(level, "private") == 0)
		return DESTINATION_PRIVATE;
	if (strcmp(level, "service_provider") == 0)
		return DESTINATION_SERVICE_PROVIDER;
	if (strcmp(level, "local") == 0 || strcmp(level, "state") == 0)
		return strcmp(jurisdiction, home_jurisdiction) == 0 ?
			DESTINATION_IN_STATE_PUBLIC_AGENCY : DESTINATION_OUT_OF_STATE;
	return DESTINATION_UNREGISTERED;
}

static int
compare_agencies(const void *a, const void *b)
{
	return strcmp(((const Agency *) a)->agency_id,
				  ((const Agency *) b)->agency_id);
}

static int
compare_oris(const void *a, const void *b)
{
	return strcmp((*(const Agency *const *) a)->ori,
				  (*(const Agency *const *) b)->ori);
}

static int
compare_spellings(const void *a, const void *b)
{
	return strcmp(((const Spelling *) a)->folded,
				  ((const Spelling *) b)->folded);
}

/* By spelling, then by agency (agencies are sorted and stay where they are). */
static int
compare_spellings_of_agencies(const void *a, const void *b)
{
	const Spelling *x = a;
	const Spelling *y = b;
	int			cmp = compare_spellings(a, b);

	if (cmp != 0 || x->agency == y->agency)
		return cmp;
	return x->agency < y->agency ? -1 : 1;
}

/*
 * The registry in CurrentMemoryContext, within the policy's load.
 *
 * Days become moments as in load_rules().  An attestation that was never made
 * begins at infinity, which is never, and a contract that there is none of has
 * ended already; so decide.c compares times and asks no further.
 */
Registry *
sg_registry_load(const char *home_agency_id, const char *home_jurisdiction)
{
	Registry   *registry = palloc0(sizeof(Registry));
	uint64		count;
	int			kept = 0;

	count = sg_load_query("SELECT a.agency_id, a.name, a.ori, a.jurisdiction, a.level, a.status,"
						  " a.immigration_authority,"
						  " pg_catalog.timezone(s.time_zone, a.attested_on::pg_catalog.timestamp),"
						  " pg_catalog.timezone(s.time_zone, (a.attestation_expires OPERATOR(pg_catalog.+) 1)::pg_catalog.timestamp),"
						  " a.contract_reference IS NOT NULL,"
						  " pg_catalog.timezone(s.time_zone, (a.contract_expires OPERATOR(pg_catalog.+) 1)::pg_catalog.timestamp)"
						  " FROM sharing_guard.agency AS a, sharing_guard.setting AS s");
	registry->agencies = palloc_extended(Max(count, 1) * sizeof(Agency),
										 MCXT_ALLOC_HUGE);
	registry->oris = palloc_extended(Max(count, 1) * sizeof(Agency *),
									 MCXT_ALLOC_HUGE);
	for (uint64 row = 0; row < count; row++)
	{
		Agency	   *agency = &registry->agencies[row];
		char	   *level = sg_load_text(row, 5);
		char	   *status = sg_load_text(row, 6);

		agency->agency_id = sg_load_text(row, 1);
		agency->name = sg_load_text(row, 2);
		agency->ori = sg_load_text(row, 3);
		agency->jurisdiction = sg_load_text(row, 4);
		/* Ourselves by id alone, whatever level and state were entered. */
		if (strcmp(agency->agency_id, home_agency_id) == 0)
			agency->class = DESTINATION_SELF;
		else
			agency->class = class_of_agency(level, agency->jurisdiction,
											home_jurisdiction);
		/* Not a word that we know: the stricter one. */
		if (!sg_agency_status_from_name(status, &agency->status))
			agency->status = AGENCY_INACTIVE;
		agency->immigration_authority = sg_load_bool(row, 7);
		agency->attested_from = sg_load_time(row, 8, DT_NOEND);
		agency->attested_until = sg_load_time(row, 9, DT_NOEND);
		agency->contract_until = sg_load_bool(row, 10) ?
			sg_load_time(row, 11, DT_NOEND) : DT_NOBEGIN;
		registry->nagencies++;
	}
	qsort(registry->agencies, registry->nagencies, sizeof(Agency),
		  compare_agencies);
	for (int i = 0; i < registry->nagencies; i++)
	{
		if (registry->agencies[i].ori != NULL)
			registry->oris[registry->noris++] = &registry->agencies[i];
	}
	qsort(registry->oris, registry->noris, sizeof(Agency *), compare_oris);

	/*
	 * Ids and ORIs are spellings as well: applications send them in small
	 * letters or with hyphens.  And what folds to one agency's id must not,
	 * as an alias, lead to another.
	 */
	count = sg_load_query("SELECT l.alias, l.agency_id FROM sharing_guard.agency_alias AS l"
						  " UNION ALL"
						  " SELECT a.name, a.agency_id FROM sharing_guard.agency AS a"
						  " UNION ALL"
						  " SELECT a.agency_id, a.agency_id FROM sharing_guard.agency AS a"
						  " UNION ALL"
						  " SELECT a.ori, a.agency_id FROM sharing_guard.agency AS a"
						  " WHERE a.ori IS NOT NULL");
	registry->spellings = palloc_extended(Max(count, 1) * sizeof(Spelling),
										  MCXT_ALLOC_HUGE);
	for (uint64 row = 0; row < count; row++)
	{
		Spelling   *spelling = &registry->spellings[registry->nspellings++];
		char	   *text = sg_load_text(row, 1);

		spelling->folded = sg_fold_name(text, strlen(text));
		spelling->agency = sg_registry_find(registry, sg_load_text(row, 2));
	}
	qsort(registry->spellings, registry->nspellings, sizeof(Spelling),
		  compare_spellings_of_agencies);

	/* Once for each agency that has the spelling. */
	for (int i = 0; i < registry->nspellings; i++)
	{
		if (kept == 0 ||
			compare_spellings_of_agencies(&registry->spellings[kept - 1],
										  &registry->spellings[i]) != 0)
			registry->spellings[kept++] = registry->spellings[i];
	}
	registry->nspellings = kept;
	return registry;
}

/* The agency with exactly this id, or NULL.  It belongs to the registry. */
const Agency *
sg_registry_find(const Registry *registry, const char *agency_id)
{
	Agency		key = {.agency_id = agency_id};

	return bsearch(&key, registry->agencies, registry->nagencies,
				   sizeof(Agency), compare_agencies);
}

/*
 * Does the state that was given beside a name fit the agency of that name?
 *
 * A state that cannot be read fits nobody in the United States: the agency
 * that is meant may be elsewhere.
 */
static bool
state_fits(const Agency *agency, TextSlice state)
{
	const char *code;

	if (!sg_is_given(state))
		return true;
	code = read_us_state(state);

	/* A federal agency has offices in states; a foreign one does not. */
	if (strcmp(agency->jurisdiction, "US") == 0)
		return code != NULL;
	if (strncmp(agency->jurisdiction, "US-", 3) == 0)
		return code != NULL && strcmp(agency->jurisdiction + 3, code) == 0;
	return code == NULL;
}

/*
 * The one agency of this spelling; of several, the one that the state fits.
 * Two towns in two states may well have the same name, and a name that stays
 * several agencies' is nobody's.
 */
static const Agency *
find_by_spelling(const Registry *registry, TextSlice name, TextSlice state)
{
	Spelling	key = {.folded = sg_fold_name(name.data, name.len)};
	const Spelling *found;
	const Spelling *end = registry->spellings + registry->nspellings;
	const Agency *agency = NULL;

	if (key.folded[0] == '\0')
		return NULL;
	found = bsearch(&key, registry->spellings, registry->nspellings,
					sizeof(Spelling), compare_spellings);
	if (found == NULL)
		return NULL;

	while (found > registry->spellings &&
		   compare_spellings(found - 1, &key) == 0)
		found--;
	for (; found < end && compare_spellings(found, &key) == 0; found++)
	{
		if (!state_fits(found->agency, state))
			continue;
		if (agency != NULL)
			return NULL;
		agency = found->agency;
	}
	return agency;
}

/*
 * Whom a name stands for, or NULL; what is returned belongs to the registry.
 *
 * Exactly an agency_id or ORI comes first.  The tables have each but once, so
 * that is a way to name an agency beyond doubt, also where another has an
 * alias that folds to the same.  Only then the folded spellings.
 */
const Agency *
sg_registry_resolve(const Registry *registry, TextSlice name, TextSlice state)
{
	const Agency *agency;
	char	   *exact;

	if (!sg_is_given(name))
		return NULL;

	exact = pnstrdup(name.data, name.len);
	agency = sg_registry_find(registry, exact);
	if (agency == NULL)
	{
		Agency		key = {.ori = exact};
		Agency	   *key_pointer = &key;
		const Agency **found = bsearch(&key_pointer, registry->oris,
									   registry->noris, sizeof(Agency *),
									   compare_oris);

		if (found != NULL)
			agency = *found;
	}
	pfree(exact);

	if (agency == NULL)
		agency = find_by_spelling(registry, name, state);

	/*
	 * Of that name, but elsewhere: another agency, and not one that we know.
	 */
	if (agency != NULL && !state_fits(agency, state))
		return NULL;
	return agency;
}

/*
 * Nothing is inferred yet.  Every class that could be is less strict than
 * "unregistered" for some data, so a guess must be worth its risk: the state
 * given beside a name is as much the application's spelling as the name.
 */
DestinationClass
sg_infer_destination(TextSlice name, TextSlice state)
{
	return DESTINATION_UNREGISTERED;
}

/*
 * sharing_guard.is_jurisdiction(code text) returns boolean
 *
 * For the checks of the tables that hold one.
 */
Datum
sg_sql_is_jurisdiction(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(is_jurisdiction(text_to_cstring(PG_GETARG_TEXT_PP(0))));
}

/*
 * sharing_guard.agency_destination_class(level text, jurisdiction text,
 *		home_jurisdiction text) returns text
 *
 * For reports in SQL: the same answer that decisions are made from.
 */
Datum
sg_sql_agency_destination_class(PG_FUNCTION_ARGS)
{
	DestinationClass class =
	class_of_agency(text_to_cstring(PG_GETARG_TEXT_PP(0)),
					text_to_cstring(PG_GETARG_TEXT_PP(1)),
					text_to_cstring(PG_GETARG_TEXT_PP(2)));

	PG_RETURN_TEXT_P(cstring_to_text(sg_destination_class_name(class)));
}
