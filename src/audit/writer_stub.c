/* Stands in for writer.c until that is there. */
#include "postgres.h"
#include "audit/writer.h"

void
sg_writer_record_disclosure(const DisclosureEvent *event, const char *why)
{
	sg_event_to_server_log(event, why);
}

void
sg_writer_begin(const DisclosureEvent *intent, const char *why,
				OpenDisclosure * open)
{
	EventWriter *writer = sg_event_writer_open();

	open->place = 0;
	open->event_id = intent->event_id;
	sg_event_write_disclosure(writer, intent);
	sg_event_writer_close(writer);
}

void
sg_writer_end(const OpenDisclosure * open, int64 rows_disclosed,
			  int64 rows_blocked, DisclosureEnding ending)
{
	ereport(LOG, (errmsg("end: %lld rows, %d", (long long) rows_disclosed, (int) ending)));
}
