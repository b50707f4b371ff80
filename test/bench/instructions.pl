#!/usr/bin/perl
#
# test/bench/instructions.pl [--against=FILE] COUNTS...: reads what callgrind has
# counted in the regions of counts.sql, one file for each, and prints the
# instructions of each piece of the inner loop; or compares them with FILE.

use strict;
use warnings;
use Getopt::Long;

# More than this above what is recorded is a failure.
use constant TOLERANCE => 1.01;

my $library = 'sharing_guard.so';

# The pieces: in this region, the instructions of a call of this function with
# all that it calls; or, where there is none, of the library's own code, and
# "per" says what they are divided by.
my @pieces = (
	{ name => 'row',         region => 'insert',      function => 'sg_sql_export_row_after' },
	{ name => 'guard',       region => 'insert',      function => 'sg_guard_lookup' },
	{ name => 'decide',      region => 'insert',      function => 'sg_decision_ask' },
	{ name => 'gather',      region => 'insert',      function => 'sg_pending_row' },
	{ name => 'new_group',   region => 'groups',      function => 'sg_pending_row' },
	{ name => 'event',       region => 'groups',      function => 'sg_event_insert' },
	{ name => 'purpose_row', region => 'purposes',    function => 'sg_sql_export_row_after' },
	{ name => 'purpose_tag', region => 'purposes',    function => 'sg_tag_purpose' },
	{ name => 'one_row',     region => 'one_row',     per => 20 },
	{ name => 'first',       region => 'first',       function => 'sg_decide' },
	{ name => 'first_rules', region => 'first_rules', function => 'sg_decide' },
	{ name => 'tag_byte',    region => 'first',       function => 'sg_tag_purpose', per => 40 },
	{ name => 'resolve',     region => 'resolve',     function => 'sg_registry_resolve' },
	{ name => 'load',        region => 'load',        function => 'sg_policy_current' },
	{ name => 'unprotected', region => 'unprotected', per => 20 });

my $against;
GetOptions('against=s' => \$against) or die "usage: instructions.pl [--against=FILE] COUNTS...\n";

my %region = map { read_counts($_) } @ARGV;
my %recorded = $against ? read_recorded($against) : ();
my ($passed, $failed) = (0, 0);

foreach my $piece (@pieces)
{
	my $counts = $region{ $piece->{region} } or die "region $piece->{region} was not counted\n";
	my ($ir, $calls);

	if ($piece->{function})
	{
		my $function = $counts->{calls}{ $piece->{function} }
		  or die "$piece->{function} was not called in region $piece->{region}\n";
		($ir, $calls) = ($function->{ir}, $function->{calls} * ($piece->{per} // 1));
	}
	else
	{
		($ir, $calls) = ($counts->{own}{$library} // 0, $piece->{per});
	}

	my $value = sprintf '%.1f', $ir / $calls;
	if (!$against)
	{
		print "$piece->{name} $value\n";
		next;
	}
	my $was = delete $recorded{ $piece->{name} };
	my $verdict = !defined $was ? 'FAIL: not recorded'
	  : $value > $was * TOLERANCE ? 'FAIL'
	  : $value < $was / TOLERANCE ? 'ok (less; record it anew)'
	  :                             'ok';
	$verdict =~ /^ok/ ? $passed++ : $failed++;
	printf "%-12s %12s   recorded %12s   %s\n", $piece->{name}, $value, $was // '-', $verdict;
}
foreach my $name (sort keys %recorded)
{
	print "$name is recorded, but no longer counted: FAIL\n";
	$failed++;
}
if ($against)
{
	print "$passed passed, $failed failed\n";
	exit 1 if $failed;
}

# One file of callgrind's: for each function how often it was called and what
# that came to with all that it called; for each object its own instructions.
sub read_counts
{
	my ($file) = @_;
	my (%name, %calls, %own, $region, $object, $callee, $calls);

	# A name is spelled out once, and is a number in parentheses from then on.
	my $full = sub {
		my ($kind, $text) = @_;
		my ($number, $spelled) = $text =~ /^\((\d+)\)(?: (.*))?$/ or die "$file: $text?\n";
		return $name{$kind}{$number} = $spelled // $name{$kind}{$number};
	};

	open my $in, '<', $file or die "$file: $!\n";
	while (<$in>)
	{
		chomp;
		if (/^desc: Trigger: Client Request: (.*)/) { $region = $1 }
		elsif (/^c?ob=(.*)/)
		{
			my $text = $full->('ob', $1);
			($object) = $text =~ m{([^/]*)$} if !/^c/;
		}
		elsif (/^fn=(.*)/)      { $full->('fn', $1) }
		elsif (/^cfn=(.*)/)     { $callee = $full->('fn', $1) }
		elsif (/^calls=(\d+)/)  { $calls = $1 }
		elsif (my ($ir) = /^[-+*\d]\S* (\d+)$/)
		{
			if (defined $calls)
			{
				$calls{$callee}{calls} += $calls;
				$calls{$callee}{ir} += $ir;
				undef $calls;
			}
			else
			{
				$own{$object} += $ir;
			}
		}
	}
	close $in;
	return defined $region ? ($region => { calls => \%calls, own => \%own }) : ();
}

sub read_recorded
{
	my ($file) = @_;
	open my $in, '<', $file or die "$file: $!\n";
	my %counts = map { /^(\w+) ([\d.]+)$/ ? ($1 => $2) : () } <$in>;
	close $in;
	return %counts;
}
