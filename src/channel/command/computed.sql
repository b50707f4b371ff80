-- Functions that the server runs by itself on what is in a table.

CREATE FUNCTION sharing_guard.code_on_rows(roots oid[])
    RETURNS TABLE (relid oid, kind text, object text, function oid,
                   runs text, command text)
    LANGUAGE sql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
    WITH RECURSIVE tree AS (
        SELECT DISTINCT r.relid FROM unnest($1) AS r (relid)
        UNION
        SELECT i.inhrelid FROM tree t JOIN pg_inherits i ON i.inhparent = t.relid),
    -- What belongs to the tables and may hold an expression.
    own AS (
        SELECT t.relid, 'index' AS kind, format('index %I', c.relname) AS object,
               c.tableoid AS classid, c.oid AS objid,
               CASE WHEN k.oid IS NULL THEN format('DROP INDEX %s;', i.indexrelid::regclass)
                    ELSE format('ALTER TABLE %s DROP CONSTRAINT %I;', t.relid::regclass, k.conname) END AS command
        FROM tree t
             JOIN pg_index i ON i.indrelid = t.relid
             JOIN pg_class c ON c.oid = i.indexrelid
             LEFT JOIN pg_constraint k ON k.conindid = i.indexrelid AND k.conrelid = t.relid AND k.contype IN ('p', 'u', 'x')
        UNION ALL
        SELECT t.relid, 'constraint', format('constraint %I', k.conname), k.tableoid, k.oid,
               format('ALTER TABLE %s DROP CONSTRAINT %I;', k.conrelid::regclass, k.conname)
        FROM tree t JOIN pg_constraint k ON k.conrelid = t.relid
        UNION ALL
        SELECT t.relid, 'constraint', format('constraint %I of %s', k.conname, k.conrelid::regclass), k.tableoid, k.oid,
               format('ALTER TABLE %s DROP CONSTRAINT %I;', k.conrelid::regclass, k.conname)
        FROM tree t JOIN pg_constraint k ON k.confrelid = t.relid AND k.conrelid <> t.relid
        UNION ALL
        SELECT t.relid, CASE a.attgenerated WHEN '' THEN 'default' ELSE 'generated column' END,
               format(CASE a.attgenerated WHEN '' THEN 'default of %I' ELSE 'generated column %I' END, a.attname),
               d.tableoid, d.oid,
               format(CASE a.attgenerated WHEN '' THEN 'ALTER TABLE %s ALTER COLUMN %I DROP DEFAULT;'
                           WHEN 's' THEN 'ALTER TABLE %s ALTER COLUMN %I DROP EXPRESSION;'
                           ELSE 'ALTER TABLE %s DROP COLUMN %I;' END, t.relid::regclass, a.attname)
        FROM tree t
             JOIN pg_attrdef d ON d.adrelid = t.relid
             JOIN pg_attribute a ON a.attrelid = t.relid AND a.attnum = d.adnum
        UNION ALL
        SELECT t.relid, 'statistics', format('statistics %I', s.stxname), s.tableoid, s.oid,
               format('DROP STATISTICS %I.%I;', s.stxnamespace::regnamespace::name, s.stxname)
        FROM tree t JOIN pg_statistic_ext s ON s.stxrelid = t.relid
        UNION ALL
        SELECT t.relid, 'policy', format('policy %I', p.polname), p.tableoid, p.oid,
               format('DROP POLICY %I ON %s;', p.polname, t.relid::regclass)
        FROM tree t JOIN pg_policy p ON p.polrelid = t.relid
        UNION ALL
        SELECT t.relid, 'publication', format('publication %I', b.pubname), p.tableoid, p.oid,
               format('ALTER PUBLICATION %I DROP TABLE %s;', b.pubname, t.relid::regclass)
        FROM tree t JOIN pg_publication_rel p ON p.prrelid = t.relid JOIN pg_publication b ON b.oid = p.prpubid
        UNION ALL
        SELECT t.relid, 'trigger', format('trigger %I', g.tgname), g.tableoid, g.oid,
               format('DROP TRIGGER %I ON %s;', g.tgname, t.relid::regclass)
        FROM tree t JOIN pg_trigger g ON g.tgrelid = t.relid
        WHERE NOT g.tgisinternal AND g.tgparentid = 0
        UNION ALL
        SELECT t.relid, 'partition key', 'partition key', c.tableoid, t.relid, NULL
        FROM tree t JOIN pg_class c ON c.oid = t.relid AND c.relkind = 'p'
        UNION ALL
        SELECT t.relid, 'type', format('type of %I', a.attname), y.tableoid, y.oid,
               format('ALTER TABLE %s ALTER COLUMN %I TYPE ...; -- a type without functions of its own', t.relid::regclass, a.attname)
        FROM tree t
             JOIN pg_attribute a ON a.attrelid = t.relid AND a.attnum > 0 AND NOT a.attisdropped
             JOIN pg_type y ON y.oid = a.atttypid
        WHERE a.atttypid >= 16384),
    -- Which object needs which.  The server's own are in no dependency.
    needs AS MATERIALIZED (
        SELECT d.classid, d.objid, d.refclassid, d.refobjid
        FROM pg_depend d
        WHERE d.refclassid IN ('pg_proc'::regclass, 'pg_operator'::regclass,
                               'pg_opclass'::regclass, 'pg_type'::regclass)
          AND d.classid <> 'pg_proc'::regclass AND d.objsubid = 0
        UNION ALL
        -- The functions and operators of an operator class.
        SELECT o.tableoid, o.oid, 'pg_proc'::regclass, m.amproc
        FROM pg_opclass o JOIN pg_amproc m ON m.amprocfamily = o.opcfamily WHERE o.oid >= 16384
        UNION ALL
        SELECT o.tableoid, o.oid, 'pg_operator'::regclass, m.amopopr
        FROM pg_opclass o JOIN pg_amop m ON m.amopfamily = o.opcfamily WHERE o.oid >= 16384
        UNION ALL
        -- A type's constraints, the types within it, and what sorts it.
        SELECT 'pg_type'::regclass, k.contypid, k.tableoid, k.oid
        FROM pg_constraint k WHERE k.contypid <> 0
        UNION ALL
        SELECT y.tableoid, y.oid, y.tableoid, w.oid
        FROM pg_type y, LATERAL (
            SELECT y.typbasetype UNION ALL SELECT y.typelem UNION ALL
            SELECT a.atttypid FROM pg_attribute a
            WHERE y.typtype = 'c' AND a.attrelid = y.typrelid AND a.attnum > 0 AND NOT a.attisdropped) AS w (oid)
        WHERE y.oid >= 16384 AND w.oid >= 16384
        UNION ALL
        SELECT 'pg_type'::regclass, o.opcintype, o.tableoid, o.oid
        FROM pg_opclass o WHERE o.opcdefault AND o.oid >= 16384),
    needed AS (
        SELECT o.relid, o.kind, o.object, o.command, o.classid, o.objid FROM own o
        UNION
        SELECT n.relid, n.kind, n.object, n.command, x.refclassid, x.refobjid
        FROM needed n JOIN needs x ON x.classid = n.classid AND x.objid = n.objid)
    SELECT DISTINCT n.relid, n.kind, n.object, n.objid,
           CASE n.kind
               WHEN 'index' THEN 'when rows are written and by ANALYZE, autovacuum, REINDEX, CLUSTER, VACUUM FULL and amcheck'
               WHEN 'statistics' THEN 'by ANALYZE and autovacuum'
               WHEN 'type' THEN 'when rows are written or read, and by ANALYZE and autovacuum'
               WHEN 'policy' THEN 'when rows are read or written'
               WHEN 'default' THEN 'when rows are written, without being given them'
               WHEN 'constraint' THEN 'when rows are written or checked'
               WHEN 'generated column' THEN 'when rows are written and the table is rewritten'
               WHEN 'publication' THEN 'when rows are published'
               ELSE 'when rows are written' END,
           n.command
    FROM needed n
         JOIN pg_proc p ON p.oid = n.objid
         JOIN pg_language l ON l.oid = p.prolang
    WHERE n.classid = 'pg_proc'::regclass
      -- The server's own, and what only a superuser can make or replace.
      AND p.oid >= 16384 AND l.lanname NOT IN ('internal', 'c')
      AND p.pronamespace <> 'sharing_guard'::regnamespace
$$;
REVOKE ALL ON FUNCTION sharing_guard.code_on_rows(oid[]) FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.code_on_rows(oid[]) IS
'Internal: the functions that the server itself calls with what is in these tables or below them (by indexes, constraints, generated columns, statistics, policies, types, triggers), and when. Functions in C, which only a superuser can make, are left out';
