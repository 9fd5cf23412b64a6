# What each target is for: .github/CONTRIBUTING.md, which also has the same steps without make.
PYTHON ?= python3
BIN := .venv/bin
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: run test types test-all test-oldest browser-test test-jupyter3 lab app site outputs lock audit clean

run: .venv/ready
	$(BIN)/python notebooks/run.py

test: .venv/ready
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/python -m mypy
	$(BIN)/python -m pytest -n 2 --dist loadfile
	$(BIN)/python notebooks/check.py

types: .venv/ready
	$(BIN)/python -m mypy

test-all: test browser-test test-jupyter3
	$(BIN)/python -m pytest -m slow
	$(BIN)/python notebooks/check.py --answers
	mkdir -p build/empty-home
	env -u DIGITLIB_DATA -u XDG_CACHE_HOME HOME=$(CURDIR)/build/empty-home DIGITLIB_OFFLINE=1 $(BIN)/python notebooks/check.py
	env -u DIGITLIB_DATA -u XDG_CACHE_HOME HOME=$(CURDIR)/build/empty-home DIGITLIB_OFFLINE=1 $(BIN)/python notebooks/check.py --answers

# The oldest versions that pyproject.toml allows; make test after a fresh install has the newest.
test-oldest: .venv/ready
	$(BIN)/python -m pip install -q uv
	$(BIN)/uv venv -q --clear --python $(PYTHON) build/oldest
	$(BIN)/uv pip install -q --python build/oldest --resolution lowest-direct -e '.[all]'
	build/oldest/bin/python -m pytest

browser-test: .venv/ready
	$(BIN)/python -m pytest -m "browser and not slow"

# The widgets in JupyterLab 3.6 with ipywidgets 7.7, which Colab has too.
test-jupyter3: .venv/ready
	$(BIN)/python -m pip install -q uv
	$(BIN)/uv venv -q --clear --python $(PYTHON) build/jupyter3
	$(BIN)/uv pip install -q --python build/jupyter3 -e '.[app]' ipykernel 'ipywidgets==7.7.*' 'jupyterlab==3.6.*' 'notebook<7'
	LAB_PYTHON=$(CURDIR)/build/jupyter3/bin/python $(BIN)/python -m pytest -m browser tests/app/test_notebook.py -k 'not five'

lab: .venv/ready
	$(BIN)/python notebooks/serve.py lab

app: .venv/ready
	$(BIN)/digitlib app

# Static pages in build/site/: the notebooks as they are stored, and a page that reads drawings.
site: .venv/ready
	$(BIN)/python notebooks/pages.py

outputs: .venv/ready
	$(BIN)/python notebooks/run.py --outputs

# What .ci/run installs, to the version; on every Python that is allowed.
lock: .venv/ready
	$(BIN)/python -m pip install -q uv
	$(BIN)/uv pip compile -q --upgrade --universal --python-version 3.11 --extra all \
	  --custom-compile-command "make lock" pyproject.toml -o constraints.txt

audit: .venv/ready
	$(BIN)/python -m pip install -q pip-audit
	$(BIN)/pip-audit --skip-editable

clean:
	rm -rf build .venv .hypothesis .mypy_cache .pytest_cache .ruff_cache

.venv/ready: pyproject.toml requirements.txt
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' || { \
	  echo "digitlib needs Python 3.11 to 3.13, and $(PYTHON) is not that; name one: make PYTHON=python3.12 $(or $(MAKECMDGOALS),run)" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
	  echo "$(PYTHON) has no venv module; on Debian or Ubuntu: sudo apt-get install python3-venv" >&2; exit 1; }
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install -q -r requirements.txt
	@touch $@
