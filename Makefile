# Each target sets up all it needs, in a virtual environment of its own, once.
#   make demo    verify +99012345678, offline, and print each step
#   make test    the tests, on SQLite and on every database server that answers
#   make serve   the demo site on http://localhost:3000 (PORT= for another port)
#   make bench   the benchmarks          make lint   style and types
#   make messages  collect the sentences to translate, compile the translations (gettext)
#   make clean   remove what the others made
# PYTHON= picks the interpreter (3.11 or newer), VENV= the environment.

VENV ?= .venv
PORT ?= 3000
PYTHON ?=
PHONE ?= +99012345678
ARGS ?=

PY := $(VENV)/bin/python
PIP := $(PY) -m pip --disable-pip-version-check -qq
INSTALL := $(PIP) install --no-compile
STAMPS := $(VENV)/.numverify
IS_RECENT := import sys; sys.exit(sys.version_info < (3, 11))

.PHONY: demo test serve bench lint messages clean

demo: $(STAMPS)/demo
	@$(PY) manage.py verify_number $(PHONE) -v 2

serve: $(STAMPS)/demo
	@$(PY) manage.py serve --port $(PORT)

test: $(STAMPS)/test
	@$(PY) -m tests.run $(ARGS)

bench: $(STAMPS)/test
	@$(PY) -m bench $(ARGS)

lint: $(STAMPS)/dev
	@$(PY) -m ruff check .
	@$(PY) -m ruff format --check .
	@$(PY) -m mypy

# Files without line numbers: a diff then shows sentences, not where they moved to. -P:
# some modules here have the names of Python's own.
messages: $(STAMPS)/test
	@cd numverify && $(abspath $(PY)) -P -m django makemessages --locale de --locale es \
	    --add-location file --no-obsolete
	@cd numverify && $(abspath $(PY)) -P -m django compilemessages

clean:
	rm -rf $(VENV) .ci-cache .demo .mypy_cache .ruff_cache .pytest_cache .coverage* htmlcov
	find . -name __pycache__ -type d -not -path './.venv*' -prune -exec rm -rf {} +

# One stamp for each dependency group: a second run finds it and installs nothing.
$(STAMPS)/%: pyproject.toml | $(STAMPS)/pip
	@echo "Installing what 'make $*' needs into $(VENV) ..."
	@$(INSTALL) --editable . --group $*
	@touch $@

# Drivers are compiled where there are no wheels: only for servers that are there, and
# not a reason to fail; the browser's driver only where there is the browser. The tests
# say what they therefore skip.
$(STAMPS)/test: pyproject.toml | $(STAMPS)/pip
	@echo "Installing what the tests need into $(VENV) ..."
	@$(INSTALL) --editable . --group test
	@if $(PY) -m tests.databases; then \
	    $(INSTALL) --group databases 2>/dev/null \
	    || $(INSTALL) 'psycopg[binary]' \
	    || true; \
	fi
	@if command -v chromium >/dev/null; then $(INSTALL) --group browser; fi
	@touch $@

# Dependency groups need pip 25.1. An environment that uv made has no pip at all.
$(STAMPS)/pip: | $(VENV)/pyvenv.cfg
	@$(PY) -c '$(IS_RECENT)' || { echo "$(VENV) has a Python older than 3.11: remove it, or set VENV=." >&2; exit 1; }
	@$(PY) -m pip --version >/dev/null 2>&1 || $(PY) -m ensurepip >/dev/null
	@$(PY) -c 'import sys; from importlib.metadata import version as v; \
	    sys.exit(tuple(map(int, v("pip").split(".")[:2])) < (25, 1))' \
	    || $(INSTALL) --upgrade 'pip>=25.1'
	@mkdir -p $(STAMPS)
	@touch $@

$(VENV)/pyvenv.cfg:
	@for python in $(or $(PYTHON),python3 python3.14 python3.13 python3.12 python3.11); do \
	    if "$$python" -c '$(IS_RECENT)' >/dev/null 2>&1; then \
	        echo "Making $(VENV) with $$("$$python" --version) ..."; \
	        "$$python" -m venv $(VENV) || { rm -rf $(VENV); exit 1; }; \
	        exit 0; \
	    fi; \
	done; \
	echo "No Python 3.11 or newer found$(if $(PYTHON), as $(PYTHON)). Install one, or set PYTHON=/path/to/python3." >&2; \
	exit 1
