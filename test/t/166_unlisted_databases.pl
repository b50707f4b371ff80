# A name in sharing_guard.databases without a database, and a database with
# guarded tables that is not listed.

use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(usleep);
use SharingGuard;

my $node = guarded_node('main', databases => ['guarded'], start => 0,
	conf => q{sharing_guard.databases = 'guarded,"Recrods",closed'});
$node->start;
set_up_policy($node);
$node->safe_psql('postgres', 'CREATE DATABASE closed ALLOW_CONNECTIONS false');

# ---------------------------------------------------------------------------
# Said once, shown where a DBA looks, and looked for.

usleep(7_000_000);
my $log = slurp_file($node->logfile);
my $count = () = $log =~ /FATAL:  database "Recrods" does not exist/g;
is($count, 1, 'a missing database leaves one line when it cannot be connected to');
$count = () = $log =~ /database "Recrods", which sharing_guard\.databases lists, does not exist or allows no connections/g;
is($count, 1, 'and one that says what is wrong');
is($node->safe_psql('guarded', q{SELECT p FROM sharing_guard.health, unnest(problems) p WHERE p LIKE 'Listed in%'}),
	'Listed in sharing_guard.databases, but no database that accepts connections: Recrods, closed; correct the setting, or create it.', 'health shows it');
is($node->safe_psql('guarded', q{SELECT string_agg(finding, E'\n') FROM sharing_guard.preflight() WHERE finding LIKE '%allows no%'}),
	qq{sharing_guard.databases lists "Recrods", which does not exist or allows no connections\nsharing_guard.databases lists closed, which does not exist or allows no connections},
	'and preflight()');
is($node->safe_psql('postgres', q{SELECT query FROM pg_stat_activity WHERE backend_type LIKE 'sharing_guard%' AND query LIKE '%Recrods%'}),
	'waits for database "Recrods", which does not exist or allows no connections', 'and pg_stat_activity');
$node->reload;
usleep(1_000_000);
$log = slurp_file($node->logfile);
$count = () = $log =~ /database "Recrods", which sharing_guard\.databases lists/g;
is($count, 2, 'a reload has it looked for and said once more');
$node->safe_psql('postgres', 'CREATE DATABASE "Recrods"; ALTER DATABASE closed ALLOW_CONNECTIONS true');
$node->safe_psql($_, 'CREATE EXTENSION sharing_guard') foreach ('Recrods', 'closed');
ok($node->poll_query_until($_, q{SELECT writer_state = 'running' FROM sharing_guard.health}), "$_: when it appears the writer connects")
  foreach ('Recrods', 'closed');
is($node->safe_psql('guarded', q{SELECT count(*) FROM sharing_guard.health, unnest(problems) p WHERE p LIKE 'Listed in%'}), '0', 'and health is content');

# ---------------------------------------------------------------------------
# A copy that is not listed does not keep pg_dumpall from the others.

$node->safe_psql('guarded', q{
	CREATE TABLE read (id int PRIMARY KEY, plate text);
	INSERT INTO read SELECT i, 'P' || i FROM generate_series(1, 10) i;
	CREATE TABLE own (id int PRIMARY KEY, plate text);
	INSERT INTO own VALUES (1, 'Q1');
	CREATE TABLE queue (id int PRIMARY KEY, dest text);
	INSERT INTO queue VALUES (1, 'oakdale-pd');
	CREATE ROLE officer LOGIN;
	CREATE ROLE backup LOGIN;
	GRANT pg_read_all_data TO backup;
	GRANT SELECT ON read, own TO officer;
	SELECT sharing_guard.protect_records('read', data_class => 'alpr', query_elements => 'plate', mode => 'enforce'),
		sharing_guard.protect_records('own', data_class => 'alpr', record_self_access => true, mode => 'enforce'),
		sharing_guard.protect_export('queue', destination => 'dest', data_class => 'alpr', mode => 'enforce'),
		sharing_guard.bind_backup('backup')});
$node->safe_psql('postgres', 'CREATE DATABASE copy TEMPLATE guarded');
my $offset = -s $node->logfile;
my $file = $node->basedir . '/all.sql';
$node->command_ok([ 'pg_dumpall', '-d', $node->connstr('postgres'), '-f', $file ], 'pg_dumpall goes through');
like(slurp_file($file), qr/\\connect copy\n.*COPY public\.read .*P10/s, 'with the copy');
like(slurp_file($node->logfile, $offset), qr/sharing_guard event: \{.*"relation":"public\.read".*not listed in sharing_guard\.databases/,
	'and the server log has what was read');
like(slurp_file($node->logfile, $offset), qr/sharing_guard event: \{"kind":"completion".*"ending":"completed","rows_disclosed":10/,
	'with the number of rows');
for my $how ([], ['--inserts'])
{
	$node->command_ok([ 'pg_dump', '-U', 'backup', '-d', $node->connstr('copy'), '-n', 'public', '-f', $file, @$how ], "pg_dump @$how by the backup role");
}
like(slurp_file($node->logfile, $offset), qr/sharing_guard event: \{.*"session_role":"backup".*not listed/, 'is in the server log as well');
like(error_of($node, 'copy', 'SET SESSION AUTHORIZATION officer; COPY read TO STDOUT'), qr/SG006/, 'another role cannot copy from it');
$node->safe_psql('guarded', q{CREATE ROLE oakdale LOGIN; GRANT SELECT ON read TO oakdale; SELECT sharing_guard.bind_role('oakdale', 'oakdale-pd')});
$node->safe_psql('postgres', 'CREATE DATABASE copy_2 TEMPLATE guarded');
my ($status, undef, $error) = $node->psql('copy_2', 'SELECT * FROM read', extra_params => [ '-U', 'oakdale' ]);
like($error, qr/not listed in sharing_guard\.databases/, 'nor can a partner read');
like(error_of($node, 'copy', q{INSERT INTO queue VALUES (2, 'oakdale-pd')}), qr/SG006/, 'nor anybody export');

done_testing();
