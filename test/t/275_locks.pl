# Nobody's lock on a table of ours holds exports for long, whatever we do has one
# order of locks, and the emergency switch waits for nobody.

use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(time);
use SharingGuard;

my $node = guarded_node('main', conf => "sharing_guard.lock_timeout = 700ms\ndeadlock_timeout = 200ms");
set_up_policy($node);
$node->safe_psql('guarded', q{
	CREATE TABLE queue (id serial PRIMARY KEY, dest text, why text, note text);
	CREATE TABLE plain (a int, b int);
	SELECT sharing_guard.protect_export('queue', destination => 'dest', data_class => 'rms', mode => 'enforce');
	CREATE ROLE admin LOGIN;
	SELECT sharing_guard.grant_policy_admin('admin')});

my $row = q{INSERT INTO queue (dest) VALUES ('oakdale-pd')};
my $blocked = q{INSERT INTO queue (dest) VALUES ('nobody knows them')};

# The SQLSTATE of a statement in a new session, and how long it took.
sub attempt
{
	my ($sql) = @_;
	my $start = time;
	my ($rc, $out, $err) = $node->psql('guarded', $sql, extra_params => [ '-v', 'VERBOSITY=verbose' ],
		timeout => 20);
	my ($state) = $err =~ /^(?:psql:[^:]*:\d+: )?ERROR:\s+(\w{5}):/m;
	return ($state // 'none', time - $start);
}

my $idle = $node->background_psql('guarded');
my $known = $node->background_psql('guarded');
$known->query_safe($row);

# What locks policy tables against reading, in a transaction that sits idle.
for my $lock ('LOCK TABLE sharing_guard.rule',
	'LOCK TABLE sharing_guard.guard IN ACCESS EXCLUSIVE MODE',
	'TRUNCATE sharing_guard.task_force',
	'ALTER TABLE sharing_guard.agency ADD COLUMN ours int',
	'REINDEX TABLE sharing_guard.setting',
	'ALTER TABLE sharing_guard.role_binding ADD COLUMN ours int')
{
	$idle->query_safe("BEGIN; $lock");
	my ($state, $took) = attempt($row);
	is($state, 'SG006', "$lock: an export is refused and does not wait on");
	cmp_ok($took, '<', 6, 'after a short time');
	$known->query_safe($row) if $lock =~ /^LOCK/;
	$idle->query_safe('ROLLBACK');
	is((attempt($row))[0], 'none', 'and goes out again afterwards');
}

# A session's own, shorter bound stays its own.
$idle->query_safe('BEGIN; LOCK TABLE sharing_guard.rule');
is((attempt("SET lock_timeout = 100; $row"))[0], '55P03', 'lock_timeout of the session is its own');
$idle->query_safe('ROLLBACK');

# Row locks keep nobody from reading.
$idle->query_safe('BEGIN; SELECT FROM sharing_guard.setting FOR UPDATE; SELECT FROM sharing_guard.guard FOR UPDATE; SELECT FROM sharing_guard.rule FOR UPDATE');
is((attempt($row))[0], 'none', 'SELECT FOR UPDATE of policy rows holds no export');
$idle->query_safe('ROLLBACK');

# The administrator may lock out who changes, not who reads.
is((attempt('SET ROLE admin; BEGIN; LOCK TABLE sharing_guard.rule'))[0], 'SG009', 'LOCK TABLE by an administrator');
is((attempt('SET ROLE admin; SET search_path = sharing_guard; BEGIN; LOCK agency, rule IN ACCESS EXCLUSIVE MODE'))[0], 'SG009', 'the same without the schema');
is((attempt('SET ROLE admin; BEGIN; LOCK TABLE sharing_guard.rule IN SHARE ROW EXCLUSIVE MODE'))[0], 'none', 'a weaker mode');
is((attempt('BEGIN; LOCK TABLE plain'))[0], 'none', 'LOCK TABLE of other tables');

# Other people's renames wait for no guard, a guarded table's not for long.
$idle->query_safe(q{BEGIN; SELECT sharing_guard.set_mode('observe', 'queue') IS NOT NULL});
is((attempt('ALTER TABLE plain RENAME a TO c; ALTER TABLE plain RENAME TO simple'))[0], 'none', 'a rename of another table');
is((attempt('ALTER TABLE queue RENAME note TO remark; ALTER TABLE queue RENAME remark TO note'))[0], 'none', 'a column, while the mode is being changed');
my ($state, $took) = attempt('ALTER TABLE queue RENAME TO outbox');
is($state, 'SG006', 'the table itself is not renamed');
cmp_ok($took, '<', 6, 'after a short time');
$idle->query_safe('ROLLBACK');
is((attempt('ALTER TABLE queue RENAME TO outbox; ALTER TABLE outbox RENAME TO queue'))[0], 'none', 'and is later');

# A bulk protect_export keeps the overall mode from nobody.
$idle->query_safe(q{BEGIN; SELECT sharing_guard.protect_export('queue', destination => 'dest', purpose => 'why', data_class => 'rms', mode => 'enforce') IS NOT NULL});
is((attempt(q{SET lock_timeout = 300; SELECT sharing_guard.set_mode('observe')}))[0], 'none', 'set_mode() beside an open protect_export()');
$idle->query_safe('ROLLBACK');
$node->safe_psql('guarded', q{SELECT sharing_guard.set_mode('enforce')});

# The emergency switch, while the settings are locked by somebody idle.
sub turn
{
	my ($to) = @_;
	my $recorded = $to eq 'on' ? 'EMERGENCY ON' : 'EMERGENCY OFF';
	my $before = $node->safe_psql('guarded', "SELECT count(*) FROM sharing_guard.policy_changes WHERE operation = '$recorded'");
	$node->safe_psql('guarded', "ALTER SYSTEM SET sharing_guard.emergency_observe = $to");
	$node->safe_psql('guarded', 'SELECT pg_reload_conf()');
	ok($node->poll_query_until('guarded', "SELECT count(*) = $before + 1 FROM sharing_guard.policy_changes WHERE operation = '$recorded'"),
		"turned $to: recorded by the writer");
}
is((attempt($blocked))[0], 'SG001', 'a blocked row stays');
$known->query_safe($row);
$idle->query_safe(q{BEGIN; UPDATE sharing_guard.setting SET contact = 'idle'});
turn('on');
is((attempt($blocked))[0], 'none', 'while it is on, a blocked row goes out');
is($known->query_safe("$blocked RETURNING 'out'"), 'out', 'also in a session that had decided before');
is($node->safe_psql('guarded', q{SELECT outcome, would_be_outcome FROM sharing_guard.audit_rows WHERE destination = 'nobody knows them' ORDER BY occurred_at DESC LIMIT 1}),
	'flag|block', 'flagged');
is($node->safe_psql('guarded', q{SELECT problems::text ~ 'emergency_observe is on' FROM sharing_guard.health}), 't', 'health says so');
is($node->safe_psql('guarded', q{SELECT status FROM sharing_guard.preflight() WHERE subject = 'emergency switch'}), 'problem', 'preflight says so');
$idle->query_safe('ROLLBACK');
$idle->quit;
$known->quit;

# What is done while the server is down is seen when it comes up, once.
$node->restart;
is((attempt($blocked))[0], 'none', 'it stays on over a restart');
$node->stop;
$node->append_conf('postgresql.auto.conf', 'sharing_guard.emergency_observe = off');
$node->start;
is((attempt($blocked))[0], 'SG001', 'turned off while the server was down');
ok($node->poll_query_until('guarded', q{SELECT string_agg(operation, ',' ORDER BY occurred_at) = 'EMERGENCY ON,EMERGENCY OFF' FROM sharing_guard.policy_changes WHERE relation = 'sharing_guard.emergency_observe'}),
	'each turn is recorded once');
is($node->safe_psql('guarded', q{SELECT problems::text ~ 'emergency_observe' FROM sharing_guard.health}), 'f', 'health is quiet');
is((attempt('SET sharing_guard.emergency_observe = on'))[0], '55P02', 'no session turns it');

# Everything at once, for some seconds: nobody deadlocks.
$node->safe_psql('guarded', q{
	CREATE TABLE feed (id bigint, dest text, why text, note text) PARTITION BY RANGE (id);
	CREATE TABLE feed_0 PARTITION OF feed FOR VALUES FROM (0) TO (1000000);
	CREATE TABLE feed_1 (LIKE feed);
	ALTER TABLE feed ALTER id SET NOT NULL;
	ALTER TABLE feed_1 ALTER id SET NOT NULL;
	SELECT sharing_guard.protect_export('feed', destination => 'dest', record_key => 'id', data_class => 'rms', mode => 'enforce')});
my %scripts = (
	insert => q{BEGIN; SELECT count(*) FROM feed; INSERT INTO feed VALUES (1, 'oakdale-pd'); INSERT INTO feed VALUES (2, 'oakdale-pd'); COMMIT;},
	protect => q{SELECT sharing_guard.protect_export('feed', destination => 'dest', record_key => 'id', data_class => 'rms', mode => 'enforce', on_block => (ARRAY['error', 'skip_row'])[1 + (random() * 1)::int], filter_reads => random() < 0.5)},
	other => q{SELECT sharing_guard.protect_export('queue', destination => 'dest', data_class => 'rms', mode => 'enforce', bookkeeping => (ARRAY['why', 'note'])[1 + (random() * 1)::int])},
	mode => q{SELECT sharing_guard.set_mode((ARRAY['enforce', 'observe'])[1 + (random() * 1)::int], 'feed')},
	overall => q{SELECT sharing_guard.set_mode((ARRAY['enforce', 'observe'])[1 + (random() * 1)::int])},
	agency => q{UPDATE sharing_guard.agency SET note = random()::text WHERE agency_id = 'oakdale-pd'},
	rename => q{ALTER TABLE feed RENAME note TO remark; ALTER TABLE feed RENAME remark TO note},
	attach => q{ALTER TABLE feed ATTACH PARTITION feed_1 FOR VALUES FROM (1000000) TO (2000000); ALTER TABLE feed DETACH PARTITION feed_1},
	maintenance => q{SELECT sharing_guard.open_maintenance('test', now() + '1 hour')});
my @files;
for my $name (sort keys %scripts)
{
	my $file = "$PostgreSQL::Test::Utils::tmp_check/$name.sql";
	my $body = $scripts{$name};
	if ($name ne 'insert')
	{
		$body =~ s/SELECT sharing/PERFORM sharing/g;
		$body = "DO \$\$ BEGIN $body; EXCEPTION WHEN OTHERS THEN IF SQLSTATE = '40P01' THEN RAISE LOG 'a deadlock in $name'; END IF; END \$\$;";
	}
	PostgreSQL::Test::Utils::append_to_file($file, "$body\n");
	push @files, '-f', "$file\@" . ($name eq 'insert' ? 6 : 1);
}
my $log_offset = -s $node->logfile;
$node->command_ok([ 'pgbench', '-n', '-T', '6', '-c', '8', '-h', $node->host, '-p', $node->port, @files, 'guarded' ],
	'a storm of commands');
my $log = PostgreSQL::Test::Utils::slurp_file($node->logfile, $log_offset);
is(join("\n", $log =~ /(?:LOG:  a deadlock in|deadlock detected).*/g), '', 'no deadlock');
cmp_ok($node->safe_psql('guarded', 'SELECT count(*) FROM feed'), '>', 0, 'rows went out meanwhile');
is($node->safe_psql('guarded', q{SELECT count(*) FROM sharing_guard.policy_changes WHERE policy_revision IS NULL AND relation NOT LIKE '%emergency%'}),
	'0', 'every change has its revision');

done_testing();
