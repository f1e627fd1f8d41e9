# Needs Python 3.11, 3.12 or 3.13, make and git; each target sets up .venv by itself, once.
#   make demo       the whole flow on an emulated account, with reports to open
#   make test       everything that is promised, tried
#   make lab        JupyterLab on copies of the notebooks, in my-notebooks
#   make lint       ruff and mypy
#   make notebooks  execute and normalise the committed notebooks
#   make soak       long proofs: kills, faults, a model, a large account at Lever's own limit; an hour and a quarter.
#                   A tenth of each: make soak SCALE=0.1. One pair of kills again: make soak REPLAY=SEED
#   make teeth      plant bugs, and name the test that catches each
#   make contract   the emulator against its own OpenAPI description, with schemathesis
#   make coverage   which lines and branches the tests reach, against what is promised
#   make browser    an analyst's path in a real JupyterLab, and axe over the reports; needs Chromium
#   make bench      how long things take here
#   make copies     copies made by dlt, tap-lever and Airbyte's connector, and in PostgreSQL, against a real pull
#   make airflow    the DAG files for many accounts in a real Airflow, installed into .venv-airflow (800 MB)
#   make wheel      sdist and wheel in empty environments, with each extra
#   make measure    how right the suggestions are, on accounts whose truth is known

SHELL := /bin/bash
BIN := .venv/bin
READY := .venv/.ready
SCALE := 1
AS_ROOT = $(if $(filter 0,$(shell id -u)),--allow-root)
PYTHONS := $(or $(PYTHON),python3.12 python3.13 python3.11 python3 python)
USABLE := import ensurepip, sys, venv; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))
export PIP_DISABLE_PIP_VERSION_CHECK := 1
# Each command and kernel that a test starts would compile the whole package again.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo test lab lint notebooks soak teeth coverage contract browser bench measure wheel copies airflow parity
.DEFAULT_GOAL := demo

demo: $(READY)
	$(BIN)/leverkit demo -o demo-output

# Three workers for two cores: a third of the time they wait for answers.
test: $(READY)
	$(BIN)/pytest -n 3 --dist loadfile --no-loadscope-reorder -m "not soak and not browser and not airflow" -rfEs \
	  --nbval-lax --nbval-current-env --nbval-cell-timeout=120 --nbval-sanitize-with tests/nbval-sanitize.cfg \
	  --ignore=tests/samples tests notebooks

# Copies, as JupyterLab saves what it opens; a folder that is there stays as it is. In a container, root may run it.
lab: $(READY)
	test -d my-notebooks || $(BIN)/leverkit notebooks my-notebooks
	$(BIN)/jupyter lab --notebook-dir=my-notebooks $(AS_ROOT)

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/mypy --strict tests/contract/api.py

notebooks: $(READY)
	PYTHONPATH=tests $(BIN)/python -m refresh_notebooks

parity: $(READY)
	PYTHONPATH=tests $(BIN)/python -m support.parity

soak: $(READY)
	SCALE=$(SCALE) REPLAY=$(REPLAY) $(BIN)/pytest -n 3 --dist worksteal -m soak -rfEsP --show-capture=stdout --timeout=7200 tests

teeth: $(READY)
	PYTHONPATH=tests $(BIN)/python -m soak.mutation_check

contract: $(READY)
	$(BIN)/python -m pip install --quiet -c constraints.txt -e '.[contract]'
	PYTHONPATH=tests $(BIN)/python -m emulator.schemathesis_run

coverage: $(READY)
	$(BIN)/pytest -n 2 --dist loadfile --no-loadscope-reorder -m "not soak and not browser and not airflow" --ignore=tests/samples \
	  --cov=leverkit --cov-branch --cov-report= tests
	PYTHONPATH=tests $(BIN)/python -m soak.coverage_check

browser: $(READY)
	$(BIN)/python -m pip install --quiet -c constraints.txt -e '.[browser]'
	$(BIN)/pytest -m browser -rs tests/browser/test_browser.py tests/browser/test_axe.py

airflow: $(READY)
	test -e .venv-airflow/.ready || { $(BIN)/python -m venv .venv-airflow && \
	  .venv-airflow/bin/python -m pip install --quiet -e '.[notebooks,airflow]' && touch .venv-airflow/.ready; }
	AIRFLOW_PYTHON=$(CURDIR)/.venv-airflow/bin/python $(BIN)/pytest -m airflow -rs tests/engines

bench: $(READY)
	$(BIN)/python -m pip install --quiet -c constraints.txt -e '.[bench]'
	PYTHONPATH=tests $(BIN)/python -m bench.bench_start
	PYTHONPATH=tests $(BIN)/python -m bench.bench_client
	PYTHONPATH=tests $(BIN)/python -m bench.bench_flow
	PYTHONPATH=tests $(BIN)/python -m bench.bench_pull
	PYTHONPATH=tests $(BIN)/python -m bench.bench_audit
	PYTHONPATH=tests $(BIN)/python -m bench.bench_ledger
	PYTHONPATH=tests $(BIN)/python -m bench.bench_scale

copies: $(READY)
	$(BIN)/python -m pip install --quiet -c constraints.txt -e '.[dlt,postgresql,tls]'
	$(BIN)/pytest -rsP --show-capture=stdout --timeout=1200 tests/copies/check_dlt.py tests/copies/check_postgresql.py \
	  tests/copies/check_tools.py

wheel: $(READY)
	PYTHONPATH=tests $(BIN)/python -m soak.wheel_check

measure: $(READY)
	PYTHONPATH=tests $(BIN)/python -m quality.measure

$(READY): pyproject.toml constraints.txt
	@if test -e $(BIN)/python || test -L $(BIN)/python; then \
	  $(BIN)/python -c "$(USABLE)" 2>/dev/null || { \
	    echo "The Python in .venv is not 3.11 to 3.13, or is gone. Remove it and try again: rm -r .venv" >&2; exit 1; }; \
	else \
	  for python in $(PYTHONS); do \
	    "$$python" -c "$(USABLE)" 2>/dev/null && found=$$python && break; \
	  done; \
	  if [ -z "$$found" ]; then \
	    echo "No Python 3.11 to 3.13 with venv among: $(PYTHONS). Say where it is: make PYTHON=/path/to/python3.12" >&2; exit 1; \
	  fi; \
	  echo "Setting up .venv with $$found ($$("$$found" --version)): 1 to 2 minutes, once." >&2; \
	  "$$found" -m venv .venv; \
	fi
	@$(BIN)/python -m pip install --quiet -c constraints.txt -e '.[dev,scan]'
	@touch $@
