/*-------------------------------------------------------------------------
 *
 * hooks.c
 *		Installs the hooks of the server, each once, and says in which order
 *		ours are called.
 *
 * A function of ours that is written around another calls it: the outermost
 * sees a statement first and its end last.  The innermost calls the hook that
 * was there before this library was loaded, or the server's own function.  An
 * error in one passes through all around it, which put back their own state in
 * PG_FINALLY or leave it to the end of the transaction.
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

/* What was hooked before us, or the server's own function. */
#define BEFORE(kind)	(kind##_hook ? kind##_hook : standard_##kind)

/* From the inside out. */
void
sg_hooks_init(void)
{
	ExecutorStart_hook_type start = BEFORE(ExecutorStart);
	ExecutorRun_hook_type run = BEFORE(ExecutorRun);
	ExecutorFinish_hook_type finish = BEFORE(ExecutorFinish);
	ExecutorEnd_hook_type end = BEFORE(ExecutorEnd);
	ProcessUtility_hook_type utility = BEFORE(ProcessUtility);

	/* Whether a plan passes its guards is asked before anything else. */
	start = sg_copy_wrap_ExecutorStart(start);
	start = sg_copied_wrap_ExecutorStart(start);
	ExecutorStart_hook = start;

	/*
	 * A read is on record before the first row of an export is decided on,
	 * because the read may be what fills the export table.
	 */
	run = sg_export_row_wrap_ExecutorRun(run);
	run = sg_query_wrap_ExecutorRun(run);
	ExecutorRun_hook = run;

	/*
	 * AFTER triggers are fired here.  Rows that were routed to another server
	 * are looked at when all of them have been.
	 */
	finish = sg_export_row_wrap_ExecutorFinish(finish);
	finish = sg_query_wrap_ExecutorFinish(finish);
	finish = sg_copied_wrap_ExecutorFinish(finish);
	ExecutorFinish_hook = finish;

	end = sg_query_wrap_ExecutorEnd(end);
	ExecutorEnd_hook = end;

	/*
	 * A command is looked at as a command first: one that is refused asks no
	 * writer to leave its database and copies nothing.
	 */
	utility = sg_copy_wrap_ProcessUtility(utility);
	utility = sg_holdable_cursor_wrap_ProcessUtility(utility);
	utility = sg_database_wrap_ProcessUtility(utility);
	utility = sg_ddl_wrap_ProcessUtility(utility);
	ProcessUtility_hook = utility;

	/* The server has no function of its own here, so the next may be NULL. */
	object_access_hook = sg_ddl_wrap_object_access(object_access_hook);
}
