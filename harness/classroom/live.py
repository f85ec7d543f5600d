"""The class page of a running batch. It is rewritten as results come, and browsers reload it by themselves.

It is a file without a server, so that nothing listens, and a killed batch leaves a readable page. After a while such a
page says by itself that the batch has stopped. ``--resume`` and the end of the batch replace it.
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
"""The least seconds between two writes of the page."""
SHARE = 0.05
"""The largest share of the time that writing the page may take."""


class LivePage:
    """A page that is replaced while a batch runs.

    Args:
        render: a function that makes the text of the page.
        patience: the seconds that one submission may take. An older page is that of a stopped batch.
    """

    def __init__(self, path: Path, render: Callable[[Running], str], patience: float) -> None:
        self._path = path
        self._render = render
        self._patience = patience
        self._next = 0.0

    def show(self, done: int) -> None:
        """Write the page with the number of finished submissions, unless it was just written."""
        started = time.monotonic()
        if started < self._next:
            return
        write_atomically(self._path, self._render(Running(done, datetime.now().astimezone(), self._patience)))
        ended = time.monotonic()
        self._next = ended + max(SECONDS, (ended - started) / SHARE)


def open_page(path: Path) -> bool:
    """Open a page in a browser. Return False if no browser can be shown, as over ssh."""
    shown = sys.platform in ("win32", "darwin") or any(map(os.environ.get, ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER")))
    return shown and webbrowser.open(path.absolute().as_uri())
