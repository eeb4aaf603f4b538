"""Every mail of the product: three parts that say the same, and nothing to be fetched."""

import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.conf import settings

from governance.outbox.models import OutboxMessage
from governance.outbox.ports import Email
from governance.outbox.services.emails import rendered
from tests.factories.letters import CONTEXTS, Context

TEMPLATES = Path(settings.ROOT) / "templates"
LETTERS = [
    pytest.param(name, context, id=f"{name}-{number}")
    for name, contexts in CONTEXTS.items()
    for number, context in enumerate(contexts)
]
HOSTILE = '<img src=x onerror="go()">\r\n\r\nBcc: eve@other.example'
CHOSEN_BY_US = frozenset({"link", "provider_id", "event", "kind"})


class _Words(HTMLParser):
    """What a reader of the HTML part sees, and where its links lead."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.seen: list[str] = []
        self.links: list[str] = []
        self.tags: set[str] = set()
        self._inside_head = False
        self.feed(html)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.seen).split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self._inside_head = tag == "head" or (self._inside_head and tag != "body")
        self.links += [value or "" for name, value in attrs if name == "href"]

    def handle_data(self, data: str) -> None:
        if not self._inside_head:
            self.seen.append(data)


def letter(name: str, context: Context) -> Email:
    payload = {"to_user_id": None, "to_address": "olga@customer.example", "context": context}
    return rendered(OutboxMessage(id=UUID(int=1), name=name, payload=payload))


def said_by(text: str) -> list[str]:
    """The lines of a text part, without its columns, signs of a list and colons before a link."""
    lines = (" ".join(line.split()).removeprefix("- ").rstrip(":") for line in text.splitlines())
    return [re.sub(r"^(\w[\w ]{0,12}): ", r"\1 ", line) for line in lines if line not in {"", "--"}]


def links_in(text: str) -> list[str]:
    return re.findall(r"https?://\S+", text)


def squeezed(text: str) -> str:
    return re.sub(r"\W", "", text)


def test_no_mail_of_the_product_is_missing_here() -> None:
    subjects = TEMPLATES.rglob("email/*.subject.txt")

    on_disk = {str(path.relative_to(TEMPLATES)).removesuffix(".subject.txt") for path in subjects}

    assert on_disk == set(CONTEXTS)


def test_each_html_mail_has_the_shared_base() -> None:
    for name in CONTEXTS:
        for part, base in ((".html", "base.html"), (".txt", "base.txt")):
            source = (TEMPLATES / f"{name}{part}").read_text()
            assert source.startswith(f'{{% extends "outbox/email/{base}" %}}'), name


@pytest.mark.parametrize(("name", "context"), LETTERS)
def test_both_parts_have_the_same_links_and_all_of_them_are_ours(
    name: str, context: Context
) -> None:
    mail = letter(name, context)

    links = _Words(mail.html).links
    assert set(links) == set(links_in(mail.text))
    assert all(link.startswith(f"{settings.PUBLIC_URL}/") for link in links)


@pytest.mark.parametrize(("name", "context"), LETTERS)
def test_what_the_text_says_stands_in_the_html_too(name: str, context: Context) -> None:
    mail = letter(name, context)

    shown = squeezed(_Words(mail.html).text)
    assert mail.subject
    assert [line for line in said_by(mail.text) if squeezed(line) not in shown] == []


@pytest.mark.parametrize(("name", "context"), LETTERS)
def test_a_hostile_name_is_only_a_name(name: str, context: Context) -> None:
    mail = letter(name, {key: _spoilt(key, value) for key, value in context.items()})

    assert "img" not in _Words(mail.html).tags
    assert "\n" not in mail.subject
    assert not re.search(r"^Bcc:", mail.text, re.MULTILINE)
    assert "&lt;" not in mail.subject + mail.text


@pytest.mark.parametrize(("name", "context"), LETTERS)
def test_a_mail_fetches_nothing_and_tells_nobody_that_it_was_read(
    name: str, context: Context
) -> None:
    mail = letter(name, context)

    words = _Words(mail.html)
    assert words.tags.isdisjoint({"img", "script", "link", "iframe", "form", "object", "svg"})
    assert "url(" not in mail.html
    assert "prefers-color-scheme: dark" in mail.html
    assert "You get this mail because" in words.text
    assert "You get this mail because" in mail.text


def _spoilt(key: str, value: Any) -> Any:
    match value:
        case str() if key not in CHOSEN_BY_US and value:
            return value + HOSTILE
        case dict():
            return {name: _spoilt(name, one) for name, one in value.items()}
        case list():
            return [_spoilt(key, one) for one in value]
        case _:
            return value
