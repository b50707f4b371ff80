# A foreign table as an export table: another server cannot commit together
# with us, so that rows leave is recorded before the first does, and how many
# when the statement is over, also if the transaction is rolled back.

use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use SharingGuard;

my $node = guarded_node('main', databases => [ 'guarded', 'county' ]);
set_up_policy($node);
$node->safe_psql('county', q{
	CREATE TABLE received (id int PRIMARY KEY, dest text, why text);
	CREATE TABLE received_2 (LIKE received)});
my $port = $node->port;
my $host = $node->host;
$node->safe_psql('guarded', qq{
	CREATE EXTENSION postgres_fdw;
	CREATE SERVER county FOREIGN DATA WRAPPER postgres_fdw
		OPTIONS (host '$host', port '$port', dbname 'county');
	CREATE USER MAPPING FOR CURRENT_USER SERVER county;
	CREATE FOREIGN TABLE outbox (id int NOT NULL, dest text, why text)
		SERVER county OPTIONS (table_name 'received');
	SELECT sharing_guard.protect_export('outbox', destination => 'dest', purpose => 'why',
		record_key => 'id', data_class => 'rms', mode => 'enforce')});

sub events
{
	return $node->safe_psql('guarded', q{
		SELECT string_agg(concat_ws(' ', channel, operation, agency_id, outcome, ending,
			rows_disclosed, rows_blocked), '; ' ORDER BY event_id)
		FROM sharing_guard.audit WHERE occurred_at > } . "'$_[0]'");
}
sub now { return $node->safe_psql('guarded', 'SELECT clock_timestamp()') }
sub received { return $node->safe_psql('county', 'SELECT count(*) FROM received') }

my $start = now();
$node->safe_psql('guarded', q{
	INSERT INTO outbox SELECT i, CASE i % 2 WHEN 0 THEN 'oakdale-pd' ELSE 'cedar' END, 'theft ' || i
	FROM generate_series(2, 200, 2) i});
is(received(), '100', 'rows arrive');
is(events($start), 'foreign_table INSERT oakdale-pd allow completed 100 0', 'one event, completed, with their number');
is($node->safe_psql('guarded', q{
		SELECT count(*), count(DISTINCT record_key), count(DISTINCT purpose), sum(rows_disclosed)
		FROM sharing_guard.audit_rows WHERE channel = 'foreign_table'}),
	'100|100|100|100', 'and row by row, with what each was for');

# The intent is there while the rows are on their way, seen by others.
$start = now();
my $session = $node->background_psql('guarded');
$session->query_safe('BEGIN');
$session->query_safe(q{INSERT INTO outbox VALUES (301, 'oakdale-pd', 'theft')});
is(events($start), 'foreign_table INSERT oakdale-pd allow completed 1 0',
	'durable at the end of the statement, before the transaction ends');
$session->query_safe('ROLLBACK');
is(events($start), 'foreign_table INSERT oakdale-pd allow completed 1 0', 'and it outlives the rollback');
$session->quit;

# A statement that fails on its way: how many rows had been sent.
$start = now();
$node->psql('guarded', q{
	INSERT INTO outbox SELECT CASE WHEN i < 5 THEN 400 + i ELSE 1 / (5 - i) END, 'oakdale-pd', 'theft'
	FROM generate_series(1, 5) i});
$node->poll_query_until('guarded', "SELECT ending <> 'open' FROM sharing_guard.audit WHERE occurred_at > '$start'");
is(events($start), 'foreign_table INSERT oakdale-pd allow failed 4 0',
	'a statement that fails: the rows that had been sent are counted');

# The same where another export table's statement begins and ends in its midst.
$node->safe_psql('guarded', q{
	CREATE TABLE nearby (id serial PRIMARY KEY, dest text);
	SELECT sharing_guard.protect_export('nearby', destination => 'dest', data_class => 'rms', on_block => 'skip_row', mode => 'enforce');
	CREATE FUNCTION note(OUT why text) LANGUAGE plpgsql AS $$
	BEGIN INSERT INTO nearby (dest) VALUES ('oakdale-pd'); why := 'theft'; END $$});
$start = now();
$node->psql('guarded', q{
	INSERT INTO outbox SELECT 450 + i, 'oakdale-pd', CASE WHEN i < 5 THEN note() ELSE (1 / (5 - i))::text END
	FROM generate_series(1, 5) i});
$node->poll_query_until('guarded', "SELECT bool_and(ending <> 'open') FROM sharing_guard.audit WHERE occurred_at > '$start'");
is(events($start), 'foreign_table INSERT oakdale-pd allow failed 4 0',
	'a statement within it does not end it');

# The same where that statement writes to the same table: what the outer one has
# sent by then is not over.
$node->safe_psql('guarded', q{
	CREATE FUNCTION send_more(n int) RETURNS text LANGUAGE plpgsql AS $$
	BEGIN INSERT INTO outbox VALUES (n, 'oakdale-pd', 'theft'); RETURN 'theft'; END $$});
$start = now();
$node->psql('guarded', q{
	INSERT INTO outbox SELECT 460 + i, 'oakdale-pd', CASE i WHEN 4 THEN send_more(469) WHEN 5 THEN (1 / (5 - i))::text ELSE 'theft' END
	FROM generate_series(1, 5) i});
$node->poll_query_until('guarded', "SELECT bool_and(ending <> 'open') FROM sharing_guard.audit WHERE occurred_at > '$start'");
is($node->safe_psql('guarded', "SELECT sum(rows_disclosed) FROM sharing_guard.audit WHERE occurred_at > '$start'"), '5',
	'nor does one that writes to the same table: all rows that had been sent are counted');
$start = now();
$node->safe_psql('guarded', q{
	INSERT INTO outbox SELECT 460 + i, 'oakdale-pd', CASE i WHEN 4 THEN send_more(469) ELSE 'theft' END
	FROM generate_series(1, 5) i});
is($node->safe_psql('guarded', qq{
		SELECT string_agg(record_key, ' ' ORDER BY record_key) FROM sharing_guard.audit_rows WHERE occurred_at > '$start'}),
	'461 462 463 464 465 469', 'and each is recorded once where none fails');
is($node->safe_psql('guarded', "SELECT sum(rows_disclosed) || ' ' || string_agg(DISTINCT ending, ',') FROM sharing_guard.audit WHERE occurred_at > '$start'"),
	'6 completed', 'with their number');

# Nor does one that writes to a partitioned table, of whatever kind.
$node->safe_psql('guarded', q{
	CREATE TABLE diary (id serial) PARTITION BY RANGE (id);
	CREATE TABLE diary_1 PARTITION OF diary DEFAULT;
	CREATE FUNCTION write_diary() RETURNS text LANGUAGE plpgsql AS $$
	BEGIN INSERT INTO diary DEFAULT VALUES; RETURN 'theft'; END $$});
$start = now();
$node->psql('guarded', q{
	INSERT INTO outbox SELECT 465 + i, 'oakdale-pd', CASE WHEN i < 4 THEN write_diary() ELSE (1 / (4 - i))::text END
	FROM generate_series(1, 4) i});
$node->poll_query_until('guarded', "SELECT bool_and(ending <> 'open') FROM sharing_guard.audit WHERE occurred_at > '$start'");
is(events($start), 'foreign_table INSERT oakdale-pd allow failed 3 0', 'nor does one that writes to a partitioned table');

# Nor do subtransactions in its midst that write to an export table themselves.
$node->safe_psql('guarded', q{
	CREATE FUNCTION note_safely(OUT why text) LANGUAGE plpgsql AS $$
	BEGIN INSERT INTO nearby (dest) VALUES ('oakdale-pd'); why := 'theft';
	EXCEPTION WHEN division_by_zero THEN NULL; END $$});
for my $end ('COMMIT', 'ROLLBACK')
{
	$start = now();
	$node->safe_psql('guarded', qq{
		BEGIN;
		INSERT INTO outbox SELECT 480 + i, 'oakdale-pd', note_safely() FROM generate_series(1, 4) i;
		$end});
	is($node->safe_psql('guarded', qq{
			SELECT string_agg(ending || ' ' || rows_disclosed, ', ') FROM sharing_guard.audit
			WHERE occurred_at > '$start' AND channel = 'foreign_table'}),
		'completed 4', "one event where subtransactions come between, $end");
	$node->safe_psql('county', 'DELETE FROM received WHERE id BETWEEN 481 AND 484');
}

# Recording fails for one of two destinations, once, in a statement within another
# that swallows the error: what was recorded by then is not recorded again at the
# outer one's end, and what was not is.
$node->safe_psql('guarded', q{
	CREATE SEQUENCE trouble;
	CREATE FUNCTION make_trouble() RETURNS trigger LANGUAGE plpgsql AS $$
	BEGIN
		IF (SELECT last_value FROM public.trouble) = 3 THEN RAISE 'trouble'; END IF;
		PERFORM nextval('public.trouble');
		RETURN NEW;
	END $$;
	CREATE TRIGGER trouble BEFORE INSERT ON sharing_guard.event
		FOR EACH ROW WHEN (NEW.kind = 'completion' OR (NEW.channel = 'foreign_table' AND NEW.rows_disclosed > 0))
		EXECUTE FUNCTION make_trouble();
	CREATE FUNCTION send_another() RETURNS trigger LANGUAGE plpgsql AS $$
	BEGIN
		INSERT INTO outbox VALUES (490, 'oakdale-pd', 'theft');
		RETURN NULL;
	EXCEPTION WHEN sqlstate 'SG003' THEN
		PERFORM setval('trouble', 10);
		RETURN NULL;
	END $$;
	CREATE TRIGGER zz_another AFTER INSERT ON outbox
		FOR EACH ROW WHEN (NEW.id = 474) EXECUTE FUNCTION send_another()});
$start = now();
$node->safe_psql('guarded', q{
	BEGIN;
	SELECT setval('trouble', 1, true);
	INSERT INTO outbox SELECT 470 + i, CASE i % 2 WHEN 0 THEN 'oakdale-pd' ELSE 'Oakdale Police Department' END, 'theft'
	FROM generate_series(1, 8) i;
	COMMIT});
is($node->safe_psql('guarded', 'SELECT last_value FROM trouble WHERE last_value > 10'), '12',
	'recording failed, and then no more');
is($node->safe_psql('guarded', qq{
		SELECT string_agg(record_key, ' ' ORDER BY record_key) FROM sharing_guard.audit_rows
		WHERE occurred_at > '$start' AND record_key BETWEEN '471' AND '478'}),
	'471 472 473 474 475 476 477 478', 'recorded half way: each row that was sent is recorded once');
$node->safe_psql('guarded', q{
	DROP TRIGGER trouble ON sharing_guard.event;
	DROP TRIGGER zz_another ON outbox});

# Refused before it leaves.
$start = now();
my $before = received();
like(error_of($node, 'guarded', q{INSERT INTO outbox VALUES (500, 'elsewhere-pd', 'theft')}),
	qr/SG001/, 'a refused row is refused');
is(received(), $before, 'before it leaves');
is(events($start), 'foreign_table INSERT block 0 1', 'and recorded');

# UPDATE, and COPY.
$start = now();
$node->safe_psql('guarded', q{UPDATE outbox SET why = 'burglary' WHERE id = 2});
$node->safe_psql('guarded', "COPY outbox FROM stdin;\n601\toakdale-pd\ttheft\n602\toakdale-pd\ttheft\n\\.\n");
is(events($start), 'foreign_table UPDATE oakdale-pd allow completed 1 0; foreign_table INSERT oakdale-pd allow completed 2 0',
	'UPDATE and COPY FROM');

# skip_row, and a partition that is a foreign table.
$node->safe_psql('guarded', q{
	CREATE TABLE feed (id int NOT NULL, dest text, why text) PARTITION BY RANGE (id);
	CREATE TABLE feed_here PARTITION OF feed FOR VALUES FROM (1) TO (1000);
	CREATE FOREIGN TABLE feed_there PARTITION OF feed FOR VALUES FROM (1000) TO (2000)
		SERVER county OPTIONS (table_name 'received_2');
	SELECT sharing_guard.protect_export('feed', destination => 'dest', purpose => 'why',
		record_key => 'id', data_class => 'rms', mode => 'enforce')});
is($node->safe_psql('guarded', q{SELECT string_agg(t.relation || ' ' || t.trigger, ', ') FROM sharing_guard.guard g, sharing_guard.guard_defects(g.guard_id) t}),
	'', 'every trigger is where it must be');
for my $on_block ('error', 'skip_row')
{
	$node->safe_psql('guarded', qq{
		SELECT sharing_guard.protect_export('feed', destination => 'dest', purpose => 'why',
			record_key => 'id', data_class => 'rms', on_block => '$on_block', mode => 'enforce')});
	my $offset = $on_block eq 'error' ? 0 : 10;
	$start = now();
	$node->safe_psql('guarded', qq{
		INSERT INTO feed VALUES (1 + $offset, 'oakdale-pd', 'theft'), (1001 + $offset, 'oakdale-pd', 'theft')});
	is($node->safe_psql('guarded', qq{
			SELECT string_agg(concat_ws(' ', relation, channel, ending, record_key), '; ' ORDER BY length(record_key))
			FROM sharing_guard.audit_rows WHERE occurred_at > '$start'}),
		'public.feed export_row ' . (1 + $offset) . '; public.feed foreign_table completed ' . (1001 + $offset),
		"a table with a foreign partition, on_block $on_block: each row in its own way");
	my $refused = $node->psql('guarded', qq{
		INSERT INTO feed VALUES (1002 + $offset, 'elsewhere-pd', 'theft')});
	is($node->safe_psql('county', "SELECT count(*) FROM received_2 WHERE id = 1002 + $offset"), '0',
		'a refused row does not leave');
	is($node->safe_psql('guarded', q{SELECT string_agg(t.relation || ' ' || t.trigger, ', ') FROM sharing_guard.guard g, sharing_guard.guard_defects(g.guard_id) t}),
		'', 'every trigger is where it must be');
}

# The session dies while rows are on their way.
$start = now();
$session = $node->background_psql('guarded', on_error_stop => 0);
my $pid = $session->query_safe('SELECT pg_backend_pid()');
$session->query_until(qr/going/, "\\echo going\nINSERT INTO outbox SELECT 700 + i, 'oakdale-pd', 'theft' || pg_sleep(0.5) FROM generate_series(1, 40) i;\n");
$node->poll_query_until('guarded', "SELECT EXISTS (SELECT FROM sharing_guard.audit WHERE occurred_at > '$start' AND ending = 'open')");
$node->stop('immediate');
eval { $session->{run}->kill_kill };
$node->start;
$node->poll_query_until('guarded', "SELECT ending = 'unfinished' FROM sharing_guard.audit WHERE occurred_at > '$start'");
is(events($start), 'foreign_table INSERT oakdale-pd allow unfinished',
	'a session that died: closed as unfinished, count unknown');

done_testing();
