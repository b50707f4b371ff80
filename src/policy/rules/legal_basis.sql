
-- Counts the uses of a legal basis where they are limited.

-- The library fills it in the transaction that discloses.  There is no foreign
-- key, so that the uses still count when the basis is deleted and entered
-- again.
CREATE TABLE sharing_guard.legal_basis_use (
    legal_basis_id text PRIMARY KEY,
    uses bigint NOT NULL,
    rows_used bigint NOT NULL,
    last_used_at timestamptz NOT NULL,
    last_transaction uuid NOT NULL
);
COMMENT ON TABLE sharing_guard.legal_basis_use IS
'The uses of each legal basis that has a row limit or is for a single use; the events that it allowed are in audit';
COMMENT ON COLUMN sharing_guard.legal_basis_use.legal_basis_id IS
'The legal basis, which may have been deleted since';
COMMENT ON COLUMN sharing_guard.legal_basis_use.uses IS
'Transactions that have used it';
COMMENT ON COLUMN sharing_guard.legal_basis_use.rows_used IS
'Rows that it has allowed to go out';
COMMENT ON COLUMN sharing_guard.legal_basis_use.last_used_at IS
'The time of its last use';
COMMENT ON COLUMN sharing_guard.legal_basis_use.last_transaction IS
'Random number of the transaction that used it last';
REVOKE ALL ON TABLE sharing_guard.legal_basis_use FROM PUBLIC;
SELECT pg_catalog.pg_extension_config_dump('sharing_guard.legal_basis_use', '');

CREATE VIEW sharing_guard.legal_basis_status AS
SELECT
    b.legal_basis_id,
    b.kind,
    b.destination,
    b.case_number,
    CASE
        WHEN b.kind OPERATOR(pg_catalog.=) 'administrative_form' THEN 'lifts_nothing'
        WHEN b.revoked_at OPERATOR(pg_catalog.<=) pg_catalog.statement_timestamp() THEN 'revoked'
        WHEN b.valid_until OPERATOR(pg_catalog.<=) pg_catalog.statement_timestamp() THEN 'expired'
        WHEN b.valid_from OPERATOR(pg_catalog.>) pg_catalog.statement_timestamp() THEN 'not_yet_valid'
        WHEN u.rows_used OPERATOR(pg_catalog.>=) b.row_limit
          OR (b.single_use AND u.uses OPERATOR(pg_catalog.>) 0) THEN 'used_up'
        ELSE 'in_force'
    END AS status,
    b.valid_from,
    b.valid_until,
    b.revoked_at,
    b.row_limit,
    CASE WHEN b.row_limit IS NOT NULL OR b.single_use
         THEN coalesce(u.rows_used, 0) END AS rows_used,
    CASE WHEN b.row_limit IS NULL THEN NULL
         WHEN b.single_use AND u.uses OPERATOR(pg_catalog.>) 0 THEN 0
         ELSE greatest(b.row_limit OPERATOR(pg_catalog.-) coalesce(u.rows_used, 0), 0) END AS rows_left,
    b.single_use,
    CASE WHEN b.row_limit IS NOT NULL OR b.single_use
         THEN coalesce(u.uses, 0) END AS uses,
    u.last_used_at
FROM sharing_guard.legal_basis AS b
     LEFT JOIN sharing_guard.legal_basis_use AS u
            ON u.legal_basis_id OPERATOR(pg_catalog.=) b.legal_basis_id;
REVOKE ALL ON TABLE sharing_guard.legal_basis_status FROM PUBLIC;
COMMENT ON VIEW sharing_guard.legal_basis_status IS
'The state of each legal basis, and the rows that it may still allow';
COMMENT ON COLUMN sharing_guard.legal_basis_status.legal_basis_id IS
'The legal basis';
COMMENT ON COLUMN sharing_guard.legal_basis_status.kind IS
'Its kind, as in legal_basis';
COMMENT ON COLUMN sharing_guard.legal_basis_status.destination IS
'The agency it is for (agency_id); NULL: any';
COMMENT ON COLUMN sharing_guard.legal_basis_status.case_number IS
'The case it covers; NULL: any';
COMMENT ON COLUMN sharing_guard.legal_basis_status.status IS
'in_force, not_yet_valid, expired, revoked, used_up, or lifts_nothing (an administrative form)';
COMMENT ON COLUMN sharing_guard.legal_basis_status.valid_from IS
'Valid from this time';
COMMENT ON COLUMN sharing_guard.legal_basis_status.valid_until IS
'Valid until this time, exclusive';
COMMENT ON COLUMN sharing_guard.legal_basis_status.revoked_at IS
'Not valid from this time on';
COMMENT ON COLUMN sharing_guard.legal_basis_status.row_limit IS
'The rows that it may allow to go out in total; NULL: any number';
COMMENT ON COLUMN sharing_guard.legal_basis_status.rows_used IS
'The rows that it has allowed to go out; NULL: not limited, so not counted here (see audit)';
COMMENT ON COLUMN sharing_guard.legal_basis_status.rows_left IS
'The rows that it may still allow to go out; NULL: any number';
COMMENT ON COLUMN sharing_guard.legal_basis_status.single_use IS
'Whether it is for one transaction only';
COMMENT ON COLUMN sharing_guard.legal_basis_status.uses IS
'Transactions that have used it; NULL: not limited, so not counted here (see audit)';
COMMENT ON COLUMN sharing_guard.legal_basis_status.last_used_at IS
'The time of its last use, where its use is limited';
