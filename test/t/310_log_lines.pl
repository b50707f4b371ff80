# What tells an event in the server log from a line that somebody wrote with RAISE
# LOG: doc/operations.md names it.

use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use SharingGuard;

my $node = guarded_node('main', conf => "log_line_prefix = '%m [%p] %u '\nlog_statement = none");
set_up_policy($node);
$node->safe_psql('guarded', q{
	CREATE ROLE clerk LOGIN;
	CREATE TABLE queue (id int PRIMARY KEY, dest text);
	GRANT INSERT ON queue TO clerk;
	SELECT sharing_guard.protect_export('queue', destination => 'dest', data_class => 'alpr');
	-- The log takes no disclosure from here on.
	ALTER TABLE sharing_guard.event ADD CONSTRAINT taken CHECK (kind <> 'disclosure') NOT VALID});

# The messages of level LOG that claim to be an event and hold the mark, each with
# the lines that the same process wrote under it.
sub claims
{
	my ($mark) = @_;
	my @found;

	for my $message (split /^(?=\S+ \S+ \S+ \[\d+\] \S+ LOG: )/m, slurp_file($node->logfile))
	{
		push @found, $message if $message =~ /^\S+ \S+ \S+ \[\d+\] \S+ LOG:  (?:\w{5}: )?sharing_guard event: \{.*\Q$mark\E/;
	}
	return @found;
}

my %forgery = (
	'a DO block' => q{DO $$BEGIN RAISE LOG 'sharing_guard event: {"kind":"disclosure","username":"%"}', 'forged'; END$$},
	'a SQLSTATE and a hint' => q{DO $$BEGIN RAISE LOG USING MESSAGE = 'sharing_guard event: {"username":"forged"}', ERRCODE = 'SG003', HINT = 'x'; END$$},
	'what the session may set' => q{SET client_min_messages = log; SET application_name = 'sharing_guard';
		DO $$BEGIN RAISE LOG 'sharing_guard event: {"username":"forged"}'; END$$});

for my $verbosity ('default', 'verbose')
{
	my ($genuine, $forged) = $verbosity eq 'verbose'
	  ? (qr/LOCATION:  sg_event_fields_to_server_log, server_log\.c:/, qr/LOCATION:  exec_stmt_raise, pl_exec\.c:/) : (qr/^/, qr/^/);

	$node->append_conf('postgresql.conf', "log_error_verbosity = $verbosity");
	$node->restart;
	my $id = $verbosity eq 'verbose' ? 2 : 1;
	like(error_of($node, 'guarded', "SET ROLE clerk; INSERT INTO queue VALUES ($id, 'oakdale-pd')"), qr/SG003/, "$verbosity: what cannot be recorded does not go out");
	my ($line) = claims(qq("$id"));
	like($line, $genuine, "$verbosity: the event is in the server log");
	unlike(($line =~ s/^\S+ \S+ \S+ \[\d+\] \S+ ERROR: .*//msr), qr/(?:CONTEXT|STATEMENT): /, "$verbosity: with neither context nor statement");

	for my $how (sort keys %forgery)
	{
		my $before = () = claims('forged');
		my ($status, $out, $err) = $node->psql('guarded', $forgery{$how}, extra_params => [ '-U', 'clerk' ]);
		is($status, 0, "$verbosity: RAISE LOG by $how") or diag $err;
		my @claims = claims('forged');
		is(scalar @claims, $before + 1, "$verbosity: writes such a line");
		like($claims[-1], qr/CONTEXT:  PL\/pgSQL function .* at RAISE$/m, "$verbosity: with its context ($how)");
		like($claims[-1], qr/STATEMENT: /, "$verbosity: and its statement");
		like($claims[-1], $forged, "$verbosity: and from another place");
	}
	# A line break does not begin a message.
	my $before = () = claims('broken');
	$node->psql('guarded', q{DO $$BEGIN RAISE LOG E'x\n2026-11-30 10:00:00 UTC [1] postgres LOG:  sharing_guard event: {"username":"broken"}'; END$$}, extra_params => [ '-U', 'clerk' ]);
	is(scalar(() = claims('broken')), $before, "$verbosity: a line break within a message begins none");
}

# Who cannot set what would take these signs away.
for my $setting ('log_error_verbosity = terse', 'log_min_error_statement = panic', 'log_min_messages = panic')
{
	my ($status, $out, $err) = $node->psql('guarded', "SET $setting", extra_params => [ '-U', 'clerk' ]);
	like($err, qr/permission denied to set parameter/, "an ordinary role cannot SET $setting");
}

done_testing();
