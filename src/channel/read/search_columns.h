/*-------------------------------------------------------------------------
 *
 * search_columns.h
 *		Where a column of a query comes from.
 *
 * For search_quals.c and what it is made of.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHARING_GUARD_SEARCH_COLUMNS_H
#define SHARING_GUARD_SEARCH_COLUMNS_H

#include "channel/guard/guard.h"
#include "channel/read/search_values.h"
#include "executor/execdesc.h"
#include "nodes/plannodes.h"

/* What sets a parameter. */
typedef enum ParameterKind
{
	PARAMETER_UNKNOWN,
	PARAMETER_PASSED,			/* by a join, or to a subquery: before each
								 * run of what uses it */
	PARAMETER_OF_ROW,			/* it stands for a column of a subquery */
	PARAMETER_OF_SUBQUERY,		/* a subquery that is run once */
} ParameterKind;

typedef struct ParameterOrigin
{
	ParameterKind kind;
	Node	   *expression;		/* that it has the value of */
	Plan	   *plan;			/* the node whose columns that means */
	int			subplan;		/* PARAMETER_OF_ROW: its number, from 1, ... */
	int			column;			/* ... and the column */
} ParameterOrigin;

typedef struct QualSearch
{
	const Guard *guard;
	QueryDesc  *queryDesc;
	PlannedStmt *stmt;
	SearchValues *values;
	ParameterOrigin *parameters;
	int			nparameters;

	/* Where the walk is. */
	Plan	   *plan;
	bool		preparing;		/* parameters are noted, nothing else */
	bool		in_worker;		/* below a Gather */
	bool		projecting;		/* in a target list */
	bool		comparing;		/* inside a comparison */
	int			depth;
	int			steps;
} QualSearch;

/* How many subqueries deep a column is followed, and how many steps in all. */
#define MAX_NESTING 100
#define MAX_STEPS	10000

/* The expression of a column, by its number; NULL where there is none. */
extern Node *sg_search_column(List *targetlist, AttrNumber attno);

/*
 * What a column of the node's input is made of, one node further down, which is
 * returned in *below; NULL where the column is a table's own.
 */
extern Node *sg_search_step_down(const Var *var, Plan *plan,
								 QualSearch *search, Plan **below);

/* What sets a parameter; NULL where that is no part of the plan. */
extern const ParameterOrigin *sg_search_origin(const Param *param,
											   const QualSearch *search);

/* The query element that an expression of search->plan is made of, or -1. */
extern int	sg_search_element(Node *node, QualSearch *search);

/* Is it made of nothing but columns of the guarded table? */
extern bool sg_search_is_own(Node *node, QualSearch *search);

/* Are both made of columns of one row, which is no search for anything? */
extern bool sg_search_is_of_same_row(Node *column, Node *other);

#endif							/* SHARING_GUARD_SEARCH_COLUMNS_H */
