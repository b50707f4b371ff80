/*-------------------------------------------------------------------------
 *
 * reads.c
 *		Disclosures by reading: decided on, and on record, before the first
 *		row leaves.
 *
 * COPY and queries have this in common: rows leave while the statement runs,
 * whether or not its transaction commits, and they are not looked at one by
 * one. So the statement as a whole is decided on, and recorded by the audit
 * writer before it may begin; how many rows left is said when it has ended.
 *
 * The roles of the session tell the recipient.  A session that acts for a
 * bound role reads for that role's agency.  What the transaction has declared
 * comes on top of that and never in its place: a partner's login that names a
 * milder destination is decided on twice, and the stricter decision counts.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/relation.h"
#include "audit/review/overdue.h"
#include "base/errcodes.h"
#include "channel/guard/binding.h"
#include "channel/guard/context.h"
#include "channel/guard/decision.h"
#include "channel/guard/disclosure_event.h"
#include "channel/guard/decision_cache.h"
#include "channel/guard/lone_event.h"
#include "channel/read/reads.h"
#include "channel/guard/refusal.h"
#include "channel/read/search_values.h"
#include "base/inval.h"
#include "miscadmin.h"
#include "base/guc.h"
#include "policy/names/fold.h"
#include "policy/rules/policy.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/inval.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/rls.h"
#include "utils/syscache.h"
#include "utils/timestamp.h"

/*
 * A disclosure that has begun, and what tells it from the statement's others.
 * What was decided is in its event, so another decision is another disclosure.
 */
typedef struct BegunRead
{
	char		guard_id[37];
	char	   *destination;
	Outcome		outcome;
	Outcome		decided;		/* the modes not considered */
	bool		refused;		/* row-level security holds the rows back */
	bool		completed;		/* that it has ended is on record */
	TextSlice	elements;		/* as its event has them */
	int64		rows_before;	/* of the statement, that left before it */
	OpenDisclosure open;
} BegunRead;

/* What becomes of a disclosure that is let through. */
typedef enum DecidingFor
{
	DECIDING_ONLY,
	DECIDING_TO_BEGIN,			/* its event is written before the rows leave */
	DECIDING_TO_RECORD,			/* its event says all */
	DECIDING_TO_SUMMARIZE		/* its event begins a summary */
} DecidingFor;

/* A statement that is being decided on. */
typedef struct Deciding
{
	DecidingFor purpose;
	ReadStatement **statement;
	MemoryContext context;		/* the statement's */
	int64		rows_left;		/* that have left already; to record: that
								 * leave */
	DisclosureEnding ending;	/* to record */
	EventBatch *batch;			/* likewise */
	const char *shape;			/* to summarize: of the statements, and what
								 * is begun */
	OpenDisclosure *open;
	List	   *decided;		/* DecidedRead *: what is to be recorded */
	bool		unlisted;		/* the database is not: only the server log
								 * can have the record */
	TimestampTz holds_until;
} Deciding;

/* A disclosure that is let through, or whose rows the filter holds back. */
typedef struct DecidedRead
{
	const ReadRequest *request;
	Disclosure	disclosure;
	Verdict		verdict;
	bool		unlisted;
} DecidedRead;

/* The recipient of what is read. */
typedef struct Recipient
{
	TextSlice	destination;
	Channel		channel;
	const char *default_purpose;	/* where none was declared */
	bool		undeclared;		/* a COPY without a declared destination */
} Recipient;

/* Counts what may make a decision another one.  See sg_reads_init(). */
uint64		sg_reads_changes = 0;

static const char undeclared_reason[] =
"The rows were copied out without a declared destination.";
static const char unfiltered_reason[] =
"Row-level security does not apply to this reader, so rows that the policy blocks would not be held back.";

/*
 * The callbacks only count; they may come at almost any moment.
 *
 * Any relation and any role will do: to decide again costs little where nothing
 * has changed that is of any concern, since what it takes is cached.
 */
static void
relation_changed(Datum arg, Oid relid)
{
	sg_reads_changes++;
}

static void
role_changed(Datum arg, int cacheid, uint32 hashvalue)
{
	sg_reads_changes++;
}

/* Called once, at library load: each call would register other callbacks. */
void
sg_reads_init(void)
{
	sg_on_relation_change(relation_changed);
	CacheRegisterSyscacheCallback(AUTHOID, role_changed, (Datum) 0);
	CacheRegisterSyscacheCallback(AUTHMEMROLEMEM, role_changed, (Datum) 0);
}

static TextSlice
slice_of(const char *string)
{
	TextSlice	slice = {string, strlen(string)};

	return slice;
}

/* Copies what was declared, because it may be replaced while we wait. */
static TextSlice
declared_slice(const TextSlice *declared)
{
	TextSlice	slice = {NULL, 0};

	if (declared != NULL && sg_is_given(*declared))
	{
		slice.data = pnstrdup(declared->data, declared->len);
		slice.len = declared->len;
	}
	return slice;
}

static void
fill_disclosure(Disclosure *disclosure, const Guard *guard,
				const ReadRequest *request, const Recipient *recipient)
{
	const DeclaredContext *declared = sg_context_declared();

	memset(disclosure, 0, sizeof(*disclosure));
	disclosure->channel = recipient->channel;
	disclosure->operation = request->operation;
	disclosure->relation = guard->relation;
	disclosure->at = GetCurrentTimestamp();
	if (guard->data_class != NULL)
		disclosure->data_class = slice_of(guard->data_class);
	disclosure->destination = recipient->destination;
	disclosure->purpose = declared_slice(declared ? &declared->purpose : NULL);
	if (disclosure->purpose.data == NULL && recipient->default_purpose != NULL)
		disclosure->purpose = slice_of(recipient->default_purpose);
	disclosure->legal_basis =
		declared_slice(declared ? &declared->legal_basis : NULL);
	disclosure->case_number =
		declared_slice(declared ? &declared->case_number : NULL);
	disclosure->requesting_person =
		declared_slice(declared ? &declared->requesting_person : NULL);
	disclosure->on_behalf_of =
		declared_slice(declared ? &declared->on_behalf_of : NULL);
	disclosure->recipient_person =
		declared_slice(declared ? &declared->recipient_person : NULL);
	if (request->query_elements != NULL)
		disclosure->query_elements = request->query_elements(guard,
															 request->arg);
	else if (request->elements_lost)
		disclosure->query_elements =
			sg_search_values_not_known(guard->nquery_elements);
}

/* Has this disclosure begun in this statement? */
static BegunRead *
find_begun(ReadStatement *statement, const ReadRequest *request,
		   const Disclosure *disclosure)
{
	ListCell   *lc;

	if (statement == NULL)
		return NULL;
	foreach(lc, statement->begun)
	{
		BegunRead  *begun = lfirst(lc);

		if (strcmp(begun->guard_id, request->guard.guard_id) == 0 &&
			strlen(begun->destination) == disclosure->destination.len &&
			memcmp(begun->destination, disclosure->destination.data,
				   disclosure->destination.len) == 0)
			return begun;
	}
	return NULL;
}

/* How many rows of a statement have left by now, or ROWS_UNKNOWN. */
int64
sg_reads_rows(const ReadStatement *statement)
{
	if (statement->rows == ROWS_UNKNOWN || statement->more_rows == NULL)
		return statement->rows;
	return statement->rows + (int64) *statement->more_rows;
}

/* Says how a disclosure ended, when so many rows of its statement had left. */
static void
end_begun(const BegunRead *begun, int64 rows, DisclosureEnding ending)
{
	if (begun->refused || begun->completed)
		return;
	if (rows != ROWS_UNKNOWN)
		rows -= begun->rows_before;
	sg_writer_end(&begun->open, rows, 0, ending);
}

/*
 * The statement's memory goes: it is over.  Called while a transaction aborts
 * as well, so this may do nothing that can fail.
 */
static void
statement_gone(void *arg)
{
	ReadStatement *statement = arg;
	int64		rows = sg_reads_rows(statement);
	ListCell   *lc;

	foreach(lc, statement->begun)
		end_begun(lfirst(lc), rows,
				  statement->ended ? ENDING_COMPLETED : ENDING_FAILED);
}

/* Puts a disclosure on record; its rows may leave when this returns. */
static void
begin_disclosure(Deciding *deciding, const DecidedRead *read)
{
	ReadStatement **statement = deciding->statement;
	const Disclosure *disclosure = &read->disclosure;
	const Decision *decision = read->verdict.decision;
	Outcome		outcome = read->verdict.outcome;
	bool		refused = outcome == OUTCOME_BLOCK;
	BegunRead  *begun = find_begun(*statement, read->request, disclosure);
	MemoryContext oldcontext;

	if (begun != NULL && begun->refused == refused &&
		begun->outcome == outcome && begun->decided == decision->outcome)
		return;
	if (refused)
		(void) sg_lone_event_refused_read(decision, disclosure);

	/* Room first: what has begun must not be forgotten for want of memory. */
	oldcontext = MemoryContextSwitchTo(deciding->context);
	if (*statement == NULL)
	{
		ReadStatement *made = palloc0(sizeof(ReadStatement));

		made->callback.func = statement_gone;
		made->callback.arg = made;
		MemoryContextRegisterResetCallback(deciding->context, &made->callback);
		*statement = made;
	}
	if (begun == NULL)
	{
		begun = palloc0(sizeof(BegunRead));
		strlcpy(begun->guard_id, read->request->guard.guard_id,
				sizeof(begun->guard_id));
		begun->destination = pnstrdup(disclosure->destination.data,
									  disclosure->destination.len);
		begun->rows_before = deciding->rows_left;
		(*statement)->begun = lappend((*statement)->begun, begun);
	}
	else
	{
		end_begun(begun, deciding->rows_left, ENDING_COMPLETED);
		begun->rows_before = deciding->rows_left;
	}
	begun->refused = true;
	begun->outcome = outcome;
	begun->decided = decision->outcome;
	begun->elements.data = NULL;
	if (disclosure->query_elements.data != NULL)
		begun->elements.data = pnstrdup(disclosure->query_elements.data,
										disclosure->query_elements.len);
	begun->elements.len = disclosure->query_elements.len;
	MemoryContextSwitchTo(oldcontext);

	if (!refused)
	{
		DisclosureEvent event;

		sg_lone_event_of_read(&event, decision, outcome, disclosure);
		if (read->unlisted)
			sg_writer_begin_in_server_log(&event, "the database is not listed in sharing_guard.databases, so it can be recorded here alone",
										  &begun->open);
		else
			sg_writer_begin(&event, "the rows were about to be read",
							&begun->open);
		begun->refused = false;
	}
}

/* Adds a disclosure that is over to those that are put on record together. */
static void
record_disclosure(Deciding *deciding, const DecidedRead *read)
{
	DisclosureEvent event;

	if (read->verdict.outcome == OUTCOME_BLOCK)
	{
		(void) sg_lone_event_refused_read(read->verdict.decision,
										  &read->disclosure);
		return;
	}
	sg_lone_event_of_ended_read(&event, read->verdict.decision,
								read->verdict.outcome, &read->disclosure,
								deciding->rows_left, deciding->ending);
	sg_writer_batch_add(deciding->batch, (Event *) &event);
}

/*
 * A program cannot state a purpose for each statement, so a service is not
 * flagged for the lack of one.  That it may be done at all was decided.
 */
static void
begin_summary(Deciding *deciding, const DecidedRead *read)
{
	Decision	allowed = *read->verdict.decision;
	Disclosure	summary = read->disclosure;
	DisclosureEvent event;

	allowed.outcome = OUTCOME_ALLOW;
	allowed.nreasons = 0;
	allowed.nrules = 0;
	allowed.ntags = 0;
	allowed.nmatched_terms = 0;
	allowed.authority = NULL;
	summary.purpose = slice_of(psprintf("service, in summary: %s",
										deciding->shape));
	summary.query_elements = slice_of("not kept");
	sg_lone_event_of_read(&event, &allowed, OUTCOME_ALLOW, &summary);
	sg_writer_begin(&event, "a service was about to read", deciding->open);
}

/*
 * Adds to a verdict what is no matter of the policy.  Sets "filtered" where row
 * security holds back the rows that are refused.
 */
static void
consider_reading(Verdict *verdict, const ReadRequest *request,
				 const Recipient *recipient, bool *filtered)
{
	*filtered = false;
	if (recipient->undeclared)
	{
		bool		refuse = sg_read_guard_refuse_undeclared();

		sg_verdict_add(verdict, refuse ? OUTCOME_BLOCK : OUTCOME_FLAG,
					   undeclared_reason);
		if (refuse && verdict->ground == REFUSED_BY_POLICY)
			verdict->ground = REFUSED_UNDECLARED;
	}
	if (request->guard.filter_reads &&
		verdict->decision->destination_class != DESTINATION_SELF)
	{
		*filtered = check_enable_rls(request->relid, request->check_as_user,
									 true) == RLS_ENABLED;
		if (!*filtered && request->guard.is_export)
			sg_verdict_add(verdict, OUTCOME_BLOCK, unfiltered_reason);
	}

	/*
	 * The rows of an export table were decided on one by one when they were
	 * written, and with filter_reads are so again.  That another agency reads
	 * them now is shown to the auditor.
	 */
	if (request->guard.is_export && verdict->outcome == OUTCOME_BLOCK &&
		verdict->ground == REFUSED_BY_POLICY &&
		(*filtered || !request->guard.filter_reads))
		verdict->outcome = OUTCOME_FLAG;
}

/* Ends the statement: the read is refused. */
static void
refuse_read(const Deciding *deciding, const Verdict *verdict,
			const Disclosure *disclosure)
{
	char	   *event_id = sg_lone_event_refused_read(verdict->decision,
													  disclosure);

	sg_raise_refusal(verdict, disclosure, event_id,
					 psprintf("sharing policy refuses to let records of table %s be read",
							  disclosure->relation),
					 deciding->rows_left == 0 ||
					 deciding->purpose == DECIDING_TO_RECORD ?
					 "The statement was ended before any row left." :
					 psprintf("The statement was ended when " INT64_FORMAT " of its rows had left.",
							  deciding->rows_left),
					 NULL);
}

/*
 * Copies what the guard and the caches of decisions may free before it is
 * recorded, because another relation is decided on in between.
 */
static DecidedRead *
copy_decided(const ReadRequest *request, const Disclosure *disclosure,
			 const Verdict *verdict, bool unlisted)
{
	DecidedRead *read = palloc(sizeof(DecidedRead));

	read->request = request;
	read->disclosure = *disclosure;
	read->disclosure.relation = pstrdup(disclosure->relation);
	if (disclosure->data_class.data != NULL)
		read->disclosure.data_class.data =
			pnstrdup(disclosure->data_class.data, disclosure->data_class.len);
	read->verdict = *verdict;
	read->verdict.decision = sg_copy_decision(verdict->decision);
	read->unlisted = unlisted;
	return read;
}

/*
 * Decides on one relation for one recipient.  Errors out where it is refused;
 * else adds it to what is to be recorded.  Returns the agency it is read for,
 * as the registry knows it, or NULL.
 */
static const char *
disclose_to(Deciding *deciding, const ReadRequest *request, const Guard *guard,
			Recipient *recipient)
{
	Disclosure	disclosure;
	const CachedDecision *cached;
	Verdict		verdict;
	DecidedRead *read;
	bool		filtered;

	fill_disclosure(&disclosure, guard, request, recipient);
	cached = sg_decision_ask(guard, &disclosure);

	/* Declared to be for ourselves: so it is self access. */
	if (recipient->channel == CHANNEL_QUERY &&
		sg_decision_of(cached)->destination_class == DESTINATION_SELF)
	{
		recipient->channel = CHANNEL_SELF_ACCESS;
		disclosure.channel = CHANNEL_SELF_ACCESS;
		cached = sg_decision_ask(guard, &disclosure);
	}
	verdict = sg_decision_verdict(guard, cached);
	deciding->holds_until = Min(deciding->holds_until,
								verdict.decision->valid_until);
	if (sg_review_refuses_from() > disclosure.at)
		deciding->holds_until = Min(deciding->holds_until,
									sg_review_refuses_from());

	consider_reading(&verdict, request, recipient, &filtered);
	if (verdict.outcome == OUTCOME_BLOCK &&
		(!filtered || verdict.ground != REFUSED_BY_POLICY))
		refuse_read(deciding, &verdict, &disclosure);
	read = copy_decided(request, &disclosure, &verdict, deciding->unlisted);
	deciding->decided = lappend(deciding->decided, read);
	return read->verdict.decision->agency_id;
}

/*
 * A copy of a guarded database that is not listed has neither guards at work
 * nor a writer; it must not keep pg_dumpall from all others of the server.  A
 * superuser can take its rows by other ways, and a backup role is named for
 * it: these may read, and the server log has it.
 */
static bool
reads_unlisted(const RoleBinding *backup)
{
	return !sg_is_operational() &&
		(backup != NULL || superuser_arg(GetSessionUserId()));
}

/* Decides on one relation, for all those whom it is read for. */
static void
disclose(Deciding *deciding, const ReadRequest *request)
{
	const Oid	roles[] = {GetSessionUserId(), GetOuterUserId(), GetUserId(),
	request->check_as_user};
	List	   *bindings = sg_binding_agencies(roles, lengthof(roles));
	const DeclaredContext *declared = sg_context_declared();
	bool		is_declared = false;
	const RoleBinding *backup = NULL;
	bool		foreign = false;
	const char *declared_agency = NULL;
	const char *home;
	Relation	rel;
	const Guard *guard;
	Recipient	recipient = {{NULL, 0}, CHANNEL_QUERY, NULL, false};
	ListCell   *lc;

	if (declared != NULL)
		is_declared = sg_is_given(declared->destination);
	foreach(lc, bindings)
	{
		const RoleBinding *binding = lfirst(lc);

		if (binding->backup)
			backup = binding;
		else if (!binding->own)
			foreign = true;
	}

	/*
	 * Rows of export tables were recorded when they were written.  Our own
	 * people's queries are recorded only where that is asked for, and a
	 * statement of theirs that merely changes rows takes none out.  (A role
	 * that is to search without an event for each search, as a service does,
	 * would be let through here where the use is WRITE_COMPARES.)
	 */
	if (!foreign)
	{
		if (request->guard.is_export || request->use == WRITE_SILENT)
			return;
		if (!is_declared && request->channel != CHANNEL_COPY &&
			!request->guard.record_self_access && backup == NULL)
			return;
	}

	deciding->unlisted = !foreign && !is_declared && reads_unlisted(backup);
	if (!deciding->unlisted)
		sg_require_operational();
	home = pstrdup(sg_policy_home_agency_id(sg_policy_current()));
	rel = relation_open(request->relid, AccessShareLock);
	guard = sg_guard_lookup(rel, request->guard.guard_id);
	relation_close(rel, AccessShareLock);

	recipient.channel = request->channel;
	if (is_declared)
	{
		recipient.destination = declared_slice(&declared->destination);
		declared_agency = disclose_to(deciding, request, guard,
									  &recipient);
		if (declared_agency != NULL)
			declared_agency = pstrdup(declared_agency);
	}
	if (foreign)
	{
		foreach(lc, bindings)
		{
			const RoleBinding *binding = lfirst(lc);

			if (binding->backup || binding->own ||
				(declared_agency != NULL &&
				 strcmp(declared_agency, binding->agency_id) == 0))
				continue;
			recipient.channel = request->channel;
			recipient.destination = slice_of(binding->agency_id);
			(void) disclose_to(deciding, request, guard, &recipient);
		}
	}
	if (is_declared || foreign)
		return;

	if (backup != NULL)
	{
		recipient.destination = slice_of(backup->agency_id);
		recipient.default_purpose = "backup";
	}
	else
	{
		recipient.destination = slice_of(home);
		recipient.undeclared = request->channel == CHANNEL_COPY;
	}
	(void) disclose_to(deciding, request, guard, &recipient);
}

/* Puts on record what was decided, in the way that is asked for. */
static void
record_decided(Deciding *deciding)
{
	ListCell   *lc;

	if (deciding->purpose == DECIDING_ONLY || deciding->decided == NIL)
		return;
	if (deciding->purpose == DECIDING_TO_RECORD)
		deciding->batch = sg_writer_batch("the rows were about to be read");
	foreach(lc, deciding->decided)
	{
		const DecidedRead *read = lfirst(lc);

		if (deciding->purpose == DECIDING_TO_SUMMARIZE)
			begin_summary(deciding, read);
		else if (deciding->purpose == DECIDING_TO_RECORD)
			record_disclosure(deciding, read);
		else
			begin_disclosure(deciding, read);
	}
	if (deciding->purpose == DECIDING_TO_RECORD)
		sg_writer_batch_record(deciding->batch);
}

/*
 * Decides on all requests, and then puts all on record: all must be let through
 * before any is recorded as going out.  Returns whether there was anything to
 * record.
 */
static bool
decide(Deciding *deciding, List *requests)
{
	MemoryContext scratch = AllocSetContextCreate(CurrentMemoryContext,
												  "sharing_guard reads",
												  ALLOCSET_SMALL_SIZES);
	MemoryContext oldcontext = MemoryContextSwitchTo(scratch);
	bool		any;
	ListCell   *lc;

	deciding->holds_until = DT_NOEND;
	foreach(lc, requests)
		disclose(deciding, lfirst(lc));
	record_decided(deciding);
	any = deciding->decided != NIL;
	deciding->decided = NIL;
	MemoryContextSwitchTo(oldcontext);
	MemoryContextDelete(scratch);
	return any;
}

TimestampTz
sg_reads_begin(ReadStatement **statement, List *requests,
			   MemoryContext context, int64 rows_left)
{
	Deciding	deciding = {.purpose = DECIDING_TO_BEGIN};

	deciding.statement = statement;
	deciding.context = context;
	deciding.rows_left = rows_left;
	(void) decide(&deciding, requests);
	return deciding.holds_until;
}

TimestampTz
sg_reads_check(List *requests, int64 rows_left, bool *recorded)
{
	Deciding	deciding = {.purpose = DECIDING_ONLY};

	deciding.rows_left = rows_left;
	*recorded = decide(&deciding, requests) && !deciding.unlisted;
	return deciding.holds_until;
}

bool
sg_reads_summarize(ReadRequest *request, const char *shape,
				   OpenDisclosure *open)
{
	Deciding	deciding = {.purpose = DECIDING_TO_SUMMARIZE};
	ReadRequest without = *request;

	without.query_elements = NULL;
	deciding.shape = shape;
	deciding.open = open;
	return decide(&deciding, list_make1(&without));
}

void
sg_reads_record(List *requests, int64 rows, DisclosureEnding ending)
{
	Deciding	deciding = {.purpose = DECIDING_TO_RECORD};

	deciding.rows_left = rows;
	deciding.ending = ending;
	(void) decide(&deciding, requests);
}

/*
 * Where more is known by now of what a disclosure was searched by, it is
 * completed here: the writer would not know that.
 */
static void
complete_with_elements(BegunRead *begun, int64 rows, const TextSlice *elements)
{
	CompletionEvent event = {.type = EVENT_COMPLETION};
	RowColumn  *column = sg_rows_column(CurrentMemoryContext);

	sg_rows_append(column, elements);
	event.occurred_at = GetCurrentTimestamp();
	event.ending = sg_ending_name(ENDING_COMPLETED);
	event.rows_disclosed = ROWS_UNKNOWN;
	if (rows != ROWS_UNKNOWN)
		event.rows_disclosed = rows - begun->rows_before;
	event.rows.column[ROW_QUERY_ELEMENTS] = column;
	sg_writer_complete(&begun->open, &event, "the rows have been read");
	begun->completed = true;
}

void
sg_reads_end(ReadStatement *statement,
			 TextSlice (*elements) (const char *guard_id, void *arg), void *arg)
{
	int64		rows = sg_reads_rows(statement);
	ListCell   *lc;

	foreach(lc, statement->begun)
	{
		BegunRead  *begun = lfirst(lc);
		TextSlice	found = elements(begun->guard_id, arg);

		if (begun->refused || found.data == NULL ||
			(begun->elements.data != NULL && found.len == begun->elements.len &&
			 memcmp(found.data, begun->elements.data, found.len) == 0))
			continue;
		complete_with_elements(begun, rows, &found);
	}
	statement->ended = true;
}
