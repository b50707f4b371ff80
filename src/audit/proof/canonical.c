/*-------------------------------------------------------------------------
 *
 * canonical.c
 *		The one byte string that an event is, on every server.
 *
 * What is hashed must come out the same on another version of PostgreSQL, in
 * another encoding, time zone or language, and for another program that reads
 * doc/sealing.md.  So it is made of the values themselves and not of what
 * output functions print, and two events that differ in anything differ in it:
 *
 *	entry	"SGE", a byte for the version, the tree's id (16 bytes), the nonce
 *			(16 bytes), then each column that the version covers, in its order
 *	column	4 bytes of length and so many bytes; a length of FFFFFFFF is NULL
 *	text, json	UTF-8; of json the text as it is stored.  A text that has no form
 *			in UTF-8 is written as it is stored, and the length FFFFFFFE before
 *			its length says so
 *	bigint, xid8	8 bytes
 *	smallint		2 bytes
 *	uuid			16 bytes
 *	timestamptz		8 bytes: microseconds since 1970-01-01 00:00 UTC; or one
 *					byte, "+" for infinity and "-" for -infinity
 *	array	instead of the length, 4 bytes with the number of dimensions
 *			(FFFFFFFF: NULL); for each, 4 bytes of size and 4 of lower bound;
 *			then each element as a column is written
 *
 * Numbers are big-endian, in two's complement.
 *
 * An event that cannot be read, because its row or a long value of it is
 * damaged, has a tombstone for an entry: "SGU", the version, the tree's id,
 * the nonce, and the event's id as a column.
 *
 * An entry may be longer than memory is ready to hold in one piece, so it is
 * hashed as it is made.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/detoast.h"
#include "access/htup_details.h"
#include "access/tupmacs.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "funcapi.h"
#include "port/pg_bswap.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"
#include "utils/tuplestore.h"

#include "audit/proof/canonical.h"
#include "audit/log/damage.h"
#include "audit/log/utf8.h"
#include "base/compat.h"
#include "base/errcodes.h"

PG_FUNCTION_INFO_V1(sg_sql_canonical_columns);

typedef struct CanonicalColumn
{
	const char *name;
	Oid			type;
} CanonicalColumn;

/*
 * Version 1.  Once anything is sealed with a version, it never changes: a new
 * column of the table needs a new version (and the test that compares this
 * list with the table says so).
 */
static const CanonicalColumn columns_v1[] = {
	{"event_id", UUIDOID},
	{"log_id", UUIDOID},
	{"occurred_at", TIMESTAMPTZOID},
	{"transaction_id", XID8OID},
	{"policy_revision", INT8OID},
	{"rows_disclosed", INT8OID},
	{"rows_blocked", INT8OID},
	{"searched_at", TIMESTAMPTZOID},
	{"purpose_parts", INT2OID},
	{"kind", TEXTOID},
	{"username", TEXTOID},
	{"username_source", TEXTOID},
	{"organization", TEXTOID},
	{"session_role", TEXTOID},
	{"acting_role", TEXTOID},
	{"authenticated_login", TEXTOID},
	{"authenticated_identity", TEXTOID},
	{"client_address", TEXTOID},
	{"application", TEXTOID},
	{"operation", TEXTOID},
	{"relation", TEXTOID},
	{"channel", TEXTOID},
	{"data_class", TEXTOID},
	{"destination", TEXTOID},
	{"agency_id", TEXTOID},
	{"destination_class", TEXTOID},
	{"agency_status", TEXTOID},
	{"on_behalf_of_agency", TEXTOID},
	{"on_behalf_of_agency_id", TEXTOID},
	{"on_behalf_of_class", TEXTOID},
	{"outcome", TEXTOID},
	{"would_be_outcome", TEXTOID},
	{"legal_basis_id", TEXTOID},
	{"lifted_by", TEXTOID},
	{"authority", TEXTOID},
	{"record_key", TEXTOID},
	{"purpose", TEXTOID},
	{"query_element", TEXTOID},
	{"case_number", TEXTOID},
	{"requesting_person", TEXTOID},
	{"recipient_person", TEXTOID},
	{"tags", TEXTARRAYOID},
	{"matched_terms", TEXTARRAYOID},
	{"rule_ids", TEXTARRAYOID},
	{"flag_reasons", TEXTARRAYOID},
	{"record_keys", TEXTARRAYOID},
	{"record_key_index", INT2ARRAYOID},
	{"purposes", TEXTARRAYOID},
	{"purpose_index", INT2ARRAYOID},
	{"query_elements", TEXTARRAYOID},
	{"query_element_index", INT2ARRAYOID},
	{"case_numbers", TEXTARRAYOID},
	{"case_number_index", INT2ARRAYOID},
	{"requesting_persons", TEXTARRAYOID},
	{"requesting_person_index", INT2ARRAYOID},
	{"recipient_persons", TEXTARRAYOID},
	{"recipient_person_index", INT2ARRAYOID},
	{"search_details", JSONOID},
	{"completes", UUIDOID},
	{"ending", TEXTOID},
	{"changed_key", TEXTOID},
	{"old_row", JSONOID},
	{"new_row", JSONOID}
};

static const struct
{
	int			ncolumns;
	const CanonicalColumn *columns;
}			versions[] = {
	[1] = {lengthof(columns_v1), columns_v1}
};

StaticAssertDecl(lengthof(versions) == CANONICAL_VERSION + 1,
				 "new seals are made with the latest version");

struct CanonicalEncoder
{
	int			version;
	int			ncolumns;
	const CanonicalColumn *columns;
	AttrNumber *attnums;
	Utf8Converter *converter;	/* NULL: this database is in UTF-8 */
	char	   *piece;			/* PIECE_SIZE bytes: what is not hashed yet */
	bool		damaged;		/* a value of the present event is */
};

#define NULL_LENGTH		((uint32) 0xFFFFFFFF)

/* Stands before the length of a text that has no form in UTF-8. */
#define RAW_TEXT		((uint32) 0xFFFFFFFE)

/* The number of bytes hashed at once; longer values go to the hash directly. */
#define PIECE_SIZE		(16 * 1024)

/*
 * Where the bytes go: to the hash, piece by piece, or all of them to a
 * StringInfo.  An event has a hundred small ones, so there is room checked for
 * and nothing more done for most.
 */
typedef struct Sink
{
	char	   *start;
	char	   *next;
	char	   *end;
	Sha256Hasher *hasher;		/* or: */
	StringInfo	entry;
} Sink;

/* Match columns by name, because they may have been added in another order. */
static AttrNumber
find_column(TupleDesc desc, const char *name, Oid type)
{
	for (int i = 0; i < desc->natts; i++)
	{
		Form_pg_attribute att = TupleDescAttr(desc, i);

		if (!att->attisdropped && att->atttypid == type &&
			strcmp(NameStr(att->attname), name) == 0)
			return i + 1;
	}
	ereport(ERROR,
			(errcode(ERRCODE_SG_AUDIT_UNAVAILABLE),
			 errmsg("column \"%s\" of the audit log is missing, or is of another type",
					name),
			 errdetail("The seals cover it."),
			 errhint("Ask the administrator of this database to restore the table sharing_guard.event.")));
	return InvalidAttrNumber;	/* keep compiler quiet */
}

void
sg_canonical_events(Relation events, AttrNumber *event_id, AttrNumber *log_id,
					AttrNumber *occurred_at, AttrNumber *transaction_id)
{
	TupleDesc	desc = RelationGetDescr(events);

	*event_id = find_column(desc, "event_id", UUIDOID);
	*log_id = find_column(desc, "log_id", UUIDOID);
	*occurred_at = find_column(desc, "occurred_at", TIMESTAMPTZOID);
	*transaction_id = find_column(desc, "transaction_id", XID8OID);
}

CanonicalEncoder *
sg_canonical_begin(TupleDesc desc, int version)
{
	CanonicalEncoder *encoder;

	if (version < 1 || version > CANONICAL_VERSION)
		return NULL;

	encoder = palloc0(sizeof(CanonicalEncoder));
	encoder->version = version;
	encoder->ncolumns = versions[version].ncolumns;
	encoder->columns = versions[version].columns;
	encoder->attnums = palloc0(encoder->ncolumns * sizeof(AttrNumber));
	encoder->piece = palloc(PIECE_SIZE);
	encoder->converter = sg_utf8_begin();

	for (int i = 0; i < encoder->ncolumns; i++)
		encoder->attnums[i] = find_column(desc, encoder->columns[i].name,
										  encoder->columns[i].type);
	return encoder;
}

/*-------------------------------------------------------------------------
 * Bytes
 *-------------------------------------------------------------------------
 */

/* Hands on what has been gathered. */
static void
flush_piece(Sink *sink)
{
	if (sink->hasher != NULL)
		sg_sha256_update(sink->hasher, sink->start, sink->next - sink->start);
	else
		appendBinaryStringInfo(sink->entry, sink->start,
							   sink->next - sink->start);
	sink->next = sink->start;
}

static void
put_long(Sink *sink, const void *data, size_t len)
{
	flush_piece(sink);
	if (sink->hasher != NULL)
		sg_sha256_update(sink->hasher, data, len);
	else
		appendBinaryStringInfo(sink->entry, data, len);
}

static inline void
put_bytes(Sink *sink, const void *data, size_t len)
{
	if (unlikely(len > (size_t) (sink->end - sink->next)))
	{
		put_long(sink, data, len);
		return;
	}
	memcpy(sink->next, data, len);
	sink->next += len;
}

static inline void
put_uint32(Sink *sink, uint32 value)
{
	uint32		be = pg_hton32(value);

	put_bytes(sink, &be, sizeof(be));
}

static inline void
put_field(Sink *sink, const void *data, size_t len)
{
	put_uint32(sink, (uint32) len);
	put_bytes(sink, data, len);
}

/*
 * The text as it would be in a database in UTF-8, or as it is stored where it
 * has no such form.
 */
static void
put_converted(CanonicalEncoder *encoder, Sink *sink, const char *data, size_t len)
{
	size_t		utf8_len;

	if (!sg_utf8_length(encoder->converter, data, len, &utf8_len) ||
		utf8_len >= RAW_TEXT)
	{
		put_uint32(sink, RAW_TEXT);
		put_field(sink, data, len);
		return;
	}
	put_uint32(sink, (uint32) utf8_len);
	while (len > 0)
	{
		const char *utf8;
		size_t		piece;
		size_t		taken = sg_utf8_piece(encoder->converter, data, len, &utf8, &piece);

		put_bytes(sink, utf8, piece);
		data += taken;
		len -= taken;
	}
}

static void
put_text(CanonicalEncoder *encoder, Sink *sink, Datum value)
{
	struct varlena *whole = (struct varlena *) DatumGetPointer(value);
	struct varlena *plain = pg_detoast_datum_packed(whole);
	const char *data = VARDATA_ANY(plain);
	size_t		len = VARSIZE_ANY_EXHDR(plain);

	if (encoder->converter == NULL)
		put_field(sink, data, len);
	else
		put_converted(encoder, sink, data, len);
	if (plain != whole)
		pfree(plain);
}

static void
put_value(CanonicalEncoder *encoder, Sink *sink, Datum value, Oid type)
{
	switch (type)
	{
		case TEXTOID:
		case JSONOID:
			put_text(encoder, sink, value);
			break;
		case UUIDOID:
			put_field(sink, DatumGetUUIDP(value)->data, UUID_LEN);
			break;
		case INT8OID:
		case XID8OID:
			{
				/* xid8 is a uint64 that is passed as int8 is. */
				uint64		be = pg_hton64((uint64) DatumGetInt64(value));

				put_field(sink, &be, sizeof(be));
				break;
			}
		case INT2OID:
			{
				uint16		be = pg_hton16((uint16) DatumGetInt16(value));

				put_field(sink, &be, sizeof(be));
				break;
			}
		case TIMESTAMPTZOID:
			{
				TimestampTz at = DatumGetTimestampTz(value);
				uint64		be;

				if (TIMESTAMP_IS_NOBEGIN(at))
					put_field(sink, "-", 1);
				else if (TIMESTAMP_IS_NOEND(at))
					put_field(sink, "+", 1);
				else
				{
					/* Fits: timestamps end long before int64 does. */
					be = pg_hton64((uint64) at +
								   (uint64) (POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE) *
								   (uint64) USECS_PER_DAY);
					put_field(sink, &be, sizeof(be));
				}
				break;
			}
		default:
			Assert(false);
			break;
	}
}

/*
 * Dimensions and bounds as well: an array that differs in them is another
 * value, though ours have one dimension, from 1.
 */
static void
put_array(CanonicalEncoder *encoder, Sink *sink, Datum value, Oid element)
{
	ArrayType  *whole = (ArrayType *) DatumGetPointer(value);
	ArrayType  *array = DatumGetArrayTypeP(value);
	int			count;
	const uint8 *nulls;
	char	   *p;

	if (!sg_array_is_sound(array, element))
	{
		encoder->damaged = true;
		return;
	}
	count = ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array));
	nulls = ARR_NULLBITMAP(array);
	p = ARR_DATA_PTR(array);

	put_uint32(sink, ARR_NDIM(array));
	for (int i = 0; i < ARR_NDIM(array); i++)
	{
		put_uint32(sink, ARR_DIMS(array)[i]);
		put_uint32(sink, (uint32) ARR_LBOUND(array)[i]);
	}

	for (int i = 0; i < count; i++)
	{
		if (nulls != NULL && (nulls[i / 8] & (1 << (i % 8))) == 0)
			put_uint32(sink, NULL_LENGTH);
		else if (element == INT2OID)
		{
			put_value(encoder, sink, Int16GetDatum(*(int16 *) p), INT2OID);
			p += sizeof(int16);
		}
		else
		{
			p = (char *) att_align_pointer(p, TYPALIGN_INT, -1, p);
			put_text(encoder, sink, PointerGetDatum(p));
			p += VARSIZE_ANY(p);
		}
	}

	if (array != whole)
		pfree(array);
}

/*-------------------------------------------------------------------------
 * Entries
 *-------------------------------------------------------------------------
 */

static void
put_header(Sink *sink, const char *magic, int version, const pg_uuid_t *tree_id,
		   const Nonce *nonce)
{
	uint8		header[4] = {magic[0], magic[1], magic[2], version};

	put_bytes(sink, header, sizeof(header));
	put_bytes(sink, tree_id->data, UUID_LEN);
	put_bytes(sink, nonce->bytes, NONCE_LEN);
}

static void
put_event(CanonicalEncoder *encoder, Sink *sink, TupleTableSlot *slot,
		  const pg_uuid_t *tree_id, const Nonce *nonce)
{
	put_header(sink, "SGE", encoder->version, tree_id, nonce);

	slot_getallattrs(slot);
	for (int i = 0; i < encoder->ncolumns; i++)
	{
		Oid			type = encoder->columns[i].type;
		int			attribute = encoder->attnums[i] - 1;
		Datum		value = slot->tts_values[attribute];

		if (slot->tts_isnull[attribute])
			put_uint32(sink, NULL_LENGTH);
		else if (type == TEXTARRAYOID)
			put_array(encoder, sink, value, TEXTOID);
		else if (type == INT2ARRAYOID)
			put_array(encoder, sink, value, INT2OID);
		else
			put_value(encoder, sink, value, type);
	}
}

static void
begin_sink(CanonicalEncoder *encoder, Sink *sink, Sha256Hasher *hasher,
		   StringInfo entry)
{
	sink->start = sink->next = encoder->piece;
	sink->end = encoder->piece + PIECE_SIZE;
	sink->hasher = hasher;
	sink->entry = entry;
	if (hasher != NULL)
	{
		/* The prefix of a leaf (RFC 6962) goes with the first piece. */
		*sink->next++ = 0x00;
		sg_sha256_init(hasher);
	}
}

typedef struct EventReading
{
	CanonicalEncoder *encoder;
	TupleTableSlot *slot;
	const pg_uuid_t *tree_id;
	const Nonce *nonce;
	Sink		sink;
} EventReading;

static void
read_event(void *arg)
{
	EventReading *reading = arg;

	put_event(reading->encoder, &reading->sink, reading->slot,
			  reading->tree_id, reading->nonce);
}

/*
 * Writes the event's entry to the sink; false where the event cannot be read,
 * after which the sink is to be begun again.
 */
static bool
put_entry(EventReading *reading)
{
	bool		should_free;
	bool		plain;
	HeapTuple	tuple = ExecFetchSlotHeapTuple(reading->slot, false, &should_free);
	bool		sound = sg_tuple_is_sound(tuple,
										  reading->slot->tts_tupleDescriptor, &plain);

	if (should_free)
		heap_freetuple(tuple);
	if (!sound)
		return false;
	reading->encoder->damaged = false;
	if (plain)
		read_event(reading);
	else if (!sg_read_damaged(read_event, reading))
		return false;
	return !reading->encoder->damaged;
}

static void
put_tombstone(Sink *sink, int version, const pg_uuid_t *event_id,
			  const pg_uuid_t *tree_id, const Nonce *nonce)
{
	put_header(sink, "SGU", version, tree_id, nonce);
	put_field(sink, event_id->data, UUID_LEN);
}

bool
sg_canonical_entry(CanonicalEncoder *encoder, TupleTableSlot *slot,
				   const pg_uuid_t *tree_id, const Nonce *nonce,
				   StringInfo entry)
{
	EventReading reading = {encoder, slot, tree_id, nonce, {0}};
	int			start = entry->len;

	begin_sink(encoder, &reading.sink, NULL, entry);
	if (!put_entry(&reading))
	{
		entry->len = start;
		return false;
	}
	flush_piece(&reading.sink);
	return true;
}

void
sg_canonical_tombstone(CanonicalEncoder *encoder, const pg_uuid_t *event_id,
					   const pg_uuid_t *tree_id, const Nonce *nonce,
					   StringInfo entry)
{
	Sink		sink;

	begin_sink(encoder, &sink, NULL, entry);
	put_tombstone(&sink, encoder->version, event_id, tree_id, nonce);
	flush_piece(&sink);
}

void
sg_canonical_tombstone_hash(CanonicalEncoder *encoder, const pg_uuid_t *event_id,
							const pg_uuid_t *tree_id, const Nonce *nonce,
							Sha256Hasher *hasher, Sha256Hash *hash)
{
	Sink		sink;

	begin_sink(encoder, &sink, hasher, NULL);
	put_tombstone(&sink, encoder->version, event_id, tree_id, nonce);
	flush_piece(&sink);
	sg_sha256_final(hasher, hash);
}

bool
sg_canonical_hash(CanonicalEncoder *encoder, TupleTableSlot *slot,
				  const pg_uuid_t *tree_id, const Nonce *nonce,
				  Sha256Hasher *hasher, Sha256Hash *hash)
{
	EventReading reading = {encoder, slot, tree_id, nonce, {0}};

	begin_sink(encoder, &reading.sink, hasher, NULL);
	if (!put_entry(&reading))
		return false;
	flush_piece(&reading.sink);
	sg_sha256_final(hasher, hash);
	return true;
}

/*
 * sharing_guard.canonical_columns(encoding smallint) returns table (...)
 */
Datum
sg_sql_canonical_columns(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	int			version = PG_ARGISNULL(0) ? CANONICAL_VERSION : PG_GETARG_INT16(0);

	InitMaterializedSRF(fcinfo, 0);
	if (version < 1 || version > CANONICAL_VERSION)
		return (Datum) 0;

	for (int i = 0; i < versions[version].ncolumns; i++)
	{
		Datum		values[3];
		bool		nulls[3] = {0};

		values[0] = Int32GetDatum(i + 1);
		values[1] = CStringGetTextDatum(versions[version].columns[i].name);
		values[2] = ObjectIdGetDatum(versions[version].columns[i].type);
		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
	}
	return (Datum) 0;
}
