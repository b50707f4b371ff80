/*-------------------------------------------------------------------------
 *
 * decide.c
 *		Decides on a disclosure by the rules of a policy.
 *
 * sg_decide() compares the disclosure with every rule that can match
 * (rule_index.c).  It records every rule that matches, and the strictest
 * outcome wins, so the order of rules never matters.  A party that no rule
 * about destinations covers gets the default of its class.
 *
 * The parties are the destination and, where one is named, the agency on whose
 * behalf the disclosure is made.  Both are checked, so that asking a friendly
 * agency to fetch the data gains nothing.
 *
 * sg_decide() reads no table and no clock.  So a decision can be cached until
 * its valid_until, previewed for another day, and repeated in a review.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <ctype.h>

#include "fmgr.h"
#include "lib/stringinfo.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "policy/rules/compiled.h"
#include "policy/rules/policy.h"
#include "policy/rules/decide.h"
#include "policy/rules/deliberation.h"
#include "policy/rules/lifting.h"
#include "policy/names/fold.h"
#include "policy/rules/rule_index.h"

/*
 * Outcomes for parties that no rule about destinations covers: block, except
 * for ourselves and public agencies of our own state.  A rule_id has no colon
 * (policy.sql), so these ids cannot be a rule's.
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

/* Without this check a class that is missing here would be allowed. */
StaticAssertDecl(lengthof(class_defaults) == DESTINATION_CLASS_COUNT,
				 "every destination class has a default");

/* Sets d->rules.  The parties and the tags must be known. */
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
 * Is the rule in force at the time of the disclosure?  The time comes from the
 * disclosure and not from the clock, so that a preview can ask about another.
 */
static bool
in_effect(const Deliberation *d, const Rule *rule)
{
	return d->disclosure->at >= rule->effective_from &&
		d->disclosure->at < rule->effective_until;
}

/*
 * Do the rule's conditions that are not about a party all hold?
 *
 * Without a data class the disclosure could be of any class, so conditions on
 * the class hold, which gives the strictest answer.
 *
 * The data class is an argument, because left_to_default() calls this for one
 * class after the other.
 */
static bool
rule_matches(const Deliberation *d, const Rule *rule, int data_class)
{
	const Disclosure *disclosure = d->disclosure;

	/* An empty set is no condition. */
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
 * Returns the classes that a party is treated as having, as a set of bits.
 *
 * A name may make a party worse than unregistered and never better.  Otherwise
 * a refused recipient could call itself a federal agency wherever rules only
 * flag federal agencies.  So an inferred class counts in addition to
 * "unregistered", except for in_state_inferred, which exists only as an
 * inferred class.
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
 * Do the rule's conditions on a party hold for this party, treated as one of
 * these classes?  All of them must hold for the same party: an inactive agency
 * and an agency of another state do not add up to an inactive agency of
 * another state.
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
	 * The remaining conditions are on facts of the registry, which has none
	 * about an unregistered party.  So a rule that asks for such a fact, or
	 * for its absence, does not match unregistered parties; a rule about them
	 * names their class.  Nor may a fact about an agency work in favor of a
	 * party that only has a similar name.
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
 * Append text as a sentence, after the current content of buf.  Adds the full
 * stop where a description or lawful way was entered without one.
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
 * Append the name of the party that a sentence is about.  Appends nothing
 * where there is only one party, or where the sentence is about the disclosure
 * as a whole (NULL).
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
 * Add the finding of a rule or a default.  Nothing is copied.  The reason is
 * NULL for an allow, and only for an allow.
 */
static void
add_finding(Deliberation *d, const char *rule_id, Outcome outcome,
			const char *citation, const char *reason, const char *lawful_way)
{
	Finding    *finding;
	ListCell   *lc;

	/* Both parties may be the same agency. */
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
 * Record that a rule matches this party, or (NULL) the disclosure as a whole.
 * Composes the reason that the refused user and the auditor read.
 *
 * A block that a legal basis lifts becomes a flag and never an allow, because
 * the auditor must see that the basis was used.  A flag is not lifted, because
 * it stops nothing.
 */
static void
record_rule(Deliberation *d, const Rule *rule, const Party *party)
{
	Outcome		outcome = rule->outcome;
	const char *why_not = NULL;
	StringInfoData reason;

	/* An allow needs no reason. */
	if (outcome == OUTCOME_ALLOW)
	{
		add_finding(d, rule->rule_id, outcome, rule->citation, NULL, NULL);
		return;
	}

	initStringInfo(&reason);
	append_party(d, &reason, party);
	append_sentence(&reason, rule->description);
	/* Drop the full stop, because the citation belongs inside the sentence. */
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
		why_not = sg_why_not_lifted(d, rule, party);
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
 * Record each rule that matches the disclosure.  This goes on when the outcome
 * is already certain, because the auditor sees every rule that matched, and no
 * rule may take effect by its place in the order.
 */
static void
hold_against_rules(Deliberation *d)
{
	for (int i = 0; i < d->nrules; i++)
	{
		const Rule *rule = &d->policy->rules[d->rules[i]];

		/* A rule that begins later also ends the decision's validity. */
		sg_deliberation_edge(d, rule->effective_from);
		sg_deliberation_edge(d, rule->effective_until);
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
 * Does a rule about destinations cover this party, as one of these classes,
 * for this data class?
 *
 * A rule without a condition on a party does not, such as one that flags vague
 * purposes.  Otherwise it would open every unregistered destination to
 * requests with a vague purpose.
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

/*
 * Do rules cover the party in each of its classes?  If not, a default applies.
 */
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
 * Is there a data class that only the default of the party's class decides?
 * If so, the default counts in addition to all rules that have matched.
 */
static bool
left_to_default(const Deliberation *d, const Party *party)
{
	/* The rules have already been compared with that class. */
	if (d->data_class != DATA_CLASS_ANY)
	{
		uint32		classes = classes_of_party(party);

		return (party->spoken_of & classes) != classes;
	}

	/*
	 * The destination could be of any class, so rules must cover every class.
	 */
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
 * Add the defaults of the classes that rules do not cover, for each party.
 *
 * An unknown data class is different from none.  It is misspelt, or the policy
 * does not deal with such data yet, and rules that name classes do not match
 * it.  So it is blocked.
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
 * Order the strictest first, then by rule, then as found (one party after the
 * other).
 *
 * The order is total and does not depend on the order in which rules were
 * read, because rows whose decisions give the same reasons share one event.
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
 * Copy the deliberation's outcome into CurrentMemoryContext, with all its
 * strings, because a decision outlives both the policy and the disclosure.
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
	/* The same rule may have matched both parties. */
	decision->nrules = sg_sort_unique(unconstify(char **, decision->rule_ids),
									  decision->nrules);

	/* Several rules may name the same lawful way. */
	decision->nlawful_ways =
		sg_sort_unique(unconstify(char **, decision->lawful_ways),
					   decision->nlawful_ways);

	ncitations = sg_sort_unique(citations, ncitations);
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
 * Returns the policy's decision on a disclosure, palloc'd in
 * CurrentMemoryContext.
 *
 * Intermediate results are in a context of their own that is deleted before
 * the return, because the caller's may be a cache that lives for days.
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
	/* make_decision() distinguishes the parties by their position. */
	sg_deliberation_party(&d, disclosure->destination, disclosure->destination_state, false);
	if (sg_is_given(disclosure->on_behalf_of))
		sg_deliberation_party(&d, disclosure->on_behalf_of, no_state, true);
	d.has_case_number = sg_is_given(disclosure->case_number);
	d.data_class = sg_deliberation_data_class(policy, disclosure->data_class);

	/*
	 * A basis that is named but not on file lifts nothing, but the reason
	 * says so.
	 */
	d.legal_basis_named = sg_is_given(disclosure->legal_basis);
	if (d.legal_basis_named)
		d.basis = sg_policy_legal_basis(policy, sg_trimmed(disclosure->legal_basis));
	sg_deliberation_tags(&d);
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
 * A purpose's words matter only to sg_deliberation_tags().  The tagger has one
 * string for each tag and each term, so their addresses identify them.
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
