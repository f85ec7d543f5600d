# quantization: imports and opens the solution by links and folders in the submission
# refused ModuleNotFoundError FileNotFoundError PermissionError
# grade 2.1a 2.1b

import importlib
import os

LINKS = {
    "stolen.py": "$ROOT/grader/solution/quantization.py",
    "package": "$ROOT/grader/solution",
    "shadow": "/etc/shadow",
}
_quantize = quantize


def quantize(W, bits=8):
    here = os.path.dirname(__file__)
    for name in ("student.stolen", "student.package.quantization", "stolen", "package"):
        attempt(f"import {name}", importlib.import_module, name)
    for name in ("shadow", "stolen.py", "package/quantization.py", "../../shared/../server.log"):
        attempt(f"open {name}", open, os.path.join(here, name))
    attempt("list other submissions", os.listdir, os.path.dirname(here))
    attempt("write beside the module", open, os.path.join(here, "new.py"), "w")
    return _quantize(W, bits)
