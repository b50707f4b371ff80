/*-------------------------------------------------------------------------
 *
 * verify.c
 *		The whole record, recomputed and compared with its seals.
 *
 * In three passes, none of which remembers more than it is at:
 *
 * 1. The tree, from the hashes of its leaves up: the levels that are stored
 *	  and the root of every checkpoint.
 * 2. The leaves, from the events: each is looked up by the id its bundle has,
 *	  encoded, hashed and compared.  This finds what was changed, removed or put
 *	  in another's place.
 * 3. The events, for those that no seal has though they ended before the last.
 *	  This finds what was put in.  That the same events are in passes 2 and 3 is
 *	  seen from a sum over their ids, hashed with a key that cannot be known
 *	  beforehand; only if the sums differ, events are looked up one by one.
 *
 * What a superuser changes in events, seals and tree so that they agree again
 * cannot be seen from here.  A checkpoint that was kept elsewhere shows it.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/timeline.h"
#include "access/transam.h"
#include "access/xlog.h"
#include "common/hashfn.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "audit/log/event_id.h"
#include "audit/log/store.h"
#include "audit/proof/verifier.h"
#include "audit/proof/verify_leaves.h"
#include "audit/proof/verify_tree.h"
#include "base/compat.h"

PG_FUNCTION_INFO_V1(sg_sql_verify_audit);

/*-------------------------------------------------------------------------
 * All of it
 *-------------------------------------------------------------------------
 */

static int
compare_purged(const void *a, const void *b)
{
	int64		x = ((const PurgedLeaves *) a)->first;
	int64		y = ((const PurgedLeaves *) b)->first;

	return x < y ? -1 : x > y ? 1 : 0;
}

/*
 * Leaves whose events may be missing.  A purge counts only as long as the
 * event that records it is there, sealed like any other.
 */
static void
load_purged(Verifier *v)
{
	Relation	rel = sg_store_open("purged_leaf", AccessShareLock);
	SysScanDesc scan = systable_beginscan(rel, InvalidOid, false,
										  GetActiveSnapshot(), 0, NULL);
	int			room = 64;
	HeapTuple	tuple;

	v->npurged = 0;
	v->purged = palloc(room * sizeof(PurgedLeaves));
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		pg_uuid_t  *purged_by = DatumGetUUIDP(sg_store_value(rel, tuple, 4));
		PurgedLeaves leaves;

		if (!sg_uuid_equal(DatumGetUUIDP(sg_store_value(rel, tuple, 1)), &v->tree_id))
			continue;
		leaves.first = DatumGetInt64(sg_store_value(rel, tuple, 2));
		leaves.last = DatumGetInt64(sg_store_value(rel, tuple, 3));
		if (!sg_verify_fetch_event(v, purged_by))
		{
			sg_verify_report(v, SEVERITY_ERROR, "purge_unproved", purged_by, leaves.first,
							 "Leaves " INT64_FORMAT " to " INT64_FORMAT " are said to be purged, and the event that records it is not there.",
							 leaves.first, leaves.last);
			continue;
		}
		ExecClearTuple(v->slot);
		if (v->npurged == room)
			v->purged = repalloc(v->purged, (room *= 2) * sizeof(PurgedLeaves));
		v->purged[v->npurged++] = leaves;
	}
	systable_endscan(scan);
	table_close(rel, AccessShareLock);
	qsort(v->purged, v->npurged, sizeof(PurgedLeaves), compare_purged);
}

static void
verify_tree(Verifier *v, const pg_uuid_t *tree_id)
{
	v->tree_id = *tree_id;
	v->tree = sg_tree_begin(tree_id, v->hasher);

	if (sg_verify_identity(v, tree_id) == NULL)
		sg_verify_report(v, SEVERITY_ERROR, "tree_foreign", NULL, -1,
						 "There are seals of a tree whose log is not known here: they are another database's.");
	load_purged(v);
	sg_verify_tree(v);
	sg_verify_tile_rows(v);
	sg_verify_leaves(v);
	sg_tree_end(v->tree);
	pfree(v->purged);
}

/* The trees that anything is stored of, as pg_uuid_t. */
static List *
all_trees(void)
{
	MemoryContext oldcontext = CurrentMemoryContext;
	List	   *trees = NIL;

	SPI_connect();
	if (SPI_execute("SELECT c.tree_id FROM sharing_guard.checkpoint c"
					" UNION SELECT b.tree_id FROM sharing_guard.bundle b"
					" UNION SELECT t.tree_id FROM sharing_guard.tile t"
					" ORDER BY 1", true, 0) != SPI_OK_SELECT)
		elog(ERROR, "SPI_execute failed");	/* the query is ours */
	for (uint64 i = 0; i < SPI_processed; i++)
	{
		bool		isnull;
		Datum		tree_id = SPI_getbinval(SPI_tuptable->vals[i],
											SPI_tuptable->tupdesc, 1, &isnull);
		MemoryContext inner = MemoryContextSwitchTo(oldcontext);
		pg_uuid_t  *copy = palloc(sizeof(pg_uuid_t));

		*copy = *DatumGetUUIDP(tree_id);
		trees = lappend(trees, copy);
		MemoryContextSwitchTo(inner);
	}
	SPI_finish();
	return trees;
}

/*
 * The checkpoint that was kept elsewhere: a note, signed or not.  Whether its
 * signature holds, only the holder of the key can say.
 */
static void
parse_anchor(Verifier *v, char *note)
{
	static const char prefix[] = "sharing_guard/";
	char	   *size = strchr(note, '\n');
	char	   *root = size != NULL ? strchr(size + 1, '\n') : NULL;
	char	   *end = root != NULL ? strchr(root + 1, '\n') : NULL;
	char	   *digits;
	bytea	   *bytes;

	if (end == NULL || strncmp(note, prefix, strlen(prefix)) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("this is not a checkpoint of a log of this extension"),
				 errhint("Give what sharing_guard.checkpoint() returned then, signed or not.")));
	*size++ = '\0';
	*root++ = '\0';
	*end = '\0';

	v->anchor_log = *DatumGetUUIDP(DirectFunctionCall1(uuid_in,
													   CStringGetDatum(note + strlen(prefix))));
	for (digits = size; *digits >= '0' && *digits <= '9'; digits++)
		;
	if (digits == size || *digits != '\0')
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the second line of the checkpoint is not a size")));
	v->anchor_size = DatumGetInt64(DirectFunctionCall1(int8in, CStringGetDatum(size)));
	bytes = DatumGetByteaPP(DirectFunctionCall2(binary_decode,
												CStringGetTextDatum(root),
												CStringGetTextDatum("base64")));
	if (VARSIZE_ANY_EXHDR(bytes) != sizeof(Sha256Hash))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the third line of the checkpoint is not a SHA-256 hash")));
	memcpy(&v->anchor_root, VARDATA_ANY(bytes), sizeof(Sha256Hash));
	v->has_anchor = true;
}

/*
 * Which logs have sealed in this tree; returns whether the checkpoint that was
 * kept elsewhere is of one of them.  A tree whose checkpoints are gone has at
 * least the id of the log that began it.
 */
static bool
scan_checkpoints(Verifier *v, const pg_uuid_t *tree_id)
{
	CheckpointScan *scan = sg_begin_checkpoints(tree_id);
	bool		anchored = sg_uuid_equal(tree_id, &v->anchor_log);
	Checkpoint	checkpoint;

	while (sg_next_checkpoint(scan, &checkpoint))
	{
		anchored = anchored || sg_uuid_equal(&checkpoint.log_id, &v->anchor_log);
		sg_verify_note_sealing(v, &checkpoint);
	}
	sg_end_checkpoints(scan);
	return v->has_anchor && anchored;
}

/* What this database itself is. */
static void
check_identity(Verifier *v, bool registered)
{
	ListCell   *lc;

	if (!registered && !v->own.has_parent)
		sg_verify_report(v, SEVERITY_ERROR, "identity_missing", NULL, -1,
						 "The table sharing_guard.log is empty: it cannot be told whose log this is.");
	else if (!registered && strcmp(v->own.cause, "copied") == 0)
		sg_verify_report(v, SEVERITY_WARNING, "database_copied", NULL, -1,
						 "This database is a copy of the one that wrote log %s; what it records itself is log %s.",
						 sg_event_id_text(&v->own.parent), sg_event_id_text(&v->own.log_id));

	foreach(lc, v->identities)
	{
		const LogIdentity *identity = lfirst(lc);

		if (!identity->received && identity->has_parent &&
			strcmp(identity->cause, "copied") == 0)
			sg_verify_report(v, SEVERITY_WARNING, "database_copied", NULL, -1,
							 "This database was made as a copy of the one that wrote log %s; what it has recorded since is log %s.",
							 sg_event_id_text(&identity->parent),
							 sg_event_id_text(&identity->log_id));
	}
}

/* What a restored dump held, or the log tells of, and is not here. */
static void
report_restore_defects(Verifier *v)
{
	SPI_connect();
	if (SPI_execute("SELECT d.severity, d.problem, d.event_id, d.detail"
					" FROM sharing_guard.restore_defects() AS d", true, 0) != SPI_OK_SELECT)
		elog(ERROR, "SPI_execute failed");	/* the query is ours */
	for (uint64 i = 0; i < SPI_processed; i++)
	{
		HeapTuple	tuple = SPI_tuptable->vals[i];
		TupleDesc	desc = SPI_tuptable->tupdesc;
		bool		isnull;
		Datum		event_id = SPI_getbinval(tuple, desc, 3, &isnull);

		sg_verify_report(v, SPI_getvalue(tuple, desc, 1), SPI_getvalue(tuple, desc, 2),
						 isnull ? NULL : DatumGetUUIDP(event_id), -1,
						 "%s", SPI_getvalue(tuple, desc, 4));
	}
	SPI_finish();
}

/*
 * sharing_guard.verify_audit(first_leaf bigint, last_leaf bigint,
 *		checkpoint text) returns table (...)
 */
Datum
sg_sql_verify_audit(PG_FUNCTION_ARGS)
{
	Verifier   *v = palloc0(sizeof(Verifier));
	bool		registered;
	Checkpoint	last;
	bool		has_tree;
	List	   *trees;
	ListCell   *lc;

	InitMaterializedSRF(fcinfo, 0);
	v->rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	v->ranged = !PG_ARGISNULL(0) || !PG_ARGISNULL(1);
	v->first_leaf = PG_ARGISNULL(0) ? 0 : Max(PG_GETARG_INT64(0), 0);
	v->last_leaf = PG_ARGISNULL(1) ? PG_INT64_MAX - 1 : Min(PG_GETARG_INT64(1), PG_INT64_MAX - 1);
	if (!PG_ARGISNULL(2))
		parse_anchor(v, text_to_cstring(PG_GETARG_TEXT_PP(2)));

	v->per_bundle = AllocSetContextCreate(CurrentMemoryContext,
										  "sharing_guard bundle being verified",
										  ALLOCSET_DEFAULT_SIZES);
	v->misfits = palloc(MISFITS_MAX * sizeof(Misfit));
	v->hasher = sg_sha256_begin();
	if (!pg_strong_random(&v->seed, sizeof(v->seed)))
		ereport(ERROR,
				(errcode(ERRCODE_INTERNAL_ERROR),
				 errmsg("could not generate random values")));
	v->identities = sg_log_identities();
	registered = sg_log_own(v->identities, &v->own);
	v->tree_id = v->own.log_id;
	v->timelines = RecoveryInProgress() ? NIL :
		readTimeLineHistory(GetWALInsertionTimeLine());

	v->events = sg_store_open("event", AccessShareLock);
	v->events_pkey = sg_store_open_index(v->events, "event_pkey");
	v->slot = MakeSingleTupleTableSlot(RelationGetDescr(v->events), &TTSOpsHeapTuple);
	sg_canonical_events(v->events, &v->event_id, &v->log_id, &v->occurred_at,
						&v->transaction_id);

	check_identity(v, registered);
	has_tree = sg_own_tree(v->identities, &v->own, &last);
	if (v->ranged)
		trees = has_tree ? list_make1(&last.tree_id) : NIL;
	else
		trees = all_trees();

	/* All logs that seal here, before any event is asked for its own. */
	foreach(lc, trees)
	{
		if (scan_checkpoints(v, lfirst(lc)))
		{
			v->anchor_tree = *(pg_uuid_t *) lfirst(lc);
			v->anchor_seen = true;
		}
	}
	foreach(lc, trees)
		verify_tree(v, lfirst(lc));
	if (v->has_anchor && !v->anchor_seen)
	{
		v->tree_id = v->anchor_log;
		sg_verify_report(v, SEVERITY_ERROR, "log_truncated", NULL, -1,
						 "Nothing is left of the tree that the checkpoint that was given is of.");
	}

	v->tree_id = has_tree ? last.tree_id : v->own.log_id;
	sg_verify_events(v, v->ranged);
	if (!v->ranged &&
		(v->sealed_count != v->ended_count || v->sealed_sum != v->ended_sum))
		sg_verify_events(v, true);
	if (!v->ranged)
		report_restore_defects(v);

	ExecDropSingleTupleTableSlot(v->slot);
	index_close(v->events_pkey, AccessShareLock);
	table_close(v->events, AccessShareLock);
	sg_sha256_end(v->hasher);
	return (Datum) 0;
}
