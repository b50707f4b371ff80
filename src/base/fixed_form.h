/*-------------------------------------------------------------------------
 *
 * fixed_form.h
 *		Writes values and names as text, independent of the session's settings.
 *
 * Recorded, compared or sealed values have one form.  The server's output
 * functions, and its quoting of names, follow settings that every role may
 * change; use these functions instead.
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
 * Returns a name as it stands in SQL, palloc'd, and quoted only where it has
 * to be.  With NULL for the schema, returns the name without one.
 */
extern char *sg_quote_name(const char *name);
extern char *sg_qualified_name(const char *schema, const char *name);

/*
 * Returns a relation's name with its schema, palloc'd; NULL if it does not
 * exist.
 */
extern char *sg_relation_name(Oid relid);

/*
 * Returns the name of a function or an operator, with its schema and argument
 * types; palloc'd.
 */
extern char *sg_function_name(Oid function);
extern char *sg_operator_name(Oid operator);

/* Returns a timestamp in UTC, to the second, for messages; palloc'd. */
extern char *sg_time_text(TimestampTz at);

/*
 * Fix the settings of output functions, and restore them.  After an error in
 * between, the end of the (sub)transaction restores them.
 */
extern int	sg_fix_output(void);
extern void sg_release_output(int nest_level);

/* Does this type print the same under all settings?  Accesses the catalogs. */
extern bool sg_prints_alike(Oid type);

/*
 * Returns a value as its type's output function prints it under the fixed
 * settings; palloc'd.
 */
extern char *sg_fixed_output(FmgrInfo *output, Datum value);

/* Return a row as JSON, and one of its columns as text or NULL. */
extern char *sg_row_as_json(HeapTuple row, TupleDesc desc);
extern char *sg_row_value(HeapTuple row, TupleDesc desc, int column);

#endif							/* SHARING_GUARD_FIXED_FORM_H */
