# make demo: evaluate a few recorded samples from a fresh clone
# make test: all checks; installs what they need (as root, with apt)
# Another Python: make test PYTHON=/path/to/python

VENV := .venv
BIN := $(VENV)/bin

# The first that runs (a pyenv shim may not), is new enough and can make environments.
PYTHON ?= $(shell for python in python3.11 python3.12 python3.13 python3; do \
	"$$python" -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' \
		2> /dev/null && echo "$$python" && break; done)

.PHONY: demo test lint clean
.DELETE_ON_ERROR:

demo: $(VENV)/.installed
	.ci/sandbox demo $(BIN)/codeeval
	if [ -S /var/run/docker.sock ] || [ -n "$$DOCKER_HOST" ]; then \
		$(BIN)/codeeval sandbox build || [ $$? = 4 ]; fi
	$(BIN)/codeeval demo --output runs/demo

test: $(VENV)/.installed-dev
	.ci/sandbox test $(BIN)/codeeval
	$(MAKE) lint
	CODEEVAL_REQUIRE_ALL=1 $(BIN)/pytest -q -ra

lint: $(VENV)/.installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

clean:
	rm -rf $(VENV) build dist *.egg-info runs/demo .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(BIN)/python:
	@if [ -z "$(PYTHON)" ]; then \
		echo "no Python 3.11 or newer with the module venv on PATH; install one" \
			"(Debian: apt-get install python3 python3-venv)," \
			"or name it: make $(MAKECMDGOALS) PYTHON=/path/to/python" >&2; \
		exit 1; \
	fi
	"$(PYTHON)" -m venv $(VENV)

$(VENV)/.installed: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --editable .
	touch $@

$(VENV)/.installed-dev: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --editable '.[dev]'
	touch $(VENV)/.installed $@
