/*-------------------------------------------------------------------------
 *
 * pack.c
 *		Reads policy packs from the directories of extensions.
 *
 * Packs are installed beside the extension's script, by the person who
 * installs software on the server, so they are looked for where the server
 * looks for extensions.  SQL processes their content (policy/rules/pack.sql).
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <sys/stat.h>

#include "base/compat.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "nodes/pg_list.h"
#include "storage/fd.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

PG_FUNCTION_INFO_V1(sg_sql_pack_content);
PG_FUNCTION_INFO_V1(sg_sql_pack_names);

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
 * Returns the directories of extensions, in the order in which the server
 * looks through them: strings, palloc'd.  The server's own is derived from its
 * program's path, so that it is right in an installation that was moved.
 */
static List *
extension_directories(void)
{
	char	   *paths = pstrdup(sg_extension_control_path());
	char		share[MAXPGPATH];
	List	   *directories = NIL;
	char	   *next = paths;

	get_share_path(my_exec_path, share);
	while (next != NULL)
	{
		char	   *path = next;
		char	   *end = first_path_var_separator(path);

		next = end == NULL ? NULL : end + 1;
		if (end != NULL)
			*end = '\0';
		if (path[0] == '\0' || strcmp(path, "$system") == 0)
			path = share;
		directories = lappend(directories, psprintf("%s/extension", path));
	}
	return directories;
}

static int
compare_names(const ListCell *a, const ListCell *b)
{
	return strcmp(lfirst(a), lfirst(b));
}

/* Is this a file of a pack?  Returns the pack's name, palloc'd, or NULL. */
static char *
pack_of_file(const char *file)
{
	int			len = strlen(file);
	int			prefix = strlen(PACK_PREFIX);
	int			suffix = strlen(PACK_SUFFIX);
	char	   *name;

	if (len <= prefix + suffix || strncmp(file, PACK_PREFIX, prefix) != 0 ||
		strcmp(file + len - suffix, PACK_SUFFIX) != 0)
		return NULL;
	name = pnstrdup(file + prefix, len - prefix - suffix);
	return is_pack_name(name) ? name : NULL;
}

/*
 * Returns the names of the installed packs, each once, sorted; palloc'd.
 *
 * Only logs where a directory cannot be read, because the others may have
 * packs.
 */
static List *
installed_packs(void)
{
	List	   *found = NIL;
	ListCell   *lc;

	foreach(lc, extension_directories())
	{
		const char *path = lfirst(lc);
		DIR		   *dir = AllocateDir(path);
		struct dirent *entry;

		while ((entry = ReadDirExtended(dir, path, LOG)) != NULL)
		{
			char	   *name = pack_of_file(entry->d_name);
			ListCell   *known;
			bool		again = name == NULL;

			foreach(known, found)
				again = again || strcmp(lfirst(known), name) == 0;
			if (!again)
				found = lappend(found, name);
		}
		if (dir != NULL)
			FreeDir(dir);
	}
	list_sort(found, compare_names);
	return found;
}

/* Returns the names of the installed packs for a hint; palloc'd. */
static char *
installed_pack_names(void)
{
	StringInfoData names;
	ListCell   *lc;

	initStringInfo(&names);
	foreach(lc, installed_packs())
		appendStringInfo(&names, "%s%s", names.len > 0 ? ", " : "",
						 (char *) lfirst(lc));
	return names.data;
}

/*
 * Opens the file of a pack, from the first directory that has it; sets its
 * path.  Returns NULL where none has it; errors out where it cannot be opened.
 */
static FILE *
open_pack(const char *name, char **path)
{
	ListCell   *lc;

	foreach(lc, extension_directories())
	{
		FILE	   *file;

		*path = psprintf("%s/" PACK_PREFIX "%s" PACK_SUFFIX,
						 (char *) lfirst(lc), name);
		file = AllocateFile(*path, PG_BINARY_R);
		if (file != NULL)
			return file;
		if (errno != ENOENT && errno != ENOTDIR)
			ereport(ERROR,
					(errcode_for_file_access(),
					 errmsg("could not open file \"%s\": %m", *path)));
	}
	return NULL;
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
				 errhint("Installed packs: %s.", installed_pack_names())));

	/* The user can correct a misspelt name, but not an unreadable file. */
	file = open_pack(name, &path);
	if (file == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("policy pack \"%s\" is not installed", name),
				 errhint("Installed packs: %s.", installed_pack_names())));
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

/* sharing_guard.pack_names() returns text[], sorted */
Datum
sg_sql_pack_names(PG_FUNCTION_ARGS)
{
	ArrayBuildState *result = initArrayResult(TEXTOID, CurrentMemoryContext,
											  false);
	ListCell   *lc;

	foreach(lc, installed_packs())
		result = accumArrayResult(result, CStringGetTextDatum(lfirst(lc)),
								  false, TEXTOID, CurrentMemoryContext);
	PG_RETURN_DATUM(makeArrayResult(result, CurrentMemoryContext));
}
