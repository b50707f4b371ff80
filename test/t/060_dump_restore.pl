# pg_dump and psql bring policy, guards and the log to another server.

use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use SharingGuard;

my $old = guarded_node('old');
set_up_policy($old);
$old->safe_psql('guarded', q{
	CREATE TABLE queue (gone int, id int PRIMARY KEY, dest text, why text);
	ALTER TABLE queue DROP COLUMN gone;
	SELECT sharing_guard.protect_export('queue', destination => 'dest', purpose => 'why', data_class => 'rms', mode => 'enforce');
	ALTER TABLE queue RENAME COLUMN dest TO recipient;
	INSERT INTO queue VALUES (1, 'oakdale-pd', 'theft'), (2, 'oakdale-pd', 'arson');
	-- Trees, whose triggers the dump brings too; and a guard that lacks a column.
	CREATE TABLE parts (id int PRIMARY KEY, dest text) PARTITION BY RANGE (id);
	CREATE TABLE parts_1 PARTITION OF parts FOR VALUES FROM (1) TO (100);
	SELECT sharing_guard.protect_export('parts', destination => 'dest', data_class => 'rms', on_block => 'skip_row', mode => 'enforce');
	CREATE TABLE parent (id int PRIMARY KEY, dest text, plate text);
	CREATE TABLE child () INHERITS (parent);
	SELECT sharing_guard.protect_export('parent', destination => 'dest', query_elements => 'plate', data_class => 'rms', mode => 'enforce');
	ALTER TABLE parent DROP COLUMN plate;
	INSERT INTO parts VALUES (1, 'oakdale-pd')});

my $new = guarded_node('new');
my $dump = $old->basedir . '/dump';
$old->command_ok([ 'pg_dump', '-Fc', '-f', $dump, '-d', $old->connstr('guarded') ], 'pg_dump');
$new->command_ok([ 'pg_restore', '-1', '-d', $new->connstr('guarded'), $dump ], 'pg_restore, in one transaction');

# (The restore itself is in the new log too: its policy changes.)
my $disclosures = q{
	SELECT count(*), md5(string_agg(e::text, '' ORDER BY event_id))
	FROM sharing_guard.event e WHERE kind = 'disclosure'};
is($new->safe_psql('guarded', $disclosures), $old->safe_psql('guarded', $disclosures),
	'the events of disclosures are the same');
my $old_ids = $old->safe_psql('guarded',
	q{SELECT string_agg(quote_literal(event_id), ',') FROM sharing_guard.event});
is( $new->safe_psql('guarded', "SELECT count(*) FROM sharing_guard.event WHERE event_id IN ($old_ids)"),
	$old->safe_psql('guarded', 'SELECT count(*) FROM sharing_guard.event'),
	'and no other event is lost');
for my $table (qw(agency agency_alias rule purpose_term legal_basis task_force setting adopted_pack data_class))
{
	my $query = "SELECT count(*), md5(string_agg(t::text, '' ORDER BY t::text)) FROM sharing_guard.$table t";
	is($new->safe_psql('guarded', $query), $old->safe_psql('guarded', $query), "table $table is the same");
}
$new->safe_psql('guarded', q{INSERT INTO queue VALUES (3, 'oakdale-pd', 'fraud')});
is($new->safe_psql('guarded', q{SELECT destination || ' ' || purpose FROM sharing_guard.audit_rows WHERE record_key = '3'}),
	'oakdale-pd fraud', 'the restored table is guarded, its renamed columns included');
like(error_of($new, 'guarded', q{INSERT INTO queue VALUES (4, 'nobody knows them', 'fraud')}),
	qr/SG001/, 'and refuses what it refused before');

is( $new->safe_psql('guarded', q{SELECT count(*) FROM sharing_guard.guard g, sharing_guard.guard_defects(g.guard_id)}),
	'0', 'all triggers are there, on partitions and children too');
$new->safe_psql('guarded', q{INSERT INTO parts_1 VALUES (2, 'nobody knows them'), (3, 'oakdale-pd')});
is($new->safe_psql('guarded', 'SELECT string_agg(id::text, $$,$$ ORDER BY id) FROM parts'), '1,3',
	'a partition skips what it skipped before');
like(error_of($new, 'guarded', q{INSERT INTO child VALUES (1, 'oakdale-pd')}),
	qr/SG006: column "plate", which the guard of table public.parent needs/,
	'a guard that lacked a column lacks it still, and lets nothing out');

done_testing();
