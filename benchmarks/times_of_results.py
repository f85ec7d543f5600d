"""What the runs in a folder of results took and reached, as a table.

python -m benchmarks.times_of_results results
"""

from __future__ import annotations

import statistics
import sys
from pathlib import Path

from rich.console import Console
from rich.table import Table

from course import records
from course.records import RecordError, clock_seconds

__all__ = ["main", "rows"]


def rows(folder: Path) -> list[list[str]]:
    """A row for each run, and one for all parts together."""
    found, read = [], []
    for part in records.PARTS:
        try:
            record = records.read(folder / part)
        except (RecordError, OSError):
            continue
        read.append(record)
        found.append([part, f"({record.state})", "", "", f"{record.seconds:.0f} s", ""])
        for run in record.runs:
            reached = f"{run.checkpoint.test.accuracy:.1%}" if run.checkpoint is not None else "unfinished"
            median = f"{statistics.median(run.seconds):.2f} s" if run.seconds else ""
            total = f"{sum(run.seconds):.0f} s"
            found.append([part, run.name, run.settings.precision, median, total, reached])
        if (table := record.table("seconds an epoch")) is not None:
            found += [[part, f"{row[0]}, {row[3]} plain steps", "", f"{row[1]:.2f} s", "", ""] for row in table.rows]
    if read:
        found.append(["all", "by the clock", "", "", f"{clock_seconds(read):.0f} s", ""])
    return found


def main(arguments: list[str]) -> int:
    """The exit code: 2 without one folder."""
    if len(arguments) != 1 or not Path(arguments[0]).is_dir():
        print("Name one folder of results: python -m benchmarks.times_of_results results", file=sys.stderr)
        return 2
    table = Table("Part", "Run", "Precision", "Median epoch", "Time", "Test accuracy")
    for row in rows(Path(arguments[0])):
        table.add_row(*row)
    Console(highlight=False, width=110).print(table)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
