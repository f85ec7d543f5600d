"""The class page while a batch is at work: it is rewritten as results come, and browsers load it again by themselves.

It is a file and no server, so that nothing listens, and a batch that is killed leaves a page that can be read. Such a
page says so by itself after a while; ``--resume`` and the end of the batch replace it.
"""

from __future__ import annotations

import os
import sys
import time
import webbrowser
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from harness.classroom.page import Running
from harness.reports.text import write_atomically

__all__ = ["LivePage", "open_page"]

SECONDS = 5.0
"""The least time between two pages."""
SHARE = 0.05
"""The most of the time that may go into writing pages."""


class LivePage:
    """A page that is replaced while a batch runs.

    Args:
        render: makes the text of the page.
        patience: the seconds that one submission may take, after which the page is that of a batch that was stopped.
    """

    def __init__(self, path: Path, render: Callable[[Running], str], patience: float) -> None:
        self._path = path
        self._render = render
        self._patience = patience
        self._next = 0.0

    def show(self, done: int) -> None:
        """Say that so many submissions are done, unless the page is new."""
        started = time.monotonic()
        if started < self._next:
            return
        write_atomically(self._path, self._render(Running(done, datetime.now().astimezone(), self._patience)))
        ended = time.monotonic()
        self._next = ended + max(SECONDS, (ended - started) / SHARE)


def open_page(path: Path) -> bool:
    """Open a page in a browser; False where there is none to be seen, as over ssh."""
    shown = sys.platform in ("win32", "darwin") or any(map(os.environ.get, ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER")))
    return shown and webbrowser.open(path.absolute().as_uri())
