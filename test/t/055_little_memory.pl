# (This one takes long: only in check-world.)
# Rows are written in the midst of statements when memory runs out: whatever
# subtransactions, skipped rows and other servers come between, each is recorded
# once, and what one subtransaction has used is there for the next.

use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use SharingGuard;

my $node = guarded_node('main', databases => [ 'guarded', 'county' ],
	conf => "sharing_guard.pending_memory = '8MB'\nmax_wal_size = '4GB'");
set_up_policy($node);
$node->safe_psql('guarded', q{
	CREATE TABLE feed (id int PRIMARY KEY, dest text, why text, officer text);
	SELECT sharing_guard.protect_export('feed', destination => 'dest', purpose => 'why',
		requesting_person => 'officer', data_class => 'rms', mode => 'enforce');
	CREATE TABLE skipping (id int NOT NULL, dest text, why text);
	SELECT sharing_guard.protect_export('skipping', destination => 'dest', purpose => 'why',
		record_key => 'id', data_class => 'alpr', on_block => 'skip_row', mode => 'enforce')});

# Many subtransactions, each of which ends when its rows have just been written.
my $bytes = $node->safe_psql('guarded', q{
	CREATE TABLE memory (bytes bigint);
	CREATE SEQUENCE ids;
	DO $$
	DECLARE
		events bigint;
	BEGIN
		FOR i IN 1..20 LOOP
			BEGIN
				SELECT count(*) INTO events FROM sharing_guard.event;
				LOOP
					INSERT INTO feed SELECT id, 'oakdale-pd', 'theft ' || id || repeat(' and arson', 40)
					FROM (SELECT nextval('ids') AS id FROM generate_series(1, 20)) s;
					EXIT WHEN (SELECT count(*) FROM sharing_guard.event) > events;
				END LOOP;
			EXCEPTION WHEN division_by_zero THEN NULL;
			END;
		END LOOP;
		INSERT INTO memory SELECT sum(total_bytes) FROM pg_backend_memory_contexts
		WHERE name LIKE 'sharing_guard gathered%';
	END $$;
	SELECT bytes FROM memory});
note "after 20 subtransactions: $bytes bytes";
cmp_ok($bytes, '<', 24 * 1024 * 1024, 'subtransactions give back what they used');

# From here on with the least there is.
$node->append_conf('postgresql.conf', "sharing_guard.pending_memory = '1MB'");
$node->reload;
$node->poll_query_until('guarded', q{SELECT current_setting('sharing_guard.pending_memory') = '1MB'});

# A tree of subtransactions, of which some are undone; what comes in which is
# made up, but always the same.
$node->safe_psql('guarded', q{
	SELECT setval('ids', 1000000);
	CREATE FUNCTION churn(depth int) RETURNS void LANGUAGE plpgsql AS $$
	BEGIN
		FOR i IN 1..4 LOOP
			BEGIN
				INSERT INTO feed SELECT nextval('ids'), CASE WHEN random() < 0.5 THEN 'springs-pd' ELSE 'oakdale-pd' END,
					CASE WHEN random() < 0.9 THEN 'case ' || (random() * 20)::int || repeat(' theft', (random() * 300)::int) END,
					CASE WHEN random() < 0.5 THEN 'officer ' || (random() * 3)::int END
				FROM generate_series(1, (random() * 300)::int);
				IF random() < 0.3 THEN
					INSERT INTO skipping SELECT nextval('ids'), CASE WHEN random() < 0.5 THEN 'springs-pd' ELSE 'oakdale-pd' END,
						'theft' || repeat(' of a car', (random() * 100)::int)
					FROM generate_series(1, (random() * 300)::int);
				END IF;
				IF depth < 4 THEN PERFORM churn(depth + 1); END IF;
				IF random() < 0.25 THEN RAISE EXCEPTION 'undone'; END IF;
			EXCEPTION WHEN raise_exception THEN NULL;
			END;
		END LOOP;
	END $$});
for my $seed (1 .. 3)
{
	$node->safe_psql('guarded', qq{
		SET client_min_messages = error;
		BEGIN; SELECT setseed(0.$seed); SELECT churn(1); COMMIT});
	is($node->safe_psql('guarded', q{
		WITH recorded AS (SELECT relation, record_key, destination, purpose, requesting_person
			FROM sharing_guard.audit_rows WHERE outcome <> 'block'),
		written AS (SELECT 'public.feed', id::text, dest, why, officer FROM feed
			UNION ALL SELECT 'public.skipping', id::text, dest, why, NULL FROM skipping)
		SELECT (SELECT count(*) FROM (TABLE written EXCEPT ALL TABLE recorded) m) || ' ' ||
			(SELECT count(*) FROM (TABLE recorded EXCEPT ALL TABLE written) s) || ' ' ||
			(SELECT count(*) FROM feed WHERE id >= 1000000) / greatest((SELECT count(*) FROM feed WHERE id >= 1000000), 1)}),
		'0 0 1', 'a tree of subtransactions: none is missing, none is there twice');
	is($node->safe_psql('guarded', q{
		SELECT count(*) - count(DISTINCT record_key) FROM sharing_guard.audit_rows WHERE outcome = 'block'}),
		'0', 'and what was skipped is recorded once');
}

# Rows that go to another server: those that were recorded before the statement
# failed are not counted again in what is said of its end.
$node->safe_psql('county', 'CREATE TABLE received (id int, dest text, why text)');
my ($host, $port) = ($node->host, $node->port);
$node->safe_psql('guarded', qq{
	CREATE EXTENSION postgres_fdw;
	CREATE SERVER county FOREIGN DATA WRAPPER postgres_fdw
		OPTIONS (host '$host', port '$port', dbname 'county');
	CREATE USER MAPPING FOR CURRENT_USER SERVER county;
	CREATE FOREIGN TABLE outbox (id int NOT NULL, dest text, why text)
		SERVER county OPTIONS (table_name 'received', batch_size '100');
	SELECT sharing_guard.protect_export('outbox', destination => 'dest', purpose => 'why',
		record_key => 'id', data_class => 'rms', mode => 'enforce');
	CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE division_by_zero; END';
	CREATE TRIGGER zzz_fail AFTER INSERT ON outbox FOR EACH ROW WHEN (NEW.id = 6000) EXECUTE FUNCTION fail()});
for my $rows (5000, 6000)
{
	my $start = $node->safe_psql('guarded', 'SELECT clock_timestamp()');

	$node->psql('guarded', qq{
		INSERT INTO outbox SELECT n, 'oakdale-pd', 'theft ' || n || repeat(' and arson', 40)
		FROM generate_series(1, $rows) n});
	$node->poll_query_until('guarded', qq{
		SELECT count(*) = 0 FROM sharing_guard.audit WHERE occurred_at > '$start' AND ending = 'open'});
	is($node->safe_psql('guarded', qq{
		SELECT sum(rows_disclosed) || ' ' || string_agg(ending, ' ') FROM sharing_guard.audit WHERE occurred_at > '$start'}),
		$rows . ($rows == 6000 ? ' failed' : ' completed'), 'rows for another server are counted once');
}

# The same where a subtransaction comes in the statement's midst: the memory of
# what is being sent stays within bounds.
$node->safe_psql('guarded', q{
	TRUNCATE memory;
	CREATE FUNCTION send_within() RETURNS text LANGUAGE plpgsql AS $$
	BEGIN
		INSERT INTO feed VALUES (nextval('ids'), 'oakdale-pd', 'theft');
		RETURN 'theft';
	EXCEPTION WHEN division_by_zero THEN RETURN NULL;
	END $$;
	CREATE FUNCTION measure() RETURNS trigger LANGUAGE plpgsql AS $$
	BEGIN
		INSERT INTO memory SELECT sum(total_bytes) FROM pg_backend_memory_contexts
		WHERE name LIKE 'sharing_guard gathered%';
		RETURN NULL;
	END $$;
	CREATE TRIGGER zzz_measure AFTER INSERT ON outbox FOR EACH ROW WHEN (NEW.id IN (17000, 17999)) EXECUTE FUNCTION measure()});
my $within = $node->safe_psql('guarded', 'SELECT clock_timestamp()');
$node->safe_psql('guarded', q{
	INSERT INTO outbox SELECT n, 'oakdale-pd',
		CASE n WHEN 10005 THEN send_within() ELSE 'theft ' || n || repeat(' and arson', 100) END
	FROM generate_series(10001, 18000) n});
$bytes = $node->safe_psql('guarded', 'SELECT max(bytes) FROM memory');
note "with a subtransaction within: $bytes bytes";
cmp_ok($bytes, '<', 3 * 1024 * 1024, 'what is being sent takes no more where a subtransaction comes between');
is($node->safe_psql('guarded', qq{
		SELECT count(*) || ' ' || count(DISTINCT record_key) FROM sharing_guard.audit_rows
		WHERE occurred_at > '$within' AND channel = 'foreign_table'}),
	'8000 8000', 'and each row is recorded once');

done_testing();
