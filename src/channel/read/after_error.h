/*-------------------------------------------------------------------------
 *
 * after_error.h
 *		What an error leaves behind, put in order before catalogs are read.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHARING_GUARD_AFTER_ERROR_H
#define SHARING_GUARD_AFTER_ERROR_H

/*
 * The role that a statement runs as; an error within it may come under another
 * role.
 */
typedef struct StatementRole
{
	Oid			userid;
	int			sec_context;
} StatementRole;

/* Called before PG_TRY(). */
extern void sg_statement_role_note(StatementRole *role);

/*
 * Called first in a PG_CATCH() that reads catalogs or waits for the audit
 * writer, and raises the error again.
 */
extern void sg_after_error(const StatementRole *role);

#endif							/* SHARING_GUARD_AFTER_ERROR_H */
