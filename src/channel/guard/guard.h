/*-------------------------------------------------------------------------
 *
 * guard.h
 *		A protected table: which column means what, as seen from one relation.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHARING_GUARD_GUARD_H
#define SHARING_GUARD_GUARD_H

#include "channel/guard/column_text.h"
#include "base/disclosure.h"
#include "executor/tuptable.h"
#include "fmgr.h"
#include "nodes/bitmapset.h"
#include "utils/rel.h"
#include "utils/uuid.h"

/* The roles that one column can have: see guard.c. */
#define GUARD_SINGLE_COLUMNS 9

/*
 * A guard as seen from one relation: the protected table itself, one of its
 * partitions, or one of its inheritance children, whose columns may stand in
 * another order.
 */
typedef struct Guard
{
	pg_uuid_t	guard_id;
	Oid			relid;			/* the relation at hand */
	Oid			protected_relid;	/* whose guard it is: one has but one */
	const char *relation;		/* the protected table's qualified name */
	const char *data_class;		/* or NULL: the column says */
	Size		data_class_len;
	bool		enforce;		/* the guard's own mode */
	bool		skip_row;

	/* The columns that fill one text each; most tables have two or three. */
	int			nsingle;
	GuardColumn single[GUARD_SINGLE_COLUMNS];
	bool		has_destination;	/* one of them */
	bool		either_person;	/* one column names the person on our side or
								 * at the destination */

	int			npurpose;		/* 0: one of the single columns, or none */
	GuardColumn *purpose;

	int			nrecord_key;
	GuardColumn *record_key;
	int			nquery_elements;
	GuardColumn *query_elements;
	Bitmapset  *bookkeeping;	/* attnums, of the relation at hand */
	AttrNumber	last_attnum;	/* the last column that any role has */

	uint64		load_number;	/* of the whole guard cache */
} Guard;

/* Called once, at library load. */
extern void sg_guard_init(void);

/*
 * The guard named by a trigger's argument, as seen from this relation.  Valid
 * until the next call.  Errors out where there is no such guard (any more) or
 * where a column that it needs has gone: what cannot be decided stays.
 */
extern const Guard *sg_guard_lookup(Relation rel, const char *guard_id);

/*
 * The same for a relation that is locked, where that is the one whose guard was
 * looked up last; else NULL.
 */
extern const Guard *sg_guard_if_known(Oid relid);

#endif							/* SHARING_GUARD_GUARD_H */
