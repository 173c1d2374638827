# Two commands are all a newcomer needs:  make demo   and   make test
# They want git, make and Python 3.11 or newer; all else is put into .venv and .cache of this checkout.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory

# What an active environment sets must not leak into ours.
unexport VIRTUAL_ENV PYTHONPATH PYTHONHOME PYTHONSTARTUP CONDA_PREFIX PIP_TARGET PIP_PREFIX PIP_USER
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PLAYWRIGHT_BROWSERS_PATH := $(CURDIR)/.cache/browsers
export PYTHONDONTWRITEBYTECODE :=

VENV := .venv
PY := $(VENV)/bin/python
STAMPS := $(VENV)/.stamps
PYTEST := $(PY) -m pytest

.PHONY: help demo test check js bench benchall colab matrix browser pictures docs wheel clean

help: ## this list
	@grep -hE '^[a-z]+:.*## ' Makefile | sed -E 's/:[^#]*## /\t/' | expand -t 12

demo: $(STAMPS)/demo ## JupyterLab on the quickstart (HEADLESS=1: run it here and print what lands)
	@$(PY) tools/demo.py $(if $(filter-out 0,$(HEADLESS)),--headless)

test: check js browser colab ## everything: style, types, layers, JavaScript, Python, real browser
	@$(PYTEST) -n 2 --dist loadfile $(ARGS)

check: $(STAMPS)/dev ## style, types and layers of the Python code
	@echo "== ruff, mypy, import-linter"
	@$(PY) -m ruff check .
	@$(PY) -m ruff format --check . || { echo "'$(PY) -m ruff format .' puts this right"; exit 1; }
	@$(PY) -m mypy
	@$(VENV)/bin/lint-imports --no-cache
	@wc -l $$(find batchata_nb -name '*.py') | awk '$$2 != "total" && $$1 > 300 {print "over 300 lines, two modules in one? " $$2 ": " $$1}'

js: $(STAMPS)/js ## the widgets' JavaScript: types, tests, and whether the bundle is what the sources build
	@echo "== JavaScript: types, tests, bundle"
	@$(PY) tools/npm.py run --silent check
	@$(PY) tools/npm.py run --silent test

browser: $(STAMPS)/dev ## find a Chromium, or install one; and an old kernel to drive
	@$(PY) tools/chromium.py --install
	@$(PY) tools/old_kernel.py

colab: $(STAMPS)/dev ## the tests that must pass with Colab's versions, where there is a Python 3.13
	@$(PY) tools/colab.py

matrix: $(STAMPS)/dev ## the tests but for the browser under each other Python from 3.11 to 3.14 that is here
	@$(PY) tools/matrix.py $(ARGS)

bench: $(STAMPS)/dev ## scale and speed beside the raw SDK and batchata, in 15 minutes (JSON=FILE keeps the numbers)
	@$(PY) benchmarks/scale $(if $(JSON),--json "$(JSON)") $(ARGS)

benchall: bench ## all other measurements too that README and CHANGELOG rest on; takes much longer
	@for script in benchmarks/*.py; do echo "== $$script"; $(PY) "$$script"; done

pictures: browser ## README's pictures, taken anew in JupyterLab
	@$(PYTEST) tests/e2e/test_browser.py -k 'lab and (live or place)'
	@$(PY) tools/pictures.py

docs: $(STAMPS)/dev ## the documentation site, into site/ (SERVE=1: shown here, and built anew when a page changes)
	@NO_MKDOCS_2_WARNING=1 $(PY) -m mkdocs $(if $(filter-out 0,$(SERVE)),serve,build) --strict
	@echo "site/index.html is the first page; the search needs a server: $(PY) -m http.server -d site"

wheel: $(STAMPS)/dev ## build the wheel, the source package and the kit for Colab into dist/
	@$(PY) -m build
	@$(PY) tools/colab_kit.py

clean: ## remove what make has put here; the user's state files stay
	@rm -rf $(VENV) .cache dist build site test-results js/node_modules

$(PY):
	@python=$$(bash tools/find-python) || { echo "Python 3.11 or newer is needed (PYTHON=/path/to/python says which)"; exit 1; }; \
	echo "== $(VENV), with $$("$$python" --version)"; \
	"$$python" -m venv $(VENV) || { rm -rf $(VENV); echo "no venv could be made; on Debian: apt-get install python3-venv"; exit 1; }

$(STAMPS)/demo: pyproject.toml | $(PY)
	@echo "== installing batchata_nb and JupyterLab"
	@$(PY) -m pip install --quiet -e '.[demo]'
	@mkdir -p $(STAMPS) && touch $@

$(STAMPS)/dev: pyproject.toml | $(PY)
	@echo "== installing batchata_nb and all that its tests need"
	@$(PY) -m pip install --quiet -e '.[dev]'
	@mkdir -p $(STAMPS) && touch $@ $(STAMPS)/demo

$(STAMPS)/js: $(STAMPS)/dev js/package.json
	@echo "== npm install"
	@$(PY) tools/npm.py install --no-audit --no-fund
	@touch $@
