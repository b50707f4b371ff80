/*-------------------------------------------------------------------------
 *
 * telling.h
 *		Functions by which a statement that writes can tell what it looks at.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHARING_GUARD_TELLING_H
#define SHARING_GUARD_TELLING_H

/*
 * Between these two, the functions that the executor makes ready are looked
 * at; was one among them that can tell?  "outer" keeps what an outer statement
 * had found so far.
 */
typedef struct TellingWatch
{
	bool		watching;
	bool		told;
}			TellingWatch;

extern void sg_telling_begin(TellingWatch * outer);
extern bool sg_telling_end(const TellingWatch * outer);

/* A function is made ready: see sg_telling_function(). */
extern PGDLLIMPORT bool sg_telling_watched;
extern void sg_telling_function(Oid function);

#endif							/* SHARING_GUARD_TELLING_H */
