/*-------------------------------------------------------------------------
 *
 * binding.c
 *		What roles are bound to.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "audit/log/actor.h"
#include "base/compat.h"
#include "base/errcodes.h"
#include "channel/guard/binding.h"
#include "channel/guard/guard_catalog.h"
#include "miscadmin.h"
#include "utils/inval.h"

/*
 * Returns the bindings of all roles, as of now: LoadedBinding *, valid until
 * the end of the transaction.  Errors out where the extension is missing.
 */
static const List *
current_bindings(void)
{
	const GuardCatalog *catalog;

	AcceptInvalidationMessages();
	catalog = sg_guard_catalog();
	if (catalog == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_SG_NOT_OPERATIONAL),
				 errmsg("the extension sharing_guard is not there"),
				 errhint("Create it in this database.")));
	return catalog->roles;
}

/*
 * Returns the binding of this very role, or NULL.  That several people or a
 * program use a login is a property of that login only, so memberships do not
 * count.
 */
static const LoadedBinding *
binding_of(Oid role)
{
	ListCell   *lc;

	foreach(lc, current_bindings())
	{
		const LoadedBinding *binding = lfirst(lc);

		if (binding->role == role)
			return binding;
	}
	return NULL;
}

/*
 * Fill in who acts, from the session and from the login's own binding: whether
 * several people share it, and the agency's name, or NULL.  The name belongs to
 * the catalog of guards and is valid until the end of the transaction.
 */
void
sg_binding_set_actor(Actor *actor, Oid session_role, Oid acting_role)
{
	const LoadedBinding *binding;

	sg_actor_from_session(actor, session_role, acting_role);
	binding = binding_of(sg_actor_login(session_role));
	if (binding != NULL && binding->shared)
		actor->username_source = "shared_login";
	actor->organization = binding != NULL ? binding->agency_name : NULL;
}

/* Is this role, by its own binding, a service of our own agency? */
bool
sg_binding_is_service(Oid role)
{
	const LoadedBinding *binding = binding_of(role);

	return binding != NULL && binding->service && binding->own;
}

/* Does the list have a binding to this agency, of this kind? */
static bool
is_known(const List *found, const LoadedBinding *binding)
{
	ListCell   *lc;

	foreach(lc, found)
	{
		const RoleBinding *other = lfirst(lc);

		if (other->backup == binding->backup &&
			strcmp(other->agency_id, binding->agency_id) == 0)
			return true;
	}
	return false;
}

/* Adds the agencies of one role that are not in the list. */
static List *
add_agencies(List *found, Oid role, bool is_login)
{
	ListCell   *lc;

	foreach(lc, current_bindings())
	{
		const LoadedBinding *binding = lfirst(lc);
		RoleBinding *copy;

		if (binding->backup ? is_login || role != binding->role :
			!sg_acts_for(role, binding->role))
			continue;
		if (is_known(found, binding))
			continue;
		copy = palloc(sizeof(RoleBinding));
		copy->agency_id = pstrdup(binding->agency_id);
		copy->backup = binding->backup;
		copy->own = binding->own;
		found = lappend(found, copy);
	}
	return found;
}

/*
 * Returns the agencies that a session with these roles reads for: a list of
 * RoleBinding *, one for each agency, in CurrentMemoryContext.
 *
 * A partner's people are recognized by any of the roles, and by membership,
 * because a role is passed on by SET ROLE, by a function of another owner or by
 * a view.  A superuser's membership in every role does not count: otherwise
 * every DBA would be every partner.  A backup is recognized by the role itself,
 * because that binding marks what is being done and not who does it.
 *
 * The login counts as well, last: SET SESSION AUTHORIZATION does not turn a
 * partner's login into another one.
 */
List *
sg_binding_agencies(const Oid *roles, int nroles)
{
	List	   *found = NIL;
	Oid			login;
	bool		seen = false;

	for (int r = 0; r < nroles; r++)
	{
		bool		repeated = false;

		for (int i = 0; i < r; i++)
			repeated |= roles[i] == roles[r];
		if (OidIsValid(roles[r]) && !repeated)
			found = add_agencies(found, roles[r], false);
	}

	login = sg_actor_login(InvalidOid);
	for (int i = 0; i < nroles; i++)
		seen |= roles[i] == login;
	if (OidIsValid(login) && !seen)
		found = add_agencies(found, login, true);
	return found;
}
