# What is recorded, compared or sealed does not depend on what a session has set:
# topics that record, review and seal run twice, the second time with every
# setting that a role may change at its strangest value, and leave the same bytes.
# One command: bash test/run 280_settings
#
# Takes three minutes: only in check-world.

use strict;
use warnings;
use File::Basename;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use SharingGuard;

# Left out are the topics whose own input means something else under a setting (a
# time without a zone, text in another encoding, a table that search_path puts
# elsewhere), that damage the log or drop the extension on their way, or that record
# nothing.  SG_SETTINGS_TOPICS names others.
my @topics = split ' ', $ENV{SG_SETTINGS_TOPICS} // q{
	settings adopt_policy commands context copied_tables copy decide destination
	durable_refusal event_pieces export_row exposure fetched filter_reads health maintenance
	mode ordinary_writes policy_bulk policy_change policy_revision policy_tables
	preview_terms protect_again purpose purpose_texts refusal_fields retention review
	review_overdue seal service skip_row spelling tamper unresolved us_ca_outcomes us_il
	verify_audit};
my $root = dirname(dirname(dirname(__FILE__)));
$ENV{PG_ABS_SRCDIR} = $root;
my $node = guarded_node('main');

# Left as they are: what would end the test (timeouts, read-only transactions,
# memory for the stack), what is no setting of a session (role, seed), what an
# event has as it is set (application_name), and what makes the server slow (a
# join of thousands of rows needs one way to be done).
my $left = qr/_timeout$|^(transaction_|default_transaction_(isolation|read_only)|role$|session_authorization$|
	seed$|application_name$|exit_on_error|max_stack_depth|debug_discard_caches|
	session_replication_role|event_triggers|ssl_renegotiation_limit|log_|client_min_messages|temp_file_limit|
	zero_damaged_pages|ignore_|allow_in_place|wal_consistency|sharing_guard\.|trace_|
	restrict_nonsystem_relation_kind|default_table_access_method|dynamic_library_path|
	enable_hashjoin|default_tablespace|temp_tablespaces|createrole_self_grant|commit_delay|vacuum_cost_|
	debug_|lc_messages|(local|session)_preload_libraries|track_|update_process_title)/x;
my %strange = (
	DateStyle => 'German, DMY', TimeZone => 'Asia/Kathmandu', search_path => '"Odd", public, pg_catalog',
	client_encoding => 'LATIN1', default_text_search_config => 'pg_catalog.german',
	'plpgsql.extra_errors' => 'all', 'plpgsql.extra_warnings' => 'all',
	timezone_abbreviations => 'India', lc_monetary => 'C', lc_numeric => 'C', lc_time => 'C');

# The locale that writes 1.234,56 EUR, where it is installed.
if (my ($german) = grep { /^de_DE\.utf-?8$/i } split /\n/, `locale -a 2>/dev/null`)
{
	$strange{$_} = $german foreach qw(lc_monetary lc_numeric lc_time);
}

my $dump = q{
	SELECT concat_ws('|', e.kind, e.username, e.username_source, e.organization, e.session_role, e.acting_role,
			e.authenticated_login, e.operation, e.relation, e.channel, e.data_class, e.destination, e.agency_id,
			e.destination_class, e.agency_status, e.on_behalf_of_agency, e.on_behalf_of_agency_id,
			e.on_behalf_of_class, e.outcome, e.would_be_outcome, e.legal_basis_id, e.lifted_by, e.authority,
			e.tags, e.matched_terms, e.rule_ids, e.flag_reasons, e.record_keys, e.record_key_index, e.purposes,
			e.purpose_index, e.query_elements, e.query_element_index, e.case_numbers, e.requesting_persons,
			e.ending, e.rows_disclosed, e.rows_blocked, e.policy_revision, e.changed_key, e.old_row, e.new_row)
	FROM sharing_guard.legible_event e WHERE e.kind NOT IN ('health')
	ORDER BY e.event_id};
$dump =~ s/\s+/ /g;
my $defects = q{SELECT relation || ': ' || detail FROM sharing_guard.act_defects()
	UNION ALL SELECT problem || ': ' || detail FROM sharing_guard.verify_audit() WHERE severity = 'error'};
$defects =~ s/\s+/ /g;

# Without ids, digests and the times of the run; these keep how they are written.
# Sorted, for a completion is written when its writer comes to it.
sub without_ids
{
	my ($text) = @_;

	$text =~ s/[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}/UUID/g;
	$text =~ s/\d{4}-\d\d-\d\d([T ])\d\d:\d\d:\d\d\.\d+/NOW$1/g;
	$text =~ s/\buntil \d{4}-\d\d-\d\d [^,"]+/until NOW/g;
	$text =~ s/"\\+x[0-9a-f]{64}"/DIGEST/g;
	$text =~ s/"relation":"\d+"/"relation":"OID"/g;
	return sort split /\n/, $text;
}

# run(TOPIC, NAME): runs it as it stands, with what it recorded left in files.
sub run_topic
{
	my ($topic, $name) = @_;
	my $file = PostgreSQL::Test::Utils::tempdir() . "/$topic.$name";
	my $text = slurp_file($topic eq 'settings' ? "$root/test/settings.sql" : "$root/sql/$topic.sql");
	my $taking = "\\copy ($dump) TO '$file'\n\\copy ($defects) TO '$file.defects'\n";

	$text = "\\set fixture '$root/test/fixture.sql'\n\\i :fixture\n$text" if $topic eq 'settings';
	# Before the topic takes the extension away at its end; else at its end.
	my ($last) = $text =~ /\A(.*^)(?=DROP EXTENSION (?:IF EXISTS )?sharing_guard|\\i :fresh|DO \$\$\s+BEGIN\s+(?:DELETE FROM sharing_guard\.guard|PERFORM sharing_guard\.prepare_drop))/ms;
	if (defined $last && length($last) > length($text) / 2)
	{
		substr($text, length($last), 0) = $taking;
	}
	else
	{
		$text .= "\n$taking";
	}
	# The same form on both sides, whatever copies it.
	$text =~ s/(?=\\copy \()/SET standard_conforming_strings = on; SET bytea_output = hex;\n/;
	my ($status, $out, $err) = $node->psql('guarded', $text, on_error_stop => 0, timeout => 120);
	append_to_file("$file.log", "$out\n$err");
	$node->safe_psql('guarded', q{
		DO $$ BEGIN
			IF to_regclass('sharing_guard.guard') IS NOT NULL THEN
				DELETE FROM sharing_guard.guard;
				PERFORM sharing_guard.prepare_drop('nowhere: a test');
			END IF;
		END $$;
		DROP EXTENSION IF EXISTS sharing_guard CASCADE;
		DROP SCHEMA public CASCADE; CREATE SCHEMA public; GRANT ALL ON SCHEMA public TO PUBLIC;
		DO $$ DECLARE x record; BEGIN
			FOR x IN SELECT nspname FROM pg_namespace WHERE nspname !~ '^pg_|^information_schema$|^public$' LOOP
				EXECUTE format('DROP SCHEMA %I CASCADE', x.nspname);
			END LOOP;
			FOR x IN SELECT rolname FROM pg_roles WHERE rolname ~ '^(regress|sg)_' LOOP
				EXECUTE format('DROP OWNED BY %I', x.rolname);
				EXECUTE format('DROP ROLE %I', x.rolname);
			END LOOP;
		END $$}, extra_params => [ '-v', 'ON_ERROR_STOP=1' ]);
	return (-e $file ? slurp_file($file) : '', -e "$file.defects" ? slurp_file("$file.defects") : '-');
}

# Row-level security filters in these, and the server refuses what it would filter.
my %filters = map { $_ => 1 } qw(copy filter_reads leaky_writes query query_elements);
my (%ordinary, %set);
foreach my $topic (@topics)
{
	($ordinary{$topic}, my $found) = run_topic($topic, 'ordinary');
	note "ordinary run of $topic";
	is($found, '', "$topic: nothing is wrong with the record");
}

# How many settings there are differs between versions.
$node->safe_psql('guarded', 'CREATE SCHEMA "Odd"');
my $rows = $node->safe_psql('guarded', q{
	LOAD 'plpgsql';
	SELECT name, vartype, boot_val, min_val, max_val, array_to_string(enumvals, ',')
	FROM pg_settings WHERE context IN ('user', 'superuser') ORDER BY name});
foreach my $row (split /\n/, $rows)
{
	my ($setting, $type, $boot, $min, $max, $words) = split /\|/, $row, -1;
	next if $setting =~ $left;
	my $value = $strange{$setting};
	if (!defined $value)
	{
		$value = $type eq 'bool' ? ($boot eq 'on' ? 'off' : 'on')
		  : $type eq 'enum' ? (grep { $_ ne $boot } reverse split /,/, $words)[0]
		  : $type eq 'string' ? undef
		  : $setting =~ /digits/ ? $min : $boot eq $min ? undef : $min;
	}
	next if !defined $value;
	# A list is not one quoted name.
	my $quoted = $setting eq 'search_path' ? $value : "'$value'";
	my ($status, undef, $err) = $node->psql('guarded', qq{ALTER DATABASE guarded SET "$setting" = $quoted});
	if ($status != 0) { note "$setting cannot be '$value': $err"; next; }
	$set{$setting} = $value;
}
cmp_ok(scalar(keys %set), '>', 70, scalar(keys %set) . ' settings at their strangest');
ok(defined $set{$_}, "$_ is one of them")
  foreach qw(DateStyle IntervalStyle TimeZone extra_float_digits bytea_output standard_conforming_strings
	quote_all_identifiers xmloption xmlbinary search_path client_encoding array_nulls backslash_quote
	escape_string_warning default_text_search_config row_security transform_null_equals enable_seqscan
	plpgsql.variable_conflict plpgsql.extra_errors);

foreach my $topic (@topics)
{
	# The server itself refuses what row-level security would filter.
	$node->safe_psql('guarded', 'ALTER DATABASE guarded SET row_security = ' . ($filters{$topic} ? 'on' : 'off'));
	my ($recorded, $found) = run_topic($topic, 'strange');
	my @before = without_ids($ordinary{$topic});
	my @after = without_ids($recorded);
	my $different = 0;

	cmp_ok(scalar(@before), '>', 5, "$topic: " . scalar(@before) . ' events');
	is(scalar(@after), scalar(@before), "$topic: as many with strange settings");
	my %count;
	$count{$_}++ foreach @after;
	$count{$_}-- foreach @before;
	foreach my $event (grep { $count{$_} } sort keys %count)
	{
		diag(($count{$event} > 0 ? 'strange:  ' : 'ordinary: ') . $event) if $different++ < 12;
	}
	is($different, 0, "$topic: and each the same");
	is($found, '', "$topic: nothing is wrong with that record either");
}
$node->stop;
done_testing();
