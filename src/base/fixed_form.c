/*-------------------------------------------------------------------------
 *
 * fixed_form.c
 *		Writes values and names as text, independent of the session's settings.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "common/keywords.h"
#include "executor/spi.h"
#include "funcapi.h"
#include "lib/stringinfo.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/guc.h"
#include "utils/json.h"
#include "utils/lsyscache.h"
#include "utils/regproc.h"
#include "utils/timestamp.h"

#include "base/fixed_form.h"

PG_FUNCTION_INFO_V1(sg_sql_relation_name);
PG_FUNCTION_INFO_V1(sg_sql_row_as_recorded);

/*
 * The settings that the server's output functions depend on, each at its
 * default. fixed_settings.sql pins the settings of our own functions.
 */
static const char *const output_settings[][2] = {
	{"search_path", "pg_catalog, pg_temp"},
	{"bytea_output", "hex"},
	{"DateStyle", "ISO, MDY"},
	{"extra_float_digits", "1"},
	{"IntervalStyle", "postgres"},
	{"lc_monetary", "C"},
	{"lc_numeric", "C"},
	{"lc_time", "C"},
	{"quote_all_identifiers", "off"},
	{"TimeZone", "UTC"},
	{"xmlbinary", "base64"},
	{"xmloption", "content"}
};

/* ----------------------------------------------------------------
 *		Names
 * ----------------------------------------------------------------
 */

/*
 * Can this name stand unquoted in SQL?  This is the rule of the server's
 * quote_identifier(), which also follows quote_all_identifiers.
 */
static bool
is_plain_name(const char *name)
{
	int			keyword;

	if (!((name[0] >= 'a' && name[0] <= 'z') || name[0] == '_'))
		return false;
	for (const char *c = name; *c != '\0'; c++)
	{
		if (!((*c >= 'a' && *c <= 'z') || (*c >= '0' && *c <= '9') ||
			  *c == '_'))
			return false;
	}
	keyword = ScanKeywordLookup(name, &ScanKeywords);
	return keyword < 0 || ScanKeywordCategories[keyword] == UNRESERVED_KEYWORD;
}

static void
append_name(StringInfo buf, const char *name)
{
	if (is_plain_name(name))
	{
		appendStringInfoString(buf, name);
		return;
	}
	appendStringInfoChar(buf, '"');
	for (const char *c = name; *c != '\0'; c++)
	{
		if (*c == '"')
			appendStringInfoChar(buf, '"');
		appendStringInfoChar(buf, *c);
	}
	appendStringInfoChar(buf, '"');
}

char *
sg_qualified_name(const char *schema, const char *name)
{
	StringInfoData buf;

	initStringInfo(&buf);
	if (schema != NULL)
	{
		append_name(&buf, schema);
		appendStringInfoChar(&buf, '.');
	}
	append_name(&buf, name);
	return buf.data;
}

char *
sg_quote_name(const char *name)
{
	return sg_qualified_name(NULL, name);
}

char *
sg_relation_name(Oid relid)
{
	char	   *name = get_rel_name(relid);

	if (name == NULL)
		return NULL;
	return sg_qualified_name(get_namespace_name(get_rel_namespace(relid)), name);
}

char *
sg_function_name(Oid function)
{
	int			nest_level = sg_fix_output();
	char	   *name = format_procedure_qualified(function);

	sg_release_output(nest_level);
	return name;
}

char *
sg_operator_name(Oid operator)
{
	int			nest_level = sg_fix_output();
	char	   *name = format_operator_qualified(operator);

	sg_release_output(nest_level);
	return name;
}

/* sharing_guard.relation_name(relation oid) returns text */
Datum
sg_sql_relation_name(PG_FUNCTION_ARGS)
{
	char	   *name = sg_relation_name(PG_GETARG_OID(0));

	if (name == NULL)
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(cstring_to_text(name));
}

/* ----------------------------------------------------------------
 *		Values
 * ----------------------------------------------------------------
 */

char *
sg_time_text(TimestampTz at)
{
	struct pg_tm tm;
	fsec_t		fsec;

	/* Without a zone, timestamp2tm() gives the fields in UTC. */
	if (TIMESTAMP_NOT_FINITE(at) ||
		timestamp2tm(at, NULL, &tm, &fsec, NULL, NULL) != 0)
		return pstrdup("an unknown time");
	return psprintf("%04d-%02d-%02d %02d:%02d:%02d UTC", tm.tm_year,
					tm.tm_mon, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec);
}

int
sg_fix_output(void)
{
	int			nest_level = NewGUCNestLevel();

	for (int i = 0; i < lengthof(output_settings); i++)
		(void) set_config_option(output_settings[i][0], output_settings[i][1],
								 PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE,
								 true, 0, false);
	return nest_level;
}

void
sg_release_output(int nest_level)
{
	AtEOXact_GUC(true, nest_level);
}

/*
 * Does this type print the same under all settings?  True only for built-in
 * types whose output functions have been checked, and for enums and arrays of
 * such types.  Values of all other types are printed with the settings fixed,
 * which costs some microseconds a value.
 */
bool
sg_prints_alike(Oid type)
{
	type = getBaseType(type);
	switch (type)
	{
		case BOOLOID:
		case CHAROID:
		case NAMEOID:
		case TEXTOID:
		case VARCHAROID:
		case BPCHAROID:
		case INT2OID:
		case INT4OID:
		case INT8OID:
		case NUMERICOID:
		case OIDOID:
		case UUIDOID:
		case JSONOID:
		case JSONBOID:
		case INETOID:
		case CIDROID:
		case MACADDROID:
		case MACADDR8OID:
		case BITOID:
		case VARBITOID:
		case TIMEOID:
		case TIDOID:
		case XIDOID:
		case XID8OID:
			return true;
		default:
			break;
	}
	if (get_typtype(type) == TYPTYPE_ENUM)
		return true;
	if (get_typtype(type) == TYPTYPE_BASE && OidIsValid(get_element_type(type)))
		return sg_prints_alike(get_element_type(type));
	return false;
}

char *
sg_fixed_output(FmgrInfo *output, Datum value)
{
	int			nest_level = sg_fix_output();
	char	   *text = OutputFunctionCall(output, value);

	sg_release_output(nest_level);
	return text;
}

char *
sg_row_as_json(HeapTuple row, TupleDesc desc)
{
	int			nest_level = sg_fix_output();
	Datum		composite = heap_copy_tuple_as_datum(row, desc);
	Datum		json = DirectFunctionCall1(row_to_json, composite);

	sg_release_output(nest_level);
	return TextDatumGetCString(json);
}

char *
sg_row_value(HeapTuple row, TupleDesc desc, int column)
{
	int			nest_level = sg_fix_output();
	char	   *text = SPI_getvalue(row, desc, column);

	sg_release_output(nest_level);
	return text;
}

/* sharing_guard.row_as_recorded("row" record) returns json */
Datum
sg_sql_row_as_recorded(PG_FUNCTION_ARGS)
{
	int			nest_level = sg_fix_output();
	Datum		json = DirectFunctionCall1(row_to_json, PG_GETARG_DATUM(0));

	sg_release_output(nest_level);
	return json;
}
