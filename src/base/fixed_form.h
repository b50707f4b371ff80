/*-------------------------------------------------------------------------
 *
 * fixed_form.h
 *		Values and names as text, whatever the session has set.
 *
 * What is recorded, compared or sealed is written in one form.  The server's
 * output functions, and its quoting of names, follow settings that every role
 * may change; use these instead.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHARING_GUARD_FIXED_FORM_H
#define SHARING_GUARD_FIXED_FORM_H

#include "access/htup.h"
#include "access/tupdesc.h"
#include "datatype/timestamp.h"
#include "fmgr.h"

/*
 * A name as it stands in SQL, palloc'd; quoted only where it has to be.  NULL
 * for the schema: the name alone.
 */
extern char *sg_quote_name(const char *name);
extern char *sg_qualified_name(const char *schema, const char *name);

/* A relation's name with its schema, palloc'd; NULL where there is none. */
extern char *sg_relation_name(Oid relid);

/* A function or an operator, with its schema and argument types; palloc'd. */
extern char *sg_function_name(Oid function);
extern char *sg_operator_name(Oid operator);

/* A moment in UTC, to the second, for sentences; palloc'd. */
extern char *sg_time_text(TimestampTz at);

/*
 * Between these two, output functions have one form.  After an error in
 * between, the end of the (sub)transaction undoes the settings.
 */
extern int	sg_fix_output(void);
extern void sg_release_output(int nest_level);

/* Does this type print the same whatever is set?  Looks at the catalogs. */
extern bool sg_prints_alike(Oid type);

/* A value by its type's output function, in its one form; palloc'd. */
extern char *sg_fixed_output(FmgrInfo *output, Datum value);

/* A row as JSON, its columns by name; and one column of it, or NULL. */
extern char *sg_row_as_json(HeapTuple row, TupleDesc desc);
extern char *sg_row_value(HeapTuple row, TupleDesc desc, int column);

#endif							/* SHARING_GUARD_FIXED_FORM_H */
