-- The people of test/evasion.
CREATE ROLE owner LOGIN;                -- the vendor's application: owns the tables
CREATE ROLE clerk LOGIN;                -- works here, may read
CREATE ROLE guest LOGIN;                -- works here, may read nothing
CREATE ROLE partner LOGIN;              -- the login of an agency in another state
CREATE ROLE partners;                   -- a group that this login is in
CREATE ROLE readers;                    -- a group that may read
CREATE ROLE admin LOGIN;                -- a policy administrator
CREATE ROLE second_admin LOGIN;         -- another one
CREATE ROLE auditor LOGIN;
CREATE ROLE feed LOGIN REPLICATION;     -- reads the stream of changes
GRANT partners TO partner;
