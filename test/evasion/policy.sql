-- Who is who, in the guarded database.
SELECT sharing_guard.grant_policy_admin('admin');
SELECT sharing_guard.grant_policy_admin('second_admin');
SELECT sharing_guard.grant_auditor('auditor');
SELECT sharing_guard.bind_role('partner', 'springs-pd');
