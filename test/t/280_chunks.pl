# Tables that appear below an export table in the midst of a statement, with
# copies of its triggers or without: chunks of a hypertable.  They are made by
# test/fault/sg_bypass, which test/run builds.

use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use SharingGuard;

my $node = guarded_node('main');
set_up_policy($node);
$node->safe_psql('guarded', q{
	CREATE FUNCTION make_chunk(regclass, text, boolean) RETURNS void LANGUAGE C AS 'sg_bypass', 'sg_make_chunk';
	CREATE ROLE owner LOGIN;
	GRANT CREATE ON SCHEMA public TO owner;
	SET ROLE owner;
	CREATE TABLE outbox (id int PRIMARY KEY, dest text);
	-- Rows go to the chunk of their hundred, which is made for the first of them.
	CREATE FUNCTION route() RETURNS trigger LANGUAGE plpgsql AS $$
	DECLARE
		chunk text := 'chunk_' || NEW.id / 100;
	BEGIN
		IF to_regclass(chunk) IS NULL THEN
			PERFORM make_chunk(TG_RELID, chunk, current_setting('my.with_triggers')::boolean);
		END IF;
		EXECUTE format('INSERT INTO %I VALUES ($1, $2)', chunk) USING NEW.id, NEW.dest;
		RETURN NULL;
	END $$;
	CREATE TRIGGER route BEFORE INSERT ON outbox FOR EACH ROW EXECUTE FUNCTION route();
	ALTER TABLE outbox ENABLE ALWAYS TRIGGER route;
	RESET ROLE;
	SELECT sharing_guard.protect_export('outbox', destination => 'dest', data_class => 'alpr', mode => 'enforce')});

sub enabled
{
	my ($table) = @_;
	return $node->safe_psql('guarded', qq{SELECT tgenabled FROM pg_trigger WHERE tgrelid = to_regclass('$table') AND tgname = 'sharing_guard_export'});
}

my $with = q{SET my.with_triggers = true};
for my $login ('', 'SET ROLE owner')
{
	my $hundred = $login ? 2 : 1;
	my $replica = $login ? '' : 'SET session_replication_role = replica;';

	# The row for which a chunk is made is decided on, whatever is set.
	like(error_of($node, 'guarded', "$with; $replica $login; INSERT INTO outbox VALUES (${hundred}00, 'springs-pd')"), qr/SG001/,
		"the first row of a chunk is refused ($login)");
	is(enabled("chunk_$hundred"), '', 'and the chunk is gone with it');
	is(error_of($node, 'guarded', "$with; $replica $login; INSERT INTO outbox VALUES (${hundred}01, 'oakdale-pd')"), '', 'a lawful one goes in');
	is(enabled("chunk_$hundred"), 'A', 'the copy of the trigger fires always');
	like(error_of($node, 'guarded', "SET session_replication_role = replica; INSERT INTO chunk_$hundred VALUES (${hundred}02, 'springs-pd')"), qr/SG001/,
		'also later, as a replica');
}
is($node->safe_psql('guarded', q{SELECT string_agg(record_key, ' ' ORDER BY record_key) FROM sharing_guard.audit_rows WHERE outcome <> 'block'}),
	'101 201', 'both rows are on record, once');

# Without a copy of the trigger: rows are not decided on, and do not stay; a table
# without rows has the trigger when it can be seen.
my $without = q{SET my.with_triggers = false};
like(error_of($node, 'guarded', "$without; INSERT INTO outbox VALUES (301, 'oakdale-pd')"), qr/SG003: rows of table "chunk_3" were not decided on/,
	'rows of a chunk without triggers do not stay');
is($node->safe_psql('guarded', q{SELECT to_regclass('chunk_3') IS NULL}), 't', 'nor does the chunk');
like(error_of($node, 'guarded', "$without; BEGIN; INSERT INTO outbox VALUES (301, 'oakdale-pd'); PREPARE TRANSACTION 'two'"), qr/SG003/, 'prepared neither');
is(error_of($node, 'guarded', q{SELECT make_chunk('outbox', 'chunk_4', false)}), '', 'a chunk that is made empty');
is(enabled('chunk_4'), 'A', 'is given the trigger');
is(error_of($node, 'guarded', q{BEGIN; SAVEPOINT s; SELECT make_chunk('outbox', 'chunk_5', false); ROLLBACK TO s; COMMIT}), '', 'one that is rolled back leaves nothing to do');

# Copies that are made by commands, from the definition's text.
is(error_of($node, 'guarded', q{SET ROLE owner;
	DO $$
	DECLARE
		definition text;
	BEGIN
		CREATE TABLE chunk_6 () INHERITS (outbox);
		SELECT replace(pg_get_triggerdef(oid), 'CREATE TRIGGER', 'CREATE OR REPLACE TRIGGER') INTO definition
		FROM pg_trigger WHERE tgrelid = 'outbox'::regclass AND tgname = 'sharing_guard_export';
		EXECUTE replace(definition, 'ON public.outbox', 'ON public.chunk_6');
		INSERT INTO chunk_6 VALUES (601, 'oakdale-pd');
	END $$}), '', 'a copy made by a command');
is(enabled('chunk_6'), 'A', 'fires always');
like(error_of($node, 'guarded', q{SET event_triggers = off; SET session_replication_role = replica; CREATE TABLE chunk_7 () INHERITS (outbox); INSERT INTO chunk_7 VALUES (1, 'springs-pd')}),
	qr/SG001|unrecognized configuration/, 'with event triggers off a chunk has it as well');
is($node->safe_psql('guarded', q{SELECT count(*) FROM sharing_guard.exposure WHERE kind = 'guard_defect'}), '0', 'nothing is missing anywhere');

# What is not a copy of ours is another matter.
like(error_of($node, 'guarded', q{SET ROLE owner; CREATE TABLE chunk_8 () INHERITS (outbox);
	CREATE OR REPLACE TRIGGER sharing_guard_export AFTER INSERT OR UPDATE ON chunk_8 FOR EACH ROW WHEN (false) EXECUTE FUNCTION sharing_guard.export_row_after('x')}),
	qr/SG009/, 'a copy that would let rows by is refused');

done_testing();
