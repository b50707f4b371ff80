# Logical replication apply writes to a protected table like anybody else:
# decided, recorded, refused.

use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use SharingGuard;

my $publisher = guarded_node('publisher');
my $subscriber = guarded_node('subscriber');
my $table = 'CREATE TABLE queue (id int PRIMARY KEY, dest text, why text)';

$publisher->safe_psql('guarded', $table);
$subscriber->safe_psql('guarded', $table);
set_up_policy($subscriber);
$subscriber->safe_psql('guarded',
	q{SELECT sharing_guard.protect_export('queue', destination => 'dest', purpose => 'why', data_class => 'alpr', mode => 'enforce')});

$publisher->safe_psql('guarded', q{
	INSERT INTO queue VALUES (1, 'oakdale-pd', 'initial copy');
	CREATE PUBLICATION feed FOR TABLE queue});
my $connection = $publisher->connstr . ' dbname=guarded';
$subscriber->safe_psql('guarded',
	"CREATE SUBSCRIPTION feed CONNECTION '$connection' PUBLICATION feed");
$subscriber->wait_for_subscription_sync($publisher, 'feed');
$publisher->safe_psql('guarded', q{
	INSERT INTO queue VALUES (2, 'oakdale-pd', 'streamed');
	UPDATE queue SET why = 'streamed again' WHERE id = 2});
$publisher->wait_for_catchup('feed');
is( $subscriber->safe_psql('guarded', q{
		SELECT string_agg(record_key || ' ' || operation || ' ' || purpose, '; ' ORDER BY event_id)
		FROM sharing_guard.audit_rows}),
	'1 INSERT initial copy; 2 INSERT streamed; 2 UPDATE streamed again',
	'copied and streamed rows are recorded');
is( $subscriber->safe_psql('guarded',
		'SELECT DISTINCT session_role || username_source FROM sharing_guard.audit'),
	'postgreslogin', 'under the subscription\'s owner');

# A row that may not go out stops the apply; it is tried, and refused, again.
$publisher->safe_psql('guarded', q{INSERT INTO queue VALUES (3, 'springs-pd', 'streamed')});
$subscriber->wait_for_log(qr/sharing policy refuses a row for export table public\.queue/);
is($subscriber->safe_psql('guarded', 'SELECT count(*) FROM queue WHERE id = 3'), '0',
	'a refused row is not stored');
# The policy changes, and the feed goes on by itself.
$subscriber->safe_psql('guarded', q{SELECT sharing_guard.set_mode('observe')});
$publisher->wait_for_catchup('feed');
is( $subscriber->safe_psql('guarded', q{
		SELECT string_agg(DISTINCT outcome || ' ' || would_be_outcome, ', ')
		FROM sharing_guard.audit_rows WHERE record_key = '3'}),
	'block block, flag block', 'each attempt is recorded; in observe mode it passes, flagged');

# Rows skipped in apply: no statement trigger fires there, the warning comes
# all the same, and the worker goes on.
$subscriber->safe_psql('guarded', q{
	SELECT sharing_guard.set_mode('enforce');
	SELECT sharing_guard.protect_export('queue', destination => 'dest', purpose => 'why',
		data_class => 'alpr', on_block => 'skip_row', mode => 'enforce')});
$publisher->safe_psql('guarded', q{INSERT INTO queue VALUES (4, 'springs-pd', 'streamed'), (5, 'oakdale-pd', 'streamed')});
$publisher->wait_for_catchup('feed');
is($subscriber->safe_psql('guarded', 'SELECT string_agg(id::text, $$,$$ ORDER BY id) FROM queue'),
	'1,2,3,5', 'the refused row is left out, the other is there');
is( $subscriber->safe_psql('guarded',
		q{SELECT outcome FROM sharing_guard.audit_rows WHERE record_key = '4'}),
	'block', 'and recorded');
$subscriber->wait_for_log(qr/sharing policy skipped 1 row for export table public\.queue/);
pass('with a warning in the server log');

$subscriber->safe_psql('guarded', 'DROP SUBSCRIPTION feed');
done_testing();
