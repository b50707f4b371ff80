# Packs are files: what is installed beside the extension, sound or not; and a
# newer version of a pack, after a restore too.

use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use SharingGuard;

my $node = guarded_node('packs');
set_up_policy($node);
my $directory = $node->safe_psql('guarded', q{SELECT setting || '/extension' FROM pg_config WHERE name = 'SHAREDIR'});
plan skip_all => "$directory cannot be written" unless -w $directory;

my @made;
sub pack_file { return "$directory/sharing_guard.$_[0].json" }

sub make_pack
{
	my ($name, $content) = @_;
	open my $file, '>:raw', pack_file($name) or die $!;
	print $file $content;
	close $file;
	push @made, pack_file($name);
	return;
}
END { unlink @made }

sub adopt { my ($name, $more) = @_; return "SELECT * FROM sharing_guard.adopt_policy('$name'" . ($more // '') . ')' }

my $head = '{"pack": "NAME", "version": "1", "jurisdiction": "US-CA", "checked_on": "2026-11-23"';
sub head { my ($name) = @_; return $head =~ s/NAME/$name/r }

# Files that are no packs
for (
	[ 'test-empty', '', qr/22023: +policy pack "test-empty" is not JSON/ ],
	[ 'test-latin1', head('test-latin1') . ",\n\"note\": \"Ca\xf1ada\"}", qr/22021: +policy pack "test-latin1" is not UTF-8.*Line 2 /s ],
	[ 'test-nul', head('test-nul') . ",\n\n\"note\": \"\0\"}", qr/22021: +policy pack "test-nul" is not UTF-8.*Line 3 /s ],
	[ 'test-cut', head('test-cut') . ', "note": "' . "\xc3", qr/22021: +policy pack "test-cut" is not UTF-8.*Line 1 /s ],
	[ 'test-bom', "\xef\xbb\xbf" . head('test-bom') . '}', qr/22023: +policy pack "test-bom" is not JSON/ ],
	[ 'test-html', "<!DOCTYPE html>\n", qr/22023: +policy pack "test-html" is not JSON/ ],
	[ 'test-name', head('us-ca') . '}', qr/22023: +policy pack "test-name" has a fault.*"pack" is not "test-name"/s ])
{
	my ($name, $content, $error) = @$_;
	make_pack($name, $content);
	like(error_of($node, 'guarded', adopt($name)), $error, $name);
	like(error_of($node, 'guarded', adopt($name, ', dry_run => true')), $error, "$name, dry run");
}
mkdir pack_file('test-directory');
like(error_of($node, 'guarded', adopt('test-directory')), qr/could not (open|read) file/, 'a directory');
rmdir pack_file('test-directory');
like(error_of($node, 'guarded', adopt('test-none')),
	qr/42704: +policy pack "test-none" is not installed.*Installed packs: .*us-ca.*us-il/s, 'a pack that is not there');
is($node->safe_psql('guarded', q{SELECT string_agg(pack, ',') FROM sharing_guard.adopted_pack}),
	'us-ca', 'none of them was adopted');

# A newer version, installed over the old one; of what was done here nothing is lost,
# nor after a restore.
my $rules = sub {
	my ($version, $outcome) = @_;
	return '{"pack": "test-laws", "version": "' . $version . '", "jurisdiction": "US-CA", "checked_on": "2026-11-23", "rules": ['
	  . join(',', map { qq({"rule_id": "test-laws.$_", "description": "$_", "outcome": "$outcome",
		"destination_classes": ["private"], "citation": "C", "authority_kind": "statute", "checked_on": "2026-11-23"}) }
		qw(followed changed deleted)) . ']}';
};
make_pack('test-laws', $rules->(1, 'flag'));
$node->safe_psql('guarded', adopt('test-laws'));
$node->safe_psql('guarded', q{
	UPDATE sharing_guard.rule SET description = 'ours' WHERE rule_id = 'test-laws.changed';
	DELETE FROM sharing_guard.rule WHERE rule_id = 'test-laws.deleted'});
my $dump = $node->basedir . '/dump';
$node->command_ok([ 'pg_dump', '-Fc', '-f', $dump, '-d', $node->connstr('guarded') ], 'pg_dump');
my $restored = guarded_node('restored');
$restored->command_ok([ 'pg_restore', '-1', '-d', $restored->connstr('guarded'), $dump ], 'pg_restore');
make_pack('test-laws', $rules->(2, 'block'));
for my $n ($node, $restored)
{
	is($n->safe_psql('guarded', adopt('test-laws')),
		join("\n", 'updated|adopted_pack|test-laws|version 2, was 1',
			'kept local|rule|test-laws.changed|kept local: changed here, differs from the pack in description, outcome',
			'kept local|rule|test-laws.deleted|kept local: deleted here',
			'updated|rule|test-laws.followed|changed in the pack: outcome'),
		$n->name . ': a newer version');
	is($n->safe_psql('guarded', q{SELECT rule_id, description, outcome FROM sharing_guard.rule WHERE pack = 'test-laws' ORDER BY 1}),
		"test-laws.changed|ours|flag\ntest-laws.followed|followed|block", $n->name . ': the rules');
	is($n->safe_psql('guarded', adopt('us-ca')), '', $n->name . ': us-ca is as it was');
}

# The size of it: thousands of rows, each an event of its own
my $agencies = join ',', map { qq({"agency_id": "bulk-$_", "name": "Bulk $_ Police Department", "jurisdiction": "US-CA", "level": "local"}) } 1 .. 3000;
my $aliases = join ',', map { qq({"alias": "Bulk $_ CA PD", "agency_id": "bulk-$_"}) } 1 .. 3000;
make_pack('test-bulk', head('test-bulk') . qq(, "agencies": [$agencies], "agency_aliases": [$aliases]}));
my $before = $node->safe_psql('guarded', q{SELECT count(*) FROM sharing_guard.event});
my $revision = $node->safe_psql('guarded', q{SELECT revision FROM sharing_guard.policy_revision});
$node->safe_psql('guarded', adopt('test-bulk'));
is($node->safe_psql('guarded', qq{SELECT count(*) - $before FROM sharing_guard.event}), 6001, 'one event for each row');
is($node->safe_psql('guarded', qq{SELECT revision - $revision FROM sharing_guard.policy_revision}), 3, 'three revisions');

# What is installed, in which version, and what is adopted here.
is($node->safe_psql('guarded', q{SELECT pack, version, adopted_version, jurisdiction, rules > 0, agencies > 0 FROM sharing_guard.available_packs()
	WHERE pack IN ('us-ca', 'us-il', 'test-bulk') ORDER BY pack}),
	"test-bulk|1|1|US-CA|f|t\nus-ca|1|1|US-CA|t|t\nus-il|1||US-IL|t|t", 'packs that are installed');
like($node->safe_psql('guarded', q{SELECT version IS NULL, note FROM sharing_guard.available_packs() WHERE pack = 'test-cut'}),
	qr/^t\|cannot be read: policy pack/, 'one that cannot be read hides no other');

# Since PostgreSQL 18 extensions may be elsewhere too, and their packs with them.
SKIP:
{
	skip 'no extension_control_path before 18', 2 if $node->safe_psql('postgres', 'SHOW server_version_num') < 180000;
	my $elsewhere = PostgreSQL::Test::Utils::tempdir();
	mkdir "$elsewhere/extension" or die $!;
	append_to_file("$elsewhere/extension/sharing_guard.test-elsewhere.json", head('test-elsewhere') . '}');
	$node->append_conf('postgresql.conf', "extension_control_path = '\$system:$elsewhere'");
	$node->reload;
	$node->poll_query_until('guarded', q{SELECT 'test-elsewhere' = ANY (sharing_guard.pack_names())});
	is($node->safe_psql('guarded', q{SELECT version FROM sharing_guard.available_packs() WHERE pack = 'test-elsewhere'}), 1, 'a pack elsewhere is found');
	like($node->safe_psql('guarded', adopt('test-elsewhere')), qr/adopted_pack\|test-elsewhere/, 'and adopted');
}
done_testing();
