"""A page over a made-up batch, and browsers of its markers."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from starlette.testclient import TestClient

from harness.classroom.marking import Marks
from harness.classroom.review.app import application
from harness.classroom.review.calls import ReviewContext
from tests.marking.sample import write_sample

PORT = 8420
ADDRESS = f"http://127.0.0.1:{PORT}"
Browser = Callable[[str], "Marker"]


@dataclass
class Marker:
    """A marker's browser."""

    client: TestClient

    def get(self, path: str) -> httpx.Response:
        return self.client.get(path)

    def read(self, path: str) -> str:
        """A page that has to be there."""
        response = self.client.get(path)
        assert response.status_code == 200, response.text
        return response.text

    def fields(self, page: str) -> dict[str, str]:
        """The hidden fields of a page, whose form is sent again."""
        found = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', page)
        return dict(found)

    def mark(self, path: str, **fields: object) -> httpx.Response:
        """Open an answer's page, fill in its form and save."""
        form = self.read(path).partition('id="mark"')[2]
        return self.post(path, **{**self.fields(form), "go": "next", **fields})

    def post(self, path: str, **fields: object) -> httpx.Response:
        """Send a form with this session's word against forgery, unless another one is given."""
        if "csrf" not in fields:
            fields["csrf"] = self.fields(self.read("/progress"))["csrf"]
        return self.client.post(path, data=fields, follow_redirects=False)


@pytest.fixture
def grades(tmp_path: Path) -> Path:
    """A batch of twelve submissions."""
    return write_sample(tmp_path / "grades", 12)


@pytest.fixture
def context(grades: Path) -> Iterator[ReviewContext]:
    """The page's context, with two markers."""
    one = ReviewContext(grades, ["Ada", "Alan"], "127.0.0.1", PORT)
    yield one
    one.store.close()


@pytest.fixture
def browser(context: ReviewContext) -> Browser:
    """Open the page as one of the markers."""
    app = application(context)

    def enter(name: str) -> Marker:
        client = TestClient(app, base_url=ADDRESS)
        response = client.get("/", params={"token": context.sessions.tokens[name]})
        assert response.url.path == "/progress"
        return Marker(client)

    return enter


@pytest.fixture
def marks(context: ReviewContext) -> Callable[[], Marks]:
    """The state as it is when it is asked for."""
    return context.store.state


@pytest.fixture
def path_of(context: ReviewContext) -> Callable[..., str]:
    """The address of a submission's answer."""

    def path(id: str, question: str = "1.1") -> str:
        return f"/mark/{question}/{context.material.submissions[id].code}"

    return path
