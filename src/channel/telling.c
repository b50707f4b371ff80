/*-------------------------------------------------------------------------
 *
 * telling.c
 *		Functions by which a statement that writes can tell what it looks at.
 *
 * UPDATE and DELETE without RETURNING bring nothing out, and so our own people
 * may use them without an event for each.  But a function in them is shown the
 * rows, and may raise a notice, fill another table or set a setting.  Those of
 * the server itself and of a C library do what is known of them; all others do
 * what their owners wrote.
 *
 * The server says which functions it makes ready when it begins to execute a
 * statement.  Views, rules, policies and functions in line are resolved then.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/transam.h"
#include "catalog/pg_language.h"
#include "catalog/pg_proc.h"
#include "channel/telling.h"
#include "utils/fmgroids.h"
#include "utils/syscache.h"

/* Kept apart, for it is asked about with every function of every statement. */
bool		sg_telling_watched = false;
static bool told = false;

void
sg_telling_begin(TellingWatch * outer)
{
	outer->watching = sg_telling_watched;
	outer->told = told;
	sg_telling_watched = true;
	told = false;
}

bool
sg_telling_end(const TellingWatch * outer)
{
	bool		result = told;

	sg_telling_watched = outer->watching;
	told = outer->told;
	return result;
}

void
sg_telling_function(Oid function)
{
	HeapTuple	tuple;
	Form_pg_proc form;

	/* Numbers that nobody chose. */
	if (told || function == F_NEXTVAL)
		return;
	tuple = SearchSysCache1(PROCOID, ObjectIdGetDatum(function));
	if (!HeapTupleIsValid(tuple))
		return;
	form = (Form_pg_proc) GETSTRUCT(tuple);
	if (form->pronargs == 0)
		told = false;			/* it is shown nothing */
	else if (function < FirstNormalObjectId)
		told = form->provolatile == PROVOLATILE_VOLATILE;
	else
		told = form->prolang != INTERNALlanguageId &&
			form->prolang != ClanguageId;
	ReleaseSysCache(tuple);
}
