/*-------------------------------------------------------------------------
 *
 * legible.c
 *		What auditors read of an event, in spite of damage and odd bytes.
 *
 * One value that the server cannot read, or cannot send to a client, would keep
 * a whole view from being read.  In its place stands what can be said of it: a
 * byte that has no form in UTF-8 as \x and its two hexadecimal digits, a
 * damaged value as DAMAGED_TEXT.  The table keeps what was recorded.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/detoast.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "executor/tuptable.h"
#include "fmgr.h"
#include "funcapi.h"
#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/tuplestore.h"

#include "audit/log/damage.h"
#include "audit/log/store.h"
#include "audit/log/utf8.h"
#include "base/compat.h"

PG_FUNCTION_INFO_V1(sg_sql_legible_text);
PG_FUNCTION_INFO_V1(sg_sql_legible_json);
PG_FUNCTION_INFO_V1(sg_sql_legible_array);
PG_FUNCTION_INFO_V1(sg_sql_logged_changes);

/* retention.sql knows it, too. */
#define DAMAGED_TEXT	"(damaged, cannot be read)"

typedef struct Reading
{
	struct varlena *value;
	struct varlena *plain;
} Reading;

static void
read_value(void *arg)
{
	Reading    *reading = arg;

	reading->plain = detoast_attr(reading->value);
}

/*
 * No subtransaction can begin under a parallel plan, so damage is met as such.
 */
static void
parallel_context(void *arg)
{
	errcontext("reading a long value of an event of the audit log; with max_parallel_workers_per_gather = 0 a damaged one is passed over");
}

/*
 * The value, uncompressed and in memory; NULL where it is damaged.  Its header
 * may be short.
 */
static struct varlena *
plain_value(struct varlena *value)
{
	Reading		reading = {value, NULL};
	ErrorContextCallback callback;

	if (!VARATT_IS_EXTERNAL(value) && !VARATT_IS_COMPRESSED(value))
		return value;
	if (!IsInParallelMode())
		return sg_read_damaged(read_value, &reading) ? reading.plain : NULL;

	callback.callback = parallel_context;
	callback.arg = NULL;
	callback.previous = error_context_stack;
	error_context_stack = &callback;
	read_value(&reading);
	error_context_stack = callback.previous;
	return reading.plain;
}

/* One for each call of the query; looked up at the first row. */
static Utf8Converter *
converter_of(FunctionCallInfo fcinfo)
{
	FmgrInfo   *flinfo = fcinfo->flinfo;

	if (GetDatabaseEncoding() == PG_UTF8)
		return NULL;
	if (flinfo->fn_extra == NULL)
	{
		MemoryContext oldcontext = MemoryContextSwitchTo(flinfo->fn_mcxt);

		flinfo->fn_extra = sg_utf8_begin();
		MemoryContextSwitchTo(oldcontext);
	}
	return flinfo->fn_extra;
}

/* The text with escapes, or NULL where it needs none. */
static text *
escaped(Utf8Converter *converter, const char *data, size_t len, const char *escape)
{
	StringInfoData buf;
	size_t		utf8_len;
	text	   *result;

	if (converter == NULL || sg_utf8_length(converter, data, len, &utf8_len))
		return NULL;

	initStringInfo(&buf);
	while (len > 0)
	{
		const char *utf8;
		size_t		taken = sg_utf8_piece(converter, data, len, &utf8, &utf8_len);

		appendBinaryStringInfo(&buf, data, taken);
		if (taken == 0)
		{
			/* All bytes of one character. */
			taken = Min((size_t) Max(pg_mblen(data), 1), len);
			for (size_t i = 0; i < taken; i++)
				appendStringInfo(&buf, "%s%02x", escape, (unsigned char) data[i]);
		}
		data += taken;
		len -= taken;
	}
	result = cstring_to_text_with_len(buf.data, buf.len);
	pfree(buf.data);
	return result;
}

static Datum
legible_text(FunctionCallInfo fcinfo, const char *escape, const char *damaged)
{
	struct varlena *value = (struct varlena *) PG_GETARG_POINTER(0);
	struct varlena *plain = plain_value(value);
	text	   *with_escapes;

	if (plain == NULL)
		PG_RETURN_TEXT_P(cstring_to_text(damaged));
	with_escapes = escaped(converter_of(fcinfo), VARDATA_ANY(plain),
						   VARSIZE_ANY_EXHDR(plain), escape);
	PG_RETURN_POINTER(with_escapes != NULL ? with_escapes : plain);
}

/* sharing_guard.legible(text) returns text */
Datum
sg_sql_legible_text(PG_FUNCTION_ARGS)
{
	return legible_text(fcinfo, "\\x", DAMAGED_TEXT);
}

/* sharing_guard.legible(json) returns json: escaped as in a JSON string */
Datum
sg_sql_legible_json(PG_FUNCTION_ARGS)
{
	return legible_text(fcinfo, "\\\\x", "\"" DAMAGED_TEXT "\"");
}

/* sharing_guard.legible(text[]) returns text[] */
Datum
sg_sql_legible_array(PG_FUNCTION_ARGS)
{
	struct varlena *plain = plain_value((struct varlena *) PG_GETARG_POINTER(0));
	Utf8Converter *converter = converter_of(fcinfo);
	ArrayType  *array = plain == NULL ? NULL : DatumGetArrayTypeP(PointerGetDatum(plain));
	Datum	   *elements;
	bool	   *nulls;
	int			count;
	bool		changed = false;

	if (array == NULL || !sg_array_is_sound(array, TEXTOID))
	{
		Datum		damaged = CStringGetTextDatum(DAMAGED_TEXT);

		PG_RETURN_ARRAYTYPE_P(construct_array(&damaged, 1, TEXTOID, -1, false,
											  TYPALIGN_INT));
	}
	if (converter == NULL)
		PG_RETURN_ARRAYTYPE_P(array);

	deconstruct_array(array, TEXTOID, -1, false, TYPALIGN_INT,
					  &elements, &nulls, &count);
	for (int i = 0; i < count; i++)
	{
		text	   *element = nulls[i] ? NULL : DatumGetTextPP(elements[i]);
		text	   *with_escapes = element == NULL ? NULL :
		escaped(converter, VARDATA_ANY(element), VARSIZE_ANY_EXHDR(element), "\\x");

		if (with_escapes != NULL)
		{
			elements[i] = PointerGetDatum(with_escapes);
			changed = true;
		}
	}
	if (changed)
		array = construct_md_array(elements, nulls, ARR_NDIM(array),
								   ARR_DIMS(array), ARR_LBOUND(array),
								   TEXTOID, -1, false, TYPALIGN_INT);
	PG_RETURN_ARRAYTYPE_P(array);
}

/*
 * sharing_guard.logged_changes(kind text) returns setof logged_change
 *
 * The events of this kind, read in one pass over the log.  Those that are
 * damaged are passed over: verify_audit() tells of them, and to read one whose
 * lengths lead out of its row would end the server.
 */
Datum
sg_sql_logged_changes(PG_FUNCTION_ARGS)
{
	static const char *const names[] = {
		"event_id", "log_id", "operation", "relation", "changed_key",
		"old_row", "new_row"
	};
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	text	   *kind = PG_GETARG_TEXT_PP(0);
	Relation	events = sg_store_open("event", AccessShareLock);
	TupleDesc	desc = RelationGetDescr(events);
	int			kind_column = SPI_fnumber(desc, "kind");
	TupleTableSlot *slot = table_slot_create(events, NULL);
	TableScanDesc scan = SG_TABLE_BEGINSCAN(events, GetActiveSnapshot());
	MemoryContext per_event;

	InitMaterializedSRF(fcinfo, 0);
	per_event = AllocSetContextCreate(CurrentMemoryContext,
									  "sharing_guard event being read",
									  ALLOCSET_DEFAULT_SIZES);
	while (table_scan_getnextslot(scan, ForwardScanDirection, slot))
	{
		Datum		values[lengthof(names)];
		bool		nulls[lengthof(names)];
		bool		should_free;
		bool		plain;
		bool		isnull;
		bool		readable = true;
		HeapTuple	tuple = ExecFetchSlotHeapTuple(slot, false, &should_free);
		MemoryContext caller;
		text	   *its_kind;

		CHECK_FOR_INTERRUPTS();
		if (!sg_tuple_is_sound(tuple, desc, &plain) || kind_column <= 0)
			continue;
		its_kind = (text *) DatumGetPointer(slot_getattr(slot, kind_column, &isnull));
		if (isnull || VARSIZE_ANY_EXHDR(its_kind) != VARSIZE_ANY_EXHDR(kind) ||
			memcmp(VARDATA_ANY(its_kind), VARDATA_ANY(kind), VARSIZE_ANY_EXHDR(kind)) != 0)
			continue;

		caller = MemoryContextSwitchTo(per_event);
		for (int i = 0; i < lengthof(names); i++)
		{
			int			column = SPI_fnumber(desc, names[i]);

			nulls[i] = true;
			if (column <= 0)
				continue;
			values[i] = slot_getattr(slot, column, &nulls[i]);
			if (!nulls[i] && TupleDescAttr(desc, column - 1)->attlen == -1)
			{
				values[i] = PointerGetDatum(plain_value((struct varlena *) DatumGetPointer(values[i])));
				readable = readable && DatumGetPointer(values[i]) != NULL;
			}
		}
		if (readable)
			tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
		MemoryContextSwitchTo(caller);
		MemoryContextReset(per_event);
	}
	table_endscan(scan);
	ExecDropSingleTupleTableSlot(slot);
	table_close(events, AccessShareLock);
	return (Datum) 0;
}
