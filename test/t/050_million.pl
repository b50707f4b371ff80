# A million rows in one statement: every key is in the audit, and our memory is
# bounded by a setting, not by the number of rows.

use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use SharingGuard;

my $rows = $ENV{SG_TEST_ROWS} // 1_000_000;
my $node = guarded_node('main', conf => "sharing_guard.pending_memory = '4MB'\nmax_wal_size = '4GB'");
set_up_policy($node);
$node->safe_psql('guarded', q{
	INSERT INTO sharing_guard.agency (agency_id, name, jurisdiction, level, kind, status, attested_on)
	SELECT 'pd-' || i, 'Town ' || i || ' Police', 'US-CA', 'local', 'police', 'active', '2020-01-01'
	FROM generate_series(1, 1000) i;
	CREATE TABLE queue (id bigint PRIMARY KEY, dest text, why text);
	SELECT sharing_guard.protect_export('queue', destination => 'dest', purpose => 'why', data_class => 'rms', mode => 'enforce');
	CREATE TABLE loop_queue (id bigint PRIMARY KEY, dest text, why text);
	SELECT sharing_guard.protect_export('loop_queue', destination => 'dest', purpose => 'why', data_class => 'rms', mode => 'enforce')});

# What our contexts hold, at their largest, is read in the session itself by a
# trigger that fires after ours, every 50,000 rows.
$node->safe_psql('guarded', q{
	CREATE TABLE peak (bytes bigint);
	CREATE FUNCTION note_memory() RETURNS trigger LANGUAGE plpgsql AS $$
	BEGIN
		INSERT INTO peak SELECT sum(total_bytes) FROM pg_backend_memory_contexts
		WHERE name LIKE 'sharing_guard%';
		RETURN NULL;
	END $$;
	CREATE TRIGGER zzz_note AFTER INSERT ON queue FOR EACH ROW
		WHEN (NEW.id % 50000 = 0) EXECUTE FUNCTION note_memory();
	CREATE TRIGGER zzz_note AFTER INSERT ON loop_queue FOR EACH ROW
		WHEN (NEW.id % 5000 = 0) EXECUTE FUNCTION note_memory()});

$node->safe_psql('guarded', qq{
	INSERT INTO queue
	SELECT i, 'pd-' || (1 + i % 1000), (ARRAY['theft','arson','fraud','robbery','assault'])[1 + i % 5]
	FROM generate_series(1, $rows) i});
is($node->safe_psql('guarded', 'SELECT sum(rows_disclosed) FROM sharing_guard.audit'), $rows,
	'the events count every row');
is( $node->safe_psql('guarded', q{
		SELECT count(*) FROM
		(SELECT id::text, dest, why FROM queue EXCEPT ALL
		 SELECT record_key, destination, purpose FROM sharing_guard.audit_rows) d}),
	'0', 'every row is in the audit, with its destination and purpose');
is( $node->safe_psql('guarded', q{
		SELECT count(*) FROM
		(SELECT record_key, destination, purpose FROM sharing_guard.audit_rows EXCEPT ALL
		 SELECT id::text, dest, why FROM queue) d}),
	'0', 'and nothing else is');
my $peak = $node->safe_psql('guarded', 'SELECT max(bytes) FROM peak');
note "peak of our memory contexts: $peak bytes";
cmp_ok($peak, '<', 12 * 1024 * 1024, 'our memory stays near the setting');
note 'events: ' . $node->safe_psql('guarded', 'SELECT count(*) FROM sharing_guard.audit');

# The same row by row, each in its own subtransaction, every third aborted.
$node->safe_psql('guarded', q{
	TRUNCATE peak;
	DO $$
	BEGIN
		FOR i IN 1 .. 60000 LOOP
			BEGIN
				INSERT INTO loop_queue VALUES (i, 'pd-' || (1 + i % 1000), 'theft');
				IF i % 3 = 0 THEN RAISE EXCEPTION 'no'; END IF;
			EXCEPTION WHEN raise_exception THEN NULL;
			END;
		END LOOP;
	END $$});
is( $node->safe_psql('guarded', q{
		SELECT count(*) FROM loop_queue FULL JOIN
			(SELECT record_key FROM sharing_guard.audit_rows WHERE relation = 'public.loop_queue') a
			ON a.record_key = loop_queue.id::text
		WHERE id IS NULL OR record_key IS NULL}),
	'0', 'subtransactions keep exactly their own rows');
is($node->safe_psql('guarded', 'SELECT count(*) FROM loop_queue'), '40000', 'all of them');
$peak = $node->safe_psql('guarded', 'SELECT max(bytes) FROM peak');
note "peak of our memory contexts: $peak bytes";
cmp_ok($peak, '<', 12 * 1024 * 1024, 'and memory stays bounded there too');

done_testing();
