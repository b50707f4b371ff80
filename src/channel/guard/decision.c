/*-------------------------------------------------------------------------
 *
 * decision.c
 *		The one door to a decision that a channel has to obey.
 *
 * The policy decides.  Maintenance, overdue reviews, the limits of legal bases
 * and the modes are considered here, so that no channel does it by itself.
 * Nothing is recorded or raised here: the channel obeys the outcome.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "audit/review/overdue.h"
#include "base/fixed_form.h"
#include "channel/guard/decision.h"
#include "channel/guard/decision_cache.h"
#include "channel/guard/guard_state.h"
#include "channel/guard/maintenance.h"
#include "policy/rules/decide.h"
#include "policy/rules/legal_basis.h"
#include "policy/rules/policy.h"

/* Does it reach another agency than our own? */
static bool
leaves_agency(const Disclosure *disclosure, const Decision *decision)
{
	return decision->destination_class != DESTINATION_SELF ||
		(disclosure->on_behalf_of.data != NULL &&
		 decision->on_behalf_of_class != DESTINATION_SELF);
}

/* The agency has chosen to share nothing while its auditors are behind. */
static void
overrule_if_unreviewed(Verdict *verdict, const Disclosure *disclosure)
{
	int64		period;
	TimestampTz since;

	if (sg_review_refuses(disclosure->at, &period, &since) &&
		leaves_agency(disclosure, verdict->decision))
		sg_verdict_overrule(verdict, REFUSED_UNREVIEWED,
							psprintf("Review period " INT64_FORMAT " of the sharing log was to be signed by %s.",
									 period, sg_time_text(since)));
}

static void
overrule_in_maintenance(Verdict *verdict, TimestampTz until)
{
	sg_verdict_overrule(verdict, REFUSED_IN_MAINTENANCE,
						psprintf("Guards may be missing until %s, so nothing is disclosed before.",
								 sg_time_text(until)));
}

/* Returns the verdict on a row as a decision for that row alone. */
static pg_noinline CachedDecision *
overruled(const CachedDecision *cached, const Verdict *verdict)
{
	CachedDecision *copy = palloc0(sizeof(CachedDecision));

	memcpy(copy, cached, offsetof(CachedDecision, key));
	copy->decision = verdict->decision;
	copy->outcome = verdict->outcome;
	copy->ground = verdict->ground;
	copy->basis_limited = false;
	copy->key_len = 0;
	copy->group = NULL;
	copy->follower = NULL;
	return copy;
}

/*
 * Decides on one row, under the policy as it is now.  Valid until the next call
 * and until CurrentMemoryContext is reset.  Raises what reading our tables
 * raises.
 */
CachedDecision *
sg_decision_ask(const Guard *guard, const Disclosure *disclosure)
{
	TimestampTz until = 0;
	bool		in_maintenance = sg_ddl_maintenance_pending() &&
	sg_maintenance_forbids(disclosure, &until);
	CachedDecision *cached = sg_decision_cache_ask(guard, disclosure);
	int64		period;
	TimestampTz since;
	Verdict		verdict;

	if (unlikely(in_maintenance))
	{
		verdict = sg_decision_verdict(guard, cached);
		overrule_in_maintenance(&verdict, until);
		return overruled(cached, &verdict);
	}

	/* The policy's mode last: it need not be asked for every row. */
	if (cached->outcome != OUTCOME_BLOCK && guard->enforce &&
		sg_review_refuses(disclosure->at, &period, &since) &&
		sg_policy_enforces(sg_policy_current()))
	{
		verdict = sg_decision_verdict(guard, cached);
		overrule_if_unreviewed(&verdict, disclosure);
		if (verdict.outcome == OUTCOME_BLOCK)
			return overruled(cached, &verdict);
	}
	return cached;
}

/*
 * Counts a row that may leave, where its legal basis is limited.  If nothing is
 * left of the basis, returns another decision, which is to be obeyed instead.
 * "ahead": the row is not stored yet, and this is called again when it is.
 */
CachedDecision *
sg_decision_use_basis(const Guard *guard, Disclosure *disclosure,
					  CachedDecision *cached, bool ahead)
{
	const Decision *decision = cached->decision;
	const Policy *policy;

	/* A basis that did not suffice is not used, whatever the mode. */
	if (likely(!cached->basis_limited) || decision->outcome == OUTCOME_BLOCK)
		return cached;
	policy = sg_policy_current();
	if (ahead ?
		sg_legal_basis_use_ahead(policy, decision->legal_basis_id) :
		sg_legal_basis_use(policy, decision->legal_basis_id, 1))
		return cached;
	/* There may have been a long wait: the policy as it is now. */
	disclosure->legal_basis_used_up = true;
	return sg_decision_cache_ask_anew(guard, disclosure);
}

/* Returns the policy's decision. */
const Decision *
sg_decision_of(const CachedDecision *cached)
{
	return cached->decision;
}

/* Returns what becomes of the row, the modes considered. */
Outcome
sg_decision_outcome(const CachedDecision *cached)
{
	return cached->outcome;
}

/*
 * May a refused row be skipped, instead of its statement refused?  Only what
 * the policy refuses, because another ground holds for every row.
 */
bool
sg_decision_may_skip(const CachedDecision *cached)
{
	return cached->ground == REFUSED_BY_POLICY;
}

/* Returns a row's decision as a verdict, to which reasons can be added. */
Verdict
sg_decision_verdict(const Guard *guard, const CachedDecision *cached)
{
	Verdict		verdict;

	verdict.decision = cached->decision;
	verdict.outcome = cached->outcome;
	verdict.ground = cached->ground;
	verdict.enforced = guard->enforce && sg_policy_enforces(sg_policy_current());
	return verdict;
}

/*
 * Decides on what a command discloses.  The decision is in
 * CurrentMemoryContext.
 */
Verdict
sg_decision_on_command(const CommandCircumstances *circumstances,
					   const Disclosure *disclosure)
{
	TimestampTz until = 0;
	bool		in_maintenance = !circumstances->despite_maintenance &&
	sg_maintenance_forbids(disclosure, &until);
	const Policy *policy = sg_policy_current();
	Verdict		verdict = {0};

	verdict.enforced = circumstances->guard_enforces &&
		sg_policy_enforces(policy) && !circumstances->never_block;
	verdict.decision = sg_decide(policy, disclosure);
	verdict.outcome = circumstances->refuse ? OUTCOME_BLOCK :
		verdict.decision->outcome;
	if (!verdict.enforced)
		verdict.outcome = Min(verdict.outcome, OUTCOME_FLAG);
	if (verdict.outcome == OUTCOME_BLOCK && circumstances->restores)
	{
		/* What was in force in the dumped database is not decided on again. */
		verdict.outcome = OUTCOME_FLAG;
		sg_verdict_add(&verdict, OUTCOME_FLAG, "It was restored from a dump, and was not refused for that.");
	}
	if (circumstances->note != NULL)
		sg_verdict_add(&verdict,
					   circumstances->refuse && verdict.outcome == OUTCOME_BLOCK ?
					   OUTCOME_BLOCK : OUTCOME_FLAG, circumstances->note);
	if (in_maintenance)
		overrule_in_maintenance(&verdict, until);
	else if (verdict.enforced && verdict.outcome != OUTCOME_BLOCK)
		overrule_if_unreviewed(&verdict, disclosure);
	return verdict;
}
