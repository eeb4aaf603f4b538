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

    def save_and_stay(self) -> None:
        self.person.page.get_by_role("button", name="Save and continue editing").click()
        self.person.page.wait_for_load_state()
        self.expect_no_fault()

    def expect_no_fault(self) -> None:
        faults = self.person.page.locator(".errorlist, .errornote, .text-red-500")
        said = [text for text in faults.all_inner_texts() if text.strip(" *")]
        assert not said, (self.person.page.url, said)

    def choose(self, label: str, *, starting: str) -> None:
        """An option of a select by how its text begins."""
        field = self.field(label)
        texts = field.locator("option").all_inner_texts()
        field.select_option(label=next(text for text in texts if text.startswith(starting)))

    def add_inline(self, prefix: str, **answers: str) -> None:
        """One more row of an inline: the first empty one, or another that is asked for."""
        page = self.person.page
        total = int(page.locator(f"#id_{prefix}-TOTAL_FORMS").input_value())
        names = list(answers)
        index = next(
            (n for n in range(total) if not self._value(f"{prefix}-{n}-{names[0]}")), total
        )
        if index == total:
            page.locator(f"#{prefix}-group a.add-row, #{prefix}-group .add-row a").first.click()
        for name, answer in answers.items():
            field = page.locator(f"#id_{prefix}-{index}-{name}")
            if field.evaluate("field => field.tagName") == "SELECT":
                field.select_option(label=answer)
            else:
                field.fill(answer)

    def _value(self, name: str) -> str:
        return self.person.page.locator(f"#id_{name}").input_value()

    def press_primary(self) -> None:
        """The button of a page that asks something first."""
        self.person.page.locator("form.lw-form button.lw-button--primary").click()
        self.person.page.wait_for_load_state()

    def press(self, button: str) -> None:
        page = self.person.page
        page.get_by_role("button", name=button).or_(
            page.get_by_role("link", name=button)
        ).first.click()
        page.wait_for_load_state()

    def shows(self, text: str) -> None:
        expect(self.person.page.locator("body")).to_contain_text(text)
