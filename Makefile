# sharing_guard: built with PGXS against PG_CONFIG.
#
#   make, make install, make installcheck   as every PGXS extension
#   make test, make demo                    do their own set-up (see README.md)

EXTENSION = sharing_guard
EXTVERSION = $(shell sed -n "s/^default_version = '\(.*\)'/\1/p" sharing_guard.control)
MODULE_big = sharing_guard

# Every C file under src/ belongs to the library.  The folders are the rooms of
# doc/architecture.md.
OBJS = $(patsubst %.c,%.o,$(sort $(wildcard src/*.c src/*/*.c src/*/*/*.c)))

# The install script, in the order in which its parts need one another.
SQL_PARTS = \
	src/base/guc.sql \
	src/audit/log/protect.sql \
	src/audit/log/event.sql \
	src/audit/log/legible.sql \
	src/audit/log/identity.sql \
	src/audit/proof/merkle.sql \
	src/audit/proof/seal.sql \
	src/audit/proof/proof.sql \
	src/audit/proof/verify.sql \
	src/audit/log/rows.sql \
	src/audit/views/window.sql \
	src/policy/rules/change.sql \
	src/audit/log/restore.sql \
	src/policy/rules/setting.sql \
	src/policy/names/destination.sql \
	src/policy/names/spelling.sql \
	src/policy/terms/purpose.sql \
	src/policy/preview/retag.sql \
	src/policy/rules/policy.sql \
	src/policy/rules/legal_basis.sql \
	src/policy/preview/preview_decision.sql \
	src/policy/preview/suggest.sql \
	src/policy/rules/pack_form.sql \
	src/policy/rules/pack.sql \
	src/channel/guard/context.sql \
	src/channel/guard/bypass.sql \
	src/channel/guard/guard.sql \
	src/channel/guard/triggers.sql \
	src/channel/command/computed.sql \
	src/channel/read/filter.sql \
	src/channel/guard/lock_order.sql \
	src/channel/export/export_row.sql \
	src/channel/guard/read_guard.sql \
	src/audit/review/act.sql \
	src/audit/review/period.sql \
	src/audit/review/review.sql \
	src/audit/views/shared_login.sql \
	src/audit/views/views.sql \
	src/audit/views/explain.sql \
	src/audit/review/sign_off.sql \
	src/audit/review/review_status.sql \
	src/audit/review/overdue.sql \
	src/audit/review/retention.sql \
	src/channel/guard/binding.sql \
	src/channel/read/service.sql \
	src/channel/guard/maintenance.sql \
	src/channel/command/drop_extension.sql \
	src/channel/command/copied.sql \
	src/audit/views/attempts.sql \
	src/audit/views/by_period.sql \
	src/audit/views/summary.sql \
	src/audit/views/plate.sql \
	src/audit/views/policy_acts.sql \
	src/audit/views/figures.sql \
	src/audit/views/to_review.sql \
	src/audit/review/review_events.sql \
	src/audit/patterns/staff.sql \
	src/audit/patterns/patterns.sql \
	src/audit/patterns/sample.sql \
	src/admin/unresolved.sql \
	src/audit/worker/health.sql \
	src/admin/preview_terms.sql \
	src/admin/roles.sql \
	src/audit/review/assign.sql \
	src/admin/standby.sql \
	src/admin/preflight.sql \
	src/admin/exposure.sql \
	src/admin/metrics.sql \
	src/admin/siem.sql \
	src/admin/fixed_settings.sql

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
