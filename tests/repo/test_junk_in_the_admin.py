"""Every form of the admin with one field replaced by junk: an answer, never a 5xx.

Goes through the registry, so that a page added later is tested the day it appears. A form is sent
as its own page shows it, then with each field spoiled.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import models
from django.test import Client
from pytest_django import Settings

from governance.isolation.scopes import namespace_scope
from governance.tenancy.models import Namespace
from tests.factories.analytics import an_engine, flights
from tests.factories.rows import a_row_of
from tests.factories.tenancy import a_namespace, a_user, signed_in
from tests.repo.test_other_namespaces_by_admin import SCOPED, address

pytestmark = pytest.mark.django_db

FULL = bool(os.environ.get("LAKEWARDEN_FULL"))
FEW = ("9" * 400, "a\x00b", '{"a": [null]}')
JUNK = (*FEW, "", "-1", "x" * 10_001, "[]", "null", "../..", "é") if FULL else FEW
PAGES = ("add", "change") if FULL else ("change",)
COUNTS = ("-TOTAL_FORMS", "-INITIAL_FORMS")
MODELS = [model for model, _ in SCOPED]


@pytest.fixture
def acme(settings: Settings, tmp_path: Path) -> Namespace:
    settings.LAKE_ROOTS = [tmp_path]
    namespace = a_namespace("acme")
    with namespace_scope(namespace.pk):
        an_engine()
        flights(namespace)
    return namespace


@pytest.fixture
def browser(acme: Namespace) -> Client:
    with namespace_scope(acme.pk):
        everything = a_user("ivan-of-everything", roles=["admin", "officer"])
    browser = signed_in(everything)
    browser.raise_request_exception = False
    return browser


def shown(answer: Any) -> dict[str, Any]:
    """What a browser would send back of this page, untouched."""
    data: dict[str, Any] = {}
    context = answer.context
    for form in _forms(context):
        for field in form:
            value = field.value()
            if value is not None and value is not False and not hasattr(value, "read"):
                data[field.html_name] = value
    return data


def _forms(context: Any) -> Iterator[Any]:
    if "adminform" in context:
        yield context["adminform"].form
    for formset in context.get("inline_admin_formsets", ()):
        yield formset.formset.management_form
        yield from formset.formset.forms


@pytest.mark.parametrize("model", MODELS, ids=[model._meta.label for model in MODELS])
@pytest.mark.parametrize("page", PAGES)
def test_junk_is_no_reason_to_fail(
    model: type[models.Model], page: str, acme: Namespace, browser: Client
) -> None:
    arguments = []
    if page == "change":
        with namespace_scope(acme.pk):
            arguments = [a_row_of(model).pk]
    where = address(model, page, *arguments)
    form = browser.get(where)
    assert form.status_code in {200, 302, 403}, form.content
    if form.status_code != 200 or "adminform" not in form.context:
        return  # Nobody writes there: an answer is all that is asked of it.
    data = shown(form)

    names = dict.fromkeys([*data, *form.context["adminform"].form.fields])
    failed = [
        (name, junk)
        for name in names
        for junk in (("x", "-1") if name.endswith(COUNTS) else JUNK)
        if browser.post(where, {**data, name: junk}).status_code >= 500
    ]

    assert failed == []
