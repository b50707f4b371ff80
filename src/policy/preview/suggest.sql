
-- Shows the agency that a name stands for, and the agencies that it may mean.

CREATE FUNCTION sharing_guard.resolve_destination(
    destination text,
    destination_state text DEFAULT NULL,
    OUT agency_id text,
    OUT destination_class text,
    OUT agency_status text,
    OUT like_agency text
) RETURNS record
    AS 'MODULE_PATHNAME', 'sg_sql_resolve_destination'
    LANGUAGE C STABLE;
REVOKE ALL ON FUNCTION sharing_guard.resolve_destination(text, text) FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.resolve_destination(text, text) IS
'Shows how a destination with this spelling is classified: the registered agency that it stands for, or (agency_id NULL) the class that its spelling gives; like_agency is the agency whose name is similar';

CREATE FUNCTION sharing_guard.is_spelled_elsewhere(name text) RETURNS boolean
    AS 'MODULE_PATHNAME', 'sg_sql_is_spelled_elsewhere'
    LANGUAGE C STABLE STRICT;
REVOKE ALL ON FUNCTION sharing_guard.is_spelled_elsewhere(text) FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.is_spelled_elsewhere(text) IS
'Internal: whether this name names another state, or fits a place in another state and does not obviously mean the one in the home state';

CREATE FUNCTION sharing_guard.suggest_agencies(name text, at_most integer DEFAULT 3)
RETURNS TABLE (agency_id text, agency_name text, distance integer)
    AS 'MODULE_PATHNAME', 'sg_sql_suggest_agencies'
    LANGUAGE C STABLE STRICT ROWS 3 COST 1000;
REVOKE ALL ON FUNCTION sharing_guard.suggest_agencies(text, integer) FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.suggest_agencies(text, integer) IS
'Agencies of the registry with a spelling similar to this name, the most similar first; distance is the number of different letters (Levenshtein). A name that fits a place of another state gets no suggestion in the home state';

CREATE FUNCTION sharing_guard.name_jurisdiction(name text) RETURNS text
    AS 'MODULE_PATHNAME', 'sg_sql_name_jurisdiction'
    LANGUAGE C STABLE STRICT;
REVOKE ALL ON FUNCTION sharing_guard.name_jurisdiction(text) FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.name_jurisdiction(text) IS
'The state that an organization''s name gives, as US-FL; NULL where it gives none';

-- Decided by the registry's jurisdiction, whatever the name says; so a slip on
-- entry would turn another state's agency into one of ours.
CREATE VIEW sharing_guard.contradicted_agencies AS
SELECT a.agency_id, a.name, a.jurisdiction, n.says AS name_says
FROM sharing_guard.agency a
CROSS JOIN LATERAL (SELECT sharing_guard.name_jurisdiction(a.name) OFFSET 0) n (says)
WHERE a.level IN ('local', 'state') AND n.says <> a.jurisdiction
    -- "CO" after the name of a county is no Colorado.
    AND NOT (n.says = 'US-CO' AND NOT sharing_guard.is_spelled_elsewhere(
        pg_catalog.regexp_replace(a.name, '\mCO\M', 'County', 'i')));
REVOKE ALL ON TABLE sharing_guard.contradicted_agencies FROM PUBLIC;
COMMENT ON VIEW sharing_guard.contradicted_agencies IS
'Agencies of the registry whose own name says another state than their jurisdiction';
COMMENT ON COLUMN sharing_guard.contradicted_agencies.agency_id IS 'The agency';
COMMENT ON COLUMN sharing_guard.contradicted_agencies.name IS 'Its name';
COMMENT ON COLUMN sharing_guard.contradicted_agencies.jurisdiction IS 'Its jurisdiction in the registry, by which the policy decides';
COMMENT ON COLUMN sharing_guard.contradicted_agencies.name_says IS 'The state that its name gives';

CREATE FUNCTION sharing_guard.warn_of_contradiction() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    n record;
BEGIN
    -- Before configure() no name can be read, and a restore enters all as it was.
    IF NOT sharing_guard.library_preloaded() OR NOT EXISTS (SELECT FROM sharing_guard.setting) THEN
        RETURN NULL;
    END IF;
    FOR n IN
        SELECT c.agency_id, c.name, c.jurisdiction, c.name_says
          FROM sharing_guard.contradicted_agencies AS c
         WHERE c.agency_id IN (SELECT e.agency_id FROM entered AS e) ORDER BY c.agency_id
    LOOP
        RAISE WARNING 'agency "%" is entered with jurisdiction %, and its name says %', n.agency_id, n.jurisdiction, n.name_says
            USING DETAIL = format('The policy decides by the jurisdiction. The name is "%s".', n.name),
                  HINT = 'Correct the jurisdiction, or the name, if it is wrong.';
    END LOOP;
    RETURN NULL;
EXCEPTION WHEN OTHERS THEN
    -- In the midst of a restore no name may be readable yet, and a warning must
    -- not stop what it would warn of.  preflight() says it later.
    RETURN NULL;
END
$$;
REVOKE ALL ON FUNCTION sharing_guard.warn_of_contradiction() FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.warn_of_contradiction() IS
'Trigger: warns of an agency that is entered with a jurisdiction that its own name contradicts';
CREATE TRIGGER warn_of_contradiction_on_insert AFTER INSERT ON sharing_guard.agency
    REFERENCING NEW TABLE AS entered
    FOR EACH STATEMENT EXECUTE FUNCTION sharing_guard.warn_of_contradiction();
CREATE TRIGGER warn_of_contradiction_on_update AFTER UPDATE ON sharing_guard.agency
    REFERENCING NEW TABLE AS entered
    FOR EACH STATEMENT EXECUTE FUNCTION sharing_guard.warn_of_contradiction();
