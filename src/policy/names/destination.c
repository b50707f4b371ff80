/*-------------------------------------------------------------------------
 *
 * destination.c
 *		Resolves a name or id to an agency, its class and its status.
 *
 * A destination's class and status come from the registry.  Its spelling only
 * finds the row.  It matches an agency_id or an ORI exactly.  It also matches
 * an agency_id, ORI, name or alias that differs only in case, accents, spacing
 * and punctuation, and that no other agency has.
 *
 * A name that is not in the registry is unregistered, or worse where the name
 * says so (spelling.c), however familiar it looks, because the person who
 * writes the row also writes the name.  The best class that a name alone can
 * give is that it seems to be an agency of the home state.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "common/hashfn.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "policy/names/name_words.h"
#include "policy/names/destination.h"
#include "policy/names/fold.h"
#include "policy/names/jurisdiction.h"
#include "base/table_load.h"
#include "base/enum_names.h"

PG_FUNCTION_INFO_V1(sg_sql_agency_destination_class);

/*
 * A text that stands for an agency.  Each agency that has it has one of these,
 * or several where the agency has it both as its name and as an alias.
 */
typedef struct Spelling
{
	const char *key;			/* the key of the look-up */
	const Agency *agency;
	const char *text;			/* as the registry has it */
	int			next;			/* the next one of the same key; -1: none */
	bool		from_pack;
} Spelling;

typedef struct KeyEntry
{
	const char *key;
	uint32		hash;
	int			first;			/* number of the first spelling */
	char		status;
} KeyEntry;

#define SH_PREFIX key_table
#define SH_ELEMENT_TYPE KeyEntry
#define SH_KEY_TYPE const char *
#define SH_KEY key
#define SH_HASH_KEY(tb, key) hash_bytes((const unsigned char *) (key), strlen(key))
#define SH_EQUAL(tb, a, b) (strcmp(a, b) == 0)
#define SH_STORE_HASH
#define SH_GET_HASH(tb, a) ((a)->hash)
#define SH_SCOPE static inline
#define SH_DECLARE
#define SH_DEFINE
#include "lib/simplehash.h"

/* Spellings and an index of their keys; filled once and never changed. */
typedef struct SpellingList
{
	int			count;
	int			capacity;
	Spelling   *items;
	key_table_hash *by_key;
} SpellingList;

/* The cached result for a name and its state (see resolved_key()). */
typedef struct Resolved
{
	TextSlice	key;
	uint32		hash;
	char		status;
	Destination destination;
} Resolved;

#define SH_PREFIX resolved_table
#define SH_ELEMENT_TYPE Resolved
#define SH_KEY_TYPE TextSlice
#define SH_KEY key
#define SH_HASH_KEY(tb, key) hash_bytes((const unsigned char *) (key).data, (key).len)
#define SH_EQUAL(tb, a, b) ((a).len == (b).len && memcmp((a).data, (b).data, (a).len) == 0)
#define SH_STORE_HASH
#define SH_GET_HASH(tb, a) ((a)->hash)
#define SH_SCOPE static inline
#define SH_DECLARE
#define SH_DEFINE
#include "lib/simplehash.h"

/*
 * The cache's maximal number of names, and the maximal length of a name in it.
 */
#define RESOLVED_MAX 5000
#ifndef RESOLVED_LEN_MAX		/* 0: test/fuzz resolves each name again */
#define RESOLVED_LEN_MAX 200
#endif

/*
 * The look-up tables from texts to agencies.  The cores are made when a name
 * is first not found otherwise, because making them takes as long as making
 * all the rest.
 */
struct Registry
{
	MemoryContext context;
	const char *home_jurisdiction;
	const NameTerms *terms;
	int			nagencies;
	Agency	   *agencies;
	SpellingList ids;			/* exactly as they are written */
	SpellingList oris;			/* likewise */
	SpellingList spellings;		/* all, folded */
	SpellingList cores;			/* by the cores of spelling.c: see
								 * make_cores() */

	/* Cache of resolved names: see sg_registry_resolve(). */
	MemoryContext resolved_context;
	resolved_table_hash *resolved;
};

/*
 * Returns the class of an agency other than the home agency.  An agency abroad
 * is non_us at every level.  An agency of unknown class is unregistered.
 *
 * The state distinguishes only local and state agencies.
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

/* Makes an empty list with room for this many spellings. */
static void
list_init(SpellingList *list, uint64 capacity)
{
	list->count = 0;
	list->capacity = capacity;
	list->items = palloc_extended(Max(capacity, 1) * sizeof(Spelling),
								  MCXT_ALLOC_HUGE);
	list->by_key = key_table_create(CurrentMemoryContext, Max(capacity, 1),
									NULL);
}

/*
 * Adds a spelling.  The key is not copied and must live as long as the list.
 */
static void
list_add(SpellingList *list, const char *key, const Agency *agency,
		 const char *text, bool from_pack)
{
	Spelling   *spelling = &list->items[list->count];
	KeyEntry   *entry;
	bool		found;

	Assert(list->count < list->capacity);
	entry = key_table_insert(list->by_key, key, &found);
	spelling->key = key;
	spelling->agency = agency;
	spelling->text = text;

	spelling->next = found ? entry->first : -1;
	spelling->from_pack = from_pack;
	entry->first = list->count++;
}

/* Returns the first spelling with this key, or NULL. */
static const Spelling *
list_find(const SpellingList *list, const char *key)
{
	KeyEntry   *entry = key_table_lookup(list->by_key, key);

	return entry == NULL ? NULL : &list->items[entry->first];
}

static const Spelling *
list_next(const SpellingList *list, const Spelling *spelling)
{
	return spelling->next < 0 ? NULL : &list->items[spelling->next];
}

/*
 * Reads one of the registry's own spellings.  Parts of the result are freed
 * when the scratch context is reset.
 */
static void
read_registered(const Registry *registry, const char *text,
				MemoryContext scratch, NameReading *reading)
{
	MemoryContext caller;
	TextSlice	name;
	TextSlice	no_state = {NULL, 0};

	name.data = text;

	name.len = strlen(text);
	MemoryContextReset(scratch);
	caller = MemoryContextSwitchTo(scratch);
	sg_spelling_read(registry->terms, name, no_state, reading);
	MemoryContextSwitchTo(caller);
}

/*
 * Does this spelling stand for the agency only with the state beside it?
 *
 * A person who enters an agency knows which agency the local applications
 * mean.  A pack does not: its "Hillsborough Police Department" is one of
 * several in the country.  Its spelling stands for the agency without a state
 * only where the home state's place is by far the largest of that name.
 */
static bool
needs_state(const Registry *registry, const Spelling *spelling)
{
	MemoryContext scratch;
	NameReading reading;

	if (!spelling->from_pack)
		return false;
	scratch = AllocSetContextCreate(CurrentMemoryContext,
									"sharing_guard spelling",
									ALLOCSET_SMALL_SIZES);
	read_registered(registry, spelling->text, scratch, &reading);
	MemoryContextDelete(scratch);
	return reading.elsewhere && !reading.greatest;
}

/*
 * Makes the list of cores, unless it exists, in the registry's own context.
 * The list depends only on the registry, so making it changes no answer.
 */
static void
make_cores(const Registry *registry)
{
	const SpellingList *spellings = &registry->spellings;
	SpellingList cores;
	MemoryContext caller;
	MemoryContext scratch;

	if (registry->cores.items != NULL)
		return;
	scratch = AllocSetContextCreate(CurrentMemoryContext,
									"sharing_guard spellings",
									ALLOCSET_SMALL_SIZES);
	caller = MemoryContextSwitchTo(registry->context);
	list_init(&cores, spellings->count);
	for (int i = 0; i < spellings->count; i++)
	{
		const Spelling *spelling = &spellings->items[i];
		NameReading reading;

		CHECK_FOR_INTERRUPTS();
		read_registered(registry, spelling->text, scratch, &reading);
		if (reading.core != NULL)
			list_add(&cores, pstrdup(reading.core), spelling->agency,
					 spelling->text, spelling->from_pack);
	}
	MemoryContextSwitchTo(caller);
	MemoryContextDelete(scratch);
	unconstify(Registry *, registry)->cores = cores;
}

static void
add_spelling(Registry *registry, const Agency *agency, const char *text,
			 bool from_pack)
{
	list_add(&registry->spellings, sg_fold_name(text, strlen(text)), agency,
			 text, from_pack);
}

/*
 * Loads the registry into CurrentMemoryContext, during a load of the policy.
 *
 * Dates become timestamps as in load_rules().  A missing attestation begins at
 * infinity and a missing contract has already ended, so decide.c needs no
 * other check than the comparison of times.
 */
Registry *
sg_registry_load(const char *home_agency_id, const char *home_jurisdiction)
{
	Registry   *registry = palloc0(sizeof(Registry));
	uint64		count;
	bool	   *packed;

	registry->context = CurrentMemoryContext;
	registry->resolved_context = AllocSetContextCreate(registry->context,
													   "sharing_guard names",
													   ALLOCSET_DEFAULT_SIZES);
	registry->home_jurisdiction = home_jurisdiction;
	registry->terms = sg_name_terms_load(home_jurisdiction);

	count = sg_load_query("SELECT a.agency_id, a.name, a.ori, a.jurisdiction, a.level, a.status,"
						  " a.immigration_authority,"
						  " a.attested_on, a.attestation_expires,"
						  " a.contract_reference IS NOT NULL, a.contract_expires,"
						  " a.pack IS NOT NULL"
						  " FROM sharing_guard.agency AS a");
	registry->agencies = palloc_extended(Max(count, 1) * sizeof(Agency),
										 MCXT_ALLOC_HUGE);
	packed = palloc_extended(Max(count, 1) * sizeof(bool), MCXT_ALLOC_HUGE);
	list_init(&registry->ids, count);
	list_init(&registry->oris, count);
	for (uint64 row = 0; row < count; row++)
	{
		Agency	   *agency = &registry->agencies[registry->nagencies];
		char	   *level = sg_load_text(row, 5);
		char	   *status = sg_load_text(row, 6);

		agency->agency_id = sg_load_text(row, 1);
		agency->name = sg_load_text(row, 2);
		agency->ori = sg_load_text(row, 3);
		agency->jurisdiction = sg_load_text(row, 4);

		/*
		 * Our own agency is identified by its id only, at every level and in
		 * every state.
		 */
		if (strcmp(agency->agency_id, home_agency_id) == 0)
			agency->class = DESTINATION_SELF;
		else
			agency->class = class_of_agency(level, agency->jurisdiction,
											home_jurisdiction);
		/* An unknown word gets the stricter status. */
		if (!sg_agency_status_from_name(status, &agency->status))
			agency->status = AGENCY_INACTIVE;
		agency->immigration_authority = sg_load_bool(row, 7);
		agency->attested_from = sg_load_day(row, 8, 0, DT_NOEND);
		agency->attested_until = sg_load_day(row, 9, 1, DT_NOEND);
		agency->contract_until = sg_load_bool(row, 10) ?
			sg_load_day(row, 11, 1, DT_NOEND) : DT_NOBEGIN;
		packed[registry->nagencies++] = sg_load_bool(row, 12);
		pfree(level);
		pfree(status);

		list_add(&registry->ids, agency->agency_id, agency,
				 agency->agency_id, false);
		if (agency->ori != NULL)
			list_add(&registry->oris, agency->ori, agency, agency->ori, false);
	}

	/*
	 * Ids and ORIs are spellings as well, because applications send them in
	 * small letters or with hyphens.  An alias that folds to one agency's id
	 * must not lead to another agency.
	 */
	count = sg_load_query("SELECT l.alias, l.agency_id, l.pack IS NOT NULL FROM sharing_guard.agency_alias AS l");
	list_init(&registry->spellings,
			  count + 2 * (uint64) registry->nagencies + registry->oris.count);
	for (int i = 0; i < registry->nagencies; i++)
	{
		const Agency *agency = &registry->agencies[i];

		add_spelling(registry, agency, agency->agency_id, false);
		add_spelling(registry, agency, agency->name, packed[i]);
		if (agency->ori != NULL)
			add_spelling(registry, agency, agency->ori, false);
	}
	for (uint64 row = 0; row < count; row++)
	{
		char	   *agency_id = sg_load_text(row, 2);
		const Agency *agency = sg_registry_find(registry, agency_id);

		/*
		 * The foreign key guarantees this, unless its triggers were disabled.
		 */
		if (agency != NULL)
			add_spelling(registry, agency, sg_load_text(row, 1),
						 sg_load_bool(row, 3));
		pfree(agency_id);
	}
	pfree(packed);
	return registry;
}

/*
 * Returns the agency with exactly this id, or NULL.  It belongs to the
 * registry.
 */
const Agency *
sg_registry_find(const Registry *registry, const char *agency_id)
{
	const Spelling *found = list_find(&registry->ids, agency_id);

	return found == NULL ? NULL : found->agency;
}

/*
 * Does the state that was given beside a name fit the agency of that name?
 *
 * An unreadable state fits no agency in the United States, because the agency
 * that is meant may be in another state.
 */
static bool
state_fits(const Agency *agency, TextSlice state)
{
	const char *code;

	if (!sg_is_given(state))
		return true;
	code = sg_us_state_read(state);

	/* A federal agency has offices in states; a foreign agency does not. */
	if (strcmp(agency->jurisdiction, "US") == 0)
		return code != NULL;
	if (strncmp(agency->jurisdiction, "US-", 3) == 0)
		return code != NULL && strcmp(agency->jurisdiction + 3, code) == 0;
	return code == NULL;
}

/*
 * Returns the only agency with this spelling, or, of several, the one that the
 * state fits; else NULL.  Two towns in two states may have the same name, and
 * a name that still fits several agencies stands for none of them.
 */
static const Agency *
find_by_spelling(const Registry *registry, TextSlice name, TextSlice state)
{
	const SpellingList *list = &registry->spellings;
	const char *folded = sg_fold_name(name.data, name.len);
	const Agency *agency = NULL;

	if (folded[0] == '\0')
		return NULL;
	for (const Spelling *found = list_find(list, folded); found != NULL;
		 found = list_next(list, found))
	{
		if (found->agency == agency ||
			!state_fits(found->agency, state) ||
			(!sg_is_given(state) && needs_state(registry, found)))
			continue;
		if (agency != NULL)
			return NULL;
		agency = found->agency;
	}
	return agency;
}

/*
 * Returns the agency that has this id, ORI, name or alias, or NULL.
 *
 * An exact agency_id or ORI comes first, before the folded spellings.  They
 * are unique, so they name an agency beyond doubt, even where another agency
 * has an alias that folds to the same.
 */
static const Agency *
find_registered(const Registry *registry, TextSlice name, TextSlice state)
{
	const Agency *agency;
	char	   *exact;

	exact = pnstrdup(name.data, name.len);
	agency = sg_registry_find(registry, exact);
	if (agency == NULL)
	{
		const Spelling *found = list_find(&registry->oris, exact);

		if (found != NULL)
			agency = found->agency;
	}
	pfree(exact);

	if (agency == NULL)
		agency = find_by_spelling(registry, name, state);

	/*
	 * The agency has this name but is in another state, so another agency is
	 * meant, which is not in the registry.
	 */
	if (agency != NULL && !state_fits(agency, state))
		return NULL;
	return agency;
}

/*
 * Returns the one agency of the registry that this name seems to be a spelling
 * of, or NULL.  The agency must be of the state that the name gives.  Where
 * the name gives none, the agency must be of the home state, and the other
 * states must have no place of that name, or only places less than a tenth as
 * large: "Sacramento PD" does not mean the one in Kentucky.
 */
static const Agency *
find_by_core(const Registry *registry, const NameReading *reading)
{
	const SpellingList *list = &registry->cores;
	const Agency *agency = NULL;

	if (reading->core == NULL ||
		(reading->state == NULL && reading->elsewhere && !reading->greatest))
		return NULL;
	make_cores(registry);
	for (const Spelling *found = list_find(list, reading->core);
		 found != NULL; found = list_next(list, found))
	{
		const char *jurisdiction = found->agency->jurisdiction;

		if (found->agency == agency ||
			(reading->state != NULL ?
			 strncmp(jurisdiction, "US-", 3) != 0 ||
			 strcmp(jurisdiction + 3, reading->state) != 0 :
			 strcmp(jurisdiction, registry->home_jurisdiction) != 0))
			continue;
		if (agency != NULL)
			return NULL;
		agency = found->agency;
	}
	return agency;
}

/*
 * Resolves a name to the class and status of a registered agency, or else to
 * what its spelling says.  The result points into the registry.
 *
 * A similar spelling may be another agency's name.  So the name of a similar
 * agency may only make the result stricter and never more lenient.
 */
static Destination
resolve(const Registry *registry, TextSlice name, TextSlice state)
{
	Destination result = {.class = DESTINATION_UNREGISTERED};
	NameReading reading;
	bool		has_remarks;

	sg_spelling_read(registry->terms, name, state, &reading);
	has_remarks = reading.bare.len < name.len && sg_is_given(reading.bare);
	result.agency = find_registered(registry, name, state);
	if (result.agency == NULL && has_remarks && reading.only_inactive)
		result.agency = find_registered(registry, reading.bare, state);

	if (result.agency != NULL)
	{
		result.class = result.agency->class;
		result.status = result.agency->status;
	}
	else
	{
		const Agency *agency = NULL;
		bool		is_ours;

		result.inferred = true;
		result.class = reading.class;

		/*
		 * "[Federal] US Border Patrol" may be a spelling of the name without
		 * brackets.
		 */
		if (has_remarks)
		{
			if (reading.state != NULL)
			{
				state.data = reading.state;
				state.len = strlen(reading.state);
			}
			agency = find_registered(registry, reading.bare, state);
		}
		if (agency == NULL)
			agency = find_by_core(registry, &reading);

		is_ours = agency != NULL &&
			(agency->class == DESTINATION_SELF ||
			 agency->class == DESTINATION_IN_STATE_PUBLIC_AGENCY);
		if (agency != NULL && !(reading.settled && is_ours))
		{
			result.agency = agency;
			result.status = agency->status;
			if (!reading.settled)
				result.class = is_ours ? DESTINATION_IN_STATE_INFERRED :
					agency->class;
		}
	}
	if (reading.inactive)
		result.status = AGENCY_INACTIVE;
	return result;
}

/*
 * Returns a name and a state as one key for the cache.  They are separated by
 * a NUL, which no text has.  A name without a state is its own key; otherwise
 * the key is palloc'd.
 */
static TextSlice
resolved_key(TextSlice name, TextSlice state)
{
	TextSlice	key;
	char	   *data;

	if (state.data == NULL)
		return name;
	key.len = name.len + 1 + state.len;
	key.data = data = palloc(key.len);
	memcpy(data, name.data, name.len);
	data[name.len] = '\0';
	memcpy(data + name.len + 1, state.data, state.len);
	return key;
}

/*
 * Resolves a name through a cache, because reading a name takes most of a
 * decision's time, and a feed repeats the same names with different purposes.
 * The result depends only on the registry and the texts, so the cache changes
 * no answer.
 */
Destination
sg_registry_resolve(const Registry *registry, TextSlice name, TextSlice state)
{
	Registry   *whole = unconstify(Registry *, registry);
	Destination result = {.class = DESTINATION_UNREGISTERED};
	TextSlice	key;
	Resolved   *resolved;
	bool		found;

	if (!sg_is_given(name))
		return result;
	if (name.len > RESOLVED_LEN_MAX || state.len > RESOLVED_LEN_MAX)
		return resolve(registry, name, state);

	if (registry->resolved == NULL ||
		registry->resolved->members >= RESOLVED_MAX)
	{
		whole->resolved = NULL;
		MemoryContextReset(registry->resolved_context);
		whole->resolved = resolved_table_create(registry->resolved_context,
												256, NULL);
	}
	key = resolved_key(name, state);
	resolved = resolved_table_lookup(registry->resolved, key);
	if (resolved != NULL)
		return resolved->destination;

	result = resolve(registry, name, state);
	key.data = memcpy(MemoryContextAlloc(registry->resolved_context, key.len),
					  key.data, key.len);
	resolved = resolved_table_insert(registry->resolved, key, &found);
	resolved->destination = result;
	return result;
}

bool
sg_registry_spelling(const Registry *registry, int number,
					 RegistrySpelling *spelling)
{
	const Spelling *found;

	make_cores(registry);
	spelling->is_core = number >= registry->spellings.count;
	if (spelling->is_core)
		number -= registry->spellings.count;
	if (spelling->is_core && number >= registry->cores.count)
		return false;
	found = spelling->is_core ? &registry->cores.items[number] :
		&registry->spellings.items[number];
	spelling->agency = found->agency;
	spelling->text = found->key;
	return true;
}

void
sg_registry_read(const Registry *registry, TextSlice name, TextSlice state,
				 NameReading *reading)
{
	sg_spelling_read(registry->terms, name, state, reading);
}

/*
 * sharing_guard.agency_destination_class(level text, jurisdiction text,
 * 		home_jurisdiction text) returns text
 *
 * Gives reports in SQL the same class that decisions use.
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
