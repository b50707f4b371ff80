/*-------------------------------------------------------------------------
 *
 * decide.c
 *		Disclosure x policy -> decision.
 *
 * Every rule that can match (rule_index.c) is held against the disclosure;
 * every one that does is recorded, and the strictest wins, so the order of
 * rules never matters.
 * What no rule about destinations speaks of gets the default of its class.
 *
 * The parties are the destination and, where one is named, the agency on
 * whose behalf the disclosure is made: going through a friendly agency gains
 * nothing.
 *
 * sg_decide() looks at no table and at no clock.  So a decision can be kept,
 * for as long as it says, previewed for another day, and made again in a
 * review.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <ctype.h>

#include "fmgr.h"
#include "funcapi.h"
#include "lib/stringinfo.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "policy/rules/compiled.h"
#include "policy/rules/policy.h"
#include "policy/rules/decide.h"
#include "policy/names/fold.h"
#include "policy/rules/legal_basis.h"
#include "policy/rules/rule_index.h"
#include "base/guc.h"
#include "base/enum_names.h"

PG_FUNCTION_INFO_V1(sg_sql_preview_decision);

/*
 * One who receives the data: the destination, or the agency that it acts for.
 */
typedef struct Party
{
	const Agency *agency;		/* NULL: not in the registry */
	DestinationClass class;
	AgencyStatus status;
	bool		inferred;		/* all this from the spelling of a name */
	bool		on_behalf;
	uint32		spoken_of;		/* the classes that rules have spoken of */
} Party;

/* A rule that matched, or a default that applied. */
typedef struct Finding
{
	const char *rule_id;
	Outcome		outcome;
	const char *citation;		/* or NULL */
	const char *reason;			/* NULL for an allow */
	const char *lawful_way;		/* or NULL */
} Finding;

/*
 * All that a decision is made from and into.  What hangs on it is the
 * policy's, the disclosure's or in the work context of sg_decide();
 * make_decision() copies what is to stay.
 */
typedef struct Deliberation
{
	const Policy *policy;
	const Disclosure *disclosure;
	int			nparties;
	Party		parties[2];
	WordList	tags;
	WordList	matched_terms;
	int			data_class;		/* its place in the policy's list, or: */
#define DATA_CLASS_ANY		(-1)	/* none was given */
#define DATA_CLASS_UNKNOWN	(-2)	/* it is not on file */
	int			nrules;
	int		   *rules;			/* numbers of those that can match */
	bool		has_case_number;
	bool		legal_basis_named;
	const LegalBasis *basis;	/* NULL: none named, or not on file */
	List	   *findings;
	const char *lifting_basis;
	bool		depends_on_record;
	TimestampTz valid_until;
} Deliberation;

/*
 * What no rule about destinations speaks of: closed, except to ourselves and
 * to public agencies of our own state.  A rule_id has no colon (policy.sql),
 * so these ids are no rule's.
 */
static const struct
{
	Outcome		outcome;
	const char *rule_id;
	const char *reason;
}			class_defaults[] =

{
	[DESTINATION_SELF] =
	{OUTCOME_ALLOW, "default:self", NULL},
	[DESTINATION_IN_STATE_PUBLIC_AGENCY] =
	{OUTCOME_ALLOW, "default:in_state_public_agency", NULL},
	[DESTINATION_IN_STATE_INFERRED] =
	{OUTCOME_BLOCK, "default:in_state_inferred",
	"No rule allows sharing with an agency that is not in the registry, even one that seems to be in this state."},
	[DESTINATION_OUT_OF_STATE] =
	{OUTCOME_BLOCK, "default:out_of_state",
	"No rule allows sharing with an agency of another state."},
	[DESTINATION_FEDERAL] =
	{OUTCOME_BLOCK, "default:federal",
	"No rule allows sharing with a federal agency."},
	[DESTINATION_TRIBAL] =
	{OUTCOME_BLOCK, "default:tribal",
	"No rule allows sharing with a tribal agency."},
	[DESTINATION_NON_US] =
	{OUTCOME_BLOCK, "default:non_us",
	"No rule allows sharing with an agency outside the United States."},
	[DESTINATION_PRIVATE] =
	{OUTCOME_BLOCK, "default:private",
	"No rule allows sharing with a private body."},
	[DESTINATION_SERVICE_PROVIDER] =
	{OUTCOME_BLOCK, "default:service_provider",
	"No rule allows sharing with a service provider."},
	[DESTINATION_UNREGISTERED] =
	{OUTCOME_BLOCK, "default:unregistered",
	"It cannot be told from the agency registry who the destination is."},
};

/* A class that has no line here would be allowed. */
StaticAssertDecl(lengthof(class_defaults) == DESTINATION_CLASS_COUNT,
				 "every destination class has a default");

/*
 * The same text without the blanks around it; nothing is copied.  For ids and
 * case numbers, which applications take from padded fields.
 */
static TextSlice
trim(TextSlice slice)
{
	while (slice.len > 0 && isspace((unsigned char) slice.data[0]))
	{
		slice.data++;
		slice.len--;
	}
	while (slice.len > 0 &&
		   isspace((unsigned char) slice.data[slice.len - 1]))
		slice.len--;
	return slice;
}

/* NULL equals no string, the empty one included. */
static bool
slice_is(TextSlice slice, const char *string)
{
	return slice.data != NULL && strlen(string) == slice.len &&
		memcmp(slice.data, string, slice.len) == 0;
}

/*
 * The decision cannot be kept beyond an edge that is still to come.
 *
 * Every window that an answer depends on has to come through here, whether it
 * is open or not: until valid_until the decision is used again without another
 * look at anything.
 */
static void
look_at_edge(Deliberation *d, TimestampTz edge)
{
	if (edge > d->disclosure->at && edge < d->valid_until)
		d->valid_until = edge;
}

/* "judicial_warrant" -> "a judicial warrant", for a sentence; palloc'd. */
static char *
kind_in_words(const char *kind)
{
	char	   *words = psprintf("%s %s", strchr("aeiou", kind[0]) ? "an" : "a",
								 kind);

	for (char *c = words; *c; c++)
	{
		if (*c == '_')
			*c = ' ';
	}
	return words;
}

/*
 * Take in a party by the name that the application gives it.  The state, where
 * one is given beside it, must be the agency's own (destination.c).
 */
static void
add_party(Deliberation *d, TextSlice name, TextSlice state, bool on_behalf)
{
	Party	   *party = &d->parties[d->nparties++];
	Destination found = sg_registry_resolve(d->policy->registry, name, state);

	party->agency = found.agency;
	party->class = found.class;
	party->status = found.status;
	party->inferred = found.inferred;
	party->on_behalf = on_behalf;

	if (party->agency != NULL)
	{
		look_at_edge(d, party->agency->attested_from);
		look_at_edge(d, party->agency->attested_until);
		look_at_edge(d, party->agency->contract_until);
	}
}

static int
compare_strings(const void *a, const void *b)
{
	return strcmp(*(char *const *) a, *(char *const *) b);
}

/*
 * Sort strings in place and drop duplicates; returns how many are left.
 *
 * What a decision lists goes into the key by which rows are gathered, so the
 * same set must always be the same list.
 */
static int
sort_unique(char **strings, int count)
{
	int			kept = 0;

	qsort(strings, count, sizeof(char *), compare_strings);
	for (int i = 0; i < count; i++)
	{
		if (kept == 0 || strcmp(strings[kept - 1], strings[i]) != 0)
			strings[kept++] = strings[i];
	}
	return kept;
}

/*
 * Is this a tag that some term gives, or some rule asks for?  A rule may ask
 * for one that no term gives: it is for applications to declare.
 */
static bool
tag_is_known(const Policy *policy, TextSlice tag)
{
	return sg_tagger_knows(policy->tagger, tag) ||
		sg_rule_index_has_tag(policy->rule_index, tag);
}

/* A List of strings as a sorted list without duplicates. */
static void
set_words(WordList *words, const List *strings)
{
	ListCell   *lc;

	words->count = 0;
	words->words = palloc((list_length(strings) + 1) * sizeof(char *));
	foreach(lc, strings)
		words->words[words->count++] = lfirst(lc);
	words->count = sort_unique(words->words, words->count);
}

/*
 * The tags that the purpose's words match, and those the application gave as
 * such.  What it gave and nothing here knows is words like any others: it is
 * in the purpose text, and must not be shown as a tag of ours.
 *
 * Sets d->tags and d->matched_terms, sorted.
 */
static void
find_tags(Deliberation *d)
{
	const Disclosure *disclosure = d->disclosure;
	Tagging		tagging = {NIL, NIL};
	List	   *tags = NIL;

	for (int i = 0; i < disclosure->ndeclared_tags; i++)
	{
		TextSlice	declared = disclosure->declared_tags[i];

		if (sg_is_given(declared) && tag_is_known(d->policy, declared))
			tags = lappend(tags, pnstrdup(declared.data, declared.len));
	}
	/* A purpose given as tags alone is a purpose. */
	if (tags == NIL || sg_is_given(disclosure->purpose))
		tagging = sg_tag_purpose(d->policy->tagger, disclosure->purpose);
	set_words(&d->tags, list_concat(tags, tagging.tags));
	set_words(&d->matched_terms, tagging.terms);
}

/*
 * What find_tags() makes of a purpose's words, and nothing else here looks at
 * them.  The tagger has each tag and each term once, so where it has them tells
 * them apart.
 */
TextSlice
sg_purpose_meaning(const Policy *policy, TextSlice purpose)
{
	Tagging		tagging = sg_tag_purpose(policy->tagger, purpose);
	int			count = list_length(tagging.tags) + list_length(tagging.terms);
	const char **found = palloc(sizeof(char *) * (count + 1));
	TextSlice	meaning;
	ListCell   *lc;
	int			n = 0;

	foreach(lc, tagging.tags)
		found[n++] = lfirst(lc);
	found[n++] = NULL;
	foreach(lc, tagging.terms)
		found[n++] = lfirst(lc);
	meaning.data = (const char *) found;
	meaning.len = sizeof(char *) * n;
	return meaning;
}

static int
find_data_class(const Policy *policy, TextSlice data_class)
{
	int			place;

	if (data_class.data == NULL)
		return DATA_CLASS_ANY;
	place = sg_words_find(&policy->data_classes, data_class.data,
						  data_class.len);
	return place < 0 ? DATA_CLASS_UNKNOWN : place;
}

/* Sets d->rules, once the parties and the tags are known. */
static void
find_rules(Deliberation *d)
{
	const char *agencies[lengthof(d->parties)];
	int			nagencies = 0;

	for (int i = 0; i < d->nparties; i++)
	{
		if (d->parties[i].agency != NULL)
			agencies[nagencies++] = d->parties[i].agency->agency_id;
	}
	d->rules = sg_rule_index_find(d->policy->rule_index, agencies, nagencies,
								  &d->tags, &d->nrules);
}

/*
 * Is the rule in force at the time of the disclosure?  That time, and not the
 * clock's, so that a preview can ask about another.
 */
static bool
in_effect(const Deliberation *d, const Rule *rule)
{
	return d->disclosure->at >= rule->effective_from &&
		d->disclosure->at < rule->effective_until;
}

/*
 * The conditions that are not about a party; each that the rule has must hold.
 * Without a data class it could be any, so conditions on it hold: the
 * strictest answer is asked for.
 *
 * The data class is an argument, since left_to_default() asks for one after
 * the other.
 */
static bool
rule_matches(const Deliberation *d, const Rule *rule, int data_class)
{
	const Disclosure *disclosure = d->disclosure;

	/* A set without members is no condition. */
	if (rule->channels != 0 &&
		(rule->channels & (1u << disclosure->channel)) == 0)
		return false;

	if (rule->case_number != CONDITION_ANY &&
		(rule->case_number == CONDITION_TRUE) != d->has_case_number)
		return false;

	if (rule->purpose_tags.count > 0)
	{
		bool		found = false;

		for (int i = 0; i < d->tags.count && !found; i++)
			found = sg_words_contain(&rule->purpose_tags, d->tags.words[i],
									 strlen(d->tags.words[i]));
		if (!found)
			return false;
	}

	if (data_class == DATA_CLASS_ANY)
		return true;
	if (data_class == DATA_CLASS_UNKNOWN)
		return rule->data_classes == NULL;
	return (rule->data_classes == NULL ||
			bms_is_member(data_class, rule->data_classes)) &&
		!bms_is_member(data_class, rule->except_data_classes);
}

static bool
condition_holds(Condition condition, bool fact)
{
	return condition == CONDITION_ANY || (condition == CONDITION_TRUE) == fact;
}

/*
 * The classes that a party is treated as having, as a set of bits.
 *
 * A name may make its bearer worse than unregistered and not better, or else
 * whoever is refused would call himself a federal agency wherever rules only
 * flag those.  So what is inferred counts beside "unregistered", except for
 * the one class that is there to be inferred.
 */
static uint32
classes_of_party(const Party *party)
{
	uint32		classes = 1u << party->class;

	if (party->inferred && party->class != DESTINATION_IN_STATE_INFERRED)
		classes |= 1u << DESTINATION_UNREGISTERED;
	return classes;
}

/*
 * The conditions that are about a party, as one of these classes.  All have to
 * hold for the same one: an inactive agency here and one of another state there
 * are not an inactive agency of another state.
 */
static bool
rule_matches_party(const Deliberation *d, const Rule *rule, const Party *party,
				   uint32 classes)
{
	const Agency *agency = party->agency;
	TimestampTz at = d->disclosure->at;

	if (rule->destination_classes != 0 &&
		(rule->destination_classes & classes) == 0)
		return false;
	if (rule->agency_status != AGENCY_STATUS_NONE &&
		rule->agency_status != party->status)
		return false;

	/*
	 * The rest are facts of the registry, of which a stranger has none.  So a
	 * rule that asks for one, or for its absence, is not about strangers;
	 * what is, names their class.  Nor does anything that the registry says
	 * of an agency speak for who only has a name like it.
	 */
	if (agency == NULL ||
		(party->inferred && rule->outcome == OUTCOME_ALLOW))
		return rule->agencies.count == 0 &&
			rule->immigration_authority == CONDITION_ANY &&
			rule->attestation == CONDITION_ANY &&
			rule->contract == CONDITION_ANY;

	if (rule->agencies.count > 0 &&
		!sg_words_contain(&rule->agencies, agency->agency_id,
						  strlen(agency->agency_id)))
		return false;
	return condition_holds(rule->immigration_authority,
						   agency->immigration_authority) &&
		condition_holds(rule->attestation,
						agency->attested_from <= at &&
						at < agency->attested_until) &&
		condition_holds(rule->contract, at < agency->contract_until);
}

/*
 * Does what the basis says concern this party?
 *
 * A rule about purposes (whose party is NULL) concerns every party but
 * ourselves; ourselves only where there is nobody else.
 */
static bool
is_concerned(const Deliberation *d, const Party *other, const Party *party)
{
	if (party != NULL)
		return other == party;
	if (other->class != DESTINATION_SELF)
		return true;
	for (int i = 0; i < d->nparties; i++)
	{
		if (d->parties[i].class != DESTINATION_SELF)
			return false;
	}
	return true;
}

/*
 * Why the task forces that work under an agreement do not bear it out, as the
 * end of a sentence; NULL if one does, or none is on file: then the agreement
 * stands by its own scope.
 *
 * One and the same task force has to be for something else than immigration,
 * be at work at the time, and have all parties as members.
 */
static const char *
why_no_task_force(Deliberation *d, const LegalBasis *basis,
				  const Party *party)
{
	const char *why_not = NULL;

	for (int i = 0; i < d->policy->ntask_forces; i++)
	{
		const TaskForce *force = &d->policy->task_forces[i];
		bool		members = true;

		if (strcmp(force->agreement, basis->legal_basis_id) != 0)
			continue;
		look_at_edge(d, force->starts);
		look_at_edge(d, force->ends);
		for (int k = 0; k < d->nparties; k++)
		{
			const Party *other = &d->parties[k];

			if (is_concerned(d, other, party) &&
				other->class != DESTINATION_SELF &&
				(other->agency == NULL || other->inferred ||
				 !sg_words_contain(&force->agencies, other->agency->agency_id,
								   strlen(other->agency->agency_id))))
				members = false;
		}
		if (force->for_immigration)
			why_not = psprintf("the primary purpose of task force \"%s\" is immigration enforcement",
							   force->name);
		else if (d->disclosure->at < force->starts)
			why_not = psprintf("task force \"%s\" has not begun", force->name);
		else if (d->disclosure->at >= force->ends)
			why_not = psprintf("task force \"%s\" has ended", force->name);
		else if (!members)
			why_not = psprintf("the agency is not a member of task force \"%s\"",
							   force->name);
		else
			return NULL;
	}
	return why_not;
}

/*
 * Why the named legal basis does not lift this rule for this party, as the
 * end of a sentence; NULL if it does.
 *
 * Every scope that the basis has must cover the disclosure.
 *
 * What is wrong with the basis itself comes first, then whom and what it is
 * for, and last whether it covers the record.  As soon as that is looked at
 * the answer is this row's alone and cannot be kept for the next
 * (depends_on_record); all before it is the same for every row.
 *
 * The text may quote the registry and the basis, but nothing of the row: it
 * ends up in error messages.
 */
static const char *
why_not_lifted(Deliberation *d, const Rule *rule, const Party *party)
{
	const Disclosure *disclosure = d->disclosure;
	const LegalBasis *basis = d->basis;
	const char *why_not;

	if (basis == NULL)
		return "it is not on file";

	/* Whatever is found below, at these moments it may be otherwise. */
	look_at_edge(d, basis->valid_from);
	look_at_edge(d, basis->valid_until);
	look_at_edge(d, basis->revoked_at);

	/*
	 * The rule names the kinds that its own authority accepts, and no others
	 * do.
	 */
	if (!sg_words_contain(&rule->lifted_by, basis->kind, strlen(basis->kind)))
		return psprintf("this rule is not lifted by %s",
						kind_in_words(basis->kind));
	if (disclosure->at >= basis->revoked_at)
		return psprintf("it was revoked on %s", basis->revoked_at_text);
	if (disclosure->at >= basis->valid_until)
		return psprintf("it expired on %s", basis->valid_until_text);
	if (disclosure->at < basis->valid_from)
		return psprintf("it is valid only from %s", basis->valid_from_text);

	for (int i = 0; basis->destination != NULL && i < d->nparties; i++)
	{
		const Party *other = &d->parties[i];

		if (!is_concerned(d, other, party))
			continue;
		if (other->agency == NULL || other->inferred ||
			strcmp(other->agency->agency_id, basis->destination) != 0)
			return "it is for another destination";
	}

	if (strcmp(basis->kind, "task_force_agreement") == 0)
	{
		why_not = why_no_task_force(d, basis, party);
		if (why_not != NULL)
			return why_not;
	}

	/* A scope that the disclosure does not speak of is not met. */
	if (basis->data_classes.count > 0)
	{
		if (disclosure->data_class.data == NULL)
			return "it is for certain data classes, and none was given";
		if (!sg_words_contain(&basis->data_classes,
							  disclosure->data_class.data,
							  disclosure->data_class.len))
			return "it does not cover this class of data";
	}
	/* Set before it is known whether the row gave a key: the next one may. */
	if (basis->record_keys.count > 0)
	{
		d->depends_on_record = true;
		if (disclosure->record_key.data == NULL)
			return "it is for certain records, and none was given";
		if (!sg_words_contain(&basis->record_keys, disclosure->record_key.data,
							  disclosure->record_key.len))
			return "it does not cover this record";
	}
	if (basis->case_number != NULL)
	{
		d->depends_on_record = true;
		if (!d->has_case_number)
			return "it is for one case, and no case number was given";
		if (!slice_is(trim(disclosure->case_number), basis->case_number))
			return "it is for another case";
	}

	/* The channel has found that out: what is left is not ours to count. */
	if (disclosure->legal_basis_used_up)
	{
		if (basis->row_limit == 0)
			return "it was for a single use, and has been used";
		if (basis->single_use)
			return psprintf("it was for a single use of at most " INT64_FORMAT " rows, and nothing is left of that",
							basis->row_limit);
		return psprintf("its limit of " INT64_FORMAT " rows is used up",
						basis->row_limit);
	}
	return NULL;
}

/*
 * Text that ends like a sentence, after what is in buf already.  What people
 * enter as description or lawful way may or may not have its full stop.
 */
static void
append_sentence(StringInfo buf, const char *text)
{
	int			len = strlen(text);

	while (len > 0 && isspace((unsigned char) text[len - 1]))
		len--;
	if (len == 0)
		return;
	if (buf->len > 0)
		appendStringInfoChar(buf, ' ');
	appendBinaryStringInfo(buf, text, len);
	if (strchr(".!?", text[len - 1]) == NULL)
		appendStringInfoChar(buf, '.');
}

/*
 * Which of two parties a sentence is about; nothing where there is but one, or
 * where it is about the disclosure as such (NULL).
 */
static void
append_party(const Deliberation *d, StringInfo buf, const Party *party)
{
	if (party == NULL || d->nparties < 2)
		return;
	if (party->agency != NULL && !party->inferred)
		appendStringInfo(buf, "%s%s:",
						 party->on_behalf ? "On behalf of " : "To ",
						 party->agency->name);
	else
		appendStringInfoString(buf, party->on_behalf ?
							   "On behalf of an agency that is not in the registry:" :
							   "To the destination:");
}

/*
 * Add what a rule or a default has said.  Nothing is copied.  The reason is
 * NULL for an allow and for no other outcome.
 */
static void
add_finding(Deliberation *d, const char *rule_id, Outcome outcome,
			const char *citation, const char *reason, const char *lawful_way)
{
	Finding    *finding;
	ListCell   *lc;

	/* Two parties may be the same agency. */
	foreach(lc, d->findings)
	{
		finding = lfirst(lc);
		if (strcmp(finding->rule_id, rule_id) == 0 &&
			finding->outcome == outcome &&
			(reason == NULL || strcmp(finding->reason, reason) == 0))
			return;
	}
	finding = palloc(sizeof(Finding));
	finding->rule_id = rule_id;
	finding->outcome = outcome;
	finding->citation = citation;
	finding->reason = reason;
	finding->lawful_way = lawful_way;
	d->findings = lappend(d->findings, finding);
}

/*
 * A rule matches, for this party or (NULL) the disclosure as such: put into
 * words, for the refused user and the auditor, what it says, and add it.
 *
 * A block that a legal basis lifts becomes a flag, never an allow: the auditor
 * is to see that it was used.  A flag is not lifted, for nothing is stopped by
 * it.
 */
static void
record_rule(Deliberation *d, const Rule *rule, const Party *party)
{
	Outcome		outcome = rule->outcome;
	const char *why_not = NULL;
	StringInfoData reason;

	/* Nobody has to be told why nothing was done. */
	if (outcome == OUTCOME_ALLOW)
	{
		add_finding(d, rule->rule_id, outcome, rule->citation, NULL, NULL);
		return;
	}

	initStringInfo(&reason);
	append_party(d, &reason, party);
	append_sentence(&reason, rule->description);
	/* The citation belongs inside the sentence. */
	if (reason.len > 0)
		reason.data[--reason.len] = '\0';
	appendStringInfoString(&reason, " (");
	if (rule->citation != NULL)
		appendStringInfo(&reason, "%s; authority: ", rule->citation);
	for (const char *c = rule->authority_kind; *c; c++)
		appendStringInfoChar(&reason, *c == '_' ? ' ' : *c);
	if (rule->contested)
		appendStringInfoString(&reason, ", contested");
	appendStringInfoString(&reason, ").");

	if (outcome == OUTCOME_BLOCK && d->legal_basis_named)
	{
		why_not = why_not_lifted(d, rule, party);
		if (why_not == NULL)
		{
			outcome = OUTCOME_FLAG;
			d->lifting_basis = d->basis->legal_basis_id;
			appendStringInfo(&reason, " Lifted by legal basis \"%s\".",
							 d->basis->legal_basis_id);
		}
		else if (d->basis == NULL)
			appendStringInfo(&reason, " The legal basis that was named does not lift this: %s.",
							 why_not);
		else
			appendStringInfo(&reason, " Legal basis \"%s\" does not lift this: %s.",
							 d->basis->legal_basis_id, why_not);
	}

	add_finding(d, rule->rule_id, outcome, rule->citation, reason.data,
				outcome == OUTCOME_BLOCK ? rule->lawful_way : NULL);
}

/*
 * Hold the rules against the disclosure and record each that matches, also
 * when the outcome is clear already: the auditor sees every rule that was met,
 * and none takes effect by its place in the order.
 */
static void
hold_against_rules(Deliberation *d)
{
	for (int i = 0; i < d->nrules; i++)
	{
		const Rule *rule = &d->policy->rules[d->rules[i]];

		/* A rule to come ends the decision's validity as well. */
		look_at_edge(d, rule->effective_from);
		look_at_edge(d, rule->effective_until);
		if (!in_effect(d, rule) ||
			!rule_matches(d, rule, d->data_class))
			continue;
		if (!rule->about_destination)
		{
			record_rule(d, rule, NULL);
			continue;
		}
		for (int k = 0; k < d->nparties; k++)
		{
			Party	   *party = &d->parties[k];
			uint32		classes = classes_of_party(party);

			if (rule_matches_party(d, rule, party, classes))
			{
				party->spoken_of |= rule->destination_classes == 0 ? classes :
					rule->destination_classes & classes;
				record_rule(d, rule, party);
			}
		}
	}
}

/*
 * Does a rule about destinations speak of this party and data class?
 *
 * A rule that is about other things alone, such as one that flags vague
 * purposes, does not: it would open every unregistered destination to whoever
 * is vague.
 */
static bool
spoken_of_as(const Deliberation *d, const Party *party, uint32 classes,
			 int data_class)
{
	for (int i = 0; i < d->nrules; i++)
	{
		const Rule *rule = &d->policy->rules[d->rules[i]];

		if (rule->about_destination && in_effect(d, rule) &&
			rule_matches(d, rule, data_class) &&
			rule_matches_party(d, rule, party, classes))
			return true;
	}
	return false;
}

/* The same in each of its classes, or else a default is to be asked for. */
static bool
spoken_of(const Deliberation *d, const Party *party, int data_class)
{
	uint32		classes = classes_of_party(party);

	for (uint32 class = 1; class <= classes; class <<= 1)
	{
		if ((classes & class) != 0 &&
			!spoken_of_as(d, party, class, data_class))
			return false;
	}
	return true;
}

/*
 * Is there anything that only the default of the party's class decides?  If
 * so, the default counts beside whatever rules have matched.
 */
static bool
left_to_default(const Deliberation *d, const Party *party)
{
	/* That is what has been asked of the rules already. */
	if (d->data_class != DATA_CLASS_ANY)
	{
		uint32		classes = classes_of_party(party);

		return (party->spoken_of & classes) != classes;
	}

	/* It could be any class, so rules must speak of every one there is. */
	if (d->policy->data_classes.count == 0)
		return true;
	for (int i = 0; i < d->policy->data_classes.count; i++)
	{
		if (!spoken_of(d, party, i))
			return true;
	}
	return false;
}

/*
 * Add the defaults of those classes that rules do not speak of, for each
 * party.
 *
 * A data class that is not on file is not the same as none: it is misspelt, or
 * nobody has said yet what is to become of such data, and rules that name
 * classes pass it by.  So it is refused.
 */
static void
apply_defaults(Deliberation *d)
{
	for (int k = 0; k < d->nparties; k++)
	{
		const Party *party = &d->parties[k];
		const char *why = class_defaults[party->class].reason;
		StringInfoData reason = {0};

		if (!left_to_default(d, party))
			continue;
		if (why != NULL)
		{
			initStringInfo(&reason);
			append_party(d, &reason, party);
			append_sentence(&reason, why);
		}
		add_finding(d, class_defaults[party->class].rule_id,
					class_defaults[party->class].outcome, NULL, reason.data,
					NULL);
	}
	if (d->data_class == DATA_CLASS_UNKNOWN)
		add_finding(d, "default:unknown_data_class", OUTCOME_BLOCK, NULL,
					"The data class is not one of those in sharing_guard.data_class.",
					"Have the data class corrected, or added to sharing_guard.data_class.");
}

/*
 * Strictest first, then by rule, then as found (one party after the other).
 *
 * A full order, whatever order the rules were read in: rows whose decisions
 * give the same reasons are gathered into one event.
 */
static int
compare_findings(const ListCell *a, const ListCell *b)
{
	const Finding *x = lfirst(a);
	const Finding *y = lfirst(b);
	int			cmp;

	if (x->outcome != y->outcome)
		return x->outcome > y->outcome ? -1 : 1;
	cmp = strcmp(x->rule_id, y->rule_id);
	if (cmp == 0 && x->reason != NULL && y->reason != NULL)
		cmp = strcmp(x->reason, y->reason);
	return cmp;
}

/*
 * The deliberation's outcome, copied into CurrentMemoryContext down to the
 * last string: a decision outlives both the policy and the disclosure.
 */
static Decision *
make_decision(const Deliberation *d)
{
	Decision   *decision = palloc0(sizeof(Decision));
	int			count = list_length(d->findings);
	char	  **citations = palloc((count + 1) * sizeof(char *));
	int			ncitations = 0;
	ListCell   *lc;
	const Party *to = &d->parties[0];

	decision->destination_class = to->class;
	decision->agency_status = to->status;
	if (to->agency != NULL && !to->inferred)
	{
		decision->agency_id = pstrdup(to->agency->agency_id);
		decision->agency_name = pstrdup(to->agency->name);
	}
	if (d->nparties > 1)
	{
		decision->on_behalf_of_class = d->parties[1].class;
		if (d->parties[1].agency != NULL && !d->parties[1].inferred)
			decision->on_behalf_of_agency_id =
				pstrdup(d->parties[1].agency->agency_id);
	}

	decision->tags = palloc((d->tags.count + 1) * sizeof(char *));
	for (int i = 0; i < d->tags.count; i++)
		decision->tags[decision->ntags++] = pstrdup(d->tags.words[i]);
	decision->matched_terms = palloc((d->matched_terms.count + 1) *
									 sizeof(char *));
	for (int i = 0; i < d->matched_terms.count; i++)
		decision->matched_terms[decision->nmatched_terms++] =
			pstrdup(d->matched_terms.words[i]);

	decision->outcome = OUTCOME_ALLOW;
	decision->rule_ids = palloc((count + 1) * sizeof(char *));
	decision->reasons = palloc((count + 1) * sizeof(char *));
	decision->lawful_ways = palloc((count + 1) * sizeof(char *));
	foreach(lc, d->findings)
	{
		const Finding *finding = lfirst(lc);

		decision->outcome = Max(decision->outcome, finding->outcome);
		decision->rule_ids[decision->nrules++] = pstrdup(finding->rule_id);
		if (finding->outcome == OUTCOME_BLOCK && finding->reason != NULL)
			decision->nblocking++;
		if (finding->reason != NULL)
			decision->reasons[decision->nreasons++] = pstrdup(finding->reason);
		if (finding->lawful_way != NULL)
		{
			StringInfoData way;

			initStringInfo(&way);
			append_sentence(&way, finding->lawful_way);
			decision->lawful_ways[decision->nlawful_ways++] = way.data;
		}
		if (finding->citation != NULL)
			citations[ncitations++] = unconstify(char *, finding->citation);
	}
	/* Both parties may have met the same rule. */
	decision->nrules = sort_unique(unconstify(char **, decision->rule_ids),
								   decision->nrules);

	/* Several rules may point the same way. */
	decision->nlawful_ways =
		sort_unique(unconstify(char **, decision->lawful_ways),
					decision->nlawful_ways);

	ncitations = sort_unique(citations, ncitations);
	if (ncitations > 0)
	{
		StringInfoData authority;

		initStringInfo(&authority);
		for (int i = 0; i < ncitations; i++)
			appendStringInfo(&authority, "%s%s", i > 0 ? "; " : "",
							 citations[i]);
		decision->authority = authority.data;
	}
	pfree(citations);

	if (d->lifting_basis != NULL)
	{
		decision->legal_basis_id = pstrdup(d->lifting_basis);
		decision->legal_basis_limited = d->basis->row_limit > 0 ||
			d->basis->single_use;
	}
	decision->policy_revision = d->policy->revision;
	decision->valid_until = d->valid_until;
	decision->depends_on_record = d->depends_on_record;
	return decision;
}

/*
 * What policy says of a disclosure; palloc'd in CurrentMemoryContext.
 *
 * All that is made on the way is in a context of its own and goes before it
 * returns: the caller's may be a cache that lives for days.
 */
Decision *
sg_decide(const Policy *policy, const Disclosure *disclosure)
{
	MemoryContext caller = CurrentMemoryContext;
	MemoryContext work;
	Deliberation d = {0};
	Decision   *decision;
	TextSlice	no_state = {NULL, 0};

	work = AllocSetContextCreate(caller, "sharing_guard decision",
								 ALLOCSET_SMALL_SIZES);
	MemoryContextSwitchTo(work);

	d.policy = policy;
	d.disclosure = disclosure;
	d.valid_until = DT_NOEND;
	/* make_decision() tells the parties by their place. */
	add_party(&d, disclosure->destination, disclosure->destination_state, false);
	if (sg_is_given(disclosure->on_behalf_of))
		add_party(&d, disclosure->on_behalf_of, no_state, true);
	d.has_case_number = sg_is_given(disclosure->case_number);
	d.data_class = find_data_class(policy, disclosure->data_class);
	/* Named but not on file: lifts nothing, but is spoken of. */
	d.legal_basis_named = sg_is_given(disclosure->legal_basis);
	if (d.legal_basis_named)
		d.basis = sg_policy_legal_basis(policy, trim(disclosure->legal_basis));
	find_tags(&d);
	find_rules(&d);

	hold_against_rules(&d);
	apply_defaults(&d);
	list_sort(d.findings, compare_findings);

	MemoryContextSwitchTo(caller);
	decision = make_decision(&d);
	MemoryContextDelete(work);
	return decision;
}

/*
 * An argument's text, NULL data for NULL; detoasted into CurrentMemoryContext
 * where it has to be.
 */
static TextSlice
text_argument(FunctionCallInfo fcinfo, int n)
{
	TextSlice	slice = {NULL, 0};

	if (!PG_ARGISNULL(n))
	{
		text	   *value = PG_GETARG_TEXT_PP(n);

		slice.data = VARDATA_ANY(value);
		slice.len = VARSIZE_ANY_EXHDR(value);
	}
	return slice;
}

/*
 * A text[] in CurrentMemoryContext; empty, not NULL, where there is nothing.
 */
static Datum
text_array(const char **strings, int count)
{
	Datum	   *datums = palloc((count + 1) * sizeof(Datum));

	for (int i = 0; i < count; i++)
		datums[i] = CStringGetTextDatum(strings[i]);
	return PointerGetDatum(construct_array(datums, count, TEXTOID, -1, false,
										   TYPALIGN_INT));
}

/*
 * sharing_guard.preview_decision(destination text, purpose text,
 *		data_class text, legal_basis text, channel text,
 *		on_behalf_of_agency text, at timestamptz, case_number text,
 *		record_key text, destination_state text) returns record
 *
 * What would be decided on such a disclosure, now or at another time.  Goes
 * through sg_decide() like any row, and records nothing.  Without a channel it
 * is that of export tables.
 */
Datum
sg_sql_preview_decision(PG_FUNCTION_ARGS)
{
	Disclosure	disclosure = {0};
	Decision   *decision;
	TupleDesc	desc;
	Datum		values[8];
	bool		nulls[8] = {false};
	const char *status;
	const char **sentences;
	int			nsentences = 0;

	/* Without the library preloaded nobody would tell us of changes. */
	sg_require_operational();

	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("preview_decision() returns a record")));

	disclosure.channel = CHANNEL_EXPORT_ROW;
	if (!PG_ARGISNULL(4))
	{
		char	   *channel = text_to_cstring(PG_GETARG_TEXT_PP(4));

		if (!sg_channel_from_name(channel, &disclosure.channel))
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("unknown channel \"%s\"", channel),
					 errhint("The channels are export_row, copy, query, foreign_table, replication, grant, copied_table and self_access.")));
	}
	disclosure.operation = "PREVIEW";
	disclosure.destination = text_argument(fcinfo, 0);
	disclosure.purpose = text_argument(fcinfo, 1);
	disclosure.data_class = text_argument(fcinfo, 2);
	disclosure.legal_basis = text_argument(fcinfo, 3);
	disclosure.on_behalf_of = text_argument(fcinfo, 5);
	disclosure.at = PG_ARGISNULL(6) ? GetCurrentTimestamp() :
		PG_GETARG_TIMESTAMPTZ(6);
	disclosure.case_number = text_argument(fcinfo, 7);
	disclosure.record_key = text_argument(fcinfo, 8);
	disclosure.destination_state = text_argument(fcinfo, 9);

	decision = sg_decide(sg_policy_current(), &disclosure);

	/* What has been used by now says nothing of another time. */
	if (decision->legal_basis_limited && PG_ARGISNULL(6) &&
		sg_legal_basis_is_used_up(sg_policy_current(),
								  decision->legal_basis_id))
	{
		disclosure.legal_basis_used_up = true;
		decision = sg_decide(sg_policy_current(), &disclosure);
	}

	/* In the order of the function's OUT columns. */
	values[0] = CStringGetTextDatum(sg_outcome_name(decision->outcome));
	values[1] = CStringGetTextDatum(sg_destination_class_name(decision->destination_class));
	status = sg_agency_status_name(decision->agency_status);
	nulls[2] = status == NULL;
	values[2] = status ? CStringGetTextDatum(status) : (Datum) 0;
	nulls[3] = decision->agency_id == NULL;
	values[3] = decision->agency_id ?
		CStringGetTextDatum(decision->agency_id) : (Datum) 0;
	values[4] = text_array(decision->tags, decision->ntags);
	values[5] = text_array(decision->rule_ids, decision->nrules);
	nulls[6] = decision->authority == NULL;
	values[6] = decision->authority ?
		CStringGetTextDatum(decision->authority) : (Datum) 0;

	/* The reasons, and then what could be done instead. */
	sentences = palloc((decision->nreasons + decision->nlawful_ways + 1) *
					   sizeof(char *));
	for (int i = 0; i < decision->nreasons; i++)
		sentences[nsentences++] = decision->reasons[i];
	for (int i = 0; i < decision->nlawful_ways; i++)
		sentences[nsentences++] = decision->lawful_ways[i];
	values[7] = text_array(sentences, nsentences);

	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc),
													  values, nulls)));
}
