# A subscriber's initial copy is a COPY by the subscription's login, and goes the
# way of every other.

use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use SharingGuard;

my $publisher = guarded_node('publisher', init => [ allows_streaming => 'logical' ]);
set_up_policy($publisher);
my $subscriber = PostgreSQL::Test::Cluster->new('subscriber');
$subscriber->init;
$subscriber->start;

my $tables = 'CREATE TABLE read (id int PRIMARY KEY, plate text);
	CREATE TABLE listed (id int PRIMARY KEY, plate text)';
$publisher->safe_psql('guarded', qq{
	$tables;
	INSERT INTO read VALUES (1, 'P1'), (2, 'P2');
	INSERT INTO listed VALUES (1, 'P1'), (2, 'P2'), (3, 'P3');
	CREATE ROLE oakdale LOGIN REPLICATION;
	GRANT SELECT ON read, listed TO oakdale;
	SELECT sharing_guard.bind_role('oakdale', 'oakdale-pd');
	CREATE PUBLICATION feed FOR TABLE read, listed (id);
	SELECT sharing_guard.protect_records('read', data_class => 'alpr', mode => 'enforce');
	SELECT sharing_guard.protect_records('listed', data_class => 'alpr', mode => 'enforce')});
$subscriber->safe_psql('postgres', $tables);
my $connection = $publisher->connstr . ' dbname=guarded user=oakdale';
$subscriber->safe_psql('postgres', "CREATE SUBSCRIPTION feed CONNECTION '$connection' PUBLICATION feed");
$subscriber->wait_for_subscription_sync($publisher, 'feed');
is($subscriber->safe_psql('postgres', 'SELECT count(*) FROM read'), '2', 'the copy arrives');
$publisher->poll_query_until('guarded',
	q{SELECT count(*) = 0 FROM sharing_guard.audit WHERE ending = 'open'});
is( $publisher->safe_psql('guarded', q{
		SELECT string_agg(concat_ws(' ', session_role, destination, channel, relation, rows_disclosed), ', ' ORDER BY relation)
		FROM sharing_guard.audit}),
	'oakdale oakdale-pd copy public.listed 3, oakdale oakdale-pd copy public.read 2',
	'and is on record, for the agency of the login');

# Of an agency that may not have it nothing arrives.
$subscriber->safe_psql('postgres', 'DROP SUBSCRIPTION feed; TRUNCATE read, listed');
$publisher->safe_psql('guarded', q{SELECT sharing_guard.bind_role('oakdale', 'springs-pd')});
$subscriber->safe_psql('postgres', "CREATE SUBSCRIPTION feed CONNECTION '$connection' PUBLICATION feed");
$publisher->wait_for_log(qr/sharing policy refuses to let records of table public\.read be read/);
is($subscriber->safe_psql('postgres', 'SELECT count(*) FROM read'), '0', 'a refused copy does not');
is($publisher->safe_psql('guarded', q{SELECT DISTINCT outcome FROM sharing_guard.audit WHERE destination = 'springs-pd'}),
	'block', 'and that is on record');
$subscriber->safe_psql('postgres', 'DROP SUBSCRIPTION feed');

done_testing();
