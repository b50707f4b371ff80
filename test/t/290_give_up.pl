# The way back where somebody has taken the library, or the database, out of the
# configuration before the guards were taken off.

use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use SharingGuard;

my $node = guarded_node('main');
set_up_policy($node);
$node->safe_psql('guarded', q{
	CREATE TABLE outbox (id int PRIMARY KEY, dest text);
	CREATE TABLE skipping (id int PRIMARY KEY, dest text) PARTITION BY RANGE (id);
	CREATE TABLE skipping_1 PARTITION OF skipping FOR VALUES FROM (0) TO (100);
	CREATE TABLE reads (id int PRIMARY KEY, plate text);
	CREATE TABLE filtered (id int PRIMARY KEY, dest text);
	INSERT INTO filtered VALUES (1, 'x');
	CREATE ROLE admin LOGIN;
	CREATE ROLE clerk LOGIN;
	GRANT SELECT ON filtered TO clerk;
	SELECT sharing_guard.grant_policy_admin('admin');
	SELECT sharing_guard.protect_export('outbox', destination => 'dest', data_class => 'alpr', mode => 'enforce');
	SELECT sharing_guard.protect_export('skipping', destination => 'dest', data_class => 'alpr', on_block => 'skip_row', mode => 'enforce');
	SELECT sharing_guard.protect_records('reads', data_class => 'alpr', mode => 'enforce');
	SELECT sharing_guard.protect_records('filtered', data_class => 'alpr', filter_reads => true, mode => 'enforce');
	INSERT INTO outbox VALUES (1, 'oakdale-pd')});
my $left = q{SELECT count(*) FROM sharing_guard.event WHERE relation = 'sharing_guard.guard' AND operation = 'DELETE'};

for my $case (
	[ 'the database is not listed', "sharing_guard.databases = ''", [ 'outbox', 'reads' ] ],
	[ 'the library is not loaded', "shared_preload_libraries = ''", [ 'skipping', 'filtered' ] ])
{
	my ($what, $conf, $tables) = @$case;
	my $before = $node->safe_psql('guarded', $left);

	$node->append_conf('postgresql.conf', $conf);
	$node->restart;
	like(error_of($node, 'guarded', "SET SESSION AUTHORIZATION admin; SELECT sharing_guard.unprotect('$tables->[0]')"), qr/SG006/,
		"$what: a policy administrator cannot take a guard off");
	like(error_of($node, 'guarded', q{UPDATE sharing_guard.guard SET mode = 'observe'}), qr/SG006/, "$what: nor does a superuser change one");
	for my $table (@$tables)
	{
		is(error_of($node, 'guarded', "SELECT sharing_guard.unprotect('$table')"), '', "$what: a superuser takes the guard off $table");
	}
	is($node->safe_psql('guarded', $left), $before + 2, "$what: which is recorded");
	is($node->safe_psql('guarded', q{SELECT count(DISTINCT username) FROM sharing_guard.legible_event WHERE relation = 'sharing_guard.guard' AND operation = 'DELETE'}),
		'1', "$what: with who it was");
}
is(error_of($node, 'guarded', q{INSERT INTO outbox VALUES (2, 'anybody'); INSERT INTO skipping VALUES (2, 'anybody')}), '', 'rows are not refused any more');
is($node->safe_psql('guarded', 'SET ROLE clerk; SELECT count(*) FROM filtered'), '1', 'nor filtered');
is($node->safe_psql('guarded', q{SELECT count(*) FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid
	WHERE p.pronamespace = 'sharing_guard'::regnamespace AND t.tgrelid::regclass::text !~ 'sharing_guard'}), '0', 'no trigger is left');

# The rest of the order, still without the library.
like($node->safe_psql('guarded', q{SELECT * FROM sharing_guard.prepare_drop()}), qr/pg_dump/, 'prepare_drop() says how the log is kept');
is(error_of($node, 'guarded', q{SELECT sharing_guard.prepare_drop('vault 7')}), '', 'is told where');
is(error_of($node, 'guarded', q{DROP EXTENSION sharing_guard}), '', 'and the extension goes without CASCADE');

done_testing();
