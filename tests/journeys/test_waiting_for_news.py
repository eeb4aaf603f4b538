"""A page that waits for work takes nothing from who reads it: the portal's script in a browser.

The browser itself answers for the service, so that news comes at a moment that the test chooses.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, expect

from tests.journeys import browsers
from tests.servers.requirements import miss_service

SCRIPT = Path(__file__).parents[2] / "governance/portal/static/portal/portal.js"
ORIGIN = "http://lake.example"
WAITING = """<div data-poll="/status"><p data-poll-text>Deleting</p></div>
<a href="/elsewhere">Elsewhere</a> <textarea></textarea> <script src="/script"></script>"""
LONGER_THAN_BETWEEN_TWO_QUESTIONS = 3_500


@dataclass
class Screen:
    page: Page
    loaded: int = 0
    is_final: bool = False

    def answer(self, route: Route) -> None:
        match route.request.url.removeprefix(ORIGIN):
            case "/status":
                status = {"is_final": self.is_final, "text": "Still deleting", "percent": None}
                route.fulfill(json=status)
            case "/script":
                route.fulfill(path=SCRIPT, content_type="text/javascript")
            case "/elsewhere":
                self.is_final = True
                self.page.wait_for_timeout(LONGER_THAN_BETWEEN_TWO_QUESTIONS)
                route.fulfill(body="Here you are", content_type="text/html")
            case _:
                self.loaded += 1
                body = "Deleted" if self.loaded > 1 and self.is_final else WAITING
                route.fulfill(body=body, content_type="text/html")

    def open(self) -> None:
        self.page.goto(f"{ORIGIN}/")
        expect(self.page.locator("[data-poll-text]")).to_have_text("Still deleting")


@pytest.fixture
def screen() -> Iterator[Screen]:
    if browsers.program() is None:
        miss_service("Chromium", reason="install the Debian package chromium")
    with browsers.chromium() as browser:
        screen = Screen(browser.new_page())
        screen.page.route("**/*", screen.answer)
        yield screen


def test_the_page_is_loaded_again_when_the_work_has_ended(screen: Screen) -> None:
    screen.open()

    screen.is_final = True

    expect(screen.page.locator("body")).to_have_text("Deleted")


def test_a_link_that_was_followed_is_not_taken_back(screen: Screen) -> None:
    screen.open()

    screen.page.get_by_role("link").click()

    expect(screen.page.locator("body")).to_have_text("Here you are")
    assert screen.loaded == 1


def test_what_was_written_stays(screen: Screen) -> None:
    screen.open()
    screen.page.locator("textarea").fill("We must keep the invoices.")

    screen.is_final = True

    expect(screen.page.locator("[data-poll-text]")).to_contain_text("There is news")
    expect(screen.page.locator("textarea")).to_have_value("We must keep the invoices.")
    assert screen.loaded == 1
