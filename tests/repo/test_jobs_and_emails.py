"""What a service names, somebody does: jobs have functions, emails have their three templates."""

import ast
import importlib
from pathlib import Path

import pytest
from django.apps import apps
from django.utils.module_loading import module_has_submodule

from governance.outbox import registry
from governance.project import job_words, schedules
from governance.project.celery import app as celery
from tests.repo.conftest import ROOT

EMAIL_PARTS = (".subject.txt", ".txt", ".html")


@pytest.fixture(scope="module")
def jobs() -> set[str]:
    for config in apps.get_app_configs():
        if module_has_submodule(config.module, "tasks"):
            importlib.import_module(f"{config.name}.tasks")
    return set(registry.names()) | set(celery.tasks)


def named_jobs() -> dict[str, str]:
    names = {}
    for path in sorted(ROOT.glob("*/job_names.py")) + sorted(
        ROOT.glob("governance/*/job_names.py")
    ):
        module = ".".join(path.relative_to(ROOT).with_suffix("").parts)
        for constant, value in vars(importlib.import_module(module)).items():
            if constant.isupper() and isinstance(value, str):
                names[f"{module}.{constant}"] = value
    return names


def test_each_job_name_has_a_function(jobs: set[str]) -> None:
    nobody_s = {where: name for where, name in named_jobs().items() if name not in jobs}

    assert nobody_s == {}


def test_each_job_is_named_once() -> None:
    names = list(named_jobs().values())

    assert sorted(names) == sorted(set(names))


def test_each_function_has_its_name_in_job_names(jobs: set[str]) -> None:
    ours = set(registry.names())

    assert ours <= set(named_jobs().values())


def test_each_job_of_the_outbox_has_words_for_people() -> None:
    # The outbox's own rings are no messages of it.
    assert set(registry.names()) == set(job_words.TITLES)
    assert set(job_words.TITLES) >= job_words.HOUSEKEEPING


def test_what_happens_by_itself_is_a_job_that_exists(jobs: set[str]) -> None:
    assert {periodic.job for periodic in schedules.PERIODIC} <= jobs
    assert set(schedules.RINGS) <= jobs


def test_each_email_has_a_subject_a_text_and_an_html_template(
    trees: dict[Path, ast.Module],
) -> None:
    named = {
        keyword.value.value
        for tree in trees.values()
        for call in ast.walk(tree)
        if isinstance(call, ast.Call) and _called(call) == "enqueue_email"
        for keyword in call.keywords
        if keyword.arg == "template" and isinstance(keyword.value, ast.Constant)
    }
    on_disk = {
        str(path.relative_to(ROOT / "templates")).removesuffix(".subject.txt")
        for path in (ROOT / "templates").rglob("email/*.subject.txt")
    }

    missing = [
        f"{template}{part}"
        for template in sorted({str(name) for name in named} | on_disk)
        for part in EMAIL_PARTS
        if not (ROOT / "templates" / f"{template}{part}").is_file()
    ]

    assert named
    assert missing == []


def _called(call: ast.Call) -> str:
    function = call.func
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
