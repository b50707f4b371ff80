/*-------------------------------------------------------------------------
 *
 * after_error.c
 *		What an error leaves behind, put in order before catalogs are read.
 *
 * A statement that has failed is put on record while its error is handled,
 * before its transaction is aborted.  The error may have come in the midst of
 * anything: with a page locked (a comparison that fails within an index), with
 * a page half read in (a damaged one), in a wait, or in a function that runs
 * as its owner.  To read catalogs in that state would wait for ourselves, or
 * let others wait for ever.
 *
 * So what AbortTransaction() does first is done here.  It does it again later,
 * which is no harm: nothing is left to do then.  It is no more than the
 * server's own processes do where they go on after an error.  What belongs to
 * the transaction itself (locks, snapshots, pins, memory) stays until it is
 * aborted.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xloginsert.h"
#include "channel/read/after_error.h"
#include "base/compat.h"
#include "miscadmin.h"
#include "storage/buf_internals.h"
#include "storage/bufmgr.h"
#include "storage/condition_variable.h"
#include "storage/lwlock.h"
#include "storage/proc.h"
#include "utils/resowner.h"
#include "utils/wait_event.h"

void
sg_statement_role_note(StatementRole *role)
{
	GetUserIdAndSecContext(&role->userid, &role->sec_context);
}

void
sg_after_error(const StatementRole *role)
{
	HOLD_INTERRUPTS();
	LWLockReleaseAll();
	pgstat_report_wait_end();
	SG_ABORT_IO_BATCH();
	SG_ABORT_BUFFER_IO();
	UnlockBuffers();
	XLogResetInsertion();
	ConditionVariableCancelSleep();
	LockErrorCleanup();
	RESUME_INTERRUPTS();

	/* The reader is the role that ran the statement. */
	SetUserIdAndSecContext(role->userid, role->sec_context);
}
