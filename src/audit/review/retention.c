/*-------------------------------------------------------------------------
 *
 * retention.c
 *		The one way in which events ever leave the log.
 *
 * retention.sql decides what may go and records it; here it goes.  The tables
 * are protected by triggers against everybody, so the statements below are run
 * with those triggers told, for their duration and in this backend, to let the
 * deletion of events and the blanking of nonces pass.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/uuid.h"

#include "audit/log/protect.h"
#include "base/errcodes.h"

PG_FUNCTION_INFO_V1(sg_sql_purge_leaves);

/* $1: the id of the purge */

static const char list_leaves[] =
"INSERT INTO sharing_guard.purged_leaf (tree_id, first_leaf, last_leaf, purged_by)"
" SELECT r.tree_id, pg_catalog.lower(x), pg_catalog.upper(x) OPERATOR(pg_catalog.-) 1, r.purge_id"
" FROM sharing_guard.purge_record AS r,"
" LATERAL pg_catalog.unnest(r.leaves) AS x"
" WHERE r.purge_id OPERATOR(pg_catalog.=) $1"
" ON CONFLICT DO NOTHING";

/* The bundles that a leaf of the purge is in. */
#define PURGED_LEAVES \
" FROM sharing_guard.purged_leaf AS p" \
" JOIN sharing_guard.bundle AS b" \
"   ON b.tree_id OPERATOR(pg_catalog.=) p.tree_id" \
"  AND b.first_leaf OPERATOR(pg_catalog.>) (p.first_leaf OPERATOR(pg_catalog.-) 256)" \
"  AND b.first_leaf OPERATOR(pg_catalog.<=) p.last_leaf" \
" CROSS JOIN LATERAL pg_catalog.unnest(b.event_ids) WITH ORDINALITY AS u (event_id, n)" \
" WHERE p.purged_by OPERATOR(pg_catalog.=) $1" \
"  AND (b.first_leaf OPERATOR(pg_catalog.+) u.n OPERATOR(pg_catalog.-) 1)" \
"      BETWEEN p.first_leaf AND p.last_leaf"

static const char delete_events[] =
"DELETE FROM sharing_guard.event AS e"
" USING (SELECT u.event_id" PURGED_LEAVES ") AS x"
" WHERE e.event_id OPERATOR(pg_catalog.=) x.event_id";

/* Nonces are 16 bytes each; zeros where there is none any more. */
static const char blank_nonces[] =
"UPDATE sharing_guard.nonce AS m"
" SET nonces = (SELECT pg_catalog.string_agg("
"   CASE WHEN k.n OPERATOR(pg_catalog.=) ANY (x.places)"
"     THEN pg_catalog.decode('00000000000000000000000000000000', 'hex')"
"     ELSE pg_catalog.substring(m.nonces, (k.n OPERATOR(pg_catalog.*) 16 OPERATOR(pg_catalog.-) 15)::pg_catalog.int4, 16) END,"
"   ''::pg_catalog.bytea ORDER BY k.n)"
"   FROM pg_catalog.generate_series(1, (pg_catalog.length(m.nonces) OPERATOR(pg_catalog./) 16)::pg_catalog.int8) AS k (n))"
" FROM (SELECT b.tree_id, b.first_leaf, pg_catalog.array_agg(u.n) AS places"
PURGED_LEAVES
"   GROUP BY b.tree_id, b.first_leaf) AS x"
" WHERE m.tree_id OPERATOR(pg_catalog.=) x.tree_id"
"  AND m.first_leaf OPERATOR(pg_catalog.=) x.first_leaf";

/* Runs one of the above and returns how many rows it changed. */
static uint64
run(const char *statement, int expected, Datum purge)
{
	Oid			types[] = {UUIDOID};
	int			result = SPI_execute_with_args(statement, 1, types, &purge,
											   NULL, false, 0);

	if (result != expected)
		ereport(ERROR,
				(errcode(ERRCODE_SG_AUDIT_UNAVAILABLE),
				 errmsg("events cannot be purged"),
				 errdetail_internal("%s", SPI_result_code_string(result)),
				 errhint("Ask the administrator of this database to restore the extension sharing_guard.")));
	return SPI_processed;
}

/*
 * sharing_guard.purge_leaves(purge uuid) returns bigint
 *
 * Does nothing that has been done already, so that it can be called again.
 */
Datum
sg_sql_purge_leaves(PG_FUNCTION_ARGS)
{
	Datum		purge = PG_GETARG_DATUM(0);
	uint64		events = 0;

	SPI_connect();
	run(list_leaves, SPI_OK_INSERT, purge);
	sg_record_purging = true;
	PG_TRY();
	{
		events = run(delete_events, SPI_OK_DELETE, purge);
		run(blank_nonces, SPI_OK_UPDATE, purge);
	}
	PG_FINALLY();
	{
		sg_record_purging = false;
	}
	PG_END_TRY();
	SPI_finish();
	PG_RETURN_INT64((int64) events);
}
