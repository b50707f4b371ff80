# Every SQL block of the auditor's manual runs, as an auditor and read-only.

use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use SharingGuard;

my $node = guarded_node('main');
set_up_policy($node);
$node->safe_psql('guarded', q{
	CREATE TABLE queue (id int PRIMARY KEY, dest text, why text, plate text, officer text, for_agency text);
	SELECT sharing_guard.protect_export('queue', destination => 'dest', purpose => 'why', query_elements => 'plate',
		requesting_person => 'officer', on_behalf_of_agency => 'for_agency', data_class => 'alpr', mode => 'observe');
	CREATE ROLE clerk LOGIN; CREATE ROLE kiosk LOGIN; CREATE ROLE inspector LOGIN;
	GRANT INSERT ON queue TO clerk, kiosk;
	SELECT sharing_guard.bind_role('kiosk', (SELECT agency FROM sharing_guard.setting), shared => true);
	SELECT sharing_guard.grant_auditor('inspector');
	INSERT INTO queue VALUES (1, 'oakdale-pd', 'theft', '7ABC123', 'Ofc. Lee', NULL);
	INSERT INTO queue VALUES (2, 'springs-pd', 'theft', '7ABC123', 'Ofc. Lee', NULL);
	INSERT INTO queue VALUES (3, 'oakdale-pd', 'theft', '8XYZ111', NULL, 'springs-pd');
	CREATE TABLE refused (id int PRIMARY KEY, dest text);
	SELECT sharing_guard.protect_export('refused', destination => 'dest', data_class => 'alpr', mode => 'enforce');
	DO $$ BEGIN INSERT INTO refused VALUES (1, 'springs-pd'); EXCEPTION WHEN SQLSTATE 'SG001' THEN NULL; END $$;
	\\c - kiosk
	INSERT INTO queue VALUES (4, 'oakdale-pd', '', '8XYZ111', NULL, NULL)});

my $doc = slurp_file('doc/auditor-queries.md');
my $section = 'the beginning';
my $blocks = 0;
while ($doc =~ /^(?:#+ ([^\n]+)|```sql\n(.*?)^```)$/msg)
{
	if (defined $1) { $section = $1; next }
	my $sql = $2;
	$blocks++;
	my ($status, $out, $err) = $node->psql('guarded',
		"SET SESSION AUTHORIZATION inspector;\nSET default_transaction_read_only = on;\n$sql",
		on_error_stop => 1);
	is($status, 0, "runs: $section") or diag $err;
	isnt($out, '', "and finds something: $section");
}
cmp_ok($blocks, '>=', 7, 'there are queries in the manual');

# The walk through a period, in one session of the auditor's, who reviews and signs.
$node->safe_psql('guarded', q{INSERT INTO queue SELECT i, 'oakdale-pd', 'inv', '9A' || i, 'Ofc. Day', NULL FROM generate_series(10, 30) i});
$node->safe_psql('guarded', 'SELECT sharing_guard.seal()');
my $walk = slurp_file('doc/auditor.md');
my $statements = '';
my $steps = 0;
while ($walk =~ /^(?:## ([^\n]+)|```sql\n(.*?)^```)$/msg)
{
	$statements .= defined $1 ? "\\echo == $1\n" : $2;
	$steps++ if defined $1;
}
my ($status, $out, $err) = $node->psql('guarded', $statements, on_error_stop => 1,
	extra_params => [ '-U', 'inspector' ]);
is($status, 0, 'the walk through a period runs to its end') or diag $err;
my %screen = $out =~ /^== (\d)[^\n]*\n(.*?)(?=^== |\z)/msg;
is(scalar(keys %screen), 7, "it has $steps steps");
foreach my $step (sort keys %screen) { isnt($screen{$step}, '', "step $step shows something") }
like($screen{7}, qr/I have reviewed this period/, 'and the period is signed');

done_testing();
