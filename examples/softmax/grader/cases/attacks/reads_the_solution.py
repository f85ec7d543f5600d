# softmax: opens and imports the solution, the suites and the manifest, by name and by path
# refused ModuleNotFoundError PermissionError ImportError
# grade 1.1a 1.1b

import importlib
import os

_softmax = softmax


def softmax(x, axis=-1):
    for name in ("solution/softmax.py", "suites/test_part1_hidden.py", "suites/softmax_checks.py", "problem.toml"):
        attempt(f"open {name}", lambda name=name: open(f"$ROOT/grader/{name}").read())
    for name in ("grader.solution.softmax", "grader.suites.test_part1_hidden", "harness.gradebook"):
        attempt(f"import {name}", importlib.import_module, name)
    attempt("list the cases", os.listdir, "$ROOT/grader/cases")
    return _softmax(x, axis)
