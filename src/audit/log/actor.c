/*-------------------------------------------------------------------------
 *
 * actor.c
 *		Who acted, as events have it.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

/*
 * We need only a few fields of the connection, which stand before those of
 * GSSAPI and OpenSSL.  Without these two, building needs no header of either.
 */
#undef ENABLE_GSS
#undef USE_OPENSSL
#include "libpq/auth.h"
#include "libpq/libpq-be.h"

#include "fmgr.h"
#include "libpq/hba.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/guc.h"
#include "utils/memutils.h"

#include "audit/log/actor.h"
#include "base/compat.h"

PG_FUNCTION_INFO_V1(sg_sql_authenticated_login);
PG_FUNCTION_INFO_V1(sg_sql_require_login);

static ClientAuthentication_hook_type prev_ClientAuthentication = NULL;

/* How this connection was authenticated; a constant of the server's. */
static const char *auth_method = NULL;

/*
 * The server forgets the line of pg_hba.conf that was used as soon as the
 * session begins.
 */
static void
actor_ClientAuthentication(Port *port, int status)
{
	if (port->hba != NULL)
		auth_method = hba_authname(port->hba->auth_method);
	if (prev_ClientAuthentication)
		prev_ClientAuthentication(port, status);
}

void
sg_actor_init(void)
{
	prev_ClientAuthentication = ClientAuthentication_hook;
	ClientAuthentication_hook = actor_ClientAuthentication;
}

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
		 * Not MyProcPort->remote_host: with log_hostname on, that is the name
		 * that the client's side has put into the DNS.  The SQL function, so
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
 * The role that logged in, by the name that it had then; NULL for background
 * workers, which have no login.  (The server keeps the name as long as
 * the process lives.)
 */
static const char *
authenticated_login(void)
{
	return MyProcPort != NULL ? MyProcPort->user_name : NULL;
}

/*
 * Who that was to the authentication method, as the server's system_user has
 * it: "cert:CN=...", "gss:name@REALM", "peer:name".  NULL where the method
 * knows no identity (trust).
 */
static const char *
authenticated_identity(void)
{
	static bool known = false;
	static char *identity = NULL;

	if (!known && MyProcPort != NULL)
	{
		const char *authn_id = SG_AUTHN_ID(MyProcPort);

		if (authn_id != NULL)
		{
			MemoryContext oldcontext = MemoryContextSwitchTo(TopMemoryContext);

			identity = psprintf("%s:%s", auth_method ? auth_method : "unknown",
								authn_id);
			MemoryContextSwitchTo(oldcontext);
		}
		known = true;
	}
	return identity;
}

Oid
sg_actor_login(Oid session_role)
{
	return MyProcPort != NULL ? GetAuthenticatedUserId() : session_role;
}

bool
sg_actor_is_login(void)
{
	return MyProcPort != NULL &&
		GetAuthenticatedUserId() == GetSessionUserId();
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
	actor->authenticated_login = authenticated_login();
	actor->authenticated_identity = authenticated_identity();

	/*
	 * With SET SESSION AUTHORIZATION a superuser takes another's name.  It
	 * was not the other who did it.
	 */
	actor->username = sg_actor_login(session_role) == session_role ?
		actor->session_role : actor->authenticated_login;
	actor->username_source = "login";
}

/* sharing_guard.authenticated_login() returns text */
Datum
sg_sql_authenticated_login(PG_FUNCTION_ARGS)
{
	const char *login = authenticated_login();

	if (login == NULL)
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(cstring_to_text(login));
}

/*
 * sharing_guard.require_login(act text) returns void
 *
 * An act that one person answers for is done by the login: errors out where the
 * session acts as another role, or where there is no login.
 */
Datum
sg_sql_require_login(PG_FUNCTION_ARGS)
{
	char	   *act = text_to_cstring(PG_GETARG_TEXT_PP(0));
	const char *session_role = role_name(GetSessionUserId());

	if (MyProcPort == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("a background process cannot %s", act),
				 errdetail("It has no login, so no person would answer for the act."),
				 errhint("Log in as \"%s\".", session_role)));
	if (!sg_actor_is_login())
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("cannot %s in the name of another login", act),
				 errdetail("The session logged in as \"%s\" and acts as \"%s\", by SET SESSION AUTHORIZATION.",
						   authenticated_login(), session_role),
				 errhint("Log in as \"%s\".", session_role)));
	PG_RETURN_VOID();
}
