"""Every operation of the REST API with another namespace's ids: as if they did not exist.

Generated from the OpenAPI schema, so that a resource added later is tested the day it appears.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pytest
from django.apps import apps
from django.db import connection
from django.urls import resolve
from rest_framework import serializers

from governance.isolation.models import ScopedModel
from governance.isolation.scopes import namespace_scope, system_scope
from governance.kernel.identifiers import new_id
from governance.restapi.docs import described
from governance.tenancy.models import Namespace
from tests.factories.rest import Script
from tests.factories.rows import a_row_of
from tests.factories.tenancy import a_namespace, ivan, signed_in

pytestmark = pytest.mark.django_db

MARKER = "strangersthing"
PLACEHOLDER = re.compile(r"\{(\w+)\}")
# What may be said of a stranger's id: refused by policy or not found, as for an absent one.
LIKE_ABSENT = {(403, True), (404, True)}
SOME_ID = "01890a5d-ac96-774b-bcce-b302099a8057"


@dataclass(frozen=True)
class Operation:
    path: str
    method: str

    def __str__(self) -> str:
        return f"{self.method} {self.path.removeprefix('/api/v1/')}"

    def address(self, *, namespace: str, object_id: object) -> str:
        filled = self.path.replace("{ns}", namespace)
        return PLACEHOLDER.sub(str(object_id), filled)

    @property
    def view(self) -> Any:
        match = resolve(self.address(namespace="x", object_id=SOME_ID))
        return match.func.cls  # type: ignore[attr-defined]


def operations() -> list[Operation]:
    return [
        Operation(path=path, method=method.upper())
        for path, methods in described()["paths"].items()
        for method in methods
        if "{ns}" in path or path.endswith("{id}/")
    ]


OPERATIONS = operations()
WITH_ID = [each for each in OPERATIONS if "{id}" in each.path]
LISTS = [each for each in OPERATIONS if each.method == "GET" and "{id}" not in each.path]


@pytest.fixture
def acme() -> Namespace:
    return a_namespace("acme")


@pytest.fixture
def eve_s() -> Namespace:
    return a_namespace("eve-s", account_id="111111111111")


def send(script: Script, operation: Operation, address: str, body: Any = None) -> Any:
    has_body = operation.method in {"POST", "PATCH", "PUT"}
    return script.send(operation.method, address, (body or {}) if has_body else None)


def snapshot(model: type[ScopedModel], row_id: UUID) -> Any:
    with system_scope("test"), connection.cursor() as cursor:
        cursor.execute(
            f"SELECT to_jsonb(t) FROM {model._meta.db_table} t WHERE id = %s",  # noqa: S608 - our own table
            [row_id],
        )
        return cursor.fetchone()


def a_stranger(operation: Operation, namespace: Namespace) -> Any:
    """A row of the operation's model in that namespace."""
    with namespace_scope(namespace.pk):
        return a_row_of(operation.view.model, marker=MARKER)


def test_an_id_of_another_namespace_is_answered_like_no_id(
    acme: Namespace, eve_s: Namespace
) -> None:
    script, told, changed = Script(acme), {}, []
    for operation in WITH_ID:
        theirs = a_stranger(operation, eve_s)
        before = snapshot(operation.view.model, theirs.pk)

        answer = send(script, operation, operation.address(namespace="acme", object_id=theirs.pk))
        absent = send(script, operation, operation.address(namespace="acme", object_id=new_id()))

        told[str(operation)] = (answer.status_code, answer.content == absent.content)
        if snapshot(operation.view.model, theirs.pk) != before:
            changed.append(str(operation))
    assert changed == []
    assert {name: told[name] for name in told if told[name] not in LIKE_ABSENT} == {}


def test_a_person_s_session_gets_no_further_than_a_token(acme: Namespace, eve_s: Namespace) -> None:
    browser, told = signed_in(ivan(acme)), {}

    def ask(operation: Operation, object_id: object) -> Any:
        address = operation.address(namespace="acme", object_id=object_id)
        method = getattr(browser, operation.method.lower())
        if operation.method in {"GET", "DELETE"}:
            return method(address)
        return method(address, {}, content_type="application/json")

    for operation in WITH_ID:
        theirs = a_stranger(operation, eve_s)
        answer, absent = ask(operation, theirs.pk), ask(operation, new_id())
        told[str(operation)] = (answer.status_code, answer.content == absent.content)

    assert {name: told[name] for name in told if told[name] not in LIKE_ABSENT} == {}


def test_another_namespace_in_the_address_is_answered_like_none(
    acme: Namespace, eve_s: Namespace
) -> None:
    script, told = Script(acme), {}
    for operation in OPERATIONS:
        if "{ns}" not in operation.path:
            continue
        answer = send(script, operation, operation.address(namespace="eve-s", object_id=SOME_ID))
        absent = send(script, operation, operation.address(namespace="nobody", object_id=SOME_ID))
        told[str(operation)] = (answer.status_code, answer.content == absent.content)

    assert {name: told[name] for name in told if told[name] != (404, True)} == {}


def test_lists_counts_and_exports_hold_nothing_of_another_namespace(
    acme: Namespace, eve_s: Namespace
) -> None:
    with namespace_scope(eve_s.pk):
        strangers = [
            str(a_row_of(model, marker=MARKER).pk)
            for model in apps.get_models()
            if issubclass(model, ScopedModel)
        ]
    script, leaks, counts = Script(acme), [], {}
    for operation in LISTS:
        answer = script.get(operation.address(namespace="acme", object_id=""))
        content = (answer.getvalue() if answer.streaming else answer.content).decode()
        if MARKER in content or any(stranger in content for stranger in strangers):
            leaks.append(str(operation))
        assert answer.status_code in {200, 400}, (str(operation), content)
        if answer.status_code == 200 and not answer.streaming and "count" in answer.json():
            counts[str(operation)] = len(answer.json()["results"]) == answer.json()["count"]

    assert leaks == []
    assert set(counts.values()) == {True}


def relations() -> Iterator[tuple[Operation, str, Any, bool]]:
    """Each field of each input that names another row, with the operation that takes it."""
    for operation in OPERATIONS:
        shape = getattr(operation.view, "input_serializer_class", None)
        if shape is None or operation.method != "POST" or "{id}" in operation.path:
            continue
        for name, model, many in related_fields(shape):
            yield operation, name, model, many


def related_fields(shape: type[serializers.Serializer[Any]]) -> Iterator[tuple[str, Any, bool]]:
    declared = shape._declared_fields
    for name, field in declared.items():
        inner = getattr(field, "child_relation", field)
        model = getattr(inner, "model", None)
        if isinstance(inner, serializers.RelatedField) and model is not None:
            yield name, model, inner is not field
    meta: Any = getattr(shape, "Meta", None)
    for name in getattr(meta, "fields", ()):
        related = None if name in declared else meta.model._meta.get_field(name).related_model
        if related is not None:
            yield name, related, False


def test_a_row_of_another_namespace_is_no_choice(acme: Namespace, eve_s: Namespace) -> None:
    script, seen = Script(acme), []
    for operation, name, model, many in relations():
        with namespace_scope(eve_s.pk):
            theirs = a_row_of(model, marker=MARKER)

        def told(object_id: object) -> list[dict[str, str]]:
            value = [str(object_id)] if many else str(object_id)  # noqa: B023 - called in this turn
            address = operation.address(namespace="acme", object_id=SOME_ID)  # noqa: B023
            errors = send(script, operation, address, {name: value}).json()["errors"]  # noqa: B023
            return [each for each in errors if each["pointer"].startswith(f"/{name}")]  # noqa: B023

        assert told(theirs.pk) == told(new_id()) != [], (str(operation), name)
        seen.append(name)
    assert seen


def test_enough_is_tested_here() -> None:
    assert len(WITH_ID) > 30
    assert len(LISTS) > 10
