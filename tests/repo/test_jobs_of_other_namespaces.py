"""Every job with another namespace's ids, as a forged or crossed message would have: no effect."""

import importlib
import inspect
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import pytest
from django.apps import apps
from django.core.exceptions import ObjectDoesNotExist
from django.db import connection
from django.utils.module_loading import module_has_submodule

from governance.isolation.models import ScopedModel
from governance.isolation.scopes import namespace_scope, system_scope
from governance.kernel.identifiers import new_id
from governance.kernel.refusals import Refusal
from governance.outbox import registry
from tests.factories.rows import a_row_of
from tests.factories.tenancy import a_namespace

pytestmark = pytest.mark.django_db


@dataclass
class Run:
    """A job that believes it belongs to that namespace."""

    namespace_id: UUID
    message_id: UUID = field(default_factory=new_id)
    attempt: int = 1

    @contextmanager
    def scope(self) -> Iterator[None]:
        with namespace_scope(self.namespace_id):
            yield

    def progress(self, *, done: int, total: int | None = None) -> None:
        """Nobody looks."""


def models_by_name() -> dict[str, type[ScopedModel]]:
    return {
        re.sub(r"(?<!^)(?=[A-Z])", "_", model.__name__).lower(): model
        for model in apps.get_models()
        if issubclass(model, ScopedModel)
    }


def jobs_with_ids() -> list[tuple[str, dict[str, type[ScopedModel]]]]:
    for config in apps.get_app_configs():
        if module_has_submodule(config.module, "tasks"):
            importlib.import_module(f"{config.name}.tasks")
    known, found = models_by_name(), []
    for name in registry.names():
        function = registry.function_of(name)
        ids = {
            parameter: known[parameter.removesuffix("_id")]
            for parameter in inspect.signature(_plain(function)).parameters
            if parameter.removesuffix("_id") in known
        }
        if ids:
            found.append((name, ids))
    return found


def _plain(function: registry.Job | None) -> Callable[..., None]:
    assert function is not None
    return function


def everything_of(namespace_id: UUID) -> list[Any]:
    rows = []
    with system_scope("test"), connection.cursor() as cursor:
        for model in models_by_name().values():
            cursor.execute(
                f"SELECT to_jsonb(t) FROM {model._meta.db_table} t "  # noqa: S608 - our own table
                "WHERE namespace_id = %s ORDER BY id",
                [namespace_id],
            )
            rows += cursor.fetchall()
    return rows


@pytest.mark.parametrize(("name", "ids"), jobs_with_ids(), ids=lambda value: str(value)[:40])
def test_a_job_does_nothing_to_another_namespace_s_rows(
    name: str, ids: dict[str, type[ScopedModel]]
) -> None:
    acme, eve_s = a_namespace("acme"), a_namespace("eve-s", account_id="111111111111")
    with namespace_scope(eve_s.pk):
        theirs = {parameter: str(a_row_of(model).pk) for parameter, model in ids.items()}
    function = _plain(registry.function_of(name))
    others = {
        parameter: 1
        for parameter, each in inspect.signature(function).parameters.items()
        if parameter not in {*theirs, "run"} and each.default is inspect.Parameter.empty
    }
    before = everything_of(eve_s.pk)

    with suppress(Refusal, ObjectDoesNotExist):
        function(Run(acme.pk), **theirs, **others)

    assert everything_of(eve_s.pk) == before
