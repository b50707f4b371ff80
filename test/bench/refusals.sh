# shellcheck shell=bash disable=SC2034,SC2154
# What the cases refusal_1 and refusal_16 share: each of $sessions sessions makes
# its part of $rows attempts, one statement each, through psql, whose own cost is
# the same for all.
#
#   plain   one row of the same texts, inserted and committed: the floor, since
#           an event that outlives its transaction is at least that
#   ours    a refused row: its event is committed and flushed, then the error
#   dblink  the usual way: a trigger that writes to its own audit table by way of
#           a connection back to the server, then raises the error

variants=(plain ours dblink)
baseline=plain

setup() {
	sql <<-SQL >/dev/null
		CREATE EXTENSION IF NOT EXISTS dblink;
		CREATE TABLE refusal_plain_$sessions (LIKE plain_audit INCLUDING ALL);
		CREATE TABLE refusal_ours_$sessions (LIKE bench_source INCLUDING INDEXES);
		SELECT sharing_guard.protect_export('refusal_ours_$sessions', destination => 'agency',
		    purpose => 'reason', query_elements => 'plate', data_class => 'alpr', mode => 'enforce');
		CREATE TABLE refusal_dblink_$sessions (LIKE bench_source INCLUDING INDEXES);
		CREATE FUNCTION refuse_dblink_$sessions() RETURNS trigger LANGUAGE plpgsql AS \$\$
		BEGIN
		    IF NOT 'loop' = ANY (COALESCE(dblink_get_connections(), '{}')) THEN
		        PERFORM dblink_connect('loop', 'host=$PGHOST port=${PGPORT:-5432} dbname=bench');
		    END IF;
		    PERFORM dblink_exec('loop', format(
		        'INSERT INTO plain_audit (relation, operation, record_key, destination, purpose,
		             query_elements, outcome) VALUES (%L, %L, %L, %L, %L, %L, %L)',
		        TG_TABLE_NAME, TG_OP, NEW.export_id, NEW.agency, NEW.reason, NEW.plate, 'block'));
		    RAISE EXCEPTION 'refused';
		END
		\$\$;
		CREATE TRIGGER refuse AFTER INSERT ON refusal_dblink_$sessions
		    FOR EACH ROW EXECUTE FUNCTION refuse_dblink_$sessions();
	SQL
}

reset() { say "TRUNCATE refusal_$1_$sessions, plain_audit;"; }

# attempt VARIANT N: the SQL of one.
attempt() {
	case $1 in
		plain) say "INSERT INTO refusal_plain_$sessions (relation, operation, record_key, destination, purpose, query_elements, outcome) VALUES ('public.outbox', 'INSERT', '$2', 'nobody-$2', 'stolen vehicle', 'T$2', 'block');" ;;
		*) say "INSERT INTO refusal_$1_$sessions VALUES ($2, 'nobody-$2', 'stolen vehicle', 'T$2');" ;;
	esac
}

# The server's log would be the same few lines for each error, ours or not.
measure() {
	local session n start end before after pids=()
	for ((session = 0; session < sessions; session++)); do
		{
			say "SET log_min_messages = panic; SET client_min_messages = error;"
			for ((n = session; n < rows; n += sessions)); do attempt "$1" "$n"; done
		} >"$SG_WORK/out/refusals.$session"
	done
	before=$(sql -c "SELECT count(*) FROM sharing_guard.event WHERE outcome = 'block'")
	start=$EPOCHREALTIME
	for ((session = 0; session < sessions; session++)); do
		psql -X -q -f "$SG_WORK/out/refusals.$session" >/dev/null 2>&1 &
		pids+=($!)
	done
	wait "${pids[@]}"
	end=$EPOCHREALTIME
	after=$(sql -c "SELECT count(*) FROM sharing_guard.event WHERE outcome = 'block'")
	case $1 in
		ours) figure ours 'events that were not written' "$rows - ($after - $before)" ;;
	esac
	figure "$1" 'per second' "$rows / ($end - $start)"
	say "$end - $start"
}
