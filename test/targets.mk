# Targets that do their own set-up: each is one script, described at its head.
# T="decide 010_foo" picks tests; V=17 picks a version.

.PHONY: test check-world test-matrix test-package test-assert test-asan test-valgrind test-server-suites test-drivers \
	include-check analyze fuzz indent indent-check typedefs reference demo bench \
	bench-check bench-ordinary torture

# What a developer runs: within ten minutes on two processors.
test:
	@PG_CONFIG='$(PG_CONFIG)' bash test/run $(T)

# All tests, the long ones too: what CI runs.
check-world:
	@PG_CONFIG='$(PG_CONFIG)' bash test/run --world $(T)

test-matrix:
	@bash test/matrix $(V)

# The Debian packages, in clean chroots.
test-package:
	@bash test/package $(SUITES)

test-assert test-asan test-valgrind: test-%:
	@bash test/dynamic $* $(T)

# PostgreSQL's own suites and pgaudit's, with our library in the server; here, or
# with V="15 17 18" as test-matrix does it.
test-server-suites:
	@PG_CONFIG='$(PG_CONFIG)' bash test/$(if $(V),matrix --run server-suites $(V),server-suites $(T))

# The lines of doc/applications.md, with the drivers that are installed.
test-drivers:
	@PG_CONFIG='$(PG_CONFIG)' bash test/drivers

include-check:
	@perl test/checks/include-graph

# FUZZ_SECONDS=60 says how long.
fuzz:
	@PG_CONFIG='$(PG_CONFIG)' FUZZ_SECONDS='$(FUZZ_SECONDS)' bash test/fuzz/run

# The record against crashes: ROUNDS=300 SECONDS_MAX=3600 SEED=n.
torture:
	@PG_CONFIG='$(PG_CONFIG)' ROUNDS='$(ROUNDS)' SECONDS_MAX='$(SECONDS_MAX)' SEED='$(SEED)' bash test/torture/run

analyze:
	@PG_CONFIG='$(PG_CONFIG)' bash test/analyze

indent:
	@bash test/indent

indent-check:
	@bash test/indent --check

typedefs:
	@bash test/typedefs

# Writes doc/reference.md anew from the comments in the database.
reference:
	@PG_CONFIG='$(PG_CONFIG)' bash test/reference

# DATA counts only on the command line (make demo DATA=file.csv): PGXS has a
# variable of that name, too.

demo:
	@PG_CONFIG='$(PG_CONFIG)' bash test/demo/run $(if $(filter command,$(origin DATA)),"$$DATA")

bench:
	@PG_CONFIG='$(PG_CONFIG)' bash test/bench/run

# Instructions of the inner loop against the recorded ones; RECORD=1 records.
bench-check:
	@PG_CONFIG='$(PG_CONFIG)' bash test/bench/check

# What the library adds to ordinary statements, in instructions.
bench-ordinary:
	@PG_CONFIG='$(PG_CONFIG)' bash test/bench/ordinary
