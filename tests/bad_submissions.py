"""Generate bad submissions: a seeded generator changes the solution at random, in ways that nobody planned."""

from __future__ import annotations

import ast
import random
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from harness.catalog import RESULTS, read_suites
from harness.submission.required_names import MODULES
from harness.validation.cases import SOLUTION, write_solution

__all__ = ["BadSubmission", "generate"]

#: Statements that are inserted somewhere into a function.
DISASTERS = (
    "raise ValueError('generated')",
    "raise NotImplementedError",
    "raise KeyboardInterrupt",
    "raise SystemExit(0)",
    "raise type('Odd', (BaseException,), {'__str__': lambda self: 1 / 0})()",
    "__import__('os')._exit(0)",
    "__import__('os')._exit(77)",
    "__import__('os').abort()",
    "__import__('os').kill(__import__('os').getpid(), 9)",
    "__import__('time').sleep(1000)",
    "while True: pass",
    "print('x' * 10_000_000)",
    "[0] * 10**11",
    "__import__('sys').exit('generated')",
    "__import__('ctypes').string_at(0)",
    "__import__('numpy').seterr(all='raise')",
    "__import__('torch').set_default_dtype(__import__('torch').float64)",
    "__import__('sys').setrecursionlimit(50)",
    "__import__('os').chdir('/')",
    "__import__('os').close(1)",
    "__import__('os').close(3)",
    "import builtins; builtins.len = lambda x: 1",
    "return",
    "yield 1",
)
#: Values that are returned instead of the correct one.
RUBBISH = (
    "None",
    "float('nan')",
    "[]",
    "()",
    "{}",
    "''",
    "b'x'",
    "1e400",
    "-1",
    "10**400",
    "object()",
    "print",
    "NotImplemented",
    "...",
    "{1, 2}",
    "iter([])",
    "Exception('returned')",
    "[[]] * 3",
    "'x' * 10**6",
    "list(range(10**6))",
    "__import__('numpy').full((3, 3), __import__('numpy').nan)",
    "__import__('numpy').zeros((0, 5))",
    "__import__('numpy').array('text')",
    "__import__('numpy').array([object()])",
    "__import__('numpy').zeros(3, dtype=complex)",
    "__import__('torch').full((2, 2), float('inf'))",
    "__import__('torch').zeros(2, device='meta')",
    "__import__('torch').zeros(3).to_sparse()",
    "__import__('torch').nn.Identity()",
    "__import__('torch').nn.Linear(3, 2)",
)
#: Expressions that wrap a correct value.
WRAPPERS = (
    "({0},)",
    "[{0}]",
    "{{'value': {0}}}",
    "str({0})",
    "-({0})",
    "({0}) * 2",
    "({0})[0]",
    "({0}).T",
    "({0}).float()",
    "({0}).astype('float16')",
    "({0}) + float('nan')",
    "({0}).reshape(-1)",
    "({0}).tolist()",
    "lambda: ({0})",
    "type({0})",
)


@dataclass(frozen=True)
class BadSubmission:
    """A generated submission."""

    seed: int
    module: str
    text: str
    numbers: tuple[str, ...]
    """Some tests of the module's part."""

    def write(self, folder: Path) -> Path:
        write_solution(folder)
        (folder / f"{self.module}.py").write_text(self.text, encoding="utf-8")
        return folder


def generate(seed: int, tests: int = 6) -> BadSubmission:
    """Generate the submission of a seed, with some tests to run on it."""
    rng = random.Random(seed)
    part, module = rng.choice(sorted(MODULES.items()))
    text = (SOLUTION / f"{module}.py").read_text(encoding="utf-8")
    for _ in range(rng.choice((1, 1, 2, 3))):
        changed = rng.choice(CHANGES)(text, rng)
        if not _parses(changed):
            text = changed if rng.random() < 0.2 else f"{text}\n{rng.choice(DISASTERS[:3])}\n"
            break  # what isn't Python any more can't be changed further
        text = changed
    numbers = [test.number for test in read_suites() if test.number.startswith(part) and RESULTS not in test.tags]
    return BadSubmission(seed, module, text, tuple(sorted(rng.sample(numbers, min(tests, len(numbers))))))


def _parses(text: str) -> bool:
    try:
        ast.parse(text)
    except SyntaxError:
        return False
    return True


def _functions(tree: ast.Module) -> list[ast.FunctionDef]:
    return [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]


def _in_a_function(text: str, rng: random.Random, change: Callable[[ast.FunctionDef], None]) -> str:
    tree = ast.parse(text)
    functions = _functions(tree)
    if not functions:
        return text + "\nraise ValueError('generated')\n"
    change(rng.choice(functions))
    return ast.unparse(ast.fix_missing_locations(tree))


def _disaster(text: str, rng: random.Random) -> str:
    statement = ast.parse(f"def f():\n    {rng.choice(DISASTERS)}").body[0]
    assert isinstance(statement, ast.FunctionDef)

    def change(function: ast.FunctionDef) -> None:
        function.body.insert(rng.randrange(len(function.body) + 1), statement.body[0])

    return _in_a_function(text, rng, change)


def _deletion(text: str, rng: random.Random) -> str:
    def change(function: ast.FunctionDef) -> None:
        del function.body[rng.randrange(len(function.body))]
        function.body = function.body or [ast.Pass()]

    return _in_a_function(text, rng, change)


def _returns(text: str, rng: random.Random, replace: Callable[[ast.expr], str]) -> str:
    tree = ast.parse(text)
    found = [node for node in ast.walk(tree) if isinstance(node, ast.Return) and node.value is not None]
    if not found:
        return text + f"\n{rng.choice(DISASTERS[:3])}\n"
    node = rng.choice(found)
    assert node.value is not None
    node.value = ast.parse(replace(node.value), mode="eval").body
    return ast.unparse(ast.fix_missing_locations(tree))


def _rubbish(text: str, rng: random.Random) -> str:
    return _returns(text, rng, lambda value: rng.choice(RUBBISH))


def _wrapped(text: str, rng: random.Random) -> str:
    return _returns(text, rng, lambda value: rng.choice(WRAPPERS).format(ast.unparse(value)))


def _other_constant(text: str, rng: random.Random) -> str:
    tree = ast.parse(text)
    numbers = [node for node in ast.walk(tree) if isinstance(node, ast.Constant) and type(node.value) in (int, float)]
    if numbers:
        rng.choice(numbers).value = rng.choice((0, -1, 1, 2, 0.5, 10**9, 1e300, -0.0))
    return ast.unparse(tree)


def _other_operator(text: str, rng: random.Random) -> str:
    tree = ast.parse(text)
    found = [node for node in ast.walk(tree) if isinstance(node, ast.BinOp)]
    if found:
        rng.choice(found).op = rng.choice((ast.Add(), ast.Sub(), ast.Mult(), ast.Div(), ast.Mod(), ast.Pow()))
    return ast.unparse(tree)


def _without_argument(text: str, rng: random.Random) -> str:
    def change(function: ast.FunctionDef) -> None:
        if function.args.args:
            del function.args.args[rng.randrange(len(function.args.args))]
            function.args.defaults = function.args.defaults[: len(function.args.args)]

    return _in_a_function(text, rng, change)


def _at_import(text: str, rng: random.Random) -> str:
    lines = text.splitlines()
    lines.insert(rng.randrange(len(lines) + 1), rng.choice(DISASTERS[:-2]))
    return "\n".join(lines) + "\n"


def _cut_off(text: str, rng: random.Random) -> str:
    return text[: rng.randrange(len(text))]


CHANGES = (
    *(_disaster, _disaster, _disaster, _deletion, _deletion, _rubbish, _rubbish, _rubbish, _wrapped, _wrapped),
    *(_other_constant, _other_operator, _without_argument, _at_import, _cut_off),
)
