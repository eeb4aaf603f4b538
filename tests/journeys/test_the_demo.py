"""What README.md tells a newcomer to do in the first ten minutes, done."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import expect

from tests.journeys import browsers, service as services
from tests.journeys.admin_pages import Admin
from tests.journeys.browsers import Person
from tests.journeys.service import ROOT, Service
from tests.servers.requirements import miss_service
from tests.waiting import eventually

MOST_TRIES = 25


@dataclass
class Demo:
    service: Service
    newcomer: Person

    def password(self, name: str) -> str:
        said = "\n".join(self.service.said)
        found = re.search(rf"\b{name}\s+password\s+(\S+)", said)
        assert found is not None, said
        return found[1]

    def sign_in_as(self, role: str) -> None:
        """Through the demo identity provider, from the start page."""
        page = self.newcomer.page
        page.goto(f"{self.service.origin}/")
        page.get_by_role("link", name=re.compile("demo provider")).click()
        self.newcomer.see("who are you today")
        page.get_by_role("button", name=re.compile(role)).click()
        page.wait_for_load_state()


@pytest.fixture(scope="module")
def demo() -> Iterator[Demo]:
    if browsers.program() is None:
        miss_service("Chromium", reason="install the Debian package chromium")
    with services.running() as service, browsers.chromium() as browser:
        hosts = frozenset({urlsplit(service.origin).netloc})
        yield Demo(service, browsers.somebody(browser, name="newcomer", own_hosts=hosts))


def test_the_first_ten_minutes(demo: Demo) -> None:
    an_author_reaches_the_limit(demo)
    the_officer_decides(demo)
    assert demo.newcomer.faults == []


def an_author_reaches_the_limit(demo: Demo) -> None:
    page = demo.newcomer.page
    demo.sign_in_as("Author")
    demo.newcomer.see("start page")
    page.get_by_role("link", name="Leaving New York").click()
    expect(page.get_by_text("Richmond Intl")).to_be_visible(timeout=30_000)
    expect(page.locator("main")).not_to_contain_text("Error")
    demo.newcomer.see("dashboard")
    for _ in range(MOST_TRIES):
        page.get_by_role("link", name="SQL").click()
        page.locator("textarea").fill(sql_of_the_readme())
        page.get_by_role("button", name="Run", exact=True).click()
        page.wait_for_load_state()
        refused = page.get_by_text("Query reached usage limit")
        answered = page.get_by_role("cell", name="United Air Lines Inc.")
        expect(refused.or_(answered).first).to_be_visible(timeout=30_000)
        if refused.count():
            break
    expect(page.get_by_text("Query reached usage limit")).to_be_visible()
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_load_state()


def the_officer_decides(demo: Demo) -> None:
    page = demo.newcomer.page
    olga = Admin(demo.newcomer, demo.service.origin)
    olga.sign_in("olga", demo.password("olga"))
    demo.newcomer.see("an erasure waits")
    olga.go("Requests")
    page.locator("#result_list a[href*='/change/']").first.click()
    olga.press("Report and decision")
    demo.newcomer.see("report and decision")
    label = page.get_by_label(re.compile("to approve"))
    wanted = re.search("“(.+)”", page.get_by_text(re.compile("to approve")).first.inner_text())
    assert wanted is not None
    label.fill(wanted[1])
    page.get_by_role("button", name="Approve erasure").click()
    done = page.get_by_role("link", name="PDF", exact=True)

    def certified() -> bool:
        page.reload()
        return done.count() == 1

    eventually(certified, what="certificate")
    demo.newcomer.see("a certificate")


def sql_of_the_readme() -> str:
    found = re.search(r"```sql\n(.+?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    assert found is not None
    return found[1]
