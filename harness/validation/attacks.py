"""Run attacks on the grader, and check that each fails as expected: ``python -m harness.validation.attacks``.

An attack is one file in ``attacks/``. Like other cases, it is appended to the solution's module. Its first lines say
what it does and which tests it must lose::

    # layers: opens the solution's file
    # refused PermissionError
    # grade 2.1a 2.1b 2.1d
    # loses 2.1d: message

``grade`` names the tests to run, by the beginning of their numbers. ``refused`` names exceptions, one of which must
stop the attack. ``# loses 2.1a with own user: message`` counts only if workers have user ids of their own, and
``without own user`` only if they don't.

A broken attack fails too, and that proves nothing. So each attack reports its steps with the functions of
:data:`PRELUDE`. ``attempt(what, action)`` does something that must be refused, and prints the exception or that it
succeeded. ``tried(what)`` prints that a step was done that can't be refused (a lie was returned, a loop begun).

In the text, ``$ROOT``, ``$REPORT`` and ``$GRADER`` stand for the repository's folder, the path of the report, and the
process id of the grader. An attacker could find these out anyway. The constants ``FILES = {"conftest.py": "..."}`` and
``LINKS = {"layers.py": "$ROOT/grader/solution/layers.py"}`` add files and links to the submission, and ``FIFOS =
["notes"]`` adds named pipes.
"""

from __future__ import annotations

import ast
import json
import os
import re
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer

from harness import ROOT
from harness.catalog import all_points
from harness.console import run, stop
from harness.gradebook import Gradebook, State
from harness.grading import grade
from harness.host.fork import ForkLauncher
from harness.isolation.limits import Limits
from harness.non_empty import NothingFoundError, at_least_one
from harness.problem import problem
from harness.reports import gradescope
from harness.validation.cases import first_line, numbers, write_solution

__all__ = ["ATTACKS", "Attack", "Verdict", "read_attacks"]

ATTACKS = problem().cases / "attacks"

#: Code that is put before every attack. It writes to the file descriptor, because attacks replace print and sys.stdout.
PRELUDE = """
def _say(text, write=__import__("os").write):
    write(1, f"[attack] {text}\\n".encode(errors="replace"))


def tried(what):
    _say(f"tried: {what}")


def attempt(what, action, *arguments):
    try:
        result = action(*arguments)
    except BaseException as error:
        _say(f"refused: {what}: {type(error).__name__}")
        return None
    _say(f"GOT THROUGH: {what}: {str(result)[:100]}")
    return result
"""

#: Many attacks loop without end, so the limits are short.
LIMITS = Limits(call_seconds=2.0, test_seconds=8.0, cpu_seconds=20)


@dataclass(frozen=True)
class Attack:
    """A hostile submission."""

    name: str
    module: str
    title: str
    text: str
    graded: tuple[str, ...]
    """The beginnings of the numbers of the tests that are run."""
    loses: dict[bool, dict[str, str]]
    """The numbers of the tests that it loses, each with a text of the message: with users of its own, and without."""
    may_lose: frozenset[str]
    refused: frozenset[str]
    """The names of the exceptions of which one must stop the attack."""

    def write(self, folder: Path, report: Path) -> Path:
        """Write the submission into a new folder."""
        values = {"$ROOT": str(ROOT), "$REPORT": str(report), "$GRADER": str(os.getpid())}

        def filled(text: str) -> str:
            return re.sub(r"\$(ROOT|REPORT|GRADER)\b", lambda found: values[found[0]], text)

        write_solution(folder)
        text = filled(self.text)
        path = folder / f"{self.module}.py"
        path.write_text(path.read_text(encoding="utf-8") + PRELUDE + "\n\n" + text, encoding="utf-8")
        constants = _constants(self.text)
        for name, content in constants.get("FILES", {}).items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(filled(content), encoding="utf-8")
        for name, target in constants.get("LINKS", {}).items():
            (folder / name).unlink(missing_ok=True)
            (folder / name).symlink_to(filled(target))
        for name in constants.get("FIFOS", []):
            (folder / name).unlink(missing_ok=True)
            os.mkfifo(folder / name)
        return folder


class Verdict(msgspec.Struct):
    """The outcome of an attack. Without problems, it failed as expected."""

    attack: str
    problems: list[str]
    said: list[str]
    """The lines that the attack printed."""
    seconds: float


def read_attacks(names: Sequence[str] = ()) -> tuple[Attack, ...]:
    """Read all attacks, or those with these names.

    Raises:
        ValueError: a file's first lines don't describe an attack, there are no attacks, or no attack has one of the
            names.
    """
    paths = at_least_one(sorted(ATTACKS.glob("*.py")), "An attack", f"restore {ATTACKS}")
    if unknown := sorted({*names} - {path.stem for path in paths}):
        raise NothingFoundError(f"There is no attack {', '.join(unknown)}: they are the files in {ATTACKS}.")
    return tuple(_read(path) for path in paths if not names or path.stem in names)


def _read(path: Path) -> Attack:
    text = path.read_text(encoding="utf-8")
    module, _, title = first_line(path, text)
    graded = re.search(r"^# grade (.+)$", text, re.MULTILINE)
    if graded is None:
        raise ValueError(f"{path}: '# grade 2.1a 2.1b' has to name the tests that are run")
    loses: dict[bool, dict[str, str]] = {True: {}, False: {}}
    for prefix, where, symptom in re.findall(r"^# loses (\S+?)( with(?:out)? own user)?(?:: (.+))?$", text, re.M):
        for own_user, found in loses.items():
            if where in ("", " with own user" if own_user else " without own user"):
                found.update(dict.fromkeys(numbers(path, prefix), symptom))
    may_lose = re.findall(r"^# may lose (\S+)$", text, re.MULTILINE)
    refused = re.search(r"^# refused (.+)$", text, re.MULTILINE)
    if not refused and "tried(" not in text:
        raise ValueError(f"{path}: an attack shows that it was there: call attempt or tried")
    for prefix in graded[1].split():
        numbers(path, prefix)
    return Attack(
        path.stem,
        module,
        title,
        text,
        tuple(graded[1].split()),
        loses,
        frozenset(number for prefix in may_lose for number in numbers(path, prefix)),
        frozenset(refused[1].split() if refused else ()),
    )


def _constants(text: str) -> dict[str, Any]:
    """The constants FILES, LINKS and FIFOS of an attack, read without running it."""
    return {
        node.targets[0].id: ast.literal_eval(node.value)
        for node in ast.parse(text).body
        if isinstance(node, ast.Assign)
        and isinstance(node.targets[0], ast.Name)
        and node.targets[0].id in ("FILES", "LINKS", "FIFOS")
    }


# ---- the judgement -------------------------------------------------------------------------------------------


def run_attack(attack: Attack, launcher: ForkLauncher, place: Path) -> Verdict:
    """Grade an attack, and check its outcome.

    Args:
        place: an empty folder for the submission and its report.
    """
    report = place / "results.json"
    folder = attack.write(place / "submission", report)
    before = _left_behind(launcher)
    started = time.monotonic()
    gradebook = grade(folder, parts=attack.graded, seed=2420, results_json=report, launcher=launcher)
    seconds = time.monotonic() - started
    said = [
        line
        for _, outcome in gradebook.results
        for line in re.findall(r"^\[attack\] (.+)$", outcome.printed, re.MULTILINE)
    ]
    problems = [
        *_wrong_verdicts(attack, gradebook, bool(launcher.sandbox.users)),
        *_wrong_words(attack, said),
        *_wrong_report(gradebook, report),
    ]
    problems += [f"left behind: {what}" for what in sorted(_left_behind(launcher) - before)]
    return Verdict(attack.name, problems, list(dict.fromkeys(said)), seconds)


def _wrong_verdicts(attack: Attack, gradebook: Gradebook, own_user: bool) -> Iterator[str]:
    loses = attack.loses[own_user]
    graded = [(test, outcome) for test, outcome in gradebook.results if gradebook.is_selected(test)]
    for test, outcome in graded:
        if outcome.fault:
            yield f"{test.number}: a fault of the grader: {outcome.fault[-300:]}"
        lost = outcome.state is not State.PASSED
        if lost and test.number not in loses and test.number not in attack.may_lose:
            yield f"{test.number} was lost: {outcome.message[:300]}"
        if not lost and test.number in loses:
            yield f"{test.number} was passed"
        if lost and outcome.state is not State.NOT_RUN and loses.get(test.number, "") not in outcome.message:
            yield f"{test.number} says: {outcome.message[:300]}"
    yield from gradebook.faults


def _wrong_words(attack: Attack, said: list[str]) -> Iterator[str]:
    yield from (line for line in said if line.startswith("GOT THROUGH"))
    if not said:
        yield "it never said that it was there"
    refusals = [line for line in said if line.startswith("refused")]
    if attack.refused and not refusals:
        yield "nothing was refused"
    for line in refusals:
        if line.rsplit(": ", 1)[-1] not in attack.refused:
            yield f"another refusal than expected: {line}"


def _wrong_report(gradebook: Gradebook, report: Path) -> Iterator[str]:
    maximum = all_points()
    try:
        found = json.loads(report.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        yield f"the report: {error}"
        return
    if found != json.loads(json.dumps(gradescope.render(gradebook))):
        yield "the report is not the gradebook's"
    if gradebook.maximum != maximum or sum(row["max_score"] for row in found["tests"]) != maximum:
        yield f"the maximum is {gradebook.maximum:g} and not {maximum:g}"


def _left_behind(launcher: ForkLauncher) -> set[str]:
    """List the server's leftover processes, and leftover files in folders that everybody can write.

    Files are recognised by their owner or, without user ids for workers, by the names that attacks use.
    """
    found: set[str] = set()
    users = launcher.sandbox.users
    for folder in ("/tmp", "/var/tmp", "/dev/shm"):
        for entry in os.scandir(folder):
            with suppress(FileNotFoundError):
                if entry.name.startswith("harness-attack") or entry.stat(follow_symlinks=False).st_uid in users:
                    found.add(entry.path)
    children = launcher.children()
    found.update(f"process {pid}" for pid in children[1:])
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line."""
    return run(_attack, "python -m harness.validation.attacks", arguments)


def _attack(
    names: Annotated[list[str] | None, typer.Argument(help="Attacks by the names of their files; all without.")] = None,
    without: Annotated[list[str] | None, typer.Option(help="A layer of the sandbox to leave out.")] = None,
) -> None:
    """Run attacks, and print one verdict a line as JSON. Exit code 1: an attack has a problem."""
    try:
        attacks = read_attacks(names or [])
    except NothingFoundError as error:
        stop(str(error))
    launcher = ForkLauncher(LIMITS, without=tuple(without or []))
    failed = 0
    try:
        for attack in attacks:
            with tempfile.TemporaryDirectory(prefix="harness-attack-") as place:
                verdict = run_attack(attack, launcher, Path(place))
            failed += bool(verdict.problems)
            print(json.dumps(msgspec.to_builtins(verdict)), flush=True)
    finally:
        launcher.stop()
    if failed:
        raise typer.Exit(1)


if __name__ == "__main__":
    sys.exit(main())
