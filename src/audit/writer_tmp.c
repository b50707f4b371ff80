#include "postgres.h"
#include "audit/writer.h"
#include "utils/uuid.h"
void sg_writer_record_disclosure(const DisclosureEvent *event, const char *why) { sg_event_to_server_log(event, why); }
void sg_writer_record_change(const ChangeEvent *event, const char *why) { ereport(LOG_SERVER_ONLY, (errmsg("sharing_guard attempt: %s %s %s", event->operation, event->relation ? event->relation : "", event->key ? event->key : ""))); }
void sg_writer_begin(const DisclosureEvent *intent, const char *why, OpenDisclosure *open) { sg_event_to_server_log(intent, why); open->place = -1; }
void sg_writer_end(const OpenDisclosure *open, int64 d, int64 b, DisclosureEnding e) {}
