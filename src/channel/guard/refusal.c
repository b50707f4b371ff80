/*-------------------------------------------------------------------------
 *
 * refusal.c
 *		What people are told whose rows may not go out.
 *
 * Every way out tells them the same: which rules refuse, in plain words; what
 * can lawfully be done instead; whom to ask, and the event to quote.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/errcodes.h"
#include "channel/guard/refusal.h"
#include "lib/stringinfo.h"
#include "policy/names/fold.h"
#include "policy/rules/policy.h"
#include "utils/varlena.h"
#include "base/enum_names.h"

/* Whom to ask, in words. */
static const char *
contact(void)
{
	const char *configured = sg_policy_contact(sg_policy_current());

	return configured ? configured : "the administrator of the sharing policy";
}

int
sg_error_relation(const char *relation)
{
	List	   *names;

	if (relation == NULL ||
		!SplitIdentifierString(pstrdup(relation), '.', &names))
		return 0;
	if (list_length(names) == 2)
	{
		err_generic_string(PG_DIAG_SCHEMA_NAME, linitial(names));
		err_generic_string(PG_DIAG_TABLE_NAME, lsecond(names));
	}
	return 0;
}

int
sg_error_event(const char *event_id)
{
	return err_generic_string(PG_DIAG_CONSTRAINT_NAME, event_id);
}

static int
error_column(const char *column)
{
	return column != NULL ? err_generic_string(PG_DIAG_COLUMN_NAME, column) : 0;
}

static void
raise_policy_refusal(const Decision *decision, const Disclosure *disclosure,
					 const char *event_id, const char *message,
					 const char *what_happened, const char *column)
{
	StringInfoData detail;
	StringInfoData hint;

	initStringInfo(&detail);
	/* Those that only flag are in the event; here they would confuse. */
	for (int i = 0; i < decision->nblocking; i++)
		appendStringInfo(&detail, "%s\n", decision->reasons[i]);
	appendStringInfo(&detail, "Destination class: %s",
					 sg_destination_class_name(decision->destination_class));
	if (decision->agency_status == AGENCY_INACTIVE)
		appendStringInfoString(&detail, " (inactive)");
	if (decision->destination_class == DESTINATION_UNREGISTERED &&
		sg_policy_name_lacks_state(sg_policy_current(), disclosure->destination,
								   disclosure->destination_state))
		appendStringInfoString(&detail, " (other states have a place of this name, too: a name that says the state, as \"City PD (CA)\" does, or an agency's id or ORI, tells which is meant)");
	if (sg_is_given(disclosure->on_behalf_of))
		appendStringInfo(&detail, "; on behalf of: %s",
						 sg_destination_class_name(decision->on_behalf_of_class));
	appendStringInfoString(&detail, ". Purpose tags: ");
	for (int i = 0; i < decision->ntags; i++)
		appendStringInfo(&detail, "%s%s", i > 0 ? ", " : "", decision->tags[i]);
	appendStringInfo(&detail, "%s.\n%s", decision->ntags == 0 ? "none" : "",
					 what_happened);

	/* What can lawfully be done instead, then whom to ask. */
	initStringInfo(&hint);
	for (int i = 0; i < decision->nlawful_ways; i++)
		appendStringInfo(&hint, "%s ", decision->lawful_ways[i]);

	ereport(ERROR,
			(errcode(ERRCODE_SG_BLOCKED_BY_POLICY),
			 errmsg_internal("%s", message),
			 errdetail_internal("%s", detail.data),
			 errhint("%sIf the disclosure is lawful, ask %s and quote event %s.",
					 hint.data, contact(), event_id),
			 sg_error_relation(disclosure->relation),
			 error_column(column),
			 sg_error_event(event_id)));
}

/*
 * Ends the statement: what was to leave is refused, and the attempt is recorded
 * as this event.
 *
 * "message", "what_happened" and "column" (or NULL) say what the policy
 * refuses.  The other grounds have words of their own.
 */
void
sg_raise_refusal(const Verdict *verdict, const Disclosure *disclosure,
				 const char *event_id, const char *message,
				 const char *what_happened, const char *column)
{
	const Decision *decision = verdict->decision;

	switch (verdict->ground)
	{
		case REFUSED_BY_POLICY:
			break;
		case REFUSED_UNDECLARED:
			/* Where the policy refuses as well, people must know that. */
			if (decision->nblocking > 1)
				break;
			ereport(ERROR,
					(errcode(ERRCODE_SG_UNDECLARED_DISCLOSURE),
					 errmsg("COPY of protected table %s is refused because its destination was not declared",
							disclosure->relation),
					 errdetail("The attempt is recorded as event %s.", event_id),
					 errhint("Call sharing_guard.begin_disclosure(destination => ..., purpose => ...) in the same transaction; for a backup let it be made by a role that sharing_guard.bind_backup() names."),
					 sg_error_relation(disclosure->relation),
					 sg_error_event(event_id)));
			break;
		case REFUSED_UNREVIEWED:
			ereport(ERROR,
					(errcode(ERRCODE_SG_REVIEW_OVERDUE),
					 errmsg("a review of the sharing log is overdue, so nothing leaves the agency"),
					 errdetail_internal("%s", decision->reasons[0]),
					 errhint("An auditor signs it with sharing_guard.sign_off(); ask %s and quote event %s.",
							 contact(), event_id),
					 sg_error_relation(disclosure->relation),
					 sg_error_event(event_id)));
			break;
		case REFUSED_IN_MAINTENANCE:
			ereport(ERROR,
					(errcode(ERRCODE_SG_UNDER_MAINTENANCE),
					 errmsg("nothing may leave while maintenance is open"),
					 errdetail_internal("%s", decision->reasons[0]),
					 errhint("Try again when the maintenance has ended, or have it closed with sharing_guard.close_maintenance()."),
					 sg_error_relation(disclosure->relation),
					 sg_error_event(event_id)));
			break;
	}
	raise_policy_refusal(decision, disclosure, event_id, message,
						 what_happened, column);
	pg_unreachable();
}
