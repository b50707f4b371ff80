
CREATE FUNCTION sharing_guard.preview_decision(
    destination text,
    purpose text,
    data_class text DEFAULT NULL,
    legal_basis text DEFAULT NULL,
    channel text DEFAULT NULL,
    on_behalf_of_agency text DEFAULT NULL,
    at timestamptz DEFAULT NULL,
    case_number text DEFAULT NULL,
    record_key text DEFAULT NULL,
    destination_state text DEFAULT NULL,
    OUT outcome text,
    OUT destination_class text,
    OUT agency_status text,
    OUT agency_id text,
    OUT tags text[],
    OUT rule_ids text[],
    OUT authority text,
    OUT reasons text[]
) RETURNS record
    AS 'MODULE_PATHNAME', 'sg_sql_preview_decision'
    LANGUAGE C VOLATILE PARALLEL UNSAFE;
REVOKE ALL ON FUNCTION sharing_guard.preview_decision(text, text, text, text, text, text, timestamptz, text, text, text) FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.preview_decision(text, text, text, text, text, text, timestamptz, text, text, text) IS
'Shows the decision on such a disclosure, and the reasons; records nothing. Without a data class the answer is the strictest of all classes; the channel defaults to export_row, the time to now';
