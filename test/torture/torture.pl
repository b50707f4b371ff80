# What test/torture/run describes.

use strict;
use warnings;
use IO::Handle;
use POSIX ':sys_wait_h';
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(usleep time);
use SharingGuard;

# A session that keeps what the server said last.
package TortureSession;
use parent -norequire, 'RawSession';
use RawSession;

sub _until_ready
{
	my ($self) = @_;
	my ($rows, $error) = (0, '');

	$self->{tag} = '';
	while (1)
	{
		my ($type, $body) = $self->_message;
		$rows++ if $type eq 'D';
		$self->{tag} = $1 if $type eq 'C' && $body =~ /^([^\0]*)/;
		if ($type eq 'E')
		{
			($error) = $body =~ /\0?C(\w{5})\0/;
			$self->{event} = $body =~ /event ([0-9a-f-]{36})/ ? $1 : '';
		}

		# Rows have reached the client, whatever comes after them.
		$self->{rows} = $rows;
		return ($rows, $error) if $type eq 'Z';
	}
	return;
}

package main;

my ($seed, $rounds) = ($ENV{SEED}, $ENV{ROUNDS});
my $deadline = time() + $ENV{SECONDS_MAX};
my ($passed, $failed) = (0, 0);
my $sessions = 5;
my $told_file = "$ENV{TESTDIR}/told";
Test::More->builder->no_ending(1);

# STDOUT itself is the library's log, and what the library tells of itself
# belongs there.
my $terminal = Test::More->builder->output;
Test::More->builder->output(\*STDOUT);
Test::More->builder->failure_output(\*STDOUT);
srand($seed);
print $terminal "seed $seed, $rounds rounds\n";

sub result
{
	my ($name, @faults) = @_;

	if (@faults) { $failed++ } else { $passed++ }
	print $terminal sprintf("%-4s  %s\n", @faults ? 'FAIL' : 'ok', $name);
	print $terminal "      $_\n" foreach @faults > 10 ? (@faults[ 0 .. 9 ], '...') : @faults;
	return;
}

my $node = guarded_node('main', databases => [ 'guarded', 'scratch', 'county' ],
	conf => join("\n", 'log_statement = none', 'restart_after_crash = on',
		'sharing_guard.audit_timeout = 4s', 'sharing_guard.heartbeat_interval = 2s',
		'sharing_guard.seal_interval = 700ms', 'sharing_guard.queue_slots = 3',
		'authentication_timeout = 5s'));
my ($port, $host) = ($node->port, $node->host);
$node->safe_psql('county', 'CREATE TABLE received (id text, dest text, why text)');
for my $database ('guarded', 'scratch')
{
	set_up_policy($node, $database);
	$node->safe_psql($database, qq{
		CREATE EXTENSION postgres_fdw;
		CREATE SERVER county FOREIGN DATA WRAPPER postgres_fdw
			OPTIONS (host '$host', port '$port', dbname 'county');
		CREATE USER MAPPING FOR CURRENT_USER SERVER county;
		CREATE FOREIGN TABLE outbox (id text NOT NULL, dest text, why text)
			SERVER county OPTIONS (table_name 'received');
		CREATE TABLE queue (id text PRIMARY KEY, dest text, why text);
		CREATE TABLE feed (id text PRIMARY KEY, dest text, why text);
		CREATE TABLE read (id int PRIMARY KEY, plate text);
		INSERT INTO read SELECT i, 'P' || i FROM generate_series(1, 20) i;
		SELECT sharing_guard.protect_export('queue', destination => 'dest', purpose => 'why', record_key => 'id', data_class => 'alpr', mode => 'enforce'),
			sharing_guard.protect_export('feed', destination => 'dest', purpose => 'why', record_key => 'id', data_class => 'alpr', on_block => 'skip_row', mode => 'enforce'),
			sharing_guard.protect_export('outbox', destination => 'dest', purpose => 'why', record_key => 'id', data_class => 'rms', mode => 'enforce'),
			sharing_guard.protect_records('read', data_class => 'alpr', query_elements => 'plate', mode => 'enforce')});
}
$node->safe_psql('scratch', 'CREATE ROLE oakdale LOGIN');
for my $database ('guarded', 'scratch')
{
	$node->safe_psql($database, q{
		GRANT SELECT ON read TO oakdale;
		SELECT sharing_guard.bind_role('oakdale', 'oakdale-pd')});
}

# ---------------------------------------------------------------------------
# What is wrong with the record, as sentences; [] where nothing is.
#
# "run" runs a query; nothing before "since" counts.  What sessions were told comes as [what, event id or '',
# key, rows]; keys of one round begin alike.

sub faults_of_record
{
	my ($run, $prefix, $since, @told) = @_;
	my @faults;
	my $values = join ', ', map { "('$_->[0]', '$_->[1]', '$_->[2]', $_->[3])" } @told;
	my $lines = qq{lines AS MATERIALIZED (
		SELECT *, COALESCE(record_key, substring(query_elements FROM '[^ ]+\$')) AS key
		FROM sharing_guard.audit_rows WHERE occurred_at >= '$since')};

	push @faults, map { "$_: told, and not once in the log" } split /\n/, $run->(qq{
		WITH $lines,
		events AS (SELECT event_id::text AS id FROM sharing_guard.event WHERE occurred_at >= '$since'),
		told AS (SELECT * FROM (VALUES $values) AS t (what, id, key, rows)),
		by_key AS (SELECT key, count(*) AS lines, max(rows_disclosed) AS disclosed, bool_or(ending = 'unfinished') AS unfinished
			FROM lines GROUP BY key)
		SELECT t.what || ' ' || t.key || ' ' || t.id
		FROM told t LEFT JOIN by_key k USING (key) LEFT JOIN events e USING (id)
		WHERE k.lines IS DISTINCT FROM 1 OR (t.what = 'refused' AND e.id IS NULL)
			OR (t.what = 'read' AND NOT COALESCE(k.unfinished OR k.disclosed >= t.rows, false))}) if @told;
	push @faults, map { "$_: a row without its line, or a line without its row, or several" } split /\n/, $run->(qq{
		WITH $lines,
		written AS (SELECT key, sum(rows_disclosed) AS n FROM lines
			WHERE key LIKE '$prefix%' AND channel = 'export_row' AND rows_disclosed > 0 GROUP BY 1),
		kept AS (SELECT id FROM queue WHERE id LIKE '$prefix%' UNION ALL SELECT id FROM feed WHERE id LIKE '$prefix%')
		SELECT COALESCE(l.key, k.id) FROM written l FULL JOIN kept k ON k.id = l.key
		WHERE l.n IS DISTINCT FROM 1 OR k.id IS NULL});
	push @faults, map { "$_: recorded twice" } split /\n/, $run->(qq{
		WITH $lines SELECT key FROM lines WHERE key LIKE '$prefix%' GROUP BY 1 HAVING count(*) > 1});
	push @faults, map { "$_: left open" } split /\n/, $run->(q{
		SELECT event_id FROM sharing_guard.event e WHERE kind = 'disclosure' AND rows_disclosed IS NULL
			AND NOT EXISTS (SELECT FROM sharing_guard.event c WHERE c.completes = e.event_id)});
	push @faults, map { "verify_audit: $_" } split /\n/, $run->('SELECT severity, problem, detail FROM sharing_guard.verify_audit()');
	return @faults;
}

# The writer: does it write, and has it put nothing aside?
sub faults_of_writer
{
	my ($database) = @_;
	my $key = 'check-' . int(rand(1e12));
	my @faults;

	push @faults, 'the writer does not record a refusal'
	  unless error_of($node, $database, "INSERT INTO queue VALUES ('$key', 'springs-pd', 'theft')") =~ /SG001/;
	push @faults, map { "health: $_" } split /\n/, $node->safe_psql($database,
		q{SELECT p FROM sharing_guard.health, unnest(problems) p
			WHERE p ~ '(writer|waiting|would not take|queue is full|last attempt)' UNION ALL
		  SELECT events_put_aside || ' put aside' FROM sharing_guard.health WHERE events_put_aside > 0 UNION ALL
		  SELECT 'places or slots are taken' FROM sharing_guard.health WHERE open_disclosures + queue_depth > 0});
	return @faults;
}

sub psql_of
{
	my ($database) = @_;
	return sub { return $node->safe_psql($database, $_[0]) };
}

# ---------------------------------------------------------------------------
# Planted damage.

sub planted
{
	my ($kind, $pattern, @faults) = @_;

	result("planted and seen: $kind", (grep { /$pattern/ } @faults) ? () : ("not seen: $kind", @faults));
	return;
}

sub plant_damage
{
	$node->safe_psql('scratch', q{INSERT INTO queue VALUES ('p-1', 'oakdale-pd', 'theft'), ('p-2', 'oakdale-pd', 'theft')});
	my ($id) = error_of($node, 'scratch', q{INSERT INTO queue VALUES ('p-3', 'springs-pd', 'theft')}) =~ /event ([0-9a-f-]{36})/;
	my @told = ([ 'refused', $id, 'p-3', 0 ]);
	$node->safe_psql('scratch', 'SELECT sharing_guard.seal()');
	result('an undamaged record', faults_of_record(psql_of('scratch'), 'p-', '-infinity', @told), faults_of_writer('scratch'));

	my $unprotect = 'ALTER TABLE sharing_guard.event DISABLE TRIGGER protect_rows;';
	my %damage = (
		'a lost refusal' => [ qr/told, and not once/, "DELETE FROM sharing_guard.event WHERE event_id = '$id'" ],
		'a doubled refusal' => [ qr/told, and not once/, qq{
			INSERT INTO sharing_guard.event SELECT (json_populate_record(e, '{"event_id": "00000000-0000-7000-8000-000000000001"}')).*
			FROM sharing_guard.event e WHERE event_id = '$id'} ],
		'an exported row without audit' => [ qr/row without its line/, q{DELETE FROM sharing_guard.event WHERE 'p-1' = ANY (record_keys)} ],
		'an audit row without a row' => [ qr/line without its row/, q{DELETE FROM queue WHERE id = 'p-2'} ],
		'an altered event' => [ qr/verify_audit: error/, qq{UPDATE sharing_guard.event SET destination = 'cedar' WHERE event_id = '$id'} ]);
	for my $kind (sort keys %damage)
	{
		my ($pattern, $sql) = @{ $damage{$kind} };
		my $session = $node->background_psql('scratch');
		$session->query_safe("BEGIN; $unprotect $sql");
		planted($kind, $pattern, faults_of_record(sub { return $session->query_safe($_[0]) }, 'p-', '-infinity', @told));
		$session->query_safe('ROLLBACK');
		$session->quit;
	}
	my $reader = $node->background_psql('scratch', extra_params => [ '-U', 'oakdale' ]);
	$reader->query_safe('BEGIN; DECLARE c CURSOR FOR SELECT * FROM read; FETCH 1 FROM c');
	planted('an open intent', qr/left open/, faults_of_record(psql_of('scratch'), 'p-', '-infinity', @told));
	$reader->query_safe('ROLLBACK');
	$reader->quit;
	my $pid = $node->safe_psql('scratch', 'SELECT writer_pid FROM sharing_guard.health');
	kill 'STOP', $pid;
	planted('a disabled writer', qr/does not record/, faults_of_writer('scratch'));
	kill 'CONT', $pid;
	return;
}

# ---------------------------------------------------------------------------
# What sessions do, each in a process of its own, until they are told to stop.

sub session_process
{
	my ($round, $number) = @_;
	my $role = $number == 1 ? 'oakdale' : (getpwuid($<))[0];
	my ($stop, $count, $session) = (0, 0);
	my $file;

	srand($seed * 7919 + $round * 31 + $number);
	$SIG{TERM} = sub { $stop = 1 };
	$SIG{PIPE} = 'IGNORE';
	open $file, '>', "$told_file.$number" or POSIX::_exit(1);
	$file->autoflush(1);
	while (!$stop)
	{
		my $key = "r$round-$number-" . ++$count;

		$session //= eval { TortureSession->new($node, 'guarded', $role) };
		if (!defined $session) { usleep(50_000); next; }
		eval { act($session, $file, $number, $key); 1 } or do {
			print $file "read - $key $session->{rows}\n" if $session->{reading} && $session->{rows};
			undef $session;
		};
	}
	POSIX::_exit(0);
}

# One thing that a session does, and what it was told.
sub act
{
	my ($session, $file, $number, $key) = @_;
	my $choice = rand();

	$session->{reading} = 0;
	$session->query('SET statement_timeout = ' . ($number >= 4 && rand() < 0.7 ? 2 + int(rand(24)) : 0));
	if ($number == 1)
	{
		@$session{qw(reading rows)} = (1, 0);
		my ($rows, $error) = $session->query("SELECT * FROM read WHERE plate <> '$key'");
		print $file "read - $key $rows\n" if $rows;
	}
	elsif ($number == 2 && $choice < 0.2)
	{
		$session->query(q{UPDATE sharing_guard.agency SET attested_on = current_date - 1 - (random() * 50)::int WHERE agency_id = 'oakdale-pd'});
	}
	elsif ($choice < 0.45)
	{
		my ($rows, $error) = $session->query("INSERT INTO queue VALUES ('$key', 'springs-pd', 'theft')");
		print $file "refused $session->{event} $key 0\n" if $error eq 'SG001';
	}
	elsif ($choice < 0.6)
	{
		$session->query('BEGIN');
		$session->query("INSERT INTO queue SELECT '$key-' || i, 'oakdale-pd', 'theft' FROM generate_series(1, 5) i");
		$session->query("INSERT INTO feed VALUES ('$key', 'oakdale-pd', 'theft')");
		$session->query(rand() < 0.7 ? 'COMMIT' : 'ROLLBACK');
	}
	elsif ($choice < 0.7)
	{
		my ($rows, $error) = $session->query("INSERT INTO feed VALUES ('$key', 'springs-pd', 'theft')");
		print $file "skipped - $key 0\n" if $error eq '' && $session->{tag} eq 'INSERT 0 0';
	}
	else
	{
		my ($rows, $error) = $session->query("INSERT INTO outbox SELECT '$key', 'oakdale-pd', 'theft' || g FROM generate_series(1, 1) g");
		print $file "sent - $key 0\n" if $error eq '';
	}
	return;
}

# ---------------------------------------------------------------------------
# What happens to the server meanwhile.

sub nap { usleep(int(1000 * ($_[0] + rand($_[1] - $_[0])))); return }

sub wait_until_up
{
	for (1 .. 600)
	{
		return 1 if $node->psql('guarded', 'SELECT 1', timeout => 30) == 0;
		usleep(100_000);
	}
	return 0;
}

# The processes of the server, by kind; {} while it is not up.
sub processes
{
	my ($status, $out) = $node->psql('postgres', q{
		SELECT CASE WHEN backend_type LIKE 'sharing_guard%' AND datname = 'guarded' THEN 'writer' ELSE backend_type END, pid
		FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND (datname = 'guarded' OR backend_type = 'checkpointer')});
	my %pids;

	return \%pids if ($status // 1) != 0;
	foreach my $line (split /\n/, $out)
	{
		my ($kind, $pid) = split /\|/, $line;
		push @{ $pids{$kind} }, $pid;
	}
	return \%pids;
}

sub any_of
{
	my ($pids) = @_;
	return defined $pids && @$pids ? $pids->[ rand @$pids ] : undef;
}

my @happenings = (
	[ 'a session is cancelled', 4, sub { signal(any_of(processes()->{'client backend'}), 'INT') } ],
	[ 'a session is terminated', 2, sub { signal(any_of(processes()->{'client backend'}), 'TERM') } ],
	[ 'a session is killed', 1, sub { signal(any_of(processes()->{'client backend'}), 'KILL') } ],
	[ 'a session is stopped', 1, sub { pause_process(any_of(processes()->{'client backend'})) } ],
	[ 'the writer is terminated', 3, sub { signal(any_of(processes()->{writer}), 'TERM') } ],
	[ 'the writer is cancelled', 1, sub { signal(any_of(processes()->{writer}), 'INT') } ],
	[ 'the writer is killed', 1, sub { signal(any_of(processes()->{writer}), 'KILL') } ],
	[ 'the writer is stopped', 3, sub { pause_process(any_of(processes()->{writer})) } ],
	[ 'the checkpointer is stopped', 1, sub { pause_process(any_of(processes()->{checkpointer})) } ],
	[ 'the checkpointer is killed', 1, sub { signal(any_of(processes()->{checkpointer}), 'KILL') } ],
	[ 'a checkpoint', 1, sub { $node->psql('postgres', 'CHECKPOINT') } ],
	[ 'a fast shutdown', 1, sub { restart('fast') } ],
	[ 'an immediate shutdown', 1, sub { restart('immediate') } ],
	[ 'a standby that is away', 1, sub { standby_away() } ]);

sub signal
{
	my ($pid, $signal) = @_;
	kill $signal, $pid if defined $pid;
	return;
}

sub pause_process
{
	my ($pid) = @_;

	return unless defined $pid;
	kill 'STOP', $pid;
	nap(100, rand() < 0.1 ? 5000 : 900);
	kill 'CONT', $pid;
	return;
}

# By pg_ctl and not by the node, whose idea of it a crash has overtaken.
sub restart
{
	my ($mode) = @_;
	my @ctl = ('pg_ctl', '-s', '-w', '-t', '60', '-D', $node->data_dir);

	return unless wait_until_up();
	PostgreSQL::Test::Utils::system_log(@ctl, '-m', $mode, 'stop');
	PostgreSQL::Test::Utils::system_log(@ctl, '-l', $node->logfile, '-o', '--cluster-name=main', 'start');
	return;
}

sub standby_away
{
	$node->psql('postgres', q{ALTER SYSTEM SET synchronous_standby_names = 'nobody'; SELECT pg_reload_conf()});
	nap(100, 800);

	# By file, for whoever asks the server would wait as well.
	$node->psql('postgres', q{SET synchronous_commit = local; ALTER SYSTEM RESET synchronous_standby_names; SELECT pg_reload_conf()});
	return;
}

sub happen
{
	my $total = 0;
	$total += $_->[1] foreach @happenings;
	my $choice = rand($total);
	foreach my $happening (@happenings)
	{
		$choice -= $happening->[1];
		next if $choice > 0;
		$happening->[2]->();
		return $happening->[0];
	}
	return '';
}

sub end_sessions
{
	my (%running) = map { $_ => 1 } @_;
	my @faults;
	my $until = time() + 40;

	kill 'TERM', keys %running;
	while (%running && time() < $until)
	{
		foreach my $pid (keys %running)
		{
			delete $running{$pid} if waitpid($pid, WNOHANG) == $pid;
		}
		usleep(20_000);
	}
	if (%running)
	{
		push @faults, 'a session hung';
		kill 'KILL', keys %running;
		waitpid($_, 0) foreach keys %running;
	}
	return @faults;
}

sub told
{
	my @told;
	foreach my $number (1 .. $sessions)
	{
		foreach my $line (split /\n/, slurp_file("$told_file.$number"))
		{
			push @told, [ split / /, $line ];
		}
	}
	return @told;
}

sub play_round
{
	my ($round) = @_;
	my (@pids, @happened, @faults);
	my $since = $node->safe_psql('guarded', 'SELECT clock_timestamp()');

	srand($seed * 104729 + $round);
	for my $number (1 .. $sessions)
	{
		my $pid = fork() // die "fork: $!";
		session_process($round, $number) if $pid == 0;
		push @pids, $pid;
	}
	nap(150, 500);
	for (1 .. 1 + int(rand(3)))
	{
		push @happened, happen();
		nap(0, 300);
	}
	@faults = end_sessions(@pids);
	my $name = "round $round: " . join ', ', @happened;
	if (!wait_until_up())
	{
		result($name, @faults, 'the server does not come up');
		return 0;
	}
	$node->poll_query_until('guarded', q{
		SELECT writer_state = 'running' AND open_disclosures + queue_depth = 0
			AND (SELECT count(*) = 1 FROM pg_stat_activity WHERE datname = 'guarded' AND backend_type = 'client backend')
		FROM sharing_guard.health});
	push @faults, faults_of_writer('guarded');
	my @told = told();
	push @faults, faults_of_record(psql_of('guarded'), "r$round-", $since, @told);
	push @faults, foreign_faults($round, $since);
	result("$name; " . scalar(@told) . ' told', @faults);
	return 1;
}

# What has arrived is counted: by its key, or in a statement that failed.
sub foreign_faults
{
	my ($round, $since) = @_;
	my @arrived = split /\n/, $node->safe_psql('county', "DELETE FROM received WHERE id LIKE 'r$round-%' RETURNING id");
	my $unknown = $node->safe_psql('guarded', "
		SELECT count(*) FROM unnest(string_to_array('" . join(',', @arrived) . "', ',')) AS t (id)
		WHERE NOT EXISTS (SELECT FROM sharing_guard.event e WHERE e.occurred_at >= '$since' AND (t.id = e.record_key OR t.id = ANY (e.record_keys)))");
	my $failed = $node->safe_psql('guarded', qq{
		SELECT COALESCE(sum(COALESCE(rows_disclosed, 1)), 0) FROM sharing_guard.audit
		WHERE channel = 'foreign_table' AND ending IN ('failed', 'unfinished') AND occurred_at >= '$since'});

	return $unknown > $failed ? ("$unknown rows have arrived that no event counts") : ();
}

plant_damage();
for my $round (1 .. $rounds)
{
	if (time() > $deadline)
	{
		print $terminal "no time is left for the rounds from $round on\n";
		last;
	}
	last unless play_round($round);
}
result('the whole record', faults_of_record(psql_of('guarded'), 'r', '-infinity'));
restart('fast');
$node->_update_pid(1);
$node->stop;
print $terminal "$passed passed, $failed failed\n";
POSIX::_exit($failed ? 1 : 0);
