# What cannot be recorded of one session keeps no other from being recorded:
# cancelled and timed-out hand-overs, a writer that ends between its commit and
# its answers, and a log that refuses one event or all of a kind.

use strict;
use warnings;
use IPC::Run ();
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(usleep time);
use SharingGuard;

my $node = guarded_node('main', databases => [ 'guarded', 'county' ],
	conf => "log_statement = none\nsharing_guard.heartbeat_interval = 2s");
set_up_policy($node);
my ($port, $host) = ($node->port, $node->host);
$node->safe_psql('county', 'CREATE TABLE received (id int, dest text, why text)');
$node->safe_psql('guarded', qq{
	CREATE EXTENSION postgres_fdw;
	CREATE SERVER county FOREIGN DATA WRAPPER postgres_fdw
		OPTIONS (host '$host', port '$port', dbname 'county');
	CREATE FOREIGN TABLE outbox (id int NOT NULL, dest text, why text)
		SERVER county OPTIONS (table_name 'received');
	CREATE TABLE queue (id text PRIMARY KEY, dest text, why text);
	CREATE TABLE read (id int, plate text);
	INSERT INTO read SELECT i, 'P' || i FROM generate_series(1, 20) i;
	CREATE ROLE vendor LOGIN;
	CREATE USER MAPPING FOR vendor SERVER county OPTIONS (user 'vendor', password_required 'false');
	CREATE USER MAPPING FOR CURRENT_USER SERVER county;
	GRANT INSERT ON outbox, queue TO vendor;
	CREATE ROLE oakdale LOGIN;
	GRANT SELECT ON read TO oakdale;
	SELECT sharing_guard.bind_role('oakdale', 'oakdale-pd'),
		sharing_guard.protect_records('read', data_class => 'alpr', query_elements => 'plate', mode => 'enforce'),
		sharing_guard.protect_export('outbox', destination => 'dest', purpose => 'why', record_key => 'id', data_class => 'rms', mode => 'enforce'),
		sharing_guard.protect_export('queue', destination => 'dest', purpose => 'why', record_key => 'id', data_class => 'alpr', mode => 'enforce')});
$node->safe_psql('county', 'GRANT SELECT, INSERT ON received TO vendor');

sub sql { return $node->safe_psql('guarded', $_[0]) }
sub health { return sql("SELECT $_[0] FROM sharing_guard.health") }
sub set
{
	$node->safe_psql('postgres', "ALTER SYSTEM SET $_[0]");
	$node->reload;
	usleep(300_000);
	return;
}

# Does it record a refusal at once, and is nothing left that is not ended?
my $attempts = 0;
sub goes_on
{
	my ($what) = @_;
	my $key = 'after-' . ++$attempts;

	like(error_of($node, 'guarded', "INSERT INTO queue VALUES ('$key', 'springs-pd', 'theft')"),
		qr/SG001/, "$what: the writer goes on");
	is(sql("SELECT count(*) FROM sharing_guard.audit_rows WHERE record_key = '$key'"), '1', 'and records');
	return;
}
sub all_ended
{
	ok($node->poll_query_until('guarded', q{SELECT open_disclosures = 0 FROM sharing_guard.health}), 'no disclosure is under way');
	is(sql(q{SELECT count(*) FROM sharing_guard.audit WHERE ending = 'open'}), '0', 'nor is one open in the log');
	return;
}

# Sessions that psql runs, each with its own statements.
sub together
{
	my ($user, @scripts) = @_;
	my @runs = map {
		my $script = $_;
		IPC::Run::start([ 'psql', '-XqAt', '-U', $user, '-d', $node->connstr('guarded'), '-f', '-' ],
			'<', \$script, '>', \my $out, '2>', \my $err) } @scripts;

	$_->finish foreach @runs;
	return;
}

# ---------------------------------------------------------------------------
# Six sessions that send to a foreign table and time out, at any moment.

together('vendor', map {
	my $session = $_;
	join '', map { my $id = $session * 1000 + $_;
		'SET statement_timeout = ' . ($_ % 10 ? 2 + ($session * 7 + $_ * 5) % 24 : 0)
		  . ";\nINSERT INTO outbox SELECT $id, 'oakdale-pd', 'theft ' || g FROM generate_series(1, 3) g;\n" } 1 .. 150 } 1 .. 6);
# Whatever the machine's speed, one has sent a row when its time is over.
together('vendor', q{SET statement_timeout = 500;
	INSERT INTO outbox SELECT 7000 + g, 'oakdale-pd', 'theft' || pg_sleep(CASE g WHEN 1 THEN 0 ELSE 5 END) FROM generate_series(1, 3) g;});
goes_on('statement timeouts');
all_ended();
my $endings = sql(q{SELECT string_agg(DISTINCT ending, ' ' ORDER BY ending) FROM sharing_guard.audit WHERE channel = 'foreign_table'});
is($endings, 'completed failed', 'some ended, some timed out');
cmp_ok(sql(q{SELECT sum(rows_disclosed) FROM sharing_guard.audit WHERE channel = 'foreign_table'}), '>=',
	$node->safe_psql('county', 'SELECT count(*) FROM received'), 'no row has arrived that is not counted');
unlike(health('problems::text'), qr/would not take|been waiting|last attempt/, 'health has nothing to complain of');

# ---------------------------------------------------------------------------
# A synchronous standby that is not there: the completion waits, its session is
# cancelled, and then the standby is no longer asked for.

my @endings;
for my $how ('statement_timeout = 1500', 'lock_timeout = 0')
{
	my $session = $node->background_psql('guarded', on_error_stop => 0);

	my $pid = $session->query_safe("SET $how; SELECT pg_backend_pid()");
	$session->query_until(qr/going/, "\\echo going\nINSERT INTO outbox SELECT 9000, 'oakdale-pd', 'theft' || pg_sleep(0.7);\n");
	usleep(200_000);
	set("synchronous_standby_names = 'nobody'");
	usleep(1_500_000);
	sql("SELECT pg_cancel_backend($pid)");
	usleep(300_000);
	set("synchronous_standby_names = ''");
	$session->query_until(qr/done/, "\\echo done\n");
	$session->quit;
	goes_on("a standby that is away, $how");
	all_ended();
	is(sql(q{SELECT count(*) FROM sharing_guard.event WHERE kind = 'completion' GROUP BY completes HAVING count(*) > 1}), '', 'each is completed once');
}

# ---------------------------------------------------------------------------
# Recording some of a statement's rows is not answered in time, and a trigger of
# the application's swallows that: whether they are on record is not known.

sql(q{
	CREATE TABLE nearby (id text PRIMARY KEY, dest text);
	SELECT sharing_guard.protect_export('nearby', destination => 'dest', data_class => 'rms', on_block => 'skip_row', mode => 'enforce');
	CREATE FUNCTION in_between() RETURNS trigger LANGUAGE plpgsql AS $$
	BEGIN
		PERFORM pg_sleep(2);
		INSERT INTO nearby VALUES (gen_random_uuid()::text, 'oakdale-pd');
		RETURN NULL;
	EXCEPTION WHEN SQLSTATE 'SG003' THEN
		PERFORM pg_sleep(1.5);
		RETURN NULL;
	END $$;
	CREATE TRIGGER zz_between AFTER INSERT ON outbox FOR EACH ROW WHEN (NEW.id = 8003) EXECUTE FUNCTION in_between();
	CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'no more'; END $$;
	CREATE TRIGGER zz_fail AFTER INSERT ON outbox FOR EACH ROW WHEN (NEW.id = 8005 AND NEW.why = 'theft, fails') EXECUTE FUNCTION fail()});
set('sharing_guard.audit_timeout = 1000');
for my $fails (0, 1)
{
	my $session = $node->background_psql('guarded', on_error_stop => 0);
	my $start = sql('SELECT clock_timestamp()');

	$node->safe_psql('county', 'DELETE FROM received');
	$session->query_until(qr/going/, "\\echo going\nINSERT INTO outbox SELECT 8000 + i, 'oakdale-pd', 'theft"
		  . ($fails ? ', fails' : '') . "' FROM generate_series(1, 6) i;\n");
	usleep(900_000);
	my $pid = health('writer_pid');
	kill 'STOP', $pid;
	usleep(3_000_000);
	kill 'CONT', $pid;
	$session->query_until(qr/done/, "\\echo done\n");
	$session->quit;
	goes_on('an answer that came too late' . ($fails ? ', and then an error' : ''));
	all_ended();
	is(sql(qq{SELECT sum(rows_disclosed) FROM sharing_guard.audit WHERE channel = 'foreign_table' AND occurred_at > '$start'}), 6,
		'each row that was sent is counted once');
	is(sql(qq{SELECT string_agg(record_key, ' ' ORDER BY record_key) FROM sharing_guard.audit_rows WHERE channel = 'foreign_table' AND occurred_at > '$start' AND record_key <> ''}),
		'8001 8002 8003 8004 8005 8006', 'and has its line') unless $fails;
}
set('sharing_guard.audit_timeout = 10000');
sql('DROP TRIGGER zz_between ON outbox; DROP TRIGGER zz_fail ON outbox');

# ---------------------------------------------------------------------------
# The writer ends between its commit and its answers, while reads end.

set('sharing_guard.debug_answer_delay = 500');
for my $round (1 .. 2)
{
	my @readers = map { $node->background_psql('guarded', on_error_stop => 0, extra_params => [ '-U', 'oakdale' ]) } 1 .. 3;

	$_->query_safe('BEGIN; DECLARE c CURSOR FOR SELECT * FROM read; FETCH 3 FROM c') foreach @readers;
	$_->query_safe('COMMIT') foreach @readers;
	usleep(250_000);
	sql("SELECT pg_terminate_backend(writer_pid) FROM sharing_guard.health");
	$_->quit foreach @readers;
	ok($node->poll_query_until('guarded', q{SELECT writer_state = 'running' FROM sharing_guard.health}), 'a new writer');
}
set('sharing_guard.debug_answer_delay = 0');
goes_on('a writer that ended before its answers');
all_ended();
is(sql(q{SELECT string_agg(DISTINCT ending || ' ' || rows_disclosed, ', ') FROM sharing_guard.audit WHERE channel = 'query'}),
	'completed 3', 'each read is completed, with its rows');

# ---------------------------------------------------------------------------
# The log refuses one event of many, or makes one disappear.

sub obstacle
{
	my ($when, $body) = @_;

	return sql(qq{
		CREATE OR REPLACE FUNCTION public.obstacle() RETURNS trigger LANGUAGE plpgsql AS \$\$ BEGIN $body; END \$\$;
		CREATE TRIGGER obstacle BEFORE INSERT ON sharing_guard.event FOR EACH ROW WHEN ($when) EXECUTE FUNCTION public.obstacle();
		ALTER TABLE sharing_guard.event ENABLE ALWAYS TRIGGER obstacle});
}
sub clear { return sql('DROP TRIGGER obstacle ON sharing_guard.event') }

# A result that is not held back until it can be counted, so that it has a completion.
sub one_read { return $node->safe_psql('guarded', q{SELECT repeat('x', 70000) FROM read WHERE id <= } . $_[0], extra_params => [ '-U', 'oakdale' ]) }

my $offset = -s $node->logfile;
obstacle(q{NEW.kind = 'completion'}, 'RETURN NULL');
one_read(7);
goes_on('a trigger that makes completions disappear');
ok($node->poll_query_until('guarded', 'SELECT events_put_aside = 1 FROM sharing_guard.health'), 'the completion is put aside');
like(health('problems::text'), qr/1 events that the audit log would not take/, 'health says so');
like(slurp_file($node->logfile, $offset), qr/sharing_guard event: \{.*"kind":"completion".*"ending":"completed".*could not be written to the audit log/,
	'and the server log has it');
goes_on('with an event put aside');
clear();
ok($node->poll_query_until('guarded', 'SELECT events_put_aside = 0 FROM sharing_guard.health'), 'without the trigger it is written after all');
all_ended();

# By a constraint; and the others of the same batch are written.
sql(q{ALTER TABLE sharing_guard.event ADD CONSTRAINT not_cedar CHECK (record_key IS NULL OR record_key <> 'bad') NOT VALID});
my $pid = health('writer_pid');
kill 'STOP', $pid;
my @sessions = map { $node->background_psql('guarded', on_error_stop => 0) } 1 .. 3;
my @keys = ('good-1', 'bad', 'good-2');
for my $i (0 .. 2)
{
	$sessions[$i]->query_until(qr/going/, "\\set VERBOSITY verbose\n\\echo going\nINSERT INTO queue VALUES ('$keys[$i]', 'springs-pd', 'theft');\n");
}
usleep(300_000);
kill 'CONT', $pid;
$_->query_until(qr/done/, "\\echo done\n") foreach @sessions;
is(join(' ', map { $_->{stderr} =~ /(SG00\d)/ ? $1 : '-' } @sessions), 'SG001 SG003 SG001',
	'a constraint that refuses one event: its session is told, the others are refused as ever');
$_->quit foreach @sessions;
cmp_ok(health('events_failed'), '>', 0, 'health counts it');
sql('ALTER TABLE sharing_guard.event DROP CONSTRAINT not_cedar');
goes_on('a constraint');

# By an error of any class: also one that looks as if it concerned all.
for my $code ('53100', '55P03', 'SG003', '40P01', '57014', '23505')
{
	obstacle(q{NEW.record_key LIKE 'bad%'}, "RAISE EXCEPTION 'no' USING ERRCODE = '$code'");
	kill 'STOP', $pid;
	@sessions = map { $node->background_psql('guarded', on_error_stop => 0) } 1 .. 2;
	$sessions[0]->query_until(qr/going/, "\\set VERBOSITY verbose\n\\echo going\nINSERT INTO queue VALUES ('bad-$code', 'springs-pd', 'theft');\n");
	usleep(100_000);
	$sessions[1]->query_until(qr/going/, "\\set VERBOSITY verbose\n\\echo going\nINSERT INTO queue VALUES ('good-$code', 'springs-pd', 'theft');\n");
	usleep(100_000);
	kill 'CONT', $pid;
	$_->query_until(qr/done/, "\\echo done\n") foreach @sessions;
	is(join(' ', map { $_->{stderr} =~ /(SG00\d)/ ? $1 : '-' } @sessions), 'SG003 SG001', "one event that fails with $code keeps no other");
	$_->quit foreach @sessions;
	clear();
}

# By ending the writer itself.
obstacle(q{NEW.record_key = 'deadly'}, 'PERFORM pg_terminate_backend(pg_backend_pid()); PERFORM pg_sleep(1); RETURN NEW');
like(error_of($node, 'guarded', "INSERT INTO queue VALUES ('deadly', 'springs-pd', 'theft')"), qr/SG003/, 'an event that ends the writer each time');
ok($node->poll_query_until('guarded', q{SELECT writer_state = 'running' AND queue_depth = 0 FROM sharing_guard.health}), 'is not tried for ever');
goes_on('an event that ends the writer');
clear();

# ---------------------------------------------------------------------------
# What a crash has left open is closed, one by one.

@sessions = map { $node->background_psql('guarded', on_error_stop => 0, extra_params => [ '-U', 'oakdale' ]) } 1 .. 3;
$_->query_safe('BEGIN; DECLARE c CURSOR FOR SELECT * FROM read; FETCH 3 FROM c') foreach @sessions;
my $refused = sql(q{SELECT event_id FROM sharing_guard.audit WHERE ending = 'open' ORDER BY event_id LIMIT 1});
obstacle("NEW.completes = '$refused'", 'RAISE EXCEPTION $x$no$x$');
$node->stop('immediate');
eval { $_->{run}->kill_kill } foreach @sessions;
$node->start;
ok($node->poll_query_until('guarded', q{SELECT count(*) = 2 FROM sharing_guard.audit WHERE ending = 'unfinished'}),
	'what a crash has left open is closed, but for what the log refuses');
goes_on('with one of them open');
clear();
ok($node->poll_query_until('guarded', q{SELECT count(*) = 3 FROM sharing_guard.audit WHERE ending = 'unfinished'}), 'and that as soon as it does not');
all_ended();
sql('SELECT sharing_guard.seal()');
is(sql('SELECT count(*) FROM sharing_guard.verify_audit()'), '0', 'the record is whole');

done_testing();
