/*-------------------------------------------------------------------------
 *
 * verdict.c
 *		What becomes of a disclosure, and the ground on which it is refused.
 *
 * The policy decides as a function of itself and the disclosure alone.  What
 * else has a say, an overdue review for example, adds its reason to a copy of
 * the decision, because the event must tell why a disclosure was refused.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "channel/guard/verdict.h"

/*
 * Adds a reason that flags or blocks to the decision, in
 * CurrentMemoryContext, in front of the others that are not stricter.  The
 * outcome becomes at least "outcome", or in observe mode at least a flag.
 */
void
sg_verdict_add(Verdict *verdict, Outcome outcome, const char *reason)
{
	const Decision *decision = verdict->decision;
	Decision   *stricter = palloc(sizeof(Decision));
	int			stricter_reasons = outcome == OUTCOME_BLOCK ? 0 :
	decision->nblocking;
	int			n = 0;

	*stricter = *decision;
	stricter->reasons = palloc(sizeof(char *) * (decision->nreasons + 1));
	for (int i = 0; i < stricter_reasons; i++)
		stricter->reasons[n++] = decision->reasons[i];
	stricter->reasons[n++] = reason;
	for (int i = stricter_reasons; i < decision->nreasons; i++)
		stricter->reasons[n++] = decision->reasons[i];
	stricter->nreasons = n;
	stricter->outcome = Max(decision->outcome, outcome);
	if (outcome == OUTCOME_BLOCK)
		stricter->nblocking++;

	verdict->decision = stricter;
	verdict->outcome = Max(verdict->outcome,
						   verdict->enforced ? outcome :
						   Min(outcome, OUTCOME_FLAG));
}

/*
 * Refuses what the policy would let out.  The reason stands alone, in a copy in
 * CurrentMemoryContext; the rules and tags that the policy found stay in the
 * event beside it.
 */
void
sg_verdict_overrule(Verdict *verdict, RefusalGround ground, const char *reason)
{
	Decision   *decision = palloc(sizeof(Decision));

	*decision = *verdict->decision;
	decision->reasons = palloc(sizeof(char *));
	decision->reasons[0] = reason;
	decision->nreasons = 1;
	decision->nblocking = 1;
	verdict->decision = decision;
	verdict->outcome = OUTCOME_BLOCK;
	verdict->ground = ground;
}
