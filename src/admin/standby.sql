-- Lists the standbys that a person has attested to load the library.  The
-- primary cannot see which libraries a standby loads, so a person has to check
-- it.

CREATE TABLE sharing_guard.standby (
    standby text PRIMARY KEY,
    attested_at timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
    CONSTRAINT standby_not_blank CHECK (btrim(standby) <> '')
);
COMMENT ON TABLE sharing_guard.standby IS
'Physical standbys that are attested to load sharing_guard, see attest_standby(); policy_changes shows who attested it';
COMMENT ON COLUMN sharing_guard.standby.standby IS
'Its name on this server: pg_stat_replication.application_name, or the name of its replication slot';
COMMENT ON COLUMN sharing_guard.standby.attested_at IS 'The time of the last attestation';
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
'Records that the caller has checked that this physical standby loads sharing_guard (SHOW shared_preload_libraries on the standby). Call it again when the standby has been set up again';

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
'Revokes attest_standby()';

