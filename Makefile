# make demo    a synthetic room: recorded, played, mapped, asked, planned for
#              BAG=path/to/bag for a recording of yours, ARGS="..." for more (see: r1 demo --help)
# make test    all tests that need neither a GPU nor an installed ROS, two files at a time (JOBS=4 for more)
# Both make the environment (.venv) once, some minutes; after that they start in seconds.
#
# make fuzz    the tests of tests/fuzz, FUZZ times as long (default 50: an hour and more)
# make book    the documentation as a site, into output/book; make book-serve shows it while you write
# make lint    ruff and mypy alone; make types: mypy alone
# make bench   every figure of benchmarks/, JSON into output/; RECORDING=folder for the one on a recording
# make clean   remove the environment and everything that was built

# The first Python of a version that the ROS 2 wheels exist for; PYTHON=... overrides.
PYTHON ?= $(or $(firstword $(foreach p,python3 python3.12 python3.11,\
  $(shell $(p) -c 'import sys; 11 <= sys.version_info[1] <= 12 and print("$(p)")' 2>/dev/null))),python3)
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.PHONY: env interfaces demo test fuzz book book-serve lint types bench clean

env: $(READY) interfaces

$(READY): requirements.txt requirements-ros-machine.txt pyproject.toml setup.py \
		tools/check_system.py
	@$(PYTHON) tools/check_system.py
	@echo "making the environment in $(VENV) (once; about 5 GB)"
	@test -x $(BIN)/pip || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --upgrade pip uv
	@$(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python -r requirements.txt
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --config-settings editable_mode=compat -e .
	@touch $@

interfaces: $(READY)
	@$(BIN)/python tools/build_interfaces.py

demo: env
	@$(BIN)/r1 demo $(if $(BAG),--bag $(BAG)) $(ARGS)

test: env
	@$(BIN)/ruff check --quiet .
	@$(BIN)/mypy
	@OMP_NUM_THREADS=1 $(BIN)/python -m pytest -q -n $(or $(JOBS),2) --dist loadfile $(ARGS)

fuzz: env
	@R1_FUZZ=$(or $(FUZZ),50) $(BIN)/python -m pytest -q --timeout=0 tests/fuzz $(ARGS)

# the theme's notice about its own future is no warning of ours
book book-serve: export NO_MKDOCS_2_WARNING = 1
book: $(READY)
	@$(BIN)/mkdocs build --quiet --strict
	@echo "output/book/index.html"

book-serve: $(READY)
	@$(BIN)/mkdocs serve

lint: env
	@$(BIN)/ruff check .
	@$(BIN)/mypy

types: env
	@$(BIN)/mypy

bench: env
	@failed=; for file in benchmarks/*.py; do \
	  echo; echo "== $$file"; recording=; \
	  case $$file in *recording_zero_shot.py) recording="$(RECORDING)";; esac; \
	  $(BIN)/python $$file $${recording:+"$$recording"} || failed="$$failed $$file"; \
	done; test -z "$$failed" || { echo "failed or missed a target:$$failed"; exit 1; }

clean:
	rm -rf build output $(VENV)
