-- Standbys of which somebody has seen that they load the library.  What a
-- standby loads cannot be told from here, so a person has to say it.

CREATE TABLE sharing_guard.standby (
    standby text PRIMARY KEY,
    attested_at timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
    CONSTRAINT standby_not_blank CHECK (btrim(standby) <> '')
);
COMMENT ON TABLE sharing_guard.standby IS
'Physical standbys that somebody has attested to load sharing_guard: attest_standby(); who it was is in policy_changes';
COMMENT ON COLUMN sharing_guard.standby.standby IS
'By what name it is known here: pg_stat_replication.application_name, or the name of its replication slot';
COMMENT ON COLUMN sharing_guard.standby.attested_at IS 'When that was last said';
REVOKE ALL ON TABLE sharing_guard.standby FROM PUBLIC;

SELECT pg_catalog.pg_extension_config_dump('sharing_guard.standby', '');

SELECT sharing_guard.is_policy_table('standby', 'standby');

CREATE FUNCTION sharing_guard.attest_standby(standby text) RETURNS text
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF attest_standby.standby IS NULL THEN
        RAISE EXCEPTION 'attest_standby() needs the name of a standby'
            USING ERRCODE = 'null_value_not_allowed',
                  HINT = 'The names are in sharing_guard.exposure, as subjects of the kind standby.';
    END IF;
    INSERT INTO sharing_guard.standby (standby) VALUES (attest_standby.standby)
    ON CONFLICT ON CONSTRAINT standby_pkey DO UPDATE
        SET attested_at = excluded.attested_at;
    RETURN format('standby "%s" is attested: it loads sharing_guard', attest_standby.standby);
END
$$;
REVOKE ALL ON FUNCTION sharing_guard.attest_standby(text) FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.attest_standby(text) IS
'Says that whoever calls it has seen that this physical standby loads sharing_guard: SHOW shared_preload_libraries, there. To be said again when the standby was set up anew';

CREATE FUNCTION sharing_guard.unattest_standby(standby text) RETURNS text
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    DELETE FROM sharing_guard.standby s WHERE s.standby = unattest_standby.standby;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'nothing was attested of standby "%"', unattest_standby.standby
            USING ERRCODE = 'undefined_object',
                  HINT = 'The attested standbys are in sharing_guard.standby.';
    END IF;
    RETURN format('standby "%s" is not attested: it is in exposure again', unattest_standby.standby);
END
$$;
REVOKE ALL ON FUNCTION sharing_guard.unattest_standby(text) FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.unattest_standby(text) IS
'Takes back attest_standby()';

