"""A planted secret is found nowhere: not in REST, the admin, the audit, the jobs or the tables."""

import json
from typing import Any

import pytest
from django.apps import apps
from django.contrib import admin
from django.test import Client
from django.urls import resolve, reverse

from governance.isolation.models import ScopedModel
from governance.isolation.scopes import namespace_scope
from governance.restapi.docs import described
from governance.restapi.serializers import SECRET_MARK, SecretField
from governance.secrets import sealing
from governance.tenancy.models import Namespace
from tests.factories.rest import Script
from tests.factories.rows import a_row_of, all_as_text
from tests.factories.tenancy import a_namespace, a_user, signed_in

pytestmark = pytest.mark.django_db

CANARY = "canary-7f3b9d0c"
# Columns that hold sealed secrets, by model; an app that adds one adds its line.
SEALED = {
    "analytics.Engine": "credentials",
    "federation.Directory": "bind_password",
    "purge.StorageLayer": "credentials",
    "usage_limits.AlertChannel": "secret",
}


@pytest.fixture
def acme() -> Namespace:
    return a_namespace("acme")


@pytest.fixture
def planted(acme: Namespace) -> dict[str, Any]:
    """A row of each kind with the canary sealed in it."""
    rows = {}
    with namespace_scope(acme.pk):
        for label, column in SEALED.items():
            row = a_row_of(apps.get_model(label))
            sealing.put(row, column, CANARY)
            row.save()
            rows[label] = row
    return rows


def test_the_tables_hold_no_plain_secret(planted: dict[str, Any]) -> None:
    assert CANARY not in all_as_text()


def test_rest_answers_with_the_mark(acme: Namespace, planted: dict[str, Any]) -> None:
    script, marks = Script(acme), 0
    for path in described()["paths"]:
        address = path.replace("{ns}", "acme")
        if "{" in address or path.endswith("/export/"):
            continue
        answer = script.get(address)
        content = answer.getvalue() if answer.streaming else answer.content
        assert CANARY.encode() not in content, path
        marks += content.decode().count(SECRET_MARK)

    assert marks >= len(SEALED)


def secret_inputs() -> list[Any]:
    found = []
    for path, methods in described()["paths"].items():
        if "post" not in methods or "{id}" in path:
            continue
        view: Any = resolve(path.replace("{ns}", "x")).func
        shape = getattr(view.cls, "input_serializer_class", None)
        for name, field in getattr(shape, "_declared_fields", {}).items():
            if isinstance(field, SecretField):
                found.append(pytest.param(path, view.cls.model, name, id=f"{path} {name}"))
    return found


@pytest.mark.parametrize(("path", "model", "name"), secret_inputs())
def test_sending_the_mark_back_keeps_the_secret(
    acme: Namespace, planted: dict[str, Any], path: str, model: type[ScopedModel], name: str
) -> None:
    row = planted[model._meta.label]
    address = f"{path.replace('{ns}', 'acme')}{row.pk}/"

    answer = Script(acme).patch(address, {name: SECRET_MARK})

    assert answer.status_code == 200, answer.content
    assert answer.json()[name] == SECRET_MARK
    with namespace_scope(acme.pk):
        kept = sealing.get(type(row).objects.get(pk=row.pk), SEALED[model._meta.label])
    assert kept is not None
    assert kept.reveal() == CANARY


def test_every_sealed_column_is_behind_a_secret_field() -> None:
    assert {param.values[1]._meta.label for param in secret_inputs()} >= set(SEALED)


@pytest.fixture
def browser(acme: Namespace) -> Client:
    with namespace_scope(acme.pk):
        return signed_in(a_user("ivan", roles=["admin", "officer"]))


def test_the_admin_shows_no_secret(browser: Client, planted: dict[str, Any]) -> None:
    for model in admin.site._registry:
        name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        pages = [reverse(f"{name}_changelist")]
        row = planted.get(model._meta.label)
        if row is not None:
            pages += [
                reverse(f"{name}_{page}", args=(row.pk,))
                for page in ("change", "history", "delete")
            ]
        for page in pages:
            shown = browser.get(page).content.decode()
            assert CANARY not in shown, page
            assert row is None or getattr(row, SEALED[model._meta.label]) not in shown, page


@pytest.mark.parametrize("label", SEALED)
def test_a_form_says_that_a_secret_is_stored(
    browser: Client, planted: dict[str, Any], label: str
) -> None:
    model = apps.get_model(label)
    page = reverse(
        f"admin:{model._meta.app_label}_{model._meta.model_name}_change", args=(planted[label].pk,)
    )

    assert SECRET_MARK in browser.get(page).content.decode()


def test_a_secret_leaves_no_trace_in_audit_jobs_and_logs(
    acme: Namespace, caplog: pytest.LogCaptureFixture
) -> None:
    script = Script(acme)
    script.post("directories/", {"name": "ad", "bind_password": CANARY, "nonsense": 1})
    script.post("engines/", {"name": "lake", "kind": "hiveserver2", "credentials": {"p": CANARY}})
    script.post("alert-channels/", {"kind": "webhook", "target": "x", "secret": CANARY})

    assert CANARY not in all_as_text()
    assert CANARY not in caplog.text
    assert CANARY not in json.dumps(script.get("audit-events/").json())


def test_passwords_and_digests_are_in_no_answer(acme: Namespace, browser: Client) -> None:
    script = Script(acme)
    for path in ("users/", "/api/v1/api-tokens/"):
        shown = script.get(path).content.decode()
        assert "password" not in shown
        assert "digest" not in shown
    assert "pbkdf2" not in browser.get("/admin/tenancy/user/").content.decode()
