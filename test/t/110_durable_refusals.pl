# (This one takes long: only in check-world.)
# A blocked attempt is never forgotten: whatever becomes of its transaction, its
# session, the writer or the server, an attempt that a client was told of is in
# the log, once.

use strict;
use warnings;
use IPC::Run;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(usleep time);
use SharingGuard;

my $node = guarded_node('main', conf => "fsync = on\nrestart_after_crash = on\nlog_statement = none");
set_up_policy($node);
$node->safe_psql('guarded', q{
	CREATE TABLE queue (id text PRIMARY KEY, dest text, why text);
	SELECT sharing_guard.protect_export('queue', destination => 'dest', purpose => 'why', data_class => 'alpr', mode => 'enforce');
	CREATE FUNCTION attempt(key text) RETURNS void LANGUAGE plpgsql AS $$
	BEGIN
		INSERT INTO queue VALUES (key, 'springs-pd', 'stolen vehicle');
	EXCEPTION WHEN OTHERS THEN
		GET STACKED DIAGNOSTICS key = PG_EXCEPTION_HINT;
		RAISE NOTICE 'swallowed: %', key;
	END $$});

# One attempt, in one of the ways in which applications lose an error.
sub attempt
{
	my ($key, $way) = @_;
	my $insert = "INSERT INTO queue VALUES ('$key', 'springs-pd', 'stolen vehicle');";

	return (
		"$insert\n",
		"BEGIN; $insert ROLLBACK;\n",
		"BEGIN; SAVEPOINT s; $insert ROLLBACK TO s; COMMIT;\n",
		"SELECT attempt('$key');\n",
		"BEGIN; SELECT attempt('$key'); ROLLBACK;\n",
		"BEGIN; SAVEPOINT s; SELECT attempt('$key'); ROLLBACK TO s; RELEASE s; ROLLBACK;\n")[$way % 6];
}

# A client that makes these attempts: a process, and a file with what it is told.
my $clients_started = 0;

sub start_client
{
	my ($script) = @_;
	my $name = $PostgreSQL::Test::Utils::tmp_check . '/client_' . $clients_started++;
	PostgreSQL::Test::Utils::append_to_file("$name.sql", $script);
	my $harness = IPC::Run::start(
		[ 'psql', '-X', '-q', '-d', $node->connstr('guarded'), '-f', "$name.sql" ],
		'<', '/dev/null', '>', '/dev/null', '2>', "$name.err");

	return { harness => $harness, err => "$name.err" };
}

# What the client was told of: event ids in the hints of refusals.
sub told
{
	my ($client) = @_;

	return slurp_file($client->{err}) =~ /quote event ([0-9a-f-]{36})\./g;
}

# Of these events, how many are in the log?
sub recorded
{
	my ($ids) = @_;
	my $list = join("','", @$ids);

	return 0 unless @$ids;
	return $node->safe_psql('guarded',
		"SELECT count(*) FROM sharing_guard.audit WHERE outcome = 'block' AND event_id IN ('$list')");
}

# ---------------------------------------------------------------------------
# 10,000 attempts from 16 sessions, each rolled back or swallowed.

my @clients;
for my $c (1 .. 16)
{
	push @clients, start_client(join('', map { attempt("$c-$_", $_) } 1 .. 625));
}
$_->{harness}->finish foreach @clients;
my @ids = map { told($_) } @clients;
is(scalar(@ids), 10000, 'every attempt was refused, and its client told');
is($node->safe_psql('guarded', q{
		SELECT count(*), count(DISTINCT record_key), count(DISTINCT event_id), sum(rows_blocked)
		FROM sharing_guard.audit_rows WHERE outcome = 'block'}),
	'10000|10000|10000|10000', '10,000 events, none twice');
is(recorded(\@ids), 10000, 'and they are those that the clients were told of');
is($node->safe_psql('guarded', 'SELECT count(*) FROM queue'), '0', 'no row was stored');

# ---------------------------------------------------------------------------
# On disk, not only committed, whatever synchronous_commit is.

$node->safe_psql('postgres', q{
	ALTER DATABASE guarded SET synchronous_commit = off;
	ALTER ROLE CURRENT_USER SET synchronous_commit = off});
$node->restart;
my $flushed = 0;
for my $n (1 .. 10)
{
	my ($status, $lsn, $error) = $node->psql('guarded',
		attempt("flushed-$n", 0) . 'SELECT pg_current_wal_flush_lsn();', on_error_stop => 0);
	my ($id) = $error =~ /quote event ([0-9a-f-]{36})/;
	my $xid = $node->safe_psql('guarded',
		"SELECT transaction_id FROM sharing_guard.audit WHERE event_id = '$id'");
	my ($waldump) = run_command([ 'pg_waldump', '-p', $node->data_dir . '/pg_wal',
		'-r', 'Transaction', '-x', $xid, '-s', $node->safe_psql('guarded',
			'SELECT redo_lsn FROM pg_control_checkpoint()') ]);
	my ($commit) = $waldump =~ m{lsn: ([0-9A-F]+/[0-9A-F]+), .*COMMIT};

	$flushed++ if $commit
	  && $node->safe_psql('guarded', "SELECT '$lsn'::pg_lsn > '$commit'::pg_lsn") eq 't';
}
is($flushed, 10, 'when the client hears of it, the commit of its event is flushed');
$node->safe_psql('postgres', q{
	ALTER DATABASE guarded RESET synchronous_commit;
	ALTER ROLE CURRENT_USER RESET synchronous_commit});

# ---------------------------------------------------------------------------
# Kills.  Clients go on attempting while something dies; then all that they were
# told of must be there.

my $attempts = 0;
$SIG{PIPE} = 'IGNORE';

# Asks a server that may be about to come up; '' when it does not answer.
sub ask
{
	my ($sql) = @_;

	for (1 .. 600)
	{
		my ($out, $err) = run_command([ 'psql', '-XAtq', '-d', $node->connstr('guarded'), '-c', $sql ]);
		return $out if $err eq '';
		usleep(100_000);
	}
	die "the server does not answer: $sql";
}

# Runs clients, and meanwhile the given code; returns what they were told of.
sub attempts_during
{
	my ($number, $code) = @_;
	my @running = map {
		my $from = $attempts;
		$attempts += 60;
		start_client(join('', map { attempt("k-" . ($from + $_), $_) } 1 .. 60))
	} 1 .. $number;

	# The first have heard of a refusal, and not all of all.
	for (1 .. 500)
	{
		last if told($running[0]);
		usleep(10_000);
	}
	usleep(rand(50_000));
	$code->(@running);
	foreach (@running)
	{
		eval { $_->{harness}->finish };
	}
	return map { told($_) } @running;
}

sub writer_pid
{
	return ask("SELECT pid FROM pg_stat_activity WHERE backend_type = 'sharing_guard writer'");
}

# The writer works again: it has said so since.
sub wait_for_writer
{
	for (1 .. 300)
	{
		return if ask('SELECT writer_state FROM sharing_guard.health') eq 'running';
		usleep(100_000);
	}
	die 'the writer does not come back';
}

my @told;

# The client's own session dies right after it was told.  kill -9 of a backend
# makes the server start anew.
for my $round (1 .. 3)
{
	my $session = $node->background_psql('guarded', on_error_stop => 0);
	my $pid = $session->query_safe('SELECT pg_backend_pid()');
	$session->query_until(qr/heard/, attempt("b-$round", 0) . "\\echo heard\n");
	my ($id) = $session->{stderr} =~ /quote event ([0-9a-f-]{36})/;
	kill 'KILL', $pid;
	eval { $session->{run}->kill_kill };
	usleep(300_000);
	ask('SELECT 1');
	push @told, $id;
}
is(recorded(\@told), 3, 'kill -9 of the session after it heard: recorded');

# SIGTERM at random, and between commit and answer.
wait_for_writer();
@told = ();
for my $round (1 .. 50)
{
	my $between = $round % 2;

	if ($between && $round == 1)
	{
		$node->append_conf('postgresql.conf', 'sharing_guard.debug_answer_delay = 20ms');
		$node->reload;
	}
	push @told, attempts_during(2, sub {
		my $pid = writer_pid();
		kill 'TERM', $pid if $pid;
	}) if $round <= 25;
	if ($round == 25)
	{
		$node->append_conf('postgresql.conf', 'sharing_guard.debug_answer_delay = 0');
		$node->reload;
	}
	push @told, attempts_during(2, sub {
		my $pid = writer_pid();
		kill 'TERM', $pid if $pid;
	}) if $round > 25;
}
is(scalar(@told), 50 * 2 * 60, 'SIGTERM of the writer, 50 times: clients hear of their refusals all the same');
is(recorded(\@told), scalar(@told), 'and every one of them is recorded');

# kill -9 of the writer, and immediate shutdown of the server.
for my $what ('kill -9 of the writer', 'immediate shutdown')
{
	@told = ();
	for my $round (1 .. 20)
	{
		wait_for_writer();
		push @told, attempts_during(2, sub {
			if ($what eq 'immediate shutdown')
			{
				$node->stop('immediate');
				$node->start;
			}
			else
			{
				my $pid = writer_pid();
				kill 'KILL', $pid if $pid;
				usleep(200_000);
			}
		});
		ask('SELECT 1');
	}
	cmp_ok(scalar(@told), '>', 20, "$what, 20 times: clients heard of refusals before it");
	is(recorded(\@told), scalar(@told), 'and every one of them is recorded');
}

# Nothing twice, in all of this.
is($node->safe_psql('guarded', q{
		SELECT count(*) FROM (SELECT record_key FROM sharing_guard.audit_rows
			WHERE outcome = 'block' GROUP BY record_key HAVING count(*) > 1) twice}),
	'0', 'no attempt is recorded twice');
cmp_ok($node->safe_psql('guarded',
	q{SELECT count(*) FROM sharing_guard.health_history WHERE what = 'writer_lost'}),
	'>=', 20, 'losses of the writer are events');
is($node->safe_psql('guarded',
	q{SELECT (array_agg(what ORDER BY occurred_at DESC, event_id DESC))[1] FROM sharing_guard.health_history}),
	'writer_started', 'and so is its return');

done_testing();
