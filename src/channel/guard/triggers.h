/*-------------------------------------------------------------------------
 *
 * triggers.h
 *		The names of a guard's triggers.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHARING_GUARD_TRIGGERS_H
#define SHARING_GUARD_TRIGGERS_H

/*
 * BEFORE triggers fire in the order of their names, and ours has to see the
 * row as the others leave it.
 */
#define SKIP_TRIGGER_NAME		"zzz_sharing_guard_skip"
#define EXPORT_TRIGGER_NAME		"sharing_guard_export"
#define STATEMENT_TRIGGER_NAME	"zzz_sharing_guard_statement"

#endif							/* SHARING_GUARD_TRIGGERS_H */
