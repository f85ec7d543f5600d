"""The progress bar of a training run."""

from __future__ import annotations

import time
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TaskID, TextColumn, TimeRemainingColumn
from rich.table import Column
from rich.text import Text
from torch import Tensor

from course.records import Run

__all__ = ["Bar"]

#: Reading a loss makes a GPU wait: not more often than this, in seconds.
READ_EVERY = 0.5


class _Speed(ProgressColumn):
    def render(self, task: Task) -> Text:
        return Text(f"{task.speed:,.0f} images/s" if task.speed else "")


class Bar:
    """A :class:`course.experiments.lab.Watch` that shows epoch, loss, accuracy, images/s and the time left."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self._progress: Progress | None = None
        self._task = TaskID(0)
        self._images = 0
        self._read = 0.0

    def run_begins(self, run: Run, images: int) -> None:
        self._images = images
        self._progress = Progress(
            *_columns(self.console.width),
            console=self.console,
            disable=not self.console.is_terminal,
            transient=True,
            refresh_per_second=4,
        )
        done = len(run.accuracies)
        self._task = self._progress.add_task(
            "",
            title=run.title if self.console.width >= 80 else run.title[:16],
            total=run.settings.epochs * images,
            completed=done * images,
            epochs=run.settings.epochs,
            **_fields(run),
        )
        if done:
            self.console.print(Text(f"  {run.title}: goes on after epoch {done}"), soft_wrap=True)
        self._progress.start()

    def step(self, run: Run, seen: int, loss: Tensor) -> None:
        if self._progress is None:
            return
        now = time.perf_counter()
        if now - self._read < READ_EVERY:
            return
        self._read = now
        completed = len(run.accuracies) * self._images + seen
        self._progress.update(self._task, completed=completed, loss=f"{float(loss):.3f}")

    def epoch_ends(self, run: Run) -> None:
        if self._progress is None:
            return
        self._progress.update(self._task, completed=len(run.accuracies) * self._images, **_fields(run))
        if not self.console.is_terminal:  # a log has no bar: a line an epoch
            self.console.print(Text(f"  {run.title}: {_line(run)}"), soft_wrap=True)

    def run_ends(self, run: Run) -> None:
        self.stop()
        if self.console.is_terminal:
            self.console.print(Text(f"  {run.title}: {_line(run)}"), soft_wrap=True)

    def stop(self) -> None:
        """Take the bar away, whatever stopped the run."""
        if self._progress is not None:
            self._progress.stop()
            self._progress = None


def _columns(width: int) -> list[ProgressColumn]:
    """What fits into a terminal of this width, on one line."""
    columns: list[ProgressColumn] = [
        TextColumn(
            "  {task.fields[title]}", markup=False, table_column=Column(no_wrap=True, overflow="ellipsis", ratio=1)
        ),
        TextColumn("epoch {task.fields[epoch]}/{task.fields[epochs]}", table_column=Column(no_wrap=True)),
        BarColumn(bar_width=20),
        TextColumn("loss {task.fields[loss]} · accuracy {task.fields[accuracy]}", table_column=Column(no_wrap=True)),
        _Speed(table_column=Column(no_wrap=True)),
        TimeRemainingColumn(table_column=Column(no_wrap=True)),
    ]
    if width < 110:  # the numbers say as much
        del columns[2]
    if width < 80:
        del columns[-2]
    return columns


def _fields(run: Run) -> dict[str, Any]:
    done = len(run.accuracies)
    return {
        "epoch": min(done + 1, run.settings.epochs),
        "loss": f"{run.last_loss:.3f}" if done else "–",
        "accuracy": f"{run.accuracies[-1]:.1%}" if done else "–",
    }


def _line(run: Run) -> str:
    return (
        f"epoch {len(run.accuracies)}/{run.settings.epochs}, loss {run.last_loss:.3f}, "
        f"accuracy {run.accuracies[-1]:.1%}, {run.seconds[-1]:.1f} s an epoch"
    )
