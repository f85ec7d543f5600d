"""Make docs/score.svg, the README's picture, from a real run: ``make picture``.

The submission is the stubs with two modules half done: quantization without rounding and without stochastic rounding,
and the depthwise layer of the solution without its block. tests/pset2/test_readme.py holds the picture to what the
grader prints.
"""

from __future__ import annotations

import io
import os
import re
import shutil
import tempfile
from pathlib import Path

from rich.console import Console

from harness.grading import grade
from harness.host.launch import Launcher
from harness.repeat import CALLED_AS, Repeat
from harness.reports import terminal
from harness.validation.cases import SOLUTION, STUBS

PICTURE = Path(__file__).resolve().parent / "score.svg"
WIDTH = 100

QUANTIZATION = """

def quantize(W, bits=8):
    shift = W.min()
    span = W.max() - shift
    return ((W - shift) / span * (2**bits - 1)).astype(np.uint8), ((2**bits - 1) / span, shift)


def stochastic_quantize(W, bits=2, rng=None):
    raise NotImplementedError("Part 2.3: stochastic_quantize")
"""
DEPTHWISE = """

def dw_conv_block(in_channels, out_channels, kernel_size=3):
    raise NotImplementedError("Part 6.2: dw_conv_block")
"""


def record(launcher: Launcher | None = None) -> Console:
    """Grade the half-done submission and print the score table to a console that records it."""
    with tempfile.TemporaryDirectory() as folder:
        shutil.copytree(STUBS, folder, dirs_exist_ok=True)
        for module, text in (("quantization", QUANTIZATION), ("depthwise", DEPTHWISE)):
            solution = (SOLUTION / f"{module}.py").read_text(encoding="utf-8")
            (Path(folder) / f"{module}.py").write_text(solution + text, encoding="utf-8")
        gradebook = grade(Path(folder), name="student", seed=43, launcher=launcher)
    console = Console(
        file=io.StringIO(), record=True, width=WIDTH, force_terminal=True, color_system="truecolor", highlight=False
    )
    before = dict(os.environ)
    os.environ[CALLED_AS] = "make"  # on every machine the same commands
    try:
        console.print(terminal.render(gradebook, repeat=Repeat(STUBS)))
    finally:
        os.environ.pop(CALLED_AS)
        os.environ.update(before)
    return console


def drawn(console: Console) -> str:
    """What a console recorded, as SVG."""
    svg = console.export_svg(title="make grade", unique_id="score")
    # It is clipped to the height of lines in Rich's own font: where that isn't at hand, underscores would be missing.
    return re.sub(r' clip-path="url\(#[\w-]+\)"', "", svg)


if __name__ == "__main__":
    PICTURE.write_text(drawn(record()), encoding="utf-8")
