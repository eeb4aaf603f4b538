"""docs/settings.md names each setting that the code reads, and no other."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
READERS = {"text", "flag", "integer", "port", "ports", "networks", "words", "pairs", "path", "url"}


def settings_read() -> Iterator[str]:
    for file in (ROOT / "governance/project").glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            match node:
                case ast.Call(
                    func=ast.Attribute(attr=attr, value=ast.Name(id="environment")),
                    args=[ast.Constant(value=str(name)), *_],
                ) if attr in READERS:
                    yield name


def test_each_setting_is_on_the_page_and_no_other() -> None:
    page = (ROOT / "docs/settings.md").read_text(encoding="utf-8")
    described = set(re.findall(r"^\| `([A-Z0-9_]+)`", page, flags=re.MULTILINE))

    assert described == set(settings_read())


def test_no_setting_is_described_twice() -> None:
    page = (ROOT / "docs/settings.md").read_text(encoding="utf-8")
    described = re.findall(r"^\| `([A-Z0-9_]+)`", page, flags=re.MULTILINE)

    assert len(described) == len(set(described))


def test_the_environment_is_read_in_one_place() -> None:
    """Others take what they need from django.conf.settings, or as arguments."""
    readers = [
        str(file.relative_to(ROOT))
        for package in ("governance", "federation", "purge", "usage_limits")
        for file in (ROOT / package).rglob("*.py")
        if re.search(r"\bos\.(environ|getenv)\b", file.read_text(encoding="utf-8"))
    ]

    # Those in the launcher and beside settings.py only pass it on, or name the settings' module.
    assert [file for file in readers if not file.startswith("governance/project/")] == []
