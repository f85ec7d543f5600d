# make grade | experiments | test | validate | check | bench. Each sets up .venv first, once, and again when pyproject.toml has changed.

PYTHON ?= python3
SUBMISSION ?= student
PROFILE ?= quick
MINUTES ?= 10
BIN := $(if $(filter Windows_NT,$(OS)),.venv/Scripts,.venv/bin)
READY := .venv/ready

.PHONY: help setup grade experiments test validate mutants soak check bench autograder picture fixtures writeup clean

help:
	@echo "make grade [SUBMISSION=student]   grade a folder of student code"
	@echo "make experiments [PROFILE=quick]  run the problem set's experiments, or what is left of them"
	@echo "make writeup [NOTEBOOK=file]      the write-up as PDF, and the zip to hand in"
	@echo "make test                         test this software itself"
	@echo "make validate                     the grader's own exam: submissions whose right grade is known"
	@echo "make mutants                      mutation testing of the suites: ten minutes, writes docs/mutants.md"
	@echo "make autograder [MINUTES=10]      make autograder.zip for Gradescope"
	@echo "make soak                         2,000 generated bad submissions and 50 killed graders: an hour"
	@echo "make check                        lint, format and types"
	@echo "make bench                        speed, as ratios in one run"
	@echo "make picture                      make the README's picture anew"
	@echo "make fixtures                     make fixtures/ anew from the complete data (a download)"
	@echo "make clean                        remove the virtual environment"

setup: $(READY)

$(READY): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' || \
	  { echo "Python 3.10 or later is needed: make $(MAKECMDGOALS) PYTHON=/path/to/python3" >&2; exit 1; }
	@echo "Setting up .venv (PyTorch is large: some minutes, 6 GB) ..."
	@$(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@

grade: $(READY)
	@$(BIN)/python -m grader grade "$(SUBMISSION)"

# A folder that is not student/ is named; for student/ itself untouched stubs show the reference, if it is at hand.
experiments: $(READY)
	@$(BIN)/python run_experiments.py --profile $(PROFILE) --resume --replace \
	  $(if $(filter-out student,$(SUBMISSION)),--student "$(SUBMISSION)")

writeup: $(READY)
	@$(BIN)/python -m course.writeup --student "$(SUBMISSION)" $(if $(NOTEBOOK),--notebook "$(NOTEBOOK)")

test: $(READY)
	@$(BIN)/python -m pytest tests --numprocesses auto --maxprocesses 4 --dist worksteal

validate: $(READY)
	@$(BIN)/python -m grader validate

mutants: $(READY)
	@$(BIN)/python -m grader mutants --report docs/mutants.md

autograder: $(READY)
	@$(BIN)/python -m grader.gradescope.build --minutes $(MINUTES)

soak: $(READY)
	@$(BIN)/python -m tests.soak

check: $(READY)
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy

bench: $(READY)
	@$(BIN)/python -m benchmarks.grading
	@$(BIN)/python -m benchmarks.training

picture: $(READY)
	@$(BIN)/python -m docs.picture

fixtures: $(READY)
	@$(BIN)/python fixtures/make.py

clean:
	rm -rf .venv
