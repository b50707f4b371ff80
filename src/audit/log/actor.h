/*-------------------------------------------------------------------------
 *
 * actor.h
 *		Who acted, as events have it.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHARING_GUARD_ACTOR_H
#define SHARING_GUARD_ACTOR_H

/*
 * Names, not OIDs: roles are dropped, the record stays.
 */
typedef struct Actor
{
	const char *username;		/* NULL where the rows differ */
	const char *username_source;	/* person, login, shared_login */
	const char *organization;	/* whom that user belongs to */
	const char *session_role;
	const char *acting_role;
	const char *authenticated_login;	/* NULL: a worker, without a login */
	const char *authenticated_identity; /* NULL: the server knows none */
	const char *client_address; /* NULL: a local socket or a worker */
	const char *application;
} Actor;

/* Called once, at library load. */
extern void sg_actor_init(void);

/*
 * The session's part of an actor: these roles (as they were when it happened,
 * which need not be as they are now), the login, client address, application;
 * username is the login, source "login", organization is left alone.
 */
extern void sg_actor_from_session(Actor *actor, Oid session_role,
								  Oid acting_role);

/*
 * The role that logged in, which SET SESSION AUTHORIZATION does not change; of
 * a worker, which has no login, its session role.
 */
extern Oid	sg_actor_login(Oid session_role);

/* Whether this session logged in as the role that it acts as now. */
extern bool sg_actor_is_login(void);

#endif							/* SHARING_GUARD_ACTOR_H */
