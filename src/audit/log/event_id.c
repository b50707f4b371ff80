/*-------------------------------------------------------------------------
 *
 * event_id.c
 *		Identifiers of events: made, and as text.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "datatype/timestamp.h"
#include "miscadmin.h"
#include "utils/datetime.h"

#include "audit/log/event_id.h"
#include "base/errcodes.h"

/* Random bits are fetched for so many ids at once: a call costs more. */
#define RANDOM_BATCH 128

/*
 * 64 random bits, and strong ones: a refused client is told the id of its
 * event, and must not be able to work out those of others from it.
 *
 * Errors out where the system has none to give: no id, no event, no
 * disclosure.
 */
static uint64
random_bits(void)
{
	static uint64 batch[RANDOM_BATCH];
	static int	left = 0;

	if (left == 0)
	{
		if (!pg_strong_random(batch, sizeof(batch)))
			ereport(ERROR,
					(errcode(ERRCODE_SG_AUDIT_UNAVAILABLE),
					 errmsg("could not generate random values"),
					 errdetail("The audit event needs an identifier, and without the event nothing is disclosed."),
					 errhint("Try again; if this persists, the operating system's source of randomness has failed.")));
		left = RANDOM_BATCH;
	}
	return batch[--left];
}

/*
 * A new event id, for something that happened at this time.
 *
 * Made here and not by a sequence: an event has its id before anything is
 * written, so a refusal can quote it.  In the order of time, so that the log's
 * index grows at its end.
 *
 * RFC 9562, section 5.7: 48 bits of Unix milliseconds, the version, 12 bits,
 * the variant, 62 random bits.  The 12 bits are the fraction of the
 * millisecond (section 6.2, method 3), so that 60 bits are one clock that
 * ticks about four times in a microsecond.
 */
void
sg_event_new_id(pg_uuid_t *id, TimestampTz at)
{
	static uint64 last = 0;
	int64		unix_us;
	uint64		clock;
	uint64		random;

	unix_us = at + (int64) (POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE) *
		USECS_PER_DAY;
	unix_us = Max(unix_us, 0);
	clock = ((uint64) (unix_us / 1000)) << 12 |
		((uint64) (unix_us % 1000)) * 4096 / 1000;

	/*
	 * Two events in one tick, or a clock that was set back: count on from the
	 * last id rather than return to where we were.
	 */
	if (clock <= last)
		clock = last + 1;
	last = clock;

	random = random_bits();

	/* Big-endian, the version in front of the low 12 bits of the clock. */
	for (int i = 0; i < 6; i++)
		id->data[i] = (unsigned char) (clock >> (52 - 8 * i));
	id->data[6] = 0x70 | ((clock >> 8) & 0x0F);
	id->data[7] = clock & 0xFF;
	memcpy(&id->data[8], &random, 8);
	id->data[8] = 0x80 | (id->data[8] & 0x3F);
}

/*
 * Returns an id as uuid_out() writes it, palloc'd, and also outside of a
 * function call.
 */
char *
sg_event_id_text(const pg_uuid_t *id)
{
	static const char digits[] = "0123456789abcdef";
	char	   *text = palloc(2 * UUID_LEN + 4 + 1);
	char	   *p = text;

	for (int i = 0; i < UUID_LEN; i++)
	{
		if (i == 4 || i == 6 || i == 8 || i == 10)
			*p++ = '-';
		*p++ = digits[id->data[i] >> 4];
		*p++ = digits[id->data[i] & 0x0F];
	}
	*p = '\0';
	return text;
}
