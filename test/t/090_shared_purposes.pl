# needs SG_SHARED
# Purposes that people have labelled are tagged as they labelled them.

use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use SharingGuard;

my $file = shared_file('data/purposes.tsv');
my $node = guarded_node('main', init => [ extra => [ '-E', 'UTF8', '--locale=C.UTF-8' ] ]);
set_up_policy($node);

my (undef, @lines) = split /\r?\n/, slurp_file($file);
my $wrong = 0;
for my $line (@lines)
{
	my ($purpose, $expected) = split /\t/, $line;
	$purpose =~ s/'/''/g;
	my $tags = $node->safe_psql('guarded',
		"SELECT array_to_string(tags, ',') FROM sharing_guard.preview_decision('oakdale-pd', '$purpose', 'alpr')");
	my %tag = map { $_ => 1 } split /,/, $tags;
	my $ok = $expected eq 'none' || $expected eq '' ? !$tag{immigration} : $tag{$expected};
	$ok = 0 if $expected ne 'immigration' && $tag{immigration};
	next if $ok;
	$wrong++;
	diag "\"$purpose\": labelled $expected, tagged $tags";
}
is($wrong, 0, scalar(@lines) . ' labelled purposes');

done_testing();
