"""Get complete data sets: their folder, downloads by torchvision and by this module, and CINIC-10's archive."""

from __future__ import annotations

import gzip
import hashlib
import http.client
import os
import tarfile
import urllib.error
import urllib.request
import zlib
from collections import Counter
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import IO, Any

import numpy as np

from harness.base.lock import lock

__all__ = [
    "CINIC10_ARCHIVE",
    "CINIC10_URL",
    "CLASSES",
    "DataError",
    "UnusableDataError",
    "arrays",
    "data_dir",
    "download",
    "read_cinic10",
]

#: Darlow et al., CINIC-10 Is Not ImageNet or CIFAR-10, 2018 (https://doi.org/10.7488/ds/2448).
CINIC10_URL = "https://datashare.ed.ac.uk/bitstream/handle/10283/3192/CINIC-10.tar.gz"
CINIC10_ARCHIVE = "CINIC-10.tar.gz"
#: The classes of CIFAR-10 and CINIC-10 in the order of their labels.
CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
#: Seconds without an answer after which a connection is closed.
TIMEOUT = 30.0
BLOCK = 1 << 18


class DataError(RuntimeError):
    """A data set isn't available. The message is one sentence that says what was found and what to do."""


class UnusableDataError(DataError):
    """A file or folder is in the place of a data set but can't be used."""


def data_dir() -> Path:
    """The folder of complete data sets: ``$DATA_DIR``, or a folder in the user's cache."""
    chosen = os.environ.get("DATA_DIR")
    return Path(chosen) if chosen else Path.home() / ".cache" / "cs2420-pset2"


def arrays(name: str, sizes: tuple[int, int]) -> dict[str, Any]:
    """Get a whole data set as uint8 arrays. Its archives are kept in ``data_dir()/downloads``.

    Args:
        name: cifar10, mnist or cinic10.
        sizes: the number of images that CINIC-10's splits train and test must have.

    Returns:
        ``train_images`` and ``test_images`` (N, 32, 32, 3) or (N, 28, 28), ``train_labels`` and ``test_labels`` (N,).

    Raises:
        DataError: the archive is missing and can't be downloaded, or it is broken.
        OSError: the folder for downloads can't be created or written.
    """
    folder = data_dir() / "downloads"
    folder.mkdir(parents=True, exist_ok=True)
    with lock(folder / f"{name}.lock", wait=True):
        return _cinic10(folder, sizes) if name == "cinic10" else _through_torchvision(name, folder)


def _through_torchvision(name: str, folder: Path) -> dict[str, Any]:
    """CIFAR-10 or MNIST. torchvision checks the archives' MD5, and downloads a broken one again."""
    from torchvision import datasets  # takes a second to import, and only this function needs it

    kind = {"cifar10": datasets.CIFAR10, "mnist": datasets.MNIST}[name]
    found: dict[str, Any] = {}
    for split in ("train", "test"):
        try:
            part = kind(str(folder), train=split == "train", download=True)
        except Exception as error:  # no network, a full disk, a changed address: torchvision raises many kinds
            raise _not_downloaded(name, f"{name}.npz", error) from error
        found[f"{split}_images"] = np.asarray(part.data, dtype=np.uint8)
        found[f"{split}_labels"] = np.asarray(part.targets, dtype=np.uint8)
    return found


def _cinic10(folder: Path, sizes: tuple[int, int]) -> dict[str, Any]:
    """CINIC-10 from an archive that the user has put into ``folder``, or that is downloaded into it."""
    archive = data_dir() / CINIC10_ARCHIVE
    if not archive.exists():
        archive = folder / CINIC10_ARCHIVE
    if not archive.exists():
        try:
            download(CINIC10_URL, archive)
        except (OSError, http.client.HTTPException) as error:
            raise _not_downloaded("cinic10", f"cinic10.npz or {CINIC10_ARCHIVE}", error) from error
    return read_cinic10(archive, sizes)


def _not_downloaded(name: str, files: str, error: Exception) -> DataError:
    return DataError(
        f"{name} can't be downloaded ({error}): put {files} into {data_dir()}, or name the folder that holds it in "
        "the environment variable DATA_DIR"
    )


def download(url: str, path: Path) -> None:
    """Download ``url`` to ``path``. The file appears there only when it is complete.

    Partial data is in ``<path>.part``. After a broken connection, the download continues where it stopped, as long as
    there is progress. A later call continues it too.

    Raises:
        OSError, http.client.HTTPException: no network, another answer than the file, a connection that keeps breaking
            off, a full disk.
    """
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

    part = path.with_name(f"{path.name}.part")
    columns = (BarColumn(), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn())
    with Progress(TextColumn("{task.description}"), *columns, console=Console(stderr=True)) as progress:
        task = progress.add_task(f"Downloading {path.name}", total=None)
        furthest = -1
        while not _fetch(url, part, lambda done, total: progress.update(task, completed=done, total=total)):
            size = part.stat().st_size if part.exists() else 0
            if size <= furthest:
                raise OSError(f"the connection broke off after {size:,} bytes, from which the next try goes on")
            furthest = size
    part.replace(path)


def _fetch(url: str, part: Path, report: Callable[[int, int | None], None]) -> bool:
    """Append the data of one connection to ``part``. Return whether the file is complete."""
    start = part.stat().st_size if part.exists() else 0
    headers = {"User-Agent": "cs2420-pset2", **({"Range": f"bytes={start}-"} if start else {})}
    try:
        response = urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=TIMEOUT)
    except urllib.error.HTTPError as error:
        if start and error.code == 416:  # there is more in the part than in the file: it is of something else
            part.unlink()
            return False
        raise
    with response:
        if response.headers.get_content_type() == "text/html":
            raise OSError(f"{url} is a web page, not a file")
        if response.status == 206 and not response.headers.get("Content-Range", "").startswith(f"bytes {start}-"):
            part.unlink()
            return False
        resumed = response.status == 206
        done = start if resumed else 0
        length = response.headers.get("Content-Length")
        total = done + int(length) if length else None
        with part.open("ab" if resumed else "wb") as file:
            while True:
                report(done, total)
                try:
                    block = response.read(BLOCK)
                except (OSError, http.client.HTTPException):
                    return False
                if not block:
                    break
                done += file.write(block)
    return total is None or done == total


def read_cinic10(archive: Path, sizes: tuple[int, int]) -> dict[str, Any]:
    """Decode the images ``<split>/<class>/<name>.png`` of the splits train and test, without unpacking to disk.

    All other members are skipped, including the split valid: the problem set trains on one third of the 270,000 images,
    tests on another, and doesn't use the third. Grayscale images become RGB, as in torchvision's ImageFolder. The
    images are in the order of the SHA-256 of their paths: the archive has them class by class, but the first few should
    be of all classes, and be the same ones everywhere.

    Returns:
        ``train_images`` and ``test_images`` (N, 32, 32, 3), ``train_labels`` and ``test_labels`` (N,), all uint8.

    Raises:
        DataError: the archive is truncated or broken, has a bad image or has not sizes/10 images of each class.
    """
    from rich.console import Console
    from rich.progress import open as open_with_progress

    again = "delete it, and it will be downloaded again"
    found: dict[str, list[tuple[bytes, int, bytes]]] = {"train": [], "test": []}
    try:
        with (
            open_with_progress(
                archive, "rb", description=f"Reading {archive.name}", console=Console(stderr=True)
            ) as file,
            gzip.open(file) as unpacked,
            tarfile.open(fileobj=unpacked, mode="r|") as tar,
        ):
            while (member := tar.next()) is not None:
                # tarfile keeps a record of all members, 270,000 times 1 kB
                tar.members.clear()  # type: ignore[attr-defined]
                parts = PurePosixPath(member.name).parts
                if len(parts) != 3 or not member.isreg():
                    continue
                split, kind, name = parts
                if split not in found or kind not in CLASSES or not name.endswith(".png") or name.startswith("."):
                    continue
                content = tar.extractfile(member)
                assert content is not None  # it is so only for links and folders
                pixels = _pixels(content)
                if pixels is None:
                    raise UnusableDataError(
                        f"{archive} holds {member.name}, which can't be read as a PNG image of 32×32 pixels: {again}"
                    )
                place = hashlib.sha256("/".join(parts).encode()).digest()
                found[split].append((place, CLASSES.index(kind), pixels))
            while unpacked.read(BLOCK):  # gzip compares its checksum at the very end
                pass
    except (OSError, EOFError, zlib.error, tarfile.TarError) as error:
        raise UnusableDataError(f"{archive} can't be read ({error}): {again}") from error
    decoded: dict[str, Any] = {}
    for (split, images), size in zip(found.items(), sizes, strict=True):
        counts = Counter(label for _, label, _ in images)
        for label, kind in enumerate(CLASSES):
            if counts[label] != size // len(CLASSES):
                raise UnusableDataError(
                    f"{archive} holds {counts[label]:,} images {split}/{kind}, not {size // len(CLASSES):,}: {again}"
                )
        images.sort()
        decoded[f"{split}_labels"] = np.array([label for _, label, _ in images], dtype=np.uint8)
        decoded[f"{split}_images"] = np.frombuffer(b"".join(pixels for *_, pixels in images), dtype=np.uint8).reshape(
            size, 32, 32, 3
        )
        images.clear()
    return decoded


def _pixels(file: IO[bytes]) -> bytes | None:
    """The 32 · 32 · 3 bytes of a PNG image; None if it isn't one, or has another size."""
    from PIL import Image

    try:
        with Image.open(file, formats=["PNG"]) as image:
            return image.convert("RGB").tobytes() if image.size == (32, 32) else None
    except Exception:  # Pillow raises many kinds, SyntaxError among them
        return None
