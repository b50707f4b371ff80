/*-------------------------------------------------------------------------
 *
 * triggers.h
 *		The names of a guard's triggers.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHARING_GUARD_TRIGGERS_H
#define SHARING_GUARD_TRIGGERS_H

#include "fmgr.h"
#include "nodes/pg_list.h"
#include "storage/lockdefs.h"

/*
 * BEFORE triggers fire in the order of their names, and ours has to see the
 * row as the others leave it.
 */
#define SKIP_TRIGGER_NAME		"zzz_sharing_guard_skip"
#define EXPORT_TRIGGER_NAME		"sharing_guard_export"
#define STATEMENT_TRIGGER_NAME	"zzz_sharing_guard_statement"

/*
 * For functions of the extension: work with the rights of its owner.  An error
 * in between needs no care: the end of the transaction sets the role back.
 */
typedef struct OwnerRights
{
	Oid			save_userid;
	int			save_sec_context;
} OwnerRights;

extern void sg_begin_owner_rights(OwnerRights *rights, FunctionCallInfo fcinfo);
extern void sg_end_owner_rights(const OwnerRights *rights);

/* One row of sharing_guard.guard. */
typedef struct GuardRow
{
	Oid			relid;
	char	   *guard_id;
	bool		skip_row;
} GuardRow;

/* GuardRows that a query of ours selects, in CurrentMemoryContext. */
extern List *sg_select_guards(const char *query, int nargs, Oid *argtypes,
							  Datum *args);

/* Gives a tree of tables the triggers of its guard; true if any was missing. */
extern bool sg_mend_trigger_tree(Oid relid, const char *guard_id,
								 bool skip_row, LOCKMODE lockmode);

/* Drops a guard's triggers wherever they are but in this tree. */
extern void sg_drop_guard_triggers(const char *guard_id, List *except_tree);

#endif							/* SHARING_GUARD_TRIGGERS_H */
