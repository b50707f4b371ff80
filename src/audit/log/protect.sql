-- The trigger function of all tables of the record.

CREATE FUNCTION sharing_guard.protect_record() RETURNS trigger
    AS 'MODULE_PATHNAME', 'sg_sql_protect_record'
    LANGUAGE C;
REVOKE ALL ON FUNCTION sharing_guard.protect_record() FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.protect_record() IS
'Refuses (SG008) every change of the table it is a trigger of, for every role';
