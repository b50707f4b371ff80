# What make demo shows fits: one screen for each step, 150 lines in all, none wider
# than asked for; and what its last lines say of the record is so.

use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use SharingGuard;

my $node = guarded_node('main', databases => ['police']);
my $demo = 'test/demo';
my $width = 80;

local $ENV{PGHOST} = $node->host;
local $ENV{PGPORT} = $node->port;
local $ENV{PGDATABASE} = 'police';
local $ENV{PGUSER} = undef;
delete $ENV{PGUSER};
command_ok([ 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-o', '/dev/null',
		'-f', "$demo/database.sql" ], 'the police database is set up');

my ($shown, $said);
ok(run_log([ "$demo/show", $width, "$demo/demo.sql" ], '>', \$shown, '2>', \$said), 'the steps run')
  or diag($said);
my @lines = split /\n/, $shown;
# The command adds what it builds, a heading, its three last sentences and two hints.
cmp_ok(scalar @lines, '<=', 139, 'all steps fit in 150 lines with what comes before and after');
is(join("\n", grep { length($_) > $width && !/^  \S|^ {3,}\S/ } @lines), '', 'no line is too wide');
my @steps = split /^\d+\. .*\n=+\n/m, $shown;
is(scalar(grep { tr/\n// > 30 } @steps), 0, 'each step fits on a screen');
like($steps[1], qr/ERROR:  .*\nDETAIL:  .*HINT:  /s, 'the first step is a refusal, with its reason and a hint');

# What the summary says is what the statements met.
my $refused = () = $shown =~ /^ERROR:  sharing policy refuses/mg;
my $summary = $node->safe_psql('police', slurp_file("$demo/summary.sql"));
like($summary, qr/^$refused statements were refused/m, 'the number of refused statements is right');
my ($decided, $allowed, $flagged, $held) =
  $summary =~ /^(\d+) rows decided on: (\d+) allowed, (\d+) flagged, (\d+) refused or left out/;
is($allowed + $flagged + $held, $decided, 'allowed, flagged and refused rows are all rows');
is($held, $refused + 2, 'every refused and every skipped row counts once');

done_testing();
