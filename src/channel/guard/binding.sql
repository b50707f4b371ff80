-- Which agency is behind a foreign server, or subscribes to a publication.
-- By name: a binding may come before what it names, and outlives a dump.

CREATE TABLE sharing_guard.server_binding (
    server text PRIMARY KEY,
    agency_id text NOT NULL REFERENCES sharing_guard.agency
);
COMMENT ON TABLE sharing_guard.server_binding IS
'Which agency a foreign server belongs to: what is written to its tables is disclosed to that agency';
COMMENT ON COLUMN sharing_guard.server_binding.server IS
'The foreign server (pg_foreign_server.srvname)';
COMMENT ON COLUMN sharing_guard.server_binding.agency_id IS
'The agency that keeps it (agency.agency_id)';
REVOKE ALL ON TABLE sharing_guard.server_binding FROM PUBLIC;

CREATE TABLE sharing_guard.publication_binding (
    publication text PRIMARY KEY,
    agency_id text NOT NULL REFERENCES sharing_guard.agency
);
COMMENT ON TABLE sharing_guard.publication_binding IS
'Which agency subscribes to a publication: what is published in it is disclosed to that agency';
COMMENT ON COLUMN sharing_guard.publication_binding.publication IS
'The publication (pg_publication.pubname); it need not be there yet';
COMMENT ON COLUMN sharing_guard.publication_binding.agency_id IS
'The agency that subscribes (agency.agency_id)';
REVOKE ALL ON TABLE sharing_guard.publication_binding FROM PUBLIC;

SELECT pg_catalog.pg_extension_config_dump('sharing_guard.server_binding', '');
SELECT pg_catalog.pg_extension_config_dump('sharing_guard.publication_binding', '');

SELECT sharing_guard.is_policy_table('server_binding', 'server');

SELECT sharing_guard.is_policy_table('publication_binding', 'publication');

CREATE FUNCTION sharing_guard.check_agency(agency text) RETURNS void
    LANGUAGE plpgsql STABLE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM sharing_guard.agency a
                   WHERE a.agency_id = check_agency.agency) THEN
        RAISE EXCEPTION 'agency "%" is not in the agency registry', check_agency.agency
            USING ERRCODE = 'undefined_object',
                  HINT = 'Add it to sharing_guard.agency first, or give its agency_id.';
    END IF;
END
$$;
REVOKE ALL ON FUNCTION sharing_guard.check_agency(text) FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.check_agency(text) IS
'Internal: raises an error for an agency that is not in the registry';

CREATE FUNCTION sharing_guard.bind_server(server text, agency text) RETURNS text
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF bind_server.server IS NULL OR bind_server.agency IS NULL THEN
        RAISE EXCEPTION 'bind_server() needs a foreign server and an agency'
            USING ERRCODE = 'null_value_not_allowed';
    END IF;
    IF NOT EXISTS (SELECT FROM pg_foreign_server s
                   WHERE s.srvname::text = bind_server.server) THEN
        RAISE EXCEPTION 'foreign server "%" does not exist', bind_server.server
            USING ERRCODE = 'undefined_object',
                  HINT = 'Give the name as it stands in pg_foreign_server.srvname.';
    END IF;
    PERFORM sharing_guard.check_agency(bind_server.agency);
    INSERT INTO sharing_guard.server_binding AS b (server, agency_id)
    VALUES (bind_server.server, bind_server.agency)
    ON CONFLICT ON CONSTRAINT server_binding_pkey DO UPDATE
        SET agency_id = excluded.agency_id
        WHERE b.agency_id <> excluded.agency_id;
    RETURN format('rows written to foreign server %I are disclosed to %s', bind_server.server, bind_server.agency);
END
$$;
REVOKE ALL ON FUNCTION sharing_guard.bind_server(text, text) FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.bind_server(text, text) IS
'Says which agency keeps a foreign server: rows of protected tables that are written to its foreign tables are disclosed to that agency';

CREATE FUNCTION sharing_guard.unbind_server(server text) RETURNS text
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    DELETE FROM sharing_guard.server_binding b
    WHERE b.server = unbind_server.server;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'foreign server "%" is not bound to an agency', unbind_server.server
            USING ERRCODE = 'undefined_object',
                  HINT = 'The bound servers are in sharing_guard.server_binding.';
    END IF;
    RETURN format('foreign server %I is bound to no agency: rows written to it are disclosed to an unknown recipient', unbind_server.server);
END
$$;
REVOKE ALL ON FUNCTION sharing_guard.unbind_server(text) FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.unbind_server(text) IS
'Takes back bind_server()';

CREATE FUNCTION sharing_guard.bind_publication(publication text, agency text) RETURNS text
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF bind_publication.publication IS NULL OR bind_publication.agency IS NULL THEN
        RAISE EXCEPTION 'bind_publication() needs a publication and an agency'
            USING ERRCODE = 'null_value_not_allowed';
    END IF;
    PERFORM sharing_guard.check_agency(bind_publication.agency);
    INSERT INTO sharing_guard.publication_binding AS b (publication, agency_id)
    VALUES (bind_publication.publication, bind_publication.agency)
    ON CONFLICT ON CONSTRAINT publication_binding_pkey DO UPDATE
        SET agency_id = excluded.agency_id
        WHERE b.agency_id <> excluded.agency_id;
    RETURN format('%s subscribes to publication %I', bind_publication.agency, bind_publication.publication)
        || CASE WHEN EXISTS (SELECT FROM pg_publication p WHERE p.pubname::text = bind_publication.publication)
                THEN '' ELSE ', which does not exist yet' END;
END
$$;
REVOKE ALL ON FUNCTION sharing_guard.bind_publication(text, text) FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.bind_publication(text, text) IS
'Says which agency subscribes to a publication, which need not be there yet: publishing a protected table in it is a disclosure to that agency';

CREATE FUNCTION sharing_guard.unbind_publication(publication text) RETURNS text
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    DELETE FROM sharing_guard.publication_binding b
    WHERE b.publication = unbind_publication.publication;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'publication "%" is not bound to an agency', unbind_publication.publication
            USING ERRCODE = 'undefined_object',
                  HINT = 'The bound publications are in sharing_guard.publication_binding.';
    END IF;
    RETURN format('publication %I is bound to no agency: its subscribers are unknown', unbind_publication.publication);
END
$$;
REVOKE ALL ON FUNCTION sharing_guard.unbind_publication(text) FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.unbind_publication(text) IS
'Takes back bind_publication()';

