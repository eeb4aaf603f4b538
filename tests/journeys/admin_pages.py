"""The web admin as a person uses it: by labels and buttons, never by names in the code."""

import re
from dataclasses import dataclass

from playwright.sync_api import Locator, expect

from tests.journeys.browsers import Person


@dataclass
class Admin:
    """One person in the web admin of the service at `origin`."""

    person: Person
    origin: str

    def sign_in(self, name: str, password: str) -> None:
        self.person.page.goto(f"{self.origin}/admin/")
        self.answer_sign_in(name, password)
        expect(self.person.page).to_have_title(re.compile("Overview"))

    def answer_sign_in(self, name: str, password: str) -> None:
        """Fill in the page that asks for a local account, wherever it came up."""
        page = self.person.page
        page.get_by_label("Login name").fill(name)
        page.get_by_label("Password").fill(password)
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_load_state()

    def go(self, entry: str) -> None:
        """By the entry of the sidebar."""
        page = self.person.page
        page.goto(f"{self.origin}/admin/")
        page.locator("#nav-sidebar, nav, aside").get_by_role("link", name=entry).first.click()
        page.wait_for_load_state()

    def add(self, entry: str, see: str = "", **answers: str | bool | list[str]) -> None:
        """Fill in the form that adds one, by labels (`login_name` is "Login name"), and save."""
        self.start_adding(entry)
        self.fill(**answers)
        if see:
            self.person.see(see)
        self.save()

    def start_adding(self, entry: str) -> None:
        self.go(entry)
        add = self.person.page.locator("a[href*='/add/']").first
        add.click()
        self.person.page.wait_for_load_state()

    def fill(self, **answers: str | bool | list[str]) -> None:
        for name, answer in answers.items():
            field = self.field(name.replace("_", " "))
            match answer:
                case bool():
                    field.set_checked(answer)
                case str() if field.evaluate("field => field.tagName") == "SELECT":
                    field.select_option(label=answer)
                case list():
                    field.select_option(label=answer)
                case _:
                    field.fill(answer)

    def field(self, label: str) -> Locator:
        exactly = re.compile(rf"^\s*{re.escape(label)}\s*[*:]?\s*$", re.IGNORECASE)
        return self.person.page.get_by_label(exactly).first

    def tick(self, *labels: str) -> None:
        for label in labels:
            self.person.page.get_by_label(label, exact=True).check()

    def save(self) -> None:
        self.person.page.get_by_role("button", name="Save", exact=True).click()
        self.person.page.wait_for_load_state()
        self.expect_no_fault()

    def expect_no_fault(self) -> None:
        faults = self.person.page.locator(".errorlist, .errornote, .text-red-500")
        said = [text for text in faults.all_inner_texts() if text.strip(" *")]
        assert not said, (self.person.page.url, said)

    def press(self, button: str) -> None:
        page = self.person.page
        page.get_by_role("button", name=button).or_(
            page.get_by_role("link", name=button)
        ).first.click()
        page.wait_for_load_state()

    def shows(self, text: str) -> None:
        expect(self.person.page.locator("body")).to_contain_text(text)
