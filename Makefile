# Needs Python >= 3.11 and make, nothing else; everything lands in .venv and .optophone.
PYTHON ?= python3
BIN := .venv/bin
INSTALLED := .venv/.installed

.PHONY: demo test test-all test-browser test-model check format dev ui lock clean

demo: $(INSTALLED)  ## read the example form with the local reader
	$(BIN)/optophone extract examples/registration_form.png --chat-model local --out out --highlight

test: $(INSTALLED)  ## the fast tests
	$(BIN)/python -m pytest -q

test-all: $(INSTALLED)  ## the slow ones too: servers, real documents
	$(BIN)/python -m pytest -q -m "not browser and not clean_env"

test-browser: $(INSTALLED)  ## the page in Chromium (Debian: apt-get install chromium)
	$(BIN)/python -m pytest -q -m browser

test-model: $(INSTALLED)  ## the registered model in an environment of its own (installs some 140 packages)
	$(BIN)/python -m pytest -q -m clean_env

check: $(INSTALLED)  ## style, types, and who may import whom
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(INSTALLED)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

dev: $(INSTALLED)  ## serve the graph on http://127.0.0.1:2024
	$(BIN)/langgraph dev --no-browser --no-reload --n-jobs-per-worker 10

ui: $(INSTALLED)  ## MLflow's pages on http://127.0.0.1:5000
	$(BIN)/optophone ui

lock: $(INSTALLED)  ## renew requirements.lock from pyproject.toml
	$(BIN)/pip install --quiet uv
	$(BIN)/uv pip compile pyproject.toml --universal --python-version 3.11 --all-extras --generate-hashes \
		--no-annotate --no-header --no-emit-index-url --output-file requirements.lock

$(INSTALLED): requirements.lock pyproject.toml
	$(PYTHON) -c "import sys; sys.exit(sys.version_info < (3, 11) and 'Optophone needs Python 3.11 or newer; run make PYTHON=python3.11')"
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --editable .
	touch $@

clean:  ## remove what was installed and what was stored
	rm -rf .venv .optophone out
