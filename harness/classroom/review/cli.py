"""``python -m grader review``: mark a class by hand, on a page of this machine."""

from __future__ import annotations

import getpass
import socket
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from harness.classroom.journal import JournalError
from harness.classroom.marking import MarkError, MarkStore
from harness.classroom.review.requests_file import read_requests
from harness.classroom.review.sessions import is_loopback
from harness.classroom.roster import RosterError
from harness.console import say, stop, tell
from harness.problem import tomllib
from harness.reports.text import counted

if TYPE_CHECKING:
    from harness.classroom.review.calls import ReviewContext

__all__ = ["review"]

NEEDED = ("starlette", "uvicorn", "python_multipart", "pypdf")
MAX_MARKERS = 100
PORT = 8420


def review(
    grades: Annotated[Path, typer.Argument(help="The folder that batch has made.")] = Path("grades"),
    host: Annotated[
        str, typer.Option(help="Address of the page. If others can reach it, name the markers.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port of the page; 0 takes any free one.")] = PORT,
    markers: Annotated[Path | None, typer.Option(help='A file with markers = ["Ada", "Alan"].')] = None,
    marker: Annotated[list[str] | None, typer.Option(help="A marker's name. Repeat it for each marker.")] = None,
    share: Annotated[
        list[str] | None, typer.Option(help="Who marks a question, as 1.1=Ada,Alan. Repeat it for each question.")
    ] = None,
    requests: Annotated[
        Path | None, typer.Option(help="Put the regrade requests of a CSV file into the queue, and end.")
    ] = None,
    show_names: Annotated[bool, typer.Option("--show-names", help="Show students' names while marking.")] = False,
) -> None:
    """Mark by hand what no test can grade: a web page over a finished batch.

    Each marker gets an address with a token of their own. Marks are in marks.sqlite in the folder of the grades.
    """
    if requests is not None:
        _import(grades, requests)
        return
    for name in NEEDED:
        if find_spec(name) is None:
            stop("The page needs more packages: run .venv/bin/python -m pip install -e '.[review]'.")
    names = _names(markers, marker or [])
    if not is_loopback(host) and not (markers or marker):
        stop(f"With --host {host} others can open the page: name who marks, with --marker or --markers.")
    try:
        taken = _listen(host, port)
    except OSError as error:
        stop(f"The page can't use {host}:{port} ({error.strerror or error}): choose another --port, or --port 0.")
    try:
        from harness.classroom.review.calls import ReviewContext

        context = ReviewContext(grades, names, host, taken.getsockname()[1], show_names)
        _share(context, share or [])
        context.store.state()
    except (JournalError, MarkError, RosterError) as error:
        stop(str(error))
    _serve(context, taken)


def _serve(context: ReviewContext, taken: socket.socket) -> None:
    import uvicorn

    from harness.classroom.review.app import application

    for name, token in context.sessions.tokens.items():
        who = f"{name}: " if len(context.markers) > 1 else ""
        tell(f"{who}http://{_shown_host(context.host)}:{context.port}/?token={token}")
    if not is_loopback(context.host):
        say("The connection is not encrypted: use it in a network that you trust, or through ssh -L.")
    tell("Each marker opens their own address. Ctrl-C ends the page; saved marks are kept.")
    config = uvicorn.Config(
        application(context),
        log_level="warning",
        access_log=False,  # addresses have tokens in them
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=3,
    )
    try:
        uvicorn.Server(config).run(sockets=[taken])
    except KeyboardInterrupt:
        pass
    finally:
        left = context.unmarked
        context.store.close()
    if left:
        are = "is" if left == 1 else "are"
        tell(f"The page has ended. {counted(left, 'answer')} {are} not marked yet: the same command continues.")
    else:
        tell(f"All answers are marked. Now run: python -m grader publish {context.material.folder}")


def _names(file: Path | None, given: list[str]) -> list[str]:
    """The markers' names."""
    names = list(given)
    if file is not None:
        try:
            listed = tomllib.loads(file.read_text(encoding="utf-8")).get("markers")
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            stop(f'{file} can\'t be read ({error}): write markers = ["Ada", "Alan"] into it.')
        if not isinstance(listed, list) or not all(isinstance(name, str) for name in listed):
            stop(f'{file} names no markers: write markers = ["Ada", "Alan"] into it.')
        names += listed
    names = [" ".join(name.split()) for name in names]
    if any(not name or len(name) > 60 or not name.isprintable() for name in names) or len(names) > MAX_MARKERS:
        stop(f"A marker's name has 1 to 60 characters, and there are at most {MAX_MARKERS} markers.")
    if len(set(names)) < len(names):
        stop("Two markers have the same name: give each a name of their own.")
    return names or [_own_name()]


def _own_name() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "marker"


def _listen(host: str, port: int) -> socket.socket:
    """A socket at this address, taken before the page's addresses are printed."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    taken = socket.socket(family, socket.SOCK_STREAM)
    taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        taken.bind((host, port))
        taken.listen(128)
    except OSError:
        taken.close()
        raise
    return taken


def _shown_host(host: str) -> str:
    if host in ("0.0.0.0", "::", ""):
        return socket.gethostname()
    return f"[{host}]" if ":" in host else host


def _share(context: ReviewContext, shares: list[str]) -> None:
    for one in shares:
        question, equals, names = one.partition("=")
        chosen = tuple(name.strip() for name in names.split(",") if name.strip())
        if not equals or question not in context.material.questions or not set(chosen) <= set(context.markers):
            raise MarkError(f"--share {one} names no question and its markers: write for example 1.1=Ada,Alan.")
        context.store.share(context.markers[0], question, chosen)


def _import(grades: Path, file: Path) -> None:
    from harness.classroom.review.material import Material

    try:
        material = Material(grades)
        found = read_requests(file.read_text(encoding="utf-8-sig"), material)
        store = MarkStore(grades)
        added = [store.request(_own_name(), one.submission, one.question, one.text) for one in found.rows]
    except (JournalError, MarkError, RosterError) as error:
        stop(str(error))
    except (OSError, UnicodeDecodeError) as error:
        stop(f"{file} can't be read ({error}): name a CSV file in UTF-8 with the columns ID, question, text.")
    for problem in found.problems:
        say(problem)
    new = sum(one is not None for one in added)
    tell(f"Regrade requests: {new} added, {len(added) - new} were there already.")
    if found.problems:
        raise typer.Exit(2)
