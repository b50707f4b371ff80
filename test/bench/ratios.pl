#!/usr/bin/perl
#
# test/bench/ratios.pl COUNTS...: reads what callgrind has counted in the regions
# of test/bench/ordinary, one file for each, and prints by how much more each is
# than the same without the library, the least of each; a goal that is missed is a
# failure.

use strict;
use warnings;

# region, what it is compared with, goal
my @goals = (
	[ 'select_a', 'select_without_a', 1.005 ],
	[ 'select_b', 'select_without_b', 1.005 ],
	[ 'tpcb_a', 'tpcb_without_a', 1.005 ],
	[ 'tpcb_b', 'tpcb_without_b', 1.005 ],
	[ 'copy_protected', 'copy_without', 1.02 ],
	[ 'partner_protected', 'partner_without', 1.03 ]);

my %total;
foreach my $file (@ARGV)
{
	my ($region, $total);

	open my $in, '<', $file or die "$file: $!\n";
	while (<$in>)
	{
		$region = $1 if /^desc: Trigger: Client Request: (\w+)/;
		$total = $1 if /^totals: (\d+)/;
	}
	close $in;
	$total{$region} = $total
	  if defined $region && !($total{$region} && $total{$region} < $total);
}

my ($passed, $failed) = (0, 0);
foreach my $line (@goals)
{
	my ($region, $base, $goal) = @$line;
	die "$region or $base was not counted\n" unless $total{$region} && $total{$base};
	my $ratio = $total{$region} / $total{$base};
	my $ok = $ratio <= $goal;
	$ok ? $passed++ : $failed++;
	printf "%-18s %12d   without %12d   %.4f   goal %.3f   %s\n",
	  $region, $total{$region}, $total{$base}, $ratio, $goal, $ok ? 'ok' : 'FAIL';
}
print "$passed passed, $failed failed\n";
exit 1 if $failed;
