/*-------------------------------------------------------------------------
 *
 * table_load.h
 *		Reads the rows of policy tables, for the policy room only.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHARING_GUARD_TABLE_LOAD_H
#define SHARING_GUARD_TABLE_LOAD_H

#include "datatype/timestamp.h"
#include "utils/snapshot.h"

/* Words in the order of their bytes, so that they can be searched. */
typedef struct WordList
{
	int			count;			/* 0: no condition */
	char	  **words;
} WordList;

/* All reads between these two use this snapshot. */
extern void sg_load_begin(Snapshot snapshot);
extern void sg_load_end(void);

/* Compares a piece of text and a string as strcmp() does. */
extern int	sg_compare_slice(const char *data, Size len, const char *string);
extern void sg_words_sort(WordList *list);
extern int	sg_words_find(const WordList *list, const char *data, Size len);
extern bool sg_words_contain(const WordList *list, const char *data, Size len);

/*
 * Run a query on the load's snapshot, and read its rows, during a load of the
 * policy.  Results are palloc'd in CurrentMemoryContext, except those of
 * sg_load_datum(), which belong to SPI.
 */
extern uint64 sg_load_query(const char *query);
extern Datum sg_load_datum(uint64 row, int column, bool *isnull);
extern char *sg_load_text(uint64 row, int column);	/* NULL if null */
extern bool sg_load_bool(uint64 row, int column);	/* false if null */
extern TimestampTz sg_load_time(uint64 row, int column, TimestampTz if_null);
extern void sg_load_in_zone(const char *time_zone);
extern TimestampTz sg_load_day(uint64 row, int column, int days_after,
							   TimestampTz if_null);
extern void sg_load_words(uint64 row, int column, WordList *list);

#endif							/* SHARING_GUARD_TABLE_LOAD_H */
