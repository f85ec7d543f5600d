"""On which page of a PDF a question's heading stands: a process of its own reads it, and is ended when it takes long.

python -m harness.classroom.review.pdf_pages FILE       prints {"1.1": 2, ...}
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import threading
from pathlib import Path

from harness.problem import problem

__all__ = ["PdfPages"]

SECONDS = 20.0
MEMORY = 2 << 30
MAX_PAGES = 200
MAX_TITLE = 40
"""The characters of a heading, without white space, that have to be found."""


class PdfPages:
    """The pages of questions, which are looked up once for each file."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, int, int], dict[str, int]] = {}
        self._one = threading.Lock()

    def of(self, path: Path) -> dict[str, int]:
        """The page of each question that was found, counted from 1."""
        status = path.stat()
        key = str(path), status.st_mtime_ns, status.st_size
        with self._one:  # one at a time: each may take a processor for seconds
            if key not in self._known:
                self._known[key] = _in_a_process(path)
            return self._known[key]


def _in_a_process(path: Path) -> dict[str, int]:
    command = [sys.executable, "-m", "harness.classroom.review.pdf_pages", str(path.absolute())]
    try:
        done = subprocess.run(command, capture_output=True, timeout=SECONDS, stdin=subprocess.DEVNULL, check=True)
        found = json.loads(done.stdout)
    except (OSError, subprocess.SubprocessError, ValueError):
        return {}
    return {str(question): int(page) for question, page in found.items()} if isinstance(found, dict) else {}


def _pages(path: Path) -> dict[str, int]:
    """Read the PDF here; whatever is in it may do to this process what it likes."""
    from pypdf import PdfReader

    found: dict[str, int] = {}
    for number, page in enumerate(PdfReader(path).pages, 1):
        if number > MAX_PAGES:
            break
        text = _squeezed(page.extract_text())
        for question in problem().question:
            heading = _squeezed(question.part + question.title)[:MAX_TITLE]
            if question.id not in found and heading in text:
                found[question.id] = number
    return found


def _squeezed(text: str) -> str:
    """Letters and digits only, as PDFs have odd spaces, hyphens and quotes."""
    return re.sub(r"[\W_]+", "", text).casefold()


def main(path: Path) -> None:
    """Print what was found, within limits of memory and processor time."""
    try:
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
        resource.setrlimit(resource.RLIMIT_CPU, (int(SECONDS), int(SECONDS)))
    except (ImportError, ValueError, OSError):
        pass  # where there are no limits, there is still the time
    print(json.dumps(_pages(path)))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
