/*-------------------------------------------------------------------------
 *
 * pack.c
 *		Reads a policy pack from the server's extension directory.
 *
 * Packs are installed beside the extension's script, by the person who
 * installs software on the server.  SQL processes their content
 * (policy/rules/pack.sql).
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <sys/stat.h>

#include "fmgr.h"
#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "nodes/pg_list.h"
#include "storage/fd.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

PG_FUNCTION_INFO_V1(sg_sql_pack_content);

#define PACK_PREFIX "sharing_guard."
#define PACK_SUFFIX ".json"

/*
 * Is this a valid name of a pack?  The name becomes part of a path.  It may
 * have no slash and no dot, so that it cannot lead out of the directory.
 */
static bool
is_pack_name(const char *name)
{
	return name[0] != '\0' && strlen(name) < NAMEDATALEN &&
		strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-") == strlen(name);
}

/*
 * Returns the directory of the running server's extensions; palloc'd.  It is
 * derived from the server program's path, so that it is right in an
 * installation that was moved.
 */
static char *
extension_directory(void)
{
	char		share[MAXPGPATH];

	get_share_path(my_exec_path, share);
	return psprintf("%s/extension", share);
}

static int
compare_names(const ListCell *a, const ListCell *b)
{
	return strcmp(lfirst(a), lfirst(b));
}

/*
 * Returns the names of the installed packs, for a hint; palloc'd.
 *
 * Only logs where the directory cannot be read, because the error with the
 * hint must still be raised.
 */
static char *
installed_packs(void)
{
	StringInfoData names;
	List	   *found = NIL;
	ListCell   *lc;
	char	   *path = extension_directory();
	DIR		   *dir = AllocateDir(path);
	struct dirent *entry;

	while ((entry = ReadDirExtended(dir, path, LOG)) != NULL)
	{
		int			len = strlen(entry->d_name);
		int			prefix = strlen(PACK_PREFIX);
		int			suffix = strlen(PACK_SUFFIX);

		if (len > prefix + suffix &&
			strncmp(entry->d_name, PACK_PREFIX, prefix) == 0 &&
			strcmp(entry->d_name + len - suffix, PACK_SUFFIX) == 0)
			found = lappend(found, pnstrdup(entry->d_name + prefix,
											len - prefix - suffix));
	}
	FreeDir(dir);

	/* The directory is not sorted. */
	list_sort(found, compare_names);
	initStringInfo(&names);
	foreach(lc, found)
		appendStringInfo(&names, "%s%s", names.len > 0 ? ", " : "",
						 (char *) lfirst(lc));
	return names.data;
}

/* Returns the line of a text that contains a byte, counted from 1. */
static int
line_of(const char *text, int byte)
{
	int			line = 1;

	for (int i = 0; i < byte; i++)
	{
		if (text[i] == '\n')
			line++;
	}
	return line;
}

/*
 * sharing_guard.pack_content(pack text) returns text
 *
 * Returns the file as one text in the database's encoding.  Errors out where
 * no such pack is installed, and where the file cannot be read or is not
 * UTF-8. pack_adopt() checks whether it is JSON, and whether it is a pack.
 */
Datum
sg_sql_pack_content(PG_FUNCTION_ARGS)
{
	char	   *name = text_to_cstring(PG_GETARG_TEXT_PP(0));
	char	   *path;
	FILE	   *file;
	struct stat st;
	StringInfoData content;
	int			valid;
	char	   *converted;

	if (!is_pack_name(name))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("\"%s\" is not the name of a policy pack", name),
				 errdetail("Names of packs are made of at most %d small letters, digits and hyphens.",
						   NAMEDATALEN - 1),
				 errhint("Installed packs: %s.", installed_packs())));

	path = psprintf("%s/" PACK_PREFIX "%s" PACK_SUFFIX,
					extension_directory(), name);
	file = AllocateFile(path, PG_BINARY_R);
	/* The user can correct a misspelt name, but not an unreadable file. */
	if (file == NULL && errno == ENOENT)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("policy pack \"%s\" is not installed", name),
				 errhint("Installed packs: %s.", installed_packs())));
	if (file == NULL)
		ereport(ERROR,
				(errcode_for_file_access(),
				 errmsg("could not open file \"%s\": %m", path)));
	if (fstat(fileno(file), &st) != 0)
		ereport(ERROR,
				(errcode_for_file_access(),
				 errmsg("could not stat file \"%s\": %m", path)));

	/*
	 * The conversion may make four bytes of one, and the result must fit a
	 * text.
	 */
	if (st.st_size > MaxAllocSize / 8)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("policy pack \"%s\" is too large", name)));

	initStringInfo(&content);
	enlargeStringInfo(&content, (int) st.st_size + 1);
	content.len = fread(content.data, 1, st.st_size, file);
	content.data[content.len] = '\0';
	if (ferror(file) || content.len != st.st_size)
		ereport(ERROR,
				(errcode_for_file_access(),
				 errmsg("could not read file \"%s\": %m", path)));
	FreeFile(file);

	/*
	 * Packs are JSON, hence UTF-8.  Verify that here, because no later step
	 * checks the bytes where the database has the same encoding.  The check
	 * also refuses a NUL byte, at which the text would end.
	 */
	valid = pg_encoding_verifymbstr(PG_UTF8, content.data, content.len);
	if (valid < content.len)
		ereport(ERROR,
				(errcode(ERRCODE_CHARACTER_NOT_IN_REPERTOIRE),
				 errmsg("policy pack \"%s\" is not UTF-8", name),
				 errdetail("Line %d has a byte that does not belong there.",
						   line_of(content.data, valid)),
				 errhint("Save the file as UTF-8.")));
	converted = pg_any_to_server(content.data, content.len, PG_UTF8);
	PG_RETURN_TEXT_P(cstring_to_text(converted));
}
