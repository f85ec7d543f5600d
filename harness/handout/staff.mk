# What the course staff make. Students don't get this file, nor what it needs.

MINUTES ?= 10
EXTRAS := dev
# The engine that answers, not only the one that is installed.
ENGINE = $(shell for one in docker podman; do $$one info >/dev/null 2>&1 && echo $$one && break; done)
ANSWERS = [ -n "$$engine" ] || { echo "Neither docker nor podman answers here: install or start one of them." >&2; exit 1; }
# The image's labels. The date is the commit's, so that the same commit has the same labels.
REVISION = $(shell git describe --always --dirty --abbrev=40 --exclude '*' 2>/dev/null)
VERSION = $(shell sed -n 's/^version = "\(.*\)"/\1/p' pyproject.toml)
CREATED = $(shell TZ=UTC git log -1 --date=format-local:%Y-%m-%dT%H:%M:%SZ --format=%cd 2>/dev/null)
# The address of the clone's origin, without a password that is written in it.
SOURCE = $(shell git remote get-url origin 2>/dev/null | sed -nE 's,^((https?|ssh)://)([^/@]*@)?,\1,p; /^git@/p')
FILLED = PYTHON_IMAGE TORCH_INDEX REVISION VERSION CREATED SOURCE
BUILD_ARGUMENTS = $(foreach one,$(FILLED),$(if $($(one)),--build-arg $(one)="$($(one))"))

.PHONY: test validate mutants check bench bench-otter autograder handout image image-digest versions soak picture fixtures

help::
	@echo
	@echo "For the course staff (python -m grader --help lists the commands for a class):"
	@echo "make handout                      make the zip that students get"
	@echo "make autograder [MINUTES=10]      make autograder.zip for Gradescope"
	@echo "make image [TAG=name]             build the image for docker or podman; PYTHON_IMAGE=, TORCH_INDEX="
	@echo "make validate                     grade submissions whose right grade is known"
	@echo
	@echo "For developers:"
	@echo "make check                        lint, format, types, imports between packages, and prose"
	@echo "make test [FAST=1]                test this software; FAST=1 runs the quick tests of what has changed"
	@echo "make mutants                      mutation testing of the suites: ten minutes, writes mutants.md"
	@echo "make soak                         2,000 generated bad submissions and 50 killed graders: an hour"
	@echo "make bench                        measure speed, as ratios in one run"
	@echo "make bench-otter                  compare with otter-grader: five minutes, a download"
	@echo "make picture                      make the README's picture again"
	@echo "make fixtures                     make fixtures/ and grader/data/ again (a download)"
	@echo "make versions [UPGRADE=1]         pin the versions of the image's packages again"
	@echo "make image-digest                 write the digest of the image's base into the Dockerfile"

test: $(READY)
	@$(BIN)/python -m $(if $(FAST),tests.fast,pytest tests) --numprocesses auto --maxprocesses 4 --dist worksteal

validate: $(READY)
	@$(BIN)/python -m grader validate

mutants: $(READY)
	@$(BIN)/python -m grader mutants --report mutants.md

handout: $(READY)
	@$(BIN)/python -m harness.handout.archive

autograder: $(READY)
	@$(BIN)/python -m harness.gradescope.build --minutes $(MINUTES)

image:
	@engine="$(ENGINE)"; $(ANSWERS); \
	  $$engine build $(BUILD_ARGUMENTS) --tag "$(TAG)" . && $$engine run --rm "$(TAG)" doctor

# What the tag means today, as the registry says.
image-digest:
	@engine="$(ENGINE)"; $(ANSWERS); \
	  base="$(or $(PYTHON_IMAGE),$(shell sed -n 's/^ARG PYTHON_IMAGE=\([^@]*\).*/\1/p' Dockerfile))"; \
	  base="$${base%@*}"; $$engine pull --quiet "$$base" >/dev/null || exit 1; \
	  digest=$$($$engine image inspect --format '{{index .RepoDigests 0}}' "$$base" | sed -nE 's/.*@(sha256:[0-9a-f]{64})$$/\1/p'); \
	  [ -n "$$digest" ] || { echo "$$engine knows no digest of $$base: pull it from a registry." >&2; exit 1; }; \
	  sed -i.old "s|^ARG PYTHON_IMAGE=.*|ARG PYTHON_IMAGE=$$base@$$digest|" Dockerfile && rm Dockerfile.old; \
	  grep '^ARG PYTHON_IMAGE=' Dockerfile

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
