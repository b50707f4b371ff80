/*-------------------------------------------------------------------------
 *
 * actor.c
 *		Who acted, as events have it.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "fmgr.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/guc.h"
#include "utils/memutils.h"

#include "audit/actor.h"

/*
 * A role's name, palloc'd; a role that was dropped meanwhile is still told
 * apart by its OID.  The record has names, since a dropped role leaves nothing
 * to look an OID up by.
 */
static const char *
role_name(Oid role)
{
	char	   *name = GetUserNameFromId(role, true);

	return name != NULL ? name : psprintf("oid %u", role);
}

/*
 * The client's address, or NULL for a local socket and for a worker, which
 * has no client.  It cannot change while we are connected, so it is looked
 * up once.
 */
static const char *
client_address(void)
{
	static bool known = false;
	static char *address = NULL;

	if (!known)
	{
		LOCAL_FCINFO(fcinfo, 0);
		Datum		inet;

		/*
		 * Not MyProcPort->remote_host: with log_hostname on, that is whatever
		 * name the client's side has put into the DNS.  The SQL function, so
		 * that building needs no header of the libraries that libpq uses.
		 */
		InitFunctionCallInfoData(*fcinfo, NULL, 0, InvalidOid, NULL, NULL);
		inet = inet_client_addr(fcinfo);
		if (!fcinfo->isnull)
		{
			Datum		host = DirectFunctionCall1(network_host, inet);
			char	   *name = TextDatumGetCString(host);

			address = MemoryContextStrdup(TopMemoryContext, name);
		}
		known = true;
	}
	return address;
}

/*
 * Safe in background workers and logical replication's apply workers, which
 * have roles but neither a client nor, always, an application name.  Strings
 * are allocated in CurrentMemoryContext.
 *
 * The roles are arguments: an event is written when its rows have long gone
 * out, and SET ROLE may have come between.
 */
void
sg_actor_from_session(Actor *actor, Oid session_role,
					  Oid acting_role)
{

	/* Both are kept: SET ROLE and SECURITY DEFINER must not hide the login. */
	actor->session_role = role_name(session_role);
	actor->acting_role = acting_role == session_role ?
		actor->session_role : role_name(acting_role);
	actor->client_address = client_address();
	actor->application = NULL;
	if (application_name != NULL && application_name[0] != '\0')
		actor->application = pstrdup(application_name);
	actor->username = actor->session_role;
	actor->username_source = "login";
}
