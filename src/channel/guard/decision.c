/*-------------------------------------------------------------------------
 *
 * decision.c
 *		The decision that a channel has to obey: what policy said, overdue reviews
 *		and the limits of legal bases considered.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "audit/review/overdue.h"
#include "base/errcodes.h"
#include "channel/guard/decision.h"
#include "channel/guard/decision_cache.h"
#include "channel/guard/lone_event.h"
#include "channel/guard/refusal.h"
#include "base/fixed_form.h"
#include "policy/rules/legal_basis.h"
#include "policy/rules/policy.h"
#include "utils/timestamp.h"

/* Does it reach anybody but the agency itself? */
static bool
leaves_agency(const Disclosure *disclosure, const Decision *decision)
{
	return decision->destination_class != DESTINATION_SELF ||
		(disclosure->on_behalf_of.data != NULL &&
		 decision->on_behalf_of_class != DESTINATION_SELF);
}

/*
 * Refuses what policy would let out: the agency's auditors are behind, and it
 * has chosen to share nothing meanwhile.
 *
 * Not policy's word, which is a function of policy and disclosure alone; what
 * policy decided stays in the event, beside the reason that overruled it.
 */
static void
refuse_unreviewed(const Decision *decided, const Disclosure *disclosure,
				  int64 period, TimestampTz since)
{
	Decision	decision = *decided;
	const char *reason = psprintf("Review period " INT64_FORMAT " of the sharing log was to be signed by %s.",
								  period, sg_time_text(since));
	const char *contact = sg_refusal_contact();
	char	   *event_id;

	decision.reasons = &reason;
	decision.nreasons = 1;
	decision.nblocking = 1;
	if (disclosure->channel == CHANNEL_EXPORT_ROW)
		event_id = sg_lone_event_refused_row(&decision, disclosure);
	else
		event_id = sg_lone_event_refused_read(&decision, disclosure);

	ereport(ERROR,
			(errcode(ERRCODE_SG_REVIEW_OVERDUE),
			 errmsg("a review of the sharing log is overdue, so nothing leaves the agency"),
			 errdetail_internal("%s", reason),
			 errhint("An auditor signs it with sharing_guard.sign_off(); ask %s and quote event %s.",
					 contact ? contact : "whoever administers the sharing policy",
					 event_id),
			 sg_error_relation(disclosure->relation),
			 sg_error_event(event_id)));
}

void
sg_decision_check_review(const Decision *decision, const Disclosure *disclosure)
{
	int64		period;
	TimestampTz since;

	if (sg_review_refuses(disclosure->at, &period, &since) &&
		leaves_agency(disclosure, decision))
		refuse_unreviewed(decision, disclosure, period, since);
}

CachedDecision *
sg_decision_ask(const Guard *guard, const Disclosure *disclosure)
{
	CachedDecision *gathered = sg_decision_cache_ask(guard, disclosure);
	int64		period;
	TimestampTz since;

	/* Policy's mode last: it need not be asked again for every row. */
	if (gathered->outcome != OUTCOME_BLOCK && guard->enforce &&
		sg_review_refuses(disclosure->at, &period, &since) &&
		sg_policy_enforces(sg_policy_current()))
		sg_decision_check_review(gathered->decision, disclosure);
	return gathered;
}

CachedDecision *
sg_decision_use_basis(const Guard *guard, Disclosure *disclosure,
					  CachedDecision *gathered, bool ahead)
{
	const Decision *decision = gathered->decision;
	const Policy *policy;

	/* A basis that did not suffice is not used, whatever the mode. */
	if (likely(!gathered->basis_limited) || decision->outcome == OUTCOME_BLOCK)
		return gathered;
	policy = sg_policy_current();
	if (ahead ?
		sg_legal_basis_use_ahead(policy, decision->legal_basis_id) :
		sg_legal_basis_use(policy, decision->legal_basis_id, 1))
		return gathered;
	/* There may have been a long wait: the policy as it is now. */
	disclosure->legal_basis_used_up = true;
	return sg_decision_cache_ask_anew(guard, disclosure);
}

const Decision *
sg_decision_of(const CachedDecision *gathered)
{
	return gathered->decision;
}

Outcome
sg_decision_outcome(const CachedDecision *gathered)
{
	return gathered->outcome;
}
