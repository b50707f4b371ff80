# When an event cannot be recorded, what it is about does not happen: a SQLSTATE
# of our own, a hint, and the event as one line in the server log.  Nothing
# hangs, and nothing is corrupted by whoever stops waiting.

use strict;
use warnings;
use JSON::PP;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(usleep time);
use SharingGuard;

my $node = guarded_node('main', conf => join("\n",
	'log_statement = none', 'sharing_guard.queue_slots = 2',
	'sharing_guard.audit_timeout = 1500ms', 'restart_after_crash = on'));
set_up_policy($node);
$node->safe_psql('guarded', q{
	CREATE TABLE queue (id text PRIMARY KEY, dest text, why text);
	SELECT sharing_guard.protect_export('queue', destination => 'dest', purpose => 'why', data_class => 'alpr', mode => 'enforce')});

sub attempt { return "INSERT INTO queue VALUES ('$_[0]', 'springs-pd', 'stolen vehicle');" }

sub writer_pid
{
	return $node->safe_psql('guarded', 'SELECT writer_pid FROM sharing_guard.health');
}

sub in_log { return $node->safe_psql('guarded',
	"SELECT count(*) FROM sharing_guard.audit_rows WHERE record_key = '$_[0]'") }

# The event of this record key in the server log.
sub line_of
{
	my ($key) = @_;
	my $log = slurp_file($node->logfile);
	my @lines = $log =~ /sharing_guard event: (\{.*"record_keys":\["\Q$key\E"\].*\})$/mg;

	return map { decode_json($_) } @lines;
}

# What every such refusal has in common.
sub is_unavailable
{
	my ($error, $key, $detail, $name) = @_;

	like($error, qr/ERROR:  SG003: the audit log of this database cannot take the event/, "$name: SQLSTATE of its own");
	like($error, $detail, "$name: says why");
	like($error, qr/HINT:  /, "$name: says what to do");
	unlike($error, qr/stolen vehicle/, "$name: no row data");
	my @lines = line_of($key);
	is(scalar(@lines), 1, "$name: one line in the server log");
	is($lines[0]{outcome}, 'block', "$name: with the event");
	is($node->safe_psql('guarded', "SELECT count(*) FROM queue WHERE id = '$key'"), '0', "$name: the row did not go out");
	return;
}

# ---------------------------------------------------------------------------
# The writer does not answer.

my $pid = writer_pid();
kill 'STOP', $pid;
my $began = time();
my $error = error_of($node, 'guarded', attempt('stopped'));
my $took = time() - $began;
is_unavailable($error, 'stopped', qr/did not confirm it within 1500 ms/, 'no answer');
cmp_ok($took, '<', 8, 'no answer: bounded by the setting');

# ... and the queue is full: one slot is the abandoned one's.
my $waiting = $node->background_psql('guarded', on_error_stop => 0);
$waiting->query_until(qr/going/, "\\echo going\n" . attempt('waiting') . "\n");
usleep(300_000);
$error = error_of($node, 'guarded', attempt('full'));
is_unavailable($error, 'full', qr/all slots of the queue \(sharing_guard.queue_slots\) were taken/, 'queue full');
$waiting->quit;

# Cancelled while it waits.
my $session = $node->background_psql('guarded', on_error_stop => 0);
kill 'CONT', $pid;
$node->poll_query_until('guarded', 'SELECT queue_depth = 0 FROM sharing_guard.health');
is(in_log('stopped'), '1', 'what was given up is written when the writer goes on');
is(in_log('waiting'), '1', 'and so is the other');
is(in_log('full'), '0', 'what never got into the queue is in the server log alone');
kill 'STOP', $pid;
$session->query_safe("SET statement_timeout = '300ms'");
$session->query_until(qr/done/, attempt('cancelled') . "\n\\echo done\n");
like($session->{stderr}, qr/canceling statement due to statement timeout/, 'a wait can be cancelled');
is(scalar(line_of('cancelled')), 1, 'with its line in the server log');
$session->quit;

# The session is terminated while it waits.
$session = $node->background_psql('guarded', on_error_stop => 0);
my $backend = $session->query_safe('SELECT pg_backend_pid()');
$session->query_until(qr/going/, "\\echo going\n" . attempt('terminated') . "\n");
usleep(300_000);
kill 'TERM', $backend;
usleep(500_000);
is(scalar(line_of('terminated')), 1, 'a wait can be terminated, with its line in the server log');
eval { $session->{run}->kill_kill };
kill 'CONT', $pid;
$node->poll_query_until('guarded', 'SELECT queue_depth = 0 FROM sharing_guard.health');
is(in_log('cancelled'), '1', 'the cancelled one is written all the same');
is(in_log('terminated'), '1', 'and the terminated one');

# ---------------------------------------------------------------------------
# The log is locked.

my $locker = $node->background_psql('guarded', on_error_stop => 0);
$locker->query_safe('BEGIN; LOCK TABLE sharing_guard.event IN SHARE MODE');
$error = error_of($node, 'guarded', attempt('locked'));
is_unavailable($error, 'locked', qr/Another session holds a lock on the audit log/, 'log locked');

# ... by the session itself: nobody waits it out.
$node->append_conf('postgresql.conf', 'sharing_guard.audit_timeout = 30s');
$node->reload;
usleep(500_000);
$locker->query_safe('ROLLBACK');
$began = time();
$error = error_of($node, 'guarded', "BEGIN; LOCK TABLE sharing_guard.event IN SHARE MODE;\n" . attempt('deadlock'));
cmp_ok(time() - $began, '<', 5, 'a deadlock with oneself is broken, not waited out');
is_unavailable($error, 'deadlock',
	qr/This session, or one that waits for it, holds a lock on the audit log/, 'deadlock');

# ... by a session that waits for one that waits for us.
my $other = $node->background_psql('guarded', on_error_stop => 0);
$node->safe_psql('guarded', 'CREATE TABLE mine (i int)');
$other->query_safe('BEGIN; LOCK TABLE mine IN ACCESS EXCLUSIVE MODE');
$locker->query_safe('BEGIN; LOCK TABLE sharing_guard.event IN SHARE MODE');
$locker->query_until(qr/going/, "\\echo going\nSELECT count(*) FROM mine;\n");
usleep(300_000);
$began = time();
$other->query_until(qr/done/, attempt('deadlock-3') . "\n\\echo done\n");
cmp_ok(time() - $began, '<', 5, 'nor one of three');
like($other->{stderr}, qr/holds a lock on the audit log that keeps everybody from writing/, 'and it says what it is');
$other->{stderr} = '';
$other->query_safe('ROLLBACK');
$locker->query_safe('ROLLBACK');
$_->quit foreach ($other, $locker);
is(error_of($node, 'guarded', attempt('after')) =~ /SG001/, 1, 'afterwards all is as before');
is(in_log('after'), '1', 'and recorded');

# ---------------------------------------------------------------------------
# The log takes nothing: as it would with a full disk.

$node->safe_psql('guarded', q{
	CREATE FUNCTION no_space() RETURNS trigger LANGUAGE plpgsql AS $$
	BEGIN
		IF NEW.kind <> 'health' THEN
			RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = 'disk_full';
		END IF;
		RETURN NEW;
	END $$;
	CREATE TRIGGER no_space BEFORE INSERT ON sharing_guard.event FOR EACH ROW EXECUTE FUNCTION no_space();
	ALTER TABLE sharing_guard.event ENABLE ALWAYS TRIGGER no_space});
$error = error_of($node, 'guarded', attempt('disk'));
is_unavailable($error, 'disk', qr/Writing to it failed with SQLSTATE 53100/, 'disk full');
is($node->safe_psql('guarded', 'SELECT last_error_code FROM sharing_guard.health'), '53100', 'health knows the last error');
is($node->safe_psql('guarded', 'SELECT cardinality(problems) > 0 FROM sharing_guard.health'), 't', 'and says so');
$node->safe_psql('guarded', 'DROP TRIGGER no_space ON sharing_guard.event');

# One event that cannot be stored does not take its neighbours with it.
$node->safe_psql('guarded', q{
	CREATE FUNCTION bad_one() RETURNS trigger LANGUAGE plpgsql AS $$
	BEGIN
		IF NEW.record_key LIKE 'bad%' THEN RAISE EXCEPTION 'not this one'; END IF;
		RETURN NEW;
	END $$;
	CREATE TRIGGER bad_one BEFORE INSERT ON sharing_guard.event FOR EACH ROW EXECUTE FUNCTION bad_one();
	ALTER TABLE sharing_guard.event ENABLE ALWAYS TRIGGER bad_one});
$pid = writer_pid();
kill 'STOP', $pid;
my @pair = map { $node->background_psql('guarded', on_error_stop => 0) } 1 .. 2;
$pair[0]->query_until(qr/going/, "\\echo going\n" . attempt('bad-1') . "\n");
$pair[1]->query_until(qr/going/, "\\echo going\n" . attempt('good-1') . "\n");
usleep(300_000);
kill 'CONT', $pid;
$_->query_until(qr/done/, "\\echo done\n") foreach @pair;
like($pair[0]{stderr}, qr/Writing to it failed with SQLSTATE P0001/, 'the bad one is refused');
like($pair[1]{stderr}, qr/sharing policy refuses a row/, 'the good one, of the same batch, is recorded');
is(in_log('good-1'), '1', 'indeed');
$_->quit foreach @pair;
$node->safe_psql('guarded', 'DROP TRIGGER bad_one ON sharing_guard.event');

# ---------------------------------------------------------------------------
# A worker that cannot start, for want of max_worker_processes.

$node->append_conf('postgresql.conf', "max_worker_processes = 0\nsharing_guard.audit_timeout = 5s");
my $offset = -s $node->logfile;
$node->restart;
like(slurp_file($node->logfile, $offset),
	qr/WARNING:  sharing_guard cannot start the writer of database "guarded".*\n.*DETAIL:  All of max_worker_processes \(0\) are taken/,
	'said when the server starts');
$began = time();
$error = error_of($node, 'guarded', attempt('no-worker'));
is_unavailable($error, 'no-worker', qr/could not start the writer/, 'no worker');
cmp_ok(time() - $began, '<', 4, 'no worker: at once');
is($node->safe_psql('guarded', 'SELECT writer_state FROM sharing_guard.health'), 'not_registered', 'health says so');
is($node->safe_psql('guarded', q{INSERT INTO queue VALUES ('lawful', 'oakdale-pd', 'stolen vehicle'); SELECT outcome FROM sharing_guard.audit_rows WHERE record_key = 'lawful'}),
	'allow', 'lawful exports go on: they need no writer');

done_testing();
