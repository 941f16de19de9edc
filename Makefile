# `make serve` and `make test` set up all they need in .venv, whatever Python started them.

PYTHON ?= python3
PORT ?= 8000
VENV := .venv
BIN := $(VENV)/$(if $(filter Windows_NT,$(OS)),Scripts,bin)
TOOLS := $(VENV)/tools/$(notdir $(BIN))
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt

TEST := $(BIN)/python -m pytest --numprocesses auto --dist loadfile --no-loadscope-reorder
QUICK_LEAVES_OUT := tests/benchmarks tests/synthesis tests/training $(wildcard tests/web/test_page*.py) \
	tests/test_how_it_works.py tests/test_notebook.py

.PHONY: serve help test test-quick coverage lint format docs fuzz api lock locked audit sbom model page clean

serve: $(VENV)/web,heic,pdf.installed  ## the page and its API on http://127.0.0.1:8000, or on PORT=9000
	$(BIN)/inkdigits serve --port $(PORT)

help:  ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# Two tests at a time that compute with several threads each would wait for one another.
test test-quick coverage: export OMP_NUM_THREADS := 1

test: $(VENV)/dev.installed  ## all tests
	$(TEST)

test-quick: $(VENV)/dev.installed  ## all but those that train, draw pages or drive a browser
	$(TEST) $(QUICK_LEAVES_OUT:%=--ignore %)
	@echo "Left out: $(QUICK_LEAVES_OUT). make test runs them, too."

coverage: $(VENV)/dev.installed  ## all tests, and which lines they leave out
	$(TEST) --cov inkdigits --cov-report term-missing:skip-covered

lint: $(VENV)/dev.installed  ## format, lint and types
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy

format: $(VENV)/dev.installed  ## repair what ruff can repair
	$(BIN)/ruff format
	$(BIN)/ruff check --fix

docs: $(VENV)/dev.installed  ## docs/commands.md and licences.md from what is installed, and the notebook
	$(BIN)/python docs/write_commands.py
	$(BIN)/python docs/write_licences.py
	$(BIN)/python docs/write_notebook.py

MINUTES ?= 5
fuzz: $(VENV)/dev.installed  ## damaged files at every door, MINUTES=5 of them
	$(BIN)/python benchmarks/fuzz.py --minutes $(MINUTES)

api: $(VENV)/dev.installed $(TOOLS)  ## requests of every kind against what the API says of itself
	PATH="$(TOOLS):$$PATH" $(BIN)/python benchmarks/api.py --minutes $(MINUTES)

LOCK := $(TOOLS)/uv pip compile --quiet --universal --python-version 3.11 --upgrade --generate-hashes \
	--no-annotate --custom-compile-command "make lock" pyproject.toml
LOCKED := web,heic,pdf web,heic,pdf,postgresql
comma := ,

lock: $(TOOLS)  ## the versions and SHA-256 of all that the container and CI install, anew
	$(foreach extras,$(LOCKED),echo hatchling | $(LOCK) - --output-file deploy/locked/$(extras).txt \
		$(patsubst %,--extra %,$(subst $(comma), ,$(extras))) && ) true
	echo 'torch; python_version < "0"' | $(LOCK) --extra dev --override - --output-file .ci/locked.txt

locked:  ## what CI tests with, by these versions and SHA-256; all but PyTorch
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(PIP) --require-hashes --requirement .ci/locked.txt

audit: $(TOOLS)  ## known vulnerabilities of what the container installs, if the index tells of any
	$(TOOLS)/pip-audit --disable-pip --require-hashes --requirement deploy/locked/web,heic,pdf,postgresql.txt

sbom: $(TOOLS)  ## what is in the container, for programs: dist/inkdigits.cdx.json
	mkdir -p dist
	$(TOOLS)/cyclonedx-py requirements deploy/locked/web,heic,pdf,postgresql.txt --output-file dist/inkdigits.cdx.json

$(TOOLS):
	$(PYTHON) -m venv $(VENV)/tools
	$(TOOLS)/python -m pip install --quiet "cyclonedx-bom>=7,<8" "pip-audit>=2.9,<3" "schemathesis>=4,<5" "uv>=0.9,<1"

model: $(VENV)/dev.installed  ## train what ships, or go on with it, and put it into the package
	$(BIN)/inkdigits train best --without-writers 25-30 --out runs/best --measure-test \
		$(if $(wildcard runs/best/checkpoint.pt),--resume,--overwrite)
	cp runs/best/model.onnx src/inkdigits/models/digits.onnx
	cp runs/best/weights.safetensors src/inkdigits/models/digits.safetensors
	$(BIN)/inkdigits runs

page: $(VENV)/dev.installed  ## likewise page.onnx, which finds and reads all that is written on a page
	$(BIN)/inkdigits train page --without-writers 25-30 --out runs/page \
		$(if $(wildcard runs/page/checkpoint.pt),--resume,--overwrite)
	cp runs/page/model.onnx src/inkdigits/models/page.onnx

clean:  ## take away .venv and what else was built
	rm -rf $(VENV) build dist .mypy_cache .pytest_cache .ruff_cache

$(VENV)/%.installed: pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(PIP) --editable ".[$*]"
	touch $@
