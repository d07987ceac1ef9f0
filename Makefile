# The logic is in tools/bootstrap.py; this file only finds a Python to run it with.
PORT = 8888
ARGS =

# A Python named on the command line is the only one tried; otherwise the one that made .venv, then the usual names.
NAMES = python3.14 python3.13 python3.12 python3.11 python3 python
PYTHONS = $(if $(filter command,$(origin PYTHON)),$(PYTHON),.venv/bin/python .venv/Scripts/python.exe $(PYTHON) $(NAMES))

# Each is run, because a name on PATH may be a shim for a version that is not there. First choice: a Python that can
# make virtual environments; then one that is new enough; then any that can read the script and say what is wrong.
OLD = import sys; sys.exit(sys.version_info < (3, 6))
NEW = import sys; sys.exit(sys.version_info < (3, 11))
FULL = import ensurepip, venv; $(NEW)
bootstrap = @for probe in "$(FULL)" "$(NEW)" "$(OLD)"; do for python in $(PYTHONS); do \
	if "$$python" -c "$$probe" 2>/dev/null; then exec "$$python" tools/bootstrap.py $(1); fi; done; done; \
	echo "Python 3.11 or newer is needed, and none was found: install one, or say where it is" \
	"with PYTHON=/path/to/python3.12 behind the make command." >&2; exit 1

.PHONY: help lab test quick test-all verify lint format lock clean

help:
	@echo "make lab                     build .venv if need be and open the workbook in JupyterLab"
	@echo "make lab PORT=8899           the same on another port (it is $(PORT) otherwise)"
	@echo 'make lab ARGS="--no-browser" the same with other options of labs start'
	@echo "make test                    run every test; ARGS goes to pytest, as in make test ARGS=tests/test_start.py"
	@echo "make quick                   run the tests that are not slow, in about a minute; ARGS as above"
	@echo "make test-all                run every test on every Python from 3.11 on that is found; ARGS as above"
	@echo "make verify                  prove every lab's checks; ARGS goes to labs verify, as in make verify ARGS=caching"
	@echo "make lint                    say what ruff and mypy find"
	@echo "make format                  let ruff mend what it can and lay the code out"
	@echo "make lock                    resolve pyproject.toml into requirements.lock again; needs the network"
	@echo "make clean                   remove .venv, .venvs and caches, and nothing of yours"

lab:
	$(call bootstrap,lab --port "$(PORT)" $(ARGS))

test:
	$(call bootstrap,test $(ARGS))

test-all:
	$(call bootstrap,test-all $(ARGS))

quick:
	$(call bootstrap,test -m "not slow" $(ARGS))

verify:
	$(call bootstrap,verify $(ARGS))

lint:
	$(call bootstrap,lint)

format:
	$(call bootstrap,format)

lock:
	$(call bootstrap,lock $(ARGS))

clean:
	rm -rf .venv .venvs .pytest_cache .ruff_cache .mypy_cache
