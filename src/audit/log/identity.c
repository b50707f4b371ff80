/*-------------------------------------------------------------------------
 *
 * identity.c
 *		Which log is this: the id that events and checkpoints carry.
 *
 * A log that was copied looks the same in both databases, and goes on
 * differently in each.  So an identity is bound to the cluster and the database
 * it was made in, and a database that finds itself in a copy writes under an
 * id of its own at once.  The id is derived and not drawn at random, so that
 * sessions agree on it before anybody has recorded it.
 *
 * A standby that is promoted, and a server restored from its backups, are the
 * same cluster and keep their identity: there a fork shows in the timeline of
 * the checkpoints.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/xlog.h"
#include "commands/dbcommands.h"
#include "commands/trigger.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "port/pg_bswap.h"
#include "replication/logicalworker.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

#include "audit/log/identity.h"
#include "base/sha256.h"
#include "audit/log/store.h"
#include "base/inval.h"

PG_FUNCTION_INFO_V1(sg_sql_mark_received_log);
PG_FUNCTION_INFO_V1(sg_sql_log_id);

/* The columns of sharing_guard.log, in its order. */
enum
{
	LOG_LOG_ID = 1,
	LOG_PARENT,
	LOG_CREATED_AT,
	LOG_SYSTEM_IDENTIFIER,
	LOG_DATABASE_OID,
	LOG_RECEIVED,
	LOG_CAUSE,
	LOG_DATABASE_NAME
};
#define LOG_COLUMNS LOG_DATABASE_NAME

static void *load_log_id(TableCache *cache, MemoryContext context);

/* The id of the log, or NULL where it has none yet. */
static TableCache log_id_cache = {
	.name = "log id",
	.generation = 1,
	.tables = {"log"},
	.load = load_log_id
};

bool
sg_uuid_equal(const pg_uuid_t *a, const pg_uuid_t *b)
{
	return memcmp(a->data, b->data, UUID_LEN) == 0;
}

List *
sg_log_identities(void)
{
	Relation	rel = sg_store_open("log", AccessShareLock);
	SysScanDesc scan;
	HeapTuple	tuple;
	List	   *identities = NIL;

	/* Read the handful of rows as of now, not by the transaction's snapshot. */
	scan = systable_beginscan(rel, InvalidOid, false, NULL, 0, NULL);
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		LogIdentity *identity = palloc0(sizeof(LogIdentity));
		Datum		values[LOG_COLUMNS];
		bool		has_no_parent;

		for (int i = 0; i < LOG_COLUMNS; i++)
		{
			if (i + 1 != LOG_PARENT)
				values[i] = sg_store_value(rel, tuple, i + 1);
		}
		values[LOG_PARENT - 1] = heap_getattr(tuple, LOG_PARENT,
											  RelationGetDescr(rel),
											  &has_no_parent);

		identity->log_id = *DatumGetUUIDP(values[LOG_LOG_ID - 1]);
		identity->has_parent = !has_no_parent;
		if (identity->has_parent)
			identity->parent = *DatumGetUUIDP(values[LOG_PARENT - 1]);
		identity->created_at = DatumGetTimestampTz(values[LOG_CREATED_AT - 1]);
		identity->system_identifier =
			(uint64) DatumGetInt64(values[LOG_SYSTEM_IDENTIFIER - 1]);
		identity->database_oid = DatumGetObjectId(values[LOG_DATABASE_OID - 1]);
		identity->received = DatumGetBool(values[LOG_RECEIVED - 1]);
		identity->cause = TextDatumGetCString(values[LOG_CAUSE - 1]);
		identities = lappend(identities, identity);
	}
	systable_endscan(scan);
	table_close(rel, AccessShareLock);
	return identities;
}

/*
 * The id of a database that was made from another: the same in every session
 * of it, and in no other database.
 *
 * A version 8 UUID (RFC 9562, section 5.8) from a hash of what it depends on.
 */
static void
derive_log_id(const LogIdentity *parent, uint64 system_identifier,
			  Oid database_oid, pg_uuid_t *log_id)
{
	static const char purpose[] = "sharing_guard log";
	uint64		system_be = pg_hton64(system_identifier);
	uint32		database_be = pg_hton32(database_oid);
	Sha256Hasher *hasher = sg_sha256_begin();
	Sha256Hash	hash;

	sg_sha256_init(hasher);
	sg_sha256_update(hasher, purpose, sizeof(purpose));
	sg_sha256_update(hasher, parent->log_id.data, UUID_LEN);
	sg_sha256_update(hasher, &system_be, sizeof(system_be));
	sg_sha256_update(hasher, &database_be, sizeof(database_be));
	sg_sha256_final(hasher, &hash);
	sg_sha256_end(hasher);

	memcpy(log_id->data, hash.bytes, UUID_LEN);
	log_id->data[6] = 0x80 | (log_id->data[6] & 0x0F);
	log_id->data[8] = 0x80 | (log_id->data[8] & 0x3F);
}

/*
 * A restored database has the row of its own CREATE EXTENSION as well as those
 * of the dump, so the latest row made here is ours.  Rows that came by
 * replication never are.
 */
bool
sg_log_own(List *identities, LogIdentity *own)
{
	uint64		system_identifier = GetSystemIdentifier();
	const LogIdentity *here = NULL;
	const LogIdentity *latest = NULL;
	ListCell   *lc;

	foreach(lc, identities)
	{
		const LogIdentity *identity = lfirst(lc);

		if (identity->received)
			continue;
		if (latest == NULL || identity->created_at > latest->created_at)
			latest = identity;
		if (identity->system_identifier == system_identifier &&
			identity->database_oid == MyDatabaseId &&
			(here == NULL || identity->created_at > here->created_at))
			here = identity;
	}

	memset(own, 0, sizeof(LogIdentity));
	if (here != NULL)
	{
		*own = *here;
		return true;
	}
	if (latest != NULL)
	{
		derive_log_id(latest, system_identifier, MyDatabaseId, &own->log_id);
		own->parent = latest->log_id;
		own->has_parent = true;
		own->created_at = GetCurrentTimestamp();
		own->system_identifier = system_identifier;
		own->database_oid = MyDatabaseId;
		/* pg_upgrade makes a new cluster, and keeps the databases' oids. */
		own->cause = latest->system_identifier != system_identifier &&
			latest->database_oid == MyDatabaseId ? "upgraded" : "copied";
	}
	return false;
}

static void *
load_log_id(TableCache *cache, MemoryContext context)
{
	LogIdentity own;
	pg_uuid_t  *log_id;

	if (!sg_log_own(sg_log_identities(), &own) && !own.has_parent)
		return NULL;
	log_id = MemoryContextAlloc(context, sizeof(pg_uuid_t));
	*log_id = own.log_id;
	return log_id;
}

void
sg_identity_init(void)
{
	sg_table_cache_register(&log_id_cache);
}

/* Takes in the log's id as it was read last; false and zeros for none. */
static bool
copy_known_id(pg_uuid_t *log_id)
{
	const pg_uuid_t *known = log_id_cache.content;

	if (known == NULL)
		memset(log_id, 0, sizeof(pg_uuid_t));
	else
		*log_id = *known;
	return known != NULL;
}

bool
sg_log_id_if_known(pg_uuid_t *log_id)
{
	return copy_known_id(log_id);
}

bool
sg_log_id(pg_uuid_t *log_id)
{
	if (likely(sg_table_cache_is_current(&log_id_cache)))
		return copy_known_id(log_id);
	(void) sg_table_cache_get(&log_id_cache);

	/* A row that is written does not always invalidate the table. */
	if (log_id_cache.content == NULL)
		sg_table_cache_invalidate(&log_id_cache);
	return copy_known_id(log_id);
}

void
sg_log_register(const LogIdentity *own)
{
	StoreInserter *inserter = sg_store_begin_insert("log", LOG_COLUMNS);
	Datum		values[LOG_COLUMNS];
	bool		nulls[LOG_COLUMNS] = {0};

	values[LOG_LOG_ID - 1] = UUIDPGetDatum(&own->log_id);
	values[LOG_PARENT - 1] = UUIDPGetDatum(&own->parent);
	nulls[LOG_PARENT - 1] = !own->has_parent;
	values[LOG_CREATED_AT - 1] = TimestampTzGetDatum(own->created_at);
	values[LOG_SYSTEM_IDENTIFIER - 1] = Int64GetDatum((int64) own->system_identifier);
	values[LOG_DATABASE_OID - 1] = ObjectIdGetDatum(own->database_oid);
	values[LOG_RECEIVED - 1] = BoolGetDatum(false);
	values[LOG_CAUSE - 1] = CStringGetTextDatum(own->cause);
	values[LOG_DATABASE_NAME - 1] =
		CStringGetTextDatum(get_database_name(MyDatabaseId));
	sg_store_insert(inserter, values, nulls);
	sg_store_end_insert(inserter);
}

/*
 * sharing_guard.mark_received_log() returns trigger
 *
 * What logical replication brings is the log of another database, even if
 * that database calls it its own.
 */
Datum
sg_sql_mark_received_log(PG_FUNCTION_ARGS)
{
	TriggerData *trigdata = (TriggerData *) fcinfo->context;
	HeapTuple	tuple;

	if (!CALLED_AS_TRIGGER(fcinfo) ||
		!TRIGGER_FIRED_BEFORE(trigdata->tg_event) ||
		!TRIGGER_FIRED_FOR_ROW(trigdata->tg_event) ||
		!TRIGGER_FIRED_BY_INSERT(trigdata->tg_event))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("function mark_received_log() is only for the trigger on sharing_guard.log")));

	tuple = trigdata->tg_trigtuple;
	if (IsLogicalWorker())
	{
		int			column = LOG_RECEIVED;
		Datum		value = BoolGetDatum(true);
		bool		isnull = false;

		tuple = heap_modify_tuple_by_cols(tuple,
										  RelationGetDescr(trigdata->tg_relation),
										  1, &column, &value, &isnull);
	}
	return PointerGetDatum(tuple);
}

/* sharing_guard.log_id() returns uuid */
Datum
sg_sql_log_id(PG_FUNCTION_ARGS)
{
	pg_uuid_t  *log_id = palloc(sizeof(pg_uuid_t));

	if (!sg_log_id(log_id))
		PG_RETURN_NULL();
	PG_RETURN_UUID_P(log_id);
}
