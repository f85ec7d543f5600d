"""The page in a real browser: marking by keys, two markers at once, and controls that all can reach.

The tests need Chromium or Chrome with its driver, as Debian's packages chromium and chromium-driver have them.
"""

from __future__ import annotations

import csv
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import uvicorn
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import WebDriverWait

from harness.classroom.marking import Marks
from harness.classroom.review.app import application
from harness.classroom.review.calls import ReviewContext
from harness.classroom.review.cli import _listen
from tests.marking.sample import write_sample

CHROME = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
DRIVER = shutil.which("chromedriver")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not (CHROME and DRIVER), reason="there is no Chromium with its driver here"),
]
SECONDS = 30.0

UNLABELED = """
return [...document.querySelectorAll('a, button, input:not([type=hidden]), textarea, summary')].filter((one) =>
  !(one.labels?.length && one.labels[0].textContent.trim()) && !one.getAttribute('aria-label')
  && !one.textContent.trim() && !one.querySelector('img[alt]')).map((one) => one.outerHTML)
"""
#: What a person can use who sees the page, in the order of the page.
CONTROLS = """
window.controls = [...document.querySelectorAll('a[href], button, input:not([type=hidden]), textarea, summary, mark')]
  .filter((one) => one.checkVisibility() && !one.disabled);
return window.controls.length
"""
FOCUSED = """
const one = document.activeElement;
const shown = [one, one.closest('label')].filter(Boolean).map((part) => getComputedStyle(part).outlineStyle);
return [window.controls.indexOf(one), shown.some((style) => style !== 'none')]
"""


@dataclass
class Window:
    """A marker's browser."""

    driver: webdriver.Chrome
    address: str

    def open(self, path: str) -> None:
        """Open a page, and wait until it has the focus: keys that are pressed before are lost."""
        self.driver.get(self.address + path)
        ready = "return document.readyState === 'complete' && document.hasFocus()"
        WebDriverWait(self.driver, SECONDS).until(lambda driver: driver.execute_script(ready))

    @property
    def path(self) -> str:
        return self.driver.current_url.removeprefix(self.address).partition("?")[0]

    def find(self, selector: str) -> WebElement:
        return self.driver.find_element(By.CSS_SELECTOR, selector)

    @property
    def text(self) -> str:
        return self.find("body").text

    def keys(self, *keys: str) -> None:
        """Press keys where the focus is."""
        webdriver.ActionChains(self.driver).send_keys(*keys).perform()

    def goes_on(self, act: Callable[[], object]) -> None:
        """Do something that leads to another page, and wait for that."""
        self.driver.execute_script("window.leaving = true")
        act()
        ready = "return window.leaving === undefined && document.readyState === 'complete' && document.hasFocus()"
        WebDriverWait(self.driver, SECONDS).until(lambda driver: driver.execute_script(ready))

    def click(self, selector: str) -> None:
        """Click on something that leads to another page."""
        self.goes_on(self.find(selector).click)


@pytest.fixture(scope="module")
def context(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ReviewContext]:
    """A page that is really served, with two markers."""
    grades = write_sample(tmp_path_factory.mktemp("class") / "grades", 8)
    taken = _listen("127.0.0.1", 0)
    one = ReviewContext(grades, ["Ada", "Alan"], "127.0.0.1", taken.getsockname()[1])
    server = uvicorn.Server(uvicorn.Config(application(one), log_level="error", access_log=False))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [taken]}, daemon=True)
    thread.start()
    yield one
    server.should_exit = True
    thread.join(SECONDS)
    one.store.close()


@pytest.fixture(scope="module")
def windows(context: ReviewContext, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Window]]:
    """Two browsers, each with its own cookies, which came by their own address."""
    found = {}
    for name, token in context.sessions.tokens.items():
        options = webdriver.ChromeOptions()
        options.binary_location = CHROME or ""
        for argument in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--window-size=1400,900"):
            options.add_argument(argument)
        downloads = tmp_path_factory.mktemp(f"downloads-{name}")
        options.add_experimental_option("prefs", {"download.default_directory": str(downloads)})
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(DRIVER))
        driver.execute_cdp_cmd("Emulation.setFocusEmulationEnabled", {"enabled": True})  # both windows take keys
        found[name] = Window(driver, f"http://127.0.0.1:{context.port}")
        found[name].open(f"/?token={token}")
        WebDriverWait(driver, SECONDS).until(lambda one: one.current_url.endswith("/progress"))
    yield found
    for window in found.values():
        window.driver.quit()


@pytest.fixture
def ada(windows: dict[str, Window]) -> Iterator[Window]:
    """The first marker's browser, in which no script fails and the policy refuses nothing."""
    yield windows["Ada"]
    said = [entry["message"] for entry in windows["Ada"].driver.get_log("browser")]
    assert [message for message in said if "409 (Conflict)" not in message] == []


@pytest.fixture
def alan(windows: dict[str, Window]) -> Window:
    return windows["Alan"]


def _id(context: ReviewContext, window: Window) -> str:
    return context.material.by_code[window.path.rpartition("/")[2]].id


def test_three_answers_are_marked_by_keys(ada, context):
    ada.open("/progress")
    ada.click("#go-on")
    seen = []
    for keys in (("1", "3"), ("2",), ("1", "2", "2", "f")):  # the last one is thought over
        seen.append(_id(context, ada))
        ada.keys(*keys)
        ada.goes_on(lambda: ada.keys(Keys.ENTER))
    marks: Marks = context.store.state()
    assert [marks.points(id, "1.1") for id in seen] == [2, 1, 1]
    last = marks.mark(seen[2], "1.1")
    assert last is not None
    assert last.flag
    assert "3 of 8 marked" in ada.text
    ada.goes_on(lambda: ada.keys("u"))
    assert context.store.state().mark(seen[2], "1.1") is None
    assert ada.path.endswith(context.material.submissions[seen[2]].code)


def test_keys_write_in_a_comment_and_control_enter_saves(ada, context):
    ada.open("/next/1.2")
    id = _id(context, ada)
    ada.keys("c")
    ada.keys("1 of 2 curves", Keys.ENTER, "is missing?")
    assert ada.find("#sum").text == "0 of 3"  # no item was chosen by what was written
    ada.keys(Keys.ESCAPE, "1")
    assert ada.find("#sum").text == "1 of 3"
    ada.keys("c")
    enter = webdriver.ActionChains(ada.driver).key_down(Keys.CONTROL).send_keys(Keys.ENTER).key_up(Keys.CONTROL)
    ada.goes_on(enter.perform)
    mark = context.store.state().mark(id, "1.2")
    assert (mark.points, mark.comment) == (1, "1 of 2 curves\nis missing?")


def test_enter_saves_after_a_test_was_opened_with_the_mouse(ada, context):
    ada.open("/next/2.2-8-bits")
    id = _id(context, ada)
    ada.keys("1")
    ada.find(".verdicts summary").click()
    assert ada.find(".verdicts details").get_attribute("open") is not None
    ada.goes_on(lambda: ada.keys(Keys.ENTER))
    assert context.store.state().points(id, "2.2-8-bits") is not None


def test_no_points_are_saved_by_a_second_enter_only(ada, context):
    ada.open(f"/mark/6.1/{context.material.submissions['s0'].code}")
    ada.keys(Keys.ENTER)
    assert "Press Enter once more to save 0 points" in ada.find("#said").text
    assert context.store.state().mark("s0", "6.1") is None
    ada.goes_on(lambda: ada.keys(Keys.ENTER))
    assert context.store.state().points("s0", "6.1") == 0
    assert "0 points" in ada.find("#did").text
    ada.open(f"/mark/6.1/{context.material.submissions['s1'].code}")
    ada.keys("1", "0")
    ada.goes_on(lambda: ada.keys(Keys.ENTER))
    assert context.store.state().points("s1", "6.1") == 0


def test_unsaved_input_is_a_draft_that_comes_again(ada, context):
    path = f"/mark/6.1/{context.material.submissions['s2'].code}"
    ada.open(path)
    ada.keys("2", "c", "A half sentence", Keys.ESCAPE)
    shown = ada.find("#sum").text
    ada.goes_on(lambda: ada.keys("n"))
    assert "half sentence" not in ada.find("#comment").get_attribute("value")
    ada.open(path)
    assert ada.find("#comment").get_attribute("value") == "A half sentence"
    assert ada.find("#sum").text == shown
    ada.goes_on(lambda: ada.keys(Keys.ENTER))
    ada.goes_on(lambda: ada.keys("u"))
    assert context.store.state().mark("s2", "6.1") is None
    assert ada.find("#comment").get_attribute("value") == "A half sentence"
    ada.click("#discard")
    assert ada.find("#comment").get_attribute("value") == ""


def test_a_saved_comment_is_put_in_by_keys_and_the_total_stays(ada, context):
    ada.open(f"/mark/6.1/{context.material.submissions['s3'].code}")
    ada.keys("1", "c", "Label the axes.", Keys.ESCAPE)
    shown = ada.find("#sum").text
    ada.driver.execute_script("arguments[0].scrollIntoView({block: 'center'})", ada.find("#mark [name=keep]"))
    ada.click("#mark [name=keep]")
    assert ada.find("#sum").text == shown
    ada.find("#comment").clear()
    ada.keys(Keys.ESCAPE, "s", "1")
    assert ada.find("#comment").get_attribute("value") == "Label the axes."
    ada.click("#discard")


@pytest.mark.parametrize("width", [420, 800, 1400])
def test_the_button_that_saves_is_always_seen(width, ada):
    size = {"width": width, "height": 700, "deviceScaleFactor": 1, "mobile": False}
    ada.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    try:
        ada.open("/next/1.1")
        seen = """const box = document.getElementById('save').getBoundingClientRect();
        const top = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
        return top?.closest('#save') ? '' : [box.x, box.y, innerWidth, innerHeight, top?.outerHTML].join(' ')"""
        WebDriverWait(ada.driver, 5).until(lambda driver: driver.execute_script(seen) == "")
    finally:
        ada.driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def test_two_markers_at_once(ada, alan, context):
    ada.open("/next/2.1")
    alan.open("/next/2.1")
    assert ada.path != alan.path
    alan.open(ada.path)
    assert "Ada has this answer before them" in alan.text
    alan.keys("1")
    alan.goes_on(lambda: alan.keys(Keys.ENTER))
    id = _id(context, ada)
    ada.keys("1", "2")
    ada.goes_on(lambda: ada.keys(Keys.ENTER))
    assert "Alan has changed this since you opened it" in ada.text
    assert context.store.state().mark(id, "2.1").by == "Alan"
    ada.click("#save-mine")
    assert (context.store.state().mark(id, "2.1").by, context.store.state().points(id, "2.1")) == ("Ada", 2)


def test_an_item_is_changed_for_all(ada, context):
    ada.open("/next/2.3")
    ids = []
    for _ in range(2):
        ids.append(_id(context, ada))
        ada.keys("1")
        ada.goes_on(lambda: ada.keys(Keys.ENTER))
    ada.open("/rubric/2.3")
    field = ada.find("form[aria-label='Item 1'] input[name=points]")
    field.clear()
    field.send_keys("1.5")
    ada.click("form[aria-label='Item 1'] button:not([name])")
    assert "This changes 2 marks" in ada.text
    ada.click("#confirm")
    assert [context.store.state().points(id, "2.3") for id in ids] == [1.5, 1.5]


def test_names_are_shown_when_they_are_asked_for(ada, context):
    ada.open(f"/mark/1.1/{context.material.submissions['s0'].code}")
    assert "Ada Lovelace" not in ada.text
    ada.click("#reveal")
    assert "Ada Lovelace" in ada.text
    assert any(event.kind.value == "name shown" for event in context.store.events("s0"))


def test_the_keys_are_told_and_the_dialog_closes(ada):
    ada.open("/progress")
    ada.keys("?")
    assert ada.find("#help").is_displayed()
    ada.keys(Keys.ESCAPE)
    assert not ada.find("#help").is_displayed()


@pytest.mark.parametrize(
    "path",
    ["/progress", "/next/1.1", "/question/1.1", "/rubric/1.1", "/requests", "/sharing", "/publish", "submission"],
)
def test_each_control_has_a_name_and_can_be_reached_by_keys(path, ada, context):
    ada.open(f"/submission/{context.material.submissions['s0'].code}" if path == "submission" else path)
    assert ada.driver.execute_script(UNLABELED) == []
    count = ada.driver.execute_script(CONTROLS)
    reached = set()
    for _ in range(count + 3):
        ada.keys(Keys.TAB)
        place, outlined = ada.driver.execute_script(FOCUSED)
        if place >= 0:
            assert outlined, ada.driver.execute_script(f"return window.controls[{place}].outerHTML")
            reached.add(place)
    missed = [number for number in range(count) if number not in reached]
    shown = "return arguments[0].map((number) => window.controls[number].outerHTML)"
    assert ada.driver.execute_script(shown, missed) == []


@pytest.mark.parametrize("width", [420, 800, 1400])
@pytest.mark.parametrize("path", ["/progress", "/next/1.1", "/question/1.1", "/rubric/1.1", "/sharing", "/publish"])
def test_no_page_is_wider_than_the_window(path, width, ada):
    size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
    ada.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    try:
        ada.open(path)
        narrow = f"return document.documentElement.scrollWidth <= {width}"
        WebDriverWait(ada.driver, 5).until(lambda driver: driver.execute_script(narrow))
    finally:
        ada.driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def test_publishing_and_the_table(ada, context, tmp_path_factory):
    ada.open("/publish")
    ada.find("#all-the-same").click()
    ada.click("#publish")
    assert "Each change since needs a reason" in ada.text
    assert context.store.state().published_at is not None
    ada.open("/progress")
    ada.find("#export").click()
    rows = _downloaded(ada, tmp_path_factory.getbasetemp())
    marked = [row for row in rows if row["By"]]
    assert len(rows) == 8 * len(context.material.questions)
    assert "Ada" in {row["By"] for row in marked}


def _downloaded(window: Window, base: Path) -> list[dict[str, str]]:
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        for path in base.glob("downloads-Ada*/marks.csv"):
            with path.open(encoding="utf-8-sig", newline="") as file:
                return list(csv.DictReader(file))
        time.sleep(0.1)
    raise AssertionError("The table was not downloaded.")
