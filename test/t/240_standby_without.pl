# A standby that does not load the library cannot refuse or record anything, but
# for what row-level security of filter_reads holds back.  The primary cannot see
# what a standby loads, and says so in exposure until a person has looked.

use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use SharingGuard;

my $primary = guarded_node('primary', init => [ allows_streaming => 1 ]);
set_up_policy($primary);
$primary->safe_psql('guarded', q{
	CREATE TABLE open_read (plate text);
	CREATE TABLE filtered_read (plate text);
	INSERT INTO open_read VALUES ('7ABC123'), ('8DEF456');
	INSERT INTO filtered_read VALUES ('7ABC123'), ('8DEF456');
	CREATE ROLE partner LOGIN;
	CREATE ROLE officer LOGIN;
	CREATE ROLE admin LOGIN;
	GRANT SELECT ON open_read, filtered_read TO partner, officer;
	SELECT sharing_guard.grant_policy_admin('admin');
	SELECT sharing_guard.protect_records('open_read', data_class => 'alpr', mode => 'enforce');
	SELECT sharing_guard.protect_records('filtered_read', data_class => 'alpr', filter_reads => true, mode => 'enforce');
	SELECT sharing_guard.bind_role('partner', 'oakdale-pd')});

# exposure FROM THE PRIMARY: what it says of standbys.
sub said
{
	return $primary->safe_psql('guarded',
		q{SELECT subject, command FROM sharing_guard.exposure WHERE kind = 'standby'});
}
is(said(), '', 'no standby, nothing to say');

$primary->backup('copy');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($primary, 'copy', has_streaming => 1);
$standby->append_conf('postgresql.conf', "shared_preload_libraries = ''");
$standby->start;
$primary->wait_for_catchup($standby);
my $attest = q{SELECT sharing_guard.attest_standby('standby');};
is(said(), "standby|$attest -- when SHOW shared_preload_libraries has it there",
	'a standby connects: the primary says that it may be read without a record');

# What becomes of reads there.
sub read_as
{
	my ($role, $table) = @_;
	return "SET SESSION AUTHORIZATION $role; SELECT count(*) FROM $table;";
}
is($standby->safe_psql('guarded', read_as('partner', 'open_read')), '2',
	'without the library a partner reads unrecorded: the limit that the manual names');
like(error_of($standby, 'guarded', read_as('partner', 'filtered_read')), qr/SG007|SG006|not loaded/,
	'filter_reads refuses it there');
like($standby->safe_psql('guarded', q{SELECT status FROM sharing_guard.preflight() WHERE subject = 'library'}),
	qr/problem/, 'preflight() says so there');
is($standby->safe_psql('guarded', q{SELECT severity, command FROM sharing_guard.exposure WHERE kind = 'library'}),
	q{high|ALTER SYSTEM SET shared_preload_libraries = 'sharing_guard'; -- then restart the server},
	'and exposure, with the command');

# Closed: by loading it, and saying so.
$standby->append_conf('postgresql.conf', "shared_preload_libraries = 'sharing_guard'");
$standby->restart;
$primary->wait_for_catchup($standby);
like(error_of($standby, 'guarded', read_as('partner', 'open_read')), qr/SG003/, 'with the library it is refused');
is($standby->safe_psql('guarded', q{SELECT count(*) FROM sharing_guard.exposure WHERE kind = 'library'}),
	'0', 'and the standby has nothing to say');
like(said(), qr/^standby\|/, 'the primary cannot see that');
$primary->safe_psql('guarded', $attest, extra_params => [ '-U', 'admin' ]);
is(said(), '', 'so the policy administrator says it');
is($primary->safe_psql('guarded', q{SELECT username, operation, changed_key FROM sharing_guard.policy_changes WHERE relation = 'sharing_guard.standby'}),
	'admin|INSERT|standby', 'and it is on record who did');
$primary->safe_psql('guarded', q{SELECT sharing_guard.unattest_standby('standby')});
like(said(), qr/^standby\|/, 'until it is taken back');
like(error_of($primary, 'guarded', q{SELECT sharing_guard.unattest_standby('standby')}),
	qr/42704: nothing was attested/, 'once');

# Gone with the standby, unless its slot stays.
$standby->stop;
$primary->poll_query_until('guarded', q{SELECT count(*) = 0 FROM pg_stat_replication});
is(said(), '', 'the standby has gone');
$primary->safe_psql('guarded', q{SELECT pg_create_physical_replication_slot('north')});
my ($subject, $drop) = split /\|/, said();
is($subject, 'north', 'a slot is there for somebody');
$primary->safe_psql('guarded', $drop);
is(said(), '', 'dropped by the command that was given');

done_testing();
