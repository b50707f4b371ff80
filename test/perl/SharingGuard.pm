# SharingGuard: how a TAP test gets a server that guards a database.
#
#   use PostgreSQL::Test::Cluster;
#   use PostgreSQL::Test::Utils;
#   use Test::More;
#   use SharingGuard;
#
#   my $node = guarded_node('main');                  # guards database "guarded"
#   $node->safe_psql('guarded', 'CREATE EXTENSION sharing_guard');
#
# Options: databases => ['a', 'b'], conf => "lines for postgresql.conf",
# init => [ arguments of PostgreSQL::Test::Cluster's init ], start => 0.

package SharingGuard;

use strict;
use warnings;
use Exporter 'import';
use File::Basename;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;

our @EXPORT = qw(guarded_node shared_file set_up_policy error_of logged_event);

sub guarded_node
{
	my ($name, %option) = @_;
	my @databases = @{ $option{databases} // ['guarded'] };
	my $node = PostgreSQL::Test::Cluster->new($name);

	$node->init(@{ $option{init} // [] });

	# Workers of a database that does not exist yet would fail and try again,
	# so the databases are made before the library is loaded.
	$node->start;
	$node->safe_psql('postgres', "CREATE DATABASE \"$_\" TEMPLATE template0")
	  foreach @databases;
	$node->stop;

	$node->append_conf('postgresql.conf',
		PostgreSQL::Test::Utils::slurp_file(
			dirname(__FILE__) . '/../server.conf'));
	$node->append_conf('postgresql.conf',
		"sharing_guard.databases = '" . join(',', map { qq("$_") } @databases) . "'");
	$node->append_conf('postgresql.conf', $option{conf}) if $option{conf};
	$node->start if $option{start} // 1;
	return $node;
}

# Configures a guarded database for California, with two agencies of our own.
sub set_up_policy
{
	my ($node, $database) = @_;

	$node->safe_psql(
		$database // 'guarded', q{
		CREATE EXTENSION sharing_guard;
		SELECT sharing_guard.configure('US-CA', 'Riverbend Police Department',
			'America/Los_Angeles', 'privacy@riverbend.example', attestations => true);
		SELECT count(*) FROM sharing_guard.adopt_policy('us-ca');
		INSERT INTO sharing_guard.agency (agency_id, name, jurisdiction, level,
			kind, status, attested_on)
		VALUES ('oakdale-pd', 'Oakdale Police Department', 'US-CA', 'local',
				'police', 'active', '2020-01-01'),
			('springs-pd', 'Desert Springs Police Department', 'US-NV', 'local',
				'police', 'active', '2020-01-01');
	});
	return;
}

# Runs a statement that must fail; returns what the client was told, with the
# SQLSTATE.
sub error_of
{
	my ($node, $database, $sql) = @_;
	my ($status, $out, $err) = $node->psql($database,
		"\\set VERBOSITY verbose\n$sql", on_error_stop => 1);

	return $status == 0 ? '' : $err;
}

# The event of this id in the server log: its JSON as text, or ''.
sub logged_event
{
	my ($node, $event_id) = @_;
	my $log = PostgreSQL::Test::Utils::slurp_file($node->logfile);

	return $log =~ /sharing_guard event: (\{.*"event_id":\s*"\Q$event_id\E".*\})$/m
	  ? $1
	  : '';
}

# The path of a file of the shared material; without it the test is skipped
# (or fails, where it is required: test/run).
sub shared_file
{
	my ($path) = @_;
	my $file = ($ENV{SG_SHARED} // '') . "/$path";

	Test::More::plan(skip_all => 'SG_SHARED not found')
	  unless $ENV{SG_SHARED} && -r $file;
	return $file;
}

1;
