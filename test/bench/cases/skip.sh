# shellcheck shell=bash disable=SC2034
about='INSERT ... SELECT, every fifth row refused and skipped; the no-op triggers store it'
variants=(bare noop ours plpgsql_row)
baseline=noop
target=1.6

setup() {
	sql <<-'SQL' >/dev/null
		SELECT bench_target('skip_' || way, way)
		FROM unnest(ARRAY['bare', 'noop', 'plpgsql_row']) AS u (way);
		CREATE TRIGGER before BEFORE INSERT ON skip_noop
		    FOR EACH ROW EXECUTE FUNCTION noop_trigger();
		CREATE TABLE skip_ours (LIKE bench_source INCLUDING INDEXES);
		SELECT sharing_guard.protect_export('skip_ours', destination => 'agency',
		    purpose => 'reason', query_elements => 'plate', data_class => 'alpr',
		    on_block => 'skip_row', mode => 'enforce');
		CREATE FUNCTION plain_audit_skip() RETURNS trigger LANGUAGE plpgsql AS $$
		BEGIN
		    IF EXISTS (SELECT FROM plain_agency
		               WHERE agency_id = NEW.agency AND state = 'CA' AND level <> 'federal'
		                     AND active) THEN
		        RETURN NEW;
		    END IF;
		    INSERT INTO plain_audit (relation, operation, record_key, destination, purpose,
		                             query_elements, outcome)
		    VALUES (TG_TABLE_NAME, TG_OP, NEW.export_id, NEW.agency, NEW.reason, NEW.plate,
		            'block');
		    RETURN NULL;
		END
		$$;
		CREATE TRIGGER skip BEFORE INSERT ON skip_plpgsql_row
		    FOR EACH ROW EXECUTE FUNCTION plain_audit_skip();
	SQL
}

statement() {
	say "INSERT INTO skip_$1
	     SELECT export_id,
	            CASE WHEN export_id % 5 = 0 THEN 'nobody-' || export_id % 1000 ELSE agency END,
	            reason, plate
	     FROM bench_source;"
}
