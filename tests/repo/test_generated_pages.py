"""Pages that are made from the code say what the code does."""

import inspect
from collections import defaultdict
from typing import Any

import pytest
from django.core.management import call_command
from drf_spectacular.drainage import GENERATOR_STATS
from drf_spectacular.renderers import OpenApiYamlRenderer

from governance.kernel.refusals import Refusal
from governance.restapi import catalogue
from governance.restapi.schema import LakewardenGenerator
from tests.repo.conftest import ROOT


def test_each_refusal_is_in_the_page_of_problems() -> None:
    """Write it anew with `manage.py problems_page`."""
    page = (ROOT / "docs" / "problems.md").read_text(encoding="utf-8")

    missing = [entry.code for entry in catalogue.entries() if f"`{entry.code}`" not in page]

    assert missing == []
    assert page == catalogue.page()


def test_a_code_means_one_thing() -> None:
    catalogue.import_everything()
    sentences: dict[str, set[str]] = defaultdict(set)
    waiting: list[type[Refusal]] = [Refusal]
    while waiting:
        kind = waiting.pop()
        waiting.extend(kind.__subclasses__())
        if "code" in vars(kind) and not inspect.isabstract(kind) and "tests" not in kind.__module__:
            sentences[kind.code].add(f"{kind.__module__}.{kind.__qualname__}: {kind.sentence}")

    assert {code: where for code, where in sentences.items() if len(where) > 1} == {}


def test_the_openapi_schema_has_no_warning_and_is_the_committed_one() -> None:
    """Write it anew with `manage.py spectacular --file docs/openapi.yaml`."""
    GENERATOR_STATS.reset()

    generator = LakewardenGenerator()  # type: ignore[no-untyped-call]
    renderer: Any = OpenApiYamlRenderer()
    made = renderer.render(generator.get_schema(public=True), None)

    assert not GENERATOR_STATS
    assert made.decode() == (ROOT / "docs" / "openapi.yaml").read_text(encoding="utf-8")


@pytest.mark.django_db
def test_every_model_has_its_migration() -> None:
    call_command("makemigrations", check=True, dry_run=True, verbosity=0)
