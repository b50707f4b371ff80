/*-------------------------------------------------------------------------
 *
 * legal_basis.c
 *		Counts the uses of a legal basis where they are limited.
 *
 * A legal basis may be limited to a number of rows, or to a single use, which
 * is one transaction.  A decision depends on its arguments only and counts
 * nothing; it only says that its basis is limited.  The channel then takes the
 * use from the count before it obeys the decision.
 *
 * The count is a row of sharing_guard.legal_basis_use.  The transaction that
 * discloses changes it, so a rollback of the transaction or of a
 * subtransaction undoes the use with the rows.  A lock that is held until the
 * transaction ends makes others wait for its outcome.  With the lock, and a
 * snapshot taken after it, the count is right in every isolation level and
 * never causes a serialization failure.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/pg_type.h"
#include "common/hashfn.h"
#include "executor/spi.h"
#include "base/guc.h"
#include "storage/lmgr.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"
#include "utils/uuid.h"

#include "base/run_as_owner.h"
#include "policy/rules/compiled.h"
#include "policy/rules/policy.h"
#include "policy/rules/legal_basis.h"

/* Rows for which a basis was used before they were stored. */
typedef struct UsedAhead
{
	const char *legal_basis_id;
	int64		rows;
	struct UsedAhead *next;
} UsedAhead;

/* Those of this transaction, allocated in its memory. */
static UsedAhead *used_ahead = NULL;

/*
 * Distinguishes this transaction's uses from others'.  A transaction id would
 * not do, because it may repeat after a dump has been restored.
 */
static pg_uuid_t transaction_token;
static bool have_token = false;

static void
legal_basis_xact_callback(XactEvent event, void *arg)
{
	switch (event)
	{
		case XACT_EVENT_COMMIT:
		case XACT_EVENT_PREPARE:
		case XACT_EVENT_ABORT:
			used_ahead = NULL;
			have_token = false;
			break;
		default:
			break;
	}
}

/*
 * Forgets all uses ahead when a subtransaction aborts, because they may have
 * been made in it and are undone then.  Forgetting all of them errs on the
 * safe side.
 */
static void
legal_basis_subxact_callback(SubXactEvent event, SubTransactionId mySubid,
							 SubTransactionId parentSubid, void *arg)
{
	if (event == SUBXACT_EVENT_ABORT_SUB)
		used_ahead = NULL;
}

/*
 * Returns the legal basis as it is on file now; NULL if it is no longer there.
 */
static const LegalBasis *
find_basis(const Policy *policy, const char *legal_basis_id)
{
	TextSlice	id;

	id.data = legal_basis_id;
	id.len = strlen(legal_basis_id);
	return sg_policy_legal_basis(policy, id);
}

/* Returns the OID of the table of uses; errors out where it is missing. */
static Oid
find_table(void)
{
	Oid			relid = sg_own_table("legal_basis_use");

	if (!OidIsValid(relid))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_TABLE),
				 errmsg("table sharing_guard.legal_basis_use is missing"),
				 errhint("The extension is damaged; restore the table from a backup.")));
	return relid;
}

/* A query on the table of uses. */
typedef struct UseQuery
{
	const char *query;
	int			nargs;
	Oid		   *types;
	Datum	   *values;
	bool		read_only;
	bool		found;			/* did it return or change a row? */
} UseQuery;

static void
run_use_query(void *arg)
{
	UseQuery   *q = arg;
	SPIPlanPtr	plan = SPI_prepare(q->query, q->nargs, q->types);
	Snapshot	snapshot;
	int			result;

	if (plan == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INTERNAL_ERROR),
				 errmsg("could not look up the use of a legal basis: %s",
						SPI_result_code_string(SPI_result))));

	/*
	 * Register a copy, because other callers overwrite the static latest
	 * snapshot.
	 */
	snapshot = RegisterSnapshot(sg_own_snapshot());
	result = SPI_execute_snapshot(plan, q->values, NULL, snapshot,
								  InvalidSnapshot, q->read_only, true, 1);
	q->found = result >= 0 && SPI_processed > 0;
	UnregisterSnapshot(snapshot);
}

/*
 * Takes a number of rows from the rest of the basis; false where too few are
 * left.
 */
static bool
take(const LegalBasis *basis, int64 rows)
{
	static const char query[] =
	"INSERT INTO sharing_guard.legal_basis_use AS u"
	" (legal_basis_id, uses, rows_used, last_used_at, last_transaction)"
	" VALUES ($1, 1, $2, $3, $4)"
	" ON CONFLICT (legal_basis_id) DO UPDATE SET"
	" uses = u.uses OPERATOR(pg_catalog.+)"
	"  CASE WHEN u.last_transaction OPERATOR(pg_catalog.=) $4 THEN 0 ELSE 1 END,"
	" rows_used = u.rows_used OPERATOR(pg_catalog.+) $2,"
	" last_used_at = $3, last_transaction = $4"
	" WHERE ($5 OPERATOR(pg_catalog.=) 0 OR"
	"  u.rows_used OPERATOR(pg_catalog.<=) ($5 OPERATOR(pg_catalog.-) $2))"
	" AND (NOT $6 OR u.last_transaction OPERATOR(pg_catalog.=) $4)";
	Oid			types[] = {TEXTOID, INT8OID, TIMESTAMPTZOID, UUIDOID, INT8OID, BOOLOID};
	Datum		values[6];
	static bool following = false;
	UseQuery	use = {query, lengthof(types), types, values, false, false};
	Oid			relid = find_table();

	sg_follow_transactions(&following, legal_basis_xact_callback,
						   legal_basis_subxact_callback);
	if (basis->row_limit > 0 && rows > basis->row_limit)
		return false;

	if (!have_token)
	{
		if (!pg_strong_random(transaction_token.data, UUID_LEN))
			ereport(ERROR,
					(errcode(ERRCODE_INTERNAL_ERROR),
					 errmsg("could not generate random values")));
		have_token = true;
	}

	/*
	 * If two bases have the same hash, they only wait for each other
	 * needlessly.
	 */
	LockDatabaseObject(relid,
					   hash_bytes((const unsigned char *) basis->legal_basis_id,
								  strlen(basis->legal_basis_id)),
					   0, ExclusiveLock);

	values[0] = CStringGetTextDatum(basis->legal_basis_id);
	values[1] = Int64GetDatum(rows);
	values[2] = TimestampTzGetDatum(GetCurrentTimestamp());
	values[3] = UUIDPGetDatum(&transaction_token);
	values[4] = Int64GetDatum(basis->row_limit);
	values[5] = BoolGetDatum(basis->single_use);
	sg_run_as_owner(relid, run_use_query, &use);
	return use.found;
}

bool
sg_legal_basis_use(const Policy *policy, const char *legal_basis_id,
				   int64 rows)
{
	const LegalBasis *basis = find_basis(policy, legal_basis_id);

	/* The legal basis is no longer on file; the next decision will say so. */
	if (basis == NULL)
		return false;
	for (UsedAhead *ahead = used_ahead; ahead != NULL; ahead = ahead->next)
	{
		int64		stored;

		if (strcmp(ahead->legal_basis_id, legal_basis_id) != 0)
			continue;
		stored = Min(ahead->rows, rows);
		ahead->rows -= stored;
		rows -= stored;
	}
	return rows == 0 || take(basis, rows);
}

bool
sg_legal_basis_use_ahead(const Policy *policy, const char *legal_basis_id)
{
	const LegalBasis *basis = find_basis(policy, legal_basis_id);
	UsedAhead  *ahead;

	if (basis == NULL || !take(basis, 1))
		return false;
	for (ahead = used_ahead; ahead != NULL; ahead = ahead->next)
	{
		if (strcmp(ahead->legal_basis_id, legal_basis_id) == 0)
			break;
	}
	if (ahead == NULL)
	{
		ahead = MemoryContextAllocZero(TopTransactionContext,
									   sizeof(UsedAhead));
		ahead->legal_basis_id = MemoryContextStrdup(TopTransactionContext,
													legal_basis_id);
		ahead->next = used_ahead;
		used_ahead = ahead;
	}
	ahead->rows++;
	return true;
}

bool
sg_legal_basis_is_used_up(const Policy *policy, const char *legal_basis_id)
{
	static const char query[] =
	"SELECT FROM sharing_guard.legal_basis_use AS u"
	" WHERE u.legal_basis_id OPERATOR(pg_catalog.=) $1 AND"
	" (($2 OPERATOR(pg_catalog.>) 0 AND u.rows_used OPERATOR(pg_catalog.>=) $2) OR $3)";
	Oid			types[] = {TEXTOID, INT8OID, BOOLOID};
	Datum		values[3];
	UseQuery	use = {query, lengthof(types), types, values, true, false};
	const LegalBasis *basis = find_basis(policy, legal_basis_id);

	if (basis == NULL || (basis->row_limit == 0 && !basis->single_use))
		return false;
	values[0] = CStringGetTextDatum(legal_basis_id);
	values[1] = Int64GetDatum(basis->row_limit);
	values[2] = BoolGetDatum(basis->single_use);
	sg_run_as_owner(find_table(), run_use_query, &use);
	return use.found;
}
