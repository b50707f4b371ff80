/*-------------------------------------------------------------------------
 *
 * command_record.h
 *		What becomes of a command that touches what is protected: it is
 *		recorded, decided on, or refused.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHARING_GUARD_COMMAND_RECORD_H
#define SHARING_GUARD_COMMAND_RECORD_H

#include "audit/writer/client.h"
#include "channel/guard/guard_state.h"
#include "base/disclosure.h"

/* Called once, at library load. */
extern void sg_ddl_record_init(void);

/*
 * Notes a command that went through, to be recorded with the transaction.  To
 * be called in the midst of any command: nothing is written before
 * sg_ddl_write_noted(), or the commit.
 */
extern void sg_ddl_note(const char *operation, const char *object,
						const char *key);
extern void sg_ddl_write_noted(void);

/*
 * The same for what lets rows out at once: it is recorded through the writer,
 * for a ROLLBACK would not bring them back.  Of what a superuser does there is
 * a line in the server log instead: a restore in one transaction has no log
 * that a writer could see.
 *
 * The first is for what has been done; the second, to be called before the
 * command, for what shows rows even where it fails.
 */
extern void sg_ddl_note_for_good(const char *operation, const char *object,
								 const char *key);
extern void sg_ddl_rows_seen(const char *operation, const char *object,
							 const char *key);

/*
 * A command that takes a guard, or the record, away.  Notes it where a
 * superuser does it, or anybody under approved maintenance; everybody else is
 * refused, and the attempt recorded.
 */
extern void sg_ddl_tampering(const GuardCatalog *state, const char *operation,
							 const char *object, const char *key);

/* A command by which rows will leave, or have left. */
typedef struct DdlDisclosure
{
	Channel		channel;
	const char *operation;
	const GuardedTable *guard;	/* whose rows; or NULL: any of them */
	const char *relation;		/* NULL: the guard's */
	const char *data_class;		/* NULL: the guard's */
	const char *destination;	/* an agency or its name; NULL: as declared,
								 * else our own */
	const char *note;			/* a reason to flag it at least; or NULL */
	const char *hint;			/* what would make it lawful; or NULL */
	bool		never_block;	/* flagged at most */
	bool		refuse;			/* a setting refuses it, whatever the policy */
	bool		durable;		/* rows leave before the commit */
	bool		despite_maintenance;	/* not refused while it is open */
	int64		rows;			/* how many, where that is known and they are
								 * recorded with the transaction */
	OpenDisclosure *open;		/* their count will be known; else NULL */
} DdlDisclosure;

/*
 * Decides, records, and returns where it may go on; else errors out.
 */
extern void sg_ddl_disclose(const GuardCatalog *state,
							const DdlDisclosure *disclosure);

#endif							/* SHARING_GUARD_COMMAND_RECORD_H */
