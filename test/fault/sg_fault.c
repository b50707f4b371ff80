/*-------------------------------------------------------------------------
 *
 * sg_fault.c
 *		One fault for each tool of dynamic analysis, to prove that the tool
 *		would see it.  No part of the product.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "fmgr.h"

PG_MODULE_MAGIC;

PG_FUNCTION_INFO_V1(sg_fault_assert);
PG_FUNCTION_INFO_V1(sg_fault_overflow);
PG_FUNCTION_INFO_V1(sg_fault_undefined);
PG_FUNCTION_INFO_V1(sg_fault_uninitialised);
PG_FUNCTION_INFO_V1(sg_fault_beyond);

/* Keeps the compiler from seeing, and removing, what happens. */
static volatile int zero = 0;

/* For an assert-enabled server. */
Datum
sg_fault_assert(PG_FUNCTION_ARGS)
{
	Assert(zero == 1);
	PG_RETURN_VOID();
}

/* For the address sanitizer: a write beyond what malloc gave. */
Datum
sg_fault_overflow(PG_FUNCTION_ARGS)
{
	volatile char *bytes = malloc(8 + zero);

	bytes[8 + zero] = 1;
	free((void *) bytes);
	PG_RETURN_VOID();
}

/* For the undefined behaviour sanitizer.  (Overflow is defined by -fwrapv.) */
Datum
sg_fault_undefined(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT32(1 << (40 + zero));
}

/* For valgrind: a branch on memory that nobody wrote. */
Datum
sg_fault_uninitialised(PG_FUNCTION_ARGS)
{
	volatile int *number = palloc(sizeof(int));

	if (*number == 42)
		zero = 0;
	PG_RETURN_VOID();
}

/* For valgrind: a read beyond what palloc gave. */
Datum
sg_fault_beyond(PG_FUNCTION_ARGS)
{
	volatile char *bytes = palloc0(5);

	PG_RETURN_BOOL(bytes[5 + zero] == 'x');
}
