/*-------------------------------------------------------------------------
 *
 * hooks.c
 *		Installs each hook of the server once and defines the order in which
 *		our functions are called.
 *
 * Each of our functions wraps another and calls it.  The outermost one sees a
 * statement's beginning first and its end last.  The innermost one calls the
 * hook that was there before this library was loaded, or the server's own
 * function.  An error passes through all wrapping functions.  They restore
 * their state in PG_FINALLY or leave that to the end of the transaction.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "executor/executor.h"
#include "tcop/utility.h"

#include "channel/command/command.h"
#include "channel/command/copied.h"
#include "channel/command/database.h"
#include "channel/export/export_row.h"
#include "channel/read/copy.h"
#include "channel/read/holdable_cursor.h"
#include "channel/read/query.h"
#include "hooks.h"

/* The hook that was installed before us, or the server's own function. */
#define BEFORE(kind)	(kind##_hook ? kind##_hook : standard_##kind)

/* Wraps each hook from the inside out. */
void
sg_hooks_init(void)
{
	ExecutorStart_hook_type start = BEFORE(ExecutorStart);
	ExecutorRun_hook_type run = BEFORE(ExecutorRun);
	ExecutorFinish_hook_type finish = BEFORE(ExecutorFinish);
	ExecutorEnd_hook_type end = BEFORE(ExecutorEnd);
	ProcessUtility_hook_type utility = BEFORE(ProcessUtility);

	/*
	 * The outermost function checks the guards on a plan before anything
	 * else.
	 */
	start = sg_copy_wrap_ExecutorStart(start);
	start = sg_copied_wrap_ExecutorStart(start);
	ExecutorStart_hook = start;

	/*
	 * Reads are recorded before the first row of an export is decided on,
	 * because the read may fill the export table.
	 */
	run = sg_export_row_wrap_ExecutorRun(run);
	run = sg_query_wrap_ExecutorRun(run);
	ExecutorRun_hook = run;

	/*
	 * AFTER triggers fire here.  Rows that were routed to another server are
	 * checked after all of them have fired.
	 */
	finish = sg_export_row_wrap_ExecutorFinish(finish);
	finish = sg_query_wrap_ExecutorFinish(finish);
	finish = sg_copied_wrap_ExecutorFinish(finish);
	ExecutorFinish_hook = finish;

	end = sg_query_wrap_ExecutorEnd(end);
	ExecutorEnd_hook = end;

	/*
	 * The check of the command itself comes first, so that a refused command
	 * makes no writer leave its database and copies nothing.
	 */
	utility = sg_copy_wrap_ProcessUtility(utility);
	utility = sg_holdable_cursor_wrap_ProcessUtility(utility);
	utility = sg_database_wrap_ProcessUtility(utility);
	utility = sg_ddl_wrap_ProcessUtility(utility);
	ProcessUtility_hook = utility;

	/* The server has no function of its own here, so the next may be NULL. */
	object_access_hook = sg_ddl_wrap_object_access(object_access_hook);
}
