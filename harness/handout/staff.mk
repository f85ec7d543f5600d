# What the course staff make. Students don't get this file, nor what it needs.

MINUTES ?= 10
EXTRAS := dev
# The engine that answers, not only the one that is installed.
ENGINE = $(shell for one in docker podman; do $$one info >/dev/null 2>&1 && echo $$one && break; done)
BUILD_ARGUMENTS = $(foreach one,PYTHON_VERSION TORCH_INDEX,$(if $($(one)),--build-arg $(one)="$($(one))"))

.PHONY: test validate mutants check bench bench-otter autograder handout image versions soak picture fixtures

help::
	@echo
	@echo "For the course staff:"
	@echo "make test [FAST=1]                test this software itself; FAST: quick tests of what has changed"
	@echo "make validate                     the grader's own exam: submissions whose right grade is known"
	@echo "make mutants                      mutation testing of the suites: five minutes, writes docs/mutants.md"
	@echo "make autograder [MINUTES=10]      make autograder.zip for Gradescope"
	@echo "make handout                      make the zip that students get"
	@echo "make image [TAG=name]             build the image for docker or podman; PYTHON_VERSION=, TORCH_INDEX="
	@echo "make versions [UPGRADE=1]         pin what the image installs anew"
	@echo "make soak                         2,000 generated bad submissions and 50 killed graders: an hour"
	@echo "make check                        lint, format, types, and which package imports which"
	@echo "make bench                        speed, as ratios in one run"
	@echo "make bench-otter                  the same checks as an otter-grader assignment: five minutes, a download"
	@echo "make picture                      make the README's picture anew"
	@echo "make fixtures                     make fixtures/ and grader/data/ anew (a download)"

test: $(READY)
	@$(BIN)/python -m $(if $(FAST),tests.fast,pytest tests) --numprocesses auto --maxprocesses 4 --dist worksteal

validate: $(READY)
	@$(BIN)/python -m grader validate

mutants: $(READY)
	@$(BIN)/python -m grader mutants --report docs/mutants.md

handout: $(READY)
	@$(BIN)/python -m harness.handout.archive

autograder: $(READY)
	@$(BIN)/python -m harness.gradescope.build --minutes $(MINUTES)

# Podman's own format knows no health check; docker ignores the variable.
image:
	@engine="$(ENGINE)"; \
	  [ -n "$$engine" ] || { echo "Neither docker nor podman answers here: install or start one of them." >&2; exit 1; }; \
	  BUILDAH_FORMAT=docker $$engine build $(BUILD_ARGUMENTS) --tag "$(TAG)" . && $$engine run --rm "$(TAG)" doctor

# What is pinned stays as it is, unless pyproject.toml forbids it.
versions: $(READY)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	@$(BIN)/python -m uv pip compile pyproject.toml --extra dev --extra container --universal --python-version 3.10 \
	  --no-header --no-annotate $(if $(UPGRADE),--upgrade) --quiet --output-file grader/versions.txt

soak: $(READY)
	@$(BIN)/python -m tests.soak

check: $(READY)
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache --no-logo
	@$(if $(wildcard tests/prose.py),$(BIN)/python -m tests.prose)
	@$(if $(wildcard $(BIN)/hadolint),$(BIN)/hadolint Dockerfile)

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
	@$(BIN)/python grader/data/make.py
