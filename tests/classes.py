"""Write a made-up class with good, wrong, broken, hostile and damaged submissions, and check its grades.

``python -m tests.classes FOLDER [COUNT]`` writes one, as Gradescope exports it.
"""

from __future__ import annotations

import csv
import io
import json
import math
import random
import shutil
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import nbformat
import yaml

from harness.catalog import RESULTS, read_suites
from harness.validation.attacks import read_attacks
from harness.validation.cases import STUBS, read_cases, write_modules, write_solution
from tests.conftest import MAXIMUM
from tests.damaged_submissions import damaged_submission, solution_notebook, zip_of

__all__ = ["check_grades", "rows", "write_class"]

OF_CODE = {test.number for test in read_suites() if RESULTS not in test.tags}

Write = Callable[[Path], object]

#: Attacks of several kinds that end quickly.
HOSTILE = (
    "damages_the_report",
    "exits_at_import",
    "exits_in_a_function",
    "claims_huge_arrays",
    "conftest_in_the_submission",
    "deaf_loop",
)


def write_class(folder: Path, count: int = 60, seed: int = 2420) -> dict[str, str]:
    """Write an export of Gradescope. Return the kind of each submission by the name of its folder."""
    folder.mkdir(parents=True, exist_ok=True)
    draw = random.Random(seed)
    metadata, kinds = {}, {}
    for index, (kind, write) in zip(range(count), _kinds(draw), strict=False):
        name = f"submission_{410_000_000 + draw.randrange(10**6) * 100 + index}"
        (folder / name).mkdir()
        write(folder / name)
        (folder / name).chmod(0o755)  # cases copy the modes of the solution's folder
        kinds[name] = kind
        people = [f"Student {index:02}"] + ([f"Partner {index:02}"] if index % 5 == 0 else [])
        metadata[name] = {
            ":submitters": [
                {
                    ":name": person,
                    ":sid": f"{1000 + index}{person[0]}",
                    ":email": f"{person[0]}{index}@example.edu".lower(),
                }
                for person in people
            ],
            ":created_at": f"2025-10-0{1 + index % 9} 23:5{index % 10}:00.000000000 Z",
            ":score": 0.0,
            ":status": "processed",
        }
    (folder / "submission_metadata.yml").write_text(yaml.safe_dump(metadata, sort_keys=False), encoding="utf-8")
    return kinds


def _kinds(draw: random.Random) -> Iterator[tuple[str, Write]]:
    """The kinds of submissions, repeated in this order with other cases each time."""
    cases = {kind: list(read_cases(kind)) for kind in ("right", "wrong", "broken")}
    cases = {kind: [case for case in of_kind if not case.requires] for kind, of_kind in cases.items()}
    for of_kind in cases.values():
        draw.shuffle(of_kind)
    attacks = read_attacks(HOSTILE)
    while True:
        right, wrong, other, broken = (cases[kind].pop() for kind in ("right", "wrong", "wrong", "broken"))
        attack = attacks[draw.randrange(len(attacks))]
        yield "solution", write_solution
        yield wrong.id, wrong.write
        yield f"copy of {wrong.id}", wrong.write
        yield "empty", lambda folder: None
        yield "notebook", _notebook
        yield f"attack/{attack.name}", partial(attack.write, report=Path("results.json"))
        yield "stubs", lambda folder: write_modules(STUBS, folder)
        yield broken.id, broken.write
        yield "zip", _zip
        yield right.id, right.write
        yield "damaged", partial(damaged_submission, seed=draw.randrange(1000))
        yield other.id, other.write


def _submitter(name: str) -> dict[str, str]:
    short = name.replace(" ", "").lower()
    return {":name": name, ":sid": f"sid-{short}", ":email": f"{short}@example.edu"}


def _notebook(folder: Path) -> None:
    nbformat.write(solution_notebook(), folder / "CS2420_PSet2.ipynb")


def _zip(folder: Path) -> None:
    write_solution(folder / "mine")
    files = {f"mine/{file.name}": file.read_bytes() for file in (folder / "mine").iterdir()}
    shutil.rmtree(folder / "mine")
    (folder / "CS2420_PSet2_Ada_Alan.zip").write_bytes(zip_of(files))


# ---- their grades ----------------------------------------------------------------------------------------------


def rows(text: str) -> list[dict[str, str]]:
    """The rows of a table of grades, the maxima first."""
    return list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"))))


def check_grades(out: Path, kinds: dict[str, str]) -> None:
    """Check the table and the reports against the known grade of each submission."""
    cases = {case.id: case for case in read_cases()}
    maxima, *students = rows((out / "grades.csv").read_text())
    assert float(maxima["Automatic"]) == MAXIMUM
    assert {row["Submission"] for row in students} == set(kinds)
    for row in students:
        kind = kinds[row["Submission"]].removeprefix("copy of ")
        if kind == "empty":
            assert (row["Status"], row["Automatic"]) == ("nothing to grade", "0")
            continue
        if kind == "damaged":
            assert row["Status"] in ("graded", "nothing to grade")
            continue
        assert row["Status"] == "graded", kind
        report = json.loads((out / "reports" / f"{row['Submission']}.json").read_text())
        assert math.isclose(float(row["Automatic"]), report["score"], abs_tol=0.01)
        lost = {test["number"] for test in report["tests"] if test["status"] != "passed"} & OF_CODE
        if kind in cases:
            assert lost - cases[kind].may_lose == set(cases[kind].loses), kind
        elif not kind.startswith("attack/"):
            assert lost == (OF_CODE if kind == "stubs" else set()), kind


if __name__ == "__main__":
    for name, kind in write_class(Path(sys.argv[1]), *map(int, sys.argv[2:3])).items():
        print(name, kind)
