"""Data sets: how they get onto a machine, out of archives and over a network."""

from __future__ import annotations

import contextlib
import gzip
import http.server
import io
import re
import socket
import struct
import subprocess
import sys
import tarfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from course import datasets, downloads
from course.datasets import DataError, load
from course.downloads import CINIC10_ARCHIVE, CLASSES
from harness import ROOT

# ---- CINIC-10's archive ------------------------------------------------------------------------------------

PER_CLASS = 2


def png(pixels: np.ndarray, kind: str = "PNG") -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, kind)
    return file.getvalue()


def members() -> dict[str, bytes]:
    """Path and content of a small CINIC-10: noise, but the first airplane is gray."""
    rng = np.random.default_rng(0)
    found = {
        f"{split}/{kind}/{number}.png": png(rng.integers(0, 256, (32, 32, 3), dtype=np.uint8))
        for split in ("train", "valid", "test")
        for kind in CLASSES
        for number in range(PER_CLASS)
    }
    return {**found, "train/airplane/0.png": png(np.full((32, 32), 77, dtype=np.uint8))}


def pack(contents: dict[str, bytes]) -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w:gz") as tar:
        for name, content in contents.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return file.getvalue()


@pytest.fixture
def folder(monkeypatch, tmp_path) -> Path:
    """An empty DATA_DIR, for a CINIC-10 with two images of each class and split, and no network."""
    monkeypatch.setenv("DATA_DIR", str(tmp_path))
    monkeypatch.setitem(datasets.SIZES, "cinic10", (10 * PER_CLASS, 10 * PER_CLASS))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        monkeypatch.setattr(downloads, "CINIC10_URL", f"http://127.0.0.1:{free.getsockname()[1]}/closed")
    return tmp_path


def sentence(match: str) -> Any:
    """The DataError of one line that has ``match`` in it."""
    return pytest.raises(DataError, match=rf"\A[^\n]*{match}[^\n]*\Z")


@pytest.mark.parametrize("place", [CINIC10_ARCHIVE, f"downloads/{CINIC10_ARCHIVE}"])
def test_an_archive_put_there_is_used_without_a_network_and_once(folder, place):
    contents = members()
    archive = folder / place
    archive.parent.mkdir(exist_ok=True)
    archive.write_bytes(pack(contents))
    for split in ("train", "test"):
        data = load("cinic10", split, "complete")
        archive.unlink(missing_ok=True)
        assert (data.images.dtype, data.labels.dtype) == (torch.uint8, torch.int64)
        expected = {
            np.asarray(Image.open(io.BytesIO(content)).convert("RGB")).tobytes(): CLASSES.index(name.split("/")[1])
            for name, content in contents.items()
            if name.startswith(split)
        }
        found = {
            image.permute(1, 2, 0).numpy().tobytes(): label
            for image, label in zip(data.images, data.labels.tolist(), strict=True)
        }
        assert found == expected
        assert len(found) == 10 * PER_CLASS
    assert (data.mean, data.std) == ((0.47889522, 0.47227842, 0.43047404), (0.24205776, 0.23828046, 0.25874835))
    assert not list(folder.glob("*.part"))


def test_the_order_of_the_images_is_not_the_archives(folder):
    contents = members()
    orders = []
    for names in (sorted(contents), sorted(contents, reverse=True)):
        (folder / "some.tar.gz").write_bytes(pack({f"./{name}": contents[name] for name in names}))
        found = downloads.read_cinic10(folder / "some.tar.gz", (20, 20))
        orders.append((found["train_images"].tobytes(), found["train_labels"].tolist()))
    assert orders[0] == orders[1]
    assert orders[0][1] != sorted(orders[0][1])


def test_other_members_are_passed_over(folder):
    others = ["../x", "../train/airplane/9.png", "/train/airplane/9.png", "imagenet-contributors.csv", "train/x.png"]
    others += ["train/airplane/readme.txt", "train/airplane/._0.png", "train/zebra/0.png", "other/airplane/0.png"]
    contents = {**dict.fromkeys(others, b"no image"), **members()}
    (folder / CINIC10_ARCHIVE).write_bytes(pack(contents))
    assert len(load("cinic10", "train", "complete")) == 20
    assert sorted(path.name for path in folder.rglob("*")) == [
        CINIC10_ARCHIVE,
        "cinic10.lock",
        "cinic10.npz",
        "downloads",
    ]
    assert not (folder.parent / "x").exists()


LARGE = png(np.zeros((33, 32, 3), dtype=np.uint8))
JPEG = png(np.zeros((32, 32, 3), dtype=np.uint8), "JPEG")


@pytest.mark.parametrize(
    "content", [b"no image", b"", LARGE, JPEG, LARGE[:40]], ids=["text", "empty", "large", "jpeg", "cut"]
)
def test_a_bad_image_is_one_sentence(folder, content):
    (folder / CINIC10_ARCHIVE).write_bytes(pack({**members(), "test/ship/1.png": content}))
    with sentence(r"holds test/ship/1\.png, which can't be read as a PNG image of 32×32 pixels: delete it"):
        load("cinic10", "train", "complete")
    assert not list(folder.glob("cinic10*"))


def test_another_number_of_images_is_one_sentence(folder):
    few = members()
    del few["test/frog/1.png"]
    many = {**members(), "train/deer/new.png": members()["train/deer/0.png"]}
    for contents, message in ((few, "1 images test/frog, not 2"), (many, "3 images train/deer, not 2")):
        (folder / CINIC10_ARCHIVE).write_bytes(pack(contents))
        with sentence(f"holds {message}: delete it, and it will be downloaded again"):
            load("cinic10", "train", "complete")


def test_a_broken_archive_is_one_sentence(folder):
    whole = pack(members())
    flipped = bytearray(whole)
    flipped[-6] ^= 1  # the checksum
    tar = gzip.decompress(whole)
    for content in (whole[: len(whole) // 2], whole[:-4], bytes(flipped), b"<html>", b"", gzip.compress(tar[:5000])):
        (folder / CINIC10_ARCHIVE).write_bytes(content)
        with sentence(
            r"CINIC-10\.tar\.gz (can't be read \(|holds 0 images ).*: delete it, and it will be downloaded again"
        ):
            load("cinic10", "train", "complete")
    assert not list(folder.glob("cinic10*"))


def test_there_are_no_fixtures_of_cinic10():
    with pytest.raises(
        ValueError, match=r"no data set 'cinic10' \('train', 'fixtures'\): choose .* cinic10 \(complete\)"
    ):
        load("cinic10", "train")


# ---- downloads ---------------------------------------------------------------------------------------------


class Server(http.server.ThreadingHTTPServer):
    """Serves ``content`` at every address, and breaks off as it is told."""

    content = b""
    ranges = True
    """A part of the content can be asked for."""
    limits: list[int]
    """The number of bytes that the first answers have before their connections break off."""
    end = "close"
    """The way in which they break off: close, reset or silence."""
    headers: dict[str, str]
    """The headers that differ from the usual ones."""
    asked: list[str | None]
    """The Range header of every request."""
    daemon_threads = True

    def handle_error(self, *args: object) -> None:
        pass


class Handler(http.server.BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        server, asked = self.server, self.headers["Range"]
        server.asked.append(asked)
        start = int(asked.removeprefix("bytes=").removesuffix("-")) if asked and server.ranges else 0
        if start >= len(server.content):
            self.send_error(416 if asked else 404)
            return
        headers = {"Content-Type": "application/gzip", "Content-Length": str(len(server.content) - start)}
        if asked and server.ranges:
            headers["Content-Range"] = f"bytes {start}-{len(server.content) - 1}/{len(server.content)}"
        self.send_response(206 if asked and server.ranges else 200)
        for name, value in {**headers, **server.headers}.items():
            self.send_header(name, value)
        self.end_headers()
        limit = server.limits.pop(0) if server.limits else None
        self.wfile.write(server.content[start:][:limit])
        if limit is None:
            return
        if server.end == "silence":
            threading.Event().wait(2)
        if server.end == "reset":
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def server(folder, monkeypatch) -> Iterator[Server]:
    """A server that has the small archive, at the address of CINIC-10."""
    with Server(("127.0.0.1", 0), Handler) as one:
        one.content, one.limits, one.headers, one.asked = pack(members()), [], {}, []
        thread = threading.Thread(target=one.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        monkeypatch.setattr(downloads, "CINIC10_URL", f"http://127.0.0.1:{one.server_port}/{CINIC10_ARCHIVE}")
        monkeypatch.setattr(downloads, "BLOCK", 1000)
        yield one
        one.shutdown()
        thread.join()


def kept(folder: Path) -> dict[str, int]:
    """Name and size of what lies in downloads/, locks apart."""
    return {path.name: path.stat().st_size for path in (folder / "downloads").iterdir() if path.suffix != ".lock"}


def test_torchvisions_data_sets_are_kept_as_arrays(folder, monkeypatch):
    from torchvision import datasets as theirs

    class Part:
        def __init__(self, root: str, train: bool, download: bool) -> None:
            assert (root, download) == (str(folder / "downloads"), True)
            count = 6 if train else 4
            self.data = np.full((count, 32, 32, 3), count, dtype=np.uint8)
            self.targets = list(range(count))

    monkeypatch.setattr(theirs, "CIFAR10", Part)
    monkeypatch.setitem(datasets.SIZES, "cifar10", (6, 4))
    for _ in range(2):
        data = load("cifar10", "test", "complete")
        assert (data.images == 4).all()
        assert data.labels.tolist() == [0, 1, 2, 3]
        monkeypatch.delattr(theirs, "CIFAR10", raising=False)  # the second time, it is not needed
    assert len(load("cifar10", "train", "complete")) == 6


def test_cinic10_is_downloaded_once(folder, server):
    for split in ("train", "test", "train"):
        assert load("cinic10", split, "complete").labels.bincount().tolist() == [PER_CLASS] * 10
    assert server.asked == [None]
    assert kept(folder) == {CINIC10_ARCHIVE: len(server.content)}


@pytest.mark.parametrize("end", ["close", "reset", "silence"])
def test_a_download_that_breaks_off_goes_on_where_it_stopped(folder, server, monkeypatch, end):
    monkeypatch.setattr(downloads, "TIMEOUT", 0.3)
    server.limits, server.end = [20_000, 30_000], end
    assert len(load("cinic10", "train", "complete")) == 20
    first, *others = server.asked
    assert first is None
    assert 1 <= len(others) <= 2
    if end == "close":  # of the others, not all that was sent has come
        assert others == ["bytes=20000-", "bytes=50000-"]
    assert (folder / "downloads" / CINIC10_ARCHIVE).read_bytes() == server.content


def test_a_later_call_goes_on_too(folder, server):
    server.limits = [20_000, 0, 0]
    with sentence(r"broke off after 20,000 bytes, from which the next try goes on\): put cinic10\.npz or CINIC-10"):
        load("cinic10", "train", "complete")
    assert kept(folder) == {f"{CINIC10_ARCHIVE}.part": 20_000}
    assert not list(folder.glob("cinic10*"))
    server.limits = []
    assert len(load("cinic10", "train", "complete")) == 20
    assert server.asked == [None, "bytes=20000-", "bytes=20000-"]
    assert kept(folder) == {CINIC10_ARCHIVE: len(server.content)}


def test_a_server_without_ranges_starts_again(folder, server):
    server.ranges, server.limits = False, [20_000]
    assert len(load("cinic10", "train", "complete")) == 20
    assert server.asked == [None, "bytes=20000-"]
    assert (folder / "downloads" / CINIC10_ARCHIVE).read_bytes() == server.content


def test_a_server_that_never_sends_all_of_it_is_given_up(folder, server):
    server.ranges, server.limits = False, [20_000] * 9
    with sentence("the connection broke off after 20,000 bytes"):
        load("cinic10", "train", "complete")
    assert len(server.asked) == 2


@pytest.mark.parametrize("size", [0, 1], ids=["as long", "longer"])
def test_a_part_of_something_else_is_thrown_away(folder, server, size):
    (folder / "downloads").mkdir()
    (folder / "downloads" / f"{CINIC10_ARCHIVE}.part").write_bytes(bytes(len(server.content) + size))
    assert len(load("cinic10", "train", "complete")) == 20
    assert server.asked[1:] == [None]


def test_another_range_than_asked_for_is_not_appended(folder, server):
    (folder / "downloads").mkdir()
    (folder / "downloads" / f"{CINIC10_ARCHIVE}.part").write_bytes(server.content[:5000])
    server.headers = {"Content-Range": "bytes 4000-"}
    assert len(load("cinic10", "train", "complete")) == 20
    assert server.asked == ["bytes=5000-", None]


def test_a_web_page_is_not_taken_for_the_archive(folder, server):
    server.headers = {"Content-Type": "text/html; charset=utf-8"}
    with sentence("is a web page, not a file"):
        load("cinic10", "train", "complete")
    assert kept(folder) == {}


def test_an_address_without_a_file_is_one_sentence(folder, server):
    server.content = b""
    with sentence(r"cinic10 can't be downloaded \(HTTP Error 404"):
        load("cinic10", "train", "complete")


def test_without_a_network_cinic10_says_which_files_to_put_where(folder):
    with sentence(
        r"cinic10 can't be downloaded \(.*refused.*\): put cinic10\.npz or CINIC-10\.tar\.gz into "
        rf"{re.escape(str(folder))}, or name the folder that holds it in the environment variable DATA_DIR"
    ):
        load("cinic10", "train", "complete")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_a_disk_that_is_full_is_one_sentence(folder, server, monkeypatch):
    (folder / "downloads").mkdir()
    part = folder / "downloads" / f"{CINIC10_ARCHIVE}.part"
    part.symlink_to("/dev/full")
    with sentence(r"cinic10 can't be downloaded \(.*No space left on device\): put"):
        load("cinic10", "train", "complete")
    part.unlink()

    def full(*args: object, **kwargs: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "savez", full)
    with sentence(r"cinic10\.npz can't be written \(.*No space left on device\): name a folder with room"):
        load("cinic10", "train", "complete")
    assert not list(folder.glob("cinic10*"))


def test_a_data_dir_that_is_none_is_one_sentence(folder, monkeypatch):
    for path in (folder / "missing", folder / "file"):
        (folder / "file").touch()
        monkeypatch.setenv("DATA_DIR", str(path))
        with sentence(rf"DATA_DIR names {re.escape(str(path))}, which is not a folder: make it, or name another"):
            load("mnist", "train", "complete")
    assert not (folder / "missing").exists()


def test_a_data_dir_that_cant_be_written_is_one_sentence(folder, monkeypatch):
    monkeypatch.setenv("DATA_DIR", "/proc/self" if Path("/proc/self").exists() else "/")  # even root can't there
    with sentence(r"cinic10\.npz can't be written \(.*\): name a folder with room"):
        load("cinic10", "train", "complete")
    monkeypatch.setenv("DATA_DIR", str(folder))
    (folder / "downloads").touch()
    with sentence(r"can't be written \(.*downloads'\): name a folder with room"):
        load("cinic10", "train", "complete")


def test_a_broken_cache_of_cinic10_is_one_sentence(folder):
    path = folder / "cinic10.npz"
    (folder / CINIC10_ARCHIVE).write_bytes(pack(members()))
    load("cinic10", "train", "complete")
    whole = path.read_bytes()
    flipped = bytearray(whole)
    flipped[len(whole) // 4] ^= 1
    for content in (b"", b"no archive", whole[: len(whole) // 2], bytes(flipped)):
        path.write_bytes(content)
        with sentence(r"cinic10\.npz can't be read \(.*\): delete it, and it will be downloaded again"):
            load("cinic10", "train", "complete")
    floats: dict[str, Any] = {
        f"{split}_{kind}": np.zeros((20, 32, 32, 3) if kind == "images" else 20, dtype=np.float32)
        for split in ("train", "test")
        for kind in ("images", "labels")
    }
    np.savez(path, **floats)
    with sentence("holds float32 arrays, not uint8: delete it"):
        load("cinic10", "train", "complete")
    path.unlink()
    assert len(load("cinic10", "test", "complete")) == 20


@pytest.mark.slow
def test_two_processes_at_once_share_one_download(folder, server):
    code = f"""
from course import datasets, downloads
downloads.CINIC10_URL = {downloads.CINIC10_URL!r}
datasets.SIZES["cinic10"] = (20, 20)
print(datasets.load("cinic10", "train", "complete").digest)
"""
    server.limits = [20_000, 20_000]
    with contextlib.ExitStack() as stack:
        both = [
            stack.enter_context(
                subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE, text=True)
            )
            for _ in range(2)
        ]
        digests = [process.communicate(timeout=100)[0] for process in both]
    assert [process.returncode for process in both] == [0, 0]
    assert digests[0] == digests[1] == f"{load('cinic10', 'train', 'complete').digest}\n"
    assert server.asked == [None, "bytes=20000-", "bytes=40000-"]
