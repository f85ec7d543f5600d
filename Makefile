# make grade | experiments | notebook | writeup: what students need. Each sets up .venv first, once, and again when
# pyproject.toml has changed. The staff's targets are in harness/handout/staff.mk.

PYTHON ?= python3
SUBMISSION ?= student
PROFILE ?= quick
BIN := $(if $(filter Windows_NT,$(OS)),.venv/Scripts,.venv/bin)
READY := .venv/ready
EXTRAS := notebook,watch,writeup

.PHONY: help setup grade watch experiments notebook writeup clean

help::
	@echo "For students:"
	@echo "make grade [SUBMISSION=student]   grade a folder, a notebook or a zip; PART=2.1 grades one part"
	@echo "make watch [SUBMISSION=student]   grade again whenever you save a file"
	@echo "make experiments [PROFILE=quick]  run the problem set's experiments; finished ones are kept"
	@echo "make notebook [SUBMISSION=path]   make CS2420_PSet2.ipynb from the stubs, or from your modules"
	@echo "make writeup [NOTEBOOK=file]      make the write-up as PDF, and the zip to hand in"
	@echo "make clean                        remove the virtual environment"

TAG ?= cs2420-pset2
-include harness/handout/staff.mk

setup: $(READY)

$(READY): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' || \
	  { echo "Python 3.10 or later is needed: make $(MAKECMDGOALS) PYTHON=/path/to/python3" >&2; exit 1; }
	@echo "Setting up .venv (PyTorch is large: some minutes, 6 GB) ..."
	@$(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[$(EXTRAS)]'
	@touch $@

grade: $(READY)
	@CALLED_AS=make $(BIN)/python -m grader grade "$(SUBMISSION)" $(foreach one,$(PART),--part $(one)) \
	  $(if $(ALL),--all) $(if $(SEED),--seed $(SEED))

watch: $(READY)
	@CALLED_AS=make $(BIN)/python -m grader watch "$(SUBMISSION)" $(foreach one,$(PART),--part $(one))

# A folder that is not student/ is named; for student/ itself untouched stubs show the reference, if it is at hand.
experiments: $(READY)
	@$(BIN)/python run_experiments.py --profile $(PROFILE) --resume --replace \
	  $(if $(filter-out student,$(SUBMISSION)),--student "$(SUBMISSION)")

notebook: $(READY)
	@$(BIN)/python -m harness.handout.notebook --from "$(SUBMISSION)"

writeup: $(READY)
	@$(BIN)/python -m course.writeup --student "$(SUBMISSION)" $(if $(NOTEBOOK),--notebook "$(NOTEBOOK)")

clean:
	rm -rf .venv
