/*-------------------------------------------------------------------------
 *
 * search_operands.h
 *		What a column is compared with.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHARING_GUARD_SEARCH_OPERANDS_H
#define SHARING_GUARD_SEARCH_OPERANDS_H

#include "channel/read/search_columns.h"

/*
 * Notes that a query element is compared with this by the operator, or that it
 * stands beside it in a call of that name: its value, or where that comes up
 * only while the query runs, what it is to be taken from then.
 */
extern void sg_search_note(QualSearch *search, int element,
						   const char *operator, Node *column, Node *other, bool is_array);

/*
 * The category of a type's base type, as the catalog has it; that of a column.
 */
extern char sg_search_category(Oid type);
extern char sg_search_category_of_element(int element, QualSearch *search);
extern bool sg_search_is_number(char category);

/* May a value of this type be what is searched by, beside such a column? */
extern bool sg_search_counts_beside(Oid type, char column);

#endif							/* SHARING_GUARD_SEARCH_OPERANDS_H */
