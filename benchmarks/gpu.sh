#!/usr/bin/env bash
# What only a machine with a GPU can show, in one go, with a table of times at the end.
#
#     benchmarks/gpu.sh [tests] [validate] [dry-run] [full]     without names: all of them
#
# OUT is the folder of logs and results (results-gpu without it), PYTHON the interpreter, JOBS the parts at a time, and
# DATA_DIR the folder with cifar10.npz and cinic10.npz, which are downloaded where they are missing. Each step has a
# limit in seconds, LIMIT, so that one that stands still leaves time for the others. STUDENT is the folder with the
# modules that are trained: the reference solution (grader/solution) without it.
set -uo pipefail
cd "$(dirname "$0")/.."

PYTHON=${PYTHON:-.venv/bin/python}
OUT=${OUT:-results-gpu}
JOBS=${JOBS:-3}
LIMIT=${LIMIT:-600}
STUDENT=${STUDENT:-grader/solution}
STEPS=("$@")
[ ${#STEPS[@]} -gt 0 ] || STEPS=(tests validate dry-run full)

command_of() {
  case $1 in
    tests) echo "$PYTHON -m pytest -q -p no:cacheprovider tests/pset2/test_gpu.py" ;;
    validate) echo "$PYTHON -m grader validate --jobs 15" ;;
    dry-run) echo "$PYTHON run_experiments.py --profile full --dry-run --device cuda --student $STUDENT --out $OUT/results" ;;
    full) echo "$PYTHON run_experiments.py --profile full --device cuda --jobs $JOBS --resume --student $STUDENT --out $OUT/results" ;;
    *) return 1 ;;
  esac
}

for step in "${STEPS[@]}"; do
  command_of "$step" > /dev/null || {
    echo "There is no step $step: choose from tests, validate, dry-run and full." >&2
    exit 2
  }
done
mkdir -p "$OUT" || exit 2

rows=()
failed=0
for step in "${STEPS[@]}"; do
  command=$(command_of "$step")
  echo "== $step: $command"
  started=$(date +%s)
  # shellcheck disable=SC2086  # a command and its arguments
  timeout "$LIMIT" $command 2>&1 | tee "$OUT/$step.log"
  code=${PIPESTATUS[0]}
  seconds=$(($(date +%s) - started))
  [ "$code" -eq 0 ] || failed=1
  if [ "$step" = full ] && [ "$code" -eq 124 ]; then
    echo "The limit of $LIMIT s stopped it: run benchmarks/gpu.sh full again, and it resumes."
  fi
  if [ "$step" = full ] && [ ! -d "$OUT/results" ]; then
    echo "The full profile left no results in $OUT/results: look into $OUT/full.log." >&2
    failed=1
  fi
  last=$(grep -v '^[[:space:]]*$' "$OUT/$step.log" | tail -n 1)
  rows+=("$(printf '%-10s %6d s  exit code %-4d %s' "$step" "$seconds" "$code" "${last:0:80}")")
done

{
  echo
  printf '%s\n' "${rows[@]}"
  if [ -d "$OUT/results" ]; then "$PYTHON" -m benchmarks.times_of_results "$OUT/results"; fi
} | tee "$OUT/times.txt"
exit "$failed"
