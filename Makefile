# Everything that a person or a machine does with this repository. Needs git, make and Python >= 3.11.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
PLUGINS := plugins/ansible[core] plugins/ldap plugins/notifiers plugins/oidc plugins/pulumi \
	plugins/shell plugins/terraform
STAMP := $(VENV)/.ready
# One more than there are processors: tests wait for programs, pages and disks during a third of their time.
WORKERS ?= $(shell $(PYTHON) -c 'import os; print((os.cpu_count() or 1) + 1)')

.PHONY: help setup run test pictures check fix assets clean

help:
	@echo "make run     set up and start the hub with a demo project on http://127.0.0.1:3000"
	@echo "make test    set up and run all tests"
	@echo "make pictures take pictures of pages on the ways that people go, into pictures/"
	@echo "make check   lint, formatting, types, import contracts"
	@echo "make fix     let the linter mend and format what it can"
	@echo "make assets  build scripts, styles and translations of the pages anew"
	@echo "make setup   prepare $(VENV) only"

setup: $(STAMP)

$(STAMP): pyproject.toml constraints.txt build_assets.py plugins/ansible/pyproject.toml plugins/ldap/pyproject.toml \
		plugins/notifiers/pyproject.toml plugins/oidc/pyproject.toml plugins/pulumi/pyproject.toml \
		plugins/shell/pyproject.toml plugins/terraform/pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit("The hub needs Python 3.11 or newer.") if sys.version_info < (3, 11) else None'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt \
		--editable '.[dev]' $(foreach plugin,$(PLUGINS),--editable '$(plugin)')
	touch $(STAMP)

run: setup
	HUB_DATA_DIR="$${HUB_DATA_DIR:-$(CURDIR)/data}" $(BIN)/hub serve --demo

test: setup assets
	$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal

pictures: setup assets
	HUB_PICTURES=$(CURDIR)/pictures $(BIN)/python -m pytest tests/e2e \
		-k "journey or first_run or browser_schedules or browser_find or browser_plan"

check: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

fix: setup
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

assets: setup
	$(BIN)/python build_assets.py

clean:
	rm -rf $(VENV) build dist hub/web/static/dist hub/web/assets/node_modules
