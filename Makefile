# Prêt à dépenser: every command a person needs. `make help` lists them.
SHELL := /bin/bash
.DEFAULT_GOAL := help
VENV := .venv
PYTHON := $(VENV)/bin/python
# The interpreter that makes the environment: the first that runs and is 3.11 or later.
PYTHON3 ?= $(shell for name in python3 python3.13 python3.12 python3.11; do \
	$$name -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 && echo $$name && break; done)
DATA ?=
OUT ?=
CLIENTS ?= 20000
SEED ?= 7
# As the settings are read: the environment, then a .env file, then the default.
from_file = $(shell sed -n 's/^$(1)=//p' .env 2>/dev/null | tail -n 1)
export PAD_HOME ?= $(or $(call from_file,PAD_HOME),var)
export PORT ?= $(or $(call from_file,PORT),8050)
# One OpenMP thread in the server: workers are forked after LightGBM is loaded.
SERVE := OMP_NUM_THREADS=1 $(VENV)/bin/gunicorn -c gunicorn.conf.py wsgi:server

.PHONY: help setup setup-dev run serve report test test-full check format bench mlflow lock browser clean

help:  ## list the commands
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 12

setup: $(VENV)/.runtime  ## make the environment (.venv)

setup-dev: $(VENV)/.development  ## the environment with the test tools

define install
	@$(if $(PYTHON3),,echo "Python 3.11 or later is needed: apt-get install python3 python3-venv" >&2; exit 1;) \
	test -x $(PYTHON) || { echo "making $(VENV) with $(PYTHON3)"; $(PYTHON3) -m venv $(VENV) || { rm -rf $(VENV); echo "The venv module is missing: apt-get install python3-venv" >&2; exit 1; }; }; \
	echo "installing $(1) (about 1.5 GB on disk)"; \
	if command -v uv >/dev/null 2>&1 && uv --version >/dev/null 2>&1; then uv pip install --quiet --python $(PYTHON) $(addprefix -r ,$(1)); \
	else $(PYTHON) -m pip install --quiet --disable-pip-version-check --require-hashes $(addprefix -r ,$(1)); fi
	@touch $@
endef

$(VENV)/.runtime: requirements.txt
	$(call install,requirements.txt)

$(VENV)/.development: requirements.txt requirements-dev.txt
	$(call install,requirements.txt requirements-dev.txt)
	@touch $(VENV)/.runtime

run: setup  ## set up, prepare what is missing, serve http://127.0.0.1:8050 (DATA=archive for real data)
	@echo "open http://127.0.0.1:$(PORT): it follows the preparation, then shows the files (Ctrl-C stops, make run goes on)"
	@$(PYTHON) -m training run $(DATA) --clients $(CLIENTS) --seed $(SEED) & line=$$!; \
	$(SERVE) & server=$$!; \
	trap 'kill $$line $$server 2>/dev/null; wait; exit 130' INT TERM; \
	while kill -0 $$line 2>/dev/null && kill -0 $$server 2>/dev/null; do sleep 0.5; done; \
	if ! kill -0 $$server 2>/dev/null; then kill $$line 2>/dev/null; wait $$server; exit $$?; fi; \
	wait $$line || { status=$$?; kill $$server 2>/dev/null; wait $$server; exit $$status; }; \
	wait $$server

serve: setup  ## serve what is prepared, as the Procfile does
	@exec $(SERVE)

report: setup  ## note, slides and model card of the champion, as PDF (OUT=folder)
	@$(PYTHON) -m training report $(if $(OUT),--out $(OUT))

browser: setup-dev
	@$(PYTHON) -m tests.browser.chromium

test: setup-dev browser  ## all tests, real browser included (PAD_SAMPLE=archive adds those on real data)
	@$(PYTHON) -m pytest -n 2 --dist loadgroup

test-full: setup-dev browser  ## the same with every page, theme, language and width
	@PAD_FULL=1 $(PYTHON) -m pytest -n 2 --dist loadgroup

check: setup-dev  ## format, lint, types
	@$(VENV)/bin/ruff format --check .
	@$(VENV)/bin/ruff check .
	@$(VENV)/bin/mypy

format: setup-dev  ## apply the format
	@$(VENV)/bin/ruff format .
	@$(VENV)/bin/ruff check --fix .

bench: setup-dev  ## the figures of docs/benchmarks.md (DATA=archive)
	@$(PYTHON) -m benchmarks $(DATA)

mlflow: setup  ## runs, metrics, figures and the model registry, on loopback
	@MLFLOW_DISABLE_TELEMETRY=true $(VENV)/bin/mlflow ui --host 127.0.0.1 --port 5000 --backend-store-uri sqlite:///$(abspath $(PAD_HOME))/mlflow/mlflow.db

lock:  ## compile the hashed locks from pyproject.toml (needs uv)
	uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes -q --custom-compile-command "make lock" -o requirements.txt
	uv pip compile --group dev --universal --python-version 3.11 -c requirements.txt --generate-hashes -q --custom-compile-command "make lock" -o requirements-dev.txt

clean:  ## remove the environment; data in PAD_HOME stays
	rm -rf $(VENV)
