"""Whatever student code returns is the student's: no value of any type becomes a fault of the grader, or costs it much.

Each test of the suites runs with the solution's answers, one of which is exchanged for another value: of another type,
dtype or shape, with other numbers in it, or far too large. See tests/replies.py.
"""

from __future__ import annotations

import os
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import cycle
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, Phase, given, settings
from torch import Tensor

from harness.gradebook import State
from harness.grading import grade
from harness.host.failures import StudentError
from harness.host.in_process import InProcessLauncher
from harness.isolation.limits import Limits, slowness
from harness.outcomes import NotMade
from harness.protocol import (
    MAX_FRAME_BYTES,
    MAX_PAIRS,
    TENSOR_DTYPES,
    Array,
    Handle,
    Items,
    Mapping,
    Plain,
    TensorValue,
    Value,
)
from harness.validation.cases import SOLUTION
from tests.replies import Answer, Changed, Replays, RunChanged

PARTS = ["1", "2.1", "2.2", "2.3", "3.1", "3.2", "3.3", "3.4", "4.1", "4.2", "5", "6"]

# ---- values of every type that travels -----------------------------------------------------------------------

NUMBERS = [0, -1, 2**63, -(2**1000), 1.5, float("nan"), float("inf"), 1e-310, 1e308]
ARRAY_DTYPES = ["bool", "int8", "uint16", "int64", "uint64", "float16", "float32", "float64", "longdouble", "complex64"]
SHAPES: list[tuple[int, ...]] = [(), (0,), (1,), (2,), (0, 5), (2, 2), (1, 1, 1, 1), (1,) * 32]

arrays = st.builds(lambda dtype, shape: np.ones(shape, dtype), st.sampled_from(ARRAY_DTYPES), st.sampled_from(SHAPES))
tensors = st.builds(
    lambda dtype, shape: torch.ones(shape, dtype=dtype),
    st.sampled_from([*TENSOR_DTYPES.values()]),
    st.sampled_from(SHAPES),
)
parameters = tensors.filter(lambda value: value.is_floating_point()).map(torch.nn.Parameter)
handles = st.builds(
    Handle, st.sampled_from([0, 1, 10**6]), st.sampled_from(["module", "callable", "object"]), st.just("Odd")
)
leaves = st.one_of(
    st.none(),
    st.booleans(),
    st.sampled_from(NUMBERS),
    st.sampled_from(["", "a" * 200, "\x00\ud800\x1b[31m"]),
    st.sampled_from([b"", b"abc"]),
    arrays,
    arrays.filter(lambda value: value.ndim == 0).map(lambda value: value[()]),
    tensors,
    parameters,
    handles,
)
values = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.lists(inner, max_size=3).map(tuple),
        st.dictionaries(st.sampled_from([None, True, 7, "a", ""]), inner, max_size=3),
    ),
    max_leaves=4,
)


def cast_array(value: np.ndarray) -> st.SearchStrategy[Any]:
    """The numbers of an array in another dtype, as a tensor, in another shape, or other numbers."""

    def filled(number: float) -> np.ndarray:
        with np.errstate(all="ignore"):
            return np.full_like(value, number) if value.dtype.kind == "f" else value

    def cast(dtype: str) -> np.ndarray:
        with np.errstate(all="ignore"):
            return value.astype(dtype)

    return st.one_of(
        st.sampled_from(ARRAY_DTYPES).map(cast),
        st.sampled_from([np.nan, np.inf, 1e-40, 3e38]).map(filled),
        st.sampled_from([value.reshape(-1), value[None], value[..., None], value.reshape(-1)[:0]]),
        st.just(torch.from_numpy(value.copy())),
    )


def cast_tensor(value: Tensor) -> st.SearchStrategy[Any]:
    """The same of a tensor, also as a parameter."""
    plain = value.detach()
    real = plain if plain.is_floating_point() else plain.float()
    return st.one_of(
        st.sampled_from([*TENSOR_DTYPES.values()]).map(plain.to),
        st.sampled_from([torch.float32, torch.bfloat16, torch.float64]).map(
            lambda kind: torch.nn.Parameter(real.to(kind))
        ),
        st.sampled_from([float("nan"), float("inf"), 1e-40, 3e38]).map(lambda number: torch.full_like(real, number)),
        st.sampled_from([plain.reshape(-1), plain[None], plain[..., None], plain.reshape(-1)[:0]]),
        st.just(plain.float().numpy()),
    )


def like(value: Any, depth: int = 0) -> st.SearchStrategy[Any]:
    """Values that are nearly this one."""
    if isinstance(value, np.generic):
        value = np.asarray(value)
    if isinstance(value, np.ndarray):
        return cast_array(value)
    if isinstance(value, Tensor):
        return cast_tensor(value)
    if isinstance(value, dict) and value and depth < 2:
        key = st.sampled_from(list(value))
        return st.one_of(
            key.map(lambda one: {name: item for name, item in value.items() if name != one}),
            key.flatmap(
                lambda one: st.one_of(values, like(value[one], depth + 1)).map(lambda new: {**value, one: new})
            ),
            st.just({**value, "extra": torch.zeros(3)}),
            st.sampled_from([Tensor.double, Tensor.bfloat16, lambda item: item[None]]).map(
                lambda change: {
                    name: change(item) if isinstance(item, Tensor) and item.is_floating_point() else item
                    for name, item in value.items()
                }
            ),
        )
    if isinstance(value, list | tuple) and value and depth < 2:
        kind, other = type(value), list if isinstance(value, tuple) else tuple
        index = st.integers(0, len(value) - 1)
        return st.one_of(
            st.sampled_from([kind(value[:-1]), kind([*value, value[0]]), other(value)]),
            index.flatmap(
                lambda place: values_like(value[place], depth + 1).map(
                    lambda new: kind([*value[:place], new, *value[place + 1 :]])
                )
            ),
        )
    if isinstance(value, bool) or not isinstance(value, int | float):
        return values
    return st.sampled_from([-value, value + 1, float(value), np.float64(value), torch.tensor(float(value))])


def values_like(value: Any, depth: int = 0) -> st.SearchStrategy[Any]:
    """Values of any type, and those that are nearly this one."""
    return st.one_of(values, like(value, depth))


# ---- no value is a fault -------------------------------------------------------------------------------------


def graded_with(parts: tuple[str, ...], explore: Callable[[str, list[Answer], RunChanged], None]) -> None:
    """Run tests on the solution, and let ``explore`` exchange answers in each; the solution loses nothing."""
    launcher = InProcessLauncher(Limits())
    try:
        gradebook = grade(SOLUTION, parts=parts, seed=1, launcher=launcher, watch=Replays(explore))
    finally:
        launcher.stop()
    selected = [(test, outcome) for test, outcome in gradebook.results if gradebook.is_selected(test)]
    assert selected
    lost = {test.number: outcome.fault or outcome.message for test, outcome in selected if outcome.fault}
    assert not lost
    assert all(outcome.state in (State.PASSED, State.NOT_IMPLEMENTED) for _, outcome in selected)


def belongs_to_the_student(error: BaseException | None) -> bool:
    """Whether what came out of a test is a verdict."""
    return error is None or isinstance(error, StudentError | AssertionError | NotMade)


@pytest.mark.parametrize("part", PARTS)
def test_no_answer_of_any_type_is_a_fault(part):
    faults: list[str] = []

    def explore(number: str, tape: list[Answer], run: RunChanged) -> None:
        asked = [index for index, answer in enumerate(tape) if not answer.clean]

        # The examples are the same in every run: what is found here is to be found again.
        @settings(
            max_examples=EXAMPLES,
            deadline=None,
            derandomize=True,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(st.data())
        def try_one(data: st.DataObject) -> None:
            index = data.draw(st.sampled_from(asked))
            value = data.draw(values_like(tape[index].plain()))
            error = run(index, value)
            if not belongs_to_the_student(error):
                assert error is not None
                where = traceback.format_exception(error)[-3:]
                faults.append(f"{number}, answer {index} to {tape[index].function}: {value!r:.100}\n{''.join(where)}")

        try_one()

    graded_with((part,), explore)
    assert not faults, "\n".join(faults[:5])


EXAMPLES = int(os.environ.get("ODD_ANSWERS", "15"))
"""Values that are tried in each test; more with this variable."""

# ---- no value costs much -------------------------------------------------------------------------------------

SECONDS, BYTES = 5.0, 1 << 30
"""The most that an answer of at most MAX_FRAME_BYTES may cost the grader."""


def largest() -> Iterator[tuple[str, Answer]]:
    """Answers that are as large as they can be; their pages are zeros and take no memory before they are touched."""

    def answer(value: Any, *buffers: Any) -> Changed:
        return Changed("", False, value, buffers)

    zeros = bytearray(MAX_FRAME_BYTES)
    yield "a uint8 array", answer(Array("|u1", [MAX_FRAME_BYTES], 0, False), zeros)
    yield "a float32 array", answer(Array("<f4", [MAX_FRAME_BYTES // 4], 0, False), zeros)
    yield "a bfloat16 parameter", answer(TensorValue("bfloat16", [2, MAX_FRAME_BYTES // 4], 0, True), zeros)
    yield "a float16 tensor", answer(TensorValue("float16", [MAX_FRAME_BYTES // 2], 0, False), zeros)
    yield "a list of numbers", answer(Items("list", [Plain(1.0)] * 80_000))
    yield "a text", answer(Plain("x" * 1_000_000))
    pairs: list[tuple[Value, Value]] = [
        (Plain(f"{index}.weight"), TensorValue("float32", [3], index, False)) for index in range(MAX_PAIRS)
    ]
    yield "a dict of tensors", answer(Mapping(pairs), *[bytearray(12) for _ in range(MAX_PAIRS)])


@dataclass(frozen=True)
class Cost:
    """What a run of a test took."""

    error: BaseException | None
    """The exception that came out of it and is no verdict."""
    seconds: float
    memory: int
    """Bytes by which the most that was in use exceeds what was in use before."""


def cost_of(run: Callable[[], BaseException | None]) -> Cost:
    """Run and measure (Linux)."""
    Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew: man 5 proc
    before, start = memory("VmRSS"), time.process_time()
    error = run()
    seconds = time.process_time() - start  # the processor's, whatever else it does
    return Cost(None if belongs_to_the_student(error) else error, seconds, memory("VmHWM") - before)


def memory(field: str) -> int:
    """Bytes of this process's memory: in use now (VmRSS), or the most that was (VmHWM)."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(f"{field}:"):
            return int(line.split()[1]) << 10
    raise LookupError(field)


@pytest.mark.skipif(sys.platform != "linux", reason="the most memory that was in use is read from /proc")
@pytest.mark.parametrize("part", PARTS)
def test_no_answer_costs_the_grader_much(part):
    allowed = SECONDS * slowness()
    costly: list[str] = []
    turn = cycle(list(largest()))

    def explore(number: str, tape: list[Answer], run: RunChanged) -> None:
        asked: dict[str, list[int]] = {}
        for index, one in enumerate(tape):
            if not one.clean:
                asked.setdefault(one.function, []).append(index)
        # Of the calls of one function, the first and the last: what is asked of their answers differs. Each of them
        # gets three of the answers in turn, and nearly every test all of them.
        for function, indices in asked.items():
            for index in {indices[0], indices[-1]}:
                for what, answer in (next(turn) for _ in range(3)):
                    cost = cost_of(partial(run, index, answer))
                    if cost.error is not None:
                        costly.append(f"{number}: {what} as answer {index}, to {function}: {cost.error!r}")
                    if cost.seconds > allowed or cost.memory > BYTES:
                        costly.append(
                            f"{number}: {what} as answer {index}, to {function}, took {cost.seconds:.1f} s and "
                            f"{cost.memory >> 20} MB"
                        )

    graded_with((part,), explore)
    assert not costly, "\n".join(costly[:10])
