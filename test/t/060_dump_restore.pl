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
	SELECT sharing_guard.protect_export('queue', destination => 'dest', purpose => 'why', data_class => 'rms');
	ALTER TABLE queue RENAME COLUMN dest TO recipient;
	INSERT INTO queue VALUES (1, 'oakdale-pd', 'theft'), (2, 'oakdale-pd', 'arson')});

my $new = guarded_node('new');
my $dump = $old->basedir . '/dump.sql';
$old->command_ok([ 'pg_dump', '-f', $dump, '-d', $old->connstr('guarded') ], 'pg_dump');
$new->command_ok([ 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-f', $dump, '-d', $new->connstr('guarded') ], 'restore');

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

done_testing();
