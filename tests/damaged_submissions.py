"""Generate damaged, wrong or hostile submissions: archives and notebooks, changed by a seeded generator."""

from __future__ import annotations

import copy
import gzip
import io
import json
import random
import stat
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat

from harness.submission.required_names import MODULES
from harness.validation.cases import SOLUTION

__all__ = ["damaged_submission", "solution_notebook", "zip_of"]

Files = dict[str, bytes]


def solution_notebook() -> nbformat.NotebookNode:
    """The solution as a notebook: a numbered cell a module, with other cells around them."""
    cells = [
        nbformat.v4.new_markdown_cell("# PSet 2\n\nTeam: Ada Lovelace, Alan Turing"),
        nbformat.v4.new_code_cell("# Code Cell 1.1: set-up\n!pip install -q torch\n%matplotlib inline\nimport torch"),
    ]
    for part, module in MODULES.items():
        text = (SOLUTION / f"{module}.py").read_text(encoding="utf-8")
        text = text.replace("from __future__ import annotations\n", "")
        cells.append(nbformat.v4.new_code_cell(f"# Code Cell {part}.2: {module}\n{text}"))
        cells.append(nbformat.v4.new_code_cell("losses = train(net, epochs=100)\nplt.plot(losses)"))
    return nbformat.v4.new_notebook(cells=cells)


def _solution() -> Files:
    files = {f"{module}.py": (SOLUTION / f"{module}.py").read_bytes() for module in MODULES.values()}
    notebook = nbformat.writes(solution_notebook()).encode()
    return {**files, "work/CS2420_PSet2.ipynb": notebook, "writeup.pdf": b"%PDF-1.7\n%%EOF", "ai-log.txt": b"none"}


def zip_of(files: Files) -> bytes:
    """A zip with these files."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return out.getvalue()


def _tar_of(files: Files, *members: tarfile.TarInfo) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as archive:
        for member in members:
            archive.addfile(member)
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return out.getvalue()


# ---- bytes ---------------------------------------------------------------------------------------------------


def _truncated(data: bytes, rng: random.Random) -> bytes:
    return data[: rng.randrange(len(data))]


def _flipped(data: bytes, rng: random.Random) -> bytes:
    changed = bytearray(data)
    for _ in range(rng.choice((1, 3, 30, 1000))):
        changed[rng.randrange(len(changed))] ^= 1 << rng.randrange(8)
    return bytes(changed)


def _spliced(data: bytes, rng: random.Random) -> bytes:
    at, other, length = (rng.randrange(len(data)) for _ in range(3))
    return data[:at] + data[other : other + length % 5000] + data[at:]


def _blanked(data: bytes, rng: random.Random) -> bytes:
    at, length = rng.randrange(len(data)), rng.choice((1, 16, 4096))
    return data[:at] + bytes(length) + data[at + length :]


BYTES: tuple[Callable[[bytes, random.Random], bytes], ...] = (_truncated, _flipped, _spliced, _blanked)


# ---- archives ------------------------------------------------------------------------------------------------

BAD_NAMES = (
    "../escaped.py",
    "../../../../../../../../tmp/escaped.py",
    "/tmp/escaped.py",
    "C:\\escaped.py",
    "..\\..\\escaped.py",
    "a/../../escaped.py",
    "x" * 300 + ".py",
    "/".join("d" * 60),
    "with\x07bell.py",
    "line\nbreak.py",
    "quantization.py/inside.py",
    "con.py ",
    "~/escaped.py",
    "\u202eyp.gnp",
    "",
    ".",
)


def _odd_zip(rng: random.Random) -> bytes:
    files = _solution()
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", rng.choice((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_LZMA))) as archive:
        for name in rng.sample(BAD_NAMES, 3):
            archive.writestr(zipfile.ZipInfo(name), b"raise SystemExit")
        link = zipfile.ZipInfo(rng.choice(("link.py", "quantization.py", "student")))
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, rng.choice((b"/etc/passwd", b"../../outside", b"quantization.py")))
        pipe = zipfile.ZipInfo("pipe.py")
        pipe.external_attr = (rng.choice((stat.S_IFIFO, stat.S_IFCHR, stat.S_IFSOCK)) | 0o777) << 16
        archive.writestr(pipe, b"")
        prefix = rng.choice(("", "__MACOSX/", "a/b/c/", "CS2420 PSet2 Müller/", "student/"))
        for name, data in files.items():
            archive.writestr(prefix + name, data)
        if rng.random() < 0.5:
            twice = zipfile.ZipInfo(prefix + "pruning.py")  # a warning about the same name twice is what is wanted
            archive.filelist[:] = [one for one in archive.filelist if one.filename != twice.filename] + archive.filelist
            archive.NameToInfo.pop(twice.filename, None)
            archive.writestr(twice, b"x = (")
    return out.getvalue()


def _odd_tar(rng: random.Random) -> bytes:
    members = []
    for name in rng.sample(BAD_NAMES, 3):
        members.append(tarfile.TarInfo(name or "x"))
    kinds = (tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE, tarfile.BLKTYPE, tarfile.DIRTYPE)
    for kind in kinds:
        member = tarfile.TarInfo(rng.choice(("training.py", "odd", "a/b", "../out")))
        member.type = kind
        member.linkname = rng.choice(("/etc/passwd", "../../../outside", "training.py"))
        members.append(member)
    rng.shuffle(members)
    return _tar_of(_solution(), *members)


def _locked_zip(rng: random.Random) -> bytes:
    data = bytearray(zip_of(_solution()))
    for at in range(len(data) - 10):
        if data[at : at + 4] == b"PK\x01\x02":
            data[at + 8] |= 1  # says that it is encrypted
    return bytes(data)


def _bomb(rng: random.Random) -> bytes:
    files = {"quantization.py": b"#" * rng.choice((30, 100)) * 1_000_000}
    return zip_of(files) if rng.random() < 0.5 else _tar_of(files)


def _gzip_bomb(rng: random.Random) -> bytes:
    return gzip.compress(bytes(50_000_000))


def _crowd(rng: random.Random) -> bytes:
    return zip_of({f"{number}.py": b"" for number in range(rng.choice((100, 6000)))} | _solution())


def _nested(rng: random.Random) -> bytes:
    data = zip_of(_solution())
    for _ in range(rng.choice((1, 2, 3, 8))):
        data = zip_of({"inner.zip": data}) if rng.random() < 0.5 else _tar_of({"inner.tar.gz": data})
    return data


def _rubbish(rng: random.Random) -> bytes:
    return rng.choice((b"", b"PK\x03\x04", b"PK\x05\x06" + bytes(18), rng.randbytes(5000), b"\x1f\x8b" + bytes(100)))


ARCHIVES = (_odd_zip, _odd_tar, _locked_zip, _bomb, _gzip_bomb, _crowd, _nested, _rubbish)


# ---- notebooks -----------------------------------------------------------------------------------------------

VALUES: tuple[Any, ...] = (None, 0, -1, 1e308, True, "", "x", [], {}, [[]], {"x": []}, "\ud800", [None], 10**30)
SOURCES = (
    "\x00",
    "(" * 5000,
    "-" * 20000 + "1",
    "x = " + "[" * 300,
    "def quantize(W):\n\treturn W\n        pass",
    "lr =",
    "%%bash\nrm -rf /",
    "!echo 'unclosed",
    "%%time\nwhile True: pass",
    "while True:\n    pass",
    "import os; os._exit(0)",
    "raise SystemExit",
    "quantize = 1",
    "from os import *",
    "class SparseConv2d: pass",
    "'" * 3,
    "\\",
    "?" * 100,
    "\u2028x = 1\u2029\x0c",
    "a = " + "1 + " * 20000 + "1",
    "def f():\n" + "".join(" " * depth + "if 1:\n" for depth in range(1, 120)),
    "@" * 50,
    "async def quantize(W, *, bits): await W",
    "lambda: (yield)",
    "f'{'",
    "match x:\n case _: pass",
)


def _wrong_values(rng: random.Random) -> bytes:
    """A notebook with some wrong values in its JSON."""
    document = json.loads(nbformat.writes(solution_notebook()))
    for _ in range(rng.choice((1, 2, 10))):
        place: Any = document
        while True:
            keys = list(place) if isinstance(place, dict) else list(range(len(place)))
            key = rng.choice(keys)
            if isinstance(place[key], dict | list) and place[key] and rng.random() < 0.8:
                place = place[key]
                continue
            if rng.random() < 0.3 and isinstance(place, dict):
                del place[key]
            else:
                place[key] = copy.deepcopy(rng.choice(VALUES))
            break
        if not document:
            break
    return json.dumps(document).encode()


def _odd_sources(rng: random.Random) -> bytes:
    """A notebook with cells that are hard to parse."""
    notebook = solution_notebook()
    for source in rng.sample(SOURCES, 4):
        title = rng.choice(("", "# Code Cell 2.2\n", "# Code Cell 9.99z\n", "# Code Cell 3.4\n"))
        notebook.cells.insert(rng.randrange(len(notebook.cells)), nbformat.v4.new_code_cell(title + source))
    victim = rng.choice([cell for cell in notebook.cells if cell.cell_type == "code"])
    at = rng.randrange(len(victim.source))
    victim.source = victim.source[:at] + rng.choice(("", "(", '"""', "\x00", "é", "\t")) + victim.source[at + 3 :]
    return json.dumps(notebook).encode("utf-8", "surrogatepass")


def _odd_json(rng: random.Random) -> bytes:
    text = nbformat.writes(solution_notebook())
    return rng.choice(
        (
            b"[" * 100_000,
            b'{"cells": ' + b"[" * 5000 + b"]" * 5000 + b"}",
            text.encode("utf-16"),
            text.encode("utf-8-sig"),
            b"\xff\xfe" + text.encode(),
            text.replace('"nbformat": 4', '"nbformat": 3').encode(),
            text.replace('"nbformat": 4', '"nbformat": 99').encode(),
            b'{"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}',
            b"{}",
            b"[]",
            b"null",
            b"NaN",
            b'"x"',
            b"1" * 10_000,
            text.encode() * 2,
            b'{"nbformat": 4, "nbformat": 4, "cells": [{"cell_type": "code"}]}',
        )
    )


NOTEBOOKS = (_wrong_values, _odd_sources, _odd_json)


def damaged_submission(folder: Path, seed: int) -> Path:
    """Write the submission of a seed into a folder."""
    rng = random.Random(seed)
    kind = rng.randrange(4)
    if kind == 0:
        data = rng.choice(ARCHIVES)(rng)
        name = rng.choice(("hand-in.zip", "hand-in.tar.gz", "hand-in", "CS2420_PSet2_Lovelace.zip"))
    elif kind == 1:
        data, name = rng.choice(BYTES)(rng.choice((zip_of, _tar_of))(_solution()), rng), "hand-in.zip"
    elif kind == 2:
        data, name = rng.choice(NOTEBOOKS)(rng), "hand-in.ipynb"
    else:
        data, name = rng.choice(BYTES)(nbformat.writes(solution_notebook()).encode(), rng), "hand-in.ipynb"
        if rng.random() < 0.3:
            data, name = zip_of({"hand-in.ipynb": data}), "hand-in.zip"
    path = folder / name
    path.write_bytes(data)
    return path
