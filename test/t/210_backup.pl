# pg_dump and psql's \copy of protected tables: they go on working, and what
# they take is on record.

use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use SharingGuard;

my $node = guarded_node('main');
set_up_policy($node);
$node->safe_psql('guarded', q{
	CREATE TABLE read (id int PRIMARY KEY, plate text);
	INSERT INTO read SELECT i, 'P' || i FROM generate_series(1, 10) i;
	CREATE TABLE parted (id int, plate text) PARTITION BY RANGE (id);
	CREATE TABLE part PARTITION OF parted DEFAULT;
	INSERT INTO parted VALUES (1, 'Q1'), (2, 'Q2');
	CREATE ROLE officer LOGIN;
	CREATE ROLE backup LOGIN;
	GRANT SELECT ON read, parted, part TO officer;
	SELECT sharing_guard.protect_records('read', data_class => 'alpr', query_elements => 'plate', mode => 'enforce');
	SELECT sharing_guard.protect_records('parted', data_class => 'alpr', mode => 'enforce')});

# What was recorded since the last call.
my $seen = '00000000-0000-0000-0000-000000000000';
sub news
{
	$node->poll_query_until('guarded',
		q{SELECT count(*) = 0 FROM sharing_guard.audit WHERE ending = 'open'});
	my $news = $node->safe_psql('guarded', qq{
		SELECT concat_ws(' ', session_role, destination_class, channel, relation, purpose, outcome, rows_disclosed)
		FROM sharing_guard.audit WHERE event_id > '$seen' ORDER BY event_id});
	$seen = $node->safe_psql('guarded', qq{
		SELECT coalesce(max(event_id::text), '$seen') FROM sharing_guard.audit});
	return $news;
}

# psql's \copy is COPY ... TO STDOUT.
my $file = $node->basedir . '/plates.csv';
$node->safe_psql('guarded', "\\copy read to '$file' csv\n\\copy (select plate from read where plate = 'P3') to '$file.2' csv",
	extra_params => [ '-U', 'officer' ]);
is(slurp_file("$file.2"), "P3\n", '\copy brings its rows');
is(news(), "officer self copy public.read flag 10\nofficer self copy public.read flag 1", 'and is on record');

# pg_dump by the role named for it; needs what preflight() says.
$node->safe_psql('guarded', q{SELECT sharing_guard.bind_backup('backup')});
like($node->safe_psql('guarded', q{SELECT finding FROM sharing_guard.preflight() WHERE status = 'problem' AND subject = 'backup role backup'}),
	qr/cannot read public\.parted, .*\n.*cannot read public\.read, /, 'preflight() says what the role lacks');
my @dump = ('pg_dump', '-U', 'backup', '-d', $node->connstr('guarded'), '-n', 'public', '-f', $node->basedir . '/dump.sql');
$node->command_fails(\@dump, 'without it pg_dump fails');
is(news(), '', 'which makes no event');
$node->safe_psql('guarded', 'GRANT pg_read_all_data TO backup');
news();
is($node->safe_psql('guarded', q{SELECT count(*) FROM sharing_guard.preflight() WHERE status = 'problem' AND subject LIKE 'backup%'}),
	'0', 'preflight() is content');
$node->safe_psql('guarded', q{UPDATE sharing_guard.setting SET undeclared_copy = 'refuse'});
$node->command_ok(\@dump, 'pg_dump');
is(news(), "backup self copy public.parted backup allow 2\nbackup self copy public.read backup allow 10",
	'is on record as a backup, not as undeclared');
$node->command_ok([ @dump, '--inserts' ], 'pg_dump --inserts');
is(news(), "backup self self_access public.parted backup allow 2\nbackup self self_access public.read backup allow 10",
	'as well, though it uses cursors');
$node->command_ok([ @dump[0 .. 4], '-n', 'public', '-j2', '-Fd', '-f', $node->basedir . '/dump.d' ], 'pg_dump -j');
is(join("\n", sort split /\n/, news()), "backup self copy public.parted backup allow 2\nbackup self copy public.read backup allow 10",
	'by several sessions');
# By its name alone a program is not a backup.
$dump[2] = 'officer';
$node->command_fails([ @dump, '-t', 'read' ], 'pg_dump by another role is refused');
like(news(), qr/^officer self copy public\.read block 0$/, 'and that is on record');
$node->safe_psql('guarded', q{UPDATE sharing_guard.setting SET undeclared_copy = 'flag'});
$node->command_ok([ @dump, '-t', 'read' ], 'or flagged, by setting');
is(news(), 'officer self copy public.read flag 10', 'on record');

# With filter_reads pg_dump needs BYPASSRLS, and preflight() says so.
$dump[2] = 'backup';
my (undef, undef, $warning) = $node->psql('guarded',
	q{SELECT sharing_guard.protect_records('read', data_class => 'alpr', filter_reads => true, mode => 'enforce')});
like($warning, qr/WARNING:  pg_dump will fail at public\.read/, 'filter_reads warns of it');
$node->command_fails([@dump], 'pg_dump fails');
like($node->safe_psql('guarded', q{SELECT what_to_do FROM sharing_guard.preflight() WHERE status = 'problem' AND subject LIKE 'backup%'}),
	qr/ALTER ROLE backup BYPASSRLS/, 'preflight() says what to do');
$node->safe_psql('guarded', 'ALTER ROLE backup BYPASSRLS');
news();
$node->command_ok([@dump], 'done, pg_dump works');
like(news(), qr/backup self copy public\.read backup allow 10/, 'on record');
$node->safe_psql('guarded', q{SELECT sharing_guard.unprotect('read')});
$node->safe_psql('guarded', q{SELECT sharing_guard.protect_records('read', data_class => 'alpr', mode => 'enforce')});

# What clients ask of the catalogs, and what the server does of itself.
news();
$node->safe_psql('guarded', "\\d read\n\\d+\n\\dp\n\\dt+ *.*\nANALYZE; VACUUM; VACUUM (FULL, ANALYZE) read; CLUSTER read USING read_pkey; REINDEX TABLE read;"
	  . 'CREATE INDEX ON read (upper(plate)); ALTER TABLE read ADD CHECK (id > 0); ALTER TABLE read ALTER plate TYPE varchar');
is(news(), '', 'describing, analyzing and maintaining a table is no disclosure');

done_testing();
