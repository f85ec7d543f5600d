"""What students and other sites may try: none of it reaches a marker's browser, and nobody acts as somebody else."""

from __future__ import annotations

import io
import json
import re
import struct

import pytest
from starlette.testclient import TestClient

from harness.classroom.review.app import application
from harness.classroom.review.images import size_of
from harness.classroom.review.markdown import Remark, render
from harness.classroom.review.pdf_pages import PdfPages
from harness.classroom.review.sessions import allowed_host
from harness.problem import problem
from tests.marking.conftest import ADDRESS, PORT
from tests.marking.sample import png, write_sample

ATTACKS = (
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<svg onload=alert(1)><a xlink:href='javascript:alert(1)'><text>x</text></a></svg>",
    "<iframe srcdoc='<script>alert(1)</script>'></iframe>",
    "<form action=/publish method=post><button>Look</button></form>",
    '<a href="https://evil.example" onclick="alert(1)">x</a>',
    "<style>body{display:none}</style>",
    "<base href=https://evil.example/>",
    "<meta http-equiv=refresh content='0;url=https://evil.example'>",
    "</div></main><script>alert(1)</script>",
    "[x](javascript:alert(1))",
    "[x](JaVaScRiPt&colon;alert(1))",
    "[x](data:text/html;base64,PHNjcmlwdD4=)",
    "[x](vbscript:x)",
    "[x](//evil.example)",
    "[x](/publish)",
    '[x](https://a.example "\\" onmouseover=\\"alert(1)")',
    '[x](https://a.example/"onmouseover="alert(1))',
    "<javascript:alert(1)>",
    "![x](https://evil.example/pixel.png)",
    "![x](data:image/svg+xml;base64,PHN2Zz4=)",
    '![" onerror="alert(1)](results/1.1/accuracy.png)',
    "![x](../../s1/results/1.1/accuracy.png)",
    "![x](/etc/passwd)",
    "![x](results/1.1/evil.svg)",
    "```html\n<script>alert(1)</script>\n```",
    "$<script>alert(1)</script>$",
    "`<script>alert(1)</script>`",
    "| <script>alert(1)</script> | b |\n|---|---|\n| 1 | 2 |",
    "<!-- <script>alert(1)</script> --><script>alert(1)</script>",
    "\ue000\ue001\U000f0000<script>",
    "\x1b]0;x\x07\x00",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
)
TAG = re.compile(r"<\s*/?\s*([a-zA-Z][\w-]*)([^>]*)>")
ALLOWED = {
    *("p", "strong", "em", "s", "code", "pre", "span", "a", "img", "ul", "ol", "li", "table", "thead", "tbody", "tr"),
    *("th", "td", "blockquote", "hr", "br", "h4", "mark"),
}
ATTRIBUTES = {"class", "href", "target", "rel", "src", "alt", "loading", "start", "title", "tabindex"}


@pytest.mark.parametrize("attack", ATTACKS)
def test_an_answer_is_text_whatever_is_in_it(attack):
    html = str(render(f"{attack}\n\nand {attack}", 3, [Remark(0, 1, "agrees", '"><script>')]).html)
    for name, attributes in TAG.findall(html):
        assert name in ALLOWED, html
        given = re.findall(r'([\w-]+)="([^"]*)"', attributes)
        assert re.sub(r'([\w-]+)="[^"]*"', "", attributes).strip() == "", html
        for attribute, value in given:
            assert attribute in ATTRIBUTES, html
            if attribute == "href":
                assert value.startswith(("https://", "http://")), html
            assert attribute != "src", html  # no picture was offered
    assert "\x1b" not in html
    assert "\x00" not in html


def test_pages_with_all_of_it_have_one_script_and_no_handler(browser, path_of, grades):
    write_sample(grades, len(ATTACKS), {f"s{number}": {"1.1": attack} for number, attack in enumerate(ATTACKS)})
    ada = browser("Ada")
    for number, attack in enumerate(ATTACKS):
        path = path_of(f"s{number}")
        said = {"comment": attack, "adjustment": "1", "adjustment_reason": attack}
        saved = ada.mark(path, **said)
        page = ada.read(path) + ada.mark(path, keep="1", **said).text + ada.read(saved.headers["location"])
        assert re.findall(r"<script[^>]*>", page) == ['<script src="/static/review.js" defer>'] * 3
        assert not re.search(r"<[^>]*\son\w+\s*=", re.sub(r'="[^"]*"', "=", page)), attack
        assert not re.search(r"<(iframe|svg|style|base|object|embed)\b", page), attack
        sources = set(re.findall(r'<img src="([^"]*)"', page))
        assert all(source.startswith("/picture/") and ".." not in source for source in sources)


def test_every_answer_has_a_policy_without_inline_scripts(browser, path_of):
    ada = browser("Ada")
    for path in ("/progress", path_of("s0"), "/static/review.js", "/nowhere"):
        headers = ada.get(path).headers
        policy = headers["content-security-policy"]
        assert "script-src 'self'" in policy
        assert "unsafe" not in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"


# ---- pictures and PDFs ---------------------------------------------------------------------------------------------


def _giant() -> bytes:
    header = struct.pack(">IIBBBBB", 5000, 5000, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + b"IHDR" + header + b"\0" * 100


@pytest.mark.parametrize(
    ("name", "data", "shown"),
    [
        ("good.png", png(10, 10), True),
        ("giant.png", _giant(), False),
        ("page.png", b"<html><script>alert(1)</script>", False),
        ("drawing.svg", b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", False),
        ("drawing.png", b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", False),
        ("page.html", b"<script>alert(1)</script>", False),
        ("film.gif", b"GIF89a", False),
        ("short.png", b"\x89PNG\r\n\x1a\n", False),
        ("endless.jpg", b"\xff\xd8\xff\xe0\0\0" * 1000, False),
        ("empty.jpg", b"", False),
    ],
)
def test_only_pictures_are_given_out_and_only_as_pictures(name, data, shown, browser, context, grades):
    place = grades / "work" / "s0" / "results" / "1.1" / name
    place.write_bytes(data)
    response = browser("Ada").get(f"/picture/{context.material.submissions['s0'].code}/results/1.1/{name}")
    assert (response.status_code == 200) is shown
    if shown:
        assert response.headers["content-type"] == "image/png"
        assert "sandbox" in response.headers["content-security-policy"]
        assert response.headers["x-content-type-options"] == "nosniff"
    else:
        assert response.headers["content-type"].startswith("text/html")
        assert b"<svg" not in response.content


def test_the_size_in_a_jpegs_header_counts():
    frame = b"\xff\xc0\x00\x11\x08" + struct.pack(">HH", 3000, 9000) + b"\3" * 10
    assert size_of(b"\xff\xd8\xff\xe0\x00\x04ab" + frame) == (9000, 3000)


@pytest.mark.parametrize(
    "name",
    [
        "../s1/results/1.1/accuracy.png",
        "..%2fs1/results/1.1/accuracy.png",
        "results/../../s1/results/1.1/accuracy.png",
        "/etc/passwd",
        "%2fetc%2fpasswd",
        "results/1.1/link.png",
        "results/1.1/accuracy.png%00.svg",
        "answers.md",
        "../../marks.sqlite",
    ],
)
def test_nothing_outside_of_the_submissions_folder_is_given_out(name, browser, context, grades):
    (grades / "work" / "s0" / "results" / "1.1" / "link.png").symlink_to(grades / "work" / "s1" / "answers.md")
    response = browser("Ada").get(f"/picture/{context.material.submissions['s0'].code}/{name}")
    assert response.status_code in (400, 404)
    assert b"PNG" not in response.content.replace(b"not a PNG or JPEG", b"")


@pytest.mark.parametrize("path", ["/static/../calls.py", "/static/%2e%2e/calls.py", "/static/..%2fcalls.py"])
def test_nothing_but_the_pages_own_files_is_static(path, browser):
    assert browser("Ada").get(path).status_code == 404


def test_a_pdf_is_given_out_in_a_sandbox(browser, context, grades):
    path = grades / "work" / "s0" / "writeup.pdf"
    path.write_bytes(b"%PDF-1.4\n1 0 obj<</Type/Catalog/OpenAction<</S/JavaScript/JS(app.alert(1))>>>>endobj\n")
    code = context.material.submissions["s0"].code
    response = browser("Ada").get(f"/pdf/{code}/writeup.pdf")
    assert response.headers["content-type"] == "application/pdf"
    assert "sandbox" in response.headers["content-security-policy"]
    assert response.headers["content-disposition"] == f'inline; filename="{code}.pdf"'
    path.write_bytes(b"<html><script>alert(1)</script>")
    assert browser("Ada").get(f"/pdf/{code}/writeup.pdf").status_code == 404


def test_the_page_of_a_heading_is_found_and_a_broken_pdf_costs_nothing(tmp_path, browser, context, grades):
    question = problem().question[0]
    path = grades / "work" / "s0" / "writeup.pdf"
    path.write_bytes(_pdf(["A title", f"{question.part} {question.title} (100)"]))
    assert PdfPages().of(path) == {"1.1": 2}
    code = context.material.submissions["s0"].code
    response = browser("Ada").client.get(f"/pdf/{code}", params={"question": "1.1"}, follow_redirects=False)
    assert response.headers["location"] == f"/pdf/{code}/writeup.pdf#page=2"
    path.write_bytes(b"%PDF-1.4\n" + b"garbage" * 1000)
    assert PdfPages().of(path) == {}


# ---- who may do what -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/", "/?token=", "/?token=wrong", "/progress", "/mark/1.1/heron-1000", "/sharing"])
def test_without_the_token_nothing_is_shown(path, context):
    response = TestClient(application(context), base_url=ADDRESS).get(path)
    assert response.status_code == 403
    assert "1.1" not in response.text


def test_the_token_leaves_the_address_and_the_cookie_is_kept_from_scripts_and_other_sites(context):
    client = TestClient(application(context), base_url=ADDRESS)
    response = client.get("/", params={"token": context.sessions.tokens["Ada"]}, follow_redirects=False)
    assert response.status_code == 303
    assert response.headers["location"] == "/welcome"
    cookie = response.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert context.sessions.tokens["Ada"].lower() not in cookie


@pytest.mark.parametrize("csrf", ["", "wrong", "ü"])
def test_a_form_without_the_sessions_word_changes_nothing(csrf, browser, path_of, marks):
    ada = browser("Ada")
    assert ada.post(path_of("s0"), csrf=csrf, version=0, item="1.1/1").status_code == 403
    assert ada.post("/publish", csrf=csrf, all_the_same="1").status_code == 403
    assert marks().mark("s0", "1.1") is None
    assert marks().published_at is None


def test_another_markers_word_is_none(browser, path_of, marks):
    ada, alan = browser("Ada"), browser("Alan")
    word = alan.fields(alan.read("/progress"))["csrf"]
    assert ada.post(path_of("s0"), csrf=word, version=0).status_code == 403
    assert marks().mark("s0", "1.1") is None


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
def test_a_form_of_another_site_changes_nothing(headers, browser, path_of, marks):
    ada = browser("Ada")
    fields = ada.fields(ada.read(path_of("s0")))
    response = ada.client.post(path_of("s0"), data=fields, headers=headers)
    assert response.status_code == 403
    assert marks().mark("s0", "1.1") is None


@pytest.mark.parametrize(
    "host", ["evil.example", f"evil.example:{PORT}", "127.0.0.1:1", "127.0.0.1.evil.example", "", "["]
)
def test_a_name_that_was_made_to_lead_here_is_refused(host, browser):
    response = browser("Ada").client.get("/progress", headers={"Host": host})
    assert response.status_code == 421
    assert "1.1" not in response.text


@pytest.mark.parametrize(
    ("header", "host", "allowed"),
    [
        ("127.0.0.1:8420", "127.0.0.1", True),
        ("localhost:8420", "127.0.0.1", True),
        ("[::1]:8420", "::1", True),
        ("192.168.1.7:8420", "127.0.0.1", False),
        ("192.168.1.7:8420", "0.0.0.0", True),
        ("evil.example:8420", "0.0.0.0", False),
        ("grader.example:8420", "grader.example", True),
    ],
)
def test_which_hosts_are_ours(header, host, allowed):
    assert allowed_host(header, host, 8420) is allowed


def test_another_markers_name_in_a_form_counts_for_nothing(browser, path_of, marks):
    names = {"who": "Alan", "marker": "Alan", "by": "Alan", "session": "Alan"}
    browser("Ada").mark(path_of("s0"), item="1.1/1", **names)
    assert marks().mark("s0", "1.1").by == "Ada"


def test_a_form_that_is_too_large_is_refused(browser, path_of, marks):
    assert browser("Ada").post(path_of("s0"), comment="x" * (7 << 20)).status_code == 413
    response = browser("Ada").mark(path_of("s0"), comment="x" * 10_001)
    assert response.status_code == 422
    assert marks().mark("s0", "1.1") is None


@pytest.mark.parametrize("fields", [{"version": "x"}, {"version": "1" * 5000}, {"item": "9.9/9"}, {"second": "1"}])
def test_odd_fields_are_refused_with_a_sentence_or_do_no_harm(fields, browser, path_of, marks):
    response = browser("Ada").mark(path_of("s0"), **fields)
    assert response.status_code in (303, 400, 422)
    assert marks().mark("s0", "1.1") is None


def test_redirects_stay_here(browser, context, path_of):
    ada = browser("Ada")
    code = context.material.submissions["s0"].code
    for question in ("//evil.example", "https://evil.example", "../.."):
        location = ada.post(f"/submission/{code}/reveal", question=question).headers["location"]
        assert location == f"/submission/{code}"


# ---- files that nobody promised ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("facts.json", "no JSON"),
        ("facts.json", json.dumps([{"question": "1.1"}])),
        ("facts.json", json.dumps([{"question": "1.1", "name": "<b>", "value": 1e308, "unit": "<i>"}])),
        ("answers.md", "\ufffe" * 100),
        ("answers.md", "## 1.1 Which learning rate is best, and why (100)\n" + "> " * 5000 + "x"),
        ("answers.md", "## 1.1 Which learning rate is best, and why (100)\n" + "word " * 30_000),
    ],
)
def test_odd_files_of_a_submission_don_t_stop_marking(name, text, browser, path_of, grades):
    (grades / "work" / "s0" / name).write_text(text, encoding="utf-8")
    assert browser("Ada").mark(path_of("s0"), item="1.1/1").status_code == 303


@pytest.mark.parametrize("report", ["no JSON", "[]", '{"tests": 1}', '{"tests": [{"number": "1.1a", "score": "x"}]}'])
def test_odd_reports_don_t_stop_marking(report, browser, path_of, grades):
    (grades / "reports" / "s0.json").write_text(report)
    assert browser("Ada").get(path_of("s0")).status_code == 200


def _pdf(pages: list[str]) -> bytes:
    """A PDF with a line of text on each page."""
    objects = ["<</Type/Catalog/Pages 2 0 R>>", ""]
    kids = []
    for text in pages:
        stream = f"BT /F1 12 Tf 50 700 Td ({text.replace('(', chr(92) + '(').replace(')', chr(92) + ')')}) Tj ET"
        objects.append(f"<</Length {len(stream)}>>stream\n{stream}\nendstream")
        font = "/Resources<</Font<</F1<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>>>>>"
        objects.append(f"<</Type/Page/Parent 2 0 R/MediaBox[0 0 600 800]/Contents {len(objects)} 0 R{font}>>")
        kids.append(f"{len(objects)} 0 R")
    objects[1] = f"<</Type/Pages/Count {len(kids)}/Kids[{' '.join(kids)}]>>"
    file = io.BytesIO(b"%PDF-1.4\n")
    file.seek(0, io.SEEK_END)
    places = []
    for number, body in enumerate(objects, 1):
        places.append(file.tell())
        file.write(f"{number} 0 obj{body}endobj\n".encode())
    start = file.tell()
    table = "".join(f"{place:010} 00000 n \n" for place in places)
    end = f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n{table}trailer<</Size {len(objects) + 1}/Root 1 0 R>>\n"
    file.write(f"{end}startxref\n{start}\n%%EOF".encode())
    return file.getvalue()
