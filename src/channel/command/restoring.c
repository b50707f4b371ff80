/*-------------------------------------------------------------------------
 *
 * restoring.c
 *		Commands by which a dump is restored.
 *
 * A dump has the rights, publications and materialized views that were there
 * when it was made.  To decide on them again would lose what was lawful then,
 * and with it the other rights of the same command.  So they come back, are
 * recorded and flagged, and stand in the view exposure.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "miscadmin.h"

#include "channel/command/restoring.h"
#include "base/run_as_owner.h"

static void
look_up(void *arg)
{
	bool	   *going_on = arg;
	Oid			types[1] = {BOOLOID};
	Datum		values[1];
	bool		isnull;

	/* The login counts: a dump may be restored as the owners of its objects. */
	values[0] = BoolGetDatum(superuser_arg(GetAuthenticatedUserId()));
	if (SPI_execute_with_args("SELECT sharing_guard.restore_going_on($1)",
							  1, types, values, NULL, false, 1) == SPI_OK_SELECT &&
		SPI_processed == 1)
		*going_on = DatumGetBool(SPI_getbinval(SPI_tuptable->vals[0],
											   SPI_tuptable->tupdesc, 1, &isnull));
}

/*
 * The policy refuses this command: is it one that a restore consists of, and is
 * a restore going on?  Not asked for where nothing is refused.
 */
bool
sg_restores(Channel channel, const char *operation)
{
	bool		going_on = false;
	Oid			relid;

	if (channel != CHANNEL_GRANT && channel != CHANNEL_REPLICATION &&
		strcmp(operation, "REFRESH MATERIALIZED VIEW") != 0)
		return false;
	relid = sg_own_table("restore_window");
	if (OidIsValid(relid))
		sg_run_as_owner(relid, look_up, &going_on);
	return going_on;
}
