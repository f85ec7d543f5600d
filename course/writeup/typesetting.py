"""Turn the document into a PDF with typst, a wheel that needs no LaTeX, no network and no system fonts."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import matplotlib

from course.writeup.document import Pictures

__all__ = ["MissingPackageError", "Typesetter", "TypesettingError", "typesetter"]

TEMPLATE = Path(__file__).resolve().with_name("template.typ")
#: The folder of DejaVu, from matplotlib, for signs that typst's own fonts lack.
FONTS = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
DATE = datetime(2025, 1, 1, tzinfo=timezone.utc)
"""The date of the PDF, so that the same texts make the same bytes."""


class MissingPackageError(Exception):
    """A package of the extra ``writeup`` is missing. The text is one sentence."""


class TypesettingError(Exception):
    """The document can't be typeset. The text is typst's."""


class Typesetter:
    """Typst with a folder that has only the files that it may read."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.pictures = Pictures(folder, self._sets)
        (folder / TEMPLATE.name).write_bytes(TEMPLATE.read_bytes())

    def _sets(self, name: str) -> bool:
        """Whether a picture can be typeset. A damaged one would make the whole document fail."""
        import typst

        page = self.folder / "one-picture.typ"
        page.write_text(f'#image("{name}", width: 10cm)\n', encoding="utf-8")
        try:
            typst.compile(page, root=self.folder, ignore_system_fonts=True)
        except typst.TypstError:
            return False
        return True

    def pdf(self, document: dict[str, Any]) -> bytes:
        """The document as PDF.

        Raises:
            TypesettingError: the document can't be typeset, which is a fault of the template.
        """
        import typst

        try:
            made = typst.compile(self._main(document), format="pdf", timestamp=DATE, **self._options())
        except typst.TypstError as error:
            raise TypesettingError(str(error)) from error
        assert isinstance(made, bytes)
        return made

    def pages(self, document: dict[str, Any], ppi: float = 100) -> list[bytes]:
        """The document as PNG, one image for each page."""
        import typst

        made = typst.compile(self._main(document), format="png", ppi=ppi, **self._options())
        return [made] if isinstance(made, bytes) else list(made or [])

    def _options(self) -> dict[str, Any]:
        return {"root": self.folder, "font_paths": [FONTS], "ignore_system_fonts": True}

    def _main(self, document: dict[str, Any]) -> Path:
        # A lone surrogate (half of a character) is in no font and isn't valid UTF-8.
        text = json.dumps(document, ensure_ascii=False).encode("utf-8", "replace")
        (self.folder / "document.json").write_bytes(text)
        return self.folder / TEMPLATE.name


@contextmanager
def typesetter() -> Iterator[Typesetter]:
    """Make a typesetter, whose folder is removed at the end.

    Raises:
        MissingPackageError: the extra ``writeup`` is not installed.
    """
    for package in ("typst", "latex2mathml"):
        try:
            __import__(package)
        except ImportError:
            raise MissingPackageError(
                f"The package {package} is missing, which the write-up needs: pip install -e .[writeup]."
            ) from None
    with tempfile.TemporaryDirectory(prefix="writeup-") as folder:
        yield Typesetter(Path(folder).resolve())
