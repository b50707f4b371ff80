/*-------------------------------------------------------------------------
 *
 * region.c
 *		What is counted by callgrind: from where, to where.
 *
 * A module of its own, that a server without the extension can load, too.
 * Never installed.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "fmgr.h"
#include "utils/builtins.h"

#if __has_include(<valgrind/callgrind.h>)
#include <valgrind/callgrind.h>
#else
#define CALLGRIND_START_INSTRUMENTATION ((void) 0)
#define CALLGRIND_STOP_INSTRUMENTATION ((void) 0)
#define CALLGRIND_DUMP_STATS_AT(name) ((void) (name))
#endif

PG_MODULE_MAGIC;

PG_FUNCTION_INFO_V1(bench_start);
PG_FUNCTION_INFO_V1(bench_stop);

/*
 * bench_start() returns void, bench_stop(name text) returns void
 *
 * The region whose instructions callgrind counts.  Outside of it nothing is.
 */
Datum
bench_start(PG_FUNCTION_ARGS)
{
	CALLGRIND_START_INSTRUMENTATION;
	PG_RETURN_VOID();
}

Datum
bench_stop(PG_FUNCTION_ARGS)
{
	CALLGRIND_STOP_INSTRUMENTATION;
	CALLGRIND_DUMP_STATS_AT(text_to_cstring(PG_GETARG_TEXT_PP(0)));
	PG_RETURN_VOID();
}
