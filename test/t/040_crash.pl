# An export and its event are there together or not at all, whatever happens to
# the server.

use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use SharingGuard;

my $node = guarded_node('main', conf => "fsync = on\nrestart_after_crash = on");
set_up_policy($node);
$node->safe_psql('guarded', q{
	CREATE TABLE queue (id int PRIMARY KEY, dest text, why text);
	SELECT sharing_guard.protect_export('queue', destination => 'dest', purpose => 'why', data_class => 'rms', mode => 'enforce')});

my $mismatch = q{
	SELECT count(*) FROM queue FULL JOIN (SELECT DISTINCT record_key FROM sharing_guard.audit_rows) a
		ON a.record_key = queue.id::text
	WHERE queue.id IS NULL OR a.record_key IS NULL};

# Rows are committed one by one, and the server dies in the middle of it.
for my $round (1 .. 3)
{
	my $session = $node->background_psql('guarded', on_error_stop => 0);
	my $from = $round * 100000;
	$session->query_safe(
		"CREATE PROCEDURE fill$round() LANGUAGE plpgsql AS \$\$
		 BEGIN FOR i IN 1 .. 50000 LOOP
		   INSERT INTO queue VALUES ($from + i, 'oakdale-pd', 'theft'); COMMIT;
		 END LOOP; END \$\$");
	$session->query_until(qr/going/, "\\echo going\nCALL fill$round();\n");
	$node->poll_query_until('guarded', "SELECT count(*) > 200 FROM queue WHERE id > $from");
	$node->stop('immediate');
	eval { $session->{run}->kill_kill };
	$node->start;
	is($node->safe_psql('guarded', $mismatch), '0', "after crash $round every row has its event and every event its row");
}

# A backend that is killed in its transaction leaves neither.
my $session = $node->background_psql('guarded', on_error_stop => 0);
$session->query_safe('BEGIN');
$session->query_safe(q{INSERT INTO queue VALUES (1, 'oakdale-pd', 'theft')});
my $pid = $session->query_safe('SELECT pg_backend_pid()');
my $log_offset = -s $node->logfile;
kill 'KILL', $pid;
eval { $session->{run}->kill_kill };
$node->wait_for_log(qr/database system is ready to accept connections/, $log_offset);
ok($node->poll_query_until('guarded', 'SELECT NOT EXISTS (SELECT FROM queue WHERE id = 1)'),
	'the server recovers');
is($node->safe_psql('guarded', $mismatch), '0', 'and row and event are gone together');

# Two-phase commit: prepared before the restart, committed after it.
$node->safe_psql('guarded', q{
	BEGIN; INSERT INTO queue VALUES (2, 'oakdale-pd', 'theft'); PREPARE TRANSACTION 'p';
	BEGIN; INSERT INTO queue VALUES (3, 'oakdale-pd', 'theft'); PREPARE TRANSACTION 'q'});
$node->stop('immediate');
$node->start;
$node->safe_psql('guarded', q{COMMIT PREPARED 'p'; ROLLBACK PREPARED 'q'});
is($node->safe_psql('guarded', q{SELECT string_agg(record_key, ',') FROM sharing_guard.audit_rows WHERE record_key IN ('2', '3')}),
	'2', 'a prepared transaction brings its events with it, or does not');
is($node->safe_psql('guarded', $mismatch), '0', 'row for row');

done_testing();
