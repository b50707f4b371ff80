/*-------------------------------------------------------------------------
 *
 * leaky_functions.h
 *		Whether an expression leaks what it is evaluated on.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHARING_GUARD_LEAKY_FUNCTIONS_H
#define SHARING_GUARD_LEAKY_FUNCTIONS_H

#include "nodes/nodes.h"

/* What a value is made of. */
#define VALUE_GUARDED	0x01	/* a column of a guarded relation */
#define VALUE_SEARCHED	0x02	/* one of its query_elements */

/*
 * A search through expressions.  The caller fills in all but the two results,
 * which are false at first.
 */
typedef struct LeakSearch
{
	/* What a Var or a Param is made of. */
	int			(*source) (Node *node, void *arg);
	void	   *arg;

	/* The expression may be evaluated for some rows only. */
	bool		conditional;

	/* Rows are chosen by the expression's value. */
	bool		comparing;

	/*
	 * The expression belongs to a relation, and the command that made it is
	 * on record: the writing statement cannot choose what its functions
	 * receive.
	 */
	bool		stored;

	bool		leaks;			/* a function may leak a column */
	bool		compares;		/* a query element is compared */
} LeakSearch;

extern void sg_leak_search(Node *node, LeakSearch *search);

/* What an expression is made of: VALUE_... */
extern int	sg_leak_source(Node *node, LeakSearch *search);

/* Can this function be handed a guarded column without leaking it? */
extern bool sg_function_is_leakproof(Oid function);

/* Is it one of the server's that may quote what it is given in a notice? */
extern bool sg_function_may_notify(Oid function);

#endif							/* SHARING_GUARD_LEAKY_FUNCTIONS_H */
