# Two targets for a fresh clone: `make demo` shows what tokcost does, `make test` checks it.
# `make matrix` tests on every supported Python that is installed (PYTHONS="3.12 3.13" for some of them).
# `make slow` tests with real hook managers, for which it needs npm and the registries, a simulated year, and all hooks in
# all ways (with an editor open, in a linked worktree, behind another manager).
# `make engines` tests datasets on a real PostgreSQL and a real Spark, which it needs with Java 17.
# `make vscode` checks, tests and packages the extension for VS Code; it needs Node.js 20 and npm.
# `make assistants` tests with real AI assistants from npm and PyPI (3 GB), `make newest` with the newest versions of those
# from npm; `make recorded` records anew what they leave in the scenarios, for `make test` (tests/recorded).
# `make focus` validates exports with the official FOCUS validator (630 MB, Python 3.12 or later).
# `make docs` builds the pages of docs/ as a site and fails on a link that leads nowhere.
# `make editors` tests that package in a real VS Code, `make pictures` takes the README's pictures there.
# Needs Python 3.11 or later, git and make; everything else goes into .venv.

# The first that is new enough; otherwise python3, and the rule below says what is wrong with it.
CAN_RUN = -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null
PYTHON ?= $(shell for one in python3 python3.14 python3.13 python3.12 python3.11; do \
  $$one $(CAN_RUN) && echo $$one && exit; done; echo python3)
VENV := .venv
BIN := $(VENV)/bin
PYTHONS := 3.11 3.12 3.13 3.14

# What is compiled once is read by all processes of a test run, also where the shell tells Python not to keep it: each of
# them would compile 400 files anew.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo test matrix slow engines assistants newest editors pictures check vscode fix clean recorded focus docs

demo: $(VENV)/installed
	@$(BIN)/tokcost demo

test: $(VENV)/tools
	$(BIN)/python -m pytest -q -n auto --dist worksteal $(AGAIN)

matrix:
	@MAKE="$(MAKE)" sh .ci/matrix.sh $(PYTHONS)

slow: $(VENV)/tools
	$(BIN)/python -m pytest -q -n auto --dist worksteal -m slow $(AGAIN)

engines: $(VENV)/engines
	$(BIN)/python -m pytest -q -m engines $(AGAIN)

editors: $(VENV)/editors vscode-client/tokcost.vsix
	$(BIN)/python -m pytest -q -n 2 -m editor $(AGAIN)

focus: $(VENV)/tools
	@sh .ci/focus.sh $(BIN)/python

assistants: $(VENV)/assistants/installed $(VENV)/aider/installed
	$(BIN)/python -m pytest -q -n 2 -m assistants $(AGAIN)

newest: $(VENV)/tools
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --requirement requirements/assistants.txt
	tests/real_assistants/install.sh --newest
	$(BIN)/python -m pytest -q -n 2 -m assistants

recorded: $(VENV)/assistants/installed
	PYTHONPATH=tests $(BIN)/python -m real_assistants.record

pictures: $(VENV)/editors vscode-client/tokcost.vsix
	PYTHONPATH=lsp_server:hooks:tests $(BIN)/python -P -m editors.pictures

check: $(VENV)/tools
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright --pythonpath $(BIN)/python
	$(BIN)/lint-imports

vscode: $(VENV)/tools
	cd vscode-client && npm ci --no-progress --loglevel=error && npm run --silent check && npm test && npm run --silent package

docs: .venv-docs/installed
	.venv-docs/bin/mkdocs build --strict --quiet

fix: $(VENV)/tools
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean:
	rm -rf .venv .venv-*

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit("tokcost needs Python 3.11 or later; this is " + sys.version.split()[0] + ". Say make PYTHON=python3.12, for example." if sys.version_info < (3, 11) else 0)'
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); echo "The venv module is missing; on Debian and Ubuntu: apt install python3-venv"; exit 1; }

$(VENV)/installed: $(VENV)/bin/python requirements/run.txt pyproject.toml
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --requirement requirements/run.txt --editable .
	@touch $@

$(VENV)/tools: $(VENV)/installed requirements/dev.txt requirements/html.txt requirements/zstd.txt requirements/otlp.txt requirements/parquet.txt requirements/dataset.txt requirements/ibis.txt requirements/exports.txt requirements/estimate.txt requirements/reconcile.txt requirements/build.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --requirement requirements/dev.txt
	@touch $@

$(VENV)/engines: $(VENV)/tools requirements/engines.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --requirement requirements/engines.txt
	@touch $@

$(VENV)/editors: $(VENV)/tools requirements/editors.txt tests/editors/install.sh tests/editors/code-server/package-lock.json
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --requirement requirements/editors.txt
	tests/editors/install.sh
	@touch $@

$(VENV)/assistants/installed: $(VENV)/tools requirements/assistants.txt $(shell git ls-files tests/real_assistants/npm tests/real_assistants/install.sh 2>/dev/null)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --requirement requirements/assistants.txt
	tests/real_assistants/install.sh
	@touch $@

$(VENV)/aider/installed: $(VENV)/tools requirements/aider.txt tests/real_assistants/install_aider.sh
	tests/real_assistants/install_aider.sh
	@touch $@

# Of its own, since MkDocs and the tests pin some packages each for themselves.
.venv-docs/installed: $(VENV)/bin/python requirements/docs.txt
	@$(BIN)/python -m venv .venv-docs
	@.venv-docs/bin/python -m pip install --quiet --disable-pip-version-check --requirement requirements/docs.txt
	@touch $@

vscode-client/tokcost.vsix: $(VENV)/installed $(shell git ls-files vscode-client lsp_server hooks 2>/dev/null)
	cd vscode-client && npm ci --silent && npm run --silent package
