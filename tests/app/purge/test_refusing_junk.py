"""What no layer or dataset can be is refused in words, never with a failure."""

from collections.abc import Callable

import pytest
from django.test import Client

from governance.isolation.scopes import namespace_scope
from tests.app.purge.conftest import Company
from tests.factories import tenancy


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("table", {"engine": [], "path": "a"}),
        ("table", {"engine": {}, "path": "a"}),
        ("table", {"engine": "delta", "path": "x" * 5000}),
        ("filesystem", {"path": "x" * 300}),
        ("filesystem", {"path": "a/" * 900}),
    ],
)
def test_options_that_are_junk(
    make_company: Callable[[str], Company], kind: str, options: dict[str, object]
) -> None:
    made = make_company("acme")
    with namespace_scope(made.namespace.pk):
        token = tenancy.a_token("purge:write")

    response = Client(headers={"Authorization": f"Bearer {token}"}).post(
        "/api/v1/namespaces/acme/storage-layers/",
        {"name": "junk", "kind": kind, "options": options},
        content_type="application/json",
    )

    assert response.status_code == 400


@pytest.mark.parametrize("junk", [[], {}, [[]]])
def test_a_column_whose_type_is_junk(make_company: Callable[[str], Company], junk: object) -> None:
    made = make_company("acme")
    with namespace_scope(made.namespace.pk):
        token = tenancy.a_token("purge:write")
    identifiers = [{"name": "person", "columns": [{"column": "a", "type": junk}, "b"]}]

    response = Client(headers={"Authorization": f"Bearer {token}"}).post(
        "/api/v1/namespaces/acme/datasets/",
        {
            "storage_layer": str(made.dataset.storage_layer_id),
            "prefix": "z/",
            "identifiers": identifiers,
        },
        content_type="application/json",
    )

    assert response.status_code == 400
