/*-------------------------------------------------------------------------
 *
 * tree.c
 *		The Merkle tree as it is stored: read, proved from, appended to.
 *
 * Stored are the hashes of the leaves and, of each 256 of a level, the root,
 * as the next level: C2SP's tiles.  What lies between two stored levels is
 * computed from them, at most 255 hashes for each tile that is touched.  A tree
 * of ten million leaves has three such levels.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "port/pg_bitutils.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "audit/log/store.h"
#include "audit/proof/tree.h"
#include "base/compat.h"

/* The columns of sharing_guard.tile, in its order. */
enum
{
	TILE_TREE_ID = 1,
	TILE_FIRST_HASH,
	TILE_LEVEL,
	TILE_HASHES
};
#define TILE_COLUMNS TILE_HASHES

/* A proof touches so many tiles or fewer: some for each level. */
#define CACHED_TILES	(3 * TILE_LEVELS)

typedef struct CachedTile
{
	int			level;			/* -1: unused */
	int64		tile;
	int			count;
	Sha256Hash	hashes[TILE_WIDTH];
} CachedTile;

struct TreeReader
{
	pg_uuid_t	tree_id;
	Sha256Hasher *hasher;
	Relation	rel;
	Relation	index;
	MemoryContext context;
	int			next_victim;
	CachedTile *cache[CACHED_TILES];
};

typedef struct AppendLevel
{
	int64		first;			/* of pending, among the hashes of the level */
	int			npending;		/* hashes of the tile that is being filled */
	int			nstored;		/* so many of them are in the table already */
	Sha256Hash	pending[TILE_WIDTH];
} AppendLevel;

struct TreeAppender
{
	pg_uuid_t	tree_id;
	Sha256Hasher *hasher;
	StoreInserter *tiles;
	AppendLevel levels[TILE_LEVELS];
};

/*-------------------------------------------------------------------------
 * Reading
 *-------------------------------------------------------------------------
 */

TreeReader *
sg_tree_begin(const pg_uuid_t *tree_id, Sha256Hasher *hasher)
{
	TreeReader *reader = palloc0(sizeof(TreeReader));

	reader->tree_id = *tree_id;
	reader->hasher = hasher;
	reader->context = CurrentMemoryContext;
	reader->rel = sg_store_open("tile", AccessShareLock);
	reader->index = sg_store_open_index(reader->rel, "tile_pkey");
	return reader;
}

void
sg_tree_end(TreeReader *reader)
{
	index_close(reader->index, AccessShareLock);
	table_close(reader->rel, AccessShareLock);
	for (int i = 0; i < CACHED_TILES; i++)
	{
		if (reader->cache[i] != NULL)
			pfree(reader->cache[i]);
	}
	pfree(reader);
}

/*
 * The rows of one tile, put together.  Stops at the first row that does not
 * continue those before it.
 */
static void
load_tile(TreeReader *reader, CachedTile *cached)
{
	int64		first = cached->tile * TILE_WIDTH;
	ScanKeyData keys[4];
	SysScanDesc scan;
	HeapTuple	tuple;

	ScanKeyInit(&keys[0], TILE_TREE_ID, BTEqualStrategyNumber, F_UUID_EQ,
				UUIDPGetDatum(&reader->tree_id));
	ScanKeyInit(&keys[1], TILE_LEVEL, BTEqualStrategyNumber, F_INT2EQ,
				Int16GetDatum(cached->level));
	ScanKeyInit(&keys[2], TILE_FIRST_HASH, BTGreaterEqualStrategyNumber, F_INT8GE,
				Int64GetDatum(first));
	ScanKeyInit(&keys[3], TILE_FIRST_HASH, BTLessStrategyNumber, F_INT8LT,
				Int64GetDatum(first + TILE_WIDTH));
	scan = systable_beginscan_ordered(reader->rel, reader->index,
									  GetActiveSnapshot(), 4, keys);
	while (HeapTupleIsValid(tuple = systable_getnext_ordered(scan, ForwardScanDirection)))
	{
		int64		first_hash = DatumGetInt64(sg_store_value(reader->rel, tuple, TILE_FIRST_HASH));
		Datum		value = sg_store_value(reader->rel, tuple, TILE_HASHES);
		bytea	   *hashes = DatumGetByteaPP(value);
		int			count = VARSIZE_ANY_EXHDR(hashes) / SHA256_HASH_LEN;

		if (first_hash != first + cached->count ||
			VARSIZE_ANY_EXHDR(hashes) % SHA256_HASH_LEN != 0 ||
			count > TILE_WIDTH - cached->count)
			break;
		memcpy(&cached->hashes[cached->count], VARDATA_ANY(hashes),
			   count * SHA256_HASH_LEN);
		cached->count += count;
		if ((Pointer) hashes != DatumGetPointer(value))
			pfree(hashes);
	}
	systable_endscan_ordered(scan);
}

int
sg_tree_tile(TreeReader *reader, int level, int64 tile, const Sha256Hash **hashes)
{
	CachedTile *cached;

	for (int i = 0; i < CACHED_TILES && reader->cache[i] != NULL; i++)
	{
		cached = reader->cache[i];
		if (cached->level == level && cached->tile == tile)
		{
			*hashes = cached->hashes;
			return cached->count;
		}
	}

	if (reader->cache[reader->next_victim] == NULL)
		reader->cache[reader->next_victim] =
			MemoryContextAlloc(reader->context, sizeof(CachedTile));
	cached = reader->cache[reader->next_victim];
	reader->next_victim = (reader->next_victim + 1) % CACHED_TILES;

	cached->level = level;
	cached->tile = tile;
	cached->count = 0;
	load_tile(reader, cached);
	*hashes = cached->hashes;
	return cached->count;
}

/*
 * A complete subtree of a power of two, at a multiple of its size, lies in one
 * tile: of the level whose hashes are the largest that are not larger than it.
 * Any other range is split as the RFC splits it.
 */
void
sg_tree_range(TreeReader *reader, uint64 start, uint64 end, Sha256Hash *root)
{
	uint64		n = end - start;
	Sha256Hash	left;
	Sha256Hash	right;
	uint64		k;

	Assert(n > 0);

	if ((n & (n - 1)) == 0 && start % n == 0)
	{
		int			height = pg_leftmost_one_pos64(n);
		int			level = height / TILE_HEIGHT;
		uint64		first = start >> (level * TILE_HEIGHT);
		int			place = first % TILE_WIDTH;
		int			count = 1 << (height % TILE_HEIGHT);
		const Sha256Hash *hashes;

		if (sg_tree_tile(reader, level, first / TILE_WIDTH, &hashes) < place + count)
			ereport(ERROR,
					(errcode(ERRCODE_DATA_CORRUPTED),
					 errmsg("the seals of the audit log are damaged: hashes of the tree are missing"),
					 errdetail("Level %d lacks hashes from " UINT64_FORMAT " to " UINT64_FORMAT ".",
							   level, first, first + count - 1),
					 errhint("sharing_guard.verify_audit() says what else is damaged.")));
		sg_merkle_root(reader->hasher, hashes + place, count, root);
		return;
	}

	k = sg_merkle_split(n);
	sg_tree_range(reader, start, start + k, &left);
	sg_tree_range(reader, start + k, end, &right);
	sg_merkle_node(reader->hasher, &left, &right, root);
}

/* Without leaves the root is the hash of the empty string. */
void
sg_tree_root(TreeReader *reader, uint64 size, Sha256Hash *root)
{
	if (size > 0)
		sg_tree_range(reader, 0, size, root);
	else
	{
		sg_sha256_init(reader->hasher);
		sg_sha256_final(reader->hasher, root);
	}
}

static void
reverse(Sha256Hash *hashes, int count)
{
	for (int i = 0, j = count - 1; i < j; i++, j--)
	{
		Sha256Hash	swap = hashes[i];

		hashes[i] = hashes[j];
		hashes[j] = swap;
	}
}

/*
 * PATH(index, D[size]) of the RFC: from the root down, at each split the root
 * of the side that we do not go to; the proof has them from the leaf up.
 */
int
sg_tree_inclusion(TreeReader *reader, uint64 index, uint64 size,
				  Sha256Hash proof[TREE_PROOF_MAX])
{
	uint64		start = 0;
	uint64		end = size;
	int			count = 0;

	Assert(index < size);

	while (end - start > 1)
	{
		uint64		middle = start + sg_merkle_split(end - start);

		if (index < middle)
		{
			sg_tree_range(reader, middle, end, &proof[count++]);
			end = middle;
		}
		else
		{
			sg_tree_range(reader, start, middle, &proof[count++]);
			start = middle;
		}
	}
	reverse(proof, count);
	return count;
}

/*
 * SUBPROOF(size1, D[size2], true) of the RFC.  Where we end in a subtree that
 * is not the whole of the smaller tree, its root is part of the proof.
 */
int
sg_tree_consistency(TreeReader *reader, uint64 size1, uint64 size2,
					Sha256Hash proof[TREE_PROOF_MAX])
{
	uint64		start = 0;
	uint64		end = size2;
	int			count = 0;

	Assert(size1 > 0 && size1 <= size2);

	while (end != size1)
	{
		uint64		middle = start + sg_merkle_split(end - start);

		if (size1 <= middle)
		{
			sg_tree_range(reader, middle, end, &proof[count++]);
			end = middle;
		}
		else
		{
			sg_tree_range(reader, start, middle, &proof[count++]);
			start = middle;
		}
	}
	if (start != 0)
		sg_tree_range(reader, start, end, &proof[count++]);
	reverse(proof, count);
	return count;
}

/*-------------------------------------------------------------------------
 * Appending
 *-------------------------------------------------------------------------
 */

/*
 * Takes up the tiles that are not full at that size: all that a tree needs to
 * remember in order to grow.
 */
TreeAppender *
sg_tree_begin_append(const pg_uuid_t *tree_id, int64 size, Sha256Hasher *hasher)
{
	TreeAppender *appender = palloc0(sizeof(TreeAppender));
	TreeReader *reader = sg_tree_begin(tree_id, hasher);
	bool		complete = true;

	appender->tree_id = *tree_id;
	appender->hasher = hasher;
	for (int i = 0; i < TILE_LEVELS; i++)
	{
		AppendLevel *level = &appender->levels[i];
		int64		on_level = size >> (i * TILE_HEIGHT);
		const Sha256Hash *hashes;

		level->npending = on_level % TILE_WIDTH;
		level->nstored = level->npending;
		level->first = on_level - level->npending;
		if (on_level > 0)
		{
			/* Not one hash less than there must be, and not one more. */
			int			count = sg_tree_tile(reader, i, on_level / TILE_WIDTH, &hashes);

			if (count != level->npending)
				complete = false;
			else
				memcpy(level->pending, hashes, count * sizeof(Sha256Hash));
		}
	}
	sg_tree_end(reader);
	if (!complete)
	{
		pfree(appender);
		return NULL;
	}
	appender->tiles = sg_store_begin_insert("tile", TILE_COLUMNS);
	return appender;
}

/* What of a tile is not in the table yet, as one row. */
static void
store_pending(TreeAppender *appender, int level_number)
{
	AppendLevel *level = &appender->levels[level_number];
	int			count = level->npending - level->nstored;
	union
	{
		bytea		header;
		char		data[VARHDRSZ + sizeof(level->pending)];
	}			hashes;
	Datum		values[TILE_COLUMNS];

	if (count == 0)
		return;

	SET_VARSIZE(&hashes.header, VARHDRSZ + count * sizeof(Sha256Hash));
	memcpy(VARDATA(&hashes.header), &level->pending[level->nstored],
		   count * sizeof(Sha256Hash));
	values[TILE_TREE_ID - 1] = UUIDPGetDatum(&appender->tree_id);
	values[TILE_FIRST_HASH - 1] = Int64GetDatum(level->first + level->nstored);
	values[TILE_LEVEL - 1] = Int16GetDatum(level_number);
	values[TILE_HASHES - 1] = PointerGetDatum(&hashes.header);
	sg_store_insert(appender->tiles, values, NULL);
	level->nstored = level->npending;
}

/* One hash to a level; a tile that is full becomes one of the next. */
static void
append_hash(TreeAppender *appender, int level_number, const Sha256Hash *hash)
{
	AppendLevel *level = &appender->levels[level_number];
	Sha256Hash	root;

	Assert(level_number < TILE_LEVELS);

	level->pending[level->npending++] = *hash;
	if (level->npending < TILE_WIDTH)
		return;

	store_pending(appender, level_number);
	sg_merkle_root(appender->hasher, level->pending, TILE_WIDTH, &root);
	level->first += TILE_WIDTH;
	level->npending = 0;
	level->nstored = 0;
	append_hash(appender, level_number + 1, &root);
}

void
sg_tree_append(TreeAppender *appender, const Sha256Hash *leaf)
{
	append_hash(appender, 0, leaf);
}

/*
 * The tiles that are not full are the tree's right edge.  From the bottom up,
 * the root of what is left of one level is the last of the next: a complete
 * subtree for each hash, and one incomplete one behind them, is how the RFC
 * splits.
 */
void
sg_tree_end_append(TreeAppender *appender, Sha256Hash *root)
{
	Sha256Hash	edge[TILE_WIDTH + 1];
	Sha256Hash	rest;
	bool		has_rest = false;

	for (int i = 0; i < TILE_LEVELS; i++)
	{
		AppendLevel *level = &appender->levels[i];
		int			count = level->npending;

		store_pending(appender, i);
		memcpy(edge, level->pending, count * sizeof(Sha256Hash));
		if (has_rest)
			edge[count++] = rest;
		if (count > 0)
		{
			sg_merkle_root(appender->hasher, edge, count, &rest);
			has_rest = true;
		}
	}
	Assert(has_rest);
	*root = rest;
	sg_store_end_insert(appender->tiles);
	pfree(appender);
}
