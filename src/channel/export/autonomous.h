/*-------------------------------------------------------------------------
 *
 * autonomous.h
 *		Rows that do not share the transaction's fate: those that a guard skips, and
 *		those that are sent to another server.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHARING_GUARD_AUTONOMOUS_H
#define SHARING_GUARD_AUTONOMOUS_H

#include "audit/writer/client.h"
#include "channel/export/event_group.h"
#include "channel/export/row_log.h"

/* The events of a log's rows, into a batch.  Changes nothing in the log. */
extern void sg_autonomous_add_rows(EventBatch *batch, RowLog *log);

/*
 * The same where a transaction has failed: of what cannot be made an event of
 * there is a line in the server log, and the others are in the batch.
 */
extern void sg_autonomous_try_add_rows(EventBatch *batch, RowLog *log);

/*
 * Opens a group whose rows go to another server: that they do is durable when
 * it returns.
 *
 * The intent has what is known when the first row is about to leave: its own
 * purpose and person among it, but no record key, since this row need not be
 * stored.
 */
extern void sg_autonomous_begin(EventGroup *group, const Disclosure *disclosure);

/*
 * Ends what was begun before the first of an open group's rows left, with the
 * rows: the last of them that fit into one event, and the others in events of
 * their own.  Or, where the statement goes on, all of them in events of their
 * own.  To be called when their log was sorted.
 *
 * Should it fail, the transaction's end will say so of the group, which is
 * still open.  Or its rows come here once more, where a statement within
 * another has failed and the other goes on: so those that have their events
 * are noted.
 */
extern void sg_autonomous_record_sent(EventGroup *group, bool complete);

/*
 * Whether its rows have been recorded is not known, for recording them was
 * interrupted, and the transaction goes on: ends it.  Rows that are still to
 * leave are another disclosure's.  Neither waits nor fails.
 */
extern void sg_autonomous_settle(EventGroup *group);

/* Says so.  Neither waits nor fails. */
extern void sg_autonomous_fail(EventGroup *group);

#endif							/* SHARING_GUARD_AUTONOMOUS_H */
