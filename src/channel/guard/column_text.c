/*-------------------------------------------------------------------------
 *
 * column_text.c
 *		The values of a guard's columns as text.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "common/shortest_dec.h"
#include "fmgr.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/datetime.h"
#include "utils/json.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/syscache.h"

#include "base/fixed_form.h"
#include "channel/guard/column_text.h"

/*
 * How to read a column of this type.
 *
 * For most types the value is written by ourselves.  Their output functions
 * would follow the session's settings (DateStyle, TimeZone, bytea_output), and
 * the same record would have another key in another session.  Anything else is
 * left to the type's output function.
 *
 * What is looked up stays in CurrentMemoryContext, the guard's own.
 */
void
sg_guard_prepare_form(GuardColumn *column, Oid type)
{
	Oid			output_function;
	bool		is_varlena;

	column->type = getBaseType(type);
	switch (column->type)
	{
		case TEXTOID:
		case VARCHAROID:
			column->form = COLUMN_TEXT;
			break;
		case BPCHAROID:
			column->form = COLUMN_BPCHAR;
			break;
		case INT2OID:
		case INT4OID:
		case INT8OID:
			column->form = COLUMN_INTEGER;
			column->digits = palloc(MAXINT8LEN + 1);
			break;
		case BYTEAOID:
			column->form = COLUMN_BYTEA;
			break;
		case DATEOID:
		case TIMESTAMPOID:
		case TIMESTAMPTZOID:
			column->form = COLUMN_DATETIME;
			break;
		case TEXTARRAYOID:
		case VARCHARARRAYOID:
			column->form = COLUMN_TAGS;
			break;
		case FLOAT4OID:
		case FLOAT8OID:
			column->form = COLUMN_FLOAT;
			break;
		default:
			column->form = sg_prints_alike(column->type) ?
				COLUMN_OUTPUT : COLUMN_FIXED_OUTPUT;
			getTypeOutputInfo(column->type, &output_function, &is_varlena);
			fmgr_info_cxt(output_function, &column->output,
						  CurrentMemoryContext);
			break;
	}
}

/*
 * Bytes as \x..., the form of bytea_output = hex, which a session can change.
 *
 * palloc'd.
 */
static TextSlice
bytea_text(Datum value)
{
	static const char digits[] = "0123456789abcdef";
	bytea	   *bytes = DatumGetByteaPP(value);
	Size		len = VARSIZE_ANY_EXHDR(bytes);
	const unsigned char *in = (const unsigned char *) VARDATA_ANY(bytes);
	char	   *out = palloc(len * 2 + 3);
	TextSlice	slice = {out, len * 2 + 2};

	*out++ = '\\';
	*out++ = 'x';
	for (Size i = 0; i < len; i++)
	{
		*out++ = digits[in[i] >> 4];
		*out++ = digits[in[i] & 0xF];
	}
	*out = '\0';
	return slice;
}

/*
 * Returns dates as JSON writes them, timestamps with time zone in UTC,
 * independent of the session's DateStyle and TimeZone; palloc'd.
 */
static TextSlice
datetime_text(Oid type, Datum value)
{
	char	   *out = palloc(MAXDATELEN + 1);
	int			utc = 0;
	TextSlice	slice;

	JsonEncodeDateTime(out, value, type, type == TIMESTAMPTZOID ? &utc : NULL);
	slice.data = out;
	slice.len = strlen(out);
	return slice;
}

/*
 * The shortest digits that give the same number, as extra_float_digits = 1 has
 * it; palloc'd.
 */
static TextSlice
float_text(Oid type, Datum value)
{
	char	   *out = palloc(DOUBLE_SHORTEST_DECIMAL_LEN);
	TextSlice	slice;

	if (type == FLOAT4OID)
		slice.len = float_to_shortest_decimal_buf(DatumGetFloat4(value), out);
	else
		slice.len = double_to_shortest_decimal_buf(DatumGetFloat8(value), out);
	slice.data = out;
	return slice;
}

/*
 * A text[] as one text: its elements with ", " between; palloc'd.  A purpose
 * column of tags is recorded, and its words looked at, like any other purpose.
 */
static TextSlice
tags_text(const GuardColumn *column, TupleTableSlot *slot)
{
	TextSlice  *tags;
	int			ntags = sg_guard_column_tags(column, slot, &tags);
	StringInfoData text;
	TextSlice	slice;

	initStringInfo(&text);
	for (int i = 0; i < ntags; i++)
	{
		if (i > 0)
			appendStringInfoString(&text, ", ");
		appendBinaryStringInfo(&text, tags[i].data, tags[i].len);
	}
	slice.data = text.data;
	slice.len = text.len;

	return slice;
}

/*
 * A value of the column's type as text; points into the value where it can.
 * This is done for each row, and most columns are text.
 */
static TextSlice
value_text(const GuardColumn *column, Datum value)
{
	TextSlice	slice = {NULL, 0};
	char	   *out;

	switch (column->form)
	{
		case COLUMN_TEXT:
		case COLUMN_BPCHAR:
			{
				text	   *txt = DatumGetTextPP(value);

				slice.data = VARDATA_ANY(txt);
				slice.len = VARSIZE_ANY_EXHDR(txt);
				if (column->form == COLUMN_BPCHAR)
				{
					while (slice.len > 0 && slice.data[slice.len - 1] == ' ')
						slice.len--;
				}
				return slice;
			}
		case COLUMN_INTEGER:
			/* In the guard's memory: most keys are numbers. */
			slice.data = column->digits;
			if (column->type == INT2OID)
				slice.len = pg_itoa(DatumGetInt16(value), column->digits);
			else if (column->type == INT4OID)
				slice.len = pg_ltoa(DatumGetInt32(value), column->digits);
			else
				slice.len = pg_lltoa(DatumGetInt64(value), column->digits);
			return slice;
		case COLUMN_BYTEA:
			return bytea_text(value);
		case COLUMN_DATETIME:
			return datetime_text(column->type, value);
		case COLUMN_FLOAT:
			return float_text(column->type, value);
		case COLUMN_FIXED_OUTPUT:
			slice.data = sg_fixed_output((FmgrInfo *) &column->output, value);
			slice.len = strlen(slice.data);
			return slice;
		case COLUMN_TAGS:
		case COLUMN_OUTPUT:
			break;
	}

	out = OutputFunctionCall((FmgrInfo *) &column->output, value);
	slice.data = out;
	slice.len = strlen(out);
	return slice;
}

/*
 * A column's value in this row, as text; NULL data for NULL, and for a role
 * that no column has.
 */
TextSlice
sg_guard_column_text(const GuardColumn *column, TupleTableSlot *slot)
{
	TextSlice	slice = {NULL, 0};
	Datum		value;
	bool		isnull;

	if (column->attnum == InvalidAttrNumber)
		return slice;
	value = slot_getattr(slot, column->attnum, &isnull);
	if (isnull)
		return slice;
	if (column->form == COLUMN_TAGS)
		return tags_text(column, slot);
	return value_text(column, value);
}

/* A value of any type as text, written as a guarded column's would be. */
TextSlice
sg_guard_value_text(Oid type, Datum value)
{
	GuardColumn column = {0};

	sg_guard_prepare_form(&column, type);
	if (column.form == COLUMN_TAGS)
	{
		Oid			output_function;
		bool		is_varlena;

		getTypeOutputInfo(column.type, &output_function, &is_varlena);
		fmgr_info(output_function, &column.output);
	}
	return value_text(&column, value);
}

/* Does this field need quotes in a row's text form?  As record_out() has it. */
static bool
field_needs_quotes(const TextSlice *field)
{
	if (field->len == 0)
		return true;
	for (Size i = 0; i < field->len; i++)
	{
		unsigned char c = field->data[i];

		if (c == '"' || c == '\\' || c == '(' || c == ')' || c == ',' ||
			isspace(c))
			return true;
	}
	return false;
}

/*
 * Several texts as one, written as a row prints, so that ('a,b', 'c') and
 * ('a', 'b,c') stay apart; a single one is itself.  NULL where all are.
 */
TextSlice
sg_guard_join_texts(const TextSlice *fields, int nfields)
{
	TextSlice	slice = {NULL, 0};
	StringInfoData text;
	bool		any = false;

	if (nfields == 0)
		return slice;
	if (nfields == 1)
		return fields[0];

	initStringInfo(&text);
	appendStringInfoChar(&text, '(');
	for (int i = 0; i < nfields; i++)
	{
		const TextSlice *field = &fields[i];

		if (i > 0)
			appendStringInfoChar(&text, ',');
		if (field->data == NULL)
			continue;
		any = true;
		if (!field_needs_quotes(field))
		{
			appendBinaryStringInfo(&text, field->data, field->len);
			continue;
		}
		appendStringInfoChar(&text, '"');
		for (Size j = 0; j < field->len; j++)
		{
			if (field->data[j] == '"' || field->data[j] == '\\')
				appendStringInfoChar(&text, field->data[j]);
			appendStringInfoChar(&text, field->data[j]);
		}
		appendStringInfoChar(&text, '"');
	}
	appendStringInfoChar(&text, ')');
	if (!any)
		return slice;

	slice.data = text.data;
	slice.len = text.len;

	return slice;
}

/*
 * Several columns as one text.
 *
 * Where all are required, one NULL makes the whole NULL: part of a record's
 * key finds no record.
 */
TextSlice
sg_guard_joined_text(const GuardColumn *columns, int ncolumns,
					 TupleTableSlot *slot, bool required)
{
	TextSlice	slice = {NULL, 0};
	TextSlice  *fields;

	if (ncolumns == 0)
		return slice;

	fields = palloc(sizeof(TextSlice) * ncolumns);
	for (int i = 0; i < ncolumns; i++)
	{
		fields[i] = sg_guard_column_text_at_hand(&columns[i], slot);
		if (fields[i].data == NULL && required)
			return slice;
	}
	return sg_guard_join_texts(fields, ncolumns);
}

/*
 * The elements of a text[] of tags, NULLs left out, in CurrentMemoryContext;
 * returns how many.  None where the column is of another type.
 */
int
sg_guard_column_tags(const GuardColumn *column, TupleTableSlot *slot,
					 TextSlice **tags)
{
	Datum		value;
	bool		isnull;
	Datum	   *elements;
	bool	   *nulls;
	int			nelements;
	int			ntags = 0;

	*tags = NULL;
	if (column->attnum == InvalidAttrNumber || column->form != COLUMN_TAGS)
		return 0;
	value = slot_getattr(slot, column->attnum, &isnull);
	if (isnull)
		return 0;

	deconstruct_array(DatumGetArrayTypeP(value), TEXTOID, -1, false,
					  TYPALIGN_INT, &elements, &nulls, &nelements);
	*tags = palloc(sizeof(TextSlice) * Max(nelements, 1));
	for (int i = 0; i < nelements; i++)
	{
		text	   *element;

		if (nulls[i])
			continue;
		element = DatumGetTextPP(elements[i]);
		(*tags)[ntags].data = VARDATA_ANY(element);
		(*tags)[ntags].len = VARSIZE_ANY_EXHDR(element);
		ntags++;
	}
	return ntags;
}
