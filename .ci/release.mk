# make release-check: wheel and source distribution in dist/ with a bill of materials, and whether they could be uploaded.
# Variables that have no value here have it in the Makefile.

TOOLS := .venv/release
# Environments of the wheel, which tests/system/release/test_installed.py looks at.
WHEELS := .venv/wheel
EXTRAS := [c2pa,check,local]
# See .ci/make-venv.
export UV_SYSTEM_CERTS ?= true

INSTALLED := installed-newest installed-whole installed-oldest installed-lowest

.PHONY: release-check dist $(INSTALLED)

# With -j the environments are made side by side.
release-check: $(INSTALLED) $(TOOLS)/ready
	SOURCE_DATE_EPOCH=$$(git log -1 --format=%ct) $(TOOLS)/bin/python .ci/sbom.py $(WHEELS)-newest/bin/python dist
	$(BIN)/pytest tests/system/release
	cd dist && sha256sum *

# The time of all files is that of the commit, so that anybody can make the same bytes from it.
dist: $(READY)
	rm -rf dist
	SOURCE_DATE_EPOCH=$$(git log -1 --format=%ct) $(BIN)/uv build --quiet --no-create-gitignore \
	  --build-constraints .ci/constraints/release.txt --out-dir dist

# As somebody has it who had nothing: the newest Airflow with the packages of today, without extras and with all of them,
# the oldest Airflow with the packages of its release, and the lowest versions that are allowed.
installed-newest: dist
	$(call install,newest,$(PYTHON),,apache-airflow==$(AIRFLOW))

installed-whole: dist
	$(call install,whole,$(PYTHON),$(EXTRAS),apache-airflow==$(AIRFLOW))

installed-oldest: dist
	$(call install,oldest,$$(sh .ci/find-python $(RELEASE)),,apache-airflow==$(RELEASE) $(AS_OF_RELEASE))

installed-lowest: dist
	$(BIN)/$(LOWEST) --all-extras --output-file .venv/wheel-pins.txt
	$(call install,lowest,$$(sh .ci/find-python $(RELEASE)),$(EXTRAS),--constraint .venv/wheel-pins.txt)

# install NAME,PYTHON,EXTRAS,ARGUMENTS of "uv pip install"
define install
rm -rf $(WHEELS)-$(1)
	$(BIN)/uv venv --quiet --python "$(2)" $(WHEELS)-$(1)
	$(BIN)/uv pip install --quiet --compile-bytecode --python $(WHEELS)-$(1)/bin/python "$$(echo dist/*.whl)"'$(3)' $(4)
endef

$(TOOLS)/ready: .ci/constraints/release.txt $(READY)
	rm -rf $(TOOLS)
	$(BIN)/uv venv --quiet --python "$(PYTHON)" $(TOOLS)
	$(BIN)/uv pip install --quiet --python $(TOOLS)/bin/python --constraint .ci/constraints/release.txt --group release
	touch $@
