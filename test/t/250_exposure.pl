# exposure where the server itself is what is wrong, and what it takes to have
# only the superuser in it.

use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use SharingGuard;

my $node = guarded_node('main', databases => [ 'guarded', 'other' ]);
set_up_policy($node);
$node->safe_psql('guarded', q{
	CREATE TABLE read (id int PRIMARY KEY, plate text);
	INSERT INTO read VALUES (1, 'P1'), (2, 'P2');
	SELECT sharing_guard.protect_records('read', data_class => 'alpr', mode => 'enforce');
	CREATE ROLE auditor LOGIN;
	SELECT sharing_guard.grant_auditor('auditor')});

# library: what exposure says of it.
sub said
{
	return $node->safe_psql('guarded', q{SELECT severity, subject, command FROM sharing_guard.exposure WHERE kind = 'library'});
}

# Runs the command of each row that the condition picks, as one session.
sub close_ways
{
	my ($where) = @_;
	return $node->safe_psql('guarded', "SELECT command FROM sharing_guard.exposure WHERE $where \\gexec");
}
is(said(), '', 'the library is loaded, the database listed');

# Not loaded: the command that is given loads it beside what was loaded before.
$node->append_conf('postgresql.conf', "shared_preload_libraries = 'auto_explain'");
$node->restart;
is(said(), q{high|this server|ALTER SYSTEM SET shared_preload_libraries = 'sharing_guard', 'auto_explain'; -- then restart the server},
	'the library is not loaded');
close_ways(q{kind = 'library'});
$node->restart;
is(said(), '', 'loaded by the command that was given');
is($node->safe_psql('guarded', 'SHOW shared_preload_libraries'), 'sharing_guard, auto_explain', 'and what else there was is still there');

# Not listed.
$node->append_conf('postgresql.conf', "sharing_guard.databases = 'other'");
$node->restart;
is(said(), q{high|database guarded|ALTER SYSTEM SET sharing_guard.databases = 'other, guarded'; -- in another database, as this one cannot record it; then restart the server},
	'the database is not listed');
like(error_of($node, 'guarded', (split /\|/, said())[2]), qr/SG007|is not listed/, 'which it could not record');
$node->safe_psql('postgres', (split /\|/, said())[2]);
$node->restart;
is(said(), '', 'listed by the command that was given');
is($node->safe_psql('guarded', 'SHOW sharing_guard.databases'), 'other, guarded', 'and the other is still listed');

# A logical slot (here, since it takes wal_level = logical).
$node->safe_psql('guarded', q{SELECT pg_create_logical_replication_slot('regress_slot', 'pgoutput')});
is($node->safe_psql('guarded', q{SELECT severity, subject, command FROM sharing_guard.exposure WHERE kind = 'replication_slot'}),
	q{high|regress_slot|SELECT pg_drop_replication_slot('regress_slot');}, 'a logical slot is open');
close_ways(q{kind = 'replication_slot'});
is($node->safe_psql('guarded', q{SELECT count(*) FROM pg_replication_slots}), '0', 'and closed by the command that was given');

# What a fresh server has, closed one by one.
is($node->safe_psql('guarded', q{SELECT string_agg(DISTINCT kind, ', ') FROM sharing_guard.exposure}),
	'superuser', 'a fresh server has its superuser');
$node->safe_psql('guarded', 'ANALYZE read');
is($node->safe_psql('guarded', q{SELECT string_agg(DISTINCT kind, ', ') FROM sharing_guard.exposure}),
	'statistics, superuser', 'and soon statistics');
close_ways(q{kind <> 'superuser'});
close_ways('true');
my $as_auditor = $node->connstr('guarded') . ' user=auditor';
is($node->safe_psql('guarded', q{SELECT kind || ' ' || coalesce(command, 'kept') FROM sharing_guard.exposure}, connstr => $as_auditor),
	'superuser kept', 'then only the superuser is left, as the auditor sees');
is($node->safe_psql('guarded', 'SELECT 1'), '1', 'who can still log in: no command locked them out');

# Another superuser's login is closed, but not by that superuser.
$node->safe_psql('guarded', 'CREATE ROLE second SUPERUSER LOGIN');
my $close = $node->safe_psql('guarded', q{SELECT command FROM sharing_guard.exposure WHERE subject = 'second'}, connstr => $as_auditor);
my ($status, $out, $err) = $node->psql('guarded', $close, connstr => $node->connstr('guarded') . ' user=second');
like($err, qr/another superuser has to run this/, 'one does not lock oneself out');
$node->safe_psql('guarded', $close);
is($node->safe_psql('guarded', q{SELECT rolcanlogin FROM pg_roles WHERE rolname = 'second'}), 'f', 'the other closes it');

done_testing();
