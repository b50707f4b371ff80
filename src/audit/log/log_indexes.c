/*-------------------------------------------------------------------------
 *
 * log_indexes.c
 *		The log and its indexes, opened for an insertion.
 *
 * A transaction of one exported row writes one event, and what the server does
 * to get ready for it was a third of what that cost: it copies each index's
 * definition, and plans and compiles the conditions of partial ones.  So what
 * came of that is kept from transaction to transaction, until the log or one of
 * its indexes changes.  What is kept are the server's own structures, filled in
 * by its own functions; they go where ExecOpenIndices() would have put them.
 *
 * An index for few of the events is opened when the first of these comes, and
 * all stay locked until the end of the transaction, as the log does: to give
 * each lock back by itself costs more than all at once.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/transam.h"
#include "catalog/index.h"
#include "catalog/namespace.h"
#include "catalog/pg_am.h"
#include "executor/executor.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/optimizer.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"

#include "audit/log/log_indexes.h"
#include "base/inval.h"
#include "base/compat.h"

#define LOG_SCHEMA	"sharing_guard"
#define LOG_TABLE	"event"

/* All of one moment, in a context of its own. */
struct LogIndexes
{
	MemoryContext context;
	int			count;
	Oid		   *oids;
	IndexInfo **infos;			/* NULL: to be made each time */
	bool	   *await;			/* to be opened when an event needs it */
};

static Oid	log_relid = InvalidOid;
static LogIndexes *kept = NULL;

/*
 * The callback only counts, as for table caches; the next caller looks again.
 */
static uint64 invalidations = 1;
static uint64 kept_as_of = 0;

/*
 * Indexes are being looked at that are not in what is kept: one that is being
 * made CONCURRENTLY may be said to be ready in the midst of that.  After an
 * error it stays on until they have been looked at.
 */
static bool looking = false;

static void
log_changed(Datum arg, Oid relid)
{
	if (relid == InvalidOid || relid == log_relid || looking)
	{
		invalidations++;
		return;
	}
	for (int i = 0; kept != NULL && i < kept->count; i++)
	{
		if (relid == kept->oids[i])
			invalidations++;
	}
}

void
sg_log_indexes_init(void)
{
	sg_on_relation_change(log_changed);
}

Oid
sg_log_relid(void)
{
	Oid			namespace;

	if (likely(kept_as_of == invalidations))
		return log_relid;
	namespace = get_namespace_oid(LOG_SCHEMA, true);
	log_relid = OidIsValid(namespace) ?
		get_relname_relid(LOG_TABLE, namespace) : InvalidOid;
	return log_relid;
}

static bool
is_not_built_in(Oid function, void *context)
{
	return function >= FirstGenbkiObjectId;
}

/*
 * Can the meaning of this expression change without a change to the index?
 * What was compiled would go on with the old one: call a function's body by
 * way of a language that it is no longer written in, and crash.
 */
static bool
can_be_redefined(Node *node, void *context)
{
	if (node == NULL)
		return false;
	return IsA(node, CoerceToDomain) ||
		check_functions_in_node(node, is_not_built_in, context) ||
		expression_tree_walker(node, can_be_redefined, context);
}

/*
 * What the executor has to know of an index, in CurrentMemoryContext; NULL for
 * one that must be made each time, since insertions leave something in it:
 * values of expressions, or what access methods of other kinds keep; or since
 * its condition is not only of the server's own functions.
 */
static IndexInfo *
keepable_info(Relation index)
{
	IndexInfo  *info;

	if (index->rd_rel->relam != BTREE_AM_OID)
		return NULL;
	info = BuildIndexInfo(index);
	if (info->ii_Expressions != NIL ||
		can_be_redefined((Node *) info->ii_Predicate, NULL))
		return NULL;

	/* Do what ExecPrepareQual() does, but in memory that is kept. */
	if (info->ii_Predicate != NIL)
		info->ii_PredicateState =
			ExecInitQual((List *) expression_planner((Expr *) info->ii_Predicate),
						 NULL);
	return info;
}

/*
 * Looks at all indexes of the log.
 *
 * What was kept before may be in use: an event may be written while a trigger
 * on the log writes another.  It goes with the transaction.
 */
static void
keep_indexes(Relation rel)
{
	MemoryContext context = AllocSetContextCreate(TopTransactionContext,
												  "sharing_guard indexes of the log",
												  ALLOCSET_SMALL_SIZES);
	MemoryContext oldcontext = MemoryContextSwitchTo(context);
	List	   *oids = RelationGetIndexList(rel);
	LogIndexes *found = palloc0(sizeof(LogIndexes));
	bool		rows_change;
	ListCell   *lc;

	/*
	 * Whether a condition holds of a row is known when all has been filled
	 * in.
	 */
	rows_change = (rel->trigdesc != NULL &&
				   rel->trigdesc->trig_insert_before_row) ||
		(RelationGetDescr(rel)->constr != NULL &&
		 RelationGetDescr(rel)->constr->has_generated_stored);

	found->context = context;
	found->oids = palloc(sizeof(Oid) * Max(list_length(oids), 1));
	found->infos = palloc(sizeof(IndexInfo *) * Max(list_length(oids), 1));
	found->await = palloc(sizeof(bool) * Max(list_length(oids), 1));
	foreach(lc, oids)
	{
		Relation	index = index_open(lfirst_oid(lc), RowExclusiveLock);
		IndexInfo  *info = keepable_info(index);

		found->oids[found->count] = lfirst_oid(lc);
		found->infos[found->count] = info;
		found->await[found->count] = info != NULL &&
			info->ii_PredicateState != NULL && !rows_change;
		found->count++;
		index_close(index, NoLock);
	}
	MemoryContextSwitchTo(oldcontext);

	if (kept != NULL)
		MemoryContextSetParent(kept->context, TopTransactionContext);
	MemoryContextSetParent(context, CacheMemoryContext);
	kept = found;
}

static void
open_index(const LogIndexes *indexes, ResultRelInfo *target, int i)
{
	Relation	index = index_open(indexes->oids[i], RowExclusiveLock);

	target->ri_IndexRelationDescs[i] = index;
	target->ri_IndexRelationInfo[i] = indexes->infos[i] != NULL ?
		indexes->infos[i] : BuildIndexInfo(index);
}

const LogIndexes *
sg_log_open_indexes(ResultRelInfo *target, void (*check) (Relation rel))
{
	Relation	rel = target->ri_RelationDesc;

	/*
	 * Looking at them may accept an invalidation, and so may opening them.
	 * The locks that we hold by then prevent further changes.
	 */
	while (unlikely(kept_as_of != invalidations ||
					log_relid != RelationGetRelid(rel)))
	{
		uint64		as_of;

		log_relid = RelationGetRelid(rel);
		as_of = invalidations;
		looking = true;
		check(rel);
		keep_indexes(rel);
		looking = false;
		kept_as_of = as_of;
	}

	target->ri_NumIndices = kept->count;
	target->ri_IndexRelationDescs = palloc0(sizeof(Relation) * Max(kept->count, 1));
	target->ri_IndexRelationInfo = palloc0(sizeof(IndexInfo *) * Max(kept->count, 1));
	for (int i = 0; i < kept->count; i++)
	{
		if (!kept->await[i])
			open_index(kept, target, i);
	}
	return kept;
}

void
sg_log_open_awaited(const LogIndexes *indexes, ResultRelInfo *target,
					EState *estate, TupleTableSlot *slot)
{
	ExprContext *econtext = GetPerTupleExprContext(estate);

	econtext->ecxt_scantuple = slot;
	for (int i = 0; i < indexes->count; i++)
	{
		if (target->ri_IndexRelationDescs[i] == NULL &&
			ExecQual(indexes->infos[i]->ii_PredicateState, econtext))
			open_index(indexes, target, i);
	}
}

void
sg_log_close_indexes(ResultRelInfo *target)
{
	for (int i = 0; i < target->ri_NumIndices; i++)
	{
		Relation	index = target->ri_IndexRelationDescs[i];

		if (index == NULL)
			continue;
		sg_index_insert_cleanup(index, target->ri_IndexRelationInfo[i]);
		index_close(index, NoLock);
	}
	target->ri_NumIndices = 0;
}
