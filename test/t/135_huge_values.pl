# (This one takes long: only in check-world.)
# Values so long that no event can hold them: nothing goes out, the client is
# told so in our own words, and the server log has the event, with the beginnings
# of the values.

use strict;
use warnings;
use JSON::PP;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use SharingGuard;

# Nowhere to be read in some containers: then there is none.
my ($available) = -r '/proc/meminfo' ? slurp_file('/proc/meminfo') =~ /^MemAvailable: +(\d+) kB/m : ();
plan skip_all => 'needs 12 GB of free memory' if ($available // 0) < 12_000_000;

my $node = guarded_node('main');
set_up_policy($node);
$node->safe_psql('guarded', q{
	CREATE TABLE queue (id int PRIMARY KEY, dest text, officer text);
	SELECT sharing_guard.protect_export('queue', destination => 'dest',
		requesting_person => 'officer', data_class => 'alpr', mode => 'enforce')});

# Two texts of 540 MB: one row of the log would have more than the server's 1 GB.
# (Which it says with one code or another, by its minor version.)
for my $case ([ 1, 'springs-pd', 'block' ], [ 2, 'oakdale-pd', 'flag' ])
{
	my ($id, $agency, $outcome) = @$case;
	my $error = error_of($node, 'guarded', qq{
		BEGIN;
		SELECT sharing_guard.begin_disclosure(destination => '$agency',
			case_number => repeat('26-1000000', 54000000));
		INSERT INTO queue (id, officer) VALUES ($id, repeat('Ofc. Lee  ', 54000000));
		COMMIT});

	like($error, qr/ERROR:  SG003: .*\nDETAIL:  Writing to it failed with SQLSTATE (54000|XX000)\. Without a record/, "$outcome: SQLSTATE of its own");
	like($error, qr/HINT:  The administrator/, "$outcome: says what to do");
	unlike($error, qr/26-1000000|Ofc\. Lee/, "$outcome: no row data");

	my ($line) = slurp_file($node->logfile) =~ /sharing_guard event: (\{.*"record_keys":\["$id"\].*\})$/m;
	my $event = decode_json($line // '{}');
	is($event->{outcome}, $outcome, "$outcome: the event is in the server log");
	like($event->{case_numbers}[0], qr/^(26-1000000)+\.\.\. \[540000000 bytes in all, SHA-256 [0-9a-f]{64}\]$/,
		"$outcome: with the beginnings of what is too long");
}
is($node->safe_psql('guarded', 'SELECT count(*) FROM queue'), '0', 'no row went out');

done_testing();
