# CREATE EXTENSION works only where the extension can do its work, and says
# what is missing; pg_upgrade is let through; a server that has lost the
# library lets nothing out.

use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use SharingGuard;

my $node = guarded_node('main', databases => [ 'guarded', 'Second Town' ]);
$node->safe_psql('postgres', 'CREATE DATABASE other');

# A database that is not listed.
my $error = error_of($node, 'other', 'CREATE EXTENSION sharing_guard');
like($error, qr/ERROR:  SG006: database "other" is not listed in sharing_guard.databases/,
	'a database that is not listed is refused');
like($error, qr/HINT:  Add the database to sharing_guard.databases/,
	'and the hint says what to do');
is($node->safe_psql('other', "SELECT count(*) FROM pg_namespace WHERE nspname = 'sharing_guard'"),
	'0', 'nothing of the extension is left there');

# A schema of that name in somebody else's hands.
$node->safe_psql('Second Town', 'CREATE SCHEMA sharing_guard');
like(error_of($node, 'Second Town', 'CREATE EXTENSION sharing_guard'),
	qr/schema "sharing_guard" already exists/,
	'a schema that is there already is not moved into');
$node->safe_psql('Second Town', 'DROP SCHEMA sharing_guard');
$node->safe_psql('Second Town', 'CREATE EXTENSION sharing_guard');
pass('a listed name with capitals and a space works');

# Nothing configured yet.
$node->safe_psql('guarded', 'CREATE EXTENSION sharing_guard');
$node->safe_psql('guarded', 'CREATE TABLE queue (id int PRIMARY KEY, dest text)');
my $protect =
  q{SELECT sharing_guard.protect_export('queue', destination => 'dest', data_class => 'rms', mode => 'enforce')};
like(error_of($node, 'guarded', $protect), qr/SG007: .*no policy has been adopted/,
	'without an adopted policy nothing can be protected');
is( $node->safe_psql('guarded',
		q{SELECT string_agg(subject, ',' ORDER BY subject) FROM sharing_guard.preflight()
		  WHERE status = 'problem' AND subject <> 'fsync'}),
	'configuration,policy',
	'preflight says what is missing');
$node->safe_psql('guarded', 'DROP EXTENSION sharing_guard');
is($node->safe_psql('guarded', "SELECT count(*) FROM pg_namespace WHERE nspname = 'sharing_guard'"),
	'0', 'DROP EXTENSION leaves nothing behind');

set_up_policy($node);
$node->safe_psql('guarded', $protect);
is( $node->safe_psql('guarded',
		q{SELECT count(*) FROM sharing_guard.preflight()
		  WHERE status = 'problem' AND subject <> 'fsync'}),
	'0', 'preflight has nothing more to say');

# A list that is none: the server says so and starts with an empty one, so
# nothing is let out.
$node->append_conf('postgresql.conf', "sharing_guard.databases = 'a b c,'");
$node->restart;
like(slurp_file($node->logfile), qr/invalid value for parameter "sharing_guard.databases": "a b c,"/,
	'a list that is none is reported');
like(error_of($node, 'guarded', q{INSERT INTO queue VALUES (1, 'oakdale-pd')}),
	qr/SG006: database "guarded" is not listed/, 'and every row refused');
$node->append_conf('postgresql.conf', qq{sharing_guard.databases = 'guarded,"Second Town"'});
$node->restart;

# The library is gone from shared_preload_libraries.
$node->append_conf('postgresql.conf', "shared_preload_libraries = ''");
$node->restart;
$error = error_of($node, 'guarded', q{INSERT INTO queue VALUES (1, 'oakdale-pd')});
like($error, qr/SG006: sharing_guard is not loaded by shared_preload_libraries/,
	'without the library a protected table refuses every row');
is($node->safe_psql('guarded', 'SELECT count(*) FROM queue'), '0', 'and none is stored');
like(error_of($node, 'guarded', q{UPDATE sharing_guard.agency SET status = 'inactive'}),
	qr/SG006/, 'nor can the policy be changed unseen');
like(error_of($node, 'other', 'CREATE EXTENSION sharing_guard'),
	qr/SG006: sharing_guard is not loaded.*HINT:  Add sharing_guard to shared_preload_libraries/s,
	'CREATE EXTENSION says that the library is missing');
is( $node->safe_psql('guarded',
		q{SELECT string_agg(subject, ',' ORDER BY subject) FROM sharing_guard.preflight()
		  WHERE status = 'problem' AND subject <> 'fsync'}),
	'database,library', 'preflight sees it');

# The database is gone from the list.
$node->append_conf('postgresql.conf',
	"shared_preload_libraries = 'sharing_guard'\nsharing_guard.databases = 'other'");
$node->restart;
like(error_of($node, 'guarded', q{INSERT INTO queue VALUES (1, 'oakdale-pd')}),
	qr/SG006: database "guarded" is not listed/,
	'a database taken off the list refuses every row');
$node->append_conf('postgresql.conf', "sharing_guard.databases = 'guarded'");
$node->restart;
$node->safe_psql('guarded', q{INSERT INTO queue VALUES (1, 'oakdale-pd')});
is($node->safe_psql('guarded', 'SELECT count(*) FROM sharing_guard.audit_rows'), '1',
	'and works again when it is back');

# pg_upgrade loads the library into a server in binary-upgrade mode, without
# preloading it.
$node->stop;
$node->append_conf('postgresql.conf', "shared_preload_libraries = ''");
my $log = $node->data_dir . '/upgrade.log';
my $started = system('pg_ctl', '-s', '-w', '-D', $node->data_dir, '-l', $log,
	'-o', '-b -c autovacuum=off', 'start');
is($started, 0, 'a server in binary-upgrade mode starts');
is($node->safe_psql('postgres', q{LOAD '$libdir/sharing_guard'; SELECT 1}), '1',
	'and loads the library');
system('pg_ctl', '-s', '-w', '-m', 'fast', '-D', $node->data_dir, 'stop');

done_testing();
