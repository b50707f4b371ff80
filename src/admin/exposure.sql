-- Lists the ways by which data can still leave this cluster, one row for each.

-- Lists the guarded tables with their partitions and children.
CREATE FUNCTION sharing_guard.guarded_relations()
    RETURNS TABLE (relid oid, guard_id uuid, kind text)
    LANGUAGE sql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
    WITH RECURSIVE tree AS (
        SELECT g.relation::oid AS relid, g.guard_id, g.kind FROM sharing_guard.guard g
        UNION
        SELECT i.inhrelid, t.guard_id, t.kind
        FROM tree t JOIN pg_inherits i ON i.inhparent = t.relid)
    SELECT t.relid, t.guard_id, t.kind FROM tree t
$$;
REVOKE ALL ON FUNCTION sharing_guard.guarded_relations() FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.guarded_relations() IS
'Internal: every guarded relation, with partitions and children';

-- SECURITY DEFINER, because a reader of the view has no rights on the tables
-- and catalogs that the function reads.
CREATE FUNCTION sharing_guard.exposures()
    RETURNS TABLE (kind text, severity text, subject text, held_by text,
                   finding text, command text)
    LANGUAGE plpgsql STABLE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
BEGIN
    -- Defects of the guards themselves.
    IF NOT sharing_guard.library_preloaded() THEN
        RETURN QUERY SELECT 'library', 'high', 'this server', NULL::text,
            'the library is not loaded by shared_preload_libraries: nothing is decided on or recorded here',
            format('ALTER SYSTEM SET shared_preload_libraries = %s; -- then restart the server',
                   (SELECT string_agg(quote_literal(l.name), ', ' ORDER BY l.place)
                    FROM (SELECT btrim(x.name, ' "'), x.place
                          FROM unnest(string_to_array(current_setting('shared_preload_libraries'), ',')) WITH ORDINALITY AS x (name, place)
                          UNION ALL SELECT 'sharing_guard', 0) AS l (name, place)
                    WHERE l.name <> ''));
    ELSIF NOT sharing_guard.database_listed() THEN
        RETURN QUERY SELECT 'library', 'high', format('database %I', current_database()), NULL::text,
            'the database is not listed in sharing_guard.databases',
            format('ALTER SYSTEM SET sharing_guard.databases = %L; -- in another database, as this one cannot record it; then restart the server',
                   concat_ws(', ', nullif(current_setting('sharing_guard.databases'), ''), quote_ident(current_database())));
    END IF;
    RETURN QUERY
    SELECT 'guard_defect', 'high', d.relation::text, NULL::text,
           format('trigger %I of the guard of %s is %s: rows leave unrecorded', d.trigger, g.table_name, d.defect),
           format('SELECT sharing_guard.install_triggers(%L);', g.guard_id)
    FROM sharing_guard.guard g, sharing_guard.guard_defects(g.guard_id) d;
    RETURN QUERY
    SELECT 'guard_defect', 'high', t.tgrelid::regclass::text, NULL::text,
           format('trigger %I is not enabled always: the record or the policy can be changed unseen', t.tgname),
           format('ALTER TABLE %s ENABLE ALWAYS TRIGGER %I;', t.tgrelid::regclass, t.tgname)
    FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
    WHERE c.relnamespace = 'sharing_guard'::regnamespace
      AND t.tgfoid IN ('sharing_guard.policy_changed'::regproc,
                       'sharing_guard.protect_record'::regproc)
      AND t.tgenabled <> 'A';
    RETURN QUERY
    SELECT 'guard_defect', 'high', format('event trigger %I', e.name), NULL::text,
           'it is missing or not enabled always: new partitions of export tables are not guarded',
           format('ALTER EVENT TRIGGER %I ENABLE ALWAYS;', e.name)
    FROM unnest(ARRAY['sharing_guard_follow_ddl', 'sharing_guard_follow_drop']) AS e (name)
    WHERE NOT EXISTS (SELECT FROM pg_event_trigger t WHERE t.evtname = e.name AND t.evtenabled = 'A');
    RETURN QUERY
    SELECT 'out_of_reach', 'high', r.relid::regclass::text, NULL::text,
           format('a guard cannot see its rows, which are refused here: %s', b.reason),
           format(CASE WHEN b.reason LIKE '%access method%' THEN 'ALTER TABLE %s SET ACCESS METHOD heap;'
                       ELSE 'SELECT undistribute_table(%L); -- or SELECT sharing_guard.unprotect(%2$L);' END,
                  r.relid::regclass, g.relation)
    FROM sharing_guard.guarded_relations() r
         JOIN sharing_guard.guard g ON g.guard_id = r.guard_id,
         sharing_guard.bypass_reason(r.relid::regclass, r.kind = 'export') AS b (reason)
    WHERE b.reason IS NOT NULL;
    RETURN QUERY
    SELECT 'worker_node', 'high', format('%s:%s', w.node, w.port), NULL::text,
           'it keeps rows of this database''s distributed tables and has neither a policy nor a guard: reads there are not recorded',
           format('SELECT citus_remove_node(%L, %s); -- when no table is distributed any more', w.node, w.port)
    FROM sharing_guard.worker_nodes() w;
    RETURN QUERY
    SELECT 'observe', 'high', 'all guards', NULL::text,
           'the overall mode is observe: nothing is stopped', 'SELECT sharing_guard.set_mode(''enforce'');'
    FROM sharing_guard.setting s WHERE s.mode = 'observe';
    RETURN QUERY
    SELECT 'observe', 'medium', g.table_name, NULL::text, 'the guard observes: it stops nothing',
           format('SELECT sharing_guard.set_mode(''enforce'', %L);', g.table_name)
    FROM sharing_guard.guard g WHERE g.mode = 'observe';
    RETURN QUERY
    SELECT 'maintenance', CASE WHEN m.until > clock_timestamp() THEN 'high' ELSE 'medium' END,
           m.reason, m.asked_by,
           CASE WHEN m.until > clock_timestamp()
                THEN format('maintenance is open until %s: guards may be taken away', m.until)
                ELSE 'maintenance has ended and the guards have not been looked over' END,
           format('SELECT sharing_guard.close_maintenance(%L);', m.request)
    FROM sharing_guard.maintenance m
    WHERE m.approved_at IS NOT NULL AND m.closed_at IS NULL;

    -- References to roles, tables and servers that no longer exist.
    RETURN QUERY
    SELECT 'dangling', 'high', format('role with OID %s', t.role), NULL::text,
           format('the role is gone and %s still: a new login of the same name is another role, and is bound to no agency', t.tie),
           t.way_out || ' -- and bind the new login, if there is one'
    FROM sharing_guard.role_ties() t
    WHERE NOT EXISTS (SELECT FROM pg_roles r WHERE r.oid = t.role);
    RETURN QUERY
    SELECT 'dangling', 'medium', r.rolname::text, NULL::text,
           format('the role %s, and DROP OWNED has taken away what keeps the server from dropping it', t.tie),
           'SELECT sharing_guard.mark_roles();'
    FROM sharing_guard.role_ties() t JOIN pg_roles r ON r.oid = t.role
    WHERE NOT t.marked;
    RETURN QUERY
    SELECT 'dangling', 'medium', g.table_name, NULL::text,
           'the guard''s table is gone, and the guard was left: another table under its name has none',
           format('DELETE FROM sharing_guard.guard WHERE guard_id = %L;', g.guard_id)
    FROM sharing_guard.guard g
    WHERE NOT EXISTS (SELECT FROM pg_class c WHERE c.oid = g.relation::oid);
    RETURN QUERY
    SELECT 'dangling', 'low', format('foreign server %s', b.server), NULL::text,
           format('the server is gone and is bound to agency %s still: one that is made under its name counts as theirs', b.agency_id),
           format('SELECT sharing_guard.unbind_server(%L);', b.server)
    FROM sharing_guard.server_binding b
    WHERE NOT EXISTS (SELECT FROM pg_foreign_server s WHERE s.srvname::text = b.server);

    -- Roles that bypass access rights.
    RETURN QUERY
    SELECT 'superuser', 'high', r.rolname::text, r.rolname::text,
           'a superuser can switch everything off, and is only seen'
           || CASE WHEN k.kept THEN '; this login must stay so that the server can be repaired: give it to as few people as possible' ELSE '' END,
           -- Refuse to run as the role itself, which would lock itself out.
           CASE WHEN NOT k.kept THEN format(
               'DO $close$ BEGIN IF session_user = %L THEN RAISE EXCEPTION ''another superuser has to run this''; END IF; ALTER ROLE %I NOLOGIN; END $close$;',
               r.rolname, r.rolname) END
    FROM pg_roles r
         CROSS JOIN LATERAL (
             -- Keep the bootstrap superuser, the reader's own login, and the
             -- last superuser.
             SELECT r.oid = 10 OR r.rolname = session_user
                    OR NOT EXISTS (SELECT FROM pg_roles o WHERE o.rolsuper AND o.rolcanlogin AND o.oid <> r.oid)) AS k (kept)
    WHERE r.rolsuper AND r.rolcanlogin;
    RETURN QUERY
    SELECT 'superuser', 'high', r.rolname::text, m.rolname::text,
           'a member of a superuser''s role can become one',
           CASE WHEN m.rolname <> session_user THEN format('REVOKE %I FROM %I;', r.rolname, m.rolname) END
    FROM pg_roles r
         JOIN pg_auth_members a ON a.roleid = r.oid
         JOIN pg_roles m ON m.oid = a.member
    WHERE r.rolsuper AND NOT m.rolsuper;
    RETURN QUERY
    SELECT o.kind, o.severity, r.rolname::text, r.rolname::text, o.finding,
           CASE WHEN r.rolname <> session_user THEN format('ALTER ROLE %I %s;', r.rolname, o.closed) END
    FROM pg_roles r
         CROSS JOIN LATERAL (VALUES
             ('bypassrls', 'medium', r.rolbypassrls, 'NOBYPASSRLS',
              'the role is not held by row-level security, and so not by filter_reads'),
             ('replication', 'high', r.rolreplication, 'NOREPLICATION',
              'the role can copy the whole cluster, or read the stream of changes, and no query is seen'),
             ('createrole', 'medium', r.rolcreaterole, 'NOCREATEROLE',
              'the role can make itself a member of others')) AS o (kind, severity, has, closed, finding)
    WHERE o.has AND NOT r.rolsuper;
    RETURN QUERY
    SELECT k.kind, k.severity, p.rolname::text, m.rolname::text, k.finding,
           CASE WHEN m.rolname <> session_user THEN format('REVOKE %I FROM %I;', p.rolname, m.rolname) END
    FROM (VALUES ('read_all_data', 'medium', 'pg_read_all_data', 'its members read every table'),
                 ('server_program', 'high', 'pg_execute_server_program', 'its members run programs as the server''s operating-system user'),
                 ('server_files', 'high', 'pg_read_server_files', 'its members read files as the server''s operating-system user, those of tables among them'),
                 ('server_files', 'high', 'pg_write_server_files', 'its members write files as the server''s operating-system user'),
                 ('write_all_data', 'medium', 'pg_write_all_data', 'its members write every table, those of the policy among them'),
                 ('maintain', 'medium', 'pg_maintain', 'its members have the functions on any table called, with its values and as its owner'),
                 ('statements', 'low', 'pg_monitor', 'its members see the statements of all sessions, with the values in them, and all settings'),
                 ('statements', 'low', 'pg_read_all_stats', 'its members see the statements of all sessions, with the values in them'),
                 ('statements', 'low', 'pg_read_all_settings', 'its members see all settings, how standbys log in among them'))
             AS k (kind, severity, role, finding)
         JOIN pg_roles p ON p.rolname::text = k.role
         JOIN pg_auth_members a ON a.roleid = p.oid
         JOIN pg_roles m ON m.oid = a.member
    WHERE NOT m.rolsuper AND m.oid >= 16384;
    RETURN QUERY
    SELECT 'setting', 'low', p.parname, CASE WHEN x.grantee = 0 THEN 'PUBLIC' ELSE x.grantee::regrole::text END,
           format('%s may change the setting', CASE WHEN x.grantee = 0 THEN 'everybody' ELSE 'the role' END),
           format('REVOKE %s ON PARAMETER %s FROM %s;', x.privilege_type, p.parname,
                  CASE WHEN x.grantee = 0 THEN 'PUBLIC' ELSE x.grantee::regrole::text END)
    FROM pg_parameter_acl p, aclexplode(p.paracl) x
    WHERE (p.parname IN ('session_replication_role', 'event_triggers', 'allow_system_table_mods', 'primary_conninfo')
           -- Settings that load a library or run a command.
           OR p.parname ~ '(_libraries|_library|_library_path|_control_path|_command|_provider)$'
           OR p.parname LIKE 'sharing\_guard.%')
      AND NOT EXISTS (SELECT FROM pg_roles r WHERE r.oid = x.grantee AND r.rolsuper);
    RETURN QUERY
    SELECT 'shared_login', 'medium', b.role::text, b.role::text,
           'several people use this login: who of them it was is known only where the application says so',
           format('SELECT sharing_guard.bind_role(%L, %L); -- when each person has a login of their own', b.role, b.agency_id)
    FROM sharing_guard.role_binding b WHERE b.shared;

    -- Programs and functions.
    RETURN QUERY
    SELECT 'untrusted_language', 'high', l.lanname::text, pg_get_userbyid(l.lanowner)::text,
           'functions in this language can send anything anywhere',
           format(CASE WHEN e.extname IS NULL THEN 'DROP LANGUAGE %I;' ELSE 'DROP EXTENSION %I;' END, coalesce(e.extname, l.lanname))
    FROM pg_language l
         LEFT JOIN pg_depend d ON d.classid = 'pg_language'::regclass AND d.objid = l.oid
             AND d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e'
         LEFT JOIN pg_extension e ON e.oid = d.refobjid
    WHERE l.lanispl AND NOT l.lanpltrusted;
    RETURN QUERY
    SELECT 'sending_function', 'high', p.oid::regprocedure::text,
           CASE WHEN x.grantee = 0 THEN 'PUBLIC' ELSE x.grantee::regrole::text END,
           format('a function of the extension %s can send what it is given to another server', e.extname),
           format('REVOKE EXECUTE ON FUNCTION %s FROM %s;', p.oid::regprocedure,
                  CASE WHEN x.grantee = 0 THEN 'PUBLIC' ELSE x.grantee::regrole::text END)
    FROM pg_extension e
         JOIN pg_depend d ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid
             AND d.classid = 'pg_proc'::regclass AND d.deptype = 'e'
         JOIN pg_proc p ON p.oid = d.objid,
         aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) x
    WHERE e.extname IN ('adminpack', 'aws_s3', 'dblink', 'http', 'pg_curl', 'pg_net', 'plproxy', 'plsh')
      AND p.proname NOT LIKE 'dblink\_get\_%' AND p.proname NOT LIKE 'dblink\_build\_%'
      AND p.proname NOT IN ('dblink_error_message', 'dblink_is_busy', 'dblink_cancel_query',
                            'dblink_disconnect', 'dblink_close', 'dblink_current_query',
                            'dblink_fdw_validator', 'dblink_fetch')
      AND x.privilege_type = 'EXECUTE'
      AND NOT EXISTS (SELECT FROM pg_roles r WHERE r.oid = x.grantee AND r.rolsuper);
    -- Functions that only a superuser could call after initdb or CREATE
    -- EXTENSION.
    RETURN QUERY
    SELECT 'superuser_function',
           CASE WHEN NOT p.proretset AND p.prorettype IN ('text'::regtype, 'bytea'::regtype)
                     OR p.proname ~ '^lo_' THEN 'high' ELSE 'medium' END,
           p.oid::regprocedure::text,
           CASE WHEN x.grantee = 0 THEN 'PUBLIC' ELSE x.grantee::regrole::text END,
           'only a superuser could call this function when it was made: it may read the files of the server, or change how it works',
           format('REVOKE EXECUTE ON ROUTINE %s FROM %s;', p.oid::regprocedure,
                  CASE WHEN x.grantee = 0 THEN 'PUBLIC' ELSE x.grantee::regrole::text END)
    FROM pg_init_privs i
         JOIN pg_proc p ON p.oid = i.objoid,
         aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) x
    WHERE i.classoid = 'pg_proc'::regclass
      AND p.pronamespace <> 'sharing_guard'::regnamespace
      AND x.privilege_type = 'EXECUTE'
      AND NOT EXISTS (SELECT FROM aclexplode(i.initprivs) first WHERE first.grantee IN (0, x.grantee))
      AND x.grantee <> p.proowner
      AND NOT EXISTS (SELECT FROM pg_roles r WHERE r.oid = x.grantee AND r.rolsuper);
    RETURN QUERY
    SELECT 'trigger', 'medium', format('%s, trigger %I', t.tgrelid::regclass, t.tgname),
           pg_get_userbyid(c.relowner)::text,
           format('function %s is shown each row of a guarded table, and may send it elsewhere', t.tgfoid::regprocedure),
           format('DROP TRIGGER %I ON %s;', t.tgname, t.tgrelid::regclass)
    FROM sharing_guard.guarded_relations() g
         JOIN pg_trigger t ON t.tgrelid = g.relid
         JOIN pg_class c ON c.oid = t.tgrelid
         JOIN pg_proc p ON p.oid = t.tgfoid
    WHERE NOT t.tgisinternal AND t.tgparentid = 0
      AND p.pronamespace <> 'sharing_guard'::regnamespace;
    RETURN QUERY
    WITH code AS (
        SELECT * FROM sharing_guard.code_on_rows(ARRAY(SELECT g.relation::oid FROM sharing_guard.guard g)) c
        WHERE c.kind <> 'trigger')
    SELECT 'row_function', CASE c.kind WHEN 'default' THEN 'low' ELSE 'medium' END,
           format('%s, %s', c.relid::regclass, c.object), pg_get_userbyid(p.proowner)::text,
           format(CASE c.kind WHEN 'default' THEN 'the server itself calls function %s for a guarded table %s: it may add to them what is not theirs'
                       ELSE 'the server itself calls function %s with values of a guarded table %s: it may copy them' END,
                  p.oid::regprocedure, c.runs),
           c.command
    FROM code c JOIN pg_proc p ON p.oid = c.function
    -- Leave out partitions and children whose parent has the same code.
    WHERE NOT EXISTS (SELECT FROM pg_inherits i JOIN code above ON above.relid = i.inhparent
                      WHERE i.inhrelid = c.relid AND above.kind = c.kind AND above.function = c.function);
    RETURN QUERY
    SELECT 'rule', 'high', format('%s, rule %I', w.ev_class::regclass, w.rulename),
           pg_get_userbyid(c.relowner)::text,
           'what is written to a guarded table is written elsewhere, too, or instead',
           format('DROP RULE %I ON %s;', w.rulename, w.ev_class::regclass)
    FROM sharing_guard.guarded_relations() g
         JOIN pg_class c ON c.oid = g.relid AND c.relkind IN ('r', 'p')
         JOIN pg_rewrite w ON w.ev_class = g.relid;

    -- Other servers.
    RETURN QUERY
    SELECT 'publication', 'high', p.pubname::text, pg_get_userbyid(pb.pubowner)::text,
           format('it publishes %s, and its subscribers are not declared', string_agg(DISTINCT g.table_name, ', ')),
           format('SELECT sharing_guard.bind_publication(%L, %L); -- or DROP PUBLICATION %I;', p.pubname, 'agency_id', p.pubname)
    FROM pg_publication_tables p
         JOIN pg_publication pb ON pb.pubname = p.pubname
         JOIN pg_namespace n ON n.nspname = p.schemaname
         JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = p.tablename
         JOIN sharing_guard.guarded_relations() r ON r.relid = c.oid
         JOIN sharing_guard.guard g ON g.guard_id = r.guard_id
    WHERE NOT EXISTS (SELECT FROM sharing_guard.publication_binding b WHERE b.publication = p.pubname::text)
    GROUP BY p.pubname, pb.pubowner;
    RETURN QUERY
    SELECT 'subscription', 'medium', s.subname::text, pg_get_userbyid(s.subowner)::text,
           'its worker connects to another server, and writes here as its owner and outside of any session',
           format('ALTER SUBSCRIPTION %I DISABLE;', s.subname)
    FROM pg_subscription s
    WHERE s.subenabled
      AND s.subdbid = (SELECT d.oid FROM pg_database d WHERE d.datname = current_database());
    RETURN QUERY
    SELECT 'replication_slot', 'high', s.slot_name::text, NULL::text,
           format('a client of this slot (plugin %s) reads every change of every table', s.plugin),
           format('SELECT pg_drop_replication_slot(%L);', s.slot_name)
    FROM pg_replication_slots s
    WHERE s.slot_type = 'logical' AND s.database = current_database();
    RETURN QUERY
    SELECT DISTINCT 'standby', 'high', coalesce(w.application_name, s.slot_name::text), w.usename::text,
           CASE WHEN w.pid IS NULL THEN 'a standby may use this slot, and is read without a record unless it loads sharing_guard'
                ELSE 'the whole cluster is copied there, and read without a record unless it is a standby that loads sharing_guard' END,
           format(CASE WHEN w.pid IS NULL
                       THEN 'SELECT pg_drop_replication_slot(%L); -- or SELECT sharing_guard.attest_standby(%1$L);'
                       ELSE 'SELECT sharing_guard.attest_standby(%L); -- when SHOW shared_preload_libraries has it there' END,
                  coalesce(w.application_name, s.slot_name::text))
    FROM pg_stat_replication w FULL JOIN pg_replication_slots s ON s.active_pid = w.pid
    WHERE s.slot_type IS DISTINCT FROM 'logical' AND (w.pid IS NOT NULL OR NOT s.active)
      AND NOT EXISTS (SELECT FROM sharing_guard.standby a
                      WHERE a.standby IN (w.application_name, s.slot_name::text));
    RETURN QUERY
    SELECT 'foreign_server', 'medium', s.srvname::text, pg_get_userbyid(s.srvowner)::text,
           'its agency is not declared: what is written to its tables goes to an unknown recipient',
           format('SELECT sharing_guard.bind_server(%L, %L); -- or DROP SERVER %I;', s.srvname, 'agency_id', s.srvname)
    FROM pg_foreign_server s
    WHERE NOT EXISTS (SELECT FROM sharing_guard.server_binding b WHERE b.server = s.srvname::text);

    -- Tables.
    RETURN QUERY
    SELECT 'public_grant', 'high', g.table_name, 'PUBLIC',
           'every login may read the table, of any agency',
           format('REVOKE SELECT ON %s FROM PUBLIC;', r.relid::regclass)
    FROM sharing_guard.guarded_relations() r
         JOIN sharing_guard.guard g ON g.guard_id = r.guard_id
    WHERE has_table_privilege('public', r.relid, 'SELECT');
    -- Rights that were granted before the guard was made, or that a dump
    -- restored.  (They can be checked against the policy only where the
    -- library is operational.)
    IF sharing_guard.library_preloaded() AND sharing_guard.database_listed()
       AND EXISTS (SELECT FROM sharing_guard.setting) THEN
        RETURN QUERY
        SELECT DISTINCT 'refused_right', CASE WHEN g.kind = 'records' AND g.mode = 'enforce' AND s.mode = 'enforce' THEN 'medium' ELSE 'high' END,
               g.table_name, b.role::text,
               format('the role may read the table for agency %s, and the policy refuses to share with it by GRANT%s', b.agency_id,
                      CASE WHEN g.kind = 'records' AND g.mode = 'enforce' AND s.mode = 'enforce'
                           THEN ': what is read is decided on each time' ELSE '' END),
               format('REVOKE SELECT ON %s FROM %s;', g.relation, b.role)
        FROM sharing_guard.setting s, sharing_guard.role_binding b, sharing_guard.guard g
        WHERE EXISTS (SELECT FROM pg_class c WHERE c.oid = g.relation::oid)
          AND EXISTS (SELECT FROM pg_roles r WHERE r.oid = b.role::oid AND NOT r.rolsuper)
          AND has_any_column_privilege(b.role::oid, g.relation::oid, 'SELECT')
          AND (SELECT p.outcome = 'block' FROM sharing_guard.preview_decision(
                   b.agency_id, NULL, g.data_class, channel => 'grant') AS p);
    END IF;
    RETURN QUERY
    SELECT 'statistics', 'medium', g.table_name, 'PUBLIC',
           'a login that may read the table sees its most common values in pg_stats, and that is not recorded as a read',
           'REVOKE SELECT ON pg_catalog.pg_stats, pg_catalog.pg_stats_ext, pg_catalog.pg_stats_ext_exprs FROM PUBLIC;'::text
    FROM sharing_guard.guard g
    WHERE g.kind = 'records'
      AND EXISTS (SELECT FROM sharing_guard.guarded_relations() r JOIN pg_statistic s ON s.starelid = r.relid
                  WHERE r.guard_id = g.guard_id)
      AND (has_table_privilege('public', 'pg_catalog.pg_stats', 'SELECT')
           OR has_table_privilege('public', 'pg_catalog.pg_stats_ext', 'SELECT')
           OR has_table_privilege('public', 'pg_catalog.pg_stats_ext_exprs', 'SELECT'));
    RETURN QUERY
    SELECT 'unprotected_table', 'medium', c.oid::regclass::text, pg_get_userbyid(c.relowner)::text,
           format('it has the columns of %s, and no guard', string_agg(g.table_name, ', ' ORDER BY g.table_name)),
           format('SELECT sharing_guard.protect_%s(%L, data_class => %L, mode => ''enforce''); -- and which of its columns is what',
                  CASE min(g.kind) WHEN 'export' THEN 'export' ELSE 'records' END, c.oid::regclass, min(g.data_class))
    FROM sharing_guard.guard g
         CROSS JOIN LATERAL (
             SELECT array_agg(a.attname::text) AS names FROM pg_attribute a
             WHERE a.attrelid = g.relation AND a.attnum > 0 AND NOT a.attisdropped) source
         JOIN pg_class c ON c.relkind IN ('r', 'p', 'f') AND c.oid <> g.relation
              AND c.relpersistence <> 't'
         JOIN pg_namespace n ON n.oid = c.relnamespace
              AND n.nspname NOT IN ('sharing_guard', 'pg_catalog', 'information_schema')
         CROSS JOIN LATERAL (
             SELECT array_agg(a.attname::text) AS names FROM pg_attribute a
             WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped) copy
    WHERE (copy.names @> source.names
           OR (source.names @> copy.names AND cardinality(copy.names) > 1))
      AND c.oid NOT IN (SELECT r.relid FROM sharing_guard.guarded_relations() r)
    GROUP BY c.oid, c.relowner;
    -- Tables that were filled from protected tables before the guard was made,
    -- also through views.
    RETURN QUERY
    WITH RECURSIVE made_of AS (
        SELECT r.relid, r.guard_id FROM sharing_guard.guarded_relations() r
        UNION
        SELECT w.ev_class, m.guard_id
        FROM made_of m
             JOIN pg_depend d ON d.refclassid = 'pg_class'::regclass AND d.refobjid = m.relid
                  AND d.classid = 'pg_rewrite'::regclass
             JOIN pg_rewrite w ON w.oid = d.objid)
    SELECT 'unprotected_table', 'medium', c.oid::regclass::text, pg_get_userbyid(c.relowner)::text,
           format('it is made of %s, and has no guard', string_agg(DISTINCT g.table_name, ', ')),
           format('SELECT sharing_guard.protect_records(%L, data_class => %L, mode => ''enforce''); -- and which of its columns is what',
                  c.oid::regclass, min(g.data_class))
    FROM made_of m
         JOIN sharing_guard.guard g ON g.guard_id = m.guard_id
         JOIN pg_class c ON c.oid = m.relid AND c.relkind = 'm'
    WHERE c.oid NOT IN (SELECT r.relid FROM sharing_guard.guarded_relations() r)
    GROUP BY c.oid, c.relowner;
END
$$;
REVOKE ALL ON FUNCTION sharing_guard.exposures() FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.exposures() IS
'Internal: the rows of the view exposure';

CREATE VIEW sharing_guard.exposure AS
SELECT e.kind, e.severity, e.subject, e.held_by, e.finding, e.command
FROM sharing_guard.exposures() e
ORDER BY pg_catalog.array_position(ARRAY['high', 'medium', 'low'], e.severity), e.kind, e.subject, e.held_by;
REVOKE ALL ON TABLE sharing_guard.exposure FROM PUBLIC;
COMMENT ON VIEW sharing_guard.exposure IS
'Every way by which data can still leave this database past its guards: one row for each, with the role that can use it and the command that closes it. Empty when nothing is open';
COMMENT ON COLUMN sharing_guard.exposure.kind IS
'The kind of finding: library, guard_defect, out_of_reach, worker_node, observe, maintenance, dangling, superuser, bypassrls, replication, createrole, read_all_data, server_program, server_files, write_all_data, maintain, statements, setting, shared_login, untrusted_language, sending_function, superuser_function, trigger, row_function, rule, publication, subscription, replication_slot, standby, foreign_server, public_grant, refused_right, statistics, unprotected_table';
COMMENT ON COLUMN sharing_guard.exposure.severity IS
'high: rows can leave and no guard sees them; medium: only some rows can leave, or only one particular role can take them; low: this alone does not let rows leave';
COMMENT ON COLUMN sharing_guard.exposure.subject IS 'The role, table, function, server or slot';
COMMENT ON COLUMN sharing_guard.exposure.held_by IS 'The role that can use it; NULL: no particular role';
COMMENT ON COLUMN sharing_guard.exposure.finding IS 'A sentence that says what is open';
COMMENT ON COLUMN sharing_guard.exposure.command IS
'The command that closes it. Where you have to fill in a value, a comment after -- says so. NULL where the command would take a right away from the reader, or the last superuser login away: another person has to decide that';

