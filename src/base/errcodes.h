/*-------------------------------------------------------------------------
 *
 * errcodes.h
 *		Defines the extension's own SQLSTATEs.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHARING_GUARD_ERRCODES_H
#define SHARING_GUARD_ERRCODES_H

#include "utils/elog.h"

/*
 * One SQLSTATE for each refusal that an application must distinguish.  Class
 * SG is outside the classes that the SQL standard reserves (those begin with
 * 0-4 or A-H).
 */
#define ERRCODE_SG_BLOCKED_BY_POLICY		MAKE_SQLSTATE('S','G','0','0','1')
#define ERRCODE_SG_UNDECLARED_DISCLOSURE	MAKE_SQLSTATE('S','G','0','0','2')
#define ERRCODE_SG_AUDIT_UNAVAILABLE		MAKE_SQLSTATE('S','G','0','0','3')
#define ERRCODE_SG_REVIEW_OVERDUE			MAKE_SQLSTATE('S','G','0','0','4')
#define ERRCODE_SG_UNDER_MAINTENANCE		MAKE_SQLSTATE('S','G','0','0','5')
/* The library is not preloaded, or this database is not listed. */
#define ERRCODE_SG_NOT_OPERATIONAL			MAKE_SQLSTATE('S','G','0','0','6')
/* The extension is not configured, or no policy is adopted. */
#define ERRCODE_SG_NOT_CONFIGURED			MAKE_SQLSTATE('S','G','0','0','7')
/* A command tried to change the audit record. */
#define ERRCODE_SG_RECORD_PROTECTED			MAKE_SQLSTATE('S','G','0','0','8')
/* A command would remove a guard or a part of it. */
#define ERRCODE_SG_GUARD_PROTECTED			MAKE_SQLSTATE('S','G','0','0','9')

#endif							/* SHARING_GUARD_ERRCODES_H */
