# sharing_guard: built with PGXS against PG_CONFIG.
#
#   make, make install, make installcheck   as every PGXS extension
#   make test, make demo                    do their own set-up (see README.md)

EXTENSION = sharing_guard
EXTVERSION = $(shell sed -n "s/^default_version = '\(.*\)'/\1/p" sharing_guard.control)
MODULE_big = sharing_guard

OBJS = \
	src/sharing_guard.o \
	src/changes.o \
	src/fixed_form.o \
	src/operational.o \
	src/own_rights.o \
	src/vocabulary.o \
	src/roles.o \
	src/policy/change.o \
	src/policy/decide.o \
	src/policy/destination.o \
	src/policy/fold.o \
	src/policy/lexicon.o \
	src/policy/jurisdiction.o \
	src/policy/legal_basis.o \
	src/policy/load.o \
	src/policy/pack.o \
	src/policy/places.o \
	src/policy/policy.o \
	src/policy/purpose.o \
	src/policy/retag.o \
	src/policy/rule_index.o \
	src/policy/spelling.o \
	src/policy/suggest.o \
	src/channel/after_error.o \
	src/channel/apart.o \
	src/channel/bypass.o \
	src/channel/cloned.o \
	src/channel/context.o \
	src/channel/copy.o \
	src/channel/data_flow.o \
	src/channel/database.o \
	src/channel/decision.o \
	src/channel/decision_cache.o \
	src/channel/ddl.o \
	src/channel/ddl_computed.o \
	src/channel/ddl_content.o \
	src/channel/ddl_copied.o \
	src/channel/ddl_drop.o \
	src/channel/ddl_grant.o \
	src/channel/ddl_privileged.o \
	src/channel/ddl_publication.o \
	src/channel/ddl_record.o \
	src/channel/ddl_role.o \
	src/channel/ddl_state.o \
	src/channel/ddl_tamper.o \
	src/channel/ddl_ways.o \
	src/channel/export_row.o \
	src/channel/filter.o \
	src/channel/foreign_key.o \
	src/channel/gather.o \
	src/channel/group.o \
	src/channel/guard.o \
	src/channel/guarded_write.o \
	src/channel/held.o \
	src/channel/lock_order.o \
	src/channel/leaky_functions.o \
	src/channel/lone_event.o \
	src/channel/maintenance.o \
	src/channel/parents.o \
	src/channel/pieces.o \
	src/channel/plan_expressions.o \
	src/channel/query.o \
	src/channel/query_reads.o \
	src/channel/query_run.o \
	src/channel/reads.o \
	src/channel/records.o \
	src/channel/refusal.o \
	src/channel/relation_leaks.o \
	src/channel/restoring.o \
	src/channel/row_buffer.o \
	src/channel/row_log.o \
	src/channel/search_columns.o \
	src/channel/search_operands.o \
	src/channel/search_quals.o \
	src/channel/search_values.o \
	src/channel/service.o \
	src/channel/statement_shape.o \
	src/channel/triggers.o \
	src/channel/undone.o \
	src/audit/act.o \
	src/audit/actor.o \
	src/audit/batch.o \
	src/audit/canonical.o \
	src/audit/damage.o \
	src/audit/event.o \
	src/audit/event_fields.o \
	src/audit/event_id.o \
	src/audit/event_narrow.o \
	src/audit/event_serialized.o \
	src/audit/health.o \
	src/audit/identity.o \
	src/audit/legible.o \
	src/audit/log_indexes.o \
	src/audit/log_lock.o \
	src/audit/merkle.o \
	src/audit/overdue.o \
	src/audit/pending_change.o \
	src/audit/period.o \
	src/audit/proof.o \
	src/audit/protect.o \
	src/audit/queue.o \
	src/audit/retention.o \
	src/audit/review.o \
	src/audit/rows.o \
	src/audit/seal.o \
	src/audit/server_log.o \
	src/audit/store.o \
	src/audit/tree.o \
	src/audit/utf8.o \
	src/audit/verify.o \
	src/audit/window.o \
	src/audit/worker.o \
	src/audit/writer.o

# The install script, in the order in which its parts need one another.
SQL_PARTS = \
	src/operational.sql \
	src/audit/protect.sql \
	src/audit/event.sql \
	src/audit/legible.sql \
	src/audit/identity.sql \
	src/audit/merkle.sql \
	src/audit/seal.sql \
	src/audit/proof.sql \
	src/audit/verify.sql \
	src/audit/rows.sql \
	src/audit/window.sql \
	src/policy/change.sql \
	src/audit/restore.sql \
	src/setting.sql \
	src/policy/destination.sql \
	src/policy/spelling.sql \
	src/policy/purpose.sql \
	src/policy/retag.sql \
	src/policy/policy.sql \
	src/policy/legal_basis.sql \
	src/policy/decide.sql \
	src/policy/suggest.sql \
	src/policy/pack.sql \
	src/channel/context.sql \
	src/channel/bypass.sql \
	src/channel/guard.sql \
	src/channel/triggers.sql \
	src/channel/row_code.sql \
	src/channel/filter.sql \
	src/channel/lock_order.sql \
	src/channel/export_row.sql \
	src/channel/records.sql \
	src/audit/act.sql \
	src/audit/period.sql \
	src/audit/review.sql \
	src/audit/views.sql \
	src/audit/sign_off.sql \
	src/audit/review_status.sql \
	src/audit/overdue.sql \
	src/audit/retention.sql \
	src/channel/binding.sql \
	src/channel/service.sql \
	src/channel/maintenance.sql \
	src/channel/ddl_drop.sql \
	src/channel/copied.sql \
	src/audit/attempts.sql \
	src/unresolved.sql \
	src/audit/health.sql \
	src/preview_terms.sql \
	src/roles.sql \
	src/standby.sql \
	src/preflight.sql \
	src/exposure.sql \
	src/fixed_settings.sql

SQL_SCRIPT = sharing_guard--$(EXTVERSION).sql
PACKS = $(wildcard src/policy/packs/*.json)

DATA_built = $(SQL_SCRIPT)
DATA = $(PACKS)

PG_CPPFLAGS = -I$(srcdir)/src -DSHARING_GUARD_VERSION='"$(EXTVERSION)"'
PG_CFLAGS = -Wall -Wextra -Werror -Wno-unused-parameter -Wno-sign-compare

REGRESS = $(sort $(patsubst sql/%.sql,%,$(wildcard sql/*.sql)))
REGRESS_OPTS = --inputdir=. --outputdir=.
ISOLATION = $(sort $(patsubst test/specs/%.spec,%,$(wildcard test/specs/*.spec)))
ISOLATION_OPTS = --inputdir=test
EXTRA_CLEAN = $(SQL_SCRIPT) output_iso tmp_check

PG_CONFIG ?= pg_config
PGXS := $(shell $(PG_CONFIG) --pgxs 2>/dev/null)
ifneq ($(wildcard $(PGXS)),)
include $(PGXS)
else
all install installcheck:
	@echo '"$(PG_CONFIG)" names no PGXS; as root run: bash test/setup' >&2; exit 1
endif

# The tests connect as the server's own superuser, also where root runs make.
installcheck: export PGUSER := $(or $(PGUSER),postgres)
installcheck: installcheck-ready
.PHONY: installcheck-ready
installcheck-ready:
	@bash $(srcdir)/test/installcheck-ready

$(SQL_SCRIPT): $(SQL_PARTS) sharing_guard.control
	cat $(SQL_PARTS) > $@

# srcdir comes with PGXS, which a machine without PostgreSQL does not have yet.
include $(if $(srcdir),$(srcdir)/)test/targets.mk
