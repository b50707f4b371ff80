# needs SG_SHARED
# Agency names as vendors write them, labelled by people: nobody else comes
# out as a public agency of California, and nearly all of those do.

use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use SharingGuard;

my $file = shared_file('data/agency-names.tsv');
my $node = guarded_node('main', init => [ extra => [ '-E', 'UTF8', '--locale=C.UTF-8' ] ]);
set_up_policy($node);

# Where the labels are wrong: the file has this one a second time, as a
# county's, which it is.
my %mislabelled = ('Yuba County Sheriffs Office' => 'federal');

my (undef, @lines) = split /\r?\n/, slurp_file($file);
my ($known, $ours, $accused) = (0, 0, 0);
my $names = join ',', map { my ($name) = split /\t/; $name =~ s/'/''/g; "('$name')" } @lines;
my %heard = map { my ($name, @as) = split /\t/; ($name => \@as) } split /\n/,
  $node->safe_psql('guarded', "SELECT n.name || E'\\t' || p.destination_class || E'\\t' || coalesce(p.agency_status, '')
	FROM (SELECT DISTINCT * FROM (VALUES $names) AS v (name)) AS n,
	     sharing_guard.preview_decision(n.name, 'burglary', 'alpr') AS p");
for my $line (@lines)
{
	my ($name, $state, $type, undef, $tags) = split /\t/, $line;
	my ($class, $status) = @{ $heard{$name} };
	my $in = $class =~ /^in_state/ && ($status // '') ne 'inactive';

	next if ($mislabelled{$name} // '') eq $type;
	if ($state eq 'CA' && $type =~ /^(city|county|state)$/)
	{
		$ours++;
		$in ? $known++ : diag "not known: \"$name\" ($type), $class";
	}
	elsif ($in && ($state ne 'CA' || $tags =~ /private/ || $type =~ /^(federal|tribal|private|community|decommissioned|fusion_center|test)$/))
	{
		$accused++;
		diag "\"$name\" ($state, $type) passes for $class";
	}
}
is($accused, 0, 'nobody passes for a public agency of California who is none');
cmp_ok($known, '>=', 0.97 * $ours, "$known of $ours public agencies of California are known");

done_testing();
