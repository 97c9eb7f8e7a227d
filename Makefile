# make demo       an example DAG on the local service, pictures in demo-output/
# make airflow    the same with Airflow's web page, until Ctrl-C
# make test       set-up, lint, types, all tests
# make test-old   imports and the tests of the wire beside the dependencies of a release, and the lowest allowed ones
# make test-whole  the tests with all of their cases
# make test-distributed  a Celery cluster of which parts are killed, with many more pictures than make test has
# make test-matrix  what depends on Airflow, on each version of it and of Python in .ci/matrix; test-matrix-small and
#                 test-matrix-least: less of it
# make test-next  the same on the next Airflow, where the index has one
# make test-crashes  SIGKILL at random moments, with many more lives than make test has time for
# make docs       the site of docs/, into docs/_build/html
# make bench      the figures that the site quotes
# make release-check  what could be uploaded, in dist/, and whether it could: see docs/releasing.md
# AIRFLOW=2.11.2  any of them on the oldest supported Airflow
# TESTS=...       only these folders or files of tests

AIRFLOW ?= 3.3.2
TESTS ?= tests
DAG ?= mps_bg_fusion_download
# An empty environment has no search path either; a shell has a default, but what it starts does not.
export PATH ?= /usr/local/bin:/usr/bin:/bin
# Python: the first one found that this Airflow runs on.
PYTHON ?= $(shell /bin/sh .ci/find-python $(AIRFLOW))

VENV := .venv/airflow-$(AIRFLOW)
BIN := $(VENV)/bin
CONSTRAINTS := .ci/constraints/airflow-$(AIRFLOW).txt
READY := $(VENV)/ready
HOME_DIR := .airflow/$(AIRFLOW)

# common-compat is typed against Airflow 3; on Airflow 2 its classes are of type Any, and its universal_pathlib has no types.
MYPY_FLAGS := $(if $(filter 2.%,$(AIRFLOW)),--allow-subclassing-any --allow-untyped-decorators --allow-untyped-calls \
  --no-warn-unused-ignores --ignore-missing-imports --disable-error-code attr-defined --disable-error-code import-untyped)

# Airflow 3.1 and newer shows pages of this package; a cluster, and the site, are made beside the newest.
GROUPS := $(if $(filter 2.%,$(AIRFLOW)),,--group browser) $(if $(filter 3.3.%,$(AIRFLOW)),--group cluster --group docs)

# What a release of Airflow was installed with on a day soon after it; only the vendor's SDK is newer than that.
RELEASE := 2.11.2
RELEASE_DAY := 2026-04-01
SDK_DAY := 2026-11-01
NEWER_SDK := --exclude-newer-package tencentcloud-sdk-python-common=$(SDK_DAY) \
  --exclude-newer-package tencentcloud-sdk-python-mps=$(SDK_DAY)
AS_OF_RELEASE := --exclude-newer $(RELEASE_DAY) $(NEWER_SDK)
# The lowest versions that pyproject.toml allows; what they need is as new as can be.
LOWEST := uv pip compile --quiet --python-version 3.11 --no-header --no-annotate --no-emit-index-url \
  --resolution lowest-direct pyproject.toml
# What depends on the versions of other packages, and not only on Airflow's.
OLD_TESTS := tests/test_imports.py tests/triggers tests/hooks/test_mps_hook.py

# What starts whole Airflows, and what does not.
SYSTEM := $(if $(filter tests,$(TESTS)),tests/system,$(filter tests/system%,$(TESTS)))
OTHERS := $(if $(filter tests,$(TESTS)),tests --ignore=tests/system,$(filter-out tests/system%,$(TESTS)))

# Each of the many processes that tests start would compile all anew.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: demo airflow test test-whole test-distributed test-crashes test-old test-released test-lowest lint types tests docs bench constraints clean

demo: $(READY)
	$(BIN)/python -m airflow_provider_mps.local.demo --dag $(DAG) --home $(HOME_DIR)

airflow: $(READY)
	$(BIN)/python -m airflow_provider_mps.local.demo --ui --home $(HOME_DIR)

ready: $(READY)

test: lint types tests

lint: $(READY)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/codespell

types: $(READY)
	$(BIN)/mypy $(MYPY_FLAGS)

# What reads the source alone finds the same beside any version.
BESIDE := not alone and not release$(if $(filter 2.%,$(AIRFLOW)), and not source)

# First what starts whole Airflows, then what mostly waits for answers, then what wants the machine for itself. Each
# process of pytest reads all of the tests that it may run, so none gets those of another kind.
tests: $(READY)
	$(if $(SYSTEM),$(BIN)/pytest -n 3 --dist loadfile --no-loadscope-reorder -m "$(BESIDE)" $(SYSTEM))
	$(if $(OTHERS),$(BIN)/pytest -n 6 --dist worksteal -m "$(BESIDE)" $(OTHERS))
	$(if $(SYSTEM),$(BIN)/pytest -m alone $(SYSTEM))

test-old: test-released test-lowest

test-released: .venv/released/ready
	.venv/released/bin/pytest -n 8 --dist worksteal -m "not alone and not source" $(OLD_TESTS)

test-lowest: .venv/lowest/ready
	.venv/lowest/bin/pytest -n 8 --dist worksteal -m "not alone and not source" $(OLD_TESTS)

.PHONY: ready environments test-airflow test-matrix test-matrix-least test-matrix-small test-next

# MATRIX=... only these versions of Airflow
TEST_MATRIX = UV=$(BIN)/uv NEWER_SDK="$(NEWER_SDK)" sh .ci/test-matrix

test-matrix: $(READY)
	$(TEST_MATRIX) whole $(MATRIX)

test-matrix-least test-matrix-small: test-matrix-%: $(READY)
	$(TEST_MATRIX) $* $(MATRIX)

# All environments but that of $(AIRFLOW), for whoever has other things to do meanwhile.
environments: $(READY) .venv/released/ready
	$(MAKE) AIRFLOW=$(RELEASE) .venv/airflow-$(RELEASE)/ready
	$(TEST_MATRIX) none $(MATRIX)

# The same on $(AIRFLOW) alone, in its own environment.
test-airflow: $(READY)
	sh .ci/run-airflow-tests whole .venv/airflow-$(AIRFLOW)

test-next: $(READY)
	UV=$(BIN)/uv sh .ci/test-next

# Of tests that wait for a service "make test" runs the first case and the last, and fewer examples are drawn by lot.
test-whole: $(READY)
	MPS_TEST_WHOLE=1 $(MAKE) tests

# 200 pictures one by one and 500 in a batch, on a cluster that loses parts; "make test" has the same with fewer.
test-distributed: $(READY)
	MPS_TEST_CLUSTER_MAPPED=200 MPS_TEST_CLUSTER_BATCH=500 $(BIN)/pytest tests/system/test_cluster.py

test-crashes: $(READY)
	MPS_TEST_WHOLE=1 MPS_TEST_LIVES=20 $(BIN)/pytest -n 4 --dist worksteal $(wildcard tests/operators/test_*crashes.py)

.venv/released/ready: pyproject.toml .ci/make-venv Makefile
	mkdir -p .venv
	echo "apache-airflow==$(RELEASE)" > .venv/release-pin.txt
	sh .ci/make-venv "$$(sh .ci/find-python $(RELEASE))" .venv/released .venv/release-pin.txt $(AS_OF_RELEASE)
	touch $@

# The test tools are not part of what is tested: they are the newest that go with it.
.venv/lowest/ready: pyproject.toml .ci/make-venv $(READY)
	$(BIN)/$(LOWEST) --extra local --output-file .venv/lowest-pins.txt
	sh .ci/make-venv "$$(sh .ci/find-python $(RELEASE))" .venv/lowest .venv/lowest-pins.txt
	touch $@

# A warning is an error, and a name that leads nowhere is a warning.
docs: $(READY)
	$(BIN)/python -W ignore -m sphinx -b html -n -W --keep-going -q docs docs/_build/html

# The peers are official providers; what they need does not go with the exact versions of the other environments.
bench: .venv/bench/ready
	.venv/bench/bin/python -m benchmarks

.venv/bench/ready: pyproject.toml .ci/make-venv
	mkdir -p .venv
	echo "apache-airflow==$(AIRFLOW)" > .venv/bench-pin.txt
	sh .ci/make-venv "$(PYTHON)" .venv/bench .venv/bench-pin.txt --group browser apache-airflow-providers-dbt-cloud \
	  apache-airflow-providers-amazon apache-airflow-providers-databricks
	touch $@

include .ci/release.mk

$(READY): pyproject.toml airflow_provider_mps/__init__.py $(CONSTRAINTS) .ci/make-venv
	sh .ci/make-venv "$(PYTHON)" $(VENV) $(CONSTRAINTS) $(GROUPS)
	touch $@

# After a change of the dependencies, for each supported Airflow: make constraints AIRFLOW=...
constraints: $(READY)
	echo "apache-airflow==$(AIRFLOW)" > $(VENV)/pin.txt
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --no-header --no-annotate --no-emit-index-url \
	  --upgrade pyproject.toml --extra local --group dev $(GROUPS) --constraint $(VENV)/pin.txt --output-file $(CONSTRAINTS)
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --no-header --no-annotate --no-emit-index-url \
	  --upgrade --group release --output-file .ci/constraints/release.txt

clean:
	rm -rf .venv .airflow demo-output dist docs/_build .pytest_cache .mypy_cache .ruff_cache .hypothesis
