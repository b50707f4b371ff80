-- The guards, in the guarded database.
SET client_min_messages = error;
SELECT sharing_guard.configure(NULL, NULL, NULL, copied_tables => 'flag');
DELETE FROM sharing_guard.server_binding;
DELETE FROM sharing_guard.publication_binding;
SELECT sharing_guard.protect_records('alpr.read', data_class => 'alpr', query_elements => 'plate', mode => 'enforce');
SELECT sharing_guard.protect_records('alpr.part', data_class => 'alpr', query_elements => 'plate', mode => 'enforce');
SELECT sharing_guard.protect_records('alpr.parent', data_class => 'alpr', query_elements => 'plate', mode => 'enforce');
SELECT sharing_guard.protect_export('alpr.export', destination => 'dest', query_elements => 'plate', data_class => 'alpr', mode => 'enforce');
SELECT sharing_guard.protect_export('alpr.exports', destination => 'dest', query_elements => 'plate', data_class => 'alpr', mode => 'enforce');
