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
	const char *client_address; /* NULL: a local socket or a worker */
	const char *application;
} Actor;

/*
 * The session's part of an actor: these roles (as they were when it happened,
 * which need not be as they are now), client address, application; username is
 * the login, source "login", organization is left alone.
 */
extern void sg_actor_from_session(Actor *actor, Oid session_role,
								  Oid acting_role);

#endif							/* SHARING_GUARD_ACTOR_H */
