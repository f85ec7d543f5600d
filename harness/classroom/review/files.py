"""Send students' pictures and PDFs to the browser with safe headers."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from harness.base.untrusted import UnreadableError, read_bytes
from harness.classroom.review.calls import Call, Refused
from harness.classroom.review.material import MAX_PDF
from harness.reports import html

__all__ = ["colors", "pdf", "pdf_at", "picture"]

SANDBOX = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; sandbox"


async def colors(request: Request) -> Response:
    """The colors of all pages of this software."""
    return Response((html.HERE / "colors.css").read_text(encoding="utf-8"), media_type="text/css")


def picture(call: Call) -> Response:
    """A picture of a submission, sent as PNG or JPEG by its content."""
    found = call.material.picture(call.submission.id, call.place["name"])
    if found is None:
        raise Refused("This is not a PNG or JPEG of at most 20 megapixels, so it isn't shown.", 404)
    data, media = found
    return Response(data, media_type=media, headers={"Content-Security-Policy": SANDBOX})


def pdf_at(call: Call) -> Response:
    """The PDF, opened at the page of a question if that is known."""
    path = call.material.pdf(call.submission.id)
    if path is None:
        raise Refused("The submission has no PDF.", 404)
    page = call.context.pdf_pages.of(path).get(call.query.get("question", ""))
    return call.to(f"/pdf/{call.submission.code}/writeup.pdf{f'#page={page}' if page else ''}")


def pdf(call: Call) -> Response:
    """The PDF itself, which can't run scripts or access this page."""
    path = call.material.pdf(call.submission.id)
    try:
        data = read_bytes(path, MAX_PDF) if path is not None else b""
    except UnreadableError:
        data = b""
    if not data.startswith(b"%PDF-"):
        raise Refused("The submitted file is not a PDF.", 404)
    name = f"{call.submission.code}.pdf"
    headers = {"Content-Security-Policy": SANDBOX, "Content-Disposition": f'inline; filename="{name}"'}
    return Response(data, media_type="application/pdf", headers=headers)
