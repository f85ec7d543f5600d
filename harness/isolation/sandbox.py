"""The sandbox between a worker and the rest of the machine, with its layers (Linux).

The server detects once which layers this machine has (:func:`detect_layers`). Each worker enters them before it loads
student code (:func:`enter_sandbox`)::

    own user     as root: a user id that nobody else has; files of mode 0700 and other processes are out of reach
    Landlock     only the files that a worker needs can be read, and only its scratch folder can be written
    seccomp      no processes, connections, signals to others, or memory that the limits don't count

Either of the first two protects files; for the first one, folders need the right modes. The third is always needed.
:mod:`harness.isolation.self_check` tests whether all of it works.
"""

from __future__ import annotations

import ctypes
import errno
import fcntl
import json
import os
import platform
import pwd
import random
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
from collections.abc import Callable, Collection, Iterable
from contextlib import suppress
from functools import cache, partial
from pathlib import Path

import msgspec

from harness import ROOT
from harness.isolation import landlock, seccomp
from harness.isolation.seccomp import PR_SET_PDEATHSIG, libc, prctl
from harness.problem import problem

__all__ = ["Sandbox", "detect_layers", "die_with_parent", "enter_sandbox", "kill_user", "remove_tree", "sweep_files"]

FIRST_USER, LAST_USER = 20_000, 60_000
USERS_AT_ONCE = 100
"""The number of user ids of one server. They are used in turn."""

#: Public files that numeric libraries read on first use.
SYSTEM_PATHS = (
    *("/usr/lib", "/usr/lib32", "/usr/lib64", "/usr/local/lib", "/usr/share", "/lib", "/lib64"),
    *("/etc/ld.so.cache", "/etc/localtime", "/etc/fonts", "/etc/mime.types"),
    *(f"/proc/self/{name}" for name in ("cmdline", "limits", "maps", "stat", "statm", "status")),
    *("/proc/cpuinfo", "/proc/meminfo", "/proc/stat"),
    *("/sys/devices/system/cpu", "/sys/devices/system/node"),
    *("/dev/zero", "/dev/random", "/dev/urandom"),
)
#: Folders that everybody can write.
SHARED_FOLDERS = ("/tmp", "/var/tmp", "/dev/shm", "/dev/mqueue", "/run/lock", "/run/shm")

PR_CAPBSET_DROP, PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL = 24, 47, 4
CAPABILITY_VERSION = 0x20080522


class Sandbox(msgspec.Struct, frozen=True):
    """The layers that a machine has."""

    first_user: int | None
    """The first of the user ids for workers; None: workers run as the grader's user."""
    landlock: int
    """The kernel's version of Landlock; 0 if it has none."""
    seccomp: bool
    why_not: dict[str, str]
    """The layers that are missing, each with the reason and what to do about it."""

    @property
    def users(self) -> range:
        """The user ids for workers."""
        return range(0) if self.first_user is None else range(self.first_user, self.first_user + USERS_AT_ONCE)


def detect_layers(scratch: Path, without: Collection[str] = ()) -> Sandbox:
    """Detect the layers that work on this machine, by trying each in a process of its own.

    Args:
        scratch: the folder for the workers' scratch folders.
        without: layers to leave out even if they work.
    """
    _python_paths()  # for all workers
    why_not: dict[str, str] = dict.fromkeys(without, "left out on request")
    first_user = None
    if "own user" in without:
        pass
    elif os.geteuid() != 0:
        why_not["own user"] = "the grader does not run as root"
    else:
        try:
            first_user = _reserve_users()
        except OSError as error:
            why_not["own user"] = f"no free user ids: {error}"
    if first_user is not None and (reason := _trial(partial(_try_user, first_user, scratch))):
        why_not["own user"] = reason
        first_user = None
    version = 0 if "Landlock" in without else landlock.version()
    if "Landlock" not in without and (version == 0 or _trial(lambda: landlock.restrict([], []))):
        why_not["Landlock"] = "the kernel is older than Linux 5.13, or Landlock is switched off"
        version = 0
    if "seccomp" not in without and (reason := _trial(seccomp.install)):
        known = ", ".join(seccomp.ARCHITECTURES)
        reason = reason if platform.machine() in seccomp.ARCHITECTURES else f"this is not a {known}"
        why_not["seccomp"] = f"a filter can't be installed: {reason}"
    return Sandbox(first_user, version, "seccomp" not in why_not, why_not)


def _trial(action: Callable[[], None]) -> str:
    """The reason why an action fails in a process of its own; empty if it succeeds."""
    read_end, write_end = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            action()
            os.write(write_end, b"well")
        except BaseException as error:
            os.write(write_end, str(error).encode()[:1000])
        finally:
            os._exit(0)
    os.close(write_end)
    with os.fdopen(read_end, "rb") as file:
        said = file.read().decode(errors="replace")
    os.waitpid(pid, 0)
    return "" if said == "well" else said or "it ended without a message"


def _try_user(user: int, scratch: Path) -> None:
    _become(user)
    for path in (Path(json.__file__), Path(msgspec.__file__), *(ROOT / name for name in problem().problem.readable)):
        if not os.access(path, os.R_OK):
            raise PermissionError(f"other users can't read {path}: open its folders to them (chmod o+rx)")
    if not os.access(scratch, os.X_OK):
        raise PermissionError(f"other users can't reach {scratch}: set TMPDIR to a folder that they can")


def _reserve_users() -> int:
    """Reserve a block of unused user ids for the life of this process, and return the first one.

    Raises:
        OSError: there is no free block, or the folder of locks belongs to somebody else.
    """
    folder = Path(tempfile.gettempdir()) / "harness-users"
    folder.mkdir(mode=0o700, exist_ok=True)
    found = folder.lstat()
    if found.st_uid != 0 or found.st_mode & 0o077:
        raise PermissionError(errno.EPERM, "it belongs to somebody else: remove it", str(folder))
    running = _users_of_processes()
    blocks = list(range(FIRST_USER, LAST_USER, USERS_AT_ONCE))
    start = random.SystemRandom().randrange(len(blocks))
    for first in (*blocks[start:], *blocks[:start]):
        block = range(first, first + USERS_AT_ONCE)
        if running.intersection(block) or any(_exists(user) for user in block):
            continue
        lock = os.open(folder / str(first), os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(lock)
            continue
        return first  # the lock stays open
    raise OSError(errno.EAGAIN, "all are in use")


def _exists(user: int) -> bool:
    try:
        pwd.getpwuid(user)
    except KeyError:
        return False
    return True


def _users_of_processes() -> set[int]:
    users = set()
    for name in os.listdir("/proc"):
        if name.isdigit():
            with suppress(OSError):
                users.add(os.stat(f"/proc/{name}").st_uid)
    return users


# ---- around a worker -----------------------------------------------------------------------------------------


def enter_sandbox(sandbox: Sandbox, user: int | None, read: Iterable[str], write: Iterable[str]) -> None:
    """Enter the sandbox, from which this process cannot leave. The process must have one thread.

    Args:
        user: the user id that the process gets. None: it keeps its own, without root's capabilities.
        read: paths that it may read, besides those that Python and the numeric libraries need.
        write: folders in which it may write.

    Raises:
        OSError: a layer fails.
    """
    read, write = [*_python_paths(), *SYSTEM_PATHS, *read], ["/dev/null", *write]
    if sandbox.landlock:
        landlock.restrict(read, write)
    if user is not None:
        _become(user)
    elif os.geteuid() == 0:
        _give_up_capabilities()
    die_with_parent()  # a change of user takes that back
    if sandbox.seccomp:
        seccomp.install()


@cache
def _python_paths() -> list[str]:
    """The folders of Python and its packages, without this repository, of which a worker needs little."""
    prefixes = {sys.prefix, sys.exec_prefix, sys.base_prefix, sys.base_exec_prefix}
    paths = [os.path.join(prefix, folder) for prefix in prefixes for folder in ("lib", "lib64", "share")]
    paths += [path for path in sys.path if path and not ROOT.is_relative_to(Path(path).resolve())]
    return paths


def _become(user: int) -> None:
    os.setgroups([])
    os.setresgid(user, user, user)
    os.setresuid(user, user, user)
    if os.getresuid() != (user,) * 3 or os.getresgid() != (user,) * 3 or os.getgroups():
        raise PermissionError(errno.EPERM, f"this process could not become user {user}")


def _give_up_capabilities() -> None:
    """Permanently drop root's capabilities for this process and all its children."""
    for capability in range(64):
        try:
            prctl(PR_CAPBSET_DROP, capability)
        except OSError:  # the first that the kernel doesn't know
            break
    with suppress(OSError):  # a kernel before 4.3 has no ambient capabilities
        prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL)
    header = struct.pack("<Ii", CAPABILITY_VERSION, 0)
    if libc().capset(header, bytes(24)) != 0:
        raise OSError(ctypes.get_errno(), "capabilities could not be given up")


def die_with_parent() -> None:
    """Let the kernel end this process when its parent ends."""
    prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


# ---- after a worker ------------------------------------------------------------------------------------------


def kill_user(user: int) -> None:
    """End every process of a user at once, so that none can start another in between."""
    pid = os.fork()
    if pid == 0:
        try:
            _become(user)
            os.kill(-1, signal.SIGKILL)
        finally:
            os._exit(0)
    os.waitpid(pid, 0)


def sweep_files(user: int) -> None:
    """Remove a user's files from the folders that everybody can write."""
    for folder in SHARED_FOLDERS:
        with suppress(OSError), os.scandir(folder) as entries:
            for entry in entries:
                with suppress(OSError):
                    if entry.stat(follow_symlinks=False).st_uid == user:
                        remove_tree(Path(entry.path))


def remove_tree(path: Path) -> None:
    """Remove a file or folder, even with folders without permissions, or nested deeper than Python can follow."""
    if path.is_symlink() or not path.is_dir():
        path.unlink(missing_ok=True)
        return
    try:
        shutil.rmtree(path)
    except (OSError, RecursionError):
        for command in (["chmod", "-R", "u+rwX"], ["rm", "-rf"]):
            subprocess.run([*command, "--", str(path)], check=False, stdin=subprocess.DEVNULL, capture_output=True)
