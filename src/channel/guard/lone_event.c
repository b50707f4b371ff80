/*-------------------------------------------------------------------------
 *
 * lone_event.c
 *		Events of disclosures that are recorded by themselves.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "audit/writer/client.h"
#include "channel/export/event_group.h"
#include "channel/guard/lone_event.h"
#include "miscadmin.h"

#define WHY_REFUSED "the statement was refused"

/*
 * The event of one disclosure, whose fate is not the transaction's.  A group
 * of its own, outside all levels: those go with the transaction.
 */
static void
fill_apart_event(DisclosureEvent *event, const CachedDecision *gathered,
				 const Disclosure *disclosure)
{
	int			fields = sg_row_has(disclosure);
	Group	   *group = sg_group_new(gathered, disclosure, fields,
									 GetSessionUserId(), GetUserId());

	sg_group_lone_event(event, group, disclosure, fields);
}

char *
sg_lone_event_refused_row(const CachedDecision *gathered,
						  const Disclosure *disclosure)
{
	DisclosureEvent event;

	fill_apart_event(&event, gathered, disclosure);
	sg_writer_record_disclosure(&event, WHY_REFUSED);
	return sg_event_id_text(&event.event_id);
}

void
sg_lone_event_of_read(DisclosureEvent *event, const Decision *decision,
					  Outcome outcome, const Disclosure *disclosure)
{
	CachedDecision gathered = {0};

	gathered.decision = decision;
	gathered.outcome = outcome;
	fill_apart_event(event, &gathered, disclosure);
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
	sg_writer_record_disclosure(&event, WHY_REFUSED);
	return sg_event_id_text(&event.event_id);
}
