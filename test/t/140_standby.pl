# A standby decides, and can record nothing: the writer starts when it is
# promoted, and says so.

use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use SharingGuard;

my $primary = guarded_node('primary', init => [ allows_streaming => 1 ]);
set_up_policy($primary);
$primary->safe_psql('guarded', q{
	CREATE TABLE queue (id text PRIMARY KEY, dest text, why text);
	SELECT sharing_guard.protect_export('queue', destination => 'dest', purpose => 'why', data_class => 'alpr', mode => 'enforce')});
$primary->safe_psql('guarded', q{
	CREATE TABLE plate_read (plate text);
	INSERT INTO plate_read VALUES ('7ABC123'), ('8DEF456'), ('9GHI789');
	CREATE ROLE partner LOGIN;
	GRANT SELECT ON plate_read TO partner;
	SELECT sharing_guard.protect_records('plate_read', data_class => 'alpr', mode => 'enforce');
	SELECT sharing_guard.bind_role('partner', 'oakdale-pd')});
$primary->backup('copy');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($primary, 'copy', has_streaming => 1);
$standby->start;

error_of($primary, 'guarded', q{INSERT INTO queue VALUES ('1', 'springs-pd', 'x')});
$primary->wait_for_catchup($standby);
is($standby->safe_psql('guarded', q{SELECT outcome FROM sharing_guard.audit_rows WHERE record_key = '1'}),
	'block', 'the auditor reads the log on a standby');
is($standby->safe_psql('guarded', q{SELECT outcome FROM sharing_guard.preview_decision('springs-pd', 'theft', 'alpr')}),
	'block', 'a standby decides');
is($standby->safe_psql('guarded', 'SELECT writer_state FROM sharing_guard.health'), 'not_running', 'it has no writer');
is($standby->safe_psql('guarded', q{SELECT count(*) FROM sharing_guard.health, unnest(problems) p WHERE p ~* 'writer|seal'}), '0', 'which is no problem there');

# A read that would have to be recorded is refused, or, by setting, recorded in
# the server log.
my $read = 'SET SESSION AUTHORIZATION partner; SELECT count(*) FROM plate_read;';
like(error_of($standby, 'guarded', $read), qr/SG003: .*\n.*This server is a standby/, 'a read by a partner is refused');
like(slurp_file($standby->logfile), qr/sharing_guard event: \{.*"relation":"public.plate_read".*\}/,
	'and leaves its line in the server log');
$standby->append_conf('postgresql.conf', 'sharing_guard.on_standby = server_log');
$standby->reload;
$standby->poll_query_until('guarded', q{SELECT current_setting('sharing_guard.on_standby') = 'server_log'});
my $offset = -s $standby->logfile;
is($standby->safe_psql('guarded', $read), '3', 'by setting it goes on');
my $log = slurp_file($standby->logfile, $offset);
my ($id) = $log =~ /sharing_guard event: \{"event_id":"([0-9a-f-]{36})".*"relation":"public.plate_read"/;
ok($id, 'recorded in the server log');
like($log, qr/"event_id":"$id".*"rows_disclosed":1,.*"ending":"completed"/, 'with its end');

$standby->promote;
$standby->poll_query_until('guarded', q{SELECT writer_state = 'running' FROM sharing_guard.health});
like(error_of($standby, 'guarded', q{INSERT INTO queue VALUES ('2', 'springs-pd', 'x')}),
	qr/SG001/, 'promoted, it refuses');
is($standby->safe_psql('guarded', q{SELECT string_agg(record_key || outcome, ',' ORDER BY record_key) FROM sharing_guard.audit_rows WHERE outcome = 'block'}),
	'1block,2block', 'and records');
is($standby->safe_psql('guarded', q{SELECT count(*) FROM sharing_guard.health_history WHERE what = 'writer_lost'}),
	'1', 'the writer of the old primary, which had not said farewell, is noted as lost');

done_testing();
