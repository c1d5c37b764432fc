# Needs Python >= 3.11 and make, nothing else; everything lands in .venv and .optophone.
PYTHON ?= python3
BIN := .venv/bin
INSTALLED := .venv/.installed
IMAGE := optophone:0.1.0
# Compose asks for them also where it doesn't use them.
NO_SECRETS := POSTGRES_PASSWORD=- OPTOPHONE_DATABASE_PASSWORD=- MLFLOW_DATABASE_PASSWORD=- OPTOPHONE_API_TOKENS=-
# One clear sentence instead of the shell's or the client's.
NEED_DOCKER = @docker version >/dev/null 2>&1 || { echo "make $(firstword $(MAKECMDGOALS)) needs a running Docker engine, and none answers; install or start it" >&2; exit 1; }

.PHONY: demo test test-all test-browser test-stack test-model check format dev ui lock build run deploy stop clean

demo: $(INSTALLED)  ## read the example form with the local reader
	$(BIN)/optophone extract examples/registration_form.png --chat-model local --out out --highlight

test: $(INSTALLED)  ## the fast tests
	$(BIN)/python -m pytest -q

test-all: $(INSTALLED)  ## the slow ones too: servers, real documents
	$(BIN)/python -m pytest -q -m "not browser and not clean_env and not stack"

test-browser: $(INSTALLED)  ## the page in Chromium (Debian: apt-get install chromium)
	$(BIN)/python -m pytest -q -m browser

test-stack: $(INSTALLED)  ## service, MLflow's server and PostgreSQL as compose.yaml starts them (Debian: apt-get install postgresql)
	$(BIN)/python -m pytest -q -m stack

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
	$(BIN)/uv pip compile pyproject.toml --universal --python-version 3.11 --extra postgres --constraint requirements.lock \
		--generate-hashes --no-annotate --no-header --no-emit-index-url --output-file requirements.image.lock
	echo "hatchling>=1.27" | $(BIN)/uv pip compile - --universal --python-version 3.11 --generate-hashes \
		--no-annotate --no-header --no-emit-index-url --output-file requirements.build.lock

$(INSTALLED): requirements.lock pyproject.toml
	$(PYTHON) -c "import sys; sys.exit(sys.version_info < (3, 11) and 'Optophone needs Python 3.11 or newer; run make PYTHON=python3.11')"
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --editable .
	touch $@

build:  ## the image
	$(NEED_DOCKER)
	docker build --tag $(IMAGE) .

# On a container's address others could ask too, so the service wants a token there; it shows one where you set none.
run: build  ## one container with everything on SQLite, on http://127.0.0.1:8000
	@OPTOPHONE_API_TOKENS=$${OPTOPHONE_API_TOKENS:-me:review:$$(openssl rand -hex 32)}; export OPTOPHONE_API_TOKENS; \
	echo "http://127.0.0.1:8000, token $${OPTOPHONE_API_TOKENS##*:}  (Ctrl+C ends it; its volume stays)"; \
	docker run --rm --init --name optophone-run --publish 127.0.0.1:8000:8000 --env OPTOPHONE_API_TOKENS --env OPENAI_API_KEY \
		--env OPTOPHONE_REDACT_FIELDS --env OPTOPHONE_REDACT_PATTERNS \
		--volume optophone-run:/data --read-only --tmpfs /tmp --cap-drop ALL --security-opt no-new-privileges \
		--memory 4g --pids-limit 512 $(IMAGE)

deploy: build  ## the whole stack: service on 8000, MLflow on 5001, PostgreSQL (docs/deploy.md)
	docker compose up --detach --wait

stop:  ## end what run and deploy started; nothing is lost
	$(NEED_DOCKER)
	docker ps --quiet --filter name=^optophone-run$$ | xargs -r docker stop
	$(NO_SECRETS) docker compose stop

clean:  ## remove what was installed and stored here, with containers and image; volumes are kept
	rm -rf .venv .optophone out
	@if docker version >/dev/null 2>&1; then \
		$(NO_SECRETS) docker compose down && docker image rm --force $(IMAGE) && \
		docker volume ls --quiet --filter name=^optophone | \
			xargs -r echo "kept, for docker volume rm to delete for good:"; \
	fi
