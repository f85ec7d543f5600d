"""The web application: the routes to the pages, and the checks of all requests and responses."""

from __future__ import annotations

import hmac
import logging
from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from harness.classroom.marking import MarkError
from harness.classroom.review import after_marking, files, marking_page, overview, rubric_page
from harness.classroom.review.calls import HERE, Call, Refused, ReviewContext
from harness.classroom.review.sessions import Session, allowed_host

__all__ = ["POLICY", "application", "cookie_name"]

POLICY = (
    "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self'; object-src 'none'; "
    "frame-ancestors 'none'; base-uri 'none'; form-action 'self'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
MAX_BODY = 6 << 20
MAX_FIELDS = 3000

Page = Callable[[Call], Response]
_LOG = logging.getLogger(__name__)


def application(context: ReviewContext) -> Starlette:
    """Make the application for a batch's folder."""

    def route(path: str, read: Page | None = None, write: Page | None = None) -> Route:
        methods = [name for name, page in (("GET", read), ("POST", write)) if page is not None]
        return Route(path, _endpoint(context, read, write), methods=methods)

    routes = [
        Route("/", _start(context), methods=["GET"]),
        Route("/welcome", _welcome(context), methods=["GET"]),
        Route("/favicon.ico", _no_icon, methods=["GET"]),
        Mount("/static", StaticFiles(directory=HERE / "static")),
        Route("/static-colors.css", files.colors, methods=["GET"]),
        route("/progress", overview.progress),
        route("/question/{question}", overview.answers),
        route("/question/{question}/empty", write=overview.mark_empty),
        route("/next/{question}", marking_page.go_on),
        route("/mark/{question}/{code}", marking_page.show, marking_page.save),
        route("/take/{question}/{code}", write=marking_page.take_over),
        route("/undo", write=marking_page.undo),
        route("/submission/{code}", overview.submission),
        route("/submission/{code}/reveal", write=overview.reveal),
        route("/submission/{code}/override", write=overview.override),
        route("/rubric/{question}", rubric_page.show, rubric_page.change),
        route("/requests", after_marking.requests, after_marking.import_requests),
        route("/requests/{request}", write=after_marking.decide),
        route("/publish", after_marking.publishing, after_marking.publish),
        route("/sharing", after_marking.sharing, after_marking.share),
        route("/export.csv", write=after_marking.export),
        route("/picture/{code}/{name:path}", files.picture),
        route("/pdf/{code}", files.pdf_at),
        route("/pdf/{code}/writeup.pdf", files.pdf),
    ]
    guarded = Middleware(BaseHTTPMiddleware, dispatch=_guard(context))
    return Starlette(routes=routes, middleware=[guarded], exception_handlers={HTTPException: _not_there})


async def _no_icon(request: Request) -> Response:
    """Browsers ask for it on pages that name no icon."""
    return Response(status_code=204)


def cookie_name(context: ReviewContext) -> str:
    """The name of the session's cookie. It has the port, since all ports of a machine share their cookies."""
    return f"review-{context.port}"


def _guard(
    context: ReviewContext,
) -> Callable[[Request, Callable[[Request], Awaitable[Response]]], Awaitable[Response]]:
    """Refuse requests for another host name or from another site, and set the headers of all responses."""

    async def dispatch(request: Request, go_on: Callable[[Request], Awaitable[Response]]) -> Response:
        host = request.headers.get("host", "")
        length = request.headers.get("content-length", "0")
        if not allowed_host(host, context.host, context.port):
            response = _message("This page has another address: use the one that the command has printed.", 421)
        elif request.method not in ("GET", "HEAD", "POST"):
            response = _message("The page does not support this request.", 405)
        elif request.method == "POST" and not _is_ours(request, host):
            response = _message("This form comes from another site.", 403)
        elif request.method == "POST" and not (length.isdigit() and len(length) < 12 and 0 < int(length) <= MAX_BODY):
            response = _message("The form is too large, or doesn't say how large it is.", 413)
        else:
            response = await go_on(request)
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        return response

    return dispatch


def _is_ours(request: Request, host: str) -> bool:
    """Whether a page of this address sent the form, as far as the browser says."""
    origin = request.headers.get("origin")
    site = request.headers.get("sec-fetch-site", "same-origin")
    return site == "same-origin" and (origin is None or urlsplit(origin).netloc == host)


def _session(context: ReviewContext, request: Request) -> Session | None:
    return context.sessions.find(request.cookies.get(cookie_name(context)))


def _start(context: ReviewContext) -> Callable[[Request], Awaitable[Response]]:
    async def start(request: Request) -> Response:
        """Take the token out of the address."""
        token = request.query_params.get("token")
        if token is None:
            return RedirectResponse("/progress", 303) if _session(context, request) else _closed()
        session = context.sessions.enter(token)
        if session is None:
            return _closed()
        response = RedirectResponse("/welcome", 303)
        response.set_cookie(cookie_name(context), session.id, httponly=True, samesite="strict", path="/")
        return response

    return start


def _welcome(context: ReviewContext) -> Callable[[Request], Awaitable[Response]]:
    async def welcome(request: Request) -> Response:
        """Go on by a step that starts here: a strict cookie doesn't come with another site's link."""
        template = context.pages.get_template("welcome.html.j2")
        return RedirectResponse("/progress", 303) if _session(context, request) else HTMLResponse(template.render())

    return welcome


def _endpoint(
    context: ReviewContext, read: Page | None, write: Page | None
) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        session = _session(context, request)
        if session is None:
            return _closed()
        form: dict[str, list[str]] = {}
        page = write if request.method == "POST" else read
        assert page is not None
        if request.method == "POST":
            try:
                form = await _fields(request)
            except HTTPException:
                return _message("The form can't be read: load the page again.", 400)
            given = form.get("csrf", [""])[-1]
            if not hmac.compare_digest(given.encode(), session.csrf.encode()):
                return _message("This form is from another session: load the page again, and send it again.", 403)
        call = Call(context, session, request.path_params, request.query_params, form)
        return await run_in_threadpool(_answer, page, call)

    return endpoint


async def _fields(request: Request) -> dict[str, list[str]]:
    """The fields of a form; a file as its text."""
    found: dict[str, list[str]] = {}
    async with request.form(max_files=1, max_fields=MAX_FIELDS, max_part_size=MAX_BODY) as form:
        for name, value in form.multi_items():
            if isinstance(value, UploadFile):
                text = (await value.read(MAX_BODY)).decode("utf-8-sig", errors="replace")
            else:
                text = value
            found.setdefault(name, []).append(text)
    return found


def _answer(page: Page, call: Call) -> Response:
    try:
        return page(call)
    except Refused as refused:
        return call.page("message.html.j2", refused.status, title="Not done", sentence=str(refused))
    except MarkError as error:
        return call.page("message.html.j2", 422, title="Not saved", sentence=str(error))


async def _not_there(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    said = {404: "There is no such page.", 405: "The page does not support this request."}
    return _message(said.get(status, "The request failed: go back and try again."), status)


def _closed() -> Response:
    said = "This page is for markers: open the address with a token that python -m grader review has printed."
    return _message(said, 403)


def _message(sentence: str, status: int) -> Response:
    page = f'<!DOCTYPE html><html lang="en"><meta charset="utf-8"><title>Review</title><p>{sentence}</p></html>'
    return HTMLResponse(page, status)
