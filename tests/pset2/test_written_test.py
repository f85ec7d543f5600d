"""The example of docs/writing-tests.md is a right test: it passes the solution, and fails code with a mistake."""

from __future__ import annotations

import re
import textwrap
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from grader.solution import quantization
from harness.catalog import read_suites
from harness.checks import CheckFailure
from tests.conftest import ROOT

PAGE = (ROOT / "docs" / "writing-tests.md").read_text(encoding="utf-8")
EXAMPLE = textwrap.dedent(PAGE[PAGE.index("   ```python\n") :].split("```")[1].removeprefix("python\n"))


def graded(quantize: Any, dequantize: Any = quantization.dequantize) -> None:
    names: dict[str, Any] = {}
    exec(EXAMPLE, names)
    student = SimpleNamespace(quantization=SimpleNamespace(quantize=quantize, dequantize=dequantize))
    student.fresh = lambda: student
    names["test_restored_weights_keep_their_codes"](student, np.random.default_rng(5))


def test_the_example_passes_the_solution():
    graded(quantization.quantize)


def test_the_example_fails_code_that_casts_without_rounding():
    def quantize(W, bits=8):
        shift = W.min()
        scale = (2**bits - 1) / (W.max() - shift)
        return ((W - shift) * scale).astype(np.uint8), (scale, shift)

    with pytest.raises(CheckFailure, match="weights get another code"):
        graded(quantize, lambda codes, args: codes / args[0] + args[1])


def test_the_example_fails_code_that_does_nothing():
    def quantize(W, bits=8):
        return np.zeros(W.shape, np.uint8), (1.0, 0.0)

    with pytest.raises(CheckFailure, match="quantize used 1 codes"):
        graded(quantize)


def test_the_number_of_the_example_is_free_and_the_test_that_it_names_exists(tmp_path):
    (tmp_path / "test_example.py").write_text(re.sub(r"@explained_by.*\n", "", EXAMPLE))
    known = {test.number for test in read_suites()}
    assert {test.number for test in read_suites(tmp_path)}.isdisjoint(known)
    assert set(re.findall(r'@explained_by\("(.*?)"\)', EXAMPLE)) <= known
