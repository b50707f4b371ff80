/*-------------------------------------------------------------------------
 *
 * handover.h
 *		Hands events over to the writer and waits for its answer.
 *
 * For audit/writer alone: channels call client.h.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHARING_GUARD_HANDOVER_H
#define SHARING_GUARD_HANDOVER_H

#include "audit/writer/queue.h"

/* Events on their way to the writer. */
typedef struct Handover
{
	Queue	   *queue;
	const char *data;
	Size		length;
	const char *why;			/* for the server log */
	QueueSlot  *slot;			/* NULL: not with the writer yet */
	InflightDisclosure *place;	/* NULL: of no disclosure that has one */
	SlotPurpose purpose;		/* ... and what the events are to it */
	int64		rows;
	bool	   *unsettled;		/* set where the answer is not known; NULL: an
								 * intent, or as above */
	dsm_handle	overflow;
	int			sqlerrcode;		/* of FAILURE_NOT_WRITTEN, FAILURE_NO_MEMORY */
} Handover;

/* Called once, at library load. */
extern void sg_handover_init(void);

extern bool sg_handover_record(Handover *handover);
extern bool sg_handover_leave(Handover *handover);
extern void sg_handover_require_own_session(void);
extern void sg_handover_refuse_error(MemoryContext context);
extern void sg_handover_refuse_too_many_open(const Handover *handover);

#endif							/* SHARING_GUARD_HANDOVER_H */
