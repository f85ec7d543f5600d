# What the course staff make. Students don't get this file, nor what it needs.

MINUTES ?= 10
EXTRAS := dev

.PHONY: test validate mutants check bench bench-otter autograder handout soak picture fixtures

help::
	@echo
	@echo "For the course staff:"
	@echo "make test                         test this software itself"
	@echo "make validate                     the grader's own exam: submissions whose right grade is known"
	@echo "make mutants                      mutation testing of the suites: ten minutes, writes docs/mutants.md"
	@echo "make autograder [MINUTES=10]      make autograder.zip for Gradescope"
	@echo "make handout                      make the zip that students get"
	@echo "make soak                         2,000 generated bad submissions and 50 killed graders: an hour"
	@echo "make check                        lint, format and types"
	@echo "make bench                        speed, as ratios in one run"
	@echo "make bench-otter                  the same checks as an otter-grader assignment: five minutes, a download"
	@echo "make picture                      make the README's picture anew"
	@echo "make fixtures                     make fixtures/ anew from the complete data (a download)"

test: $(READY)
	@$(BIN)/python -m pytest tests --numprocesses auto --maxprocesses 4 --dist worksteal

validate: $(READY)
	@$(BIN)/python -m grader validate

mutants: $(READY)
	@$(BIN)/python -m grader mutants --report docs/mutants.md

handout: $(READY)
	@$(BIN)/python -m grader.handout.archive

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

bench-otter: $(READY)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev,benchmark]'
	@$(BIN)/python -m benchmarks.otter

picture: $(READY)
	@$(BIN)/python -m docs.picture

fixtures: $(READY)
	@$(BIN)/python fixtures/make.py
