/*-------------------------------------------------------------------------
 *
 * queue.h
 *		The bounded queue in shared memory between sessions and the writer.
 *
 * One queue for each guarded database, and one writer for each queue.  All
 * fields are read and written under the queue's lock, except where it is said
 * otherwise; holders do not wait, allocate or report anything.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHARING_GUARD_QUEUE_H
#define SHARING_GUARD_QUEUE_H

#include "audit/log/event.h"
#include "storage/condition_variable.h"
#include "storage/dsm.h"
#include "storage/latch.h"
#include "storage/lwlock.h"

/*
 * What fits into a slot: the event of a refused row is about one kilobyte.
 * Longer ones, of any length, are put into a segment of dynamic shared memory
 * that the slot names.
 */
#define SLOT_BYTES	4096

/*
 * The life of a slot.  From READY on it belongs to the writer, until it has
 * answered; a session that stops waiting only marks the slot as abandoned.
 */
typedef enum SlotState
{
	SLOT_FREE,
	SLOT_READY,					/* events to be written */
	SLOT_TAKEN,					/* the writer is at it */
	SLOT_WRITTEN,				/* committed and flushed */
	SLOT_FAILED					/* not written; sqlerrcode says why */
} SlotState;

/* What the events of a slot are to the disclosure whose place it names. */
typedef enum SlotPurpose
{
	SLOT_INTENT,
	SLOT_ROWS,					/* some of its rows; it goes on */
	SLOT_COMPLETION
} SlotPurpose;

typedef struct QueueSlot
{
	SlotState	state;
	bool		abandoned;		/* no session waits for the answer */
	bool		perhaps_written;	/* taken by a writer that never answered */
	bool		alone;			/* is being written by itself */
	int			deaths;			/* of writers, while it was */
	int			next;			/* in the list that it is in; -1: the last */
	int			owner_pid;
	int			place;			/* of a disclosure; -1: none */
	SlotPurpose purpose;
	int64		rows;			/* SLOT_ROWS: how many */
	int			sqlerrcode;
	ConditionVariable answered;

	/* Events, as sg_event_serialize_disclosure() and its like make them. */
	Size		length;
	dsm_handle	overflow;		/* NO_OVERFLOW: they are in data */
	TimestampTz ready_at;
	char		data[SLOT_BYTES] pg_attribute_aligned(MAXIMUM_ALIGNOF);
} QueueSlot;

#define NO_OVERFLOW		0

/* A disclosure whose intent was, or is about to be, recorded. */
typedef enum PlaceState
{
	PLACE_FREE,
	PLACE_IN_SLOT,				/* belongs to the slot that names it */
	PLACE_OPEN,
	PLACE_ENDED,				/* its completion is to be written */
	PLACE_ENDING,				/* ... and the writer is at it */
	PLACE_ASIDE					/* ... and the log would not take it */
} PlaceState;

/*
 * While a slot has a place, its session may only leave word in it of how the
 * disclosure ended.  What becomes of the slot decides what comes of that: a
 * disclosure has one completion, and an abandoned slot may have it.
 */
typedef struct InflightDisclosure
{
	PlaceState	state;
	int			next_free;
	bool		given_up;		/* ended while a slot had it */
	int			owner_pid;
	pg_uuid_t	event_id;
	int64		rows_on_record; /* in events that its session was not told of */

	/* The completion: one id, however often it is tried. */
	bool		tried;
	bool		alone;			/* is being written by itself */
	int			deaths;			/* of writers, while it was */
	pg_uuid_t	completion_id;
	int			failures;		/* of its own, not of the log's */
	TimestampTz failed_at;		/* 0: never */
	int			times_aside;
	int64		rows_disclosed;
	int64		rows_blocked;
	int64		statements;		/* a summary's, as counted by now; else 0 */
	bool		running;		/* one of them is */
	TimestampTz summary_until;	/* the end of its hour; 0: not a summary */
	DisclosureEnding ending;
	TimestampTz ended_at;
} InflightDisclosure;

/* Figures for the view "health". */
typedef struct QueueHealth
{
	TimestampTz writer_started_at;	/* 0: never */
	int64		writer_starts;
	TimestampTz last_write_at;	/* 0: nothing written yet */
	int64		events_written;
	int64		events_failed;
	int64		refusals;		/* how often a session could not be served */
	int64		events_put_aside;	/* that the log would not take */
	int			slots_high_water;
	int			places_high_water;
	int			last_error_code;	/* 0: none yet */
	TimestampTz last_error_at;
} QueueHealth;

/* What a writer that has not connected yet waits for. */
typedef enum WriterState
{
	WRITER_NOT_RUNNING,
	WRITER_WAITING,				/* for its database to come to exist, or for a
								 * command that needs it to have no sessions */
	WRITER_RUNNING
} WriterState;

typedef struct Queue
{
	char		database[NAMEDATALEN];
	LWLock	   *lock;
	bool		registered;		/* does the server know of a writer for it */
	bool		after_start;	/* no writer has run since the server started */

	WriterState writer_state;
	int			writer_pid;		/* 0: none */
	Latch	   *writer_latch;	/* NULL: none */
	int			failed_connections; /* in a row */
	bool		said_missing;	/* its database, in the server log */
	bool		connect_anyway; /* it is not for that that they failed */
	TimestampTz stay_away_until;	/* a command needs the database empty */

	ConditionVariable slot_freed;
	int			free_slot;		/* heads of lists; -1: none */
	int			first_ready;
	int			last_ready;
	int			free_place;
	int			places_ended;	/* how many wait for their completion */
	int			slots_used;
	int			places_used;
	int			places_aside;
	TimestampTz summary_due;	/* a summary's hour ends, perhaps; 0: no */
	QueueHealth health;
	QueueSlot  *slots;			/* sg_queue_slots of them */
	InflightDisclosure *places; /* sg_open_disclosures of them */
} Queue;

/* Settings. */
extern PGDLLIMPORT int sg_audit_timeout;	/* ms */
extern PGDLLIMPORT int sg_queue_slots;
extern PGDLLIMPORT int sg_open_disclosures;

/* Called once, at library load. */
extern void sg_queue_init(void);

/* The server has taken note of this queue's writer.  At library load. */
extern void sg_queue_writer_registered(int index);

/* The queues, one for each name in sharing_guard.databases, in its order. */
extern int	sg_queue_count(void);
extern Queue *sg_queue_at(int index);

/*
 * Returns the queue of the database with this name; NULL where that is not
 * guarded, or this is no server.
 */
extern Queue *sg_queue_of_database(const char *database);

/* The queue of the database we are connected to; NULL as above. */
extern Queue *sg_queue_mine(void);

/* Has this disclosure a place?  Takes the lock itself. */
extern bool sg_queue_has_place(Queue *queue, const pg_uuid_t *event_id);

/* Lets the writer look at its queue.  Needs no lock. */
extern void sg_queue_wake_writer(Queue *queue);

/*
 * All of these need the lock.
 *
 * A free slot or place, or NULL where there is none; a place that was put
 * aside is given away before that.  The process that frees a slot wakes those
 * that wait for one.
 */
extern QueueSlot *sg_queue_claim_slot(Queue *queue);
extern void sg_queue_free_slot(Queue *queue, QueueSlot *slot);
extern InflightDisclosure *sg_queue_claim_place(Queue *queue);
extern void sg_queue_free_place(Queue *queue, InflightDisclosure *place);

/*
 * Slots are written in the order in which they became ready; one whose writer
 * died comes first.
 */
extern void sg_queue_make_ready(Queue *queue, QueueSlot *slot);
extern void sg_queue_make_ready_again(Queue *queue, QueueSlot *slot);
extern QueueSlot *sg_queue_take_ready(Queue *queue);

/* The disclosure has ended, and its completion is to be written. */
extern void sg_queue_end_place(Queue *queue, InflightDisclosure *place,
							   int64 rows_disclosed, int64 rows_blocked,
							   DisclosureEnding ending);

/*
 * Ends the summaries whose hour is over, other than those of which a statement
 * is running: its session does that.  Says when the next hour ends.
 */
extern void sg_queue_end_summaries(Queue *queue, TimestampTz now);

/* Hands a place over to a slot that has not been made ready yet. */
extern void sg_queue_put_in_slot(Queue *queue, QueueSlot *slot,
								 InflightDisclosure *place, SlotPurpose purpose,
								 int64 rows);

/*
 * The slot's place, when its fate is known; nothing where it has none.  It is
 * open afterwards, or ended where its session has said so meanwhile, or free
 * where nothing is left to be said.
 */
extern void sg_queue_place_answered(Queue *queue, QueueSlot *slot,
									bool written);

/*
 * Notes that the log does not take the completion now, or that it is asked
 * once more.
 */
extern void sg_queue_put_aside(Queue *queue, InflightDisclosure *place);
extern void sg_queue_try_aside_again(Queue *queue);

/*
 * For the view.  The code alone: a message may contain what it is about, and
 * is in the server log.
 */
extern void sg_queue_note_error(Queue *queue, int sqlerrcode);

/*
 * Claims a place for a disclosure whose ending can no longer be told,
 * and ends it so; false where no place is free.  Takes the lock itself.
 */
extern bool sg_queue_end_forgotten(Queue *queue, const pg_uuid_t *event_id);

/*
 * What the writer writes may fire triggers that a DBA has put on the log.
 * They run in the writer, and may not wait for it.
 */
extern bool sg_writer_is_this_process(void);

/*
 * A command needs a database without sessions in it (to drop it, or to copy it)
 * and may ask its writer to leave, for so long at most; waits until it has
 * left, for five seconds at most.  Nothing happens where it has no writer.
 */
extern void sg_writer_stay_away(const char *database, int milliseconds);
extern void sg_writer_come_back(const char *database);

#endif							/* SHARING_GUARD_QUEUE_H */
