/*-------------------------------------------------------------------------
 *
 * lock_order.h
 *		LOCK TABLE of our own tables.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHARING_GUARD_LOCK_ORDER_H
#define SHARING_GUARD_LOCK_ORDER_H

#include "nodes/parsenodes.h"

/*
 * Errors out where LOCK TABLE would keep everybody from reading a table of
 * ours; a superuser may do so.
 */
extern void sg_lock_command(const LockStmt *command);

#endif							/* SHARING_GUARD_LOCK_ORDER_H */
