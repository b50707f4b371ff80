/*-------------------------------------------------------------------------
 *
 * damage.c
 *		Reading rows that a disk, a crash or a hand may have damaged.
 *
 * One damaged event must not keep all others from being sealed, verified and
 * shown.  The two ways in which damage shows are met here: lengths that lead
 * out of the row, which would end the server, are looked for before the row
 * is read; errors that the server raises when it reads a long value are caught
 * in a subtransaction, so that nothing stays open.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/detoast.h"
#include "access/htup_details.h"
#include "access/tupmacs.h"
#include "access/xact.h"
#include "catalog/pg_type.h"
#include "utils/array.h"
#include "utils/memutils.h"
#include "utils/resowner.h"

#include "audit/log/damage.h"
#include "base/compat.h"

/*
 * Where a tuple may come from a damaged page: does each of its values end
 * before the tuple does?  Otherwise reading it can end the server.  Sets
 * *plain where all values are stored in the tuple and as they are, so that
 * reading them can raise no error.
 */
bool
sg_tuple_is_sound(HeapTuple tuple, TupleDesc desc, bool *plain)
{
	HeapTupleHeader header = tuple->t_data;
	int			natts = Min(HeapTupleHeaderGetNatts(header), desc->natts);
	uint8	   *nulls = (header->t_infomask & HEAP_HASNULL) ? header->t_bits : NULL;
	size_t		offset = 0;
	size_t		size;
	char	   *data;

	*plain = true;
	if (header->t_hoff < SizeofHeapTupleHeader +
		(nulls != NULL ? BITMAPLEN(HeapTupleHeaderGetNatts(header)) : 0) ||
		header->t_hoff != MAXALIGN(header->t_hoff) ||
		header->t_hoff > tuple->t_len)
		return false;
	data = (char *) header + header->t_hoff;
	size = tuple->t_len - header->t_hoff;

	for (int i = 0; i < natts; i++)
	{
		Form_pg_attribute att = TupleDescAttr(desc, i);
		char	   *p;

		if (nulls != NULL && att_isnull(i, nulls))
			continue;
		if (att->attlen > 0)
		{
			offset = att_align_nominal(offset, att->attalign) + att->attlen;
			if (offset > size)
				return false;
			continue;
		}
		if (offset >= size)
			return false;
		offset = att_align_pointer(offset, att->attalign, -1, data + offset);
		if (offset >= size)
			return false;
		p = data + offset;
		if (VARATT_IS_1B_E(p))
		{
			if (size - offset < TOAST_POINTER_SIZE || !VARATT_IS_EXTERNAL_ONDISK(p))
				return false;
			*plain = false;
		}
		else if (!VARATT_IS_1B(p))
		{
			if (size - offset < VARHDRSZ || VARSIZE_4B(p) < VARHDRSZ)
				return false;
			if (VARATT_IS_4B_C(p))
			{
				if (VARSIZE_4B(p) < VARHDRSZ_COMPRESSED)
					return false;
				*plain = false;
			}
		}
		if (VARSIZE_ANY(p) > size - offset)
			return false;
		offset += VARSIZE_ANY(p);
	}
	return true;
}

/*
 * Does this error say that what is stored is damaged, or larger than the server
 * can read?  Anything else, as a cancellation, or memory that is short, passes.
 */
static bool
is_damage(int sqlerrcode)
{
	switch (ERRCODE_TO_CATEGORY(sqlerrcode))
	{
		case ERRCODE_TO_CATEGORY(ERRCODE_DATA_EXCEPTION):
		case ERRCODE_TO_CATEGORY(ERRCODE_PROGRAM_LIMIT_EXCEEDED):
		case ERRCODE_TO_CATEGORY(ERRCODE_SYSTEM_ERROR):
		case ERRCODE_TO_CATEGORY(ERRCODE_INTERNAL_ERROR):
			return true;
		default:
			return false;
	}
}

/*
 * Calls read(arg), which reads values that may be damaged.  False where it
 * could not; then nothing is left of what it held.  Errors that say nothing of
 * the values are raised.
 */
bool
sg_read_damaged(void (*read) (void *arg), void *arg)
{
	MemoryContext context = CurrentMemoryContext;
	ResourceOwner owner = CurrentResourceOwner;
	volatile bool done = false;

	BeginInternalSubTransaction(NULL);
	MemoryContextSwitchTo(context);
	PG_TRY();
	{
		read(arg);
		ReleaseCurrentSubTransaction();
		done = true;
	}
	PG_CATCH();
	{
		ErrorData  *error;

		MemoryContextSwitchTo(context);
		error = CopyErrorData();
		if (!is_damage(error->sqlerrcode))
			PG_RE_THROW();
		FlushErrorState();
		FreeErrorData(error);
		RollbackAndReleaseCurrentSubTransaction();
	}
	PG_END_TRY();
	MemoryContextSwitchTo(context);
	CurrentResourceOwner = owner;
	return done;
}

/*
 * Is this an array of text or smallint as the server makes them, none of whose
 * parts is said to lie beyond its end?  It may come from a damaged page.
 */
bool
sg_array_is_sound(ArrayType *array, Oid element)
{
	size_t		size = VARSIZE(array);
	int64		count = 1;
	const uint8 *nulls;
	char	   *p;
	char	   *end = (char *) array + size;

	if (size < ARR_OVERHEAD_NONULLS(0) ||
		ARR_NDIM(array) < 0 || ARR_NDIM(array) > MAXDIM ||
		size < ARR_OVERHEAD_NONULLS(ARR_NDIM(array)) ||
		ARR_ELEMTYPE(array) != element)
		return false;
	if (ARR_NDIM(array) == 0)
		count = 0;
	for (int i = 0; i < ARR_NDIM(array); i++)
	{
		if (ARR_DIMS(array)[i] < 0)
			return false;
		count *= ARR_DIMS(array)[i];
		if (count > MaxArraySize)
			return false;
	}
	if (ARR_HASNULL(array) &&
		(size < ARR_OVERHEAD_WITHNULLS(ARR_NDIM(array), count) ||
		 ARR_DATA_OFFSET(array) != ARR_OVERHEAD_WITHNULLS(ARR_NDIM(array), count)))
		return false;

	nulls = ARR_NULLBITMAP(array);
	p = ARR_DATA_PTR(array);
	for (int64 i = 0; i < count; i++)
	{
		if (nulls != NULL && (nulls[i / 8] & (1 << (i % 8))) == 0)
			continue;
		if (element == INT2OID)
		{
			if (end - p < (ptrdiff_t) sizeof(int16))
				return false;
			p += sizeof(int16);
			continue;
		}
		p = (char *) att_align_pointer(p, TYPALIGN_INT, -1, p);
		if (p >= end || VARATT_IS_1B_E(p) ||
			(!VARATT_IS_1B(p) && (end - p < VARHDRSZ || VARATT_IS_4B_C(p))) ||
			VARSIZE_ANY(p) < (VARATT_IS_1B(p) ? VARHDRSZ_SHORT : VARHDRSZ) ||
			VARSIZE_ANY(p) > (size_t) (end - p))
			return false;
		p += VARSIZE_ANY(p);
	}
	return true;
}
