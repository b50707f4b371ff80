# The SQL of README.md, block by block, in its order and as the roles that it
# names: each runs, and prints what README says.

use strict;
use warnings;
use JSON::PP;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use SharingGuard;

my $node = guarded_node('main', databases => ['records']);
my $folder = $node->basedir;
my $readme = slurp_file('README.md');
my $superuser = $node->safe_psql('records', 'SELECT current_user');
my ($section, $user) = ('the beginning', $superuser);
my (@blocks, $failed);

# A block of SQL, with the output that README prints under it.  The line of a
# shell block that starts psql says whose session the next blocks are.
while ($readme =~ /^(?:#+ ([^\n]+)|```(\w*)\n(.*?)^```)$/msg)
{
	if (defined $1) { ($section, $user) = ($1, $superuser); next }
	my ($language, $text) = ($2, $3);
	if ($language eq 'sql') { push @blocks, { section => $section, user => $user, sql => $text, output => [] } }
	elsif ($language eq '') { $blocks[-1]{output} = [ split /\n/, $text ] }
	elsif ($text =~ /\bpsql\b.*? -U (\w+)/) { $user = $1 }
}
cmp_ok(scalar @blocks, '>=', 8, 'README has blocks of SQL');

for my $block (@blocks)
{
	my $name = "$block->{section}: " . ($block->{sql} =~ /^(?!--)(\S[^\n]{0,50})/m)[0];
	my $out = '';
	my @command = ($node->installed_command('psql'), '-X', '-d', $node->connstr('records'), '-U', $block->{user}, '-f', '-');
	my $refused = grep { /^ERROR/ } @{ $block->{output} };

	IPC::Run::run([@command], '<', \"\\cd $folder\n$block->{sql}", '>', \$out, '2>&1');
	is(scalar(() = $out =~ /ERROR:/g), $refused ? 1 : 0, "$name: runs") or diag $out;
	for my $line (@{ $block->{output} })
	{
		my ($got, $said) = map { s/ +/ /gr } $out, $line;
		ok(index($got, $said) >= 0, "$name: prints $line") or diag $out;
	}
	# A statement that returns rows is there for its rows.
	unlike($out, qr/^\(0 rows\)$/m, "$name: finds something") or diag $out;
}

# What was said at the way out.
is($node->safe_psql('records', q{SELECT count(*) FROM pg_extension WHERE extname = 'sharing_guard'}), '0', 'the extension is gone');
is($node->safe_psql('records', 'SELECT count(*) FROM partner_export'), '2', 'the rows stayed');
my @kept = map { decode_json($_)->{kind} } split /\n/, slurp_file("$folder/sharing_guard-log.jsonl");
is(scalar(grep { $_ eq 'disclosure' || $_ eq 'attempt' } @kept), 3, 'and the log is kept, an event to a line');
$node->append_conf('postgresql.conf', "shared_preload_libraries = ''\nsharing_guard.databases = ''");
$node->restart;
is($node->safe_psql('records', q{INSERT INTO partner_export (partner) VALUES ('anybody') RETURNING 1}), '1', 'without the library the table is as it was');

done_testing();
