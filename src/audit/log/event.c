/*-------------------------------------------------------------------------
 *
 * event.c
 *		What an event is.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "audit/log/event.h"

const char *
sg_ending_name(DisclosureEnding ending)
{
	switch (ending)
	{
		case ENDING_COMPLETED:
			return "completed";
		case ENDING_FAILED:
			return "failed";
		case ENDING_UNFINISHED:
			break;
	}
	return "unfinished";
}
