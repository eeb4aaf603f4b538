"""Every operation of the REST API with one thing of a good body replaced by junk: never a 5xx.

Generated from the OpenAPI schema and its examples, so that a resource added later is tested the
day it appears.
"""

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from pytest_django import Settings

from governance.isolation.scopes import namespace_scope
from governance.kernel.identifiers import new_id
from governance.restapi.docs import described
from governance.restapi.examples import all_examples
from governance.tenancy.models import Namespace
from tests.factories.analytics import an_engine, flights
from tests.factories.junk import JUNK, replaced, ways
from tests.factories.purge import a_dataset
from tests.factories.rest import Script
from tests.factories.rows import a_row_of
from tests.factories.tenancy import a_namespace, a_user, signed_in
from tests.repo.test_other_namespaces_by_rest import Operation, related_fields

pytestmark = pytest.mark.django_db

ANY_GOOD = {200, 201, 202}
# What a row made at random is in no state for, and what the example cannot hold.
REFUSED: dict[str, int] = {
    "POST namespaces/{ns}/returns/let-back/": 404,
    "PATCH namespaces/{ns}/claim-rules/{id}/": 400,
    "POST namespaces/{ns}/erasure-requests/{id}/approve/": 409,
    "POST namespaces/{ns}/erasure-requests/{id}/reject/": 409,
    "POST namespaces/{ns}/identity-providers/{id}/enforce/": 400,
    "POST namespaces/{ns}/identity-providers/{id}/name-roles/": 400,
    "POST namespaces/{ns}/identity-providers/{id}/preview/": 400,
}
BY_PERSONS = frozenset({"POST namespaces/{ns}/legal-holds/{id}/lift/"})
LISTS = frozenset({"POST namespaces/{ns}/usage/events/"})


def bodies() -> list[tuple[Operation, str]]:
    return [
        (Operation(path=path, method=method.upper()), shape.rsplit("/", 1)[-1])
        for path, methods in described()["paths"].items()
        for method, operation in methods.items()
        if method in {"post", "patch", "put"} and (shape := _shape(operation))
    ]


def _shape(operation: dict[str, Any]) -> str:
    content = operation.get("requestBody", {}).get("content", {})
    schema = content.get("application/json", {}).get("schema", {})
    return str(schema.get("$ref") or schema.get("items", {}).get("$ref") or "")


BODIES = bodies()


def a_body(operation: Operation, shape: str) -> Any:
    """The example of the schema, its references to rows that are there. Needs the scope."""
    examples = all_examples()
    body = copy.deepcopy(examples.get(shape, examples.get(shape.removeprefix("Patched"))))
    taken = getattr(operation.view, "input_serializer_class", None)
    if str(operation) in LISTS:
        return [body]
    if isinstance(body, dict) and taken is not None:
        for name, model, many in related_fields(taken):
            if name in body and not many:
                body[name] = str(a_row_of(model).pk)
    return body


@pytest.fixture
def acme(settings: Settings, tmp_path: Path) -> Namespace:
    """With an engine, a table and a dataset, so that what needs one does not stop there."""
    settings.LAKE_ROOTS = [tmp_path]
    namespace = a_namespace("acme")
    with namespace_scope(namespace.pk):
        an_engine()
        flights(namespace)
        a_dataset(identifiers=[{"name": "customer_id", "path": "customer.id", "type": "integer"}])
    return namespace


def a_sender(operation: Operation, acme: Namespace) -> Callable[[str, Any], Any]:
    """A token, or a person's session where no token may."""
    token = Script(acme if "{ns}" in operation.path else None)
    with namespace_scope(acme.pk):
        browser = signed_in(a_user("olga", roles=["admin", "officer"]))
    browser.raise_request_exception = False
    address = operation.address(namespace="acme", object_id=new_id())

    def by_person(address: str, body: Any) -> Any:
        method = getattr(browser, operation.method.lower())
        return method(address, json.dumps(body), content_type="application/json")

    def by_token(address: str, body: Any) -> Any:
        return token.send(operation.method, address, json.dumps(body))

    if str(operation) in BY_PERSONS or by_token(address, {}).status_code == 403:
        return by_person
    return by_token


@pytest.mark.parametrize(("operation", "shape"), BODIES, ids=[str(each) for each, _ in BODIES])
def test_junk_is_no_reason_to_fail(operation: Operation, shape: str, acme: Namespace) -> None:
    with namespace_scope(acme.pk):
        row = a_row_of(operation.view.model) if "{id}" in operation.path else None
        body = a_body(operation, shape)
    send = a_sender(operation, acme)
    address = operation.address(namespace="acme", object_id="acme" if row is None else row.pk)

    answered = send(address, body)
    failed = [
        (way, junk)
        for way in ways(body)
        for junk in JUNK
        if send(address, replaced(body, way, junk)).status_code >= 500
    ]

    expected = REFUSED.get(str(operation))
    assert answered.status_code in ({expected} if expected else ANY_GOOD), answered.content
    assert failed == []


QUERIES = [
    (Operation(path=path, method="GET"), [each["name"] for each in methods["get"]["parameters"]])
    for path, methods in described()["paths"].items()
    if any(each["in"] == "query" for each in methods.get("get", {}).get("parameters", ()))
]
ODD = ("", "-1", "9" * 400, "a\x00b", "[]")


@pytest.mark.parametrize(("operation", "names"), QUERIES, ids=[str(each) for each, _ in QUERIES])
def test_an_odd_query_is_no_reason_to_fail(
    operation: Operation, names: list[str], acme: Namespace
) -> None:
    with namespace_scope(acme.pk):
        row = a_row_of(operation.view.model) if "{id}" in operation.path else None
    script = Script(acme if "{ns}" in operation.path else None)
    address = operation.address(namespace="acme", object_id="acme" if row is None else row.pk)

    failed = [
        (name, odd)
        for name in [*names, "page", "cursor", "format"]
        for odd in ODD
        if script.get(f"{address}?{urlencode({name: odd})}").status_code >= 500
    ]

    assert failed == []
