# The reference is what the comments in the database say, and every column and
# every function has one.

use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use SharingGuard;

my $node = guarded_node('main');
$node->safe_psql('guarded', 'CREATE EXTENSION sharing_guard');

is( $node->safe_psql('guarded', q{
		SELECT string_agg(c.relname || '.' || a.attname, ', ')
		FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
		WHERE c.relnamespace = 'sharing_guard'::regnamespace AND c.relkind IN ('r', 'v')
		  AND col_description(c.oid, a.attnum) IS NULL}),
	'', 'every column has a comment');
is( $node->safe_psql('guarded', q{
		SELECT string_agg(p.proname, ', ') FROM pg_proc p
		WHERE p.pronamespace = 'sharing_guard'::regnamespace
		  AND obj_description(p.oid, 'pg_proc') IS NULL}),
	'', 'every function has a comment');
is( $node->safe_psql('guarded', q{
		SELECT string_agg(p.oid::regprocedure::text, ', ') FROM pg_proc p
		WHERE p.pronamespace = 'sharing_guard'::regnamespace
		  AND p.proname NOT IN ('begin_disclosure', 'explain_event', 'export_row_before', 'export_row_after', 'export_statement_after', 'row_may_leave')
		  AND (p.proacl IS NULL OR EXISTS (SELECT FROM aclexplode(p.proacl) WHERE grantee = 0))}),
	'', 'nothing is for everybody but begin_disclosure(), explain_event(), the trigger functions that the server clones, and what a row-level security policy calls');
is( $node->safe_psql('guarded', q{
		SELECT string_agg(p.oid::regprocedure::text, ', ') FROM pg_proc p JOIN pg_language l ON l.oid = p.prolang
		WHERE p.pronamespace = 'sharing_guard'::regnamespace AND l.lanname IN ('sql', 'plpgsql')
		  AND p.prosqlbody IS NULL
		  AND NOT coalesce('search_path=pg_catalog, pg_temp' = ANY (p.proconfig), false)}),
	'', 'every SQL and PL/pgSQL function pins its search_path');

my @now = split /\n/, $node->safe_psql('guarded', slurp_file('doc/reference.sql'));
my @written = split /\n/, slurp_file('doc/reference.md');
my ($line) = grep { ($now[$_] // '') ne ($written[$_] // '') } 0 .. ($#now > $#written ? $#now : $#written);
is($line, undef, 'doc/reference.md is up to date (make reference)')
  or diag 'line ' . ($line + 1) . ": $now[$line]";

done_testing();
