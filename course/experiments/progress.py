"""The progress of running parts on a terminal or in a log."""

from __future__ import annotations

import threading

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TaskID, TextColumn, TimeRemainingColumn
from rich.table import Column
from rich.text import Text

from course.experiments.watch import Moment

__all__ = ["Display"]

#: A terminal with fewer columns shows part, epoch and accuracy only.
NARROW = 80


class _Speed(ProgressColumn):
    def render(self, task: Task) -> Text:
        return Text(f"{task.speed:,.0f} images/s" if task.speed and task.total else "")


class Display:
    """Shows a line for each running part on a terminal: epoch, loss, accuracy, images/s and the time left.

    A log gets a line for each epoch instead, which begins with the part's number.

    Args:
        jobs: the number of parts that run at the same time; with 1 it isn't announced that a part runs alone.
    """

    def __init__(self, console: Console, *, jobs: int = 1) -> None:
        self.console = console
        self.running: dict[str, Moment] = {}
        """The last moment of each running part, in the order in which the parts began."""
        self._announced = jobs != 1  # with one job, every part runs alone
        self._ended: set[str] = set()
        self._lock = threading.RLock()  # the thread that follows other processes uses this too
        self._progress: Progress | None = None
        self._tasks: dict[str, TaskID] = {}

    def show(self, moment: Moment) -> None:
        """Show how far a part is, unless it has ended."""
        with self._lock:
            if moment.part not in self._ended:
                self._show(moment)

    def _show(self, moment: Moment) -> None:
        begins = moment.what in ("part begins", "run begins")
        self.running[moment.part] = moment
        if moment.what == "part begins" and moment.alone and self._announced:
            self._say(f"{moment.part} {moment.title}: runs alone, because the handout asks for its times")
        if moment.what == "run begins" and moment.done:
            self._say(f"{moment.part} {moment.title}: continues after epoch {moment.done}")
        if not self.console.is_terminal:
            if moment.what == "epoch ends":
                self._say(f"{moment.part} {moment.title}: {_epoch(moment)}")
            return
        if moment.what == "run ends":
            self._say(f"{moment.part} {moment.title}: {_epoch(moment)}")
        self._update(moment, anew=begins)

    def finish(self, part: str) -> None:
        """Remove the line of a part that has ended."""
        with self._lock:
            self._ended.add(part)
            self.running.pop(part, None)
            if self._progress is not None and part in self._tasks:
                self._progress.remove_task(self._tasks.pop(part))
                if not self._tasks:
                    self.stop()

    def stop(self) -> None:
        """Remove all lines."""
        with self._lock:
            if self._progress is not None:
                self._progress.stop()
                self._progress = None
                self._tasks.clear()

    def _say(self, text: str) -> None:
        self.console.print(Text(f"  {text}"), soft_wrap=True)

    def _update(self, moment: Moment, *, anew: bool) -> None:
        if self._progress is None:
            self._progress = Progress(
                *_columns(self.console.width), console=self.console, transient=True, refresh_per_second=4
            )
            self._progress.start()
        if anew and moment.part in self._tasks:
            self._progress.remove_task(self._tasks.pop(moment.part))
        if moment.part not in self._tasks:
            self._tasks[moment.part] = self._progress.add_task("", total=None, title="", epoch="", numbers="")
        name, narrow = f"{moment.part} {moment.title}", self.console.width < NARROW
        self._progress.update(
            self._tasks[moment.part],
            total=moment.epochs * moment.images or None,
            completed=moment.done * moment.images + moment.seen,
            title=name[: self.console.width - 36] if narrow else name,
            epoch=f"epoch {min(moment.done + 1, moment.epochs)} of {moment.epochs}" if moment.epochs else "",
            numbers=_numbers(moment, narrow=narrow),
        )


def _columns(width: int) -> list[ProgressColumn]:
    """Return the columns that fit on one line of a terminal of this width."""
    columns: list[ProgressColumn] = [
        TextColumn(
            "  {task.fields[title]}", markup=False, table_column=Column(no_wrap=True, overflow="ellipsis", ratio=1)
        ),
        TextColumn("{task.fields[epoch]}", table_column=Column(no_wrap=True, min_width=len("epoch 100 of 100"))),
        BarColumn(bar_width=20),
        TextColumn("{task.fields[numbers]}", table_column=Column(no_wrap=True, min_width=len("accuracy 99.9 %"))),
        _Speed(table_column=Column(no_wrap=True)),
        TimeRemainingColumn(table_column=Column(no_wrap=True)),
    ]
    if width < 120:  # the epoch column shows the progress too
        del columns[2]
    if width < 90:
        del columns[-2]
    if width < NARROW:
        del columns[-1]
    return columns


def _numbers(moment: Moment, *, narrow: bool) -> str:
    """Format loss and accuracy for a terminal; a narrow one has no room for the loss."""
    texts = []
    if moment.loss is not None and not narrow:
        texts.append(f"loss {moment.loss:.3f}")
    if moment.accuracy is not None:
        texts.append(f"accuracy {100 * moment.accuracy:.1f} %")
    return ", ".join(texts)


def _epoch(moment: Moment) -> str:
    """Format the numbers of an epoch for a log, each with its name."""
    texts = [f"epoch {moment.done} of {moment.epochs}"]
    if moment.loss is not None:
        texts.append(f"training loss {moment.loss:.3f}")
    if moment.accuracy is not None:
        texts.append(f"test accuracy {100 * moment.accuracy:.2f} %")
    return ", ".join([*texts, f"{moment.seconds:.1f} s for the epoch"])
