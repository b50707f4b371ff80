# Ways in which a blocked attempt could get lost, be written twice, hang or take
# the writer with it, each tried once.

use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(usleep time);
use SharingGuard;

my $node = guarded_node('main', databases => [ 'guarded', 'county' ],
	conf => join("\n", 'log_statement = none', 'sharing_guard.queue_slots = 4',
		'sharing_guard.audit_timeout = 4s', 'restart_after_crash = on',
		'dynamic_shared_memory_type = mmap', 'max_prepared_transactions = 2'));
set_up_policy($node);
$node->safe_psql('guarded', q{
	CREATE TABLE queue (id text PRIMARY KEY, dest text, why text);
	SELECT sharing_guard.protect_export('queue', destination => 'dest', purpose => 'why', data_class => 'alpr', mode => 'enforce');
	CREATE TABLE mine (i int)});

sub attempt
{
	my ($key, $why) = @_;

	$why //= "'stolen vehicle'";
	return "INSERT INTO queue VALUES ('$key', 'springs-pd', $why);";
}
my $long = "'stolen ' || repeat('vehicle ', 10000)";

sub health { return $node->safe_psql('guarded', "SELECT $_[0] FROM sharing_guard.health") }
sub in_log { return $node->safe_psql('guarded',
	"SELECT count(*) FROM sharing_guard.audit_rows WHERE record_key = '$_[0]'") }
sub lines_of
{
	my ($key) = @_;
	my $count = () = slurp_file($node->logfile) =~ /sharing_guard event: \{.*"record_keys":\["\Q$key\E"\]/mg;

	return $count;
}
sub writer_runs { return $node->poll_query_until('guarded',
	q{SELECT writer_state = 'running' FROM sharing_guard.health}) }
sub session { return $node->background_psql('guarded', on_error_stop => 0) }
my $starts = health('writer_starts');

# ---------------------------------------------------------------------------
# An event that fills more than a slot, and cannot be written.

my $locker = session();
$locker->query_safe('BEGIN; LOCK TABLE sharing_guard.event IN SHARE MODE');
like(error_of($node, 'guarded', attempt('long', $long)), qr/SG003: .*audit log of this database/,
	'a long event that cannot be written: refused as any other');
is(lines_of('long'), 1, 'with its line in the server log');
$locker->query_safe('ROLLBACK');
like(error_of($node, 'guarded', attempt('long-2', $long)), qr/SG001/, 'and the next one is written');
is(in_log('long-2'), '1', 'once');
is(health('writer_starts'), $starts, 'by the same writer');

# There is no shared memory to put it into.
my $dynshmem = $node->data_dir . '/pg_dynshmem';
my $session = session();
$session->query_safe('SELECT 1');
rename $dynshmem, "$dynshmem.away" or die;
$session->query_until(qr/done/, "\\set VERBOSITY verbose\n" . attempt('no-memory', $long) . "\n\\echo done\n");
like($session->{stderr}, qr/SG003: .*audit log of this database/,
	'no dynamic shared memory: refused with our own code');
is(lines_of('no-memory'), 1, 'with its line in the server log');
rename "$dynshmem.away", $dynshmem or die;
$session->quit;
is(health('queue_depth'), '0', 'no slot is left taken');

# ---------------------------------------------------------------------------
# Deadlocks.  Somebody waits for a lock that conflicts with the writer's, behind
# a session that only reads the log and then waits for the writer.

my $reader = session();
$reader->query_safe('BEGIN; SELECT count(*) FROM sharing_guard.event');
$locker->query_until(qr/going/, "\\echo going\nBEGIN; LOCK TABLE sharing_guard.event IN ACCESS EXCLUSIVE MODE; ROLLBACK;\n");
usleep(500_000);
my $began = time();
$reader->query_until(qr/done/, attempt('behind') . "\n\\echo done\n");
cmp_ok(time() - $began, '<', 1.5, 'a deadlock by way of one who waits for the log is broken, not waited out');
like($reader->{stderr}, qr/holds a lock on the audit log/, 'and said to be one');
$reader->{stderr} = '';
$reader->query_safe('ROLLBACK');
$locker->query_safe('SELECT 1');

# ... and one that comes up while a batch is written one by one.
$node->safe_psql('guarded', q{
	CREATE FUNCTION bad_one() RETURNS trigger LANGUAGE plpgsql AS $$
	BEGIN
		IF NEW.record_key = 'bad' THEN
			PERFORM pg_catalog.pg_sleep(1);
			RAISE EXCEPTION 'not this one';
		END IF;
		RETURN NEW;
	END $$;
	CREATE TRIGGER bad_one BEFORE INSERT ON sharing_guard.event FOR EACH ROW EXECUTE FUNCTION bad_one();
	ALTER TABLE sharing_guard.event ENABLE ALWAYS TRIGGER bad_one});
my $pid = health('writer_pid');
kill 'STOP', $pid;
$reader->query_safe('BEGIN; LOCK TABLE mine IN ACCESS EXCLUSIVE MODE');
$reader->query_until(qr/going/, "\\echo going\n" . attempt('first') . "\n");
my $bad = session();
usleep(200_000);
$bad->query_until(qr/going/, "\\echo going\n" . attempt('bad') . "\n");
usleep(200_000);
kill 'CONT', $pid;
usleep(300_000);
$locker->query_until(qr/going/, "\\echo going\nBEGIN; LOCK TABLE sharing_guard.event IN SHARE MODE; SELECT * FROM mine; ROLLBACK;\n");
$_->query_until(qr/done/, "\nROLLBACK;\n\\echo done\n") foreach ($reader, $bad, $locker);
$locker->{stderr} = '';
like($reader->{stderr}, qr/holds a lock on the audit log/, 'a deadlock in the middle of a batch is broken');
is(health('writer_pid'), $pid, 'and the writer lives');
$_->quit foreach ($reader, $bad);
$node->safe_psql('guarded', 'DROP TRIGGER bad_one ON sharing_guard.event');

# ---------------------------------------------------------------------------
# A trigger on the log that makes blocked attempts of its own.

$node->safe_psql('guarded', q{
	CREATE FUNCTION echo() RETURNS trigger LANGUAGE plpgsql AS $$
	BEGIN
		INSERT INTO public.queue VALUES (pg_catalog.gen_random_uuid(), 'springs-pd', 'echo');
		RETURN NEW;
	END $$;
	CREATE TRIGGER echo AFTER INSERT ON sharing_guard.event FOR EACH ROW EXECUTE FUNCTION echo();
	ALTER TABLE sharing_guard.event ENABLE ALWAYS TRIGGER echo});
$began = time();
like(error_of($node, 'guarded', attempt('echo')), qr/SG003/, 'a trigger on the log may not export: refused');
cmp_ok(time() - $began, '<', 3, 'at once: the writer does not wait for itself');
$node->safe_psql('guarded', 'DROP TRIGGER echo ON sharing_guard.event');
like(error_of($node, 'guarded', attempt('echo-2')), qr/SG001/, 'and without it all is well again');

# ---------------------------------------------------------------------------
# Settings of the database that would keep the writer from its work.

$node->safe_psql('guarded', q{
	CREATE ROLE nobody_here;
	ALTER DATABASE guarded SET role = nobody_here;
	ALTER DATABASE guarded SET session_authorization = nobody_here;
	ALTER DATABASE guarded SET exit_on_error = on;
	ALTER DATABASE guarded SET log_min_messages = panic;
	ALTER DATABASE guarded SET default_transaction_read_only = on;
	ALTER DATABASE guarded SET search_path = nowhere;
	ALTER DATABASE guarded SET session_preload_libraries = 'no_such_library'});
my $last = $node->safe_psql('postgres', 'SELECT clock_timestamp()');
$node->safe_psql('postgres', "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'guarded' AND backend_type LIKE 'sharing_guard%'");
usleep(2_000_000);
$node->safe_psql('postgres', 'ALTER DATABASE guarded RESET session_preload_libraries; ALTER DATABASE guarded RESET role; ALTER DATABASE guarded RESET session_authorization; ALTER DATABASE guarded RESET search_path');
ok(writer_runs(), 'the writer comes up whatever the database sets');
ok($node->poll_query_until('guarded', "SELECT EXISTS (SELECT FROM sharing_guard.health_history WHERE what = 'writer_started' AND occurred_at > '$last')"),
	'and can say so');
my $started = health('writer_starts');
$locker->query_safe('BEGIN READ WRITE; LOCK TABLE sharing_guard.event IN SHARE MODE');
like(error_of($node, 'guarded', "SET exit_on_error = off; SET default_transaction_read_only = off;\n" . attempt('exit')), qr/SG003/, 'an error');
$locker->query_safe('ROLLBACK');
is(health('writer_starts'), $started, 'does not end it');
$node->safe_psql('postgres', 'ALTER DATABASE guarded RESET ALL');

# ---------------------------------------------------------------------------
# A command that needed the database without sessions was cancelled.

ok(writer_runs(), 'the writer runs');
$locker->quit;
$pid = health('writer_pid');
kill 'STOP', $pid;
my ($status, $out, $err) = $node->psql('postgres', "SET statement_timeout = '500ms'; DROP DATABASE guarded");
like($err, qr/canceling statement due to statement timeout/, 'waiting for the writer to leave can be cancelled');
kill 'CONT', $pid;
usleep(1_500_000);
$began = time();
ok(writer_runs(), 'the writer comes back');
cmp_ok(time() - $began, '<', 20, 'soon');

# ---------------------------------------------------------------------------
# health: a writer that does nothing.

$pid = health('writer_pid');
my $refusals = health('refusals');
kill 'STOP', $pid;
my $stuck = session();
$stuck->query_until(qr/going/, "\\echo going\n" . attempt('stuck') . "\n");
usleep(3_000_000);
like(health('problems::text'), qr/have been waiting/, 'health says that events are waiting');
$stuck->query_until(qr/done/, "\\echo done\n");
is(health('refusals'), $refusals + 1, 'and counts the refusal');
kill 'CONT', $pid;
$stuck->quit;
ok($node->poll_query_until('guarded', "SELECT problems = '{}' FROM sharing_guard.health"), 'until they are written');

# ---------------------------------------------------------------------------
# Partitions that are guarded below a table that is not: no statement trigger
# of theirs fires.

my $port = $node->port;
my $host = $node->host;
$node->safe_psql('county', 'CREATE TABLE received (id int, dest text, why text)');
$node->safe_psql('guarded', qq{
	CREATE EXTENSION postgres_fdw;
	CREATE SERVER county FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host '$host', port '$port', dbname 'county');
	CREATE USER MAPPING FOR CURRENT_USER SERVER county;
	CREATE TABLE feed (id int NOT NULL, dest text, why text) PARTITION BY RANGE (id);
	CREATE TABLE feed_skip PARTITION OF feed FOR VALUES FROM (1) TO (1000);
	CREATE FOREIGN TABLE feed_there PARTITION OF feed FOR VALUES FROM (1000) TO (2000)
		SERVER county OPTIONS (table_name 'received');
	SELECT sharing_guard.protect_export('feed_skip', destination => 'dest', purpose => 'why',
		record_key => 'id', data_class => 'alpr', on_block => 'skip_row', mode => 'enforce');
	SELECT sharing_guard.protect_export('feed_there', destination => 'dest', purpose => 'why',
		record_key => 'id', data_class => 'alpr', mode => 'enforce')});
my $open = session();
$open->query_safe('SET client_min_messages = error; BEGIN');
$open->query_safe(q{INSERT INTO feed VALUES (1, 'springs-pd', 'theft')});
is(in_log('1'), '1', 'a skipped row is recorded when its statement is over, whatever table was named');
$open->query_safe(q{COPY feed FROM PROGRAM $$echo 2,springs-pd,theft$$ WITH (FORMAT csv)});
is(in_log('2'), '1', 'and when a COPY is over');
$open->query_safe(q{INSERT INTO feed VALUES (1001, 'oakdale-pd', 'theft')});
is(in_log('1001'), '1', 'and so is a row that went to another server');
$open->query_safe('ROLLBACK');

# What is left open by a refusal is closed by the refused transaction.
$node->safe_psql('guarded', q{INSERT INTO feed VALUES (1002, 'oakdale-pd', 'theft')});
is(health('open_disclosures'), '0', 'no disclosure is left open');

# ---------------------------------------------------------------------------
# The log is locked when the server starts: the first disclosure of the new
# server is not taken for one that an old session left.

$open->quit;
$node->safe_psql('guarded', q{BEGIN; LOCK TABLE sharing_guard.event IN SHARE MODE; PREPARE TRANSACTION 'held'});
$node->restart;
$last = $node->safe_psql('postgres', 'SELECT clock_timestamp()');
ok(writer_runs(), 'the writer runs, though the log is locked');
$open = session();
$open->query_until(qr/going/, "\\echo going\nINSERT INTO feed_there SELECT 1100 + i, 'oakdale-pd', 'theft' || pg_sleep(0.3) FROM generate_series(1, 20) i;\n");
usleep(700_000);
$node->safe_psql('guarded', q{COMMIT PREPARED 'held'});
usleep(700_000);
error_of($node, 'guarded', attempt('meanwhile'));
$open->query_until(qr/done/, "\\echo done\n");
is($open->{stderr}, '', 'it goes on');
is($node->safe_psql('guarded', "SELECT ending, rows_disclosed FROM sharing_guard.audit WHERE channel = 'foreign_table' AND occurred_at > '$last'"),
	'completed|20', 'and is completed, with its rows');

# A completion that could not be written is written soon after it can be.
$locker = session();
$open->query_until(qr/going/, "\\echo going\nINSERT INTO feed_there SELECT 1200 + i / (2 - i), 'oakdale-pd', 'theft' || pg_sleep(0.7) FROM generate_series(0, 2) i;\n");
usleep(400_000);
$locker->query_safe('BEGIN; LOCK TABLE sharing_guard.event IN SHARE MODE');
$open->query_until(qr/done/, "\\echo done\n");
usleep(2_500_000);
$locker->query_safe('ROLLBACK');
$began = time();
ok($node->poll_query_until('guarded', q{SELECT open_disclosures = 0 FROM sharing_guard.health}), 'closed');
cmp_ok(time() - $began, '<', 10, 'and not only at the next heartbeat');

$_->quit foreach ($open, $locker);
done_testing();
