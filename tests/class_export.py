"""Write a made-up class of forty as Gradescope exports it, and the gradebook that Canvas exports for it.

``python -m tests.class_export FOLDER [RESULTS]`` writes ``export/``, ``gradebook.csv`` and ``late.toml``. The class has
groups, late submissions, notebooks, a PDF alone, an empty submission, a student in two submissions, a student whom
Canvas doesn't know, and a student who submitted nothing. RESULTS is a folder that run_experiments.py has made: some
students submit it. docs/an-evening.md uses this class.
"""

from __future__ import annotations

import csv
import random
import shutil
import sys
from collections.abc import Sequence
from datetime import datetime, timedelta, timezone
from pathlib import Path

import nbformat
import yaml

from harness.problem import problem
from harness.submission.required_names import FILES
from harness.validation.cases import SOLUTION, STUBS
from tests.damaged_submissions import solution_notebook, zip_of

__all__ = ["COUNT", "DUE", "NAMES", "write_class_export"]

COUNT = 40
DUE = datetime(2025, 10, 3, 23, 59, tzinfo=timezone(timedelta(hours=-4)))
PDF = (
    b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n"
    b"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 300 200]>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"
)
#: First and last names, some of which are difficult for tables and addresses.
NAMES = (
    "Ada Lovelace",
    "Alan Turing",
    "Grace Hopper",
    "Zoë Müller",
    "Søren Åkesson",
    "Mary-Jane O'Neil",
    "Đorđe Ђорђевић",
    "李 小龙",
    "Noether Emmy",
    "Katherine Johnson",
    "Annie Easley",
    "Dorothy Vaughan",
    "Mary Jackson",
    "Hedy Lamarr",
    "Radia Perlman",
    "Barbara Liskov",
    "Shafi Goldwasser",
    "Frances Allen",
    "Adele Goldberg",
    "Karen Jones",
    "Joan Clarke",
    "Jean Bartik",
    "Betty Holberton",
    "Kay McNulty",
    "Ruth Teitelbaum",
    "Fran Bilas",
    "Marlyn Meltzer",
    "Evelyn Berezin",
    "Stephanie Shirley",
    "Margaret Hamilton",
    "Lynn Conway",
    "Sophie Wilson",
    "Susan Kare",
    "Ellen Ochoa",
    "Mae Jemison",
    "Sally Ride",
    "Valentina Tereshkova",
    "Maryam Mirzakhani",
    "Karen Uhlenbeck",
    "Ingrid Daubechies",
    "Fei-Fei Li",
    "Daphne Koller",
    "Cynthia Dwork",
    "Jennifer Chayes",
    "Éva Tardos",
    "Ronitt Rubinfeld",
)

#: Written answers by the question's id. The first one is good, and the others are worse.
ANSWERS: dict[str, Sequence[str]] = {
    "1.1": (
        "**0.1 is best.** It reaches the highest accuracy after five epochs. With 0.0001 the loss falls too slowly, "
        "with 1.0 it jumps about and the network learns little.\n\n![loss](results/1.1/learning-rates.png)",
        "The best learning rate is 0.1, with a test accuracy of 99.9 %.",
        "1.0 is the fastest, so it is best.",
        "0.1. " + "It is better than the others because the curve is higher. " * 14,
        "<script>document.title = 'hacked'</script>[0.1](javascript:alert(1)) is best <img src=x onerror=alert(1)>",
    ),
    "1.2": (
        "MultiStep rises at once when the rate falls at epochs 25, 50 and 75; cosine rises steadily. "
        "Both together took 46 minutes.",
        "Cosine is smoother. It took some time.",
        "Both are the same.",
    ),
    "2.1": (
        "784 × 128 weights take 401,408 bytes in float32 and 100,352 bytes as codes; with scale and shift, "
        "8 bytes more, that is a factor of 3.9997.",
        "8 bits are a quarter of 32, so it is 4 times smaller.",
        "It is 8x smaller.",
    ),
    "2.2-8-bits": ("97.6 % against 97.6 %: 256 levels are fine enough.", "Accuracy falls by 12 points.", ""),
    "2.2-4-bits": ("A loss of 0.7 percentage points, since 16 levels are coarse.", "A bit worse.", ""),
    "2.2-2-bits": ("Only four levels are left, and the accuracy falls to 58.3 %.", "Much worse.", "It works well."),
    "2.3": (
        "At 2 bits stochastic rounding reaches 74 % ± 3 % in ten runs against 58 % with banker's rounding. It is right "
        "on average, so small weights aren't all lost; it adds noise to each.",
        "Stochastic rounding is random, so it is worse.",
        "Stochastic is better.",
    ),
    "3.2": ("", "The curves are in the figure above.", ""),
    "3.3": (
        "At each step the accuracy falls by some points and comes back within a few epochs. The later steps cost more, "
        "since the filters that are left matter more. At the end it is 2 points below the baseline of 1.2.",
        "The accuracy drops when we prune.",
        "",
    ),
    "3.4": (
        "Both switch off half of the weights. Single weights cost less accuracy, since the smallest of a layer are "
        "spread over all its filters. Only whole filters make dense convolutions faster.",
        "Unstructured pruning is better and faster.",
        "",
    ),
    "4.2": ("", "", "See the plot."),
    "5.1": (
        "| hyperparameter | value |\n|---|---|\n| layers $N$ | 4 |\n| $d_{model}$ | 512 |\n| heads $h$ | 8 |\n"
        "| dff | 2048 |\n\n"
        "Each attention has $3h$ projections, $h$ scores, $h$ sums and 1 output; a feed-forward has 2. "
        "So $N(15h + 7) + 1 = 509$.",
        "There are 100 matrix products, in the attention.",
        "",
    ),
    "6.1": (
        "With 64 and 128 channels and 3 × 3 kernels: $64 \\cdot 9 + 64 \\cdot 128 = 8768$ against 73,728, a factor of "
        "8.4. Theory says $1/C_{out} + 1/k^2 = 0.119$, which is the same.",
        "About 9 times fewer.",
        "It has 9 times more parameters.",
    ),
    "6.2": (
        "My layer is 5.2 times slower: it calls one small convolution a channel, where `groups` needs one "
        "kernel for all.",
        "It is slower because Python is slow.",
        "",
    ),
}


def write_class_export(folder: Path, results: Path | None = None, seed: int = 2420, count: int = COUNT) -> None:
    """Write the export, the gradebook and the rule for late days."""
    draw = random.Random(seed)
    export = folder / "export"
    export.mkdir(parents=True)
    groups = _groups(count)
    metadata = {}
    for index, people in enumerate(groups):
        name = f"submission_{410_000_100 + 7 * index}"
        (export / name).mkdir()
        _write(export / name, index, people, results, draw)
        metadata[name] = _about(index, people, draw)
    text = yaml.safe_dump(metadata, sort_keys=False, allow_unicode=True)
    (export / "submission_metadata.yml").write_text(text, encoding="utf-8")
    _write_gradebook(folder / "gradebook.csv", [name for people in groups for name in people])
    (folder / "late.toml").write_text(RULES, encoding="utf-8")


RULES = """\
# A day late costs a tenth of the points, and nobody loses more than half. Three slip days a term.
rule = "percent"
per_day = 10
most = 50
grace_minutes = 15

[slip]
days = 3
used = { "sid-0017" = 3 }

[extension]
"sid-0014" = "2025-10-06T23:59-04:00"
"""


def _groups(count: int) -> list[list[str]]:
    """The groups of students. Ada Lovelace of the first group is in the last submission as well."""
    names = iter(NAMES)
    groups = [[next(names), next(names)] if index < 5 else [next(names)] for index in range(count - 1)]
    return [*groups, ["Ada Lovelace"]]


def _write(folder: Path, index: int, people: Sequence[str], results: Path | None, draw: random.Random) -> None:
    """Write the submission of one group."""
    answers = _answers(people, index, draw)
    if index == 20:
        (folder / "writeup.pdf").write_bytes(PDF)
        return
    if index == 21:
        return
    if index % 8 == 6:
        book = solution_notebook()
        book.cells += [nbformat.v4.new_markdown_cell(f"## {text}") for text in answers.split("\n## ")[1:]]
        nbformat.write(book, folder / f"{problem().problem.stem}.ipynb")
    else:
        _write_modules(folder, index, draw)
        (folder / "answers.md").write_text(answers, encoding="utf-8")
    if index % 3:
        (folder / "writeup.pdf").write_bytes(PDF)
    if results is not None and index % 4 in (0, 2):
        shutil.copytree(results, folder / "results")
    if index % 10 == 7:
        files = {f"mine/{path.relative_to(folder)}": path.read_bytes() for path in folder.rglob("*") if path.is_file()}
        shutil.rmtree(folder)
        folder.mkdir()
        (folder / f"{problem().problem.stem}_{people[0].split()[-1]}.zip").write_bytes(zip_of(files))


def _write_modules(folder: Path, index: int, draw: random.Random) -> None:
    """Write the solution's modules. Some groups have stubs instead of half of them."""
    stubs = [] if index % 4 == 0 else draw.sample(FILES, 3)
    for file in FILES:
        shutil.copyfile((STUBS if file in stubs else SOLUTION) / file, folder / file)


def _answers(people: Sequence[str], index: int, draw: random.Random) -> str:
    """answers.md, with good and bad answers."""
    parts = [f"Team: {', '.join(people)}\n\nAI tools: none\n"]
    for question in problem().question:
        bank = ANSWERS[question.id]
        text = bank[0] if index % 4 == 0 else draw.choice(bank)
        limit = f" ({question.words})" if question.words else ""
        parts.append(f"## {question.part} {question.title}{limit}\n\n{text}\n")
    return "\n".join(parts)


def _about(index: int, people: Sequence[str], draw: random.Random) -> dict[str, object]:
    late = {3: timedelta(minutes=10), 8: timedelta(hours=26), 9: timedelta(days=2), 12: timedelta(hours=30)}
    created = DUE + late.get(index, -timedelta(minutes=draw.randrange(5, 4000)))
    if index == COUNT - 1:
        created = DUE - timedelta(days=3)  # before the group's
    return {
        ":submitters": [
            {":name": name, ":sid": _sid(name), ":email": f"{_login(name)}@example.edu"} for name in people
        ],
        ":created_at": created.astimezone(timezone.utc),
        ":score": 0.0,
        ":status": "processed",
        ":history": [],
    }


def _sid(name: str) -> str:
    return f"sid-{NAMES.index(name):04}"


def _login(name: str) -> str:
    return f"student{NAMES.index(name):02}"


def _write_gradebook(path: Path, handed_in: Sequence[str]) -> None:
    """Write the gradebook as Canvas exports it, without the third student, and with one who submitted nothing."""
    known = [name for name in dict.fromkeys(handed_in) if name != handed_in[2]] + [NAMES[-1]]
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        table = csv.writer(file)
        table.writerow(
            ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", "PSet 1 (811)", "PSet 2 (812)", "Final Score"]
        )
        table.writerow(["    Points Possible", "", "", "", "", "200", "250", "(read only)"])
        for number, name in enumerate(known):
            last, first = name.rpartition(" ")[2], name.rpartition(" ")[0]
            about = [f"{last}, {first}", 90_000 + number, _sid(name), _login(name), "CS 2420 01"]
            table.writerow([*about, 180 + number % 20, "", "71.3"])
        table.writerow(["Student, Test", 99_999, "", "test-student", "CS 2420 01", "", "", ""])


if __name__ == "__main__":
    write_class_export(Path(sys.argv[1]), Path(sys.argv[2]) if len(sys.argv) > 2 else None)
