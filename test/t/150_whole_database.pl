# Commands that need a whole database for themselves go on working although a
# writer is connected to it; and the writer's ordinary comings and goings.

use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(time);
use SharingGuard;

my $node = guarded_node('main', databases => [ 'guarded', 'scratch', 'absent' ],
	conf => 'sharing_guard.heartbeat_interval = 1s');
set_up_policy($node);
$node->safe_psql('scratch', 'CREATE EXTENSION sharing_guard');
$node->poll_query_until('scratch', q{SELECT writer_state = 'running' FROM sharing_guard.health});

# By SQL, not by psql options: the server does it.
is($node->psql('postgres', 'CREATE DATABASE copy TEMPLATE guarded'), 0, 'CREATE DATABASE ... TEMPLATE');
is($node->psql('postgres', 'ALTER DATABASE scratch RENAME TO renamed'), 0, 'ALTER DATABASE ... RENAME');
is($node->psql('postgres', 'ALTER DATABASE renamed RENAME TO scratch'), 0, 'and back');
is($node->psql('postgres', 'DROP DATABASE scratch'), 0, 'DROP DATABASE');
is($node->psql('postgres', 'DROP DATABASE absent'), 0, 'DROP DATABASE of one without the extension');
is($node->psql('postgres', 'CREATE DATABASE scratch TEMPLATE template0'), 0, 'and CREATE DATABASE');
$node->safe_psql('scratch', 'CREATE EXTENSION sharing_guard');

# The writer comes back by itself, and waits for what does not exist without
# filling the log.
ok($node->poll_query_until('guarded', q{SELECT writer_state = 'running' FROM sharing_guard.health}), 'the writer comes back');
my $tries = () = slurp_file($node->logfile) =~ /FATAL:  database "absent" does not exist/g;
cmp_ok($tries, '<', 10, 'a database that does not exist is not asked for all the time');

# Nobody who may not drop a database can send its writer away.
$node->safe_psql('postgres', 'CREATE ROLE intern LOGIN');
my $pid = $node->safe_psql('guarded', 'SELECT writer_pid FROM sharing_guard.health');
isnt($node->psql('postgres', 'SET SESSION AUTHORIZATION intern; DROP DATABASE guarded'), 0, 'others cannot drop it');
is($node->safe_psql('guarded', 'SELECT writer_pid FROM sharing_guard.health'), $pid, 'and the writer stays');

# Heartbeats, and a word of farewell.
ok($node->poll_query_until('guarded', q{SELECT count(*) >= 3 FROM sharing_guard.health_history WHERE what = 'heartbeat'}),
	'heartbeats are in the log');
my $began = time();
$node->stop('fast');
cmp_ok(time() - $began, '<', 10, 'a fast shutdown is fast');
$node->start;
$node->poll_query_until('guarded', q{SELECT writer_state = 'running' FROM sharing_guard.health});
is($node->safe_psql('guarded', q{
		SELECT string_agg(what, ' ' ORDER BY occurred_at, event_id) FROM
		(SELECT * FROM sharing_guard.health_history WHERE what <> 'heartbeat' ORDER BY occurred_at DESC, event_id DESC LIMIT 2) h}),
	'writer_stopped writer_started', 'a shutdown is no loss');
is($node->safe_psql('guarded', q{SELECT count(*) FROM sharing_guard.health_history WHERE gap}), '0', 'there is no gap');

# A worker that is killed takes nothing down but itself... the server starts
# anew, as after the loss of any process, and the loss is in the log.
$pid = $node->safe_psql('guarded', 'SELECT writer_pid FROM sharing_guard.health');
kill 'TERM', $pid;
ok($node->poll_query_until('guarded', qq{SELECT writer_state = 'running' AND writer_pid <> $pid FROM sharing_guard.health}),
	'a writer that is terminated comes back by itself');

# DROP EXTENSION, and CREATE again.
$node->safe_psql('guarded', q{DELETE FROM sharing_guard.guard; SELECT sharing_guard.prepare_drop('nowhere: a test')});
is($node->psql('guarded', 'DROP EXTENSION sharing_guard CASCADE'), 0, 'DROP EXTENSION');
set_up_policy($node);
$node->safe_psql('guarded', q{
	CREATE TABLE queue (id text PRIMARY KEY, dest text, why text);
	SELECT sharing_guard.protect_export('queue', destination => 'dest', purpose => 'why', data_class => 'alpr', mode => 'enforce')});
like(error_of($node, 'guarded', q{INSERT INTO queue VALUES ('1', 'springs-pd', 'x')}), qr/SG001/, 'and CREATE EXTENSION again');

done_testing();
