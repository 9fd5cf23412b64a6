# make run, make test: see README.md. Without make, its section on pip has the same steps.
PYTHON ?= python3
BIN := .venv/bin
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: run test test-all lab outputs clean

run: .venv/ready
	$(BIN)/python notebooks/run.py

test: .venv/ready
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/python -m pytest
	$(BIN)/python notebooks/check.py

test-all: test
	mkdir -p build/empty-home
	env -u DIGITLIB_DATA -u XDG_CACHE_HOME HOME=$(CURDIR)/build/empty-home DIGITLIB_OFFLINE=1 $(BIN)/python notebooks/check.py

lab: .venv/ready
	$(BIN)/jupyter lab notebooks

outputs: .venv/ready
	$(BIN)/python notebooks/run.py --outputs

clean:
	rm -rf build .venv .pytest_cache .ruff_cache

.venv/ready: pyproject.toml requirements.txt
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' || { \
	  echo "digitlib needs Python 3.11 to 3.13, and $(PYTHON) is not that; name one: make PYTHON=python3.12 $(or $(MAKECMDGOALS),run)" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
	  echo "$(PYTHON) has no venv module; on Debian or Ubuntu: sudo apt-get install python3-venv" >&2; exit 1; }
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install -q -r requirements.txt
	@touch $@
