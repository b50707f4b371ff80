# Behind a pooler in transaction mode the next transaction of a connection is
# somebody else's: what was declared must be gone.

use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use SharingGuard;

my $pgbouncer = $ENV{SG_PGBOUNCER} // '';
plan(skip_all => 'PgBouncer cannot be had here') unless $pgbouncer && -x $pgbouncer;

my $node = guarded_node('main');
set_up_policy($node);
$node->safe_psql('guarded', q{
	CREATE TABLE read (id int PRIMARY KEY, plate text);
	INSERT INTO read SELECT i, 'P' || i FROM generate_series(1, 10) i;
	CREATE ROLE app LOGIN;
	GRANT SELECT ON read TO app;
	SELECT sharing_guard.bind_role('app', 'riverbend-police-department', shared => true);
	SELECT sharing_guard.protect_records('read', data_class => 'alpr', mode => 'enforce')});

# One server connection, which all clients share.
my $dir = $node->basedir . '/bouncer';
mkdir $dir;
append_to_file("$dir/users.txt", qq{"app" ""\n});
append_to_file("$dir/pgbouncer.ini", join("\n",
	'[databases]', 'guarded = host=' . $node->host . ' port=' . $node->port . ' dbname=guarded user=app',
	'[pgbouncer]', 'pool_mode = transaction', 'default_pool_size = 1', 'listen_addr =',
	"listen_port = 6432", "unix_socket_dir = $dir", 'auth_type = any',
	'ignore_startup_parameters = extra_float_digits', 'server_reset_query = DISCARD ALL',
	"logfile = $dir/log", "pidfile = $dir/pid", "auth_file = $dir/users.txt", ''));
system_or_bail($pgbouncer, '-q', '-d', "$dir/pgbouncer.ini");
for (1 .. 600)
{
	last if -S "$dir/.s.PGSQL.6432";
	select(undef, undef, undef, 0.1);
}

sub psql
{
	my ($sql) = @_;
	my ($out, $err);
	my $run = run_log([ 'psql', '-XAtq', '-v', 'ON_ERROR_STOP=1', '-h', $dir, '-p', '6432',
		'-d', 'guarded', '-f', '-' ], '<', \$sql, '>', \$out, '2>', \$err);
	chomp $out;
	return $run ? $out : "failed: $err";
}
sub events
{
	$node->poll_query_until('guarded',
		q{SELECT count(*) = 0 FROM sharing_guard.audit WHERE ending = 'open'});
	return $node->safe_psql('guarded', q{
		SELECT concat_ws(' ', session_role, username, username_source, destination, purpose, rows_disclosed)
		FROM sharing_guard.audit ORDER BY event_id});
}

is(psql(q{SELECT pg_backend_pid()}), psql(q{SELECT pg_backend_pid()}), 'two clients have one server connection');

# Two clients whose transactions take turns.
my ($one, $two) = map {
	my $in = '';
	my $out = '';
	my $h = IPC::Run::start([ 'psql', '-XAtq', '-h', $dir, '-p', '6432', '-d', 'guarded', '-f', '-' ],
		'<', \$in, '>', \$out, '2>&1', IPC::Run::timeout(120));
	{ in => \$in, out => \$out, h => $h };
} 1 .. 2;
my $asked = 0;
sub ask
{
	my ($client, $sql) = @_;
	$asked++;
	${ $client->{in} } .= "$sql\n\\echo answered $asked\n";
	$client->{h}->pump until ${ $client->{out} } =~ /answered $asked$/m;
	return;
}
ask($one, q{BEGIN; SELECT sharing_guard.begin_disclosure(destination => 'oakdale-pd', purpose => 'stolen vehicle 1', requesting_person => 'Officer Reyes'); SELECT count(*) FROM read; COMMIT;});
ask($two, q{SELECT count(*) FROM read;});
ask($two, q{BEGIN; SELECT sharing_guard.begin_disclosure(purpose => 'stolen vehicle 2', requesting_person => 'Officer Lund'); SELECT count(*) FROM read; ROLLBACK;});
ask($one, q{SELECT count(*) FROM read;});
ask($two, q{SELECT count(*) FROM read;});
$_->{h}->kill_kill for $one, $two;

is(events(), join("\n",
		'app Officer Reyes person oakdale-pd stolen vehicle 1 1',
		'app app shared_login riverbend-police-department 1',
		'app Officer Lund person riverbend-police-department stolen vehicle 2 1',
		'app app shared_login riverbend-police-department 1',
		'app app shared_login riverbend-police-department 1'),
	'each transaction has what it declared, and no other\'s');

my $pid = slurp_file("$dir/pid");
kill 'INT', $pid + 0;
done_testing();
