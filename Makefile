# make demo    a synthetic room: recorded, replayed, mapped, asked, planned for (BAG=... for your own bag)
# make test    all tests that need neither a GPU nor an installed ROS
# Both make the environment (.venv) once; after that they start in seconds.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.PHONY: env interfaces demo test lint bench clean

env: $(READY) interfaces

$(READY): requirements.txt requirements-ros-machine.txt tools/check_system.py
	$(PYTHON) tools/check_system.py
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip uv
	$(BIN)/uv pip install --quiet --python $(BIN)/python -r requirements.txt
	$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --config-settings editable_mode=compat -e .
	touch $@

interfaces: $(READY)
	@$(BIN)/python tools/build_interfaces.py

demo: env
	$(BIN)/r1 demo $(if $(BAG),--bag $(BAG))

test: env
	$(BIN)/ruff check --quiet .
	$(BIN)/python -m pytest -q

lint: env
	$(BIN)/ruff check .

clean:
	rm -rf build output $(VENV)
