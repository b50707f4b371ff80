/*-------------------------------------------------------------------------
 *
 * pending_change.h
 *		Events of changes that wait for the commit to give them a revision.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHARING_GUARD_PENDING_CHANGE_H
#define SHARING_GUARD_PENDING_CHANGE_H

#include "audit/log/event.h"

/*
 * Keeps an event whose policy_revision is a provisional number (negative) until
 * sg_pending_changes_write().  It shares the fate of the current
 * subtransaction.
 */
extern void sg_pending_change_add(const ChangeEvent *event);

/*
 * Writes what is kept, in order, with the transaction.  final_revision() gives
 * the revision that a provisional number has become; 0: none.  Errors out where
 * an event cannot be written.
 */
extern void sg_pending_changes_write(int64 (*final_revision) (int64 provisional));

#endif							/* SHARING_GUARD_PENDING_CHANGE_H */
