# A function that was on a guarded table before it was protected is called by
# autovacuum's ANALYZE with the table's values.  No command of anybody's says so:
# the function's call is recorded, once for each table and function.

use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use SharingGuard;

my $node = guarded_node('main', conf => q{
autovacuum = on
autovacuum_naptime = 1s
});
set_up_policy($node);

$node->safe_psql('guarded', q{
	CREATE ROLE owner LOGIN;
	CREATE SCHEMA v AUTHORIZATION owner;
	SET SESSION AUTHORIZATION owner;
	CREATE FUNCTION v.seen(t text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN RETURN t; END $$;
	CREATE FUNCTION v.quiet(t text) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT t';
	CREATE TABLE v.read (id int PRIMARY KEY, plate text) WITH (autovacuum_analyze_threshold = 0, autovacuum_analyze_scale_factor = 0);
	CREATE INDEX read_seen ON v.read (v.seen(plate));
	CREATE TABLE v.feed (id int PRIMARY KEY, dest text, note text) WITH (autovacuum_analyze_threshold = 0, autovacuum_analyze_scale_factor = 0);
	CREATE STATISTICS v.feed_seen ON (v.seen(note)) FROM v.feed;
	CREATE TABLE v.plain (id int, plate text) WITH (autovacuum_analyze_threshold = 0, autovacuum_analyze_scale_factor = 0);
	CREATE INDEX plain_quiet ON v.plain ((v.quiet(plate) || 'x'));
	RESET SESSION AUTHORIZATION;
	SELECT sharing_guard.protect_records('v.read', data_class => 'alpr', query_elements => 'plate', mode => 'enforce');
	SELECT sharing_guard.protect_export('v.feed', destination => 'dest', data_class => 'alpr', mode => 'enforce')});
my $since = $node->safe_psql('guarded', 'SELECT clock_timestamp()');
$node->safe_psql('guarded', q{
	INSERT INTO v.plain SELECT g, 'P' || g FROM generate_series(1, 10) g;
	INSERT INTO v.read SELECT g, 'P' || g FROM generate_series(1, 10) g;
	INSERT INTO v.feed SELECT g, 'oakdale-pd', 'N' || g FROM generate_series(1, 10) g});

foreach my $table ('plain', 'read', 'feed')
{
	ok($node->poll_query_until('guarded',
			"SELECT autoanalyze_count > 0 FROM pg_stat_user_tables WHERE relid = 'v.$table'::regclass"),
		"autovacuum has analyzed v.$table");
}
is($node->safe_psql('guarded', qq{
	SELECT DISTINCT kind, relation, changed_key FROM sharing_guard.event
	WHERE operation = 'autovacuum ANALYZE' AND occurred_at > '$since' ORDER BY relation}),
	"policy_change|v.feed|v.seen\npolicy_change|v.read|v.seen",
	'what it called for guarded tables is on record, and nothing else');
done_testing();
