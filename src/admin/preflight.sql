-- Shows what will change, break or need attention before guards are switched
-- on.

CREATE FUNCTION sharing_guard.guard_defects(guard_id uuid)
    RETURNS TABLE (relation regclass, trigger text, defect text)
    LANGUAGE sql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
    WITH tree AS (
        SELECT r.relid, r.relkind, g.guard_id, g.on_block,
               bool_or(r.relkind = 'f') OVER () AS foreign_in_tree
        FROM sharing_guard.guard g, sharing_guard.relation_tree(g.relation) r
        WHERE g.guard_id = $1 AND g.kind = 'export')
    SELECT t.relid::regclass, w.name,
           CASE WHEN tg.oid IS NULL THEN 'missing'
                WHEN tg.tgfoid <> w.function OR tg.tgargs <> t.guard_id::text::bytea || '\x00'::bytea
                THEN 'another''s'
                WHEN tg.tgenabled <> 'A' THEN 'disabled, or not enabled always'
                ELSE 'altered' END
    FROM tree t
         CROSS JOIN (VALUES ('zzz_sharing_guard_skip', 'sharing_guard.export_row_before'::regproc, 23, false),
                            ('sharing_guard_export', 'sharing_guard.export_row_after'::regproc, 21, true),
                            ('zzz_sharing_guard_statement', 'sharing_guard.export_statement_after'::regproc, 20, false))
             AS w (name, function, type, always)
         LEFT JOIN pg_trigger tg ON tg.tgrelid = t.relid AND tg.tgname = w.name
    WHERE (w.always OR t.on_block = 'skip_row'
           OR t.foreign_in_tree AND (w.type = 20 OR t.relkind = 'f'))
      AND (tg.oid IS NULL OR tg.tgfoid <> w.function OR tg.tgenabled <> 'A'
           OR tg.tgtype <> w.type OR tg.tgconstraint <> 0 OR tg.tgdeferrable
           OR tg.tgoldtable IS NOT NULL OR tg.tgnewtable IS NOT NULL OR tg.tgqual IS NOT NULL OR cardinality(tg.tgattr::int2[]) > 0
           OR tg.tgargs <> t.guard_id::text::bytea || '\x00'::bytea)
    ORDER BY 1, 2
$$;
REVOKE ALL ON FUNCTION sharing_guard.guard_defects(uuid) FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.guard_defects(uuid) IS
'Internal: lists the defects of a guard''s triggers, on its table and on its partitions and children';

-- Figures only: the names of the people are the auditor's to read.
CREATE FUNCTION sharing_guard.logins_with_people()
    RETURNS TABLE (login text, people bigint)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
    SELECT e.authenticated_login, count(DISTINCT p.person)
      FROM sharing_guard.legible_event AS e, unnest(e.requesting_persons) AS p (person)
     WHERE e.occurred_at >= sharing_guard.audit_window_start(statement_timestamp(), sharing_guard.time_zone())
       AND e.kind = 'disclosure' AND e.authenticated_login IS NOT NULL AND btrim(p.person) <> ''
     GROUP BY e.authenticated_login
    HAVING count(DISTINCT p.person) > 1
$$;
REVOKE ALL ON FUNCTION sharing_guard.logins_with_people() FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.logins_with_people() IS
'Internal: logins whose events of the last 90 days name several people, and how many';

CREATE FUNCTION sharing_guard.preflight(relation regclass DEFAULT NULL)
    RETURNS TABLE (status text, subject text, finding text, what_to_do text)
    LANGUAGE plpgsql STABLE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
    rel record;
    r record;
    current_setting_row sharing_guard.setting;
BEGIN
    -- The server.
    IF sharing_guard.library_preloaded() THEN
        RETURN QUERY SELECT 'ok', 'library', 'sharing_guard is loaded by shared_preload_libraries', NULL;
    ELSE
        RETURN QUERY SELECT 'problem', 'library',
            'sharing_guard is not loaded by shared_preload_libraries: protected tables refuse every row',
            'Add sharing_guard to shared_preload_libraries in postgresql.conf and restart the server.';
    END IF;
    IF sharing_guard.database_listed() THEN
        RETURN QUERY SELECT 'ok', 'database',
            format('database %I is listed in sharing_guard.databases', current_database()), NULL;
    ELSE
        RETURN QUERY SELECT 'problem', 'database',
            format('database %I is not listed in sharing_guard.databases: protected tables refuse every row', current_database()),
            'Add it to sharing_guard.databases in postgresql.conf and restart the server.';
    END IF;
    RETURN QUERY SELECT 'warning', 'database',
        format('sharing_guard.databases lists %I, which does not exist or allows no connections', m.name),
        'If the name is misspelt, correct the setting and restart the server: a database is guarded only where its name is listed.'
    FROM sharing_guard.missing_databases() AS m (name);
    IF current_setting('server_version_num')::integer / 10000 = 16 THEN
        RETURN QUERY SELECT 'warning', 'server',
            'PostgreSQL 16 is supported in code and not tested', 'Use 15, 17 or 18 where you can.';
    END IF;
    IF current_setting('fsync') <> 'on' THEN
        RETURN QUERY SELECT 'problem', 'fsync',
            'fsync is off: a crash can lose exports and their record',
            'Set fsync = on.';
    END IF;
    IF current_setting('autovacuum') <> 'on' OR current_setting('track_counts') <> 'on' THEN
        RETURN QUERY SELECT 'warning', 'autovacuum',
            'autovacuum is off: the index on the time of events is not kept up to date, and the 90-day views read more of the log than they need',
            'Set autovacuum = on and track_counts = on, or run VACUUM sharing_guard.event each day.';
    END IF;
    IF current_setting('server_encoding') = 'SQL_ASCII' THEN
        RETURN QUERY SELECT 'warning', 'encoding',
            'the database encoding is SQL_ASCII: names and purposes cannot be folded beyond ASCII',
            'Use a UTF8 database where you can.';
    END IF;

    IF current_setting('sharing_guard.emergency_observe', true) = 'on' THEN
        RETURN QUERY SELECT 'problem', 'emergency switch',
            'sharing_guard.emergency_observe is on: nothing is stopped by the policy, in any database of this server',
            'When the emergency is over, take it out of postgresql.conf (or ALTER SYSTEM RESET it) and reload the server.';
    END IF;

    -- The configuration.
    SELECT * INTO current_setting_row FROM sharing_guard.setting;
    IF NOT FOUND THEN
        RETURN QUERY SELECT 'problem', 'configuration', 'nothing is configured yet',
            'Call sharing_guard.configure(home_jurisdiction, agency, time_zone, contact).';
    ELSE
        RETURN QUERY SELECT 'ok', 'configuration',
            format('home jurisdiction %s, agency %s, time zone %s',
                   current_setting_row.home_jurisdiction, current_setting_row.agency,
                   current_setting_row.time_zone), NULL;
        IF current_setting_row.contact IS NULL THEN
            RETURN QUERY SELECT 'warning', 'contact',
                'refusals cannot name anyone to ask',
                'Call sharing_guard.configure() with a contact: a person or an address.';
        END IF;
        IF current_setting_row.attestations IS NOT TRUE
           AND EXISTS (SELECT FROM sharing_guard.rule u WHERE u.enabled AND u.attestation = 'missing' AND u.outcome = 'flag') THEN
            RETURN QUERY SELECT CASE WHEN current_setting_row.attestations IS NULL THEN 'warning' ELSE 'ok' END,
                'attestations',
                CASE WHEN current_setting_row.attestations IS NULL
                     THEN 'whether other agencies'' written attestations are kept here is not set; until then no disclosure is flagged for want of one'
                     ELSE 'attestations are not used: no disclosure is flagged for want of one' END,
                CASE WHEN current_setting_row.attestations IS NULL
                     THEN 'Call sharing_guard.configure(NULL, NULL, NULL, attestations => true) when agency.attested_on is filled in; or attestations => false.' END;
        END IF;
        IF current_setting_row.mode = 'enforce' THEN
            RETURN QUERY SELECT 'ok', 'mode', 'overall mode is enforce: each guard''s own mode counts', NULL;
        ELSE
            RETURN QUERY SELECT 'warning', 'mode',
                'overall mode is observe: nothing is stopped, also where a guard enforces',
                'When would_be_outcome shows what enforcing would stop, call sharing_guard.set_mode(''enforce'').';
        END IF;
    END IF;
    IF EXISTS (SELECT FROM sharing_guard.adopted_pack) THEN
        RETURN QUERY SELECT 'ok', 'policy',
            format('adopted: %s', string_agg(format('%s %s', p.pack, p.version), ', ' ORDER BY p.pack)), NULL
        FROM sharing_guard.adopted_pack p;
    ELSE
        RETURN QUERY SELECT 'problem', 'policy', 'no policy is adopted, so nothing can be protected',
            'See what sharing_guard.adopt_policy(''us-ca'', dry_run => true) would bring, then adopt it.';
    END IF;
    IF NOT EXISTS (SELECT FROM sharing_guard.role_duty d WHERE d.duty = 'auditor') THEN
        RETURN QUERY SELECT 'warning', 'auditor', 'no role is an auditor',
            'Call sharing_guard.grant_auditor(role).';
    END IF;

    -- A login that names persons is a program's or is shared; an event of its
    -- that names none must not read as one person's.
    RETURN QUERY SELECT 'warning', 'shared login',
        format('login %I has named %s people in the last 90 days and is not known to be shared, so its events that name no person read as if one person had that login',
               l.login, l.people),
        format('SELECT sharing_guard.bind_role(%L, %L, shared => true);', l.login,
               coalesce((SELECT s.agency FROM sharing_guard.setting s), 'agency_id'))
    FROM sharing_guard.logins_with_people() l
    WHERE NOT EXISTS (SELECT FROM sharing_guard.role_binding b
                       WHERE b.role = to_regrole(quote_ident(l.login)) AND (b.shared OR b.kind <> 'agency'))
    ORDER BY l.login;

    IF EXISTS (SELECT FROM sharing_guard.setting) AND sharing_guard.library_preloaded() THEN
        RETURN QUERY SELECT 'warning', 'registry',
            format('agency %s (%s) has jurisdiction %s, and its name says %s: rows to it are decided on as to an agency of %s',
                   c.agency_id, c.name, c.jurisdiction, c.name_says, c.jurisdiction),
            format('UPDATE sharing_guard.agency SET jurisdiction = %L WHERE agency_id = %L;', c.name_says, c.agency_id)
        FROM sharing_guard.contradicted_agencies c ORDER BY c.agency_id;
    END IF;

    -- The triggers that protect the record and notice changes of the policy.
    RETURN QUERY SELECT 'problem', t.tgrelid::regclass::text,
        format('trigger %I is not enabled always: the record or the policy could be changed unseen', t.tgname),
        format('As superuser: ALTER TABLE %s ENABLE ALWAYS TRIGGER %I;', t.tgrelid::regclass, t.tgname)
    FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
    WHERE c.relnamespace = 'sharing_guard'::regnamespace
      AND t.tgfoid IN ('sharing_guard.policy_changed'::regproc,
                       'sharing_guard.protect_record'::regproc,
                       'sharing_guard.guard_check'::regproc,
                       'sharing_guard.guard_column_number'::regproc)
      AND t.tgenabled <> 'A'
    ORDER BY t.tgrelid::regclass::text, t.tgname;

    RETURN QUERY SELECT 'problem', format('event trigger %I', e.name),
        'it is missing or not enabled always: new children of protected tables are not guarded, dropped ones not recorded',
        format('As superuser: ALTER EVENT TRIGGER %I ENABLE ALWAYS; if it is missing, create the extension again.', e.name)
    FROM unnest(ARRAY['sharing_guard_follow_ddl', 'sharing_guard_follow_drop']) AS e (name)
    WHERE NOT EXISTS (SELECT FROM pg_event_trigger t WHERE t.evtname = e.name AND t.evtenabled = 'A');

    -- The protected tables.
    FOR r IN SELECT g.* FROM sharing_guard.guard g ORDER BY g.relation::text LOOP
        IF EXISTS (SELECT FROM sharing_guard.guard_defects(r.guard_id)) THEN
            RETURN QUERY SELECT 'problem', d.relation::text,
                format('trigger %I of the guard of %s is %s: rows leave unrecorded', d.trigger, r.relation, d.defect),
                CASE d.defect WHEN 'another''s'
                     THEN 'Drop that trigger and call sharing_guard.protect_export() for the protected table again.'
                     ELSE 'Call sharing_guard.protect_export() for the protected table again.' END
            FROM sharing_guard.guard_defects(r.guard_id) d;
        ELSIF (r.kind = 'export'
               AND (NOT EXISTS (SELECT FROM sharing_guard.guard_column c
                                WHERE c.guard_id = r.guard_id AND c.role = 'destination')
                    OR NOT EXISTS (SELECT FROM sharing_guard.guard_column c
                                   WHERE c.guard_id = r.guard_id AND c.role = 'record_key')))
              OR EXISTS (SELECT FROM sharing_guard.guard_column c
                         WHERE c.guard_id = r.guard_id AND c.role <> 'bookkeeping'
                           AND NOT EXISTS (SELECT FROM pg_attribute a
                                           WHERE a.attrelid = r.relation AND a.attnum = c.attnum
                                             AND a.attnum > 0 AND NOT a.attisdropped)) THEN
            RETURN QUERY SELECT 'problem', r.relation::text,
                'the guard lacks a column that it needs: rows are refused',
                format('Call sharing_guard.protect_%s() for the table with its present columns.', r.kind);
        ELSE
            RETURN QUERY SELECT 'ok', r.relation::text,
                CASE r.kind
                    WHEN 'records' THEN format('protected, mode %s, the agency''s own queries are %s', r.mode,
                        CASE WHEN r.record_self_access THEN 'recorded' ELSE 'not recorded' END)
                    ELSE format('protected, mode %s, on_block %s', r.mode, r.on_block) END, NULL;
        END IF;
        IF r.filter_reads THEN
            RETURN QUERY SELECT 'problem', d.relation::text,
                format('filter_reads: %s, so rows that the policy blocks come out', d.defect),
                format('Call sharing_guard.protect_%s() for the protected table again.', r.kind)
            FROM sharing_guard.filter_defects(r.relation) d;
            RETURN QUERY SELECT 'ok', r.relation::text,
                'filter_reads: COPY ... FROM into the table, and pg_dump of it, need a role with BYPASSRLS', NULL;
        END IF;
        IF EXISTS (SELECT FROM pg_publication_tables p
                   JOIN pg_class c ON c.relname = p.tablename
                   JOIN pg_namespace n ON n.oid = c.relnamespace AND n.nspname = p.schemaname
                   WHERE c.oid = r.relation) THEN
            RETURN QUERY SELECT 'warning', r.relation::text,
                'the table is published: rows that are let in are replicated to every subscriber',
                'See that no subscriber is an agency of its own; this version does not guard publications.';
        END IF;
    END LOOP;

    -- The logins that read and write them, because an event names a login as
    -- if it were one person.
    RETURN QUERY SELECT 'warning', format('login %I', l.rolname),
        'do several people log in as it, as through an application? Its events name the login as if it were one person',
        format('SELECT sharing_guard.bind_role(%L, %L, shared => true); -- or shared => false, where it is one person''s',
               l.rolname, current_setting_row.agency)
    FROM pg_roles l
    WHERE l.rolcanlogin AND NOT l.rolsuper
      AND NOT EXISTS (SELECT FROM sharing_guard.role_binding b WHERE b.role = l.oid)
      AND NOT EXISTS (SELECT FROM sharing_guard.role_duty d WHERE d.role = l.oid)
      AND EXISTS (SELECT FROM sharing_guard.guard g
                  WHERE EXISTS (SELECT FROM pg_class c WHERE c.oid = g.relation)
                    AND has_table_privilege(l.oid, g.relation::oid,
                            CASE g.kind WHEN 'records' THEN 'SELECT' ELSE 'INSERT, UPDATE' END))
    ORDER BY l.rolname;

    RETURN QUERY SELECT 'problem', t.tgrelid::regclass::text,
        'the table has triggers of a guard that was deleted: every row is refused',
        'Call sharing_guard.unprotect() for the table, or protect_export().'
    FROM pg_trigger t
    WHERE t.tgfoid = 'sharing_guard.export_row_after'::regproc AND t.tgparentid = 0
      AND EXISTS (SELECT FROM sharing_guard.orphaned_guards(t.tgrelid))
    ORDER BY t.tgrelid::regclass::text;

    -- Functions that the server itself calls with rows of the tables, without
    -- a query that shows it.
    RETURN QUERY SELECT 'warning', format('%s, %s', c.relid::regclass, c.object),
        format('the server itself calls function %s of role %I %s: it may copy what it is given',
               p.oid::regprocedure, pg_get_userbyid(p.proowner), c.runs),
        format('Read what the function does. To be rid of it: %s', coalesce(c.command, 'create the table again without it.'))
    FROM sharing_guard.code_on_rows(CASE WHEN relation IS NULL
             THEN ARRAY(SELECT g.relation::oid FROM sharing_guard.guard g)
             ELSE ARRAY[relation::oid] END) c
         JOIN pg_proc p ON p.oid = c.function
    ORDER BY c.relid::regclass::text, c.object, p.oid::regprocedure::text;

    -- The roles that make backups.
    IF EXISTS (SELECT FROM sharing_guard.guard g WHERE g.kind = 'records' OR g.filter_reads) THEN
        IF NOT EXISTS (SELECT FROM sharing_guard.role_binding b WHERE b.kind = 'backup') THEN
            RETURN QUERY SELECT 'warning', 'backup',
                'no role is named for backups: what pg_dump reads of protected tables is '
                || CASE current_setting_row.undeclared_copy WHEN 'refuse' THEN 'refused (SG002)'
                   ELSE 'flagged as an undeclared copy' END,
                'Call sharing_guard.bind_backup(role), and let pg_dump log in as that role.';
        END IF;
        RETURN QUERY SELECT 'problem', format('backup role %s', b.role),
            format('it cannot read %s, so pg_dump fails', g.relation),
            format('GRANT pg_read_all_data TO %s;', b.role)
        FROM sharing_guard.role_binding b, sharing_guard.guard g
        WHERE b.kind = 'backup'
          AND NOT has_table_privilege(b.role::oid, g.relation::oid, 'SELECT')
        ORDER BY b.role::text, g.relation::text;
        RETURN QUERY SELECT 'problem', format('backup role %s', b.role),
            format('row-level security of %s applies to it (filter_reads), so pg_dump fails', g.relation),
            format('As superuser: ALTER ROLE %s BYPASSRLS;', b.role)
        FROM sharing_guard.role_binding b
             JOIN pg_roles o ON o.oid = b.role::oid
             CROSS JOIN sharing_guard.guard g
        WHERE b.kind = 'backup' AND g.filter_reads AND NOT o.rolbypassrls AND NOT o.rolsuper
        ORDER BY b.role::text, g.relation::text;
        RETURN QUERY SELECT 'ok', format('backup role %s', b.role),
            format('what it copies of protected tables is recorded as a backup kept by %s', b.agency_id), NULL
        FROM sharing_guard.role_binding b WHERE b.kind = 'backup' ORDER BY b.role::text;
    END IF;

    -- The table that is about to be protected.
    IF relation IS NULL THEN
        RETURN;
    END IF;
    SELECT c.relkind, c.relpersistence, c.relname INTO rel
    FROM pg_class c WHERE c.oid = relation;
    BEGIN
        PERFORM sharing_guard.check_exportable(relation);
    EXCEPTION WHEN feature_not_supported OR wrong_object_type OR undefined_table THEN
        RETURN QUERY SELECT 'problem', relation::text, SQLERRM, NULL::text;
        RETURN;
    END;
    IF NOT EXISTS (SELECT FROM pg_index i WHERE i.indrelid = relation AND i.indisprimary) THEN
        RETURN QUERY SELECT 'warning', relation::text, 'the table has no primary key',
            'Give protect_export(record_key => ...): columns that identify a row and are NOT NULL.';
    END IF;
    RETURN QUERY SELECT 'warning', format('%s, trigger %I', relation, t.tgname),
        'a BEFORE trigger of the table fires after the one that skips rows: what it changes is decided on again, and refused as an error',
        'Rename it so that it sorts before zzz_sharing_guard_skip, if you mean to use on_block => ''skip_row''.'
    FROM pg_trigger t
    WHERE t.tgrelid = relation AND NOT t.tgisinternal AND t.tgtype & 2 = 2
      AND t.tgname > 'zzz_sharing_guard_skip';
    RETURN QUERY SELECT 'warning', format('%s, rule %I', relation, w.rulename),
        'a rule rewrites what is written to the table: rows it sends elsewhere are not guarded here',
        'Protect the table that the rule writes to as well.'
    FROM pg_rewrite w WHERE w.ev_class = relation;
    RETURN QUERY SELECT 'ok', t.relid::regclass::text,
        'it is a foreign table: its rows are recorded apart from the transaction, one wait for the disk for each kind of disclosure in a statement',
        NULL
    FROM sharing_guard.relation_tree(relation) t WHERE t.relkind = 'f';
    RETURN QUERY SELECT 'ok', relation::text,
        'an UPDATE of any column that is not named as bookkeeping is a new disclosure',
        'Name the columns that only keep track (sent_at, status) as bookkeeping.';
    IF (SELECT c.reltuples FROM pg_class c WHERE c.oid = relation) > 0 THEN
        RETURN QUERY SELECT 'ok', relation::text,
            'rows already in the table are neither decided nor recorded', NULL;
    END IF;
END
$$;
REVOKE ALL ON FUNCTION sharing_guard.preflight(regclass) FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.preflight(regclass) IS
'Shows, before anything is switched on, what is missing, what will change and what needs attention; with a table, also what prevents its protection';
