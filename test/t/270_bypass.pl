# Tables whose rows do not pass their triggers: an extension that puts something
# else in the place of the server's way to write, and distributed tables.  The
# catalogs of the latter are imitated; the former is test/fault/sg_bypass, which test/run builds.

use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use SharingGuard;

my $node = guarded_node('main');
set_up_policy($node);
$node->safe_psql('guarded', q{
	CREATE TABLE outbox (id int PRIMARY KEY, dest text);
	CREATE TABLE parted (id int PRIMARY KEY, dest text) PARTITION BY RANGE (id);
	CREATE TABLE parted_1 PARTITION OF parted FOR VALUES FROM (0) TO (100);
	CREATE TABLE reads (id int PRIMARY KEY, plate text);
	CREATE TABLE plain (id int PRIMARY KEY, dest text);
	INSERT INTO reads VALUES (1, 'P1');
	SELECT sharing_guard.protect_export('outbox', destination => 'dest', data_class => 'alpr', mode => 'enforce');
	SELECT sharing_guard.protect_export('parted', destination => 'dest', data_class => 'alpr', mode => 'enforce');
	SELECT sharing_guard.protect_records('reads', data_class => 'alpr', record_self_access => false, mode => 'enforce')});

sub attempts
{
	return $node->safe_psql('guarded', q{SELECT count(*) FROM sharing_guard.attempts});
}

# Something else in the place of ModifyTable.
my $load = "LOAD 'sg_bypass'; SET sg_bypass.way =";
for my $way (qw(custom bare direct))
{
	my $before = attempts();
	for my $write (
		q{INSERT INTO outbox VALUES (1, 'springs-pd')},
		q{INSERT INTO parted_1 VALUES (1, 'springs-pd')},
		q{UPDATE outbox SET dest = 'springs-pd'})
	{
		next if $way ne 'direct' && $write =~ /^UPDATE/;
		like(error_of($node, 'guarded', "$load $way; $write"),
			qr/SG003: rows of protected table public\.\w+ do not pass its guard.*recorded as event/s,
			"$way: $write is refused");
	}
	cmp_ok(attempts(), '>', $before, "$way: the attempts are on record");
	is(error_of($node, 'guarded', "$load $way; INSERT INTO plain VALUES (1, 'x'); DELETE FROM plain"), '',
		"$way: a table without a guard is left alone") if $way ne 'direct';
}
is($node->safe_psql('guarded', q{SELECT count(*) FROM outbox}), '0', 'no row went in');

# What stands above the server's own way changes nothing, nor do locks.
like(error_of($node, 'guarded', "$load above; INSERT INTO outbox VALUES (1, 'springs-pd')"), qr/SG001/,
	'a plan above ModifyTable is decided on as ever');
is(error_of($node, 'guarded', "$load above; INSERT INTO outbox VALUES (1, 'oakdale-pd')"), '',
	'and what is lawful goes in');
is(error_of($node, 'guarded', q{INSERT INTO plain SELECT id, dest FROM outbox FOR UPDATE}), '',
	'rows that are locked are not rows that are written');
is(error_of($node, 'guarded', q{WITH w AS (INSERT INTO outbox VALUES (2, 'oakdale-pd') RETURNING id) SELECT * FROM w}), '',
	'a data-modifying WITH is the server\'s own way');
is(error_of($node, 'guarded', q{INSERT INTO outbox VALUES (2, 'oakdale-pd') ON CONFLICT (id) DO UPDATE SET dest = excluded.dest}), '',
	'so is ON CONFLICT');

$node->safe_psql('guarded', q{CREATE RULE also AS ON UPDATE TO outbox DO ALSO INSERT INTO plain VALUES (new.id + 1000, 'by rule')});
is(error_of($node, 'guarded', q{UPDATE outbox SET dest = 'oakdale-pd' WHERE id = 2}), '', 'a rule that writes another table as well is not in the way');
is($node->safe_psql('guarded', q{SELECT count(*) FROM plain WHERE dest = 'by rule'}), '1', 'and does what it did');
$node->safe_psql('guarded', q{DROP RULE also ON outbox});

# An access method that nobody knows.  (Made with heap's own handler under a name
# of its own it is heap.)
$node->safe_psql('guarded', q{CREATE ACCESS METHOD heap_too TYPE TABLE HANDLER heap_tableam_handler;
	CREATE TABLE other_heap (id int PRIMARY KEY, dest text) USING heap_too});
is(error_of($node, 'guarded', q{SELECT sharing_guard.protect_export('other_heap', destination => 'dest', data_class => 'alpr', mode => 'enforce')}), '',
	'heap by another name can be protected');
$node->safe_psql('guarded', q{CREATE FUNCTION strange_handler(internal) RETURNS table_am_handler LANGUAGE C AS 'sg_bypass', 'strange_handler';
	CREATE ACCESS METHOD strange TYPE TABLE HANDLER strange_handler;
	CREATE TABLE odd (id int PRIMARY KEY, dest text) USING strange;
	CREATE TABLE odd_child () INHERITS (outbox) USING strange});
like(error_of($node, 'guarded', q{SELECT sharing_guard.protect_export('odd', destination => 'dest', data_class => 'alpr', mode => 'enforce')}),
	qr/0A000: table public.odd cannot be protected.*access method "strange"/s, 'a strange access method cannot be protected');
is(error_of($node, 'guarded', q{SELECT sharing_guard.protect_records('odd', data_class => 'alpr', mode => 'enforce')}), '',
	'reads of it can');
like(error_of($node, 'guarded', q{INSERT INTO odd_child VALUES (7, 'oakdale-pd')}), qr/SG003/, 'rows of a child that has one are refused');
is($node->safe_psql('guarded', q{SELECT subject, command FROM sharing_guard.exposure WHERE kind = 'out_of_reach'}),
	'public.odd_child|ALTER TABLE public.odd_child SET ACCESS METHOD heap;', 'exposure has it');
$node->safe_psql('guarded', q{DROP TABLE odd_child});

# Distributed tables.
$node->safe_psql('guarded', q{
	SET allow_system_table_mods = on;
	CREATE TABLE pg_catalog.pg_dist_partition (logicalrelid regclass NOT NULL UNIQUE, partmethod "char" NOT NULL, partkey text,
		colocationid int NOT NULL DEFAULT 0, repmodel "char" NOT NULL DEFAULT 'c', autoconverted bool NOT NULL DEFAULT false);
	CREATE TABLE pg_catalog.pg_dist_shard (logicalrelid regclass NOT NULL, shardid int8 NOT NULL UNIQUE, shardstorage "char" NOT NULL,
		shardminvalue text, shardmaxvalue text);
	CREATE TABLE pg_catalog.pg_dist_node (nodeid int NOT NULL PRIMARY KEY, groupid int NOT NULL, nodename text NOT NULL,
		nodeport int NOT NULL DEFAULT 5432, isactive bool NOT NULL DEFAULT true);
	CREATE TABLE far (id int PRIMARY KEY, dest text);
	CREATE TABLE far_102008 (id int PRIMARY KEY, dest text);
	CREATE TABLE case_2024 (id int PRIMARY KEY, dest text);
	INSERT INTO pg_dist_partition VALUES ('far', 'h', 'x');
	INSERT INTO pg_dist_shard VALUES ('far', 102008, 't', '-1', '1');
	INSERT INTO pg_dist_node VALUES (1, 0, 'coordinator', 5432), (2, 1, 'worker-a', 5432), (3, 2, 'worker-b', 5433)});
for my $table (qw(far far_102008))
{
	like(error_of($node, 'guarded', "SELECT sharing_guard.protect_export('$table', destination => 'dest', data_class => 'alpr', mode => 'enforce')"),
		qr/0A000: table public.$table cannot be protected.*(is distributed|is a shard)/s, "$table is not protected as an export table");
	like(error_of($node, 'guarded', "SELECT sharing_guard.protect_records('$table', data_class => 'alpr', mode => 'enforce')"),
		qr/0A000: table public.$table cannot be protected/, "$table is not protected as a source");
}
is(error_of($node, 'guarded', q{SELECT sharing_guard.protect_export('case_2024', destination => 'dest', data_class => 'alpr', mode => 'enforce')}), '',
	'a name with a number is not a shard for that');
is($node->safe_psql('guarded', q{SELECT string_agg(subject, ' ' ORDER BY subject) FROM sharing_guard.exposure WHERE kind = 'worker_node'}),
	'worker-a:5432 worker-b:5433', 'exposure has each worker');

# Distributed later, in a session that has the table open already.
my $session = $node->background_psql('guarded', on_error_stop => 0);
$session->query_safe(q{INSERT INTO outbox VALUES (10, 'oakdale-pd')});
$node->safe_psql('guarded', q{INSERT INTO pg_dist_partition VALUES ('outbox', 'h', 'x'), ('parted', 'h', 'x'), ('parted_1', 'h', 'x'), ('reads', 'h', 'x')});
$session->query(q{INSERT INTO outbox VALUES (11, 'oakdale-pd')});
$session->quit;
is($node->safe_psql('guarded', q{SELECT count(*) FROM outbox WHERE id = 11}), '0', 'its rows are refused in open sessions');
for my $statement (
	q{INSERT INTO outbox VALUES (12, 'oakdale-pd')}, q{UPDATE outbox SET dest = 'oakdale-pd'},
	q{MERGE INTO outbox o USING plain p ON o.id = p.id WHEN NOT MATCHED THEN INSERT VALUES (p.id, p.dest)},
	qq{COPY outbox FROM STDIN;\n13\toakdale-pd\n\\.\n}, q{INSERT INTO parted VALUES (1, 'oakdale-pd')},
	q{INSERT INTO parted_1 VALUES (1, 'oakdale-pd')},
	q{SELECT * FROM reads}, q{COPY reads TO STDOUT}, q{COPY (SELECT * FROM reads) TO STDOUT},
	q{INSERT INTO reads SELECT 2, plate FROM reads},
	q{SELECT sharing_guard.set_mode('observe'); INSERT INTO outbox VALUES (14, 'oakdale-pd')})
{
	like(error_of($node, 'guarded', $statement), qr/SG003.*is distributed/s, "refused: $statement");
}
$node->safe_psql('guarded', q{SELECT sharing_guard.set_mode('enforce')});
is(error_of($node, 'guarded', q{SELECT * FROM outbox; DELETE FROM outbox WHERE id = 10; EXPLAIN SELECT * FROM reads}), '', 'what carries no row out goes on');
is($node->safe_psql('guarded', q{SELECT string_agg(subject, ' ' ORDER BY subject) FROM sharing_guard.exposure WHERE kind = 'out_of_reach'}),
	'public.outbox public.parted public.parted_1 public.reads', 'exposure has each');
is(error_of($node, 'guarded', q{SELECT sharing_guard.unprotect('reads'); SELECT * FROM reads}), '', 'a way out is to take the guard off');
$node->safe_psql('guarded', q{DELETE FROM pg_dist_partition});
is(error_of($node, 'guarded', q{INSERT INTO outbox VALUES (15, 'oakdale-pd')}), '', 'the other, to make it a plain table again');

done_testing();
