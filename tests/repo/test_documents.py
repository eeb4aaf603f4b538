"""Prose keeps to the repository: every link leads somewhere, every path that is named is there."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.repo.conftest import ROOT

LINK = re.compile(r"\]\(([^)\s]+)\)")
NAMED_PATH = re.compile(r"`([\w.][\w./-]*/[\w./-]*)`")
FOLDERS = frozenset(
    ["governance", "federation", "purge", "usage_limits", "templates", "tests", "docs", "bench"]
)
ELSEWHERE = ("http://", "https://", "mailto:")


def documents() -> list[Path]:
    return sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])


def anchors(page: Path) -> set[str]:
    """What GitHub makes of the headings."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", one.lower()).strip().replace(" ", "-") for one in headings}


def dead_links(page: Path) -> Iterator[str]:
    for link in LINK.findall(page.read_text(encoding="utf-8")):
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        if link.startswith(ELSEWHERE):
            continue
        if not target.exists() or (anchor and anchor not in anchors(target)):
            yield link


@pytest.mark.parametrize("page", documents(), ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere_and_named_paths_are_there(page: Path) -> None:
    named = NAMED_PATH.findall(page.read_text(encoding="utf-8"))
    missing = [one for one in named if one.split("/")[0] in FOLDERS and not (ROOT / one).exists()]

    assert [*dead_links(page), *missing] == []
