/*-------------------------------------------------------------------------
 *
 * lone_event.c
 *		Events of disclosures that are recorded by themselves.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "audit/writer/client.h"
#include "channel/guard/disclosure_event.h"
#include "channel/guard/lone_event.h"
#include "miscadmin.h"

#define WHY_REFUSED "the statement was refused"

/*
 * The event of one disclosure.  It is written at once, so that it is on record
 * even if the transaction is rolled back.  The decision and what rows share are
 * copied first, because looking up who acts may empty the decision cache.
 */
static void
fill_event(DisclosureEvent *event, const Decision *decision, Outcome outcome,
		   const Disclosure *disclosure)
{
	Decision   *decided = sg_copy_decision(decision);
	Disclosure *shared = palloc(sizeof(Disclosure));
	Actor		actor;

	*shared = sg_copy_shared_fields(disclosure);
	sg_set_actor(&actor, GetSessionUserId(), GetUserId());
	if (outcome == OUTCOME_BLOCK)
		sg_writer_prepare();
	sg_event_of_row(event, &actor, shared, decided, outcome, disclosure,
					sg_row_has(disclosure));
}

char *
sg_lone_event_refused_row(const Decision *decision,
						  const Disclosure *disclosure)
{
	DisclosureEvent event;

	fill_event(&event, decision, OUTCOME_BLOCK, disclosure);
	sg_writer_record((Event *) &event, WHY_REFUSED);
	return sg_event_id_text(&event.event_id);
}

void
sg_lone_event_of_read(DisclosureEvent *event, const Decision *decision,
					  Outcome outcome, const Disclosure *disclosure)
{
	fill_event(event, decision, outcome, disclosure);
	event->rows_disclosed = ROWS_UNKNOWN;
	event->rows_blocked = 0;
}

void
sg_lone_event_of_ended_read(DisclosureEvent *event, const Decision *decision,
							Outcome outcome, const Disclosure *disclosure,
							int64 rows, DisclosureEnding ending)
{
	sg_lone_event_of_read(event, decision, outcome, disclosure);
	event->rows_disclosed = rows;
	event->ending = sg_ending_name(ending);
}

char *
sg_lone_event_refused_read(const Decision *decision,
						   const Disclosure *disclosure)
{
	DisclosureEvent event;

	sg_lone_event_of_read(&event, decision, OUTCOME_BLOCK, disclosure);
	event.rows_disclosed = 0;
	sg_writer_record((Event *) &event, WHY_REFUSED);
	return sg_event_id_text(&event.event_id);
}
