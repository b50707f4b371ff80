/*-------------------------------------------------------------------------
 *
 * shim.c
 *		As much of a server as name and purpose code needs.
 *
 * The code under test is compiled as it is, and linked with this and with
 * PostgreSQL's own libpgcommon (which has the real Unicode and encoding
 * functions).  Every allocation is one of malloc(), with nothing around it, so
 * that the address sanitizer sees each byte too far; what was allocated since
 * shim_begin() is freed by shim_end().
 *
 * Queries are answered from files: COPY output, made by a real server before
 * (test/fuzz/run).  See shim_queries_dir.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <setjmp.h>

#include "catalog/namespace.h"
#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "nodes/pg_list.h"
#include "base/table_load.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "shim.h"

/* ----------------------------------------------------------------
 *		Memory
 * ----------------------------------------------------------------
 */

MemoryContext CurrentMemoryContext = NULL;
MemoryContext TopMemoryContext = NULL;

static void **blocks;
static size_t nblocks;
static size_t blocks_room;
static bool keep_blocks = true;

#ifdef SHIM_ARENA

/*
 * To measure: as cheap as a memory context, and all of it the same each time.
 */
static char *arena;
static Size arena_used;

#define ARENA_SIZE ((Size) 1 << 30)

static void *
take(Size size, bool zero)
{
	void	   *block;

	size = MAXALIGN(size) + 16; /* repalloc() reads a little beyond */
	if (keep_blocks)
		return calloc(1, size);
	if (arena == NULL)
		arena = malloc(ARENA_SIZE);
	block = arena + arena_used;
	arena_used += size;
	if (arena_used > ARENA_SIZE)
		abort();
	if (zero)
		memset(block, 0, size);
	return block;
}

#else

static void *
take(Size size, bool zero)
{
	void	   *block = zero ? calloc(1, Max(size, 1)) : malloc(Max(size, 1));

	if (block == NULL)
		abort();
	if (keep_blocks)
		return block;
	if (nblocks == blocks_room)
	{
		blocks_room = Max(1024, blocks_room * 2);
		blocks = realloc(blocks, blocks_room * sizeof(void *));
	}
	blocks[nblocks++] = block;
	return block;
}
#endif

void
shim_begin(void)
{
	keep_blocks = false;
}

void
shim_end(void)
{
	for (size_t i = 0; i < nblocks; i++)
		free(blocks[i]);
#ifdef SHIM_ARENA
	arena_used = 0;
#endif
	nblocks = 0;
	keep_blocks = true;
}

void *
palloc(Size size)
{
	return take(size, false);
}

void *
palloc0(Size size)
{
	return take(size, true);
}

void *
palloc_extended(Size size, int flags)
{
	return take(size, (flags & MCXT_ALLOC_ZERO) != 0);
}

void *
MemoryContextAlloc(MemoryContext context, Size size)
{
	return take(size, false);
}

void *
MemoryContextAllocZero(MemoryContext context, Size size)
{
	return take(size, true);
}

void *
MemoryContextAllocExtended(MemoryContext context, Size size, int flags)
{
	return take(size, (flags & MCXT_ALLOC_ZERO) != 0);
}

MemoryContext
AllocSetContextCreateInternal(MemoryContext parent, const char *name,
							  Size min, Size init, Size max)
{
	return NULL;
}

void
MemoryContextDelete(MemoryContext context)
{
}

void
MemoryContextReset(MemoryContext context)
{
}

/* Most blocks that are freed or grow are young. */
static void **
find_block(void *block)
{
	for (size_t i = nblocks; i > 0; i--)
	{
		if (blocks[i - 1] == block)
			return &blocks[i - 1];
	}
	return NULL;
}

void
pfree(void *block)
{
#ifndef SHIM_ARENA
	void	  **found = find_block(block);

	if (found != NULL)
		*found = blocks[--nblocks];
	free(block);
#endif
}

void *
repalloc(void *block, Size size)
{
#ifdef SHIM_ARENA
	void	   *larger = take(size, false);

	memcpy(larger, block, size / 2);	/* they double */
	return larger;
#else
	void	  **found = find_block(block);
	void	   *grown = realloc(block, Max(size, 1));

	if (grown == NULL)
		abort();
	if (found != NULL)
		*found = grown;
	return grown;
#endif
}

void *
repalloc_huge(void *block, Size size)
{
	return repalloc(block, size);
}

char *
pnstrdup(const char *s, Size len)
{
	char	   *copy;

	len = strnlen(s, len);
	copy = take(len + 1, false);
	memcpy(copy, s, len);
	copy[len] = '\0';
	return copy;
}

char *
pstrdup(const char *s)
{
	return pnstrdup(s, strlen(s));
}

/* ----------------------------------------------------------------
 *		Lists: one cell after the other
 * ----------------------------------------------------------------
 */

List *
lappend(List *list, void *datum)
{
	if (list == NULL)
	{
		list = take(sizeof(List), true);
		list->type = T_List;
		list->max_length = 4;
		list->elements = take(4 * sizeof(ListCell), false);
	}
	if (list->length == list->max_length)
	{
		list->max_length *= 2;
		list->elements = repalloc(list->elements,
								  list->max_length * sizeof(ListCell));
	}
	list->elements[list->length++].ptr_value = datum;
	return list;
}

/* ----------------------------------------------------------------
 *		Errors and interrupts
 * ----------------------------------------------------------------
 */

volatile sig_atomic_t InterruptPending = false;

void
ProcessInterrupts(void)
{
}

/* What is within the stack's limit here is so in a server. */
void
check_stack_depth(void)
{
}

bool
errstart(int elevel, const char *domain)
{
	return elevel >= ERROR;
}

bool
errstart_cold(int elevel, const char *domain)
{
	return errstart(elevel, domain);
}

int
errcode(int sqlerrcode)
{
	return 0;
}

#define SHIM_MESSAGE(name) \
int \
name(const char *fmt,...) \
{ \
	fprintf(stderr, "%s: %s\n", #name, fmt); \
	return 0; \
}
SHIM_MESSAGE(errmsg)
SHIM_MESSAGE(errmsg_internal)
SHIM_MESSAGE(errdetail)
SHIM_MESSAGE(errdetail_internal)
SHIM_MESSAGE(errhint)

/* No text and no name may make this code fail. */
void
errfinish(const char *filename, int lineno, const char *funcname)
{
	fprintf(stderr, "ERROR at %s:%d\n", filename, lineno);
	abort();
}

#ifdef USE_ASSERT_CHECKING
void
ExceptionalCondition(const char *conditionName, const char *errorType,
					 const char *fileName, int lineNumber)
{
	fprintf(stderr, "TRAP: %s at %s:%d\n", conditionName, fileName,
			lineNumber);
	abort();
}
#endif

/* ----------------------------------------------------------------
 *		Encodings
 * ----------------------------------------------------------------
 */

int			shim_encoding = PG_UTF8;

int
GetDatabaseEncoding(void)
{
	return shim_encoding;
}

Oid
FindDefaultConversionProc(int32 from, int32 to)
{
	return 1;
}

/* From Latin 1, the one that there is. */
int
pg_do_encoding_conversion_buf(Oid proc, int from, int to, unsigned char *src,
							  int srclen, unsigned char *dest, int destlen,
							  bool noError)
{
	int			out = 0;

	for (int i = 0; i < srclen; i++)
	{
		unicode_to_utf8(src[i], dest + out);
		out += pg_utf_mblen(dest + out);
	}
	dest[out] = '\0';
	return srclen;
}

/* ----------------------------------------------------------------
 *		The policy's tables
 * ----------------------------------------------------------------
 */

const char *shim_queries_dir = NULL;

static char ***rows;			/* [row][column], NULL for NULL */
static uint64 nrows;

/* A field of COPY's text format, with its backslashes taken away. */
static char *
field(char *text)
{
	char	   *out = text;

	if (strcmp(text, "\\N") == 0)
		return NULL;
	for (char *in = text; *in; in++)
	{
		if (*in != '\\' || in[1] == '\0')
			*out++ = *in;
		else
			switch (*++in)
			{
				case 'b':
					*out++ = '\b';
					break;
				case 'f':
					*out++ = '\f';
					break;
				case 'n':
					*out++ = '\n';
					break;
				case 'r':
					*out++ = '\r';
					break;
				case 't':
					*out++ = '\t';
					break;
				case 'v':
					*out++ = '\v';
					break;
				default:
					*out++ = *in;
			}
	}
	*out = '\0';
	return text;
}

/*
 * Without a directory the query is printed, and has no rows.  With one, its
 * rows are in the file that has the query's number, in the order of asking.
 */
uint64
sg_load_query(const char *query)
{
	static int	number = 0;
	char		path[1024];
	char	   *line = NULL;
	size_t		room = 0;
	ssize_t		len;
	FILE	   *in;
	uint64		rows_room = 0;

	rows = NULL;
	nrows = 0;
	if (shim_queries_dir == NULL)
	{
		puts(query);
		return 0;
	}
	snprintf(path, sizeof(path), "%s/%d", shim_queries_dir, number++);
	in = fopen(path, "r");
	if (in == NULL)
	{
		perror(path);
		exit(2);
	}
	while ((len = getline(&line, &room, in)) > 0)
	{
		char	   *rest;
		char	   *text;
		int			column = 0;

		if (line[len - 1] == '\n')
			line[len - 1] = '\0';
		if (nrows == rows_room)
		{
			rows_room = Max(64, rows_room * 2);
			rows = realloc(rows, rows_room * sizeof(char **));
		}
		rows[nrows] = take(64 * sizeof(char *), true);
		rest = pstrdup(line);
		while ((text = strsep(&rest, "\t")) != NULL && column < 64)
			rows[nrows][column++] = field(text);
		nrows++;
	}
	fclose(in);
	free(line);
	return nrows;
}

char *
sg_load_text(uint64 row, int column)
{
	const char *value = rows[row][column - 1];

	return value == NULL ? NULL : pstrdup(value);
}

bool
sg_load_bool(uint64 row, int column)
{
	const char *value = rows[row][column - 1];

	return value != NULL && value[0] == 't';
}

/* Nothing under test looks at the time itself. */
TimestampTz
sg_load_time(uint64 row, int column, TimestampTz if_null)
{
	return if_null;
}

/* Days decide on no purpose and no name. */
TimestampTz
sg_load_day(uint64 row, int column, int days_after, TimestampTz if_null)
{
	return sg_load_time(row, column, if_null);
}
