"""The report of all parts: one self-contained HTML file for screens of any width and for paper.

Records may come from anybody. So their texts are escaped, and only files ``<part>/<figure>.png`` are opened.
"""

from __future__ import annotations

import base64
import os
import re
from collections.abc import Sequence
from pathlib import Path
from statistics import fmean, median
from typing import Any, NamedTuple

import jinja2

from course.experiments.fact_tables import FactTable, fact_tables
from course.experiments.wording import duration, even, percent, plain, sentence
from course.facts import PROFILE, facts_of_records
from course.plotting import number
from course.records import PARTS, Claim, Data, Environment, Record, Run, Settings, Table, clock_seconds
from harness.facts import of_question
from harness.problem import problem
from harness.reports.text import counted

__all__ = [
    "FILE",
    "SIGNS",
    "SummaryRow",
    "cell",
    "duration",
    "numeric_columns",
    "plain",
    "render",
    "summary_rows",
    "write_report",
]

FILE = "report.html"
SIGNS = {"complete": "✓", "unfinished": "◐", "failed": "✗", "skipped": "·"}
#: The largest size of a figure in bytes. The largest real one, a heat map, has 0.3 MB.
MAX_PICTURE = 5_000_000
DATA = {"cifar10": "CIFAR-10", "cinic10": "CINIC-10", "mnist": "MNIST"}
SCHEDULES = {"multistep": "MultiStepLR", "cosine_annealing": "CosineAnnealingLR"}
OPTIMIZERS = {"sgd": "SGD", "adam": "Adam"}
#: Parts whose record has accuracies by group in its values.
ACCURACIES = ("2.2", "2.3")
FULL = {"full": "full precision"}


class SummaryRow(NamedTuple):
    """A row of the summary. Its texts have no control characters, and are not escaped."""

    part: str
    title: str
    state: str
    result: str
    """The key result, as ``test accuracy 92.81 % (cosine annealing)``."""
    time: str
    remark: str
    """The reason why the part was skipped or failed, and the stand-ins that it used."""


def summary_rows(records: Sequence[Record]) -> list[SummaryRow]:
    """Return a row for each record, in the handout's order."""
    return [
        SummaryRow(
            part=plain(record.part),
            title=plain(record.title),
            state=record.state,
            result=plain(_key_result(record)),
            time=duration(record.seconds) if record.seconds else "",
            remark=plain(" ".join(sentence(text) for text in [record.reason, *record.stand_ins] if text)),
        )
        for record in _in_order(records)
    ]


def render(folder: Path, records: Sequence[Record]) -> str:
    """Return the HTML of the report.

    Args:
        folder: the folder of results, with figures as ``<part>/<figure>.png``.
    """
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).resolve().parent),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_harmless,
    )
    environment.filters.update(cell=cell, data=_data, duration=duration, environment=_environment, sentence=sentence)
    records = _in_order(records)
    return environment.get_template("report.html.j2").render(
        records=records,
        rows=summary_rows(records),
        missing=[part for part in PARTS if part not in {record.part for record in records}],
        signs=SIGNS,
        profiles=sorted({record.profile for record in records}),
        quick=[record.part for record in records if record.profile != "full"],
        seeds=sorted({record.seed for record in records}),
        head=records[0].environment if records else None,
        seconds=sum(record.seconds for record in records),
        clock=clock_seconds(records),
        sessions=_sessions,
        beside=[record.part for record in records if any(run.alone is False for run in record.runs)],
        properties=_properties,
        numeric_columns=numeric_columns,
        questions=lambda part: [question for question in problem().question if question.part == part],
        facts=_facts_by_question(records),
        picture=lambda record, name: _picture(folder, record.part, name),
    )


def _facts_by_question(records: Sequence[Record]) -> dict[str, list[FactTable]]:
    """Return tables of facts for each question that is graded by hand, by its id."""
    found = facts_of_records({record.part: record for record in records})
    told = [fact for fact in found if fact.name != PROFILE]
    return {question.id: fact_tables(of_question(told, question.id)) for question in problem().question}


def write_report(folder: Path, records: Sequence[Record]) -> Path:
    """Write ``report.html`` in the folder of results, whole or not at all. Return its path.

    Raises:
        OSError: the file can't be written.
    """
    page = render(folder, records)
    folder.mkdir(parents=True, exist_ok=True)
    unfinished = folder / f"{FILE}.{os.getpid()}.part"
    try:
        unfinished.write_text(page, encoding="utf-8")
        unfinished.replace(folder / FILE)
    finally:
        unfinished.unlink(missing_ok=True)
    return folder / FILE


def _in_order(records: Sequence[Record]) -> list[Record]:
    places = {part: place for place, part in enumerate(PARTS)}
    return sorted(records, key=lambda record: (places.get(record.part, len(PARTS)), record.part))


def _key_result(record: Record) -> str:
    """Name the best final test accuracy and the unfinished runs. Without runs, count the tables and figures."""
    claims = [(run.checkpoint.test, run.title) for run in record.runs if run.checkpoint is not None]
    finished = [(claim.accuracy, title) for claim, title in claims if claim.total]
    texts = []
    if finished:
        best, title = max(finished)
        texts.append(f"test accuracy {percent(best)}{f' ({title})' if len(finished) > 1 else ''}")
    texts += [
        f"{run.title}: {_progress(run)}{f', test accuracy {percent(run.accuracies[-1])}' if run.accuracies else ''}"
        for run in record.runs
        if not run.finished
    ]
    if record.part in ACCURACIES and record.values:
        groups = {FULL.get(name, name): values for name, values in record.values.items() if values}
        found = ", ".join(
            f"{percent(fmean(values))} ({name}{f', mean of {len(values)}' if len(values) > 1 else ''})"
            for name, values in groups.items()
        )
        texts.append(f"test accuracy {found}")
    if not texts:
        counts = ((len(record.tables), "table"), (len(record.figures), "figure"))
        texts = [counted(count, what) for count, what in counts if count]
    return ", ".join(texts)


def _progress(run: Run) -> str:
    done, planned = len(run.accuracies), run.settings.epochs
    return counted(planned, "epoch") if run.finished else f"{done} of {counted(planned, 'epoch')}"


def _properties(record: Record) -> list[tuple[str, list[str]]]:
    """Return the rows of the table of runs: a property and each run's value, if any run has one."""
    columns = [_properties_of(run) for run in record.runs]
    names = list(columns[0]) if columns else []
    rows = [(name, [column[name] for column in columns]) for name in names]
    return [(name, values) for name, values in rows if any(values)]


def _properties_of(run: Run) -> dict[str, str]:
    settings = run.settings
    checkpoint = run.checkpoint
    return {
        "Length": _progress(run),
        "Optimizer": _optimizer(settings),
        "First learning rate": number(settings.rate),
        "Schedule": SCHEDULES.get(settings.schedule, settings.schedule)
        + (f", {settings.lapse} of its epochs in each" if settings.lapse != 1 else ""),
        "Batch": f"{number(settings.batch_size)} images{', cropped and flipped' if settings.augment else ''}",
        "Precision": settings.precision,
        "Training loss, last epoch": even(run.last_loss) if run.accuracies and run.losses else "",
        "Final test accuracy": percent(run.accuracies[-1]) if run.accuracies else "",
        "Best test accuracy": percent(max(run.accuracies)) if run.accuracies else "",
        "Checkpoint": f"{checkpoint.file} ({checkpoint.architecture})" if checkpoint else "",
        "Rechecked from the checkpoint": _claim(checkpoint.test) if checkpoint else "",
        "On the repository's test images (fixtures/)": _claim(checkpoint.fixtures) if checkpoint else "",
        "Time": duration(sum(run.seconds)) if run.seconds else "",
        "Times measured": {None: "", True: "alone", False: "beside other runs"}[run.alone],
        "Median epoch": f"{number(round(median(run.seconds), 2))} s" if run.seconds else "",
    }


def _optimizer(settings: Settings) -> str:
    name = OPTIMIZERS.get(settings.optimizer, settings.optimizer)
    options = (("momentum", settings.momentum), ("weight decay", settings.weight_decay))
    return ", ".join([name, *(f"{what} {value:g}" for what, value in options if value)])


def _claim(claim: Claim) -> str:
    if not claim.total:
        return "no images"
    return f"{claim.correct:,} of {claim.total:,} ({percent(claim.accuracy)})"


def _data(data: Data) -> str:
    source = {"fixtures": "the subset in fixtures/", "complete": "complete"}.get(data.source, data.source)
    return (
        f"{DATA.get(data.name, data.name)}, {source}: {data.training:,} training and {data.test:,} test images of "
        f"{data.size} × {data.size} pixels"
    )


def _environment(environment: Environment) -> str:
    return (
        f"{environment.device}, {environment.threads} CPU thread{'s' if environment.threads != 1 else ''}; PyTorch "
        f"{environment.torch}, torchvision {environment.torchvision}, NumPy {environment.numpy}, Python "
        f"{environment.python}, {environment.platform}"
    )


def _sessions(record: Record) -> list[str]:
    """Describe each session of a part: when and where it ran, and whether other parts ran at the same time."""
    return [
        f"{session.started[:16].replace('T', ' ')} UTC: {duration(session.seconds)} on {session.device}, "
        f"{counted(session.threads, 'CPU thread')}, "
        f"{'by the workers of a cluster' if not session.jobs else f'--jobs {session.jobs}'}, "
        f"{'alone' if session.alone else 'beside other parts'}"
        for session in record.sessions
    ]


def numeric_columns(table: Table) -> set[int]:
    """Return the indices of columns that have only numbers and empty cells."""
    columns = range(min(map(len, table.rows), default=0))
    return {
        column for column in columns if all(row[column] == "" or not isinstance(row[column], str) for row in table.rows)
    }


def cell(value: str | int | float) -> str:
    """Format a cell of a table. Fractions have four significant digits, with trailing zeros, to align columns."""
    if isinstance(value, str):
        return value
    return even(value) if isinstance(value, float) else number(value)


def _harmless(value: Any) -> Any:
    """Clean a text of the template that isn't marked as safe, and keep each % on the line of its number."""
    return plain(value).replace(" %", "\u00a0%") if type(value) is str else value


def _picture(folder: Path, part: str, name: str) -> str | None:
    """Return a figure as a data URL; None if there is no valid PNG file."""
    if part not in PARTS or not re.fullmatch(r"\w[\w.-]*", name):
        return None
    path = folder / part / f"{name}.png"
    try:
        if path.is_symlink() or not path.is_file() or path.stat().st_size > MAX_PICTURE:
            return None
        content = path.read_bytes()
    except OSError:
        return None
    if not content.startswith(b"\x89PNG\r\n\x1a\n"):
        return None
    return "data:image/png;base64," + base64.b64encode(content).decode()
