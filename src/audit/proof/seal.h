/*-------------------------------------------------------------------------
 *
 * seal.h
 *		Seals what is not sealed yet.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHARING_GUARD_SEAL_H
#define SHARING_GUARD_SEAL_H

/*
 * Seals every event that is committed now and was not at the seal before;
 * returns how many that were, 0 if there was nothing to do.
 *
 * Needs a READ COMMITTED transaction that may write; what it appends is
 * committed with that transaction or not at all.  Waits for another sealer,
 * and only one session waits for it.  Errors out (ERRCODE_SG_AUDIT_UNAVAILABLE)
 * where the stored tree is incomplete, as in the middle of a restore.
 *
 * The background worker passes must_stop.  The function then returns 0 where
 * another sealer is at work and where nothing is configured yet.  It calls
 * must_stop between two events; when that returns true, it seals the events it
 * has and sets *more.
 */
extern int64 sg_seal_once(bool (*must_stop) (void), bool *more);

#endif							/* SHARING_GUARD_SEAL_H */
