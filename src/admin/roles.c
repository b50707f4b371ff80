/*-------------------------------------------------------------------------
 *
 * roles.c
 *		Grants the rights of an auditor or a policy administrator.
 *
 * Each duty's rights are written down once, as GRANT statements with a
 * placeholder for the role.  The role's name is set in the parse tree and
 * never becomes part of SQL text.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "fmgr.h"
#include "nodes/parsenodes.h"
#include "parser/parser.h"
#include "utils/acl.h"
#include "utils/builtins.h"

PG_FUNCTION_INFO_V1(sg_sql_grant_duty);

/*
 * An auditor reads the record and adds findings to it, but cannot change
 * existing entries.  (Every role may use the schema, because
 * begin_disclosure() is in it.)
 */
static const char auditor_grants[] =
"GRANT SELECT ON sharing_guard.audit, sharing_guard.audit_rows,"
"  sharing_guard.policy_changes, sharing_guard.audit_90d,"
"  sharing_guard.audit_rows_90d, sharing_guard.flagged_90d,"
"  sharing_guard.refused_90d, sharing_guard.policy_changes_90d,"
"  sharing_guard.audit_90d_summary, sharing_guard.audit_90d_recipients,"
"  sharing_guard.to_review_90d, sharing_guard.severity,"
"  sharing_guard.policy_acts_90d, sharing_guard.metrics,"
"  sharing_guard.staff, sharing_guard.shift,"
"  sharing_guard.siem_consumer,"
"  sharing_guard.pattern_threshold, sharing_guard.pattern_kinds,"
"  sharing_guard.review_assignment, sharing_guard.review_queue,"
"  sharing_guard.sample_announcement, sharing_guard.sample_draw,"
"  sharing_guard.agency, sharing_guard.agency_alias, sharing_guard.rule,"
"  sharing_guard.name_term, sharing_guard.purpose_term,"
"  sharing_guard.legal_basis, sharing_guard.legal_basis_status,"
"  sharing_guard.unresolved_destinations, sharing_guard.task_force,"
"  sharing_guard.contradicted_agencies,"
"  sharing_guard.data_class,"
"  sharing_guard.setting, sharing_guard.guard, sharing_guard.guard_column,"
"  sharing_guard.role_binding, sharing_guard.service_statement,"
"  sharing_guard.server_binding,"
"  sharing_guard.publication_binding, sharing_guard.standby,"
"  sharing_guard.maintenance,"
"  sharing_guard.maintenance_defect, sharing_guard.attempts,"
"  sharing_guard.attempts_90d, sharing_guard.exposure,"
"  sharing_guard.role_duty, sharing_guard.adopted_pack,"
"  sharing_guard.health, sharing_guard.health_history, sharing_guard.log,"
"  sharing_guard.checkpoint, sharing_guard.tile, sharing_guard.bundle,"
"  sharing_guard.purged_leaf, sharing_guard.sealed_event TO duty_holder;"
"GRANT EXECUTE ON FUNCTION sharing_guard.current_metrics(),"
"  sharing_guard.siem_events(bigint, integer, boolean),"
"  sharing_guard.siem_checkpoint(text, bigint),"
"  sharing_guard.note_shared_logins(),"
"  sharing_guard.period_leaves,"
"  sharing_guard.audit(bigint, uuid),"
"  sharing_guard.audit_rows(bigint, uuid), sharing_guard.flagged(bigint, uuid),"
"  sharing_guard.refused(bigint, uuid),"
"  sharing_guard.policy_changes(bigint, uuid),"
"  sharing_guard.attempts(bigint, uuid), sharing_guard.audit_of(bigint, uuid),"
"  sharing_guard.rows_by_tag(jsonb), sharing_guard.add_figures(jsonb),"
"  sharing_guard.plate_folded, sharing_guard.plate_match,"
"  sharing_guard.plate_searches, sharing_guard.policy_acts(bigint, uuid),"
"  sharing_guard.audit_rows_of, sharing_guard.days_of,"
"  sharing_guard.by_user, sharing_guard.by_agency, sharing_guard.by_case,"
"  sharing_guard.by_plate, sharing_guard.by_hour, sharing_guard.by_month,"
"  sharing_guard.period_change, sharing_guard.patterns(bigint, uuid),"
"  sharing_guard.assign_review, sharing_guard.announce_sample,"
"  sharing_guard.review_sample, sharing_guard.verify_sample,"
"  sharing_guard.sample_order,"
"  sharing_guard.last_disposition(uuid), sharing_guard.judged_disposition(uuid),"
"  sharing_guard.event_findings(uuid), sharing_guard.each_finding(uuid),"
"  sharing_guard.event_severity, sharing_guard.to_review(bigint, uuid),"
"  sharing_guard.chosen_events, sharing_guard.audit_recipients(bigint, uuid),"
"  sharing_guard.audit_summary(bigint, uuid) TO duty_holder;"
"GRANT EXECUTE ON FUNCTION sharing_guard.restore_defects(),"
"  sharing_guard.legible(text),"
"  sharing_guard.legible(json), sharing_guard.legible(text[]),"
"  sharing_guard.explain_event(uuid),"
"  sharing_guard.writer_health(),"
"  sharing_guard.oldest_transaction_start(),"
"  sharing_guard.standing_problems(),"
"  sharing_guard.preview_decision, sharing_guard.tag_purpose,"
"  sharing_guard.preview_terms,"
"  sharing_guard.resolve_destination, sharing_guard.suggest_agencies,"
"  sharing_guard.name_jurisdiction, sharing_guard.is_spelled_elsewhere,"
"  sharing_guard.audit_window_start(timestamptz, text),"
"  sharing_guard.time_zone(), sharing_guard.purpose_shown, sharing_guard.purpose_parts, sharing_guard.event_rows,"
"  sharing_guard.exposures,"
"  sharing_guard.seal, sharing_guard.verify_audit,"
"  sharing_guard.leaf_hash, sharing_guard.node_hash,"
"  sharing_guard.verify_inclusion, sharing_guard.verify_consistency,"
"  sharing_guard.log_id, sharing_guard.tree_id, sharing_guard.tree_root,"
"  sharing_guard.tile_hashes, sharing_guard.inclusion_proof,"
"  sharing_guard.consistency_proof, sharing_guard.canonical_entry,"
"  sharing_guard.canonical_columns, sharing_guard.log_origin,"
"  sharing_guard.checkpoint(bigint, uuid), sharing_guard.note_key_id,"
"  sharing_guard.verifier_key, sharing_guard.signed_note,"
"  sharing_guard.tlog_proof TO duty_holder;"
/* The review cycle. */
"GRANT SELECT ON"
"  sharing_guard.review_status, sharing_guard.review_totals,"
"  sharing_guard.signatures, sharing_guard.vague_purposes_90d,"
"  sharing_guard.review, sharing_guard.disposition,"
"  sharing_guard.review_check, sharing_guard.stand_in,"
"  sharing_guard.review_overdue, sharing_guard.review_alert,"
"  sharing_guard.legal_holds, sharing_guard.purge_record,"
"  sharing_guard.log_capacity TO duty_holder;"
"GRANT EXECUTE ON FUNCTION sharing_guard.event_period(uuid),"
"  sharing_guard.event_disposition(uuid),"
"  sharing_guard.event_leaf(uuid), sharing_guard.event_tree(uuid),"
"  sharing_guard.own_tree(), sharing_guard.period_totals,"
"  sharing_guard.review_period, sharing_guard.act_defects,"
"  sharing_guard.close_period, sharing_guard.review_event,"
"  sharing_guard.review_events, sharing_guard.record_check,"
"  sharing_guard.name_stand_in, sharing_guard.sign_off,"
"  sharing_guard.signed_statement, sharing_guard.import_sign_off,"
"  sharing_guard.legal_hold, sharing_guard.release_hold,"
"  sharing_guard.purge, sharing_guard.follow_purges,"
"  sharing_guard.compare_checkpoint TO duty_holder;";

/* A policy administrator changes policy, and cannot change the record. */
static const char policy_admin_grants[] =
"GRANT SELECT, INSERT, UPDATE, DELETE ON sharing_guard.agency,"
"  sharing_guard.agency_alias, sharing_guard.rule,"
"  sharing_guard.severity_order, sharing_guard.staff, sharing_guard.shift,"
"  sharing_guard.pattern_threshold,"
"  sharing_guard.name_term, sharing_guard.purpose_term,"
"  sharing_guard.legal_basis,"
"  sharing_guard.task_force, sharing_guard.data_class,"
"  sharing_guard.setting, sharing_guard.guard, sharing_guard.guard_column,"
"  sharing_guard.role_binding, sharing_guard.service_statement,"
"  sharing_guard.server_binding,"
"  sharing_guard.publication_binding, sharing_guard.standby,"
"  sharing_guard.adopted_pack, sharing_guard.pack_row TO duty_holder;"
"GRANT SELECT ON sharing_guard.severity, sharing_guard.pattern_kinds,"
"  sharing_guard.legal_basis_status,"
"  sharing_guard.unresolved_destinations,"
"  sharing_guard.contradicted_agencies TO duty_holder;"
"GRANT SELECT ON sharing_guard.role_duty, sharing_guard.maintenance,"
"  sharing_guard.maintenance_defect, sharing_guard.exposure,"
"  sharing_guard.health, sharing_guard.health_history TO duty_holder;"
"GRANT EXECUTE ON FUNCTION sharing_guard.legible(text),"
"  sharing_guard.legible(json), sharing_guard.legible(text[]),"
"  sharing_guard.configure,"
"  sharing_guard.writer_health(),"
"  sharing_guard.oldest_transaction_start(), sharing_guard.own_tree(),"
"  sharing_guard.standing_problems(),"
"  sharing_guard.set_mode, sharing_guard.adopt_policy,"
"  sharing_guard.accept_alias, sharing_guard.is_spelled_elsewhere,"
"  sharing_guard.preview_decision,"
"  sharing_guard.tag_purpose, sharing_guard.preview_terms,"
"  sharing_guard.resolve_destination, sharing_guard.suggest_agencies,"
"  sharing_guard.name_jurisdiction, sharing_guard.is_spelled_elsewhere,"
"  sharing_guard.audit_window_start(timestamptz, text),"
"  sharing_guard.time_zone(),"
"  sharing_guard.is_jurisdiction, sharing_guard.fold_name,"
"  sharing_guard.pack_content, sharing_guard.pack_names(),"
"  sharing_guard.available_packs(), sharing_guard.pack_complete_row,"
"  sharing_guard.pack_key, sharing_guard.pack_new_rows,"
"  sharing_guard.pack_local_rows, sharing_guard.pack_plan,"
"  sharing_guard.pack_apply, sharing_guard.pack_carry_out,"
"  sharing_guard.pack_place,"
"  sharing_guard.pack_is_date, sharing_guard.pack_layout,"
"  sharing_guard.pack_faults, sharing_guard.pack_parse,"
"  sharing_guard.pack_adopt,"
"  sharing_guard.protect_export, sharing_guard.unprotect,"
"  sharing_guard.protect_records, sharing_guard.check_readable,"
"  sharing_guard.set_filter, sharing_guard.filter_defects,"
"  sharing_guard.guarded_columns, sharing_guard.check_exportable,"
"  sharing_guard.relation_tree, sharing_guard.check_within_reach,"
"  sharing_guard.bypass_reason,"
"  sharing_guard.split_identifiers, sharing_guard.base_type,"
"  sharing_guard.install_triggers, sharing_guard.remove_triggers,"
"  sharing_guard.lock_tree, sharing_guard.lock_guarded,"
"  sharing_guard.needs_exclusive_lock, sharing_guard.mode_now,"
"  sharing_guard.require_operational, sharing_guard.library_preloaded,"
"  sharing_guard.database_listed, sharing_guard.missing_databases,"
"  sharing_guard.preflight, sharing_guard.logins_with_people(),"
"  sharing_guard.guard_defects, sharing_guard.orphaned_guards,"
"  sharing_guard.code_on_rows,"
"  sharing_guard.bind, sharing_guard.bind_role, sharing_guard.bind_backup,"
"  sharing_guard.unbind_role, sharing_guard.bind_service,"
"  sharing_guard.unbind_service, sharing_guard.declare_service_statement,"
"  sharing_guard.statement_shape,"
"  sharing_guard.seal, sharing_guard.begin_review,"
"  sharing_guard.holds_duty,"
"  sharing_guard.bind_server, sharing_guard.unbind_server,"
"  sharing_guard.bind_publication, sharing_guard.unbind_publication,"
"  sharing_guard.attest_standby, sharing_guard.unattest_standby,"
"  sharing_guard.check_agency, sharing_guard.open_maintenance,"
"  sharing_guard.approve_maintenance, sharing_guard.close_maintenance,"
"  sharing_guard.exposures TO duty_holder;";

/*
 * A monitor reads figures, and what is wrong in words, and nothing of a
 * record.
 */
static const char monitor_grants[] =
"GRANT SELECT ON sharing_guard.metrics, sharing_guard.health TO duty_holder;"
"GRANT EXECUTE ON FUNCTION sharing_guard.current_metrics(),"
"  sharing_guard.writer_health(),"
"  sharing_guard.oldest_transaction_start(),"
"  sharing_guard.standing_problems() TO duty_holder;";

/*
 * sharing_guard.grant_duty(role text, duty text, grant boolean) returns void
 *
 * Runs the duty's GRANT statements (or, with false, the matching REVOKEs) for
 * the role, with the caller's own rights.
 */
Datum
sg_sql_grant_duty(PG_FUNCTION_ARGS)
{
	char	   *role = text_to_cstring(PG_GETARG_TEXT_PP(0));
	char	   *duty = text_to_cstring(PG_GETARG_TEXT_PP(1));
	bool		is_grant = PG_GETARG_BOOL(2);
	const char *grants;
	List	   *statements;
	ListCell   *lc;

	if (strcmp(duty, "auditor") == 0)
		grants = auditor_grants;
	else if (strcmp(duty, "policy_admin") == 0)
		grants = policy_admin_grants;
	else if (strcmp(duty, "monitor") == 0)
		grants = monitor_grants;
	else
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("there is no duty \"%s\"", duty),
				 errhint("The duties are auditor, policy_admin and monitor.")));

	/* Check this before any right is granted. */
	if (!OidIsValid(get_role_oid(role, true)))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("role \"%s\" does not exist", role),
				 errhint("Give the name as it stands in pg_roles.rolname.")));

	statements = raw_parser(grants, RAW_PARSE_DEFAULT);
	foreach(lc, statements)
	{
		GrantStmt  *grant = castNode(GrantStmt,
									 lfirst_node(RawStmt, lc)->stmt);

		/*
		 * The role specification stays ROLESPEC_CSTRING, so a role named like
		 * PUBLIC or CURRENT_USER is still taken as a name.
		 */
		castNode(RoleSpec, linitial(grant->grantees))->rolename = role;
		grant->is_grant = is_grant;
		ExecuteGrantStmt(grant);
		CommandCounterIncrement();
	}
	PG_RETURN_VOID();
}
