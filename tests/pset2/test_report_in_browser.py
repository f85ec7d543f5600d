"""The report in a real browser, on a screen as narrow as a phone's, opened as a file.

The tests need Chromium or Chrome with its driver, as Debian's packages chromium and chromium-driver have them.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from course.experiments import report
from course.experiments.runner import EXPERIMENTS
from course.plotting import save
from tests.pset2.full_records import full_records

CHROME = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
DRIVER = shutil.which("chromedriver")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not (CHROME and DRIVER), reason="there is no Chromium with its driver here"),
]
WIDTH = 390
#: Elements that reach beyond the screen, but for tables that can be scrolled.
CUT = """
return [...document.querySelectorAll('body *')].filter((one) => one.getBoundingClientRect().right > innerWidth + 1
  && !one.closest('.wide') && !one.closest('.zoom')).map((one) => one.outerHTML.slice(0, 200))
"""


@pytest.fixture
def phone(tmp_path: Path) -> Iterator[webdriver.Chrome]:
    """A browser of a phone's size that shows the report of two parts."""
    found = {part: record for part, record in full_records().items() if part in ("2.2", "4.2")}
    for part, record in found.items():
        for name, drawing in EXPERIMENTS[part].drawings(found).items():
            save(drawing.figure, tmp_path / part, name)
            record.figures[name] = drawing.caption
    page = report.write_report(tmp_path, list(found.values()))
    options = webdriver.ChromeOptions()
    options.binary_location = str(CHROME)
    for argument in ("--headless=new", "--no-sandbox", "--disable-gpu"):
        options.add_argument(argument)
    options.add_experimental_option(
        "mobileEmulation", {"deviceMetrics": {"width": WIDTH, "height": 844, "pixelRatio": 2.0}}
    )
    driver = webdriver.Chrome(options=options, service=Service(DRIVER))
    try:
        driver.get(page.as_uri())
        yield driver
    finally:
        driver.quit()


def test_nothing_is_cut_on_a_narrow_screen_and_a_click_enlarges_a_figure(phone):
    assert phone.execute_script("return document.documentElement.scrollWidth") == WIDTH
    assert phone.execute_script(CUT) == []
    figure = phone.find_elements(By.CSS_SELECTOR, "label.zoom")[-1]
    picture = figure.find_element(By.TAG_NAME, "img")
    assert picture.size["width"] < WIDTH
    figure.click()
    assert picture.size["width"] > 2 * WIDTH
    picture.click()
    assert picture.size["width"] < WIDTH
    figure.find_element(By.TAG_NAME, "input").send_keys(Keys.SPACE)
    assert picture.size["width"] > 2 * WIDTH, "the keyboard does it too"
