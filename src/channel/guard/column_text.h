/*-------------------------------------------------------------------------
 *
 * column_text.h
 *		The values of a guard's columns as text.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHARING_GUARD_COLUMN_TEXT_H
#define SHARING_GUARD_COLUMN_TEXT_H

#include "access/attnum.h"
#include "base/compat.h"
#include "base/disclosure.h"
#include "executor/tuptable.h"
#include "fmgr.h"

/* How a column's value becomes text. */
typedef enum ColumnForm
{
	COLUMN_TEXT,				/* text, varchar and domains over them */
	COLUMN_BPCHAR,				/* char(n): trailing blanks mean nothing */
	COLUMN_INTEGER,				/* int2, int4, int8 */
	COLUMN_BYTEA,				/* hexadecimal, not by bytea_output */
	COLUMN_DATETIME,			/* ISO 8601, not by DateStyle */
	COLUMN_TAGS,				/* text[], each element a tag */
	COLUMN_FLOAT,				/* float4, float8: the shortest digits */
	COLUMN_OUTPUT,				/* prints the same under all settings */
	COLUMN_FIXED_OUTPUT			/* anything else: with the settings fixed */
} ColumnForm;

typedef struct GuardColumn
{
	AttrNumber	attnum;			/* in the relation at hand */
	ColumnForm	form;
	Oid			type;			/* base type */
	char	   *digits;			/* COLUMN_INTEGER: room for its text */
	Size		field;			/* which text of a Disclosure it fills: where
								 * it is in there; not of lists */
	FmgrInfo	output;			/* COLUMN_OUTPUT and COLUMN_FIXED_OUTPUT */
} GuardColumn;

/* Looks up how values of this type are printed.  Reads the catalogs. */
extern void sg_guard_prepare_form(GuardColumn *column, Oid type);

/*
 * A column's value in a row as text; NULL data for SQL NULL.  May allocate in
 * CurrentMemoryContext, point into the row, or be good only until the column
 * is read again.
 */
extern TextSlice sg_guard_column_text(const GuardColumn *column,
									  TupleTableSlot *slot);

/*
 * The same of a slot in which all columns up to the guard's last_attnum are at
 * hand.  Most columns are text, and most values lie there as they are.
 */
static inline TextSlice
sg_guard_column_text_at_hand(const GuardColumn *column, TupleTableSlot *slot)
{
	TextSlice	slice = {NULL, 0};
	int			i = column->attnum - 1;

	if (slot->tts_isnull[i])
		return slice;
	if (column->form == COLUMN_TEXT)
	{
		const char *value = DatumGetPointer(slot->tts_values[i]);

		if (!VARATT_IS_EXTENDED(value) ||
			(VARATT_IS_1B(value) && !VARATT_IS_1B_E(value)))
		{
			slice.data = VARDATA_ANY(value);
			slice.len = VARSIZE_ANY_EXHDR(value);
			return slice;
		}
	}
	return sg_guard_column_text(column, slot);
}

/*
 * Several columns as one text: the value itself, or "(a,b)" as a row prints;
 * NULL data where all are required and one is NULL.
 */
extern TextSlice sg_guard_joined_text(const GuardColumn *columns, int ncolumns,
									  TupleTableSlot *slot, bool required);

/* Most lists are of one column. */
static inline TextSlice
sg_guard_columns_text(const GuardColumn *columns, int ncolumns,
					  TupleTableSlot *slot, bool required)
{
	if (likely(ncolumns == 1))
		return sg_guard_column_text_at_hand(columns, slot);
	return sg_guard_joined_text(columns, ncolumns, slot, required);
}

/* The same of any value, and of texts that are made already. */
extern TextSlice sg_guard_value_text(Oid type, Datum value);
extern TextSlice sg_guard_join_texts(const TextSlice *fields, int nfields);

/* The elements of a text[] of tags; returns how many. */
extern int	sg_guard_column_tags(const GuardColumn *column,
								 TupleTableSlot *slot, TextSlice **tags);

#endif							/* SHARING_GUARD_COLUMN_TEXT_H */
