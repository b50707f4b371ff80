/*-------------------------------------------------------------------------
 *
 * store.h
 *		The extension's own tables, from C: opened by name, rows inserted.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHARING_GUARD_STORE_H
#define SHARING_GUARD_STORE_H

#include "access/htup.h"
#include "utils/rel.h"

/* The table, or the index, of that name in our schema; errors out without. */
extern Oid	sg_store_relid(const char *name);
extern Relation sg_store_open(const char *table, LOCKMODE lockmode);
extern Relation sg_store_open_index(Relation rel, const char *name);

/* A value of a row, which is never NULL; errors out if it is. */
extern Datum sg_store_value(Relation rel, HeapTuple tuple, int column);

/*
 * Insertion by the executor, which asks for no privilege and keeps indexes
 * and the DBA's own triggers.  Needs an active snapshot.
 */
typedef struct StoreInserter StoreInserter;
extern StoreInserter *sg_store_begin_insert(const char *table, int ncolumns);
extern void sg_store_insert(StoreInserter *inserter, const Datum *values,
							const bool *nulls);
extern void sg_store_end_insert(StoreInserter *inserter);

#endif							/* SHARING_GUARD_STORE_H */
