# A dump comes back by whatever way it is restored: with the rights that were in
# force, numbers that go on, and nothing missing untold.

use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use SharingGuard;

my @shapes = qw(whole jobs sections plain data_only partial announced);
my $old = guarded_node('old');
my $new = guarded_node('new', databases => \@shapes);
my $dir = $old->basedir;

# A county reads by right what the policy would not let it be granted today.
set_up_policy($old);
$old->safe_psql('guarded', q{
	CREATE ROLE alice LOGIN; CREATE ROLE home LOGIN; CREATE ROLE springs LOGIN;
	SELECT sharing_guard.grant_auditor('alice');
	CREATE TABLE queue (gone int, id int PRIMARY KEY, dest text, why text);
	ALTER TABLE queue DROP COLUMN gone;
	CREATE TABLE plates (id int PRIMARY KEY, plate text);
	GRANT SELECT ON plates TO home, springs;
	SELECT sharing_guard.protect_records('plates', data_class => 'alpr', mode => 'enforce');
	SELECT sharing_guard.protect_export('queue', destination => 'dest', purpose => 'why', data_class => 'rms', mode => 'enforce');
	SELECT sharing_guard.bind_role('springs', 'springs-pd');
	SELECT sharing_guard.bind_role('home', 'riverbend-police-department');
	SELECT sharing_guard.set_mode('enforce');
	SELECT sharing_guard.set_mode('enforce', 'plates');
	INSERT INTO queue SELECT i, 'oakdale-pd', 'theft' FROM generate_series(1, 30) i;
	SELECT sharing_guard.seal();
	SELECT sharing_guard.close_period();
	INSERT INTO queue SELECT i, 'oakdale-pd', 'theft' FROM generate_series(31, 40) i});
$new->safe_psql('postgres', "CREATE ROLE $_ LOGIN") for qw(alice home springs);
my $events = $old->safe_psql('guarded', 'SELECT count(*) FROM sharing_guard.event');
my $revision = $old->safe_psql('guarded', 'SELECT max(policy_revision) FROM sharing_guard.event');
$old->command_ok([ 'pg_dump', '-Fc', '-f', "$dir/dump", '-d', $old->connstr('guarded') ], 'pg_dump');
$old->command_ok([ 'pg_dump', '-f', "$dir/plain", '-d', $old->connstr('guarded') ], 'pg_dump, as SQL');
like(error_of($old, 'guarded', 'GRANT SELECT ON plates TO springs'), qr/SG001/, 'today the right is refused');

sub restore
{
	my ($database, @options) = @_;
	my ($out, $err) = ('', '');
	my $done = IPC::Run::run([ 'pg_restore', @options, '-d', $new->connstr($database), "$dir/dump" ],
		'>', \$out, '2>', \$err);
	return $done ? '' : $err;
}

sub is_whole
{
	my ($database, $how, $exposed) = @_;
	my $log = $old->safe_psql('guarded', 'SELECT sharing_guard.log_id()');

	is($new->safe_psql($database, q{SELECT string_agg(problem || ' ' || detail, E'\n') FROM sharing_guard.verify_audit()}), '', "$how: nothing is missing");
	cmp_ok($new->safe_psql($database, "SELECT count(*) FROM sharing_guard.event WHERE log_id = '$log'"), '>=', $events, 'all events are there');
	is($new->safe_psql($database, q{SELECT has_table_privilege('home', 'plates', 'SELECT'), has_table_privilege('springs', 'plates', 'SELECT')}),
		't|t', 'and all rights');
	is( $new->safe_psql($database, q{
			SELECT string_agg(held_by || ' ' || severity, ',') FROM sharing_guard.exposure WHERE kind = 'refused_right'}),
		'springs medium', 'the one that the policy refuses is in exposure');
	$new->safe_psql($database, q{UPDATE sharing_guard.setting SET contact = 'somebody@riverbend.example'});
	cmp_ok($new->safe_psql($database, q{SELECT min(policy_revision) FROM sharing_guard.policy_changes WHERE new_row ->> 'contact' = 'somebody@riverbend.example'}),
		'>', $revision, 'revisions are numbered behind those of the dump');
	$new->safe_psql($database, q{INSERT INTO queue VALUES (100, 'oakdale-pd', 'theft'); SELECT sharing_guard.seal()});
	like(error_of($new, $database, 'GRANT SELECT ON plates TO springs'), qr/SG001/, 'with the first disclosure the restore is over');
	return;
}

is(restore('whole', '-1'), '', 'in one transaction');
is($new->safe_psql('whole', q{
		SELECT outcome || ' ' || would_be_outcome, flag_reasons[2] FROM sharing_guard.audit
		WHERE channel = 'grant' AND log_id = sharing_guard.log_id() AND would_be_outcome = 'block'}),
	'flag block|It was restored from a dump, and was not refused for that.', 'the right is on record');
is_whole('whole', 'in one transaction');

# Tables of the extension refer to one another, and pg_restore does not know it.
{
	local $ENV{PGOPTIONS} = '-c session_replication_role=replica';
	is(restore('jobs', '-j', '4'), '', 'by four jobs');
}
is_whole('jobs', 'by four jobs');

is(restore('sections', "--section=$_"), '', $_) for qw(pre-data data post-data);
is_whole('sections', 'a section at a time');

$new->command_ok([ 'psql', '-XqAt', '-v', 'ON_ERROR_STOP=1', '-f', "$dir/plain", '-d', $new->connstr('plain') ], 'by psql');
is_whole('plain', 'by psql');

is(restore('data_only', '--schema-only'), '', 'the schema alone');
is(restore('data_only', '--data-only', '--disable-triggers'), '', 'then the data, with triggers disabled');
$new->safe_psql('data_only', 'SELECT sharing_guard.end_restore()');
is($new->safe_psql('data_only', q{SELECT count(*) FROM sharing_guard.exposure WHERE kind = 'guard_defect'}), '0', 'end_restore() mends what that leaves of triggers');
is_whole('data_only', 'schema, then data');

# A table that is left out is told.
my $list = "$dir/list";
my ($contents) = run_command([ 'pg_restore', '-l', "$dir/dump" ]);
my @toc = split /\n/, $contents;
my $without = sub {
	my ($tables) = @_;
	open(my $out, '>', $list) or die;
	print $out map { /TABLE DATA sharing_guard (?:$tables) / ? () : "$_\n" } @toc;
	close($out);
	return;
};
$without->('event|period|guard_column|checkpoint|bundle|tile|nonce');
is(restore('partial', '-L', $list), '', 'a dump without some tables');
my $told = $new->safe_psql('partial', q{SELECT string_agg(DISTINCT detail, E'\n') FROM sharing_guard.verify_audit()});
like($told, qr/held $events events of log [-0-9a-f]+, and 0 are here/, 'missing events are told');
like($told, qr/held 1 seals of log [-0-9a-f]+, and 0 are here/, 'and seals');
is(restore('partial', '--data-only', '--schema=sharing_guard', map { "--table=$_" } qw(event checkpoint bundle tile nonce)), '', 'restored afterwards');
$told = $new->safe_psql('partial', q{SELECT string_agg(DISTINCT detail, E'\n') FROM sharing_guard.verify_audit()});
unlike($told, qr/events of log/, 'they are not missed any more');
like($told, qr/3 rows of sharing_guard\.guard_column that the log tells of are not there/, 'the columns of guards are');
like($told, qr/A row of sharing_guard\.period is gone that the log tells of/, 'and periods');
is(restore('partial', '--data-only', '--schema=sharing_guard', '--table=period', '--table=guard_column'), '', 'until they are restored, too');
is($new->safe_psql('partial', q{SELECT string_agg(DISTINCT detail, E'\n') FROM sharing_guard.verify_audit()}), '', 'nothing is missed then');

# Into a database that is in use, a restore is announced.
is(restore('announced', '-1'), '', 'a database in use');
$new->safe_psql('announced', q{INSERT INTO queue VALUES (100, 'oakdale-pd', 'theft'); REVOKE SELECT ON plates FROM springs});
like(error_of($new, 'announced', q{SET ROLE alice; SELECT sharing_guard.begin_restore('plates')}), qr/42501/, 'not by everybody');
is($new->safe_psql('announced', q{
		SELECT sharing_guard.begin_restore('plates was dropped by mistake') ~ '^until';
		GRANT SELECT ON plates TO springs;
		SELECT sharing_guard.end_restore() ~ '^the restore has ended';
		SELECT count(*) FROM sharing_guard.policy_changes WHERE relation = 'sharing_guard.restore_window'}),
	"t\nt\n2", 'a superuser announces it, and ends it, on record');
like(error_of($new, 'announced', 'GRANT SELECT ON plates TO springs'), qr/SG001/, 'then rights are decided on again');

# A server whose timeline history is not whole does not call its own log forked.
$new->stop;
for my $timeline (2, 3)
{
	$new->append_conf('standby.signal', '');
	$new->start;
	$new->promote;
	$new->safe_psql('plain', q{INSERT INTO queue SELECT max(id) + 1, 'oakdale-pd', 'theft' FROM queue; SELECT sharing_guard.seal(); CHECKPOINT});
	$new->stop;
}
my $wal = $new->data_dir . '/pg_wal';
my $history = slurp_file("$wal/00000003.history");
$history =~ s/^1\t.*\n+//m;
unlink("$wal/00000002.history", "$wal/00000003.history");
$new->start;
is( $new->safe_psql('plain', q{SELECT string_agg(severity || ' ' || problem, ',') FROM sharing_guard.verify_audit()}),
	'warning history_incomplete,warning history_incomplete', 'of what lies before its history it says that nothing can be told');
open(my $out, '>', "$wal/00000003.history") or die;
print $out $history;
close($out);
is( $new->safe_psql('plain', q{SELECT string_agg(severity || ' ' || problem, ',') FROM sharing_guard.verify_audit()}),
	'warning history_incomplete', 'also where the history has a part of it');

done_testing();
