/*-------------------------------------------------------------------------
 *
 * policy.c
 *		Compiles the policy from its tables and caches it.
 *
 * Each backend has its own copy.  Every change of a policy table sends a
 * relcache invalidation (policy/rules/change.c).  The callback only increments
 * a counter, and the next caller that needs the policy reads the tables again.
 *
 * The policy is compiled, so that decisions, which are made for single rows,
 * need no catalog access.  Each backend has its own copy, so that a
 * transaction decides under its own uncommitted changes and other transactions
 * do not.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/guc.h"
#include "utils/inval.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

#include "base/errcodes.h"
#include "policy/rules/change.h"
#include "policy/rules/compiled.h"
#include "policy/rules/policy.h"
#include "policy/rules/rule_index.h"
#include "base/inval.h"
#include "base/run_as_owner.h"
#include "base/enum_names.h"

static void *load_policy(TableCache *cache, MemoryContext context);

/*
 * A change of one of its tables makes the next load read all of them, because
 * they must come from one snapshot: a rule may use a value that has just been
 * added to another table.
 */
static TableCache policy_cache = {
	.name = "policy",
	.generation = 1,
	.tables = {"setting", "policy_revision", "adopted_pack", "agency",
		"agency_alias", "name_term", "purpose_term", "data_class", "rule",
	"legal_basis", "task_force"},
	.load = load_policy
};

static uint64 loads = 0;

/* Setting. */
static bool emergency_observe = false;

/* Makes earlier decisions stale, because the setting changes the outcome. */
static void
assign_emergency_observe(bool newval, void *extra)
{
	sg_table_cache_invalidate(&policy_cache);
}

/*
 * Called once, at library load.
 *
 * A relcache invalidation is sent to every session with the commit.  A session
 * that was too slow to read its messages gets a full invalidation instead, so
 * no change is missed.
 */
void
sg_policy_init(void)
{
	sg_table_cache_register(&policy_cache);

	DefineCustomBoolVariable("sharing_guard.emergency_observe",
							 "Has nothing stopped by the policy, in any database of this server.",
							 "An emergency switch: while it is on, the overall mode is observe in every database, whatever its settings say. The audit log records when it was turned on and off.",
							 &emergency_observe,
							 false,
							 PGC_SIGHUP,
							 0,
							 NULL,
							 assign_emergency_observe,
							 NULL);
}

/* Errors out where a table is missing. */
static void
check_policy_tables(const TableCache *cache)
{
	for (int i = 0; cache->tables[i] != NULL; i++)
	{
		if (!OidIsValid(cache->relids[i]))
			ereport(ERROR,
					(errcode(ERRCODE_SG_NOT_OPERATIONAL),
					 errmsg("the policy tables of sharing_guard are missing"),
					 errdetail("There is no table sharing_guard.%s in this database.",
							   cache->tables[i]),
					 errhint("Run CREATE EXTENSION sharing_guard in this database.")));
	}
}

/*
 * Raise an error for a word that the tables' checks would have refused.  No
 * reading of such a rule is safe: without the condition it may allow too much,
 * and without the rule nothing blocks.
 */
static void
unknown_word(const char *rule_id, const char *column)
{
	ereport(ERROR,
			(errcode(ERRCODE_DATA_CORRUPTED),
			 errmsg("rule \"%s\" has an unknown word in %s", rule_id, column),
			 errhint("Correct it in sharing_guard.rule.")));
}

/* Raise an error, because "in state" has no meaning without a home state. */
static void
not_configured(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_SG_NOT_CONFIGURED),
			 errmsg("sharing_guard has not been configured in this database"),
			 errdetail("Without a home jurisdiction and agency no disclosure can be decided on."),
			 errhint("A policy administrator calls sharing_guard.configure() first.")));
}

/*
 * Load the row of settings and the policy's revision.  Errors out where
 * configure() was never called.
 */
static void
load_setting(Policy *policy)
{
	char	   *mode;
	bool		isnull;

	if (sg_load_query("SELECT s.home_jurisdiction, s.agency, s.contact, s.mode, s.time_zone,"
					  " (SELECT GREATEST(r.revision, (SELECT pg_catalog.max(d.policy_revision)"
					  "   FROM sharing_guard.dumped_log AS d))"
					  "  FROM sharing_guard.policy_revision AS r), s.attestations"
					  " FROM sharing_guard.setting AS s") != 1)
		not_configured();
	policy->home_jurisdiction = sg_load_text(0, 1);
	policy->home_agency_id = sg_load_text(0, 2);
	policy->contact = sg_load_text(0, 3);
	mode = sg_load_text(0, 4);
	sg_load_in_zone(sg_load_text(0, 5));
	/* Every value other than "observe" enforces. */
	policy->enforces = mode == NULL || strcmp(mode, "observe") != 0;
	policy->revision = DatumGetInt64(sg_load_datum(0, 6, &isnull));
	if (isnull)
		policy->revision = 0;
	policy->uses_attestations = sg_load_bool(0, 7);

	/* This transaction's own changes have no final number yet. */
	if (sg_policy_provisional_revision() != 0)
		policy->revision = sg_policy_provisional_revision();
}

/*
 * Load all data classes.  decide.c needs the whole list, because a disclosure
 * that gives no class could be of any, and one that gives an unlisted class is
 * refused.
 */
static void
load_data_classes(Policy *policy)
{
	uint64		count = sg_load_query("SELECT d.data_class FROM sharing_guard.data_class AS d");
	WordList   *list = &policy->data_classes;

	list->words = palloc(Max(count, 1) * sizeof(char *));
	for (list->count = 0; list->count < count; list->count++)
		list->words[list->count] = sg_load_text(list->count, 1);
	sg_words_sort(list);
}

/*
 * Load a column that has one word for "no" and one for "yes"; null is any.
 * Errors out on other words.
 */
static Condition
load_condition(uint64 row, int column, const char *no, const char *yes,
			   const char *rule_id, const char *column_name)
{
	char	   *word = sg_load_text(row, column);

	if (word == NULL)
		return CONDITION_ANY;
	if (strcmp(word, yes) == 0)
		return CONDITION_TRUE;
	if (strcmp(word, no) != 0)
		unknown_word(rule_id, column_name);
	return CONDITION_FALSE;
}

/*
 * Returns a list of data classes as a set of their positions in the list of
 * all classes.  The table's check refuses an unknown class.  If there is one
 * nevertheless, it counts as a class that no disclosure has, because an empty
 * set would be no condition.
 */
static Bitmapset *
places_of(const WordList *all, const WordList *words)
{
	Bitmapset  *places = NULL;

	for (int i = 0; i < words->count; i++)
	{
		int			place = sg_words_find(all, words->words[i],
										  strlen(words->words[i]));

		places = bms_add_member(places, place >= 0 ? place : all->count);
	}
	return places;
}

/*
 * Load the enabled rules, unordered because decide.c needs no order.
 *
 * Their dates become timestamps here, in the agency's time zone, so that
 * decide.c compares timestamps and needs neither calendar nor zone.  The last
 * day counts in full: it becomes the beginning of the following day,
 * exclusive.
 */
static void
load_rules(Policy *policy)
{
	uint64		count = sg_load_query("SELECT r.rule_id, r.description, r.outcome, r.destination_classes,"
									  " r.agency_status, r.agencies, r.immigration_authority, r.attestation,"
									  " r.contract, r.purpose_tags, r.data_classes, r.except_data_classes,"
									  " r.channels, r.case_number, r.lifted_by,"
									  " r.effective_from, r.effective_until, r.citation,"
									  " r.authority_kind, r.contested, r.lawful_way"
									  " FROM sharing_guard.rule AS r"
									  " WHERE r.enabled");

	policy->rules = palloc0(Max(count, 1) * sizeof(Rule));
	for (uint64 row = 0; row < count; row++)
	{
		Rule	   *rule = &policy->rules[policy->nrules++];
		WordList	words;
		char	   *word;
		bool		isnull;
		Datum		immigration;

		rule->rule_id = sg_load_text(row, 1);
		rule->description = sg_load_text(row, 2);
		word = sg_load_text(row, 3);
		if (!sg_outcome_from_name(word, &rule->outcome))
			unknown_word(rule->rule_id, "outcome");

		/*
		 * There are few classes and channels, so a uint32 holds a set of
		 * them.
		 */
		sg_load_words(row, 4, &words);
		for (int i = 0; i < words.count; i++)
		{
			DestinationClass class;

			if (!sg_destination_class_from_name(words.words[i], &class))
				unknown_word(rule->rule_id, "destination_classes");
			rule->destination_classes |= 1u << class;
		}
		word = sg_load_text(row, 5);
		if (word != NULL &&
			!sg_agency_status_from_name(word, &rule->agency_status))
			unknown_word(rule->rule_id, "agency_status");
		sg_load_words(row, 6, &rule->agencies);
		immigration = sg_load_datum(row, 7, &isnull);
		if (!isnull)
			rule->immigration_authority = DatumGetBool(immigration) ?
				CONDITION_TRUE : CONDITION_FALSE;
		rule->attestation = load_condition(row, 8, "missing", "on_file",
										   rule->rule_id, "attestation");

		/*
		 * Where no attestations are kept, the rule would flag every agency. A
		 * rule that blocks without an attestation still blocks.
		 */
		if (rule->attestation == CONDITION_FALSE &&
			rule->outcome == OUTCOME_FLAG && !policy->uses_attestations)
		{
			memset(rule, 0, sizeof(*rule));
			policy->nrules--;
			continue;
		}
		rule->contract = load_condition(row, 9, "missing", "on_file",
										rule->rule_id, "contract");

		/*
		 * Only a rule with such a condition replaces the default of a class.
		 */
		rule->about_destination = rule->destination_classes != 0 ||
			rule->agency_status != AGENCY_STATUS_NONE ||
			rule->agencies.count > 0 ||
			rule->immigration_authority != CONDITION_ANY ||
			rule->attestation != CONDITION_ANY ||
			rule->contract != CONDITION_ANY;

		sg_load_words(row, 10, &rule->purpose_tags);
		sg_load_words(row, 11, &words);
		rule->data_classes = places_of(&policy->data_classes, &words);
		sg_load_words(row, 12, &words);
		rule->except_data_classes = places_of(&policy->data_classes, &words);
		sg_load_words(row, 13, &words);
		for (int i = 0; i < words.count; i++)
		{
			Channel		channel;

			if (!sg_channel_from_name(words.words[i], &channel))
				unknown_word(rule->rule_id, "channels");
			rule->channels |= 1u << channel;
		}
		rule->case_number = load_condition(row, 14, "missing", "present",
										   rule->rule_id, "case_number");
		sg_load_words(row, 15, &rule->lifted_by);
		rule->effective_from = sg_load_day(row, 16, 0, DT_NOBEGIN);
		rule->effective_until = sg_load_day(row, 17, 1, DT_NOEND);
		rule->citation = sg_load_text(row, 18);
		rule->authority_kind = sg_load_text(row, 19);
		rule->contested = sg_load_bool(row, 20);
		rule->lawful_way = sg_load_text(row, 21);
	}
	policy->rule_index = sg_rule_index_make(policy->rules, policy->nrules);
}

static int
compare_bases(const void *a, const void *b)
{
	return strcmp(((const LegalBasis *) a)->legal_basis_id,
				  ((const LegalBasis *) b)->legal_basis_id);
}

/*
 * Load all legal bases, by legal_basis_id.  Revoked and expired ones are
 * loaded too, because a refusal says which of it applies.  Their times are
 * also loaded as text for that, because decide.c has no time zone.
 *
 * There may be one for every warrant that was ever served, so the array may be
 * larger than an ordinary allocation.
 */
static void
load_legal_bases(Policy *policy)
{
	uint64		count = sg_load_query("SELECT b.legal_basis_id, b.kind, b.valid_from, b.valid_until, b.revoked_at,"
									  " pg_catalog.to_char(pg_catalog.timezone(s.time_zone, b.valid_from), 'YYYY-MM-DD HH24:MI'),"
									  " pg_catalog.to_char(pg_catalog.timezone(s.time_zone, b.valid_until), 'YYYY-MM-DD HH24:MI'),"
									  " pg_catalog.to_char(pg_catalog.timezone(s.time_zone, b.revoked_at), 'YYYY-MM-DD HH24:MI'),"
									  " b.destination, b.data_classes, b.record_keys, b.case_number,"
									  " b.row_limit, b.single_use"
									  " FROM sharing_guard.legal_basis AS b, sharing_guard.setting AS s");

	policy->bases = palloc_extended(Max(count, 1) * sizeof(LegalBasis),
									MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	for (uint64 row = 0; row < count; row++)
	{
		LegalBasis *basis = &policy->bases[policy->nbases++];
		Datum		row_limit;
		bool		isnull;

		basis->legal_basis_id = sg_load_text(row, 1);
		basis->kind = sg_load_text(row, 2);
		/* Without a beginning it is never valid; without an end, forever. */
		basis->valid_from = sg_load_time(row, 3, DT_NOEND);
		basis->valid_until = sg_load_time(row, 4, DT_NOEND);
		basis->revoked_at = sg_load_time(row, 5, DT_NOEND);
		basis->valid_from_text = sg_load_text(row, 6);
		basis->valid_until_text = sg_load_text(row, 7);
		basis->revoked_at_text = sg_load_text(row, 8);
		basis->destination = sg_load_text(row, 9);
		sg_load_words(row, 10, &basis->data_classes);
		sg_load_words(row, 11, &basis->record_keys);
		basis->case_number = sg_load_text(row, 12);
		row_limit = sg_load_datum(row, 13, &isnull);
		basis->row_limit = isnull ? 0 : DatumGetInt64(row_limit);
		basis->single_use = sg_load_bool(row, 14);
	}
	qsort(policy->bases, policy->nbases, sizeof(LegalBasis), compare_bases);
}

/*
 * Load the task forces that work under an agreement.  Ended ones are loaded
 * too, because a refusal says that they have ended.  The tagger finds out
 * whether a task force's primary purpose is immigration, as for any other
 * purpose.
 */
static void
load_task_forces(Policy *policy)
{
	uint64		count = sg_load_query("SELECT t.name, t.agreement, t.agencies, t.primary_purpose,"
									  " t.starts_on, t.ends_on FROM sharing_guard.task_force AS t"
									  " WHERE t.agreement IS NOT NULL");

	policy->task_forces = palloc0(Max(count, 1) * sizeof(TaskForce));
	for (uint64 row = 0; row < count; row++)
	{
		TaskForce  *task_force = &policy->task_forces[policy->ntask_forces++];
		char	   *text = sg_load_text(row, 4);
		TextSlice	purpose;
		ListCell   *lc;

		purpose.data = text;

		purpose.len = strlen(text);
		task_force->name = sg_load_text(row, 1);
		task_force->agreement = sg_load_text(row, 2);
		sg_load_words(row, 3, &task_force->agencies);
		foreach(lc, sg_tag_purpose(policy->tagger, purpose).tags)
		{
			if (strcmp(lfirst(lc), "immigration") == 0)
				task_force->for_immigration = true;
		}
		task_force->starts = sg_load_day(row, 5, 0, DT_NOEND);
		task_force->ends = sg_load_day(row, 6, 1, DT_NOEND);
	}
}

/*
 * Read every table into the policy's context, on one snapshot.  The settings
 * come first, because an agency's class is relative to the home agency and
 * jurisdiction.
 *
 * This runs as the owner of the tables, because the user who moves rows has no
 * rights on them.  Neither row security nor search_path of that user applies.
 */
static void
read_policy(void *arg)
{
	Policy	   *policy = arg;
	Snapshot	snapshot = RegisterSnapshot(sg_own_snapshot());
	const Agency *home;

	sg_load_begin(snapshot);
	MemoryContextSwitchTo(policy->context);

	load_setting(policy);
	policy->registry = sg_registry_load(policy->home_agency_id,
										policy->home_jurisdiction);
	home = sg_registry_find(policy->registry, policy->home_agency_id);
	if (home != NULL)
		policy->home_agency_name = home->name;
	else
		not_configured();
	policy->tagger = sg_tagger_load();
	load_data_classes(policy);
	load_rules(policy);
	load_legal_bases(policy);
	load_task_forces(policy);
	UnregisterSnapshot(snapshot);
}

static void
read_with_own_rights(void *arg)
{
	sg_run_as_owner(policy_cache.relids[0], read_policy, arg);
}

/*
 * Load the policy from the committed tables and our own transaction's changes.
 * Errors out where the tables are missing, empty or hold invalid values.
 */
static void *
load_policy(TableCache *cache, MemoryContext context)
{
	Policy	   *policy;

	check_policy_tables(cache);
	policy = MemoryContextAllocZero(context, sizeof(Policy));
	policy->context = context;
	PG_TRY();
	{
		sg_with_bounded_waits(read_with_own_rights, policy);
	}
	PG_FINALLY();
	{
		/* After an error the resource owner releases the snapshot. */
		sg_load_end();
	}
	PG_END_TRY();

	policy->load_number = ++loads;
	return policy;
}

/*
 * Returns the policy in force; reloads it where it has changed.  Errors out
 * where that fails.
 *
 * Callers may call this for each row.  Where no message waits, accepting
 * invalidations is one look at shared memory.  So a revoked warrant counts
 * from the next row on, also within one long statement.
 */
const Policy *
sg_policy_current(void)
{
	AcceptInvalidationMessages();
	return sg_policy_as_heard();
}

/* The same as of the last invalidation that was accepted. */
const Policy *
sg_policy_as_heard(void)
{
	if (likely(sg_table_cache_is_current(&policy_cache)))
		return policy_cache.content;
	return sg_table_cache_get(&policy_cache);
}

/*
 * Returns the legal basis with exactly this id; NULL if there is none.  It
 * belongs to the policy.
 */
const LegalBasis *
sg_policy_legal_basis(const Policy *policy, TextSlice id)
{
	int			low = 0;
	int			high = policy->nbases;

	while (low < high)
	{
		int			middle = low + (high - low) / 2;
		int			cmp = sg_compare_slice(id.data, id.len,
										   policy->bases[middle].legal_basis_id);

		if (cmp == 0)
			return &policy->bases[middle];
		if (cmp < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return NULL;
}

uint64
sg_policy_load_number(const Policy *policy)
{
	return policy->load_number;
}

/*
 * Is the name unresolved only because it does not give its state?  Then other
 * states have a place of that name, too.
 */
bool
sg_policy_name_lacks_state(const Policy *policy, TextSlice name, TextSlice state)
{
	NameReading reading;

	if (name.data == NULL)
		return false;
	sg_registry_read(policy->registry, name, state, &reading);
	return reading.state == NULL && reading.elsewhere && !reading.greatest &&
		!reading.settled && !reading.inactive;
}

int64
sg_policy_revision(const Policy *policy)
{
	return policy->revision;
}

bool
sg_policy_enforces(const Policy *policy)
{
	return policy->enforces && !emergency_observe;
}

const char *
sg_policy_home_agency_id(const Policy *policy)
{
	return policy->home_agency_id;
}

const char *
sg_policy_home_agency_name(const Policy *policy)
{
	return policy->home_agency_name;
}

const char *
sg_policy_contact(const Policy *policy)
{
	return policy->contact;
}
